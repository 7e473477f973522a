"""Safetensors files whose arrays are mapped into memory instead of read, each with a checksum of its own.

The metadata of such a file holds its format, its version, and one JSON text ``about`` with the checksums of all arrays
and whatever its kind of file says of itself; these three have a checksum too. So every byte of the file is covered:
what else the header says is names, types and places of arrays, and an array at a wrong place has a wrong sum.
"""

import json
import mmap
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
from safetensors.numpy import save

from telic.replay.store.errors import CorruptChunkError, NewerFormatError

VERSION = 1

_LENGTH = struct.Struct("<Q")
# By the names that the format gives them.
_DTYPES = {
    "BOOL": np.bool_,
    "U8": np.uint8,
    "I8": np.int8,
    "U16": np.uint16,
    "I16": np.int16,
    "F16": np.float16,
    "U32": np.uint32,
    "I32": np.int32,
    "F32": np.float32,
    "U64": np.uint64,
    "I64": np.int64,
    "F64": np.float64,
}
STORABLE = tuple(np.dtype(kind).name for kind in _DTYPES.values())


def pack(kind: str, tensors: Mapping[str, np.ndarray], about: Mapping[str, Any]) -> bytes:
    """The bytes of a file of this kind."""
    whole = {name: np.ascontiguousarray(array) for name, array in tensors.items()}
    checksums = {name: checksum(array) for name, array in whole.items()}
    text = json.dumps({**about, "checksums": checksums})
    metadata = {"format": kind, "version": str(VERSION), "about": text}
    return save(whole, {**metadata, "checksum": str(_identity(metadata))})


@dataclass(frozen=True)
class Mapped:
    """A mapped file.

    Attributes:
        path: Where it is.
        tensors: The arrays, read-only views of the file.
        about: What the file says of itself.
        identity: Checksum of format, version and `about`, and so of all arrays.
    """

    path: Path
    tensors: dict[str, np.ndarray]
    about: dict[str, Any]
    identity: int

    def verify(self) -> None:
        """Read every array and compare its checksum.

        Raises:
            CorruptChunkError: If one differs.
        """
        for name, array in self.tensors.items():
            if checksum(array) != self.about["checksums"][name]:
                raise CorruptChunkError(f"{self.path} is damaged: the checksum of {name!r} does not fit its content")


def map_file(path: Path, kind: str) -> Mapped:
    """Map a file that `pack` made; only its header is read.

    Raises:
        CorruptChunkError: If it is missing, torn, damaged or of another kind.
        NewerFormatError: If it is of a later version.
    """
    try:
        with path.open("rb") as file:
            content = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
    except (FileNotFoundError, ValueError) as error:
        raise CorruptChunkError(f"{path} is missing or empty") from error
    try:
        header, begin = _header(content)
        metadata = header.pop("__metadata__")
        identity = _identity(metadata)
        if identity != int(metadata["checksum"]) or metadata["format"] != kind:
            raise ValueError(f"its checksum does not fit, or it is no {kind} file")
        if int(metadata["version"]) > VERSION:
            raise NewerFormatError(
                f"{path} has version {metadata['version']}, this Telic reads {VERSION}: update Telic"
            )
        tensors = _arrays(content, header, begin)
        about = json.loads(metadata["about"])
        if set(about["checksums"]) != set(tensors):
            raise ValueError("it does not hold the arrays that it names")
    except NewerFormatError:
        raise
    except (KeyError, TypeError, AttributeError, ValueError, struct.error) as error:
        raise CorruptChunkError(f"{path} is torn or damaged: its header: {type(error).__name__}: {error}") from error
    return Mapped(path, tensors, about, identity)


def _header(content: mmap.mmap) -> tuple[dict[str, Any], int]:
    """The header of a safetensors file, and where the arrays begin."""
    (length,) = _LENGTH.unpack_from(content)
    begin = _LENGTH.size + length
    if begin > len(content):
        raise ValueError("it ends within its header")
    return json.loads(content[_LENGTH.size : begin]), begin


def _arrays(content: mmap.mmap, entries: Mapping[str, Any], begin: int) -> dict[str, np.ndarray]:
    """The arrays of a safetensors file, views of its content."""
    tensors = {}
    end = 0
    for name, entry in entries.items():
        shape = tuple(entry["shape"])
        dtype = np.dtype(_DTYPES[entry["dtype"]])
        low, high = entry["data_offsets"]
        count = prod(shape)
        if high - low != dtype.itemsize * count or low < 0 or begin + high > len(content):
            raise ValueError(f"array {name!r} does not fit into the file")
        tensors[name] = np.frombuffer(content, dtype, count, begin + low).reshape(shape)
        end = max(end, high)
    if begin + end != len(content):
        raise ValueError(f"{len(content)} bytes where {begin + end} belong")
    return tensors


def checksum(array: np.ndarray) -> int:
    """CRC-32 of a contiguous array's bytes."""
    return crc32(array.reshape(-1).view(np.uint8).data)


def _identity(metadata: Mapping[str, str]) -> int:
    return crc32("\n".join(metadata[name] for name in ("format", "version", "about")).encode())
