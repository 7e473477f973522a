"""Telic's schema beside the data in a foreign format, so that names, units and frames come back."""

from collections.abc import Mapping
from typing import Any

from telic.replay.errors import FileFormatError, SchemaError
from telic.replay.schema import Schema

# The key under which formats keep it.
KEY = "telic_schema"


def read_note(note: Any, where: str) -> Schema | None:
    """The schema that a Telic export left in a dataset, or None if there is none.

    Raises:
        FileFormatError: If there is one, but damaged.
    """
    if note is None:
        return None
    try:
        return Schema.from_json(note) if isinstance(note, str) else Schema.from_dict(note)
    except SchemaError as error:
        raise FileFormatError(f"{where}: {KEY!r} is damaged: {error}") from error


def refuse_other_keys(schema: Schema, keys: Mapping[str, Any] | set[str], where: str) -> None:
    """Check that data has what its note says.

    Raises:
        FileFormatError: If a signal is missing from it or not in the note.
    """
    for name in schema.names:
        if name not in keys:
            raise FileFormatError(f"{where}: signal {name!r} of {KEY!r} is not in the data")
    for key in keys:
        if key not in schema.names:
            raise FileFormatError(f"{where}: the data has {key!r}, which {KEY!r} does not name")
