"""`telic reward search`: what is refused at once, and the drawing of a family tree."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest

from telic.launch.main import main
from telic.launch.report.tree import Leaf, Move, tree_svg

_MODEL = Path(__file__).parents[1] / "control" / "search" / "writer_model.py"
_spec = importlib.util.spec_from_file_location("writer_model", _MODEL)
writer_model = importlib.util.module_from_spec(_spec)
sys.modules["writer_model"] = writer_model
_spec.loader.exec_module(writer_model)

# One candidate, and as little training as there can be.
TINY = (
    *("--task", "cartpole", "--model", "scripted", "--candidates", "1", "--rounds", "1", "--islands", "1"),
    *("--steps", "64", "--rungs", "1", "--seeds", "1", "--finalists", "1", "--playoff-seeds", "0"),
    *("--final-seeds", "1", "--episodes", "2", "--sb3.num-envs", "2", "--sb3.rollout", "32"),
)


def said(capsys):
    return json.loads(capsys.readouterr().out.splitlines()[-1])


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        ([], "--model"),
        (["--model", "m", "--offline"], "--offline asks a record only"),
        (["--model", "m", "--task", "cartpool"], "cartpole"),
        (["--model", "m", "--base-url", "here"], "base_url"),
        (["--model", "m", "--rounds", "0"], "rounds"),
        (["--model", "m", "--task", "cartpole", "--share-experience"], "sb3-ppo learns from what its own policy does"),
    ],
)
def test_what_cannot_be_searched_is_said_before_anything_is_made(words, reason, tmp_path, capsys):
    out = tmp_path / "out"
    assert main(["reward", "search", "balance the pole", *words, "--out", str(out), "--json"]) == 2
    assert reason in said(capsys)["error"]
    assert not out.exists()


def test_a_tree_joins_parents_to_children_and_shows_who_moved():
    def leaf(name, parent, mood):
        round_, island, _ = (int(part) - 1 for part in name.split("."))
        return Leaf(name, round_, island, parent, name, mood, "<title>")

    leaves = [leaf("1.1.1", None, "champion"), leaf("1.2.1", None, "refused"), leaf("2.2.1", "1.1.1", "winner")]
    svg = tree_svg(leaves, [Move("1.1.1", 0, 1)])
    assert svg.count('class="edge"') == 1 and svg.count('class="edge moved"') == 1
    assert svg.count("<circle") == 3 and svg.count('class="band"') == 2
    assert "<title>&lt;title&gt;</title>" in svg


def test_a_search_leaves_a_reward_a_policy_and_a_page_and_goes_on_where_it_was(tmp_path, capsys):
    pytest.importorskip("stable_baselines3", reason="needs telic[baselines]")
    words = ["reward", "search", writer_model.SENTENCE, *TINY, "--out", str(tmp_path / "out"), "--json"]
    with writer_model.serving() as address:
        assert main([*words, "--base-url", address]) == 0
    found = said(capsys)
    out = tmp_path / "out"
    assert found["winner"] == "1.1.1" and found["trained"] == 1
    assert (out / "reward.py").read_text() == found["source"]
    assert (out / "policy.safetensors").is_file() and "1.1.1" in (out / "family.html").read_text()
    # Written, sent back for mixed units, and written again; one training in the search and two in the comparison.
    assert found["costs"]["calls"] == 2 and found["costs"]["trainings"] == 3
    # Nobody is asked and nothing is trained again.
    assert main([*words, "--offline"]) == 0
    again = said(capsys)
    assert {**again, "run_s": 0, "costs": 0} == {**found, "run_s": 0, "costs": 0}
    assert again["costs"]["trainings"] == 3
    # Another search is not started in its folder.
    assert main([*words, "--offline", "--seed", "1"]) == 2
    assert "holds a search with another" in said(capsys)["error"]
