"""Source code as coloured HTML, for a light and a dark page."""

from pygments import highlight
from pygments.formatters import HtmlFormatter
from pygments.lexers import PythonLexer

_LIGHT, _DARK = "friendly", "github-dark"


def python_html(source: str) -> str:
    """Python source as HTML spans, to stand in ``<pre class="code">``."""
    return highlight(source, PythonLexer(), HtmlFormatter(nowrap=True))


def code_style() -> str:
    """The style sheet for `python_html`; the page draws the background."""
    light = HtmlFormatter(style=_LIGHT, nobackground=True).get_style_defs(".code")
    dark = HtmlFormatter(style=_DARK, nobackground=True).get_style_defs(".code")
    return f"{light}\n@media (prefers-color-scheme: dark) {{\n{dark}\n}}"
