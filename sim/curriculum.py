"""Curricula: which context comes next, from how well the last ones went."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from numpy.typing import ArrayLike, NDArray

from telic.sim.context import TaskFamily
from telic.sim.errors import TaskError, check_number, check_range
from telic.sim.world import Mask

Floats = NDArray[np.float64]


class Curriculum(Protocol):
    """Proposes contexts and learns from what became of them."""

    def sample(self, count: int, rng: np.random.Generator) -> Floats:
        """Return contexts (count, dimensions) for new episodes."""
        ...

    def record(self, contexts: Floats, succeeded: Mask) -> None:
        """Take note of episodes that ended: their contexts (n, dimensions), and whether they were a success (n,)."""
        ...

    def state_dict(self) -> dict[str, Floats]:
        """Return all that was learned, as arrays."""
        ...

    def load_state_dict(self, state: Mapping[str, ArrayLike]) -> None:
        """Take back what `state_dict` returned."""
        ...


class Uniform:
    """No curriculum: every context of the family, equally likely."""

    def __init__(self, family: TaskFamily) -> None:
        self._low, self._high = family.bounds

    def sample(self, count: int, rng: np.random.Generator) -> Floats:
        """Return contexts (count, dimensions)."""
        return rng.uniform(self._low, self._high, (count, len(self._low)))

    def record(self, contexts: Floats, succeeded: Mask) -> None:
        """Take no note."""

    def state_dict(self) -> dict[str, Floats]:
        """Return nothing."""
        return {}

    def load_state_dict(self, state: Mapping[str, ArrayLike]) -> None:
        """Take nothing."""


@dataclass(frozen=True)
class WideningSettings:
    """When a range grows and shrinks.

    Attributes:
        raise_above: The range grows where the success rate at its edge is at least this.
        lower_below: It shrinks where the success rate is below this.
        episodes: After how many episodes at an edge to decide.
        step: Share of the way from easy to hard by which an edge moves.
        at_edge: Share of the episodes that try an edge, one dimension at a time.
    """

    raise_above: float = 0.8
    lower_below: float = 0.4
    episodes: int = 64
    step: float = 0.05
    at_edge: float = 0.5

    def __post_init__(self) -> None:
        check_range("lower_below and raise_above", (self.lower_below, self.raise_above), 0.0, 1.0)
        check_number("step of a curriculum", self.step, 1e-6, 1.0)
        check_number("at_edge of a curriculum", self.at_edge, 1e-6, 1.0)
        if isinstance(self.episodes, bool) or not isinstance(self.episodes, int) or self.episodes < 1:
            raise TaskError(f"episodes of a curriculum is {self.episodes!r}; allowed: whole numbers from 1")


class Widening:
    """A range around the easiest context, whose edges move outwards as they are mastered.

    Each edge of each dimension moves by itself, after episodes that took place just there: automatic domain
    randomisation (OpenAI et al., "Solving Rubik's Cube with a Robot Hand", 2019, section 5).

    Attributes:
        low: Lower edges (dimensions,).
        high: Upper edges (dimensions,).
    """

    def __init__(self, family: TaskFamily, settings: WideningSettings | None = None) -> None:
        """Begin at the easiest context."""
        self.settings = settings or WideningSettings()
        self._low, self._high = family.bounds
        self._easy = np.array([dimension.easiest for dimension in family.dimensions])
        self.low, self.high = self._easy.copy(), self._easy.copy()
        # Of the lower and the upper edge of each dimension (2, dimensions).
        self._tried, self._mastered = np.zeros((2, 2, len(self._easy)))

    @property
    def progress(self) -> Floats:
        """How much of the family's range is reached (dimensions,), 0 to 1."""
        return (self.high - self.low) / (self._high - self._low)

    def sample(self, count: int, rng: np.random.Generator) -> Floats:
        """Return contexts (count, dimensions): anywhere within the edges, and on one of them."""
        contexts = rng.uniform(self.low, self.high, (count, len(self.low)))
        rows = np.flatnonzero(rng.random(count) < self.settings.at_edge)
        sides, dimensions = self._movable()
        if len(sides) and len(rows):
            chosen = rng.integers(len(sides), size=len(rows))
            edges = np.stack((self.low, self.high))
            contexts[rows, dimensions[chosen]] = edges[sides[chosen], dimensions[chosen]]
        return contexts

    def _movable(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return the side and dimension of all edges that are not where the family begins."""
        room = np.stack((self._easy > self._low, self._high > self._easy))
        sides, dimensions = np.nonzero(room)
        return sides, dimensions

    def record(self, contexts: Floats, succeeded: Mask) -> None:
        """Count the episodes at the edges, and move those with enough of them."""
        for side, edge in enumerate((self.low, self.high)):
            at = contexts == edge
            self._tried[side] += at.sum(axis=0)
            self._mastered[side] += (at & succeeded[:, None]).sum(axis=0)
        for side, dimension in zip(*self._movable(), strict=True):
            if self._tried[side, dimension] >= self.settings.episodes:
                self._move(int(side), int(dimension))

    def _move(self, side: int, dimension: int) -> None:
        rate = self._mastered[side, dimension] / self._tried[side, dimension]
        self._tried[side, dimension] = self._mastered[side, dimension] = 0.0
        edges, limits = (self.low, self.high)[side], (self._low, self._high)[side]
        way = limits[dimension] - self._easy[dimension]
        share = (edges[dimension] - self._easy[dimension]) / way
        if rate >= self.settings.raise_above:
            share += self.settings.step
        elif rate < self.settings.lower_below:
            share -= self.settings.step
        # The end is reached exactly, without the rounding of many steps.
        share = min(max(share, 0.0), 1.0)
        edges[dimension] = limits[dimension] if share > 1.0 - 1e-9 else self._easy[dimension] + share * way

    def state_dict(self) -> dict[str, Floats]:
        """Return edges and counts."""
        state = {"low": self.low, "high": self.high, "tried": self._tried, "mastered": self._mastered}
        return {name: array.copy() for name, array in state.items()}

    def load_state_dict(self, state: Mapping[str, ArrayLike]) -> None:
        """Take edges and counts back."""
        for name, array in (
            ("low", self.low),
            ("high", self.high),
            ("tried", self._tried),
            ("mastered", self._mastered),
        ):
            array[:] = _taken(state, name, array.shape)


class Learnable:
    """Contexts that are sometimes mastered and sometimes not: there the most is to be learned.

    The family is divided into cells. A cell with the success rate p is drawn with a weight of p (1 - p), which is most
    at one half (Rutherford et al., "No Regrets", 2024, arXiv:2408.15099); a share of the episodes goes anywhere, so
    that no cell is forgotten.

    Attributes:
        rate: Success rate of each cell, an exponential mean (cells,); one half before the first episode.
    """

    def __init__(self, family: TaskFamily, cells: int = 8, anywhere: float = 0.2, memory: float = 0.9) -> None:
        """Divide the family.

        Args:
            family: The contexts.
            cells: Cells along each dimension.
            anywhere: Share of the episodes of any context.
            memory: Weight of the past in the success rates.
        """
        check_number("anywhere", anywhere, 0.0, 1.0)
        check_number("memory", memory, 0.0, 0.999)
        self._low, self._high = family.bounds
        self._cells, self._anywhere, self._memory = cells, anywhere, memory
        if not 1 <= cells ** len(self._low) <= 1_000_000:
            raise TaskError(f"{cells} cells along {len(self._low)} dimensions are too many; allowed: a million in all")
        self.rate = np.full(cells ** len(self._low), 0.5)

    def sample(self, count: int, rng: np.random.Generator) -> Floats:
        """Return contexts (count, dimensions)."""
        weight = self.rate * (1.0 - self.rate) + 1e-6
        cell = rng.choice(len(weight), size=count, p=weight / weight.sum())
        cell = np.where(rng.random(count) < self._anywhere, rng.integers(len(weight), size=count), cell)
        index = np.stack(np.unravel_index(cell, (self._cells,) * len(self._low)), axis=1)
        return self._low + (self._high - self._low) * (index + rng.random(index.shape)) / self._cells

    def record(self, contexts: Floats, succeeded: Mask) -> None:
        """Update the success rates of the cells."""
        share = (contexts - self._low) / (self._high - self._low)
        index = np.clip((share * self._cells).astype(np.int64), 0, self._cells - 1)
        cells = np.atleast_1d(np.ravel_multi_index(tuple(index.T), (self._cells,) * len(self._low)))
        for cell, success in zip(cells, succeeded, strict=True):
            self.rate[cell] = self._memory * self.rate[cell] + (1.0 - self._memory) * success

    def state_dict(self) -> dict[str, Floats]:
        """Return the success rates."""
        return {"rate": self.rate.copy()}

    def load_state_dict(self, state: Mapping[str, ArrayLike]) -> None:
        """Take the success rates back."""
        self.rate[:] = _taken(state, "rate", self.rate.shape)


class Teacher:
    """Gives every world the context of its next episode, and tells the curriculum what became of the last.

    Its methods `before` and `after` are hooks for a world's step: `after` must see the old episodes before the new ones
    begin, as `step_and_restart` does it.

    Attributes:
        family: What is taught.
        curriculum: Who decides.
        contexts: Contexts of the present episodes (N, dimensions).
    """

    def __init__(
        self, world: Any, family: TaskFamily, curriculum: Curriculum, success: Callable[[], Mask], seed: int = 0
    ) -> None:
        """Choose the contexts of the first episodes, and start these.

        Args:
            world: A world of the family's task.
            family: What is taught.
            curriculum: Who decides.
            success: Says of all worlds (N,) whether their episode would be a success if it ended now.
            seed: Of the choices.
        """
        self.family, self.curriculum = family, curriculum
        self._world, self._success = world, success
        self._rng = np.random.default_rng(seed)
        self.contexts = np.zeros((world.num_envs, len(family.names)))
        self._choose(np.arange(world.num_envs))
        world.reset()

    def before(self, first: int, last: int) -> None:
        """Note the contexts of episodes that begin, and choose those of the episodes after them."""
        begun = np.flatnonzero(self._world.steps == 0)
        if not len(begun):
            return
        for column, name in enumerate(self.family.names):
            self.contexts[begun, column] = self._world.commands.values[name][begun, 0]
        self._choose(begun)

    def after(self, first: int, last: int) -> None:
        """Judge the episodes that have ended."""
        ended = np.flatnonzero(self._world.ended)
        if len(ended):
            self.curriculum.record(self.contexts[ended], self._success()[ended])

    def _choose(self, worlds: NDArray[np.int64]) -> None:
        """Choose the contexts of the next episodes of some worlds."""
        self.family.pin(self._world, self.curriculum.sample(len(worlds), self._rng), worlds)


def _taken(state: Mapping[str, ArrayLike], name: str, shape: tuple[int, ...]) -> Floats:
    if name not in state:
        raise TaskError(f"the state of the curriculum has no {name!r}; it has {', '.join(state)}")
    array = np.asarray(state[name], np.float64)
    if array.shape != shape:
        raise TaskError(f"{name} of the curriculum's state has shape {array.shape}; allowed: {shape}")
    return array
