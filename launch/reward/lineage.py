"""Where a reward came from: a file beside it, with what it was made from, by whom, and why."""

import hashlib
import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from telic.launch.errors import UserError

FORMAT = 1


def hash_of(source: str) -> str:
    """SHA-256 of a program's text."""
    return hashlib.sha256(source.encode()).hexdigest()


def next_free(path: Path) -> Path:
    """The first of ``reward-2.py``, ``reward-3.py``, ... that is not taken, beside ``reward.py`` or ``reward-2.py``."""
    name, dot, suffix = path.name.partition(".")
    stem, dash, number = name.rpartition("-")
    stem, count = (stem, int(number)) if dash and number.isdigit() else (name, 1)
    while True:
        count += 1
        free = path.with_name(f"{stem}-{count}{dot}{suffix}")
        if not free.exists() and not lineage_path(free).exists():
            return free


def lineage_path(reward: Path) -> Path:
    """The file that says where a reward came from."""
    return reward.with_name(f"{reward.name}.lineage.json")


def keep(reward: Path, source: str, lineage: Mapping[str, Any]) -> None:
    """Write a new reward and its lineage; neither may be there.

    Raises:
        UserError: If one is, or cannot be written.
    """
    text = json.dumps({"format": FORMAT, "hash": hash_of(source), **lineage}, indent=1, ensure_ascii=False)
    beside = lineage_path(reward)
    try:
        # The lineage first: there is never a reward of which nobody knows where it is from.
        _write_new(beside, f"{text}\n")
        try:
            _write_new(reward, source)
        except OSError:
            # It is not about whatever has this name.
            beside.unlink()
            raise
    except FileExistsError as error:
        raise UserError(f"{error.filename} is there already, and nothing is overwritten: name another --out") from error
    except OSError as error:
        raise UserError(f"cannot write {error.filename}: {error.strerror}") from error


def _write_new(path: Path, content: str) -> None:
    with path.open("x", encoding="utf-8") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
