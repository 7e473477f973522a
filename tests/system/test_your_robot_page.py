"""The page about an own robot: its Python runs from top to bottom, and its files are what it says."""

import re
from pathlib import Path

import pytest
import yaml

from telic.sim.yaml.check import check_task_file
from telic.sim.yaml.layout import KEYS, SOURCES

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/your_robot.md").read_text(encoding="utf-8")


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", PAGE, re.DOTALL)


def test_the_python_of_the_page_runs(monkeypatch, capsys):
    pytest.importorskip("mujoco.sysid", reason="needs telic[identify]")
    monkeypatch.chdir(ROOT)
    names: dict[str, object] = {}
    for block in blocks("python"):
        exec(compile(block, "docs/your_robot.md", "exec"), names)
    assert names["found"].value("damping:*_wheel")[0] == pytest.approx(2.5, rel=0.05)
    assert names["found"].error_after < 0.1 * names["found"].error_before
    assert "slow and heavy" in capsys.readouterr().out


def test_the_file_of_the_page_is_in_order(tmp_path):
    (text,) = blocks("yaml")
    for name in ("robot.xml", "reward.py"):
        (tmp_path / name).write_text((ROOT / "examples/my_robot" / name).read_text())
    path = tmp_path / "task.yaml"
    path.write_text(text.replace("command: {low", "gyro: {kind: sensor, sensors: [gyro]}\n  command: {low"))
    assert [str(problem) for problem in check_task_file(path).problems] == []
    assert yaml.safe_load(text).keys() <= KEYS.keys()


def test_every_key_and_every_kind_of_signal_is_on_the_page():
    for word in (*KEYS, *SOURCES):
        assert f"`{word}`" in PAGE, word
