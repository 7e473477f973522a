"""A copy of a store on the learner's device, so that a batch never crosses the bus."""

from collections.abc import Callable
from typing import Unpack

import numpy as np
import torch

from telic.replay.errors import ReplayError
from telic.replay.n_step import NOT_DRAWN, walk
from telic.replay.replay import Replay
from telic.replay.ring import Ring
from telic.replay.sampler import Reading
from telic.replay.storage import words_of
from telic.replay.torch_batch import TorchBatch, tensor_on

# Slots, and their importance weights if there are any.
Draw = Callable[[int, np.random.Generator], np.ndarray | tuple[np.ndarray, np.ndarray | None]]


class DeviceMirror:
    """Keeps the facts of an in-memory store on a device and gathers batches there.

    Slots are drawn and rewards summed on the host, which takes microseconds and a few kilobytes; observations and
    actions, which are most of a batch, are already where they are needed. New rows are copied when a batch is next
    asked for, in one or two pieces.

    Attributes:
        replay: The store.
        device: Where the copy is.
        max_bytes: How much the copy may take.
    """

    def __init__(self, replay: Replay, device: torch.device | str, max_bytes: int) -> None:
        """Copy a store.

        Raises:
            ReplayError: If the store does not fit, or is not in memory.
        """
        if not isinstance(replay.ring, Ring):
            raise ReplayError("only a store in memory can be mirrored; read a store on disk with Store.replay() first")
        self.replay = replay
        self.device = torch.device(device)
        self.max_bytes = max_bytes
        self._load()

    @property
    def nbytes(self) -> int:
        """Bytes of the copy."""
        return self._table.nbytes

    def sample(
        self, batch_size: int, *, rng: np.random.Generator, draw: Draw | None = None, **reading: Unpack[Reading]
    ) -> TorchBatch:
        """Draw transitions; the arguments are those of `Replay.sample`.

        Args:
            batch_size: How many transitions.
            rng: Source of the draw.
            draw: Which slots, by default uniformly; as `Prioritised.draw` and `Recent.draw` of the same store.
            reading: See `Replay.at`.

        Raises:
            EmptyReplayError: If nothing is stored.
            ReplayError: If an argument is out of range, or the store has outgrown `max_bytes`.
        """
        drawn = (draw or self._draw)(batch_size, rng)
        index, weight = drawn if isinstance(drawn, tuple) else (drawn, None)
        return self._at(index, weight, **reading)

    def _draw(self, batch_size: int, rng: np.random.Generator) -> np.ndarray:
        return self.replay.draw(batch_size, rng)

    def _at(self, index: np.ndarray, weight: np.ndarray | None, **reading: Unpack[Reading]) -> TorchBatch:
        self._refresh()
        ring, size = self._ring, len(index)
        rewards = self.replay.column(reading["reward"]).total
        (_, following), steps, (returns, discounts) = walk(
            ring, rewards, index, NOT_DRAWN, reading.get("n_step", 1), reading.get("gamma", 0.99)
        )
        # The side table lies behind the slots.
        places = np.concatenate([index, np.where(following >= 0, following, len(ring.slots) - 1 - following)])
        rows = self._table.index_select(0, self._on_device(places))
        known = following >= 0 if reading.get("next_action") else None
        next_action = None if known is None else self._field(rows[size:], "action") * self._on_device(known)[:, None]
        return TorchBatch(
            signals={name: self._field(rows[:size], name) for name in ring.schema.names},
            action=self._field(rows[:size], "action"),
            reward=self._on_device(returns),
            next_signals={name: self._field(rows[size:], name) for name in ring.schema.names},
            discount=self._on_device(discounts),
            weight=None if weight is None else self._on_device(weight),
            next_action=next_action,
            has_next_action=None if known is None else self._on_device(known),
            steps=steps,
            index=index,
            generation=ring.written,
        )

    def _field(self, rows: torch.Tensor, name: str) -> torch.Tensor:
        """One signal of packed rows, (B, *shape), a view."""
        dtype, offset = self._ring.slots.dtype.fields[name][:2]  # pyright: ignore[reportOptionalSubscript, reportArgumentType]
        part = rows.view(torch.uint8)[:, offset : offset + dtype.itemsize]
        kind = torch.from_numpy(np.empty(0, dtype.base)).dtype
        return part.view(kind).view(len(rows), *dtype.shape)

    def _load(self) -> None:
        """Copy everything."""
        self._ring = self.replay.ring
        needed = self._ring.slots.nbytes + self._ring.side.nbytes
        if needed > self.max_bytes:
            raise ReplayError(
                f"the store takes {needed / 2**20:.1f} MiB, but the mirror may take {self.max_bytes / 2**20:.1f}; "
                "allow more, store fewer transitions, or draw ahead with Prefetched instead"
            )
        table = np.concatenate([_words(self._ring.slots), _words(self._ring.side)])
        self._table = torch.from_numpy(table).to(self.device)
        self._seen = self._ring.written

    def _refresh(self) -> None:
        """Copy what was written since the last look."""
        ring = self.replay.ring
        if ring is not self._ring or len(ring.slots) + len(ring.side) != len(self._table):
            self._load()
            return
        fresh = min(ring.written - self._seen, ring.count)
        if fresh == 0:
            return
        start, size = (ring.head - fresh) % ring.rows * ring.streams, fresh * ring.streams
        past_end = max(start + size - len(ring.slots), 0)
        for low, high in ((start, start + size - past_end), (0, past_end)):
            if low < high:
                self._table[low:high] = self._on_device(_words(ring.slots[low:high]))
        # The states after the newest steps of episodes, wherever there was a step.
        rows = (ring.head - 1 - np.arange(fresh)) % ring.rows
        places = np.unique(ring.episode.reshape(ring.rows, ring.streams)[rows])
        self._table[self._on_device(len(ring.slots) + places)] = self._on_device(_words(ring.side[places]))
        self._seen = ring.written

    def _on_device(self, array: np.ndarray) -> torch.Tensor:
        return tensor_on(self.device, array)


def _words(rows: np.ndarray) -> np.ndarray:
    """Packed rows as a view of 32-bit words, (rows, width) int32: a type that torch can gather on any device."""
    return words_of(rows).view(np.int32)
