"""Goals in hindsight: transitions read as if what was achieved later had been wanted.

Andrychowicz et al., "Hindsight Experience Replay", 2017, section 4.5. No reward is stored with the facts, so nothing
needs to be kept for it: the reward is asked again with the other goal.
"""

from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np

from telic.replay.batch import Batch
from telic.replay.column import Column
from telic.replay.errors import ReplayError, SchemaError, StaleColumnError, UnknownNameError
from telic.replay.storage import Storage

Choice = Literal["future", "final", "random"]


@dataclass(frozen=True)
class GoalSpec:
    """Which goals are replaced by what.

    Attributes:
        desired: Signal with the goal that was wanted.
        achieved: Signal with the goal that a state would be the achievement of.
        choice: Which achieved goal is wanted in hindsight: ``future``, after this step or a later one of the same
            episode; ``final``, after the last step of the episode; ``random``, after any step that may be drawn.
        probability: Share of the transitions whose goal is replaced.
    """

    desired: str = "desired_goal"
    achieved: str = "achieved_goal"
    choice: Choice = "future"
    probability: float = 0.8

    def __post_init__(self) -> None:
        if self.choice not in get_args(Choice):
            raise ReplayError(f"choice {self.choice!r}; allowed: {', '.join(get_args(Choice))}")
        if not 0.0 <= self.probability <= 1.0:
            raise ReplayError(f"probability {self.probability}; allowed: 0 to 1")

    def check(self, storage: Storage, column: Column) -> None:
        """Refuse a store or a reward that has nothing to do with these goals.

        Raises:
            ReplayError: It says what is missing.
        """
        desired, achieved = storage.schema[self.desired], storage.schema[self.achieved]
        if (desired.shape, desired.dtype) != (achieved.shape, achieved.dtype):
            raise SchemaError(
                f"{self.desired!r} is {desired.dtype} {desired.shape}, but {self.achieved!r} is {achieved.dtype} "
                f"{achieved.shape}: one cannot take the place of the other"
            )
        if column.reward is None:
            raise StaleColumnError(
                f"reward column {column.name!r} has no reward to be asked again for another goal; hand in the reward"
            )
        if not {self.desired, f"next_{self.desired}"} & set(column.reward.inputs):
            raise UnknownNameError(
                f"reward {column.name!r} reads {', '.join(column.reward.inputs)}, but not {self.desired!r}: another "
                "goal would not change it"
            )


def relabel_goals(
    storage: Storage,
    column: Column,
    goals: GoalSpec,
    batch: Batch,
    gamma: float,
    uniform: np.ndarray,
    anywhere: np.ndarray,
) -> None:
    """Replace goals in a batch, and its rewards by those for the new goals.

    Args:
        storage: The store.
        column: The rewards.
        goals: What is replaced.
        batch: What is changed.
        gamma: Discount of its rewards.
        uniform: Numbers in [0, 1) that choose who gets a new goal, and which, (2, B).
        anywhere: Slots of which the achieved goals are taken if the choice is ``random``, (B,).
    """
    batch.relabelled = relabelled = uniform[0] < goals.probability
    which = np.flatnonzero(relabelled)
    if not len(which):
        return
    start, steps = batch.index[which], batch.steps[which]
    chosen = anywhere[which] if goals.choice == "random" else _later(storage, goals.choice, start, uniform[1, which])
    new = _achieved(storage, goals.achieved, chosen)
    batch.signals[goals.desired][which] = new
    batch.next_signals[goals.desired][which] = new
    # All steps of the n-step sums, one after the other.
    owner = np.repeat(np.arange(len(which)), steps)
    number = np.arange(len(owner)) - (np.cumsum(steps) - steps)[owner]
    facts = storage.read((start[owner] + number * storage.streams) % (storage.rows * storage.streams))
    inputs = facts.inputs(column.reward.inputs)  # pyright: ignore[reportOptionalMemberAccess]
    for name in (goals.desired, f"next_{goals.desired}"):
        if name in inputs:
            inputs[name] = np.ascontiguousarray(new[owner])
    rewards = column.score(inputs, len(owner))
    batch.reward[which] = np.bincount(owner, gamma ** number.astype(np.float64) * rewards, len(which))


def _later(storage: Storage, choice: Choice, index: np.ndarray, uniform: np.ndarray) -> np.ndarray:
    """Slots of the same episodes, from each slot itself to the episode's newest step, or that one."""
    generation = storage.generations(index)
    _, stop = storage.stored_span(storage.episode[index])
    left = stop - generation
    ahead = left - 1 if choice == "final" else (uniform * left).astype(np.int64)
    return storage.slots_at(generation + ahead, index % storage.streams)


def _achieved(storage: Storage, name: str, index: np.ndarray) -> np.ndarray:
    """The values of a signal after the steps in some slots."""
    return storage.rows_at(storage.following(index))[name]
