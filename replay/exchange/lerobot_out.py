"""Recordings as LeRobotDataset v3.0, without video."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from telic.replay.errors import ReplayError, SchemaError
from telic.replay.exchange import lerobot_layout as layout
from telic.replay.exchange.columns import arrow_column
from telic.replay.exchange.lerobot_stats import Statistics, statistics_of, together
from telic.replay.exchange.lerobot_tasks import write_tasks
from telic.replay.exchange.recording import Episode, Recording, Report
from telic.replay.exchange.schema_note import KEY
from telic.replay.exchange.steps import last_marked
from telic.replay.exchange.unfinished import unfinished
from telic.replay.schema import Schema

# Arrays of more axes have no place in the format.
_MOST_AXES = 5


def write_lerobot(
    recording: Recording,
    path: str | Path,
    *,
    fps: float,
    task: str = "",
    robot_type: str | None = None,
    file_mb: float = layout.FILE_MB,
) -> Report:
    """Write a LeRobotDataset.

    Each signal is the feature ``observation.NAME``. Rewards become ``next.reward`` where all episodes have them.
    ``next.done`` marks both kinds of end; see `lerobot_layout` for how they are told apart, and where the final
    observations are. An episode that is still open has no mark.

    Args:
        recording: The episodes.
        path: The dataset's folder.
        fps: Steps per second; whole numbers are what LeRobot's own tools expect.
        task: The sentence of the task of episodes that have no tag ``task``.
        robot_type: What it was recorded with.
        file_mb: Size at which a new data file is begun [MB].

    Raises:
        ReplayError: If an argument is not allowed, some episodes have rewards and some not, or there is something at
            the path.
        ImportError: If pyarrow is not installed.
    """
    try:
        import pyarrow  # noqa: F401
    except ImportError as error:
        raise ImportError(layout.LIBRARY, name=error.name) from error
    if not fps > 0.0 or not np.isfinite(fps) or not file_mb > 0.0:
        raise ReplayError(f"fps {fps}, file_mb {file_mb}; allowed: positive numbers")
    for signal in recording.schema.signals:
        if len(signal.shape) > _MOST_AXES:
            raise SchemaError(f"signal {signal.name!r} has shape {signal.shape}; LeRobot has at most {_MOST_AXES} axes")
    with unfinished(Path(path).expanduser()) as folder:
        writer = _Writer(folder, recording.schema, fps, task, robot_type, file_mb)
        for episode in recording:
            writer.add(episode)
        writer.finish()
    return recording.report


class _Writer:
    """Writes the data while episodes come, and what describes them at the end."""

    def __init__(
        self, folder: Path, schema: Schema, fps: float, task: str, robot_type: str | None, file_mb: float
    ) -> None:
        self._folder, self._schema, self._fps = folder, schema, fps
        self._task, self._robot_type, self._file_bytes = task, robot_type, file_mb * 1e6
        self._features: dict[str, dict[str, Any]] = {}
        self._with_reward = False
        self._tasks: dict[str, int] = {}
        self._rows: list[dict[str, Any]] = []
        self._statistics: list[dict[str, Statistics]] = []
        self._finals: list[Mapping[str, np.ndarray]] = []
        self._frames = self._written = 0
        self._file = 0
        self._parquet: Any = None

    def add(self, episode: Episode) -> None:
        """Write one episode, as one row group."""
        import pyarrow as pa
        import pyarrow.parquet as pq

        number, rewarded = len(self._rows), episode.reward is not None
        if number == 0:
            self._with_reward = rewarded
            self._features = layout.features_of(self._schema, rewarded)
        elif rewarded != self._with_reward:
            raise ReplayError(f"episode {number} has {'' if rewarded else 'no '}rewards, unlike those before it")
        task = str(episode.tags.get("task", self._task))
        columns = self._columns(episode, self._tasks.setdefault(task, len(self._tasks)))
        table = pa.table({key: arrow_column(values) for key, values in columns.items()})
        if self._parquet is not None and self._written + table.nbytes > self._file_bytes:
            self._close()
            self._file += 1
        if self._parquet is None:
            target = self._folder / layout.DATA.format(**self._place())
            target.parent.mkdir(parents=True, exist_ok=True)
            self._parquet = pq.ParquetWriter(target, table.schema, compression="snappy")
        self._parquet.write_table(table)
        self._written += table.nbytes
        self._describe(episode, columns, task)

    def finish(self) -> None:
        """Write what describes the data.

        Raises:
            ReplayError: If there was no episode.
        """
        if not self._rows:
            raise ReplayError("there is no episode to write")
        import pyarrow as pa
        import pyarrow.parquet as pq

        self._close()
        (self._folder / layout.EPISODES).parent.mkdir(parents=True)
        pq.write_table(pa.Table.from_pylist(self._rows), self._folder / layout.EPISODES)
        write_tasks(self._folder / layout.TASKS, self._tasks)
        finals = {"episode_index": np.arange(len(self._finals))}
        finals |= {
            layout.key_of(signal.name): np.stack([final[signal.name] for final in self._finals])
            for signal in self._schema.signals
        }
        table = pa.table({key: arrow_column(values) for key, values in finals.items()})
        pq.write_table(table, self._folder / layout.FINALS)
        features = self._statistics[0]
        statistics = {key: together([part[key] for part in self._statistics]) for key in features}
        self._json(layout.STATS, {key: _plain(values) for key, values in statistics.items()})
        self._json(layout.NOTE, {KEY: self._schema.to_dict()})
        self._json(layout.INFO, self._info())

    def _columns(self, episode: Episode, task_index: int) -> dict[str, np.ndarray]:
        """The rows of an episode, (T, *shape) per feature."""
        steps = len(episode)
        frames = np.arange(steps)
        columns = {layout.key_of(name): values[:-1] for name, values in episode.signals.items()}
        columns[layout.ACTION] = episode.action
        if episode.reward is not None:
            columns[layout.REWARD] = episode.reward
        columns[layout.DONE] = last_marked(steps, episode.ended)
        columns[layout.TERMINATED] = last_marked(steps, episode.terminated)
        columns[layout.TRUNCATED] = last_marked(steps, episode.truncated)
        columns["timestamp"] = (frames / self._fps).astype(np.float32)
        columns["frame_index"] = frames
        columns["episode_index"] = np.full(steps, len(self._rows))
        columns["index"] = self._frames + frames
        columns["task_index"] = np.full(steps, task_index)
        return columns

    def _describe(self, episode: Episode, columns: Mapping[str, np.ndarray], task: str) -> None:
        statistics = statistics_of(
            {key: values.reshape(len(values), *layout.shape_in(self._features, key)) for key, values in columns.items()}
        )
        self._statistics.append(statistics)
        self._finals.append({name: values[-1] for name, values in episode.signals.items()})
        place = self._place()
        self._rows.append(
            {
                "episode_index": len(self._rows),
                "tasks": [task],
                "length": len(episode),
                "data/chunk_index": place["chunk_index"],
                "data/file_index": place["file_index"],
                "dataset_from_index": self._frames,
                "dataset_to_index": self._frames + len(episode),
                "meta/episodes/chunk_index": 0,
                "meta/episodes/file_index": 0,
                **{
                    f"stats/{key}/{name}": value
                    for key, values in statistics.items()
                    for name, value in _plain(values).items()
                },
            }
        )
        self._frames += len(episode)

    def _place(self) -> dict[str, int]:
        chunk, file = divmod(self._file, layout.CHUNK_FILES)
        return {"chunk_index": chunk, "file_index": file}

    def _close(self) -> None:
        self._parquet.close()
        self._parquet, self._written = None, 0

    def _info(self) -> dict[str, Any]:
        return {
            "codebase_version": layout.VERSION,
            "robot_type": self._robot_type,
            "total_episodes": len(self._rows),
            "total_frames": self._frames,
            "total_tasks": len(self._tasks),
            "chunks_size": layout.CHUNK_FILES,
            "data_files_size_in_mb": layout.FILE_MB,
            "video_files_size_in_mb": 200,
            "fps": int(self._fps) if float(self._fps).is_integer() else self._fps,
            "splits": {"train": f"0:{len(self._rows)}"},
            "data_path": layout.DATA,
            "video_path": None,
            "features": self._features,
        }

    def _json(self, name: str, document: Mapping[str, Any]) -> None:
        (self._folder / name).write_text(json.dumps(document, indent=4))


def _plain(statistics: Statistics) -> dict[str, list]:
    return {name: values.tolist() for name, values in statistics.items()}
