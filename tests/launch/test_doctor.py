"""The doctor says what is missing, and how to mend it."""

import functools
import json
import os
import shutil
import sys

import pytest

from telic.launch import doctor
from telic.launch.verbs import doctor as verb

drawn_once = functools.cache(doctor._rendering)


@pytest.fixture(autouse=True)
def quick_look(monkeypatch, request):
    """A picture takes seconds; only the test of the renderer draws its own."""
    if "renderer" not in request.node.name:
        monkeypatch.setattr(doctor, "_rendering", drawn_once)


@pytest.fixture
def checks():
    return {check.name: check for check in doctor.examine()}


@pytest.fixture
def bare_machine(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))


def test_an_empty_path_misses_the_compilers_and_the_emulator(bare_machine, checks):
    for name, package in [
        ("C compiler", "gcc libc6-dev"),
        ("arm compiler", "gcc-arm-none-eabi libnewlib-arm-none-eabi"),
        ("emulator", "qemu-system-arm"),
    ]:
        assert not checks[name].ok
        assert checks[name].found.endswith("is not on the PATH")
        assert checks[name].fix.endswith(f"apt-get install -y {package}")


def test_what_is_in_order_has_no_fix(checks):
    assert all(not check.fix for check in checks.values() if check.ok)
    assert all(check.fix for check in checks.values() if not check.ok)


def test_a_broken_renderer_is_found(monkeypatch):
    monkeypatch.setenv("MUJOCO_GL", "glfw")
    monkeypatch.delenv("DISPLAY", raising=False)
    check = {check.name: check for check in doctor.examine()}["rendering"]
    assert not check.ok
    assert "OpenGL" in check.found


def test_an_emulator_without_the_boards_is_not_enough(monkeypatch, tmp_path):
    emulator = tmp_path / "qemu-system-arm"
    emulator.write_text(f"#!{sys.executable}\nprint('QEMU emulator version 1.0')\n")
    emulator.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    check = {check.name: check for check in doctor.examine()}["emulator"]
    assert not check.ok
    assert "without the machine netduinoplus2 and mps2-an500" in check.found


def test_json_holds_every_check_and_the_verdict(bare_machine, capsys):
    assert verb.main(["--json"]) == 1
    answer = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert answer["ok"] is False
    assert {"name", "ok", "found", "needed_for", "fix"} == set(answer["checks"][0])


def test_people_see_the_command_that_mends_it(bare_machine, capsys):
    verb.main([])
    assert "apt-get install -y qemu-system-arm" in capsys.readouterr().out


def test_everything_here_is_seen_when_it_is_here(checks):
    assert checks["arm compiler"].ok == (shutil.which("arm-none-eabi-gcc") is not None)
