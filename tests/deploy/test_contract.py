"""The contract file: exact, readable, and hard to fool."""

import copy
import dataclasses
import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from telic.deploy.checked import ContractError, convert, plain
from telic.deploy.contract import Contract, weights_sha256
from telic.deploy.contract_diff import diff
from telic.deploy.contract_parts import Rates, vector
from telic.deploy.reference import ReferencePolicy
from telic.sim.tasks.hover import hover as hover_task
from telic.sim.tasks.registry import make_task


@pytest.fixture(scope="module")
def exported(make_exported):
    return make_exported(hidden=(8,), history=4)


@pytest.fixture
def data(exported):
    return json.loads(exported.contract.dumps())


def resealed(data):
    """The same fields with the hash that belongs to them."""
    fields = {name: value for name, value in data.items() if name != "contract_sha256"}
    return fields | {"contract_sha256": convert(Contract, fields).sha256}


def test_file_gives_back_an_equal_contract(exported, tmp_path):
    path = tmp_path / "contract.json"
    exported.contract.save(path)
    assert Contract.load(path) == exported.contract
    assert Contract.load(path).sha256 == exported.contract.sha256


def test_same_contract_writes_the_same_text(exported):
    assert Contract.from_plain(json.loads(exported.contract.dumps())).dumps() == exported.contract.dumps()


@given(st.lists(st.floats(width=32, allow_nan=False, allow_infinity=False), min_size=1))
def test_every_float32_survives_the_text(numbers):
    written = json.loads(json.dumps(vector(np.array(numbers, np.float32))))
    assert np.array_equal(np.array(written, np.float32).view(np.uint32), np.array(numbers, np.float32).view(np.uint32))


def test_lists_of_numbers_stay_on_one_line(exported):
    lines = exported.contract.dumps().splitlines()
    assert any(line.strip().startswith('"mean": [0.0, 0.0') and line.rstrip().endswith("],") for line in lines)


WRONG = {
    "unknown field": (("rates", "polcy_hz"), 100, "rates.polcy_hz", "did you mean 'policy_hz'"),
    "negative scale": (("observation", 0, "scale"), -1.0, "observation[0].scale", "allowed: 1e-09 to"),
    "text for a number": (("observation", 1, "limit"), "0.5", "observation[1].limit", "expected a finite number"),
    "true for a number": (("rates", "policy_hz"), True, "rates.policy_hz", "whole number"),
    "fraction for a count": (("rates", "policy_hz"), 100.5, "rates.policy_hz", "whole number"),
    "huge whole number": (("action", "low", 0), 10**400, "action.low[0]", "finite"),
    "unknown frame": (("observation", 0, "frame"), "wrld", "observation[0].frame", "did you mean 'world'"),
    "unknown unit": (("observation", 0, "unit"), "furlong", "observation[0].unit", "furlong"),
    "other history order": (
        ("observation", 4, "history_order"),
        "oldest_first",
        "observation[4].history_order",
        "newest",
    ),
    "history of a sensor": (("observation", 0, "history"), 3, "observation[0].reset_fill", "first_sample"),
    "another quaternion order": (("quaternion_order",), "xyzw", "quaternion_order", "wxyz"),
    "low above high": (("action", "low", 2), 2.0, "action.low[2]", "below high[2]"),
    "safe action outside": (("fault", "safe_action", 1), -2.0, "fault.safe_action[1]", "-1 to 1"),
    "rates that do not divide": (("rates", "execution_hz"), 250, "rates.execution_hz", "whole multiple"),
    "missing trigger": (("fault", "triggers"), ["input_stale"], "fault.triggers", "input_not_finite"),
    "future schema": (("schema_version",), 3, "schema_version", "allowed: 2"),
    "past schema": (("schema_version",), 1, "schema_version", "allowed: 2"),
    "delays the wrong way round": (("observation", 0, "delay_s"), [0.2, 0.1], "observation[0].delay_s", "comes first"),
    "dropout beyond all": (("observation", 0, "dropout"), 1.5, "observation[0].dropout", "allowed: 0 to 1"),
    "short mean": (("normalizer", "mean"), [0.0], "normalizer.mean", "expected 34"),
    "null for an object": (("fault",), None, "fault", "expected an object"),
    "zero std": (("normalizer", "std", 3), 0.0, "normalizer.std[3]", "allowed: 1e-06"),
    "duplicate signal": (("observation", 1, "signal"), "position_error", "observation[1].signal", "already term 0"),
    "infinite golden": (("golden", "actions", 0, 0), 1e39, "golden.actions[0][0]", "allowed"),
}


@pytest.mark.parametrize(("place", "value", "path", "told"), WRONG.values(), ids=WRONG.keys())
def test_wrong_field_is_refused_by_name(data, place, value, path, told):
    target = data
    for key in place[:-1]:
        target = target[key]
    target[place[-1]] = value
    with pytest.raises(ContractError) as caught:
        Contract.from_plain(data)
    assert caught.value.path == path
    assert told in str(caught.value)


def test_every_field_is_required(data):
    for name in list(data):
        without = {key: value for key, value in data.items() if key != name}
        with pytest.raises(ContractError) as caught:
            Contract.from_plain(without)
        assert caught.value.path == name


def test_fields_of_every_part_are_required(data):
    for part in ("rates", "action", "fault", "normalizer", "network", "airframe"):
        for name in data[part]:
            broken = copy.deepcopy(data)
            del broken[part][name]
            with pytest.raises(ContractError, match=rf"^{part}\.{name}: is missing"):
                Contract.from_plain(broken)


def test_changed_number_without_a_new_hash_is_refused(data):
    data["observation"][0]["noise_std"] = 0.002
    with pytest.raises(ContractError, match="was changed after export"):
        Contract.from_plain(data)
    assert Contract.from_plain(resealed(data)).observation[0].noise_std == 0.002


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("[1, 2]", "JSON object"),
        ("{", "not JSON"),
        ('{"a": NaN}', "NaN"),
        ('{"a": -Infinity}', "Infinity"),
        ('{"a": 1, "a": 2}', "twice"),
        ("[" * 100_000, "nested too deeply"),
        ("", "not JSON"),
    ],
)
def test_files_that_are_no_contract_are_refused(tmp_path, text, told):
    path = tmp_path / "contract.json"
    path.write_text(text)
    with pytest.raises(ContractError, match=told):
        Contract.load(path)


def test_bytes_that_are_no_text_are_refused(tmp_path):
    path = tmp_path / "contract.json"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ContractError, match="UTF-8"):
        Contract.load(path)


def test_huge_file_is_not_read(tmp_path):
    path = tmp_path / "contract.json"
    with path.open("wb") as file:
        file.truncate(64 * 1024 * 1024)
    with pytest.raises(ContractError, match="at most"):
        Contract.load(path)


def test_diff_names_what_differs_and_nothing_else(exported):
    other = dataclasses.replace(exported.contract, name="other", rates=Rates(100, 200, 0.2))
    assert diff(exported.contract, exported.contract) == []
    assert diff(exported.contract, other) == ['name: "hover" -> "other"', "rates.execution_hz: 500 -> 200"]


def test_diff_shows_terms_that_only_one_has(make_exported):
    lines = diff(make_exported(hidden=(4,)).contract, make_exported(hidden=(4,), track=True).contract)
    assert any("acceleration_ahead" in line for line in lines)
    assert any("(absent)" in line for line in lines)


def test_weight_hash_sees_one_changed_bit(exported):
    before = weights_sha256(exported.weights)
    layer = exported.weights.layers[0]
    weight = layer.weight.copy()
    weight.view(np.uint32)[0, 0] ^= 1
    changed = dataclasses.replace(
        exported.weights, layers=(dataclasses.replace(layer, weight=weight), *exported.weights.layers[1:])
    )
    assert weights_sha256(changed) != before


@pytest.mark.parametrize("task", [hover_task(), make_task("track")], ids=["hover", "track"])
def test_contract_of_a_task_says_what_the_task_says(make_exported, task):
    sample = make_exported(track=task.name == "track")
    contract = Contract.from_task(task, sample.weights, sample.observations, purpose="hold still")
    assert [term.signal for term in contract.observation] == [item.signal for item in task.observation]
    assert contract.observation_size == task.observation_size
    assert contract.rates.policy_hz == round(1 / task.dt)
    assert contract.bounds()[0] == 0.5 and contract.bounds()[12] == 2.0
    assert contract.action.command_scale[0] + contract.action.command_offset[0] == task.vehicle.rotor_speed_range[1]
    assert contract.trained[0].spread == pytest.approx(task.vehicle.mass * 9.81 / 20)
    actions, _ = ReferencePolicy(sample.weights, contract).evaluate(np.array(contract.golden.observations, np.float32))
    assert plain(contract.golden.actions) == [list(vector(action)) for action in actions]


def test_contract_of_a_task_refuses_a_policy_of_another_size(make_exported):
    sample = make_exported(track=True)
    with pytest.raises(ContractError, match=r"network.sizes\[0\]"):
        Contract.from_task(hover_task(), sample.weights, sample.observations[:, :146])
