"""What a LeRobotDataset says of itself: its features, and the schema that follows from them."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from telic.replay.action import ActionSpec
from telic.replay.errors import FileFormatError, SchemaError
from telic.replay.exchange import lerobot_layout as layout
from telic.replay.exchange.checks import refuse_non_finite
from telic.replay.exchange.columns import numpy_column, read_table
from telic.replay.exchange.foreign import OBSERVATION, foreign_actions, foreign_signal, identifier, limits_of
from telic.replay.exchange.recording import Report
from telic.replay.exchange.schema_note import KEY, read_note, refuse_other_keys
from telic.replay.schema import Schema
from telic.replay.signal import Signal


def read_info(folder: Path, where: str) -> dict[str, Any]:
    """What ``meta/info.json`` says, its features checked.

    Raises:
        FileNotFoundError: If there is none.
        FileFormatError: If it is damaged, of another version, or lacks what is needed.
    """
    path = folder / layout.INFO
    if not path.is_file():
        raise FileNotFoundError(2, f"there is no LeRobotDataset here: it has a file {layout.INFO}", str(folder))
    info = _json(path, where)
    version = info.get("codebase_version")
    if version != layout.VERSION:
        raise FileFormatError(
            f"{where} has version {version!r}; this Telic reads {layout.VERSION!r}. LeRobot converts older ones: "
            "python -m lerobot.datasets.v30.convert_dataset_v21_to_v30 --repo-id=..."
        )
    features = info.get("features")
    if not isinstance(features, dict) or not features:
        raise FileFormatError(f"{where}: {layout.INFO} lacks 'features'")
    for key, feature in features.items():
        shape = feature.get("shape") if isinstance(feature, dict) else None
        if not isinstance(shape, list) or not all(isinstance(axis, int) and axis > 0 for axis in shape):
            raise FileFormatError(f"{where}: feature {key!r} has no shape, as in [3]")
        if not isinstance(feature.get("dtype"), str):
            raise FileFormatError(f"{where}: feature {key!r} has no dtype, as in 'float32'")
    for key in (layout.ACTION, "episode_index", "frame_index"):
        if key not in features:
            raise FileFormatError(f"{where}: {layout.INFO} lacks the feature {key!r}")
    return info


def schema_of(folder: Path, features: Mapping[str, Any], where: str, report: Report) -> tuple[Schema, dict[str, str]]:
    """The schema, and the feature of each signal.

    Raises:
        ReplayError: If there is nothing that a signal could be, or Telic's own note does not fit the features.
    """
    observed = {
        key: feature for key, feature in features.items() if key.startswith(layout.PREFIX) or key == OBSERVATION
    }
    for key, feature in list(observed.items()):
        if feature["dtype"] in ("video", "image", "string"):
            report.note(f"{key!r} is not read: {feature['dtype']}")
            del observed[key]
    if not observed:
        raise SchemaError(f"{where} has no observation that is made of numbers")
    note = _json(folder / layout.NOTE, where).get(KEY) if (folder / layout.NOTE).is_file() else None
    schema = read_note(note, f"{where}: {layout.NOTE}")
    if schema is not None:
        keys = {signal.name: layout.key_of(signal.name) for signal in schema.signals}
        refuse_other_keys(schema, {name for name, key in keys.items() if key in observed}, where)
        for signal in schema.signals:
            if layout.shape_in(features, keys[signal.name]) != layout.stored_shape(signal):
                raise FileFormatError(f"{where}: {keys[signal.name]!r} has another shape than {layout.NOTE} says")
        return schema, keys
    signals: list[Signal] = []
    for key, feature in observed.items():
        name = identifier(key.removeprefix(layout.PREFIX), [signal.name for signal in signals])
        signals.append(foreign_signal(key, name, feature["shape"], _dtype(feature["dtype"], key, where), where))
    keys = dict(zip((signal.name for signal in signals), observed, strict=True))
    return Schema(tuple(signals), _actions(folder, features[layout.ACTION], where, report)), keys


def _actions(folder: Path, feature: Mapping[str, Any], where: str, report: Report) -> ActionSpec:
    """The action spec: limits are those that occur, for the format does not say them."""
    size = int(np.prod(feature["shape"]))
    smallest, largest = np.full(size, np.inf), np.full(size, -np.inf)
    for file in sorted((folder / "data").glob("*/*.parquet")):
        place = f"{where}: {file.relative_to(folder)}"
        table = read_table(file, [layout.ACTION], place)
        actions = numpy_column(table.column(layout.ACTION), layout.ACTION, place, tuple(feature["shape"]))
        refuse_non_finite(actions, layout.ACTION, place)
        actions = actions.reshape(-1, size)
        smallest = np.minimum(smallest, actions.min(axis=0, initial=np.inf))
        largest = np.maximum(largest, actions.max(axis=0, initial=-np.inf))
    if not np.isfinite(smallest).all():
        raise FileFormatError(f"{where} has no rows")
    names = feature.get("names")
    named = [str(name) for name in names] if isinstance(names, list) else None
    return foreign_actions(size, *limits_of(smallest, largest, report), named)


def _dtype(text: str, key: str, where: str) -> np.dtype:
    try:
        return np.dtype(text)
    except TypeError as error:
        raise FileFormatError(f"{where}: feature {key!r} has the unknown dtype {text!r}") from error


def _json(path: Path, where: str) -> dict[str, Any]:
    try:
        document = json.loads(path.read_text())
    except ValueError as error:
        raise FileFormatError(f"{where}: {path.name} is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise FileFormatError(f"{where}: {path.name} is not a JSON object")
    return document
