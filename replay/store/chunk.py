"""A chunk: some steps of some streams in one safetensors file, complete in itself.

Arrays, N steps in E segments: ``signals/NAME`` (N, *shape) and ``action`` (N, actuators), one segment after the other;
``after/NAME`` (E, *shape), the state after each segment's last step; ``segments/FIELD`` (E,), see `SEGMENT`. ``about``
holds the schema's fingerprint, the tags that segments point to, how many steps the writer wrote before, and when.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from telic.replay.schema import Schema
from telic.replay.store.errors import CorruptChunkError
from telic.replay.store.segments import SEGMENT, columns_of, table_of
from telic.replay.store.tensors import Mapped, checksum, map_file, pack

KIND = "telic.store.chunk"


@dataclass(frozen=True)
class Steps:
    """Steps on their way into a chunk: N of them in E segments.

    Attributes:
        segments: (E,) of `SEGMENT`.
        signals: (N, *shape) per signal.
        action: (N, actuators) float32.
        after: The states after the segments, (E, *shape) per signal.
    """

    segments: np.ndarray
    signals: Mapping[str, np.ndarray]
    action: np.ndarray
    after: Mapping[str, np.ndarray]

    def __len__(self) -> int:
        return len(self.action)


def pack_chunk(steps: Steps, tags: list[str], fingerprint: str, first: int) -> bytes:
    """The bytes of a chunk file.

    Args:
        steps: What it holds.
        tags: What the segments' places refer to, JSON each.
        fingerprint: Of the schema.
        first: How many steps the writer wrote before.
    """
    tensors = {f"signals/{name}": array for name, array in steps.signals.items()}
    tensors |= {f"after/{name}": array for name, array in steps.after.items()}
    tensors |= {"action": steps.action, **columns_of("segments", steps.segments)}
    about = {"schema": fingerprint, "tags": tags, "first": first, "steps": len(steps), "time": time.time()}
    return pack(KIND, tensors, about)


@dataclass(frozen=True)
class Chunk:
    """A mapped chunk file, of which the header and the segments are known to be right.

    Attributes:
        file: The mapped file.
        segments: (E,) of `SEGMENT`.
    """

    file: Mapped
    segments: np.ndarray

    @cached_property
    def steps(self) -> int:
        """How many steps it holds."""
        return int(self.file.about["steps"])

    def tensor(self, name: str) -> np.ndarray:
        """One of its arrays, mapped."""
        return self.file.tensors[name]


def map_chunk(path: Path, schema: Schema, fingerprint: str) -> Chunk:
    """Map a chunk, and check everything but the content of its big arrays (`Mapped.verify` does that).

    Raises:
        CorruptChunkError: If it is missing, torn, damaged, or of another schema.
        NewerFormatError: If it is of a later version of the format.
    """
    file = map_file(path, KIND)
    if file.about["schema"] != fingerprint:
        raise CorruptChunkError(f"{path} was written with another schema than this store has: it is from elsewhere")
    for name, array in file.tensors.items():
        if name.startswith("segments/") and checksum(array) != file.about["checksums"][name]:
            raise CorruptChunkError(f"{path} is damaged: the checksum of {name!r} does not fit its content")
    try:
        chunk = Chunk(file, table_of("segments", SEGMENT, file.tensors))
        _refuse_misfit(chunk, schema)
    except (KeyError, ValueError) as error:
        raise CorruptChunkError(f"{path} is damaged: {error}") from error
    return chunk


def _refuse_misfit(chunk: Chunk, schema: Schema) -> None:
    """Refuse arrays of other names, types or shapes than the schema asks for: they are read without further checks."""
    steps, segments = (chunk.steps,), (len(chunk.segments),)
    if int(chunk.segments["length"].sum()) != chunk.steps:
        raise ValueError("its segments do not add up to its steps")
    wanted = {"action": (schema.action, steps)}
    for signal in schema.signals:
        wanted[f"signals/{signal.name}"] = (signal, steps)
        wanted[f"after/{signal.name}"] = (signal, segments)
    for name, (signal, count) in wanted.items():
        array = chunk.tensor(name)
        if array.shape != count + signal.shape or array.dtype != signal.dtype:
            raise ValueError(f"{name!r} is {array.dtype} {array.shape}, not {signal.dtype} {count + signal.shape}")
