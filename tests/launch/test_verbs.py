"""The verbs that need no training."""

import json

import pytest

from telic.launch import main as command

REWARD = '''"""Hold still."""


def reward(position, velocity):
    return {"place": -norm(position), "still": -0.1 * square(norm(velocity))}
'''


@pytest.fixture
def reward_file(tmp_path):
    path = tmp_path / "reward.py"
    path.write_text(REWARD)
    return path


def answer(capsys):
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def test_tasks_are_listed_with_the_vehicles(capsys):
    assert command.main(["tasks", "--json"]) == 0
    found = answer(capsys)
    assert {"hover", "track"} <= found["tasks"].keys()
    assert "crazyflie" in found["vehicles"]


def test_a_task_is_described_with_units_and_frames(capsys):
    assert command.main(["task", "hover"]) == 0
    assert "velocity                (3,) m/s, world frame" in capsys.readouterr().out


def test_a_task_is_plain_data_with_json(capsys):
    assert command.main(["task", "track", "--vehicle", "x500", "--json"]) == 0
    found = answer(capsys)
    assert found["vehicle"]["name"] == "x500"
    assert sum(3 if item["signal"] == "acceleration_ahead" else 0 for item in found["observation"]) == 3


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["task", "hoover"], "did you mean 'hover'"),
        (["task", "hover", "--vehicle", "crazyfly"], "did you mean 'crazyflie'"),
        (["reward", "explian", "x"], "did you mean 'explain'"),
        (["reward", "check", "nothing.py"], "there is no file nothing.py"),
        (["verify", "."], "contract.json"),
        (["reward", "write", "make me a sandwich"], "sandwich"),
    ],
)
def test_wrong_words_end_with_exit_code_2_and_the_reason(words, told, capsys):
    assert command.main(words) == command.EXIT_USER_ERROR
    assert told in capsys.readouterr().err


def test_a_bad_vehicle_names_the_field_and_the_range(tmp_path, capsys):
    vehicle = tmp_path / "v.toml"
    vehicle.write_text('name = "v"\nmass = -1.0\n')
    assert command.main(["task", "hover", "--vehicle", str(vehicle)]) == command.EXIT_USER_ERROR
    assert "missing field: inertia" in capsys.readouterr().err


def test_a_reward_is_checked_on_a_shaken_flight(reward_file, capsys):
    assert command.main(["reward", "check", str(reward_file), "--json"]) == 0
    found = answer(capsys)
    assert found["passed"] is True
    assert [term["name"] for term in found["terms"]] == ["place", "still"]


def test_a_reward_that_is_not_finite_is_refused(reward_file, capsys):
    reward_file.write_text(REWARD.replace("-norm(position)", "1.0 / norm(position - position)"))
    assert command.main(["reward", "check", str(reward_file)]) != 0


def test_a_wrong_line_of_a_reward_is_pointed_at(reward_file, capsys):
    reward_file.write_text(REWARD.replace("-norm(position)", "norm(position) + norm(velocity)"))
    assert command.main(["reward", "check", str(reward_file)]) == command.EXIT_USER_ERROR
    assert "reward.py:5:" in capsys.readouterr().err


def test_a_reward_is_explained(reward_file, capsys):
    assert command.main(["reward", "explain", str(reward_file), "--json"]) == 0
    assert answer(capsys)["inputs"] == ["position", "velocity"]


def test_a_sentence_becomes_a_reward_file(tmp_path, capsys):
    out = tmp_path / "reward.py"
    assert command.main(["reward", "write", "hover one metre above the ground", "--out", str(out)]) == 0
    assert "def reward(" in out.read_text()


def test_an_unclear_sentence_is_answered_with_what_works(capsys):
    assert command.main(["reward", "write", "make me a sandwich", "--json"]) == command.EXIT_USER_ERROR
    found = answer(capsys)
    assert found["nearest"]
    assert "sandwich" in found["reason"]
