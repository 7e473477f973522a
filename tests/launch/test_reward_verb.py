"""`telic reward`: writing with a language model, and checks on any task, from the command line."""

import importlib.util
import json
import shutil
import sys
from importlib.resources import files
from pathlib import Path

import pytest

from telic.launch.main import main

_spec = importlib.util.spec_from_file_location("faults", Path(__file__).parents[1] / "rewards" / "llm" / "faults.py")
faults = importlib.util.module_from_spec(_spec)
sys.modules["faults"] = faults
_spec.loader.exec_module(faults)

CARTPOLE = (files("telic.rewards") / "library" / "cartpole.py.txt").read_text()
WRONG = CARTPOLE.replace("cart_position[0]", "cart_place[0]")


def fenced(source):
    return f"Here it is.\n```python\n{source}```\n"


def said(capsys):
    return json.loads(capsys.readouterr().out.splitlines()[-1])


def write(server, *words):
    where = ["--model", "scripted", "--base-url", server.base_url]
    return main(
        ["reward", "write", "balance the pole", "--writer", "llm", "--task", "cartpole", *where, *words, "--json"]
    )


def test_a_model_writes_and_mends_a_reward_and_the_session_replays_offline(tmp_path, capsys):
    record = ["--record", str(tmp_path / "record")]
    with faults.serving(fenced(WRONG), faults.status(500), fenced(CARTPOLE)) as server:
        assert write(server, *record, "--out", str(tmp_path / "reward.py")) == 0
        asked = server.requests[-1][1]["messages"][-1]["content"]
    online = said(capsys)
    assert "there is no name 'cart_place'" in asked
    assert (tmp_path / "reward.py").read_text() == CARTPOLE
    assert len(online["attempts"]) == 2
    assert online["usage"]["calls"] == 2
    with faults.serving(faults.status(500)) as nobody:
        assert write(nobody, *record, "--offline") == 0
        assert nobody.requests == []
    offline = said(capsys)
    assert offline["fingerprint"] == online["fingerprint"]
    assert offline["usage"] == {"calls": 0, "replayed": 2, "prompt_tokens": 0, "completion_tokens": 0, "money": 0.0}


def test_what_never_passes_is_said_with_the_reason(capsys):
    with faults.serving(fenced(WRONG)) as server:
        assert write(server, "--rounds", "2") == 1
    assert said(capsys)["reward_source"] is None


def test_a_budget_that_is_too_small_asks_nothing(capsys):
    with faults.serving(fenced(CARTPOLE)) as server:
        assert write(server, "--budget-tokens", "100") == 2
        assert server.requests == []
    assert "budget is 100" in said(capsys)["error"]


def test_a_dry_run_says_what_it_could_cost_and_asks_nothing(capsys):
    with faults.serving(fenced(CARTPOLE)) as server:
        assert write(server, "--dry-run") == 0
        assert server.requests == []
    assert said(capsys)["prompt_tokens"] > 500


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--writer", "llm"], "--model"),
        (["--writer", "llm", "--model", "m", "--offline"], "--record"),
        (["--writer", "llm", "--model", "m", "--base-url", "here"], "base_url"),
        (["--writer", "llm", "--model", "m", "--task", "cartpool"], "cartpole"),
        (["--writer", "llm", "--model", "m", "--rounds", "0"], "rounds"),
    ],
)
def test_what_is_missing_is_said(words, reason, capsys):
    assert main(["reward", "write", "balance the pole", *words, "--json"]) == 2
    assert reason in said(capsys)["error"]


def test_a_model_chooses_numbers_only(tmp_path, capsys):
    source = files("telic.rewards") / "library" / "parametric" / "flight.py.txt"
    (tmp_path / "flight.py").write_text(source.read_text())
    from telic.rewards.parameters import parameters_of

    values = {parameter.name: parameter.value for parameter in parameters_of(source.read_text())} | {"HEIGHT": 2.5}
    with faults.serving("Two and a half metres high.", json.dumps(values)) as server:
        where = ["--model", "m", "--base-url", server.base_url, "--parameters", str(tmp_path / "flight.py")]
        code = main(["reward", "write", "hover at 2.5 m", "--writer", "llm", *where, "--json"])
    assert code == 0
    told = said(capsys)
    assert told["values"]["HEIGHT"] == 2.5
    assert "HEIGHT = 2.5" in told["reward_source"]


SUBGOALS = {
    "subgoals": [
        {"name": "up", "kind": "above", "signal": "pole_direction", "target": [0.98], "scale": 2.0, "lasts": True},
        {
            "name": "home",
            "kind": "at",
            "signal": "cart_position",
            "target": [0],
            "within": 0.1,
            "scale": 1.0,
            "lasts": True,
        },
    ]
}


def test_a_model_cuts_a_wish_into_subgoals(tmp_path, capsys):
    wrong = json.dumps(SUBGOALS).replace("pole_direction", "pole_dir")
    with faults.serving(wrong, json.dumps(SUBGOALS)) as server:
        assert write(server, "--subgoals", "--out", str(tmp_path / "reward.py")) == 0
    told = said(capsys)
    assert [subgoal["name"] for subgoal in told["subgoals"]] == ["up", "home"]
    assert "did you mean pole_direction" in told["problems"][0]
    assert "staged(" in (tmp_path / "reward.py").read_text()
    assert main(["reward", "check", str(tmp_path / "reward.py"), "--task", "cartpole", "--json"]) == 0
    with faults.serving("No.") as server:
        assert write(server, "--subgoals", "--rounds", "1") == 1


def test_the_built_in_writer_writes_for_a_robot(tmp_path, capsys):
    out = tmp_path / "reward.py"
    words = ["--task", "half_cheetah", "--out", str(out), "--json"]
    assert main(["reward", "write", "run backwards at 3.6 km/h", *words]) == 0
    assert said(capsys)["intents"] == ["pace"]
    assert "SPEED = -1.0" in out.read_text()
    assert main(["reward", "write", "open the door", "--task", "half_cheetah", "--json"]) == 2
    assert len(said(capsys)["nearest"]) == 3
    assert main(["reward", "write", "open the door", "--task", "my_robot.yaml", "--json"]) == 2
    assert "--writer llm" in said(capsys)["error"]


def test_rewards_of_any_task_are_checked_and_explained(tmp_path, capsys):
    path = tmp_path / "reward.py"
    path.write_text(CARTPOLE)
    assert main(["reward", "check", str(path), "--task", "cartpole", "--json"]) == 0
    assert said(capsys)["passed"]
    assert main(["reward", "explain", str(path), "--task", "cartpole", "--json"]) == 0
    assert said(capsys)["terms"] == ["upright", "calm", "centre", "effort"]


def test_check_ranks_stored_episodes(tmp_path, capsys):
    assert main(["data", "make", "cartpole", "--episodes", "4", "--out", str(tmp_path / "random")]) == 0
    capsys.readouterr()
    (tmp_path / "reward.py").write_text(CARTPOLE)
    rank = ["reward", "check", str(tmp_path / "reward.py"), "--data", str(tmp_path / "random"), "--json"]
    assert main([*rank, "--task", "cartpole"]) == 1
    found = said(capsys)
    assert found["findings"] == [] or all(finding["severity"] == "warning" for finding in found["findings"])
    assert [finding["check"] for finding in found["order"]["findings"]] == ["data"]
    assert "0 of success" in found["order"]["findings"][0]["message"]


def test_check_shows_what_the_critic_doubts(tmp_path, capsys):
    path = tmp_path / "reward.py"
    path.write_text('"""Stay."""\ndef reward(cart_position):\n    return {"middle": -abs(cart_position[0])}\n')
    check = ["reward", "check", str(path), "--task", "cartpole"]
    assert main([*check, "--json"]) == 0
    doubts = said(capsys)["critic"]
    assert [(doubt["rule"], doubt["line"]) for doubt in doubts] == [("early end pays", None), ("goal unread", None)]
    assert "success is told by pole_direction, pole_velocity" in doubts[1]["reason"]
    assert main(check) == 0
    assert "critic early end pays: no step can earn more than 0" in capsys.readouterr().out


def test_check_asks_a_model_as_critic_and_replays_its_answer(tmp_path, capsys):
    (tmp_path / "reward.py").write_text(CARTPOLE)
    doubt = {"rule": "too calm", "line": 11, "reason": "'effort' hides the pole", "advice": "lower it"}
    check = ["reward", "check", str(tmp_path / "reward.py"), "--task", "cartpole", "--json"]
    with faults.serving("Nothing.", json.dumps({"doubts": [doubt]})) as server:
        model = ["--model", "scripted", "--base-url", server.base_url, "--record", str(tmp_path / "record")]
        assert main([*check, *model]) == 0
        assert len(server.requests) == 2
    assert said(capsys)["critic"] == [doubt]
    assert main([*check, *model, "--offline"]) == 0
    assert said(capsys)["critic"] == [doubt]
    with faults.serving("Nothing.") as server:
        assert main([*check, "--model", "other", "--base-url", server.base_url]) == 2
    assert "no answer was a list of doubts" in said(capsys)["error"]


def test_analyse_says_why_episodes_failed(fallen, tmp_path, capsys):
    (tmp_path / "reward.py").write_text(CARTPOLE)
    words = ["reward", "analyse", str(tmp_path / "reward.py"), "--task", "cartpole", "--data", str(fallen)]
    assert main([*words, "--json"]) == 0
    found = said(capsys)
    assert (found["episodes"], found["successes"]) == (4, 0)
    assert sum(cause["episodes"] for cause in found["causes"]) == 4
    assert all(cause["what"].startswith("pole_angle[0] ") for cause in found["causes"])
    assert found["text"].startswith("0 of 4 episodes succeeded.")
    assert main(words) == 0
    assert "The typical failure is episode" in capsys.readouterr().out
    assert main([*words[:-2]]) == 2
    assert "name at least one dataset" in capsys.readouterr().err


def test_check_refuses_episodes_of_another_task(tmp_path, capsys):
    assert main(["data", "make", "inverted_pendulum", "--episodes", "2", "--out", str(tmp_path / "other")]) == 0
    (tmp_path / "reward.py").write_text(CARTPOLE)
    rank = ["reward", "check", str(tmp_path / "reward.py"), "--task", "cartpole", "--data", str(tmp_path / "other")]
    assert main(rank) == 2
    assert "which the episodes do not have: they are of another task" in capsys.readouterr().err


@pytest.fixture(scope="module")
def fallen(tmp_path_factory):
    folder = tmp_path_factory.mktemp("data") / "random"
    assert main(["data", "make", "cartpole", "--episodes", "4", "--out", str(folder)]) == 0
    return folder


def test_score_gives_every_episode_its_return(fallen, tmp_path, capsys):
    (tmp_path / "alive.py").write_text('"""Last."""\ndef reward(terminated):\n    return {"alive": 1.0 - terminated}\n')
    words = ["reward", "score", str(tmp_path / "alive.py"), "--task", "cartpole", "--data", str(fallen), "--json"]
    assert main(words) == 0
    found = said(capsys)
    assert [episode["return"] for episode in found["episodes"]] == [e["steps"] - 1 for e in found["episodes"]]
    assert {episode["source"] for episode in found["episodes"]} == {"random"}
    assert found["success_auc"] is None and found["success_return"] is None


def test_compare_shows_matrices_and_writes_a_page(fallen, tmp_path, capsys):
    (tmp_path / "up.py").write_text('"""Up."""\ndef reward(pole_direction):\n    return {"up": pole_direction[0]}\n')
    (tmp_path / "down.py").write_text(
        '"""Down."""\ndef reward(pole_direction):\n    return {"a": -pole_direction[0]}\n'
    )
    files = [str(tmp_path / "up.py"), str(tmp_path / "down.py")]
    page = tmp_path / "page.html"
    words = ["reward", "compare", *files, "--task", "cartpole", "--data", str(fallen), "--out", str(page), "--json"]
    assert main(words) == 0
    found = said(capsys)
    assert found["order"] == ["task", "up", "down"]
    assert found["epic"][1][2] == pytest.approx(1.0, abs=1e-4)
    assert found["kendall"][1][2] == pytest.approx(-1.0)
    assert page.read_text().count("<tr>") == 16


def test_score_without_data_is_refused(tmp_path, capsys):
    (tmp_path / "reward.py").write_text(CARTPOLE)
    assert main(["reward", "score", str(tmp_path / "reward.py"), "--task", "cartpole", "--data"]) == 2
    assert "name at least one dataset" in capsys.readouterr().err


def test_explain_shows_ranges_on_stored_data(fallen, tmp_path, capsys):
    (tmp_path / "up.py").write_text('"""Up."""\ndef reward(pole_direction):\n    return {"up": pole_direction[0]}\n')
    words = ["reward", "explain", str(tmp_path / "up.py"), "--task", "cartpole", "--data", str(fallen), "--json"]
    assert main(words) == 0
    found = said(capsys)["ranges"]["up"]
    assert 0.8 < found["least"] < found["most"] <= 1.0


def test_writer_is_told_what_its_reward_ranks_wrongly(tmp_path, capsys):
    from telic.control.make import reward_for
    from telic.launch.recorder import record_episodes
    from telic.sim.scripted.cartpole import swing_up_and_balance
    from telic.sim.tasks.registry import make_task

    class Scripted:
        def reset(self, ids=None):
            pass

        def act(self, observation, signals):
            return swing_up_and_balance(signals)

    replay = record_episodes(make_task("cartpole"), Scripted(), seed=0, worlds=4, steps=500)
    replay.relabel(reward_for(make_task("cartpole")))
    replay.save(tmp_path / "balanced.safetensors")
    fall = (
        '"""Fall."""\ndef reward(terminated, pole_direction):\n'
        '    return {"a": 2000.0 * terminated - pole_direction[0]}\n'
    )
    with faults.serving(fenced(fall), fenced(CARTPOLE)) as server:
        assert write(server, "--data", str(tmp_path / "balanced.safetensors")) == 0
        asked = server.requests[-1][1]["messages"][-1]["content"]
    assert "inverted sign: every kind of failure earns more than success" in asked
    assert said(capsys)["reward_source"] == CARTPOLE


def test_reward_that_remembers_is_explained_scored_and_relabelled(fallen, tmp_path, capsys):
    (tmp_path / "count.py").write_text(
        '"""Last."""\ndef memory(pole_direction, n=0.0):\n    return {"n": n + (pole_direction[0] > -2.0)}\n'
        'def reward(next_n):\n    return {"steps": next_n}\n'
    )
    file = str(tmp_path / "count.py")
    assert main(["reward", "score", file, "--task", "cartpole", "--data", str(fallen), "--json"]) == 0
    episodes = said(capsys)["episodes"]
    assert [episode["return"] for episode in episodes] == [e["steps"] * (e["steps"] + 1) / 2 for e in episodes]
    assert main(["reward", "explain", file, "--task", "cartpole", "--data", str(fallen), "--json"]) == 0
    longest = max(episode["steps"] for episode in episodes)
    assert said(capsys)["ranges"]["steps"] == {"least": 1.0, "most": longest}
    shutil.copytree(fallen, tmp_path / "data")
    assert main(["data", "relabel", str(tmp_path / "data"), "--reward", file, "--json"]) == 0
    found = said(capsys)
    assert found["terms"]["steps"]["most"] == longest
    assert found["mean_return"] == pytest.approx(sum(episode["return"] for episode in episodes) / len(episodes))
