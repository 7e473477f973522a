"""Every block of code on the page about guards runs, one after the other, and prints what the page says."""

import re
from pathlib import Path

PAGE = Path(__file__).parents[3] / "docs/guards.md"
MINE = '''"""Be high."""


def reward(position):
    return {"high": position[2]}
'''


def test_the_code_on_the_page_runs(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "mine.py").write_text(MINE)
    text = PAGE.read_text(encoding="utf-8")
    blocks = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    assert len(blocks) == 4
    names = {}
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), names)
    printed = capsys.readouterr().out
    for said in re.findall(r"print\(.*\)  # (.*)", text):
        assert said in printed
    assert "near_reference" in printed
