"""What all samplers have in common: a store, a mixture of stores, and whatever decides which transitions are drawn."""

from typing import Protocol, Required, TypedDict

import numpy as np

from telic.replay.batch import Batch
from telic.replay.column import Column
from telic.replay.reward import Reward
from telic.replay.schema import Schema


class Reading(TypedDict, total=False):
    """How drawn transitions are read, whoever drew them: the arguments of `Replay.at`."""

    reward: Required[Reward | Column | str]
    n_step: int
    gamma: float
    next_action: bool


class Sampler(Protocol):
    """Anything that batches can be drawn from.

    The same store, the same state of the sampler and the same random numbers give the same batch. Samplers that have a
    state of their own offer it as `state_dict` and take it back with `load_state_dict`; that of the store beneath, and
    of the random generator (`rng_state`), are saved beside it.
    """

    @property
    def schema(self) -> Schema:
        """Signals and action of the transitions."""
        ...

    def sample(
        self,
        batch_size: int,
        *,
        reward: Reward | Column | str,
        rng: np.random.Generator,
        n_step: int = 1,
        gamma: float = 0.99,
        next_action: bool = False,
    ) -> Batch:
        """Draw a batch of transitions, in an order in which every slice of it is a fair sample too.

        Args:
            batch_size: How many transitions.
            reward: See `Replay.at`, as for the arguments below.
            rng: Source of the draw.
            n_step: Rewards to sum.
            gamma: Discount per step.
            next_action: Also read the action of the step after the last one.

        Raises:
            EmptyReplayError: If there is nothing to draw from.
        """
        ...
