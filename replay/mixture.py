"""Mixtures: batches with an exact share from each of several stores."""

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from functools import lru_cache
from typing import Any, Unpack

import numpy as np

from telic.replay.batch import Batch
from telic.replay.column import Column
from telic.replay.errors import EmptyReplayError, FileFormatError, ReplayError, SchemaError
from telic.replay.sampler import Reading, Sampler
from telic.replay.schedule import Linear, value_at
from telic.replay.schema import Schema

_MERGED = tuple(entry.name for entry in fields(Batch) if entry.name != "source")


class Mixture:
    """Draws a fixed share of every batch from each of some samplers, as RLPD draws half of it from demonstrations.

    Counts are exact, not drawn: 256 at one half are 128 and 128. Where a share is no whole number, what was rounded off
    is carried to the next batches, so that over many batches the counts are exact too. Transitions of all parts are
    interleaved: cut a batch into equal minibatches, and each has the same shares.

    Source: Ball et al., "Efficient Online Reinforcement Learning with Offline Data" (RLPD), 2023, for symmetric
    sampling.

    Attributes:
        parts: The samplers; `Batch.source` counts them from 0.
    """

    def __init__(self, parts: Sequence[tuple[Sampler, float | Linear]]) -> None:
        """Mix some samplers.

        Args:
            parts: Each sampler with its share of every batch, or a schedule of that share.

        Raises:
            ReplayError: If a share is outside 0 to 1, the shares do not always add up to 1, or a part is a mixture.
            SchemaError: If the samplers hold different signals or actions.
        """
        self.parts = tuple(part for part, _ in parts)
        self._shares = tuple(share for _, share in parts)
        # Shares are straight lines between these batches, so they add up everywhere if they do here.
        for batch in {0, *(share.batches for share in self._shares if isinstance(share, Linear))}:
            shares = self._shares_at(batch)
            if min(shares, default=0.0) < 0.0 or abs(sum(shares) - 1.0) > 1e-9:
                raise ReplayError(f"the shares at batch {batch} are {shares}; each must be 0 to 1, and their sum 1")
        for i, part in enumerate(self.parts):
            if isinstance(part, Mixture):
                raise ReplayError(f"part {i} is a mixture itself: name its parts here, with their shares of the whole")
            _refuse_other_facts(self.schema, part.schema, i)
        self._batches = 0
        self._owed = np.zeros(len(self.parts))

    @property
    def schema(self) -> Schema:
        """Signals and action of the transitions, those of the first part."""
        return self.parts[0].schema

    @property
    def shares(self) -> tuple[float, ...]:
        """The share of each part in the next batch."""
        return self._shares_at(self._batches)

    @property
    def cursor(self) -> np.ndarray:
        """What drawing changes: how many batches were drawn, and what is owed to each part, (1 + parts,) float64."""
        return np.array([self._batches, *self._owed])

    @cursor.setter
    def cursor(self, value: np.ndarray) -> None:
        self._batches, self._owed = int(value[0]), np.array(value[1:])

    def sample(self, batch_size: int, *, rng: np.random.Generator, **reading: Unpack[Reading]) -> Batch:
        """Draw from every part; the arguments are those of `Replay.sample`.

        Raises:
            EmptyReplayError: If a part that has a share is empty; it names the part. Nothing is carried over then.
            ReplayError: If an argument is out of range.
        """
        if batch_size < 1:
            raise ReplayError(f"batch_size {batch_size}; allowed: at least 1")
        due = self._owed + np.array(self.shares) * batch_size
        counts = whole_counts(due)
        drawn = {i: self._draw(i, int(count), rng, reading) for i, count in enumerate(counts) if count}
        self._batches, self._owed = self._batches + 1, due - counts
        return _merged(drawn, tuple(counts.tolist()))

    def update(
        self, index: np.ndarray, generation: int | np.ndarray, error: np.ndarray, source: np.ndarray | None
    ) -> int:
        """Tell the TD errors of a drawn batch to those parts that have priorities; see `Prioritised.update`.

        Args:
            index: `Batch.index`, (B,).
            generation: `Batch.generation`, (B,).
            error: |TD error| of each, (B,).
            source: `Batch.source`, (B,).

        Returns:
            How many priorities were changed.
        """
        generation = np.broadcast_to(generation, np.shape(index))
        changed = 0
        for i, part in enumerate(self.parts):
            mine = np.asarray(source) == i
            update = getattr(part, "update", None)
            if update is not None and mine.any():
                changed += update(index[mine], generation[mine], error[mine])
        return changed

    def state_dict(self) -> dict[str, np.ndarray]:
        """How many batches were drawn, and what is owed to each part. The parts' own states are saved beside it."""
        return {"cursor": self.cursor}

    def load_state_dict(self, state: Mapping[str, np.ndarray]) -> None:
        """Become the mixture that `state_dict` was called on.

        Raises:
            FileFormatError: If the state is of another kind, or of another number of parts.
        """
        cursor = state.get("cursor")
        if cursor is None or cursor.shape != self.cursor.shape or not np.isfinite(cursor).all():
            raise FileFormatError(
                f"the state is not that of a mixture of {len(self.parts)} parts: 'cursor' is {cursor}"
            )
        self.cursor = cursor

    def _shares_at(self, batch: int) -> tuple[float, ...]:
        return tuple(value_at(share, batch) for share in self._shares)

    def _draw(self, i: int, count: int, rng: np.random.Generator, reading: Reading) -> Batch:
        reward = reading["reward"]
        if isinstance(reward, Column):
            # A column belongs to one store; every part has its own under the same name.
            reading = {**reading, "reward": reward.reward or reward.name}
        try:
            return self.parts[i].sample(count, rng=rng, **reading)
        except EmptyReplayError as error:
            raise EmptyReplayError(f"part {i} of the mixture, with share {self.shares[i]}: {error}") from error


def whole_counts(due: np.ndarray) -> np.ndarray:
    """Whole numbers near some real ones, with the same sum: the largest remainders are rounded up, (parts,) int64.

    None is negative, also where what is due is; then the largest counts give way.

    Args:
        due: (parts,), with a whole sum.
    """
    counts = np.maximum(np.floor(due), 0.0).astype(np.int64)
    missing = round(float(due.sum())) - int(counts.sum())
    for _ in range(abs(missing)):
        if missing > 0:
            counts[np.argmax(due - counts)] += 1
        else:
            counts[np.argmin(np.where(counts > 0, due - counts, np.inf))] -= 1
    return counts


def interleaved(counts: np.ndarray) -> np.ndarray:
    """An order of parts in which each appears as often as its count says, and as evenly as possible, (B,) int64."""
    source = np.repeat(np.arange(len(counts)), counts)
    place = np.concatenate([(np.arange(count) + 0.5) / max(count, 1) for count in counts])
    return source[np.argsort(place, kind="stable")]


@lru_cache(maxsize=64)
def _layout(counts: tuple[int, ...]) -> tuple[np.ndarray, dict[int, np.ndarray | slice]]:
    """Which part each transition of a batch is from, and the places of each part in it."""
    source = interleaved(np.array(counts))
    return source, {part: _as_slice(np.flatnonzero(source == part)) for part in np.flatnonzero(counts).tolist()}


def _as_slice(places: np.ndarray) -> np.ndarray | slice:
    """The same places as a slice, which is faster to write to, if they are evenly spaced."""
    step = int(places[1] - places[0]) if len(places) > 1 else 1
    even = (np.diff(places) == step).all()
    return slice(int(places[0]), int(places[-1]) + 1, step) if even else places


def _merged(parts: Mapping[int, Batch], counts: tuple[int, ...]) -> Batch:
    """One batch of several, interleaved."""
    source, places = _layout(counts)

    def merge(values: dict[int, Any]) -> Any:
        first = next(iter(values.values()))
        if first is None:
            return None
        if isinstance(first, dict):
            return {name: merge({part: value[name] for part, value in values.items()}) for name in first}
        out = np.empty((len(source), *first.shape[1:]), first.dtype)
        for part, value in values.items():
            out[places[part]] = value
        return out

    weighted = any(batch.weight is not None for batch in parts.values())
    parts = {part: _filled_in(batch, weighted) for part, batch in parts.items()}
    merged = {name: merge({part: getattr(batch, name) for part, batch in parts.items()}) for name in _MERGED}
    return Batch(**merged, source=source.copy())


def _filled_in(batch: Batch, weighted: bool) -> Batch:
    """The batch with a generation per transition, and with weights of 1 if another part has weights."""
    generation = np.broadcast_to(np.asarray(batch.generation, np.int64), (len(batch),))
    weight = np.ones(len(batch), np.float32) if weighted and batch.weight is None else batch.weight
    return replace(batch, generation=generation, weight=weight)


def _refuse_other_facts(mine: Schema, other: Schema, part: int) -> None:
    """Refuse a part whose transitions do not fit those of the first; descriptions may differ."""

    def facts(schema: Schema) -> dict[str, Any]:
        signals = {signal.name: (signal.shape, signal.dtype, signal.unit, signal.frame) for signal in schema.signals}
        return signals | {"action": (schema.actions.size, schema.actions.unit)}

    expected, got = facts(mine), facts(other)
    for name in expected | got:
        if expected.get(name) != got.get(name):
            raise SchemaError(
                f"part {part} of the mixture holds {name!r} as {got.get(name)}, part 0 as {expected.get(name)}; "
                "needed: the same shape, type, unit and frame"
            )
