"""The sentences of the tasks of a LeRobotDataset: the index of a pandas frame."""

import json
from collections.abc import Mapping
from pathlib import Path

from telic.replay.errors import FileFormatError
from telic.replay.exchange.columns import read_table

_INDEX = "__index_level_0__"


def write_tasks(path: Path, tasks: Mapping[str, int]) -> None:
    """Write sentences and their numbers."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    table = pa.table(
        {"task_index": pa.array(list(tasks.values()), pa.int64()), _INDEX: pa.array(list(tasks), pa.string())}
    )
    text = {"pandas_type": "unicode", "numpy_type": "object"}
    number = {"pandas_type": "int64", "numpy_type": "int64", "metadata": None}
    frame = {
        "index_columns": [_INDEX],
        "column_indexes": [{"name": None, "field_name": None, **text, "metadata": {"encoding": "UTF-8"}}],
        "columns": [
            {"name": "task_index", "field_name": "task_index", **number},
            {"name": None, "field_name": _INDEX, **text, "metadata": None},
        ],
        "creator": {"library": "pyarrow", "version": pa.__version__},
        "pandas_version": "2.2.0",
    }
    pq.write_table(table.replace_schema_metadata({"pandas": json.dumps(frame)}), path)


def read_tasks(path: Path, where: str) -> dict[int, str]:
    """The sentences by number; none where there is no such file.

    Raises:
        FileFormatError: If the file is damaged, or is something else.
    """
    if not path.is_file():
        return {}
    found = {}
    for row in read_table(path, None, f"{where}: {path.name}").to_pylist():
        sentence = next((value for value in row.values() if isinstance(value, str)), None)
        if sentence is None or not isinstance(row.get("task_index"), int):
            raise FileFormatError(f"{where}: {path.name} needs 'task_index' and the sentence of each task")
        found[row["task_index"]] = sentence
    return found
