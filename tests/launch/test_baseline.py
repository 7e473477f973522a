"""Runs of Stable-Baselines3 learners: from the command line to a policy, its figures, and what is refused."""

import json
import shutil
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("stable_baselines3", reason="needs telic[baselines]")

from telic.control.policy import PolicyWeights
from telic.launch.main import main
from telic.launch.viewer.cast import player_for

SHORT = ["--sb3.steps", "256", "--sb3.num-envs", "2", "--sb3.rollout", "32", "--sb3.hidden", "8"]


def run(capsys, *words, code=0):
    assert main([*map(str, words)]) == code
    told = capsys.readouterr()
    return json.loads(told.out.splitlines()[-1]) if "--json" in words and code == 0 else told


@pytest.fixture(scope="module")
def cartpole(tmp_path_factory):
    out = tmp_path_factory.mktemp("runs")
    assert main(["train", "cartpole", "--algo", "sb3-ppo", "--seed", "3", "--out", str(out), *SHORT]) == 0
    (folder,) = out.iterdir()
    return folder


def test_a_run_holds_policy_model_history_and_reward(cartpole):
    weights = PolicyWeights.load(cartpole / "checkpoints" / "policy.safetensors")
    assert weights.num_outputs == 1 and len(weights.layers) == 2
    assert (cartpole / "checkpoints" / "sb3_model.zip").is_file()
    assert (cartpole / "metrics.csv").read_text().startswith("step,seconds")
    assert "def reward" in (cartpole / "reward.py").read_text()
    assert "seed: 3" in (cartpole / "config.yaml").read_text()
    assert cartpole.name.endswith("cartpole-sb3-ppo")


def test_a_run_is_evaluated_on_held_out_episodes(cartpole, capsys):
    found = run(capsys, "eval", cartpole, "--episodes", "6", "--json")
    assert found["episodes"] == 6 and found["world"] == "cartpole"
    assert 0.0 <= found["success_fraction"] <= 1.0 and np.isfinite(found["return_iqm"])
    assert run(capsys, "eval", cartpole, "--episodes", "6", "--json") == found
    assert "share that succeeded" in run(capsys, "eval", cartpole, "--episodes", "6").out


def test_the_reward_of_the_run_is_the_one_that_is_summed(cartpole, capsys, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(cartpole, copy)
    (copy / "reward.py").write_text(
        '"""One per step: a direction has length one."""\n\n\ndef reward(pole_direction):\n'
        '    return {"one": norm(pole_direction)}\n'
    )
    found = run(capsys, "eval", copy, "--episodes", "4", "--json")
    assert (
        found["return_mean"] == pytest.approx(found["episode_steps_mean"], rel=1e-5)
        and found["success_fraction"] is None
    )


def test_a_run_is_played(cartpole):
    played = player_for(str(cartpole), None, seed=0)
    assert played.controllers == ("policy", "scripted", "resting", "random")
    played.step()
    assert played.readings().elapsed_s > 0.0


def test_environments_of_others_train_evaluate_and_play(capsys, tmp_path):
    found = run(capsys, "train", "gym:HalfCheetah-v5", "--algo", "sb3-ppo", "--out", tmp_path, *SHORT, "--json")
    figures = run(capsys, "eval", found["run_dir"], "--episodes", "2", "--json")
    assert figures["episodes"] == 2 and figures["episode_steps_mean"] == 1000 and figures["success_fraction"] is None
    played = player_for(found["run_dir"], None, seed=0)
    played.step()
    assert played.controllers[0] == "policy"
    played.close()
    assert "no contract with a robot" in run(capsys, "export", found["run_dir"], code=2).err


def test_choices_are_made_by_the_largest_output(capsys, tmp_path):
    found = run(capsys, "train", "gym:CartPole-v1", "--out", tmp_path, *SHORT, "--json")
    assert run(capsys, "eval", found["run_dir"], "--episodes", "4", "--json")["return_mean"] > 5


def test_flights_keep_all_their_verbs(capsys, tmp_path):
    found = run(capsys, "train", "hover", "--algo", "sb3-ppo", "--out", tmp_path, *SHORT, "--json")
    figures = run(capsys, "eval", found["run_dir"], "--episodes", "2", "--json")
    assert set(figures["controllers"]) == {"policy", "PID"}
    files = run(capsys, "export", found["run_dir"], "--target", "onnx", "--json")["files"]
    assert any(name.endswith("policy.onnx") for name in files)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["cartpole", "--algo", "shac"], "flies multirotors only; for cartpole: --algo sb3-ppo"),
        (["gym:Ant-v9"], "no such version"),
        (["gym:Ant-v5", "--reward", "mine.py"], "brings its own reward"),
        (["gym:CartPole-v1", "--algo", "sb3-sac"], "needs actions that are numbers"),
        (["gym:FetchPush-v99"], "no such version"),
    ],
)
def test_what_cannot_be_trained_is_refused(words, message, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("mine.py").write_text('"""Mine."""\n')
    told = run(capsys, "train", *words, "--out", tmp_path / "runs", code=2)
    assert message in told.err


def test_no_run_is_resumed_whose_state_is_not_kept(cartpole, capsys):
    assert "train anew" in run(capsys, "train", "--resume", cartpole, code=2).err


def test_the_policy_of_a_robot_is_exported_and_proven(cartpole, capsys, tmp_path):
    files = run(capsys, "export", cartpole, "--out", tmp_path / "export", "--json")["files"]
    assert {Path(name).name for name in files} >= {"contract.json", "policy.c", "policy_safety.c", "policy.onnx"}
    proofs = run(capsys, "verify", tmp_path / "export", "--json")
    assert proofs["all_passed"]


def test_a_run_on_an_own_robot_is_found_from_anywhere(capsys, tmp_path, monkeypatch):
    shutil.copytree(Path(__file__).parents[2] / "examples" / "my_robot", tmp_path / "robot")
    monkeypatch.chdir(tmp_path / "robot")
    found = run(capsys, "train", "my_robot.yaml", "--out", tmp_path / "runs", *SHORT, "--json")
    assert Path(found["run_dir"]).name.endswith("balancer-sb3-ppo")
    monkeypatch.chdir(tmp_path)
    assert run(capsys, "eval", found["run_dir"], "--episodes", "2", "--json")["episodes"] == 2


def test_a_run_without_a_policy_says_so(cartpole, capsys, tmp_path):
    copy = tmp_path / "copy"
    shutil.copytree(cartpole, copy)
    (copy / "checkpoints" / "policy.safetensors").unlink()
    assert "has no policy" in run(capsys, "eval", copy, code=2).err
