"""The command line: what it answers, and with which exit code."""

import importlib
import json
import subprocess
import sys

import pytest

from telic.launch import main as command
from telic.launch.errors import UserError, reading


def test_help_names_every_verb(capsys):
    assert command.main(["--help"]) == 0
    text = capsys.readouterr().out
    assert all(f"telic {verb}" in text for verb in command.VERBS)


def test_no_verb_is_an_error_that_shows_the_help(capsys):
    assert command.main([]) == command.EXIT_USER_ERROR
    assert "telic doctor" in capsys.readouterr().out


def test_unknown_verb_is_answered_with_the_nearest_one(capsys):
    assert command.main(["dctor"]) == command.EXIT_USER_ERROR
    assert "did you mean 'doctor'?" in capsys.readouterr().err


def test_user_errors_are_one_json_object_with_json(capsys):
    assert command.main(["dctor", "--json"]) == command.EXIT_USER_ERROR
    assert "did you mean" in json.loads(capsys.readouterr().out.splitlines()[-1])["error"]


@pytest.mark.parametrize("verb", command.VERBS)
def test_each_verb_has_help(verb, capsys):
    try:
        code = command.main([verb, "--help"])
    except SystemExit as end:
        code = end.code
    assert code == 0
    assert f"telic {verb}" in capsys.readouterr().out


def test_interruption_has_the_exit_code_of_the_shell(monkeypatch):
    def interrupt(argv):
        raise KeyboardInterrupt

    monkeypatch.setattr(importlib.import_module("telic.launch.verbs.doctor"), "main", interrupt)
    assert command.main(["doctor"]) == 130


def test_help_imports_nothing_heavy():
    heavy = ("torch", "numba", "mujoco", "onnx", "matplotlib", "sentence_transformers")
    program = (
        f"import sys; from telic.launch.main import main; main(['--help']); print(*(set({heavy}) & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == ""


@pytest.mark.parametrize(
    ("refusal", "told"),
    [
        (ValueError("mass is -1"), "file: mass is -1"),
        (KeyError("no such task"), "file: no such task"),
        (FileNotFoundError(2, "No such file", "a.toml"), "file: there is no file a.toml"),
    ],
)
def test_a_refused_input_becomes_a_user_error(refusal, told):
    with pytest.raises(UserError, match=told), reading("file"):
        raise refusal
