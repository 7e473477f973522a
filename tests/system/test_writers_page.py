"""The code about people on the page about writers runs."""

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs/writers.md"


def test_the_code_about_people_runs(capsys):
    people = PAGE.read_text(encoding="utf-8").partition("\n## People\n")[2].partition("\n## ")[0]
    (block,) = re.findall(r"```python\n(.*?)```", people, re.DOTALL)
    exec(compile(block, str(PAGE), "exec"), {})
    printed = capsys.readouterr().out
    assert re.search(r"^0 of \d+ episodes succeeded\.\nWhat ended the others:\n- \d+: pole_angle\[0\]", printed)
    assert '"centre": -0.15 * square(cart_position[0])' in printed
