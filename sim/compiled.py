"""Compiled functions whose cache notices a change in the code that they were compiled from."""

import hashlib
from collections.abc import Callable
from pathlib import Path
from types import FunctionType, ModuleType
from typing import Any

from numba import njit
from numba.core.caching import FunctionCache, IndexDataCacheFile


def compiled(*modules: ModuleType, **options: Any) -> Callable[[FunctionType], Any]:
    """Return a decorator like `numba.njit` with a cache on disk.

    Numba's own cache is renewed when the file of the function changes. A kernel is compiled together with the functions
    that it calls, and so its cache has to be renewed when their files change too.

    Args:
        *modules: Modules with functions that the decorated one calls, directly or not.
        **options: Options of `numba.njit`.
    """

    def decorate(function: FunctionType) -> Any:
        dispatcher: Any = njit(**options)(function)
        dispatcher._cache = _Cache(function, _digest(modules))
        return dispatcher

    return decorate


def _digest(modules: tuple[ModuleType, ...]) -> str:
    """Return a hash of the source of the modules; of their names where the source is not at hand."""
    digest = hashlib.sha256()
    for module in modules:
        path = Path(module.__file__ or "")
        digest.update(path.read_bytes() if path.is_file() else module.__name__.encode())
    return digest.hexdigest()


class _Cache(FunctionCache):
    """Numba's cache of one function, stamped with more than the file of the function."""

    def __init__(self, function: FunctionType, digest: str) -> None:
        super().__init__(function)
        locator = self._impl.locator
        self._cache_file = IndexDataCacheFile(
            cache_path=self._cache_path,
            filename_base=self._impl.filename_base,
            source_stamp=(locator.get_source_stamp(), digest),
        )
