"""The manifest of a store, ``telic.json``: what makes a folder a store, and the schema of all that is in it."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from telic.replay.errors import DtypeError, FileFormatError, ReplayError
from telic.replay.schema import Schema
from telic.replay.store.errors import NewerFormatError, NotAStoreError
from telic.replay.store.tensors import STORABLE

NAME = "telic.json"
FORMAT = "telic.store"
VERSION = 1


@dataclass(frozen=True)
class Manifest:
    """What a store says of itself.

    Attributes:
        schema: Signals and action of every transition in it.
        about: Whatever its maker wanted to say: the task, the robot, the licence. JSON.
        created: When, ISO 8601, UTC.
    """

    schema: Schema
    about: Mapping[str, Any] = field(default_factory=dict)
    created: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))

    def __post_init__(self) -> None:
        for signal in self.schema.signals:
            if np.dtype(signal.dtype).name not in STORABLE:
                raise DtypeError(
                    f"signal {signal.name!r} is {signal.dtype}, which a store cannot hold; allowed: "
                    f"{', '.join(STORABLE)}"
                )

    def to_json(self) -> str:
        """The content of the file.

        Raises:
            ReplayError: If `about` is not JSON data.
        """
        content = {"format": FORMAT, "version": VERSION, "created": self.created, "about": dict(self.about)}
        try:
            return json.dumps({**content, "schema": self.schema.to_dict()}, indent=1)
        except (TypeError, ValueError) as error:
            raise ReplayError(f"what is said about a store must be JSON data: {error}") from error

    @classmethod
    def read(cls, folder: Path) -> "Manifest":
        """Read the manifest of a store.

        Raises:
            NotAStoreError: If the folder holds none.
            NewerFormatError: If a later version of Telic made the store.
            FileFormatError: If the manifest is damaged.
        """
        path = folder / NAME
        try:
            content = json.loads(path.read_text())
        except (FileNotFoundError, NotADirectoryError) as error:
            raise NotAStoreError(f"{folder} is not a store: it has no {NAME}; make one with Store.create") from error
        except (ValueError, UnicodeDecodeError) as error:
            raise FileFormatError(f"{path} is damaged: {error}") from error
        if not isinstance(content, dict) or content.get("format") != FORMAT:
            raise NotAStoreError(f"{path} does not describe a store: it lacks the format {FORMAT!r}")
        version = content.get("version")
        if not isinstance(version, int) or version < 1:
            raise FileFormatError(f"{path} is damaged: its version is {version!r}")
        if version > VERSION:
            raise NewerFormatError(
                f"{folder} is a store of version {version}, this Telic reads {VERSION}: update Telic"
            )
        try:
            return cls(Schema.from_dict(content["schema"]), content["about"], content["created"])
        except (KeyError, ValueError) as error:
            raise FileFormatError(f"{path} is damaged: {type(error).__name__}: {error}") from error


def schema_fingerprint(schema: Schema) -> str:
    """A hash of a schema; every chunk carries it, so that a chunk of another store is told apart."""
    text = json.dumps(schema.to_dict(), sort_keys=True)
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()
