"""Asking the processor for memory before it is needed, inside compiled code."""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

_BYTES = ir.IntType(8).as_pointer()
_INT = ir.IntType(32)
# The arguments of LLVM's `prefetch`: for reading, to be kept in all caches, data and not instructions.
_READ, _KEEP, _DATA = _INT(0), _INT(3), _INT(1)


def _prefetch(builder: Any, pointer: Any) -> None:
    kind = ir.FunctionType(ir.VoidType(), [_BYTES, _INT, _INT, _INT])
    prefetch = cgutils.get_or_insert_function(builder.module, kind, "llvm.prefetch.p0")
    builder.call(prefetch, [pointer, _READ, _KEEP, _DATA])


def _begin_load(typingctx: Any, array: Any, at: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        data = context.make_array(signature.args[0])(context, builder, args[0]).data
        _prefetch(builder, builder.bitcast(builder.gep(data, [args[1]]), _BYTES))
        return context.get_dummy_value()

    return types.void(array, types.uint64), codegen


def _begin_load_at(typingctx: Any, address: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        _prefetch(builder, builder.inttoptr(args[0], _BYTES))
        return context.get_dummy_value()

    return types.void(types.int64), codegen


# begin_load(array, at): start bringing the cache line of ``array[at]`` into the caches, and go on at once. For 1-D
# C-contiguous arrays. Where misses would come one after the other, they overlap.
begin_load: Any = intrinsic(_begin_load)

# begin_load_at(address): the same for any place in memory.
begin_load_at: Any = intrinsic(_begin_load_at)
