"""The page on which a person chooses: what it serves, whom it answers, what it keeps, and what comes of a choice."""

import http.client
import importlib.util
import json
import re
import shutil
import sys
import threading
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from telic.launch.choose.candidate import candidates_in
from telic.launch.choose.log import Choice, ChoiceLog
from telic.launch.choose.page import ChoicePage
from telic.launch.choose.ranges import BadRangeError, byte_range
from telic.launch.errors import UserError
from telic.launch.film import Shot
from telic.launch.main import main
from telic.sim.film import write_film

_spec = importlib.util.spec_from_file_location("faults", Path(__file__).parents[1] / "rewards" / "llm" / "faults.py")
faults = importlib.util.module_from_spec(_spec)
sys.modules["faults"] = faults
_spec.loader.exec_module(faults)

CARTPOLE = (files("telic.rewards") / "library" / "cartpole.py.txt").read_text()
FORCES = ("-0.01 * square(norm(action))", "-0.05 * square(norm(action))", "-0.5 * square(norm(action))")
SHOWN = (2, 0, 1)


@pytest.fixture(scope="module")
def films(tmp_path_factory):
    """Three films, each of one grey."""
    where = tmp_path_factory.mktemp("films")
    greys = [np.full((48, 64, 3), 80 * i, np.uint8) for i in range(3)]
    return [write_film(where / f"{i}.mp4", [grey] * 5, 10) for i, grey in enumerate(greys)]


@pytest.fixture
def folders(tmp_path, films):
    found = []
    for i, (film, force) in enumerate(zip(films, FORCES, strict=True)):
        path = tmp_path / f"run-{i}"
        path.mkdir()
        (path / "reward.py").write_text(CARTPOLE.replace(FORCES[0], force))
        shutil.copy(film, path / "film.mp4")
        found.append(path)
    return tuple(found)


@pytest.fixture
def page(folders, tmp_path):
    candidates = candidates_in(folders, "cartpole", Shot(), 0)
    facts = [{"folder": each.folder.name} for each in candidates]
    opened = ChoicePage(
        candidates, SHOWN, ChoiceLog(tmp_path / "log" / "choices.jsonl", facts, SHOWN), "<b>stay</b>", 8300
    )
    yield opened
    opened.close()


def ask(page, method, path, body=None, **headers):
    """One request; its answer's status, headers and body."""
    connection = http.client.HTTPConnection("127.0.0.1", page.port, timeout=10)
    connection.request(method, path, body, {name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    found = answer.status, {name.lower(): value for name, value in answer.getheaders()}, answer.read()
    connection.close()
    return found


def order(page, name, body=None, **headers):
    status, _, answer = ask(
        page, "POST", f"/{name}", json.dumps(body or {}), **{"X_Telic_Token": page.token, **headers}
    )
    return status, json.loads(answer)


def logged(tmp_path):
    path = tmp_path / "log" / "choices.jsonl"
    return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []


def test_page_shows_films_without_names_and_needs_nothing_from_elsewhere(page):
    status, headers, body = ask(page, "GET", "/")
    text = body.decode()
    assert status == 200 and page.url.startswith("http://127.0.0.1:")
    assert re.findall(r'<video src="([^"]+)"', text) == ["film/0", "film/1", "film/2"]
    assert "&lt;b&gt;stay&lt;/b&gt;" in text and "run-0" not in text
    assert "https://" not in text and "//cdn" not in text
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy and f"script-src 'nonce-{page.nonce}'" in policy
    assert "frame-ancestors 'none'" in policy and headers["x-content-type-options"] == "nosniff"


def test_films_are_shown_in_the_drawn_order_and_can_be_wound(page, folders):
    film = (folders[2] / "film.mp4").read_bytes()
    status, headers, body = ask(page, "GET", "/film/0")
    assert (status, headers["content-type"], body) == (200, "video/mp4", film)
    status, headers, body = ask(page, "GET", "/film/0", Range="bytes=10-19")
    assert (status, headers["content-range"], body) == (206, f"bytes 10-19/{len(film)}", film[10:20])
    assert ask(page, "GET", "/film/0", Range=f"bytes={len(film)}-")[0] == 416
    for path in ("/film/3", "/film/../../reward.py", "/reward.py", "/film/0/", "//etc/passwd"):
        assert ask(page, "GET", path)[0] == 404


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, None),
        ("bytes=0-", (0, 100)),
        ("bytes=5-9", (5, 10)),
        ("bytes=5-900", (5, 100)),
        ("bytes=-10", (90, 100)),
        ("bytes=-900", (0, 100)),
        ("bytes=-", None),
        ("bytes=1-2,4-5", None),
        ("frames=1-2", None),
    ],
)
def test_parts_of_files(header, expected):
    assert byte_range(header, 100) == expected


@pytest.mark.parametrize("header", ["bytes=100-", "bytes=9-5", "bytes=-0"])
def test_parts_that_a_file_does_not_have(header):
    with pytest.raises(BadRangeError):
        byte_range(header, 100)


def test_choice_is_kept_by_number_whatever_the_order_on_the_page(page, tmp_path):
    assert order(page, "choose", {"best": 1, "worst": 0, "note": " calm "})[1] == {
        "chosen": True,
        "best": 1,
        "worst": 0,
        "done": False,
    }
    assert page.choice == Choice(0, 2, "calm")
    (record,) = logged(tmp_path)
    assert (record["event"], record["best"], record["worst"], record["note"]) == ("choice", 0, 2, "calm")
    assert record["shown"] == list(SHOWN) and record["candidates"][2]["folder"] == "run-2"
    assert page.wait(0.0) is None
    assert order(page, "done")[0] == 200
    assert page.wait(0.0) == Choice(0, 2, "calm")


def test_what_is_taken_back_stays_in_the_log(page, tmp_path):
    assert order(page, "choose", {"best": 0, "worst": 1})[0] == 200
    first = (tmp_path / "log" / "choices.jsonl").read_bytes()
    assert order(page, "undo")[1] == {"chosen": False, "done": False}
    assert order(page, "choose", {"best": None, "worst": None})[0] == 200
    assert (tmp_path / "log" / "choices.jsonl").read_bytes().startswith(first)
    chosen, undone, passed = logged(tmp_path)
    assert (undone["event"], undone["of"]) == ("undo", chosen["id"])
    assert passed["best"] is None and page.choice.is_pass
    assert json.loads(ask(page, "GET", "/state")[2])["best"] is None


@pytest.mark.parametrize(
    ("orders", "reason"),
    [
        ([("undo", {})], "nothing to take back"),
        ([("done", {})], "nothing was chosen"),
        ([("choose", {"best": 1, "worst": 1})], "cannot be the worst"),
        ([("choose", {"best": 3, "worst": 1})], "place 3; allowed: 0 to 2"),
        ([("choose", {"best": True, "worst": 1})], "place True"),
        ([("choose", {"best": 1, "worst": None})], "place None"),
        ([("choose", {})], "say which is best"),
        ([("choose", {"best": 1, "worst": 0, "note": "a" * 2001})], "at most 2000"),
        ([("choose", {"best": 1, "worst": 0}), ("choose", {"best": 0, "worst": 1})], "take it back first"),
        ([("choose", {"best": 1, "worst": 0}), ("done", {}), ("undo", {})], "the choice is made"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(page, orders, reason, tmp_path):
    *before, (name, body) = orders
    for each in before:
        assert order(page, *each)[0] == 200
    kept = logged(tmp_path)
    status, answer = order(page, name, body)
    assert status == 400 and reason in answer["error"]
    assert logged(tmp_path) == kept


@pytest.mark.parametrize(
    "headers",
    [
        {"X_Telic_Token": "guessed"},
        {"X_Telic_Token": ""},
        {"Origin": "https://elsewhere.example"},
        {"Origin": "null"},
        {"Host": "elsewhere.example"},
        {"Host": "elsewhere.example:8300"},
        {"Host": "127.0.0.1"},
    ],
)
def test_orders_of_other_pages_are_refused(page, headers, tmp_path):
    status, answer = order(page, "choose", {"best": 0, "worst": 1}, **headers)
    assert status == 403 and "best" not in answer
    assert page.choice is None and logged(tmp_path) == []


def test_name_that_was_led_here_sees_nothing(page):
    for path in ("/", "/state", "/film/0"):
        status, _, body = ask(page, "GET", path, Host=f"elsewhere.example:{page.port}")
        assert status == 403 and page.token.encode() not in body
    assert ask(page, "GET", "/", Host=f"localhost:{page.port}")[0] == 200


@pytest.mark.parametrize("body", ["", "[]", "{", "[" * 5000, '{"best": 1' + " " * 9000 + "}"])
def test_orders_that_are_no_objects_are_refused(page, body):
    status, _, answer = ask(page, "POST", "/choose", body, X_Telic_Token=page.token)
    assert status == 400 and b"error" in answer


def test_port_that_is_taken_is_passed_over(page, folders, tmp_path):
    candidates = candidates_in(folders, "cartpole", Shot(), 0)
    other = ChoicePage(candidates, SHOWN, ChoiceLog(tmp_path / "b.jsonl", [], SHOWN), "stay", page.port)
    assert other.port > page.port
    other.close()


def test_candidates_that_cannot_be_compared_are_refused(folders, tmp_path):
    bare = tmp_path / "bare"
    bare.mkdir()
    (bare / "reward.py").write_text(CARTPOLE)
    for given, reason in (
        (folders[:1], "1 candidates; allowed: 2 to 9"),
        ((folders[0], folders[0]), "named twice"),
        ((folders[0], tmp_path / "none"), "is not a folder"),
        ((folders[0], bare), "has no film"),
    ):
        with pytest.raises(UserError, match=reason):
            candidates_in(given, "cartpole", Shot(), 0)


def test_policy_beside_a_reward_is_filmed(tmp_path):
    from telic.control.policy import Policy
    from telic.sim.tasks.registry import make_task

    task = make_task("cartpole")
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "reward.py").write_text(CARTPOLE)
        Policy(task.observation_size, task.actions.size).weights().save(tmp_path / name / "policy.safetensors")
    shot = Shot(seconds=0.1, size=(64, 48))
    found = candidates_in((tmp_path / "a", tmp_path / "b"), "cartpole", shot, 3)
    assert [each.film.name for each in found] == ["film-3.mp4", "film-3.mp4"]
    assert all(each.film.stat().st_size > 0 and each.kind == "video/mp4" for each in found)


def choose_when_open(capsys, name, body):
    """Press buttons as soon as the verb has opened its page."""

    def press():
        while not (found := re.search(r"http://127\.0\.0\.1:(\d+)/", "".join(heard))):
            heard.append(capsys.readouterr().err)

        class Open:
            port = int(found[1])

        Open.token = re.search(rb'const token = "([^"]+)"', ask(Open, "GET", "/")[2])[1].decode()
        results.append(order(Open, name, body)[0])
        results.append(order(Open, "done")[0])

    heard, results = [], []
    thread = threading.Thread(target=press, daemon=True)
    thread.start()
    return thread, results


def test_choice_becomes_the_next_round(folders, tmp_path, capsys):
    """The verb as a whole: a person chooses, a scripted model writes two rewards, one of which never passes."""
    log = tmp_path / "choices.jsonl"
    words = [
        "reward",
        "choose",
        *map(str, folders),
        "--task",
        "cartpole",
        "--log",
        str(log),
        "--port",
        "8330",
        "--json",
    ]
    gentler = CARTPOLE.replace(FORCES[0], "-0.02 * square(norm(action))")
    shown = np.random.default_rng(0).permutation(3).tolist()
    thread, results = choose_when_open(
        capsys, "choose", {"best": shown.index(0), "worst": shown.index(2), "note": "it hardly moves"}
    )
    with faults.serving(f"```python\n{gentler}```", "I will not.") as server:
        model = ["--model", "scripted", "--base-url", server.base_url, "--next", "2", "--rounds", "1"]
        assert main([*words, *model]) == 0
        asked = [body["messages"][-1]["content"] for _, body in server.requests]
    thread.join()
    assert results == [200, 200]
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert (found["best"], found["worst"]) == (str(folders[0]), str(folders[2]))
    assert found["next"] == [str(tmp_path / "round-2" / "candidate-0" / "reward.py")]
    assert Path(found["next"][0]).read_text() == gentler
    lineage = json.loads(Path(f"{found['next'][0]}.lineage.json").read_text())
    assert lineage["parent"]["file"] == str(folders[0] / "reward.py")
    assert lineage["rejected"]["file"] == str(folders[2] / "reward.py")
    (record,) = [json.loads(line) for line in log.read_text().splitlines()]
    assert record["candidates"][2]["reward"] == (folders[2] / "reward.py").read_text()
    assert len(asked) == 2
    assert f"'effort' is `{FORCES[0]}` in the good one, and `{FORCES[2]}` in the bad one" in asked[0]
    assert 'They said: "it hardly moves"' in asked[0]


def test_nobody_who_comes_is_no_choice(folders, tmp_path, capsys):
    words = ["--task", "cartpole", "--log", str(tmp_path / "log.jsonl"), "--port", "8360", "--wait", "0.01", "--json"]
    assert main(["reward", "choose", *map(str, folders), *words]) == 1
    assert json.loads(capsys.readouterr().out.splitlines()[-1])["best"] is None
    assert not (tmp_path / "log.jsonl").exists()


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--next", "2"], "--model"),
        (["--port", "0"], "1 to 65535"),
        (["--next", "99", "--model", "m"], "0 to 32"),
        (["--out", "/tmp"], "nothing is overwritten"),
    ],
)
def test_what_cannot_be_done_is_said_before_anybody_is_asked(words, reason, folders, capsys):
    assert main(["reward", "choose", *map(str, folders), "--task", "cartpole", *words, "--json"]) == 2
    assert reason in json.loads(capsys.readouterr().out.splitlines()[-1])["error"]
