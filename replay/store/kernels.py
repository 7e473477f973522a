"""The compiled loops of a store: copying rows out of mapped files.

Every array of a chunk is known by the address of its first byte. ``size`` and ``offset`` are the bytes of one sample of
each field, and where they go in a packed row.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

_BYTES = ir.IntType(8).as_pointer()


def _copy_bytes(typingctx: Any, target: Any, to: Any, address: Any, count: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        array = context.make_array(signature.args[0])(context, builder, args[0])
        into = builder.gep(builder.bitcast(array.data, _BYTES), [args[1]])
        cgutils.raw_memcpy(builder, into, builder.inttoptr(args[2], _BYTES), args[3], 1)
        return context.get_dummy_value()

    return types.void(target, types.int64, types.int64, types.int64), codegen


# copy_bytes(target, to, address, count): ``target.view(uint8)[to : to + count]`` from any place in memory, unchecked.
copy_bytes: Any = intrinsic(_copy_bytes)


@njit(cache=True)
def gather(
    chunk: np.ndarray, row: np.ndarray, address: np.ndarray, size: np.ndarray, offset: np.ndarray, out: np.ndarray
) -> None:
    """Copy single rows, row[i] of each array of chunk[i], to packed rows out (B, bytes) uint8."""
    for i in range(chunk.size):
        for field in range(size.size):
            at = address[chunk[i], field] + row[i] * size[field]
            copy_bytes(out, i * out.shape[1] + offset[field], at, size[field])


@njit(cache=True)
def unroll(
    chunk: np.ndarray,
    row: np.ndarray,
    length: np.ndarray,
    address: np.ndarray,
    size: np.ndarray,
    offset: np.ndarray,
    out: np.ndarray,
) -> None:
    """Copy stretches, length[i] rows of chunk[i] from row[i] on, one after the other to packed rows out (N, bytes)."""
    to = 0
    for i in range(chunk.size):
        for field in range(size.size):
            at = address[chunk[i], field] + row[i] * size[field]
            place = to * out.shape[1] + offset[field]
            for _ in range(length[i]):
                copy_bytes(out, place, at, size[field])
                place += out.shape[1]
                at += size[field]
        to += length[i]


@njit(cache=True)
def move(values: np.ndarray, source: np.ndarray, target: np.ndarray, length: np.ndarray, out: np.ndarray) -> None:
    """Copy stretches, length[i] values from source[i] on to out from target[i] on."""
    for i in range(source.size):
        out[target[i] : target[i] + length[i]] = values[source[i] : source[i] + length[i]]
