"""Segments: the stretches of episodes that a chunk holds.

A segment is some steps in a row of one episode in one stream, all with the same tags. An episode that is longer than a
chunk is several segments, in as many chunks. Beside the steps a chunk keeps the state after the last step of each
segment, so that it can be read without any other chunk.
"""

import json
from collections.abc import Mapping

import numpy as np

from telic.replay.errors import ReplayError

# What else is known of steps: who acted (source), the task, the world's seed, the policy's version, whether a person
# took over (intervention), and whatever else a writer finds worth keeping.
Tags = Mapping[str, str | int | float | bool]

# `episode` counts the episodes of a writer. `start` is how many of the episode's steps came before the segment; at
# least 1 if it is not known how many. `mark` is kernels.TERMINATED or TRUNCATED if the episode ends with the segment.
# `tags` is a place in a list of tags.
SEGMENT = np.dtype(
    [
        ("stream", np.int32),
        ("episode", np.int64),
        ("start", np.int64),
        ("length", np.int64),
        ("mark", np.uint8),
        ("tags", np.int32),
    ]
)


def tags_text(tags: Tags) -> str:
    """Tags as one line of JSON, the same for equal tags.

    Raises:
        ReplayError: If a value is not a string, a number or a truth value.
    """
    for name, value in tags.items():
        if not isinstance(value, str | int | float | bool):
            raise ReplayError(f"tag {name!r} is {value!r}; allowed: a string, a number or a truth value")
    return json.dumps(dict(tags), sort_keys=True)


def columns_of(prefix: str, table: np.ndarray) -> dict[str, np.ndarray]:
    """A structured table as one array per field, ``prefix/FIELD``."""
    return {f"{prefix}/{field}": table[field] for field in table.dtype.names or ()}


def table_of(prefix: str, dtype: np.dtype, columns: Mapping[str, np.ndarray]) -> np.ndarray:
    """What `columns_of` took apart.

    Raises:
        KeyError: If a field is missing.
        ValueError: If the fields have another type or differ in length.
    """
    found = {field: columns[f"{prefix}/{field}"] for field in dtype.names or ()}
    shapes = {column.shape for column in found.values()}
    if len(shapes) != 1 or any(column.dtype != dtype[field] for field, column in found.items()):
        raise ValueError(f"the fields of {prefix!r} have the shapes {shapes} or other types than they should")
    table = np.zeros(shapes.pop(), dtype)
    for field, column in found.items():
        table[field] = column
    return table
