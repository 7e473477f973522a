"""`telic task` for task files: shown, checked, begun."""

import json
import shutil
from pathlib import Path

import pytest

from telic.launch import main as command

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples/my_robot/my_robot.yaml"
BROKEN = ROOT / "tests/sim/broken"


def answer(capsys):
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def test_a_task_file_is_shown(capsys):
    assert command.main(["task", str(EXAMPLE)]) == 0
    shown = capsys.readouterr().out
    assert "wheel_speed      (2,) rad/s" in shown
    assert "0 to 20 ms late, 2 % do not come" in shown
    assert "Ideal(torque_limit 0.3)" in shown


def test_a_task_file_is_plain_data_with_json(capsys):
    assert command.main(["task", str(EXAMPLE), "--json"]) == 0
    found = answer(capsys)
    mass = found["randomisation"][0]
    assert (mass["type"], mass["quantity"], mass["elements"], mass["range"]) == (
        "Randomise",
        "mass",
        ["chassis"],
        [0.8, 1.2],
    )
    assert found["actuators"][0]["delay_s"] == [0.0, 0.01]


def test_a_sound_file_passes_the_check(capsys):
    assert command.main(["task", "check", str(EXAMPLE)]) == 0
    assert "in order; 11 numbers observed" in capsys.readouterr().out


def test_a_reward_that_reads_what_is_not_there_is_told_with_its_line(capsys):
    assert command.main(["task", "check", str(BROKEN / "reads_contact.yaml"), "--json"]) == 1
    (problem,) = answer(capsys)["problems"]
    assert problem["file"].endswith("reads_contact.py")
    assert problem["line"] == 4
    assert "no signal 'contact_force'" in problem["message"]


def test_the_exit_code_of_a_refused_file_is_not_zero(capsys):
    assert command.main(["task", "check", str(BROKEN / "unknown_key.yaml")]) == 1
    told = capsys.readouterr()
    assert "unknown_key.yaml:2: decimaton: unknown key; did you mean 'decimation'" in told.err
    assert "3 to put right" in told.out


def test_a_file_that_is_not_there(capsys):
    assert command.main(["task", "check", "nothing.yaml"]) == command.EXIT_USER_ERROR
    assert command.main(["task", "nothing.yaml"]) == command.EXIT_USER_ERROR
    assert "nothing.yaml: cannot be read" in capsys.readouterr().err


def test_a_new_task_file_passes_the_check(tmp_path, capsys):
    shutil.copy(EXAMPLE.with_name("robot.xml"), tmp_path / "balancer.xml")
    assert command.main(["task", "new", str(tmp_path / "balancer.xml")]) == 0
    assert "telic task check" in capsys.readouterr().out
    assert command.main(["task", "check", str(tmp_path / "balancer.yaml")]) == 0


@pytest.mark.parametrize("text", ["terminate: [{signal: joint_position, low: 5}]\n"])
def test_a_task_whose_episodes_end_at_once_is_told(tmp_path, capsys, text):
    shutil.copy(BROKEN / "arm.xml", tmp_path / "arm.xml")
    (tmp_path / "reward.py").write_text((BROKEN / "reward.py").read_text())
    task = tmp_path / "task.yaml"
    task.write_text(f"model: arm.xml\nreward: reward.py\n{text}")
    assert command.main(["task", "check", str(task)]) == 1
    assert "every episode ends after its first step" in capsys.readouterr().err
