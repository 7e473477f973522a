"""The compiled loops of a store: copying rows out of mapped files.

A slot is in the segment before which the last of the sorted ``slot`` is not above it; that segment is in chunk
``chunk``, from row ``row`` on, and is the ``number``-th there. ``address`` has where each array of each chunk begins in
memory: the signals, the action, and then the states after the segments; 0 in a chunk that is not mapped. ``size`` and
``offset`` are the bytes of one sample of each signal and the action, and where they go in a packed row.
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
    places: np.ndarray,
    slot: np.ndarray,
    chunk: np.ndarray,
    row: np.ndarray,
    number: np.ndarray,
    address: np.ndarray,
    size: np.ndarray,
    offset: np.ndarray,
    out: np.ndarray,
) -> bool:
    """Copy the rows at some places to packed rows out, (B, bytes).

    A place is a slot, or -1 - the segment after which the state is. Nothing more is copied when a chunk is not mapped;
    the result says whether all were.
    """
    for i in range(places.size):
        at = places[i]
        if at < 0:
            segment = -1 - at
            line = number[segment]
            first, fields = size.size, size.size - 1
        else:
            segment = np.searchsorted(slot, at, side="right") - 1
            line = row[segment] + at - slot[segment]
            first, fields = 0, size.size
        base = address[chunk[segment]]
        if base[0] == 0:
            return False
        for field in range(fields):
            copy_bytes(out, i * out.shape[1] + offset[field], base[first + field] + line * size[field], size[field])
    return True


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
    """Copy stretches, length[i] rows of chunk[i] from row[i] on, one after the other to packed rows out, (N, bytes)."""
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
