"""Fills the packaged page templates."""

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import jinja2

from telic.launch.report.highlight import code_style


def fill(name: str, values: Mapping[str, Any]) -> str:
    """A template of this folder as text, with the style sheet inside."""
    folder = files("telic.launch") / "report"
    environment = jinja2.Environment(
        loader=jinja2.FunctionLoader(lambda part: (folder / part).read_text(encoding="utf-8")),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    style = (folder / "style.css").read_text(encoding="utf-8") + code_style()
    return environment.get_template(name).render(style=style, **values)
