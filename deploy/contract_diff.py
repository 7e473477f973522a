"""What two contracts disagree on."""

import hashlib
import json
from typing import Any

from telic.deploy.checked import plain
from telic.deploy.contract import Contract


def diff(first: Contract, second: Contract) -> list[str]:
    """List what two contracts disagree on, one line per field: ``path: first -> second``."""
    left, right = _flat(plain(first)), _flat(plain(second))
    absent = "(absent)"
    return [
        f"{path}: {left.get(path, absent)} -> {right.get(path, absent)}"
        for path in left | right
        if left.get(path, absent) != right.get(path, absent)
    ]


def _flat(value: Any, path: str = "") -> dict[str, str]:
    if isinstance(value, dict):
        items = [(f"{path}.{name}".lstrip("."), item) for name, item in value.items()]
    elif isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        items = [(f"{path}[{i}]", item) for i, item in enumerate(value)]
    else:
        text = json.dumps(value)
        return {
            path: text
            if len(text) < 200
            else f"{len(value)} numbers, sha256 {hashlib.sha256(text.encode()).hexdigest()[:12]}"
        }
    return {name: text for item_path, item in items for name, text in _flat(item, item_path).items()}
