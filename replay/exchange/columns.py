"""Arrow columns from arrays and back, also where a row is an array of several axes."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from telic.replay.errors import FileFormatError, ShapeError

if TYPE_CHECKING:
    import pyarrow as pa


def arrow_column(values: np.ndarray) -> "pa.Array":
    """An array (rows, *shape) as a column: plain values, lists of fixed length, or lists of lists."""
    import pyarrow as pa

    rows, shape = len(values), values.shape[1:]
    flat = pa.array(np.ascontiguousarray(values).reshape(-1))
    if shape in ((), (1,)):
        return flat
    if len(shape) == 1:
        return pa.FixedSizeListArray.from_arrays(flat, shape[0])
    # Readers of the Hugging Face stack know arrays of several axes only as lists without a fixed length.
    for axis in range(len(shape) - 1, -1, -1):
        count = rows * int(np.prod(shape[:axis], dtype=np.int64))
        offsets = pa.array(np.arange(count + 1, dtype=np.int32) * shape[axis], pa.int32())
        flat = pa.ListArray.from_arrays(offsets, flat)
    return flat


def numpy_column(column: Any, key: str, where: str, shape: tuple[int, ...]) -> np.ndarray:
    """The inverse of `arrow_column`, for a column of unknown origin.

    Args:
        column: A chunked array of pyarrow.
        key: Its name.
        where: Its file.
        shape: Shape of a row; ``(1,)`` also for plain values.

    Returns:
        (rows, *shape), of the column's own type.

    Raises:
        FileFormatError: If a value is missing, or it is not made of numbers.
        ShapeError: If a row has another shape.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    array = column.combine_chunks()
    if isinstance(array, pa.ChunkedArray):
        array = pa.concat_arrays(array.chunks) if array.num_chunks else pa.array([], column.type)
    rows = len(array)
    for axis in (*shape, None):
        if isinstance(array, pa.ExtensionArray):
            array = array.storage
        if array.null_count:
            raise FileFormatError(f"{where}: {key!r} has {array.null_count} missing values")
        if not _is_list(array.type):
            break
        lengths = pc.call_function("list_value_length", [array]).unique().to_pylist()
        if axis is None or lengths not in ([axis], []):
            raise ShapeError(f"{where}: {key!r} has rows of lengths {lengths}, expected rows of shape {shape}")
        array = array.flatten()
    kind = array.type
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_boolean(kind)):
        raise FileFormatError(f"{where}: {key!r} is made of {kind}, not of numbers")
    values = array.to_numpy(zero_copy_only=False)
    if values.size != rows * int(np.prod(shape)):
        raise ShapeError(f"{where}: {key!r} has {values.size} numbers in {rows} rows, expected rows of shape {shape}")
    return values.reshape(rows, *shape)


def read_table(file: Path, columns: list[str] | None, where: str) -> Any:
    """Some columns of a Parquet file, or all.

    Raises:
        FileFormatError: If the file is damaged, or lacks one of them.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        with pq.ParquetFile(file) as parquet:
            present = parquet.schema_arrow.names
            for column in columns or ():
                if column not in present:
                    raise FileFormatError(f"{where} lacks the column {column!r}")
            return parquet.read(columns)
    except (pa.ArrowException, OSError) as error:
        raise FileFormatError(f"{where} is not a Parquet file, or it is damaged: {error}") from error


def _is_list(kind: Any) -> bool:
    import pyarrow as pa

    return pa.types.is_list(kind) or pa.types.is_fixed_size_list(kind) or pa.types.is_large_list(kind)
