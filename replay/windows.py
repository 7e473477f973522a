"""Windows: short stretches of consecutive steps, for world models, sequence models and multi-step losses."""

from dataclasses import dataclass

import numpy as np
from numba import njit

from telic.replay.episode_table import BEGIN, EARLIER
from telic.replay.errors import ReplayError
from telic.replay.kernels import ENDED, TERMINATED, TRUNCATED, VOID
from telic.replay.storage import Storage


@dataclass(slots=True)
class Windows:
    """B windows of H steps and the H + 1 states around them.

    Step h leads from state h to state h + 1. A window that stays within one episode may have fewer than H steps: the
    others are masked, their states repeat the nearest real one, and everything else in them is 0. In a window across
    episodes the state after an end is the first one of the next episode, and the true final one is in `final_signals`.

    Attributes:
        signals: States, (B, H + 1, *shape) per signal.
        action: (B, H, actuators) float32.
        reward: (B, H) float32.
        terminated: Where a step ended its episode for good, (B, H) bool.
        truncated: Where it was cut although it could have gone on, (B, H) bool.
        mask: Which steps are real, (B, H) bool.
        is_first: Which states begin an episode, or what is stored of it, (B, H + 1) bool.
        step: Number of each step in its episode, from 0, (B, H) int64.
        index: Slot of each step, (B, H) int64; -1 where there is none.
        generation: Age of the store at the draw, see `Batch`.
        ends: Where episodes end, (E, 2) int64: window and step. None in windows that stay within an episode.
        final_signals: The true final states of these episodes, (E, *shape) per signal; None as well.
    """

    signals: dict[str, np.ndarray]
    action: np.ndarray
    reward: np.ndarray
    terminated: np.ndarray
    truncated: np.ndarray
    mask: np.ndarray
    is_first: np.ndarray
    step: np.ndarray
    index: np.ndarray
    generation: int
    ends: np.ndarray | None = None
    final_signals: dict[str, np.ndarray] | None = None

    def __len__(self) -> int:
        return len(self.index)


def read_windows(
    storage: Storage, rewards: np.ndarray, index: np.ndarray, length: int, across: bool, backward: bool
) -> Windows:
    """Read the windows that slots name, (B,) int64; see `Replay.windows_at`."""
    if length < 1:
        raise ReplayError(f"length {length}; allowed: at least 1 step")
    if across and backward:
        raise ReplayError("a window across episodes is named by its first step: backward is not possible with it")
    size = len(index)
    places = np.empty((size, length + 1), np.int64)
    slots, step = np.empty((2, size, length), np.int64)
    reward = np.empty((size, length), np.float32)
    mask, terminated, truncated = np.empty((3, size, length), np.bool_)
    is_first = np.empty((size, length + 1), np.bool_)
    _walk(
        index, across, backward, storage.head, storage.count, storage.written, storage.streams, storage.flags,
        storage.episode, storage.table, rewards, places, slots, step, reward, mask, terminated, truncated, is_first,
    )  # fmt: skip
    packed = storage.rows_at(places.reshape(-1)).reshape(size, length + 1)
    action = packed["action"][:, :length]
    if not mask.all():
        action[~mask] = 0.0
    windows = Windows(
        signals={name: packed[name] for name in storage.schema.names},
        action=action,
        reward=reward,
        terminated=terminated,
        truncated=truncated,
        mask=mask,
        is_first=is_first,
        step=step,
        index=slots,
        generation=storage.written,
    )
    if across:
        windows.ends = np.argwhere(terminated | truncated)
        finals = storage.rows_at(storage.following(slots[*windows.ends.T]))
        windows.final_signals = {name: finals[name] for name in storage.schema.names}
    return windows


@njit(cache=True)
def _walk(
    index: np.ndarray,
    across: bool,
    backward: bool,
    head: int,
    count: int,
    written: int,
    streams: int,
    flags: np.ndarray,
    episode: np.ndarray,
    table: np.ndarray,
    rewards: np.ndarray,
    places: np.ndarray,
    slots: np.ndarray,
    step: np.ndarray,
    reward: np.ndarray,
    mask: np.ndarray,
    terminated: np.ndarray,
    truncated: np.ndarray,
    is_first: np.ndarray,
) -> None:
    """Find the steps of the windows that B slots name; `places`, (B, H + 1) int64, and what follows it are written."""
    length = slots.shape[1]
    rows = flags.size // streams
    newest = (head - 1) % rows
    slots[:] = -1
    step[:] = 0
    reward[:] = 0.0
    mask[:] = False
    terminated[:] = False
    truncated[:] = False
    is_first[:] = False
    for b in range(index.size):
        slot = index[b]
        generation = written - 1 - (newest - slot // streams) % rows
        lead = 0
        if backward:
            before = generation - max(table[episode[slot], BEGIN], written - count)
            lead = max(length - 1 - before, 0)
            slot = (slot - (length - 1 - lead) * streams) % flags.size
            generation -= length - 1 - lead
        for h in range(lead):
            places[b, h] = slot
        for h in range(lead, length):
            places[b, h] = slot
            slots[b, h] = slot
            begin = table[episode[slot], BEGIN]
            step[b, h] = generation - begin + table[episode[slot], EARLIER]
            reward[b, h] = rewards[slot]
            mask[b, h] = True
            terminated[b, h] = flags[slot] & TERMINATED != 0
            truncated[b, h] = flags[slot] & TRUNCATED != 0
            is_first[b, h] = generation == begin
            last = -1 - np.int64(episode[slot])
            slot, generation = _next_slot(slot, generation, written, across, flags, streams)
            if slot < 0:
                for after in range(h + 1, length + 1):
                    places[b, after] = last
                break
            if h == length - 1:
                places[b, length] = slot
                is_first[b, length] = generation == table[episode[slot], BEGIN]


@njit(cache=True)
def _next_slot(
    slot: int, generation: int, written: int, across: bool, flags: np.ndarray, streams: int
) -> tuple[int, int]:
    """The slot of the next step of the same stream and its generation; -1 if there is none or it is not wanted."""
    if flags[slot] & ENDED and not across:
        return -1, generation
    while generation < written - 1:
        slot = (slot + streams) % flags.size
        generation += 1
        if not flags[slot] & VOID:
            return slot, generation
    return -1, generation
