"""A dataset that is being written: under another name beside its own, which it gets when it is whole."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from telic.replay.errors import ReplayError


@contextmanager
def unfinished(path: Path) -> Iterator[Path]:
    """A place to write to, moved to `path` on success and removed on failure.

    Raises:
        ReplayError: If there is something at `path` already.
    """
    if path.exists():
        raise ReplayError(f"{path} exists already; datasets are never overwritten: choose another path or remove it")
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        yield beside
        beside.rename(path)
    finally:
        if beside.is_dir():
            shutil.rmtree(beside)
        else:
            beside.unlink(missing_ok=True)
