"""Broken MJCF and YAML files: each refused with the element's name, the line, and what to do."""

from pathlib import Path

import pytest

from telic.sim.yaml.check import check_mjcf, check_task_file

BROKEN = Path(__file__).parent / "broken"

# File, what is named, where the mistake stands, and what is told: part of the message and of the remedy.
CASES = [
    ("missing_joint", "signals.angle.joints[1]", ("missing_joint.yaml", 6), "no joint 'elbwo'; did you mean 'elbow'"),
    ("wrong_unit", "signals.joint_velocity.unit", ("wrong_unit.yaml", 5), "unknown symbol 'deg'"),
    ("wrong_unit", "signals.angle.unit", ("wrong_unit.yaml", 6), "write unit: rad"),
    ("no_limits", "elbow", ("no_limits.xml", 16), 'give it ctrlrange="-1 1"'),
    ("long_step", "elbow", ("long_step.xml", 8), '0.0025 s is stable: write <option timestep="0.0025"/>'),
    ("unknown_key", "decimaton", ("unknown_key.yaml", 2), "did you mean 'decimation'"),
    ("unknown_key", "observation[0].nosie", ("unknown_key.yaml", 5), "did you mean 'noise'"),
    ("unknown_key", "observation[1]", ("unknown_key.yaml", 6), "did you mean 'joint_velocity'"),
    ("bad_range", "randomisation[0]", ("bad_range.yaml", 5), "the smaller number comes first: (0.8, 1.2)"),
    ("bad_range", "randomisation[1]", ("bad_range.yaml", 6), "-0.5; allowed: 0 to"),
    ("bad_range", "randomisation[2]", ("bad_range.yaml", 7), "did you mean 'dof_damping'"),
    ("missing_mesh", "forearm", ("missing_mesh.xml", 4), "put the file there"),
    ("two_shoulders", "shoulder", ("two_shoulders.xml", 8), "rename one of the two"),
    ("weightless", "lower", ("weightless.xml", 7), "give the body a geom with mass"),
    ("not_a_number", "elbow", ("not_a_number.xml", 8), "write a finite number"),
    ("not_closed", "lower", ("not_closed.xml", 11), "'lower' is still open here"),
    ("missing_model", "model", ("missing_model.yaml", 1), "did you mean 'arm.xml'"),
    ("tabs", "", ("tabs.yaml", 5), "indent with spaces"),
    ("stands_twice", "signals.joint_velocity", ("stands_twice.yaml", 6), "the first time in line 5"),
    ("bad_actuators", "actuators.shoulder", ("bad_actuators.yaml", 5), "the smaller number comes first"),
    ("bad_actuators", "actuators.elbow.model.kind", ("bad_actuators.yaml", 6), "did you mean 'dc_motor'"),
    ("bad_actuators", "actuators.wrist", ("bad_actuators.yaml", 7), "to add one, name its joint"),
]


@pytest.fixture(scope="module")
def checked():
    return {name: check_task_file(BROKEN / f"{name}.yaml") for name in {case[0] for case in CASES}}


@pytest.mark.parametrize(("name", "where", "place", "told"), CASES)
def test_a_broken_file_is_refused_with_the_element_and_what_to_do(checked, name, where, place, told):
    assert checked[name].task is None
    found = [problem for problem in checked[name].problems if problem.where == where]
    assert len(found) == 1, [str(problem) for problem in checked[name].problems]
    problem = found[0]
    assert (Path(problem.file).name, problem.line) == (place[0], place[1])
    assert problem.severity == "error"
    assert told in str(problem)


@pytest.mark.parametrize("name", sorted({case[0] for case in CASES}))
def test_nothing_else_is_told_of_a_broken_file(checked, name):
    expected = {case[1] for case in CASES if case[0] == name}
    assert {problem.where for problem in checked[name].problems} == expected


def test_the_model_of_the_broken_files_is_sound_by_itself():
    assert check_mjcf(BROKEN / "arm.xml") == ()


@pytest.mark.parametrize(
    ("name", "where"), [("weightless", "lower"), ("missing_mesh", "forearm"), ("no_limits", "elbow")]
)
def test_a_model_can_be_checked_alone(name, where):
    assert [problem.where for problem in check_mjcf(BROKEN / f"{name}.xml")] == [where]
