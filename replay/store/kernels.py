"""The compiled loops of a store: copying rows out of mapped files.

A slot is in the segment before which the last of the sorted ``slot`` is not above it; ``hint`` has that segment for
every `HINTED`-th slot. The segment is in chunk ``chunk``, from row ``row`` on, and is the ``number``-th there.
``address`` has where each array of each chunk begins in memory: the signals, the action, and then the states after the
segments; 0 in a chunk that is not mapped. ``size`` and ``offset`` are the bytes of one sample of each signal and the
action, and where they go in a packed row.
"""

from typing import Any

import numpy as np
from llvmlite import ir
from numba import njit, types
from numba.core import cgutils
from numba.extending import intrinsic

from telic.replay.cache_line import begin_load_at

# Slots between two hints.
HINTED = 64

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
    hint: np.ndarray,
    chunk: np.ndarray,
    row: np.ndarray,
    number: np.ndarray,
    address: np.ndarray,
    size: np.ndarray,
    offset: np.ndarray,
    out: np.ndarray,
) -> bool:
    """Copy the rows at some places to packed rows out, (B, bytes).

    A place is a slot, or -1 - the segment after which the state is. Nothing is copied if a chunk is not mapped; the
    result says whether all are.

    Every field of every row is a cache miss or two. All are begun before the first is waited for.
    """
    fields = size.size
    source = np.zeros((places.size, fields), np.int64)
    for i in range(places.size):
        at = places[i]
        if at < 0:
            segment = -1 - at
            line = number[segment]
            first, last = fields, 2 * fields - 1
        else:
            segment = hint[at // HINTED]
            while segment + 1 < slot.size and slot[segment + 1] <= at:
                segment += 1
            line = row[segment] + at - slot[segment]
            first, last = 0, fields
        base = address[chunk[segment]]
        if base[0] == 0:
            return False
        for field in range(last - first):
            source[i, field] = base[first + field] + line * size[field]
            begin_load_at(source[i, field])
            begin_load_at(source[i, field] + size[field] - 1)
    for i in range(places.size):
        for field in range(fields):
            if source[i, field] != 0:
                copy_bytes(out, i * out.shape[1] + offset[field], source[i, field], size[field])
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
