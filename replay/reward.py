"""What the replay asks of a reward: a pure, batched function from stored facts to named terms."""

from collections.abc import Callable, Mapping
from typing import Protocol, runtime_checkable

import numpy as np


@runtime_checkable
class Reward(Protocol):
    """A question asked of the facts.

    Inputs are named arrays with any leading batch shape. A plain name (``position``, ``action``) is the state in which
    the action was chosen; ``next_position`` is the state that it led to; ``terminated`` is 1.0 where that state ended
    the episode.
    """

    @property
    def fingerprint(self) -> str:
        """A hash of everything that decides the values; it names the reward's column in a replay."""
        ...

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the arrays that the reward reads."""
        ...

    def terms(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """Named terms, each of the batch shape; the reward is their sum."""
        ...


# A reward may also have a compiled form under the name `kernel`: it reads a tuple of C-contiguous float32 arrays
# (N, size), in the order of `inputs`, and writes the terms, in the order of `terms`, into a float32 array (N, terms).
# Under the name `double_kernel` it may have the same in float64.
Kernel = Callable[[tuple[np.ndarray, ...], np.ndarray], None]


def kernel_of(reward: Reward, dtype: str = "float32") -> Kernel | None:
    """The compiled form of a reward in this precision, if it has one."""
    return getattr(reward, "double_kernel" if dtype == "float64" else "kernel", None)


def total(terms: Mapping[str, np.ndarray]) -> np.ndarray:
    """The reward: the sum of its terms, added in their order, float32 of the batch shape."""
    values = iter(terms.values())
    result = np.array(next(values), np.float32)
    for value in values:
        result += value
    return result
