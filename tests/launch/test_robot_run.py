"""`telic run --task`: every part of a robot's run, short; that it is taken up again; and what is refused."""

import json

import numpy as np
import pytest

pytest.importorskip("stable_baselines3", reason="needs telic[baselines]")

from telic.control.make import packaged_reward
from telic.launch.main import main
from telic.replay.replay import Replay

SENTENCE = "keep the pole upright"


def run(capsys, *words, code=0):
    assert main([*map(str, words)]) == code
    told = capsys.readouterr()
    return json.loads(told.out.splitlines()[-1]) if "--json" in words and code == 0 else told


@pytest.fixture(scope="module")
def reward(tmp_path_factory):
    path = tmp_path_factory.mktemp("reward") / "upright.py"
    path.write_text(packaged_reward("cartpole"))
    return path


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    out = tmp_path_factory.mktemp("runs")
    words = ["run", SENTENCE, "--task", "cartpole", "--steps", "256", "--quick", "--out", out]
    assert main([*map(str, words)]) == 0
    (folder,) = out.iterdir()
    return folder


def test_every_part_leaves_what_it_made(finished):
    evaluation = json.loads((finished / "evaluation.json").read_text())
    assert set(evaluation["baselines"]) == {"doing nothing", "random actions", "a script that sees all signals"}
    assert evaluation["episodes"] == 10
    assert finished.name.endswith("keep-the-pole-upright")
    replay = Replay.load(finished / "replay" / "transitions.safetensors")
    assert "pole_direction" in replay.schema.names and len(replay) == 8000
    assert json.loads((finished / "proofs.json").read_text())["all_passed"] is not False
    assert (finished / "export" / "policy.c").is_file()
    state = json.loads((finished / "state.json").read_text())["stages"]
    assert list(state) == ["reward", "train", "evaluate", "record", "video", "export", "verify", "report"]


def test_the_page_tells_sentence_reward_figures_and_proofs(finished):
    page = (finished / "report.html").read_text()
    assert SENTENCE in page and "of 10 held-out episodes" in page and "random actions" in page
    assert "pole_direction" in page and "What was understood" in page and "proofs of the exported policy" in page
    assert "http://" not in page.replace("http://www.w3.org/2000/svg", "") and "https://" not in page


def test_a_finished_run_is_taken_up_without_doing_anything_again(finished, capsys):
    before = (finished / "checkpoints" / "policy.safetensors").stat().st_mtime_ns
    (finished / "report.html").unlink()
    state = json.loads((finished / "state.json").read_text())
    del state["stages"]["report"]
    (finished / "state.json").write_text(json.dumps(state))
    found = run(capsys, "run", "--resume", finished, "--json")
    assert (finished / "report.html").is_file() and np.isfinite(found["return_mean"])
    assert (finished / "checkpoints" / "policy.safetensors").stat().st_mtime_ns == before


def test_a_task_that_no_contract_carries_is_run_and_said(capsys, tmp_path):
    words = ["--task", "humanoid", "--steps", "128", "--quick", "--out", tmp_path / "runs"]
    found = run(capsys, "run", "walk forwards", *words, "--json")
    assert found["export"] is None and "policy_hz" in found["export_note"]
    assert "not exported" in next((tmp_path / "runs").iterdir()).joinpath("report.html").read_text()


def test_what_is_refused_leaves_no_folder(reward, capsys, tmp_path):
    out = ["--out", tmp_path / "runs"]
    told = run(capsys, "run", SENTENCE, "--task", "cartpol", *out, code=2)
    assert "cartpole" in told.err
    told = run(capsys, "run", "make me a sandwich", "--task", "cartpole", *out, code=2)
    assert "sandwich" in told.err and "nearest sentences" in told.err
    told = run(capsys, "run", SENTENCE, "--task", "hover", *out, code=2)
    assert "is a flight" in told.err
    told = run(capsys, "run", SENTENCE, "--task", "hopper", "--reward", reward, *out, code=2)
    assert "pole_direction" in told.err
    (tmp_path / "nan.py").write_text(
        '"""Broken."""\n\n\ndef reward(cart_position):\n    return {"x": log(cart_position[0] - 100.0 * metre)}\n'
    )
    told = run(capsys, "run", SENTENCE, "--task", "cartpole", "--reward", tmp_path / "nan.py", *out, code=2)
    assert told.err
    assert not (tmp_path / "runs").exists()


def test_a_run_of_telic_train_is_not_taken_for_one(capsys, tmp_path):
    words = ["--sb3.steps", "64", "--sb3.num-envs", "2", "--sb3.rollout", "32", "--sb3.hidden", "8"]
    assert main(["train", "cartpole", "--out", str(tmp_path), *words]) == 0
    capsys.readouterr()
    (folder,) = tmp_path.iterdir()
    assert "made by telic train" in run(capsys, "run", "--resume", folder, code=2).err
