"""Text of generated C: templates filled in, exact numbers, and names that cannot clash."""

import json
import re
from collections.abc import Iterable, Sequence
from importlib import resources

import numpy as np

_PREFIX = re.compile(r"[a-z][a-z0-9_]{0,30}")
# Anything else could end a comment or a string, or continue a line.
_UNSAFE_IN_C = re.compile(r"[^A-Za-z0-9 _.,:;()+=^<>/-]")
_PER_ROW = 8


def template(name: str) -> str:
    """Text of a packaged C file."""
    return (resources.files("telic.deploy") / "c" / name).read_text(encoding="utf-8")


def fill(text: str, parts: dict[str, str]) -> str:
    """Put text in the place of ``/* telic: name */`` marks.

    Raises:
        ValueError: If a mark is not in the template, which would silently leave its part out.
    """
    for name, part in parts.items():
        mark = f"/* telic: {name} */"
        if mark not in text:
            raise ValueError(f"the template has no mark {mark!r}")
        text = text.replace(mark, part)
    return text


def rename(text: str, prefix: str) -> str:
    """Give every name another prefix instead of ``policy``; ``"policy.h"`` follows.

    Raises:
        ValueError: If the prefix is not a C name in lower case.
    """
    if not _PREFIX.fullmatch(prefix):
        raise ValueError(f"C prefix {prefix!r} is not allowed; use up to 31 lower-case letters, digits and underscores")
    text = re.sub(r"\bpolicy(?=_|\.h\b)", prefix, text)
    return re.sub(r"\bPOLICY_", prefix.upper() + "_", text)


def floats(declaration: str, values: Iterable[float]) -> list[str]:
    """Lines of a constant float array; the declaration stands without its prefix."""
    return array("float", declaration, [c_float(value) for value in values])


def array(kind: str, declaration: str, items: Sequence[str]) -> list[str]:
    """Lines of a constant array."""
    rows = [f"    {', '.join(items[i : i + _PER_ROW])}," for i in range(0, len(items), _PER_ROW)]
    return [f"static const {kind} policy_{declaration} = {{", *rows, "};"]


def c_float(value: float) -> str:
    """An exact literal: C99 hexadecimal, without trailing zeros."""
    mantissa, exponent = float(np.float32(value)).hex().split("p")
    if "." in mantissa:
        mantissa = mantissa.rstrip("0").rstrip(".")
    return f"{mantissa}p{exponent}f"


def c_string(text: str) -> str:
    """A string literal that cannot end early."""
    return json.dumps(c_text(text))


def c_text(text: str) -> str:
    """Text that is harmless in a comment or a string."""
    return _UNSAFE_IN_C.sub("_", text)
