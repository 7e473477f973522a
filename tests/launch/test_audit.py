"""`telic reward audit` on honest and gamed runs, and what `telic export` makes of it."""

import json
import shutil

import pytest

from telic.launch import main as command
from telic.launch.folder import RunFolder, read_json, write_json

# Optimised, it turns the vehicle over: the faster it falls, the better.
GAMED = '''"""Come down."""


def reward(velocity, terminated):
    return {"down": -1.0 * velocity[2], "alive": 0.1 * (1.0 - terminated)}
'''
# Right about the place, and wrong about the height.
NEARLY = '''"""Come near, and the higher the better."""


def reward(position, reference_position):
    offset = position - reference_position
    return {"alive": 2.0, "place": -3.0 * norm(offset), "high": 12.0 * maximum(offset[2] - 0.3, 0.0)}
'''
FEW = ["--episodes", "40"]


def train(out, *words):
    before = set(out.iterdir()) if out.is_dir() else set()
    assert command.main(["train", "hover", "--report-every", "2", "--out", str(out), *words]) == 0
    (made,) = set(out.iterdir()) - before
    return made


@pytest.fixture(scope="module")
def honest(tmp_path_factory):
    return train(tmp_path_factory.mktemp("honest"), "--updates", "60")


@pytest.fixture(scope="module")
def gamed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("gamed")
    (folder / "reward.py").write_text(GAMED)
    return train(folder / "runs", "--updates", "24", "--reward", str(folder / "reward.py"))


def test_a_run_is_trained_under_guard_and_not_resumed(honest, tmp_path, capsys):
    (tmp_path / "reward.py").write_text(NEARLY)
    guarded = ["--reward", str(tmp_path / "reward.py"), "--guard", str(honest)]
    run = train(tmp_path / "runs", "--updates", "4", *guarded)
    assert "term/near_reference" in (run / "metrics.csv").read_text().splitlines()[0]
    RunFolder.open(run).forget(("train",))
    assert command.main(["train", "--resume", str(run)]) == 2
    assert "under guard" in capsys.readouterr().err
    assert command.main(["train", "cartpole", "--guard", str(honest)]) == 2
    assert "--guard is for --algo shac" in capsys.readouterr().err
    (tmp_path / "reward.py").write_text(NEARLY.replace("-3.0", "3.0").replace('"alive": 2.0, ', ""))
    assert command.main(["train", "hover", "--out", str(tmp_path / "runs"), *guarded]) == 2
    assert "correlation with the task's own is -" in capsys.readouterr().err


def audited(capsys, run, *words):
    capsys.readouterr()
    code = command.main(["reward", "audit", str(run), *FEW, *words, "--json"])
    return code, json.loads(capsys.readouterr().out.splitlines()[-1])


def test_a_gamed_run_fails_with_reasons_and_is_not_exported(gamed, honest, tmp_path, capsys):
    code, found = audited(capsys, gamed, "--reference", str(honest), "--html")
    assert code == 1
    assert found["verdict"] == "fail"
    outcomes = {check["name"]: check["outcome"] for check in found["checks"]}
    assert outcomes["success"] == outcomes["gain"] == "fail"
    assert outcomes["strangeness"] == "warn"
    assert outcomes["certificate"] == "open"
    assert "held-out episodes succeed" in found["reasons"][0]
    assert read_json(gamed / "audit.json")["reasons"] == found["reasons"]
    page = (gamed / "audit.html").read_text()
    assert "fail" in page
    assert "The task&#39;s own reward" in page

    out = tmp_path / "export"
    assert command.main(["export", str(gamed), "--out", str(out), "--target", "onnx"]) == 2
    assert "the audit failed" in capsys.readouterr().err
    assert not out.exists()
    assert command.main(["export", str(gamed), "--out", str(out), "--target", "onnx", "--force"]) == 0
    told = capsys.readouterr()
    assert "the audit said fail" in told.err
    assert (out / "policy.onnx").is_file()


def test_an_honest_run_passes_and_is_exported_in_silence(honest, tmp_path, capsys):
    code, found = audited(capsys, honest)
    assert (code, found["verdict"]) == (0, "pass")
    assert found["reasons"] == []
    assert {check["name"] for check in found["checks"]} >= {"success", "success in training", "order", "survival"}
    assert command.main(["export", str(honest), "--out", str(tmp_path / "export"), "--target", "onnx"]) == 0
    assert "audit" not in capsys.readouterr().err


def test_what_nobody_audited_or_what_was_trained_again_is_noted(honest, tmp_path, capsys):
    run = tmp_path / "run"
    shutil.copytree(honest, run)
    (run / "audit.json").unlink(missing_ok=True)
    words = ["export", str(run), "--out", str(tmp_path / "export"), "--target", "onnx"]
    assert command.main(words) == 0
    assert "not audited; telic reward audit" in capsys.readouterr().err
    write_json(run / "audit.json", {"verdict": "fail", "reasons": ["old"], "policy_sha256": "another"})
    assert command.main(words) == 0
    assert "of an earlier policy" in capsys.readouterr().err
    write_json(run / "audit.json", {"verdict": "pass"})
    assert command.main(words) == 2
    assert "audit.json: reasons" in capsys.readouterr().err


def test_a_warning_is_told_and_exported(honest, tmp_path, capsys):
    run = tmp_path / "run"
    shutil.copytree(honest, run)
    audited(capsys, run)
    kept = read_json(run / "audit.json")
    write_json(run / "audit.json", {**kept, "verdict": "warn", "reasons": ["it is strange"]})
    assert command.main(["export", str(run), "--out", str(tmp_path / "export"), "--target", "onnx"]) == 0
    assert "- it is strange" in capsys.readouterr().err


def test_wrong_words_are_refused(honest, tmp_path, capsys):
    for words, told in (
        ([str(tmp_path)], "not a run folder"),
        ([str(honest), "--episodes", "1"], "at least 2"),
        ([str(honest), "--reference", str(tmp_path)], "not a run folder"),
        ([str(honest), "--data", str(tmp_path / "nothing")], "nothing"),
    ):
        assert command.main(["reward", "audit", *words]) == 2
        assert told in capsys.readouterr().err
