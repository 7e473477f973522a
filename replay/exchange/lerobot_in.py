"""LeRobotDataset v3.0 as recordings; cameras are left out.

The format has no row for the state after the last step of an episode. A dataset that `write_lerobot` wrote keeps these
states in a file of its own; of any other, a cut episode loses its last step (see `steps`).
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from telic.replay.errors import FileFormatError, ReplayError
from telic.replay.exchange import lerobot_layout as layout
from telic.replay.exchange.checks import as_type, flags, refuse_non_finite
from telic.replay.exchange.columns import numpy_column, read_table
from telic.replay.exchange.foreign import (
    as_float32,
)
from telic.replay.exchange.lerobot_info import read_info, schema_of
from telic.replay.exchange.lerobot_tasks import read_tasks
from telic.replay.exchange.recording import Episode, Recording, Report
from telic.replay.exchange.steps import Steps, episodes_of
from telic.replay.schema import Schema
from telic.replay.signal import Signal

DONE_MEANS = ("truncated", "terminated")


def read_lerobot(path: str | Path, *, done_means: str = "truncated") -> Recording:
    """Open a LeRobotDataset.

    The features ``observation.NAME`` become the signals NAME. ``next.terminated`` and ``next.truncated`` say how an
    episode ended, or ``next.success``: it is over for good. Of an episode that only has ``next.done``, nothing does.

    Args:
        path: The dataset's folder.
        done_means: How to take an end that is only marked ``next.done``: one of `DONE_MEANS`. A time limit taken for
            a termination teaches a learner that nothing comes after it; the other mistake is the smaller one.

    Raises:
        FileNotFoundError: If there is no dataset.
        ReplayError: If it cannot be read, also while the episodes are read; or if an argument is not allowed.
        ImportError: If pyarrow is not installed.
    """
    try:
        import pyarrow  # noqa: F401
    except ImportError as error:
        raise ImportError(layout.LIBRARY, name=error.name) from error
    if done_means not in DONE_MEANS:
        raise ReplayError(f"done_means is {done_means!r}; allowed: {', '.join(DONE_MEANS)}")
    folder = Path(path).expanduser()
    where = f"LeRobotDataset {folder}"
    info = read_info(folder, where)
    report = Report(where)
    schema, keys = schema_of(folder, info["features"], where, report)
    reader = _Reader(folder, info["features"], schema, keys, done_means, where, report)
    about = {name: info[name] for name in ("fps", "robot_type") if info.get(name) is not None}
    return Recording(schema, reader.episodes(), report, about)


@dataclass(frozen=True)
class _Reader:
    """Reads the episodes of a dataset, file by file.

    Attributes:
        folder: The dataset.
        features: What ``info.json`` says of them.
        schema: Of the signals.
        keys: The feature of each signal.
        done_means: See `read_lerobot`.
        where: The dataset, for messages.
        report: Told what happens.
    """

    folder: Path
    features: Mapping[str, Any]
    schema: Schema
    keys: Mapping[str, str]
    done_means: str
    where: str
    report: Report

    def episodes(self) -> Iterator[Episode]:
        """The episodes, checked."""
        files = sorted((self.folder / "data").glob("*/*.parquet"))
        if not files:
            raise FileFormatError(f"{self.where} has no file data/chunk-000/file-000.parquet")
        finals, tasks = self._finals(), read_tasks(self.folder / layout.TASKS, self.where)
        seen: set[int] = set()
        for file in files:
            where = f"{self.where}: {file.relative_to(self.folder)}"
            columns = self._columns(file, where)
            numbers = columns["episode_index"]
            starts = np.flatnonzero(np.diff(numbers, prepend=numbers[:1] - 1)).tolist()
            for start, stop in zip(starts, [*starts[1:], len(numbers)], strict=True):
                number = int(numbers[start])
                if number in seen:
                    raise FileFormatError(f"{where}: the rows of episode {number} are not in one place")
                seen.add(number)
                rows = {key: values[start:stop] for key, values in columns.items()}
                yield from self._episode(rows, number, finals.get(number), tasks, where)

    def _columns(self, file: Path, where: str) -> dict[str, np.ndarray]:
        """All columns of a file that are read, (rows, *shape) each."""
        optional = (layout.REWARD, layout.DONE, layout.TERMINATED, layout.TRUNCATED, layout.SUCCESS, "task_index")
        wanted = [*self.keys.values(), layout.ACTION, "episode_index", "frame_index"]
        wanted += [key for key in optional if key in self.features]
        table = read_table(file, wanted, where)
        columns = {}
        for key in wanted:
            columns[key] = numpy_column(table.column(key), key, where, layout.shape_in(self.features, key))
            refuse_non_finite(columns[key], key, where)
        for key in ("episode_index", "frame_index"):
            columns[key] = columns[key].reshape(-1)
        return columns

    def _episode(
        self,
        rows: Mapping[str, np.ndarray],
        number: int,
        final: Mapping[str, np.ndarray] | None,
        tasks: Mapping[int, str],
        where: str,
    ) -> Iterator[Episode]:
        where = f"{where}, episode {number}"
        frames = rows["frame_index"]
        if not np.array_equal(frames, np.arange(len(frames))):
            raise FileFormatError(f"{where}: 'frame_index' does not count 0, 1, 2, ...: rows are missing or mixed up")
        terminated, truncated = self._ends(rows, where)
        steps = Steps(
            {signal.name: _states(rows[self.keys[signal.name]], signal, where) for signal in self.schema.signals},
            as_float32(rows[layout.ACTION].reshape(len(frames), -1), "actions", self.report),
            terminated,
            truncated,
            as_float32(rows[layout.REWARD].reshape(-1), "rewards", self.report) if layout.REWARD in rows else None,
        )
        task = tasks.get(int(rows["task_index"].reshape(-1)[0]), "") if "task_index" in rows else ""
        yield from episodes_of(steps, final, self.report, {"task": task} if task else None)

    def _ends(self, rows: Mapping[str, np.ndarray], where: str) -> tuple[np.ndarray, np.ndarray]:
        """The end marks of an episode, terminated and truncated, (T,) bool each."""
        steps = len(rows["frame_index"])
        marks = {
            key: flags(rows[key], key, where, steps)
            for key in (layout.DONE, layout.TERMINATED, layout.TRUNCATED, layout.SUCCESS)
            if key in rows
        }
        none = np.zeros(steps, np.bool_)
        done = marks.get(layout.DONE, none)
        truncated = marks.get(layout.TRUNCATED, none)
        if layout.TERMINATED in marks:
            return marks[layout.TERMINATED], truncated
        if layout.TRUNCATED in marks:
            return done & ~truncated, truncated
        # Marks before the last step say that the robot has succeeded, and goes on.
        last = none.copy()
        last[-1:] = True
        success = last & marks.get(layout.SUCCESS, none)
        unclear = last & done & ~success
        if unclear.any():
            self.report.note(f"episode that ends in 'next.done' and does not say how: taken as {self.done_means}")
        if self.done_means == "terminated":
            return success | unclear, none
        return success, unclear

    def _finals(self) -> dict[int, dict[str, np.ndarray]]:
        """The observations after the last steps, by episode; none where Telic did not write the dataset."""
        file = self.folder / layout.FINALS
        if not file.is_file():
            return {}
        where = f"{self.where}: {layout.FINALS}"
        table = read_table(file, ["episode_index", *self.keys.values()], where)
        numbers = numpy_column(table.column("episode_index"), "episode_index", where, (1,)).reshape(-1)
        columns = {}
        for signal in self.schema.signals:
            key = self.keys[signal.name]
            values = numpy_column(table.column(key), key, where, layout.shape_in(self.features, key))
            refuse_non_finite(values, key, where)
            columns[signal.name] = _states(values, signal, where)
        return {
            int(number): {name: values[row] for name, values in columns.items()} for row, number in enumerate(numbers)
        }


def _states(values: np.ndarray, signal: Signal, where: str) -> np.ndarray:
    """Rows of a feature as states of a signal, (rows, *shape)."""
    return as_type(values.reshape(len(values), *signal.shape), signal.dtype, signal.name, where)
