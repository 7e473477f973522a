"""Files that are at every moment either the old one or the whole new one, also after a power cut."""

import errno
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from telic.replay.store.errors import StoreFullError

_NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


def write_whole(path: Path, data: bytes, *, durable: bool = True) -> None:
    """Write a file under a temporary name, and give it its own name when all of it is there.

    Args:
        path: Where to.
        data: The content.
        durable: Return only when it would survive a power cut. A file that can be made again need not.

    Raises:
        StoreFullError: If the disk has no room for it; nothing is left behind.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    with naming_full_disk(path):
        try:
            with temporary.open("wb") as file:
                file.write(data)
                file.flush()
                if durable:
                    os.fsync(file.fileno())
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
        if durable:
            sync_folder(path.parent)


@contextmanager
def naming_full_disk(path: Path) -> Iterator[None]:
    """Turn the system's word for a full disk into `StoreFullError`."""
    try:
        yield
    except OSError as error:
        if error.errno not in _NO_ROOM:
            raise
        raise StoreFullError(
            f"no room on the disk for {path}: {error.strerror}. What was written before is whole; make room and try "
            "again"
        ) from error


def sync_folder(folder: Path) -> None:
    """Make the names in a folder survive a power cut."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
