"""`telic reward refine`: the next version of a reward, where it is kept, and what is kept of where it came from."""

import hashlib
import importlib.util
import json
import sys
from importlib.resources import files
from pathlib import Path

import pytest

from telic.launch.errors import UserError
from telic.launch.main import main
from telic.launch.reward.lineage import keep, next_free

_spec = importlib.util.spec_from_file_location("faults", Path(__file__).parents[1] / "rewards" / "llm" / "faults.py")
faults = importlib.util.module_from_spec(_spec)
sys.modules["faults"] = faults
_spec.loader.exec_module(faults)

CARTPOLE = (files("telic.rewards") / "library" / "cartpole.py.txt").read_text()
STRONGER = CARTPOLE.replace("-0.1 * square(cart_position[0])", "-0.5 * square(cart_position[0])")


@pytest.fixture
def reward(tmp_path):
    path = tmp_path / "reward.py"
    path.write_text(CARTPOLE)
    return path


def said(capsys):
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def refine(reward, *words):
    return main(["reward", "refine", str(reward), *words, "--task", "cartpole", "--json"])


def test_new_version_stands_beside_the_old_one_with_its_lineage(reward, capsys):
    assert refine(reward, "it drifts to the left") == 0
    found = said(capsys)
    new = reward.with_name("reward-2.py")
    assert found["reward"] == str(new) and reward.read_text() == CARTPOLE
    assert new.read_text() == CARTPOLE.replace("-0.1 * square(cart", "-0.15 * square(cart")
    assert '-        "centre": -0.1 * square' in found["diff"] and '+        "centre": -0.15 * square' in found["diff"]
    lineage = json.loads(reward.with_name("reward-2.py.lineage.json").read_text())
    assert lineage["hash"] == hashlib.sha256(new.read_bytes()).hexdigest()
    assert lineage["parent"]["hash"] == hashlib.sha256(CARTPOLE.encode()).hexdigest()
    assert (lineage["writer"], lineage["feedback"]) == ("builtin", "it drifts to the left")
    assert next_free(new) == next_free(reward) == reward.with_name("reward-3.py")


def test_nothing_is_overwritten(reward, capsys):
    taken = reward.with_name("mine.py")
    taken.write_text("mine")
    assert refine(reward, "it drifts", "--out", str(taken)) == 2
    assert "nothing is overwritten" in said(capsys)["error"]
    assert taken.read_text() == "mine"


def test_names_that_are_taken_are_passed_over(tmp_path):
    for name in ("a.py.txt", "a-2.py.txt", "a-3.py.txt.lineage.json"):
        (tmp_path / name).touch()
    assert next_free(tmp_path / "a.py.txt").name == "a-4.py.txt"
    assert next_free(tmp_path / "a-2.py.txt").name == "a-4.py.txt"
    assert next_free(tmp_path / "to-do.py").name == "to-do-2.py"


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["it looks sad"], "is not understood without a language model"),
        (["it is jerky"], "no term for smoothness"),
        ([" "], "say what was seen"),
        (["it drifts", "--writer", "llm"], "--model"),
    ],
)
def test_what_cannot_be_done_is_said_and_leaves_nothing(words, reason, reward, capsys):
    assert refine(reward, *words) == 2
    assert reason in said(capsys)["error"]
    assert [path.name for path in reward.parent.iterdir()] == ["reward.py"]


def test_lineage_is_not_left_beside_the_reward_of_somebody_else(tmp_path):
    (tmp_path / "a.py").write_text("mine")
    with pytest.raises(UserError, match="nothing is overwritten"):
        keep(tmp_path / "a.py", "new", {})
    assert [path.name for path in tmp_path.iterdir()] == ["a.py"]
    with pytest.raises(UserError, match="cannot write"):
        keep(tmp_path / "nowhere" / "a.py", "new", {})


def test_version_that_does_not_pass_the_checks_is_not_kept(reward, capsys, monkeypatch):
    monkeypatch.setattr("telic.launch.reward.asking.check_of", lambda *_: lambda program: ["failure: it earns less"])
    assert refine(reward, "it drifts") == 1
    assert said(capsys)["problems"] == ["failure: it earns less"]
    assert [path.name for path in reward.parent.iterdir()] == ["reward.py"]


def test_a_model_is_told_the_program_the_words_and_the_facts(reward, tmp_path, capsys):
    assert main(["data", "make", "cartpole", "--episodes", "4", "--out", str(tmp_path / "random")]) == 0
    with faults.serving(f"```python\n{STRONGER}```") as server:
        where = ["--writer", "llm", "--model", "scripted", "--base-url", server.base_url, "--rounds", "2"]
        code = refine(reward, "it drifts to the left", *where)
        first = server.requests[0][1]["messages"][-1]["content"]
    assert code == 0
    assert "it drifts to the left" in first and '"centre": -0.1 * square(cart_position[0])' in first
    assert "Stored episodes" not in first
    new = Path(said(capsys)["reward"])
    assert new.read_text() == STRONGER
    lineage = json.loads(new.with_name(f"{new.name}.lineage.json").read_text())
    assert (lineage["writer"], lineage["details"]["model"]) == ("llm", "scripted")
    with faults.serving("I will not.") as server:
        where = ["--writer", "llm", "--model", "scripted", "--base-url", server.base_url, "--rounds", "1"]
        assert refine(reward, "it drifts", *where, "--data", str(tmp_path / "random")) == 1
        told = server.requests[0][1]["messages"][-1]["content"]
    assert "Stored episodes under this reward:\n0 of 4 episodes succeeded." in told
    assert said(capsys)["reward"] is None
    assert not reward.with_name("reward-3.py").exists()


def test_a_run_says_its_task_and_its_sentence(tmp_path, capsys):
    run = tmp_path / "run"
    run.mkdir()
    (run / "reward.py").write_text(CARTPOLE)
    (run / "prompt.txt").write_text("Balance it.\n")
    (run / "config.yaml").write_text("learner: {world: cartpole}\n")
    (run / "state.json").write_text('{"stages": {}}')
    assert main(["reward", "refine", str(run), "it drifts", "--json"]) == 0
    new = Path(said(capsys)["reward"])
    assert new == run / "reward-2.py"
    lineage = json.loads((run / "reward-2.py.lineage.json").read_text())
    assert (lineage["task"], lineage["sentence"]) == ("cartpole", "Balance it.")
