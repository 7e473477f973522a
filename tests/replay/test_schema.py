import json

import numpy as np
import pytest

from telic.replay.action import ActionSpec
from telic.replay.errors import DtypeError, MissingSignalError, SchemaError, ShapeError, UnknownNameError
from telic.replay.schema import Schema
from telic.replay.signal import Signal


@pytest.fixture
def values():
    return {
        "position": np.zeros((4, 3), np.float32),
        "clock": np.zeros(4),
        "contact": np.zeros(4, bool),
        "ticks": np.zeros(4, np.int16),
    }


def test_json_round_trip(schema):
    assert Schema.from_json(schema.to_json()) == schema


def test_json_round_trip_with_limits_per_actuator():
    actions = ActionSpec(("hip", "knee"), "N m", low=(-30.0, -60.0), high=(30.0, 60.0), initial=1.0)
    schema = Schema((Signal("joint_position", (2,), "rad", description="hip, knee"),), actions)
    assert Schema.from_json(schema.to_json()) == schema


def test_values_that_fit_pass_in_the_schemas_order(schema, values):
    checked = schema.check(dict(reversed(values.items())), (4,))
    assert list(checked) == ["position", "clock", "contact", "ticks"]


def test_an_unknown_name_gets_a_suggestion(schema, values):
    values["positon"] = values.pop("position")
    with pytest.raises(UnknownNameError, match="no signal 'positon'; did you mean 'position'"):
        schema.check(values, (4,))


def test_a_signal_too_many_is_refused(schema, values):
    with pytest.raises(UnknownNameError, match="no signal 'wind'"):
        schema.check(values | {"wind": values["clock"]}, (4,))


def test_a_missing_signal_is_named_with_its_shape(schema, values):
    del values["position"]
    with pytest.raises(MissingSignalError, match=r"missing: position \(3,\) m world"):
        schema.check(values, (4,))


def test_a_wrong_shape_is_named_with_the_right_one(schema, values):
    values["position"] = np.zeros((4, 2), np.float32)
    with pytest.raises(ShapeError, match=r"'position' has shape \(4, 2\), expected \(4, 3\)"):
        schema.check(values, (4,))


def test_one_number_is_never_spread_over_a_batch(schema, values):
    values["clock"] = np.zeros(())
    with pytest.raises(ShapeError, match="'clock'"):
        schema.check(values, (4,))


def test_other_types_are_refused_instead_of_cast(schema, values):
    values["position"] = np.zeros((4, 3))
    with pytest.raises(DtypeError, match="'position' has dtype float64, expected float32; cast it with"):
        schema.check(values, (4,))


@pytest.mark.parametrize("names", [("position", "position"), ("action",), ("terminated",), ("speed", "next_speed")])
def test_ambiguous_names_are_refused(names):
    with pytest.raises(SchemaError):
        Schema(tuple(Signal(name) for name in names), ActionSpec(("motor",)))


def test_a_schema_needs_a_signal():
    with pytest.raises(SchemaError, match="at least one signal"):
        Schema((), ActionSpec(("motor",)))


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda data: data.pop("actions"), "'actions'"),
        (lambda data: data["signals"][0].pop("name"), r"signals\[0\]: .*'name'"),
        (lambda data: data["signals"][1].update(frame="moon"), r"signals\[1\]: .*frame 'moon'"),
        (lambda data: data["signals"][1].update(shap=[3]), "unknown field 'shap'; did you mean 'shape'"),
        (lambda data: data["signals"].insert(2, 7), r"signals\[2\] must be an object, got 7"),
        (lambda data: data["actions"].update(low=[0.0, 0.0, 0.0]), "low must be one finite number or 2 of them"),
    ],
)
def test_damaged_json_names_the_field(schema, change, reason):
    data = json.loads(schema.to_json())
    change(data)
    with pytest.raises(SchemaError, match=reason):
        Schema.from_dict(data)


def test_text_that_is_not_json_is_refused():
    with pytest.raises(SchemaError, match="must be JSON"):
        Schema.from_json("{")


def test_action_limits_are_spread_over_the_actuators():
    spec = ActionSpec(("a", "b"), low=-2.0, high=(1.0, 3.0), initial=0.5)
    low, high = spec.bounds
    assert low.tolist() == [-2.0, -2.0]
    assert high.tolist() == [1.0, 3.0]
    assert spec.initial_action.tolist() == [0.5, 0.5]
    assert spec.initial_action.dtype == np.float32


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"names": ()}, "at least one actuator"),
        ({"names": ("a", "a")}, "distinct"),
        ({"low": 1.0}, "'a' has low 1.0 and high 1.0"),
        ({"initial": (0.0, 2.0)}, "'b' starts at 2.0, outside its limits"),
        ({"high": float("nan")}, "high must be one finite number"),
        ({"low": (-1.0,)}, "low must be one finite number or 2 of them"),
    ],
)
def test_impossible_action_specs_are_refused(fields, reason):
    with pytest.raises(SchemaError, match=reason):
        ActionSpec(**({"names": ("a", "b")} | fields))
