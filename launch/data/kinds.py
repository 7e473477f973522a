"""Which kind of dataset lies at a path."""

from pathlib import Path

from safetensors import SafetensorError, safe_open

from telic.launch.errors import UserError
from telic.replay import state
from telic.replay.exchange.lerobot_layout import INFO
from telic.replay.store.manifest import NAME

STORE, REPLAY, MINARI, LEROBOT, HDF5, SB3 = "store", "replay", "minari", "lerobot", "hdf5", "sb3"

# Telic's own, and those of others.
OWN = (STORE, REPLAY)
FOREIGN = (MINARI, LEROBOT, HDF5, SB3)

REPLAY_SUFFIX = ".safetensors"
_HDF5_SUFFIXES = (".hdf5", ".h5")


def kind_of(path: Path) -> str | None:
    """The kind of the dataset at a path; None if there is none."""
    if path.is_dir():
        return _folder_kind(path)
    if path.suffix == REPLAY_SUFFIX and _is_replay(path):
        return REPLAY
    if path.suffix in _HDF5_SUFFIXES and path.is_file():
        return HDF5
    return SB3 if path.suffix in (".pkl", ".pickle") and path.is_file() else None


def kind_or_refuse(path: Path) -> str:
    """The kind of the dataset at a path.

    Raises:
        UserError: If there is none.
    """
    kind = kind_of(path)
    if kind is None:
        there = "holds no dataset" if path.exists() else "does not exist"
        raise UserError(
            f"{path} {there}; known are a store (a folder with {NAME}), a replay ({REPLAY_SUFFIX}), and datasets of "
            f"{', '.join(FOREIGN)}"
        )
    return kind


def _folder_kind(path: Path) -> str | None:
    if (path / NAME).is_file():
        return STORE
    if (path / INFO).is_file():
        return LEROBOT
    if (path / "data" / "metadata.json").is_file():
        return MINARI
    return None


def _is_replay(path: Path) -> bool:
    """Whether a safetensors file says that it is a replay; a policy is one too, but of another format."""
    try:
        with safe_open(path, "numpy") as file:
            return (file.metadata() or {}).get("format") == state.FORMAT
    except (SafetensorError, OSError):
        return False
