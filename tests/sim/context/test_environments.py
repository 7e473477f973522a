"""Environments from a language model: checked against the schema of the family, mixed, and reported on."""

import json

import numpy as np
import pytest

from telic.sim.environments import Environment, Environments, json_schema, parse_environments
from telic.sim.errors import TaskError

GOOD = {
    "environments": [
        {"name": "near", "context": {"reach": [0.1, 0.3]}, "weight": 3, "purpose": "first steps"},
        {"name": "heavy", "context": {"reach": [0.5, 1.0], "load": 4.0}},
    ]
}


def test_environments_are_read(family):
    near, heavy = parse_environments(json.dumps(GOOD), family)
    assert near == Environment("near", {"reach": (0.1, 0.3)}, 3.0, "first steps")
    assert heavy.context == {"reach": (0.5, 1.0), "load": (4.0, 4.0)}


def test_the_schema_has_the_ranges_of_the_family(family):
    schema = json_schema(family)
    contexts = schema["properties"]["environments"]["items"]["properties"]["context"]
    assert contexts["properties"]["load"]["anyOf"][0] == {"type": "number", "minimum": 0.5, "maximum": 4.0}
    assert "Distance of the goal [1]" in contexts["properties"]["reach"]["description"]
    assert contexts["additionalProperties"] is False


def changed(path, value):
    data = json.loads(json.dumps(GOOD))
    place = data
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    return data


BAD = [
    (["environments", 0, "context", "reach"], 1.5, "environments[0].context.reach: is 1.5; allowed: 0.1 to 1"),
    (["environments", 0, "context", "reach"], [0.3, 0.1], "the smaller number comes first"),
    (["environments", 0, "context", "reach"], "far", "is 'far'; allowed: 0.1 to 1"),
    (["environments", 0, "context", "reach"], [0.1, 0.2, 0.3], "a number, or [smallest, largest]"),
    (["environments", 0, "context", "reech"], 0.5, "environments[0].context.reech: unknown; did you mean 'reach'"),
    (["environments", 0, "context"], None, "wanted: an object of reach, load"),
    (["environments", 0, "colour"], "red", "environments[0].colour: unknown"),
    (["environments", 0, "weight"], 0, "environments[0].weight: is 0"),
    (["environments", 0, "weight"], True, "environments[0].weight: is True"),
    (["environments", 1, "name"], "near", "'near' stands there twice"),
    (["environments", 1], 3, "environments[1]: is 3; wanted: an object"),
    (["environments"], [], "there are 0; allowed: 1 to 32"),
    (["more"], 1, "more: unknown"),
]


@pytest.mark.parametrize(("path", "value", "told"), BAD)
def test_what_the_schema_refuses_is_told(family, path, value, told):
    with pytest.raises(TaskError) as error:
        parse_environments(json.dumps(changed(path, value)), family)
    assert told in str(error.value)


@pytest.mark.parametrize(("path", "value", "told"), BAD)
def test_the_exported_schema_refuses_the_same(family, path, value, told):
    validator = pytest.importorskip("jsonschema").Draft202012Validator(json_schema(family))
    assert validator.is_valid(GOOD)
    beyond_a_schema = "the smaller" in told or "twice" in told
    assert validator.is_valid(changed(path, value)) == beyond_a_schema


def test_all_mistakes_are_told_at_once(family):
    data = changed(["environments", 0, "weight"], -1)
    data["environments"][1]["context"]["load"] = 9
    with pytest.raises(TaskError) as error:
        parse_environments(json.dumps(data), family)
    assert len(str(error.value).splitlines()) == 2


@pytest.mark.parametrize("text", ["", "[1, 2", "[]", '{"environments": NaN}', "[" * 100_000])
def test_what_is_no_json_is_refused(family, text):
    with pytest.raises(TaskError):
        parse_environments(text, family)


def test_environments_are_mixed_by_weight_with_the_original_one(family):
    mixture = Environments(family, parse_environments(json.dumps(GOOD), family), original=0.2)
    contexts = mixture.sample(20_000, np.random.default_rng(0))
    heavy = (contexts[:, 1] == 4.0).mean()
    assert heavy == pytest.approx(0.8 * 0.25, abs=0.01)
    assert (contexts >= family.bounds[0]).all() and (contexts <= family.bounds[1]).all()


def test_the_report_says_how_each_goes(family):
    mixture = Environments(family, parse_environments(json.dumps(GOOD), family), original=0.0)
    rng = np.random.default_rng(0)
    contexts = mixture.sample(1000, rng)
    mixture.record(contexts, contexts[:, 0] < 0.5)
    near, heavy, original = mixture.report()
    assert near["success_rate"] == 1.0 and near["purpose"] == "first steps"
    assert heavy["success_rate"] == pytest.approx(0.0, abs=0.05)
    assert original["episodes"] == 1000
    other = Environments(family, mixture.environments)
    other.load_state_dict(mixture.state_dict())
    assert other.report() == mixture.report()
    assert Environments(family, mixture.environments).report()[0]["success_rate"] is None
