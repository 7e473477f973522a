"""Recordings as Minari datasets."""

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from gymnasium import spaces

from telic.replay.errors import ReplayError, StaleColumnError
from telic.replay.exchange.minari_in import LIBRARY
from telic.replay.exchange.recording import Recording, Report
from telic.replay.exchange.schema_note import KEY
from telic.replay.exchange.space import as_leaf, space_of
from telic.replay.exchange.steps import last_marked
from telic.replay.exchange.unfinished import unfinished

if TYPE_CHECKING:
    from minari.data_collector.episode_buffer import EpisodeBuffer

FORMATS = ("hdf5", "arrow", "parquet")


def write_minari(
    recording: Recording,
    path: str | Path,
    *,
    dataset_id: str | None = None,
    data_format: str = "hdf5",
    description: str = "",
) -> Report:
    """Write a Minari dataset.

    Observations are a Dict with one Box for each signal, or a Box where the only signal is ``observation``. An episode
    that is still open has neither end mark.

    Args:
        recording: Its episodes must have rewards, for Minari's must.
        path: The dataset's folder, whose name ends with a version, such as ``hover-v0``. `minari.load_dataset` finds it
            by its id if it is below ``MINARI_DATASETS_PATH``.
        dataset_id: The id; the folder's name by default.
        data_format: One of `FORMATS`. Minari takes long to write many episodes in another than HDF5.
        description: For people.

    Raises:
        ReplayError: If an argument is not allowed, an episode has no rewards, or there is something at the path.
        ImportError: If Minari is not installed.
    """
    try:
        from minari import __version__
        from minari.dataset.minari_dataset import DATASET_ID_RE
        from minari.dataset.minari_storage import MinariStorage
    except ImportError as error:
        raise ImportError(LIBRARY, name=error.name) from error
    # Minari's size of a dataset is wrong for relative paths.
    path = Path(path).expanduser().absolute()
    name = dataset_id or path.name
    match = DATASET_ID_RE.fullmatch(name)
    if match is None or match["version"] is None:
        raise ReplayError(f"{name!r} is no Minari dataset id: it needs a name and a version, as in 'hover-v0'")
    if data_format not in FORMATS:
        raise ReplayError(f"data_format is {data_format!r}; allowed: {', '.join(FORMATS)}")
    low, high = recording.schema.actions.bounds
    with unfinished(path) as folder:
        folder.mkdir()
        storage = MinariStorage.new(
            folder / "data",
            space_of(recording.schema),
            spaces.Box(low, high, dtype=np.float32),
            data_format=data_format,
            # JPEG would change images.
            jpeg_encoding=False,
        )
        storage.update_metadata(
            {
                "dataset_id": name,
                "minari_version": __version__,
                "description": description,
                KEY: recording.schema.to_dict(),
            }
        )
        storage.update_episodes(_buffers(recording))
    return recording.report


def _buffers(recording: Recording) -> Iterator["EpisodeBuffer"]:
    from minari.data_collector.episode_buffer import EpisodeBuffer

    boxed = not isinstance(space_of(recording.schema), spaces.Dict)
    for number, episode in enumerate(recording):
        if episode.reward is None:
            raise StaleColumnError(f"episode {number} has no rewards, and Minari needs them: name a reward column")
        leaves = {signal.name: as_leaf(episode.signals[signal.name], signal) for signal in recording.schema.signals}
        # Arrays serve as the lists of the signature.
        values: dict[str, Any] = {
            "observations": next(iter(leaves.values())) if boxed else leaves,
            "actions": episode.action,
            "rewards": episode.reward,
            "terminations": last_marked(len(episode), episode.terminated),
            "truncations": last_marked(len(episode), episode.truncated),
        }
        yield EpisodeBuffer(**values)
