"""The floors of the house: the linter sees every module, and nothing imports upwards."""

import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[2]
FLOORS = ("launch", "deploy", "control", "rewards", "sim", "replay")


@pytest.fixture(scope="module")
def settings():
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]


def modules_on_disk():
    files = (path for floor in FLOORS for path in (ROOT / floor).rglob("*.py"))
    parts = (path.relative_to(ROOT).with_suffix("").parts for path in files)
    return {".".join(("telic", *(names[:-1] if names[-1] == "__init__" else names))) for names in parts}


def test_the_linter_sees_every_module(settings):
    graph = grimp.build_graph(*settings["root_packages"], cache_dir=None)
    assert modules_on_disk() - graph.modules == set()


def test_every_floor_is_in_the_contract(settings):
    layers = " ".join(settings["contracts"][0]["layers"])
    assert all(f"telic.{floor}" in layers for floor in FLOORS)


def test_an_import_upwards_is_caught(settings, tmp_path):
    """A copy of the house with one wrong import must fail, or the check above it means nothing."""
    for floor in FLOORS:
        (tmp_path / "telic" / floor).mkdir(parents=True)
        (tmp_path / "telic" / floor / "room.py").write_text("")
    (tmp_path / "telic" / "__init__.py").write_text("")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    program = (
        f"import sys; sys.path.insert(0, {str(tmp_path)!r}); from importlinter import cli; cli.lint_imports_command()"
    )
    linter = [sys.executable, "-P", "-c", program]
    command = [*linter, "--no-cache"]
    assert subprocess.run(command, cwd=tmp_path, capture_output=True, check=False).returncode == 0
    (tmp_path / "telic" / "sim" / "room.py").write_text("import telic.rewards.room\n")
    wrong = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert wrong.returncode == 1
    assert "telic.sim.room -> telic.rewards.room" in wrong.stdout


def test_root_folders_shadow_nobody():
    assert [floor for floor in FLOORS if (ROOT / floor / "__init__.py").exists()] == []


def test_the_type_checker_is_given_every_floor():
    """It does not follow links below a folder, so a floor that is not listed would pass unseen."""
    include = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["pyright"]["include"]
    assert {f"src/telic/{floor}" for floor in FLOORS} <= set(include)
