"""A reward column: the answers that one reward gives for the stored facts."""

from dataclasses import dataclass, field

import numpy as np

from telic.replay.errors import (
    NonFiniteError,
    ReplayError,
    ShapeError,
    StaleColumnError,
    UnknownNameError,
    did_you_mean,
)
from telic.replay.kernels import ENDED, FIRST, VOID
from telic.replay.remembering import RememberingReward, initial_memory, remembers, scan
from telic.replay.returns import ReturnsToGo
from telic.replay.reward import Reward, kernel_of, total
from telic.replay.schema import Schema
from telic.replay.storage import Storage

# Slots scored at a time: few enough that inputs, terms and intermediate results stay in the cache.
CHUNK = 4096


@dataclass
class Column:
    """One reward's values, one per slot of a storage.

    Rows are scored in the order of time, so those that have a value are the ones before a certain generation. A reward
    that remembers begins anew with each episode, and at the oldest stored step where the beginning is not stored.

    Attributes:
        name: Fingerprint of the reward.
        total: The rewards, (slots,) float32; index it with `Batch.index`.
        terms: The terms by name, (slots,) float32 each; empty unless `keep_terms`.
        keep_terms: Whether the terms are kept beside their sum.
        covered: Generation of the first row that has no value yet.
        reward: The reward itself; None in a column that was loaded without one.
        returns: Returns to go that are derived from the column, by gamma.
        memory: What a reward that remembers knows after the last row that has a value, (streams, elements) float32.
    """

    name: str
    total: np.ndarray
    terms: dict[str, np.ndarray] = field(default_factory=dict)
    keep_terms: bool = False
    covered: int = 0
    reward: Reward | None = None
    returns: dict[float, ReturnsToGo] = field(default_factory=dict)
    memory: np.ndarray | None = None
    _kernel_terms: tuple[str, ...] = ()

    def missing(self, storage: Storage) -> int:
        """How many of the ring's rows have no value yet."""
        return storage.written - max(self.covered, storage.written - storage.count)

    def update(self, storage: Storage) -> None:
        """Score every row that has no value yet.

        Raises:
            StaleColumnError: If there are such rows but the reward is not at hand.
            NonFiniteError: If a term is not finite; it names the term and the inputs that made it so.
            ShapeError: If a term is not one number per transition.
        """
        missing = self.missing(storage)
        if missing == 0:
            return
        if self.reward is None:
            raise StaleColumnError(
                f"reward column {self.name!r} lacks {missing} of {storage.count} rows, and the reward itself is not "
                "loaded; hand it in once with relabel(reward)"
            )
        if remembers(self.reward):
            self._recall(storage)
            missing = self.missing(storage)
        start = (storage.head - missing) % storage.rows * storage.streams
        stop = start + missing * storage.streams
        # Rows past the end of the ring go on at its beginning.
        for low, high in ((start, min(stop, len(self.total))), (0, stop - len(self.total))):
            for at in range(low, high, CHUNK):
                index = np.arange(at, min(at + CHUNK, high))
                self._score(storage, self.reward, index[(storage.flags[index] & VOID) == 0] if storage.gaps else index)
        self.covered = storage.written

    def forget(self) -> None:
        """Cover no rows any more, nor may anything that is derived from the column."""
        self.covered = 0
        self.memory = None
        self.returns.clear()

    def returns_to_go(self, storage: Storage, gamma: float) -> ReturnsToGo:
        """The sums of the rewards to come, up to date if the column is."""
        returns = self.returns.setdefault(gamma, ReturnsToGo.empty(len(self.total), gamma))
        returns.update(storage, self.total)
        return returns

    def score(self, inputs: dict[str, np.ndarray], count: int) -> np.ndarray:
        """The reward of other facts than stored ones, (count,) float32, such as those with another goal.

        Raises:
            StaleColumnError: If the reward is not at hand.
            ReplayError: If it remembers within an episode.
            NonFiniteError: If a reward is not finite.
        """
        if self.reward is None:
            raise StaleColumnError(
                f"reward column {self.name!r} cannot score a changed goal: the reward itself is not loaded; hand it in"
            )
        if remembers(self.reward):
            raise ReplayError(
                f"reward {self.name!r} remembers within an episode; for a changed goal it cannot be scored step by step"
            )
        rewards = total(self._evaluate(self.reward, inputs, count))
        if not np.isfinite(rewards).all():
            raise NonFiniteError(f"reward {self.name!r} is not finite for a changed goal")
        return rewards

    def _recall(self, storage: Storage) -> None:
        """Have the memory ready for the first row to be scored; where it is not known, begin with the oldest row."""
        if self.memory is None:
            self.forget()
        if self.memory is None or self.covered < storage.written - storage.count:
            assert self.reward is not None and remembers(self.reward)
            self.memory = initial_memory(self.reward, storage.streams)

    def _score(self, storage: Storage, reward: Reward, index: np.ndarray) -> None:
        """Fill the values of some slots, in rising order."""
        if not len(index):
            return
        inputs = storage.read(index).inputs(reward.inputs)
        if remembers(reward):
            terms = self._remember(storage, reward, inputs, index)
        else:
            terms = self._evaluate(reward, inputs, len(index))
        # A span is written faster than a list of slots.
        span = slice(index[0], index[-1] + 1) if index[-1] - index[0] == len(index) - 1 else index
        self.total[span] = total(terms)
        if not np.isfinite(self.total[span]).all():
            self._refuse_non_finite(terms, inputs, index, storage.streams)
        if self.keep_terms:
            for name, value in terms.items():
                self.terms.setdefault(name, np.zeros_like(self.total))[span] = value

    def _remember(
        self, storage: Storage, reward: RememberingReward, inputs: dict[str, np.ndarray], index: np.ndarray
    ) -> dict[str, np.ndarray]:
        """The terms of a reward that remembers, (count,) each, in the order of time."""
        assert self.memory is not None
        before = storage.flags[(index - storage.streams) % len(self.total)]
        first = ((storage.flags[index] & FIRST) | (before & ENDED)) > 0
        rows = [inputs[name] for name in reward.inputs]
        out = scan(reward, rows, index % storage.streams, first, self.memory)
        return dict(zip(reward.term_names, out.T, strict=True))

    def _evaluate(self, reward: Reward, inputs: dict[str, np.ndarray], count: int) -> dict[str, np.ndarray]:
        """The reward's terms, (count,) each, from its compiled form if it has one."""
        kernel = kernel_of(reward)
        if kernel is None or any(value.dtype != np.float32 for value in inputs.values()):
            terms = reward.terms(inputs)
            for name, value in terms.items():
                if np.shape(value) != (count,):
                    raise ShapeError(
                        f"term {name!r} of reward {self.name!r} has shape {np.shape(value)} for {count} transitions; "
                        f"it must be one number each, ({count},)"
                    )
            return terms
        if not self._kernel_terms:
            self._kernel_terms = tuple(reward.terms({name: value[:1] for name, value in inputs.items()}))
        out = np.empty((count, len(self._kernel_terms)), np.float32)
        kernel(tuple(value.reshape(count, -1) for value in inputs.values()), out)
        return dict(zip(self._kernel_terms, out.T, strict=True))

    def _refuse_non_finite(
        self, terms: dict[str, np.ndarray], inputs: dict[str, np.ndarray], index: np.ndarray, streams: int
    ) -> None:
        for name, value in (*terms.items(), ("sum of all", total(terms))):
            bad = np.flatnonzero(~np.isfinite(value))
            if len(bad):
                facts = ", ".join(f"{name} = {values[bad[0]].tolist()}" for name, values in inputs.items())
                raise NonFiniteError(
                    f"term {name!r} of reward {self.name!r} is {value[bad[0]]} in slot {index[bad[0]]} "
                    f"(stream {index[bad[0]] % streams}), where {facts}"
                )


def check_inputs(reward: Reward, schema: Schema) -> None:
    """Refuse a reward that asks for what is not stored, before any work.

    Raises:
        UnknownNameError: It names the input and what there is.
    """
    known = (*schema.names, *(f"next_{name}" for name in schema.names), "action", "terminated")
    for name in reward.inputs:
        if name not in known:
            raise UnknownNameError(
                f"reward {reward.fingerprint!r} reads {name!r}, which this replay does not store; "
                f"{did_you_mean(name, known)}"
            )
