"""Transitions with n-step returns: the batches of most model-free learners."""

import numpy as np

from telic.replay import kernels
from telic.replay.batch import Batch
from telic.replay.errors import ReplayError
from telic.replay.storage import Storage, split_rows

NOT_DRAWN = np.zeros(0)


def n_step_batch(
    storage: Storage,
    rewards: np.ndarray,
    index: np.ndarray | None,
    uniform: np.ndarray,
    n_step: int,
    gamma: float,
    next_action: bool,
) -> Batch:
    """Read transitions and sum their next rewards.

    Args:
        storage: Where they are.
        rewards: Of its slots, (slots,) float32.
        index: Slots of the first steps, (B,) int64, or None to draw them among all with `uniform`.
        uniform: Numbers in [0, 1), (B,) float64; `NOT_DRAWN` if the slots are given.
        n_step: See `Replay.at`.
        gamma: See `Replay.at`.
        next_action: See `Replay.at`.
    """
    places, steps, (returns, discounts) = walk(storage, rewards, index, uniform, n_step, gamma)
    packed = storage.rows_at(places.reshape(-1)).reshape(places.shape)
    signals, next_signals = split_rows(packed, storage.schema)
    batch = Batch(signals, packed["action"][0], returns, next_signals, discounts, steps, places[0], storage.written)
    if next_action:
        following = places[1]
        known = following >= 0
        batch.has_next_action = known
        batch.next_action = np.where(known[:, None], storage.rows_at(np.maximum(following, 0))["action"], np.float32(0))
    return batch


def walk(
    storage: Storage, rewards: np.ndarray, index: np.ndarray | None, uniform: np.ndarray, n_step: int, gamma: float
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Find where n-step transitions begin and end, without reading a state; the arguments are those of `n_step_batch`.

    Returns:
        The first slots and the places of the last states, (2, B) int64; the numbers of steps, (B,) int64; the returns
        and the discounts, (2, B) float32.

    Raises:
        ReplayError: If an argument is out of range.
    """
    if n_step < 1 or not 0.0 <= gamma <= 1.0:
        raise ReplayError(f"n_step {n_step}, gamma {gamma}; allowed: at least 1, 0 to 1")
    size = len(uniform) if index is None else len(index)
    places = np.empty((3, size), np.int64)
    sums = np.empty((2, size), np.float32)
    if index is not None:
        places[0] = index
    kernels.n_step(
        uniform, storage.filled, storage.head, storage.streams, storage.flags, storage.episode, rewards, n_step, gamma,
        places, sums,
    )  # fmt: skip
    return places[:2], places[2], sums
