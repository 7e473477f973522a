"""The index of one writer's chunks: what their headers say, in one file.

It only saves time: a store opens by reading one file per writer instead of one header per chunk. It can be lost, be
older than the chunks, or be damaged, and is then made again from the chunks.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from telic.replay.errors import FileFormatError
from telic.replay.store.durable import write_whole
from telic.replay.store.segments import SEGMENT, columns_of, table_of
from telic.replay.store.tensors import map_file, pack

NAME = "index.safetensors"
KIND = "telic.store.index"

# A chunk file by its number; `identity` is the checksum over the checksums of its arrays.
CHUNK = np.dtype(
    [
        ("number", np.int64),
        ("steps", np.int64),
        ("segments", np.int64),
        ("identity", np.uint32),
        ("time", np.float64),
    ]
)


@dataclass(frozen=True)
class Index:
    """What is known of a writer's chunks without opening them.

    Attributes:
        chunks: (C,) of `CHUNK`, by rising number.
        segments: Of all chunks, in their order, (E,) of `SEGMENT`.
        tags: What the segments' places of tags refer to, JSON each.
    """

    chunks: np.ndarray
    segments: np.ndarray
    tags: list[str]

    @classmethod
    def empty(cls) -> "Index":
        """Of no chunks."""
        return cls(np.zeros(0, CHUNK), np.zeros(0, SEGMENT), [])


def write_index(folder: Path, index: Index, fingerprint: str) -> None:
    """Keep an index beside the chunks."""
    tensors = {**columns_of("chunks", index.chunks), **columns_of("segments", index.segments)}
    about = {"schema": fingerprint, "tags": index.tags}
    # Not durable: whatever a power cut leaves of it is either right or recognised as damaged.
    write_whole(folder / NAME, pack(KIND, tensors, about), durable=False)


def read_index(folder: Path, fingerprint: str) -> Index:
    """The index beside some chunks, or an empty one if there is none that can be relied on."""
    try:
        file = map_file(folder / NAME, KIND)
        file.verify()
        if file.about["schema"] != fingerprint:
            return Index.empty()
        chunks = table_of("chunks", CHUNK, file.tensors)
        segments = table_of("segments", SEGMENT, file.tensors)
    except (FileFormatError, KeyError, ValueError):
        return Index.empty()
    if int(chunks["segments"].sum()) != len(segments):
        return Index.empty()
    return Index(chunks, segments, file.about["tags"])
