"""The whole pipeline, from the command line: a short run, what it leaves, and how it ends when something is wrong."""

import json
import os
import shutil
import signal
import subprocess
import sys
from functools import partial
from pathlib import Path

import pytest
import yaml

SENTENCE = "hover one metre above the ground and hold still"
TELIC = [sys.executable, "-P", "-m", "telic.launch"]


def telic(*words, cwd, path=None, timeout=240):
    environment = {**os.environ, **({} if path is None else {"PATH": str(path)})}
    return subprocess.run(
        [*TELIC, *map(str, words)],
        cwd=cwd,
        env=environment,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


def answer(done):
    assert done.stdout, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    return tmp_path_factory.mktemp("work")


@pytest.fixture(scope="module")
def finished(place):
    """One short run: the process as it ended."""
    return telic("run", SENTENCE, "--quick", "--json", cwd=place)


@pytest.fixture(scope="module")
def folder(place, finished):
    return place / answer(finished)["run_dir"]


@pytest.fixture
def copied(folder, tmp_path):
    """The same run, to be changed."""
    return Path(shutil.copytree(folder, tmp_path / "run"))


def forget(folder, *stages):
    state = json.loads((folder / "state.json").read_text())
    for stage in stages:
        del state["stages"][stage]
    (folder / "state.json").write_text(json.dumps(state))


def test_the_run_ends_well_and_says_what_it_found(finished):
    assert finished.returncode == 0, finished.stderr
    found = answer(finished)
    assert found["proofs_failed"] == 0
    assert 0.0 <= found["settle_fraction"] <= 1.0
    assert found["run_s"] > found["train_s"] > 0.0
    assert set(found["stage_s"]) == {"reward", "train", "evaluate", "record", "video", "export", "verify", "report"}


@pytest.mark.parametrize(
    "file",
    [
        "prompt.txt",
        "reward.py",
        "config.yaml",
        "command.txt",
        "metrics.csv",
        "tensorboard",
        "checkpoints/policy.safetensors",
        "replay/transitions.safetensors",
        "replay/policy.npz",
        "evaluation.json",
        "proofs.json",
        "export/contract.json",
        "export/policy.c",
        "export/policy.onnx",
        "report.html",
        "video.mp4",
    ],
)
def test_the_run_folder_holds(folder, file):
    assert (folder / file).exists()


def test_the_folder_says_what_made_it(folder):
    assert (folder / "prompt.txt").read_text().strip() == SENTENCE
    assert (folder / "command.txt").read_text().startswith(f"telic run '{SENTENCE}' --quick")
    assert yaml.safe_load((folder / "config.yaml").read_text())["task"] == "hover"


def test_progress_goes_to_standard_error(finished):
    assert len(finished.stdout.splitlines()) == 1
    assert "train: done in" in finished.stderr


def test_the_report_is_one_page_of_this_run(folder):
    page = (folder / "report.html").read_text()
    assert SENTENCE in page
    assert "data:video/mp4;base64," in page
    assert "TARGET" in page


def test_every_proof_is_possible_on_a_machine_with_the_tools(finished):
    if shutil.which("arm-none-eabi-gcc") is None or shutil.which("qemu-system-arm") is None:
        pytest.skip("needs the Arm compiler and QEMU: make system")
    found = answer(finished)
    assert found["proofs_passed"] is True
    assert found["bit_exact"] is True


def test_a_finished_run_is_not_done_again(copied, place):
    written = (copied / "checkpoints" / "policy.safetensors").stat().st_mtime_ns
    done = telic("run", "--resume", copied, cwd=place)
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("done before") == 7
    assert (copied / "checkpoints" / "policy.safetensors").stat().st_mtime_ns == written


def test_without_the_tools_the_run_finishes_and_the_report_says_how_to_get_them(copied, place, tmp_path):
    forget(copied, "verify", "report")
    done = telic("run", "--resume", copied, "--json", cwd=place, path=tmp_path / "nothing")
    assert done.returncode == 0, done.stderr
    found = answer(done)
    assert found["proofs_passed"] is False
    assert found["proofs_not_possible"] > 0
    page = (copied / "report.html").read_text()
    assert "not possible here" in page
    assert "apt-get install" in page


def test_a_machine_that_cannot_draw_leaves_the_video_out(copied, place, monkeypatch):
    forget(copied, "video", "report")
    monkeypatch.setenv("MUJOCO_GL", "egl")
    monkeypatch.setenv("__EGL_VENDOR_LIBRARY_DIRS", str(place))  # Where no driver is.
    done = telic("run", "--resume", copied, cwd=place)
    assert done.returncode == 0, done.stderr
    assert not (copied / "video.mp4").exists()
    assert "no video" in (copied / "report.html").read_text()


def test_an_interrupted_run_says_how_to_go_on_and_does(tmp_path):
    words = [*TELIC, "run", SENTENCE, "--quick", "--out", str(tmp_path)]
    # A shell that runs the tests in the background hands an ignored SIGINT on.
    attentive = partial(signal.signal, signal.SIGINT, signal.SIG_DFL)
    with subprocess.Popen(words, cwd=tmp_path, stderr=subprocess.PIPE, text=True, preexec_fn=attentive) as process:
        said = next(line for line in process.stderr if line.startswith("train: "))
        process.send_signal(signal.SIGINT)
        said += process.stderr.read()
    assert process.returncode == 130
    (folder,) = tmp_path.glob("*-hover-*")
    assert f"telic run --resume {folder}" in said
    assert telic("run", "--resume", folder, cwd=tmp_path).returncode == 0
    assert (folder / "report.html").is_file()


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["make me a sandwich"], "sandwich"),
        ([SENTENCE, "--vehicle", "zeppelin"], "zeppelin"),
        ([SENTENCE, "--reward", "nothing.py"], "nothing.py"),
        ([SENTENCE, "--seed", "-1"], "seed is -1"),
        ([], "say what the robot should do"),
    ],
)
def test_what_is_refused_leaves_no_folder(words, told, tmp_path):
    done = telic("run", *words, "--json", cwd=tmp_path)
    assert done.returncode == 2
    assert told in answer(done)["error"]
    assert "Traceback" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_reward_that_breaks_the_language_is_refused_with_its_line(tmp_path):
    (tmp_path / "mine.py").write_text('"""Hover."""\n\n\ndef reward(position):\n    import os\n    return {"a": 1.0}\n')
    done = telic("run", SENTENCE, "--reward", "mine.py", cwd=tmp_path)
    assert done.returncode == 2
    assert ":5:" in done.stderr
    assert [path.name for path in tmp_path.iterdir()] == ["mine.py"]


def test_eval_video_export_and_plot_work_on_the_folder(copied, place, tmp_path):
    found = answer(telic("eval", copied, "--episodes", "20", "--seed", "7", "--json", cwd=place))
    assert found["episodes"] == 20
    film = tmp_path / "film.mp4"
    answer(telic("video", copied, "--seconds", "0.5", "--out", film, "--size", "160", "120", "--json", cwd=place))
    assert film.stat().st_size > 0
    out = tmp_path / "c"
    files = answer(telic("export", copied, "--target", "c", "--out", out, "--json", cwd=place))["files"]
    assert str(out / "policy.c") in files
    assert not (out / "policy.onnx").exists()
    page = tmp_path / "plot.html"
    assert telic("plot", copied, "--out", page, cwd=place).returncode == 0
    assert "Settled episodes" in page.read_text()


def test_a_policy_is_trained_and_exported_without_a_sentence(tmp_path):
    (tmp_path / "train.yaml").write_text("task: track\nupdates: 2\nshac:\n  num_envs: 8\n")
    found = answer(telic("train", "--config", "train.yaml", "--shac.horizon", "8", "--json", cwd=tmp_path))
    assert found["steps"] == 2 * 8 * 8
    files = answer(telic("export", found["run_dir"], "--target", "c", "--json", cwd=tmp_path))["files"]
    assert any(file.endswith("policy.c") for file in files)


def test_a_reader_that_has_seen_enough_is_no_error(tmp_path):
    done = subprocess.run(
        f"{sys.executable} -P -m telic.launch train --help | head -1",
        shell=True,
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert "Traceback" not in done.stderr


def test_verify_fails_when_the_program_was_changed(copied, place):
    source = copied / "export" / "policy.c"
    source.write_text(f"{source.read_text()}\n/* changed */\n")
    done = telic("verify", copied / "export", "--json", cwd=place)
    assert done.returncode == 1
    assert answer(done)["all_passed"] is False
