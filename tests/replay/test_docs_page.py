"""Every block of code on the page about the replay runs, one after the other."""

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs/replay.md"


def test_the_code_on_the_page_runs(tmp_path, monkeypatch, capsys):
    pytest.importorskip("gymnasium.envs.classic_control")
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    assert len(blocks) >= 9
    names = {}
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), names)
    printed = capsys.readouterr().out
    said = re.search(r"# (1494 .*?): 6 resets", PAGE.read_text(encoding="utf-8"))
    assert said.group(1) in printed
