"""Where a recording goes: a store, or a replay in one file."""

from pathlib import Path

from telic.launch.data.dataset import Dataset
from telic.launch.data.kinds import REPLAY, REPLAY_SUFFIX, STORE
from telic.launch.errors import UserError
from telic.replay.exchange.disk import store_of
from telic.replay.exchange.memory import replay_of
from telic.replay.exchange.recording import Recording


def save(recording: Recording, out: Path) -> Dataset:
    """Read a recording to its end and keep it.

    Args:
        recording: The episodes.
        out: A new file ``*.safetensors`` for a replay, or a new folder for a store.

    Raises:
        UserError: If there is something at the path.
        ReplayError: If the recording is refused.
    """
    if out.exists():
        raise UserError(f"{out} exists already; datasets are never overwritten: give another path with --out")
    if out.suffix != REPLAY_SUFFIX:
        store = store_of(recording, out)
        return Dataset(out, STORE, store.mapped(), store.about, store)
    replay = replay_of(recording)
    out.parent.mkdir(parents=True, exist_ok=True)
    replay.save(out)
    return Dataset(out, REPLAY, replay, recording.about)
