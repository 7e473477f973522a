"""Copying and comparing bytes of rows inside compiled code.

A Numba loop over the words of a row is unrolled for long rows, and short ones fall through to its remainder, one word
at a time. The C library's memcpy and memcmp are twice as fast on rows of 100 to 200 bytes at random places.

All arrays are C-contiguous with two axes; `at` and `to` are rows. There are no checks. Numba's caches of the callers do
not notice a change in this file.
"""

from typing import Any

from llvmlite import ir
from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

_BYTE = ir.IntType(8)
_BYTES = _BYTE.as_pointer()
_SIZE = ir.IntType(64)


def _row(context: Any, builder: Any, kind: Any, value: Any, row: Any) -> tuple[Any, Any]:
    """The address of a row of an array, and the bytes of a row.

    They follow from the shape: the stride of an axis of length 1 may be anything.
    """
    array = context.make_array(kind)(context, builder, value)
    row_bytes = builder.mul(cgutils.unpack_tuple(builder, array.shape)[1], array.itemsize)
    return builder.gep(builder.bitcast(array.data, _BYTES), [builder.mul(row_bytes, row)]), row_bytes


def _copy_row(typingctx: Any, target: Any, to: Any, source: Any, at: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        into, row_bytes = _row(context, builder, signature.args[0], args[0], args[1])
        out_of, _ = _row(context, builder, signature.args[2], args[2], args[3])
        cgutils.raw_memcpy(builder, into, out_of, row_bytes, 1)
        return context.get_dummy_value()

    return types.void(target, types.int64, source, types.int64), codegen


def _put_field(typingctx: Any, target: Any, to: Any, offset: Any, source: Any, at: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        row, _ = _row(context, builder, signature.args[0], args[0], args[1])
        out_of, field_bytes = _row(context, builder, signature.args[3], args[3], args[4])
        cgutils.raw_memcpy(builder, builder.gep(row, [args[2]]), out_of, field_bytes, 1)
        return context.get_dummy_value()

    return types.void(target, types.int64, types.int64, source, types.int64), codegen


def _field_equals(typingctx: Any, rows: Any, at: Any, offset: Any, field: Any, of: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        row, _ = _row(context, builder, signature.args[0], args[0], args[1])
        other, field_bytes = _row(context, builder, signature.args[3], args[3], args[4])
        kind = ir.FunctionType(ir.IntType(32), [_BYTES, _BYTES, _SIZE])
        compare = cgutils.get_or_insert_function(builder.module, kind, "memcmp")
        result = builder.call(compare, [builder.gep(row, [args[2]]), other, field_bytes])
        return builder.icmp_signed("==", result, ir.Constant(ir.IntType(32), 0))

    return types.boolean(rows, types.int64, types.int64, field, types.int64), codegen


def _prefetch_row(typingctx: Any, rows: Any, at: Any) -> Any:
    def codegen(context: Any, builder: Any, signature: Any, args: Any) -> Any:
        row, _ = _row(context, builder, signature.args[0], args[0], args[1])
        number = ir.IntType(32)
        kind = ir.FunctionType(ir.VoidType(), [_BYTES, number, number, number])
        prefetch = builder.module.declare_intrinsic("llvm.prefetch", [_BYTES], kind)
        # For reading (0), into all levels of the cache (3), as data (1): two lines, all of most rows.
        for line in (0, 64):
            place = builder.gep(row, [_SIZE(line)])
            builder.call(prefetch, [place, number(0), number(3), number(1)])
        return context.get_dummy_value()

    return types.void(rows, types.int64), codegen


# copy_row(target, to, source, at): ``target[to] = source[at]``; rows of both are of one size.
copy_row: Any = intrinsic(_copy_row)

# put_field(target, to, offset, source, at): ``target[to]``, from byte `offset` on, becomes ``source[at]``.
put_field: Any = intrinsic(_put_field)

# field_equals(rows, at, offset, field, of): whether ``rows[at]``, from byte `offset` on, is ``field[of]``.
field_equals: Any = intrinsic(_field_equals)

# prefetch_row(rows, at): ask for ``rows[at]`` from memory, to be read a little later.
prefetch_row: Any = intrinsic(_prefetch_row)
