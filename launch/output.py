"""What the commands print: results to standard output, everything else to standard error."""

import json
import sys
from collections.abc import Mapping

import numpy as np


def say(text: str) -> None:
    """Print a result for people."""
    print(text)  # noqa: T201


def tell(text: str) -> None:
    """Print something that is no result, such as an error, for people."""
    print(text, file=sys.stderr)  # noqa: T201


def print_json(result: Mapping[str, object]) -> None:
    """Print one JSON object on one line, the last thing that a command with ``--json`` prints."""
    sys.stderr.flush()
    print(json.dumps(result, default=plain), flush=True)  # noqa: T201


def plain(value: object) -> object:
    """NumPy numbers and arrays as JSON has them, anything else as text; meant for ``json.dumps(default=...)``."""
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    return str(value)
