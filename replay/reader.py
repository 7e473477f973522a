"""What can be read from a store, or from a part of it: batches, windows, goals in hindsight."""

from abc import ABC, abstractmethod

import numpy as np

from telic.replay.batch import Batch
from telic.replay.column import Column
from telic.replay.errors import EmptyReplayError, ReplayError, ShapeError
from telic.replay.goals import GoalSpec, relabel_goals
from telic.replay.kernels import first_empty
from telic.replay.n_step import NOT_DRAWN, n_step_batch
from telic.replay.reward import Reward
from telic.replay.starts import Starts
from telic.replay.storage import Storage
from telic.replay.windows import Windows, read_windows


class Reader(ABC):
    """Reading by chance, out of some episodes of a ring, and at given slots.

    Everything drawn depends on the store, the arguments and the random numbers alone.
    """

    def __init__(self) -> None:
        self._starts: dict[tuple[int, bool], Starts] = {}
        self._starts_of: tuple[int, int] = (-1, -1)

    @property
    @abstractmethod
    def ring(self) -> Storage:
        """The storage beneath, for samplers: read it, and write through `Replay.add` and `Replay.add_window` only."""

    @abstractmethod
    def column(self, reward: Reward | Column | str) -> Column:
        """The column of a reward, up to date; a reward without a column gets one."""

    @abstractmethod
    def episode_rows(self) -> np.ndarray:
        """Rows of the ring's episode table that are read, (E,) int64."""

    @property
    def _is_everything(self) -> bool:
        """Whether every slot of the rows that hold data may be drawn."""
        return False

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
        """Draw transitions uniformly, with replacement.

        Args:
            batch_size: How many transitions.
            reward: See `at`.
            rng: Source of the draw.
            n_step: See `at`.
            gamma: See `at`.
            next_action: See `at`.

        Raises:
            EmptyReplayError: If nothing is stored.
            ReplayError: If an argument is out of range, or the column cannot be brought up to date.
        """
        rewards = self.column(reward).total
        if self._is_everything and self.ring.count and batch_size > 0:
            # The slots are drawn where they are read.
            return n_step_batch(self.ring, rewards, None, rng.random(batch_size), n_step, gamma, next_action)
        index = self.draw(batch_size, rng)
        return n_step_batch(self.ring, rewards, index, NOT_DRAWN, n_step, gamma, next_action)

    def at(
        self,
        index: np.ndarray,
        *,
        reward: Reward | Column | str,
        n_step: int = 1,
        gamma: float = 0.99,
        next_action: bool = False,
    ) -> Batch:
        """The transitions that start in given slots: what `sample` returns for slots that it drew.

        The n-step return of a transition stops at the end of its episode, of either kind, and at the newest stored
        step; `Batch.steps` says after how many steps.

        Args:
            index: Slots, (B,) integers.
            reward: Whose column to read; new transitions are scored first. A reward without a column gets one.
            n_step: Rewards to sum.
            gamma: Discount per step.
            next_action: Also read the action of the step after the last one.

        Raises:
            ReplayError: If a slot is empty, an argument is out of range, or the column cannot be brought up to date.
        """
        index = self._filled(index)
        return n_step_batch(self.ring, self.column(reward).total, index, NOT_DRAWN, n_step, gamma, next_action)

    def sample_windows(
        self,
        batch_size: int,
        length: int,
        *,
        reward: Reward | Column | str,
        rng: np.random.Generator,
        across: bool = False,
        backward: bool = False,
        whole: bool = False,
    ) -> Windows:
        """Draw windows by the steps that name them, uniformly, with replacement.

        Args:
            batch_size: How many windows.
            length: See `windows_at`.
            reward: See `windows_at`.
            rng: Source of the draw.
            across: See `windows_at`.
            backward: See `windows_at`.
            whole: Draw among the windows of which all steps are there. Otherwise every stored step names a window,
                and some windows are shorter. Across episodes, the steps that a stream did not make still count.

        Raises:
            EmptyReplayError: If nothing is stored, or no whole window is.
            ReplayError: If an argument is out of range, or the column cannot be brought up to date.
        """
        needed = length if whole else 1
        index = self.draw(batch_size, rng, needed, across)
        if backward and whole:
            # The first step of a whole window was drawn, but it is named by its last one.
            index = (index + (length - 1) * self.ring.streams) % len(self.ring.flags)
        return read_windows(self.ring, self.column(reward).total, index, length, across, backward)

    def windows_at(
        self,
        index: np.ndarray,
        length: int,
        *,
        reward: Reward | Column | str,
        across: bool = False,
        backward: bool = False,
    ) -> Windows:
        """The windows that some steps name.

        Args:
            index: Slots, (B,) integers.
            length: H, steps in a window; it has H + 1 states.
            reward: Whose column to read; new transitions are scored first. A reward without a column gets one.
            across: Go on in the next episode of the same stream after an end, and mark where it begins.
            backward: The slots are those of last steps: the windows reach back from them, and what is lacking is
                lacking in front.

        Raises:
            ReplayError: If a slot is empty, an argument is out of range, or the column cannot be brought up to date.
        """
        return read_windows(self.ring, self.column(reward).total, self._filled(index), length, across, backward)

    def sample_goals(
        self,
        batch_size: int,
        *,
        reward: Reward | Column | str,
        rng: np.random.Generator,
        goals: GoalSpec | None = None,
        n_step: int = 1,
        gamma: float = 0.99,
    ) -> Batch:
        """Draw transitions uniformly, and replace the goals of some of them by achieved ones; see `goals_at`."""
        index = self.draw(batch_size, rng)
        return self._with_goals(index, reward, rng, goals, n_step, gamma)

    def goals_at(
        self,
        index: np.ndarray,
        *,
        reward: Reward | Column | str,
        rng: np.random.Generator,
        goals: GoalSpec | None = None,
        n_step: int = 1,
        gamma: float = 0.99,
    ) -> Batch:
        """The transitions in some slots, a share of them as if an achieved goal had been wanted.

        The new goal stands in the signals and next signals, and the reward is computed for it. Whether an episode
        terminated is a fact, and stays as it is; `Batch.relabelled` says who has a new goal.

        Args:
            index: Slots, (B,) integers.
            reward: The reward, or its column; it must read the goal.
            rng: Source of the goals.
            goals: Which goals are replaced by what; the default is `GoalSpec()`.
            n_step: See `at`.
            gamma: See `at`.

        Raises:
            ReplayError: If the store has no such goals, the reward does not read them or is not at hand, or as in `at`.
        """
        return self._with_goals(self._filled(index), reward, rng, goals, n_step, gamma)

    def _with_goals(
        self,
        index: np.ndarray,
        reward: Reward | Column | str,
        rng: np.random.Generator,
        goals: GoalSpec | None,
        n_step: int,
        gamma: float,
    ) -> Batch:
        goals, column = goals or GoalSpec(), self.column(reward)
        goals.check(self.ring, column)
        batch = n_step_batch(self.ring, column.total, index, NOT_DRAWN, n_step, gamma, next_action=False)
        uniform = rng.random((2, len(index)))
        anywhere = self.draw(len(index), rng) if goals.choice == "random" else index
        relabel_goals(self.ring, column, goals, batch, gamma, uniform, anywhere)
        return batch

    def draw(self, batch_size: int, rng: np.random.Generator, length: int = 1, across: bool = False) -> np.ndarray:
        """Draw slots of steps that are followed by enough others, uniformly, with replacement, (B,) int64.

        Args:
            batch_size: How many.
            rng: Source of the draw.
            length: How many steps must be stored from a start on, itself included.
            across: Whether steps of later episodes of the stream count too.

        Raises:
            EmptyReplayError: If there is no such step.
        """
        if batch_size < 1:
            raise ReplayError(f"batch_size {batch_size}; allowed: at least 1")
        ring = self.ring
        steps = ring.count - length + 1
        if self._is_everything and (length == 1 or across) and steps > 0:
            # Doubles are quicker to draw than bounded integers, and fine enough for any store.
            number = (rng.random(batch_size) * (steps * ring.streams)).astype(np.int64)
            return number if length == 1 else (number + (ring.head - ring.count) * ring.streams) % len(ring.flags)
        return self._starts_for(length, across).draw(rng.random(batch_size))

    def _starts_for(self, length: int, across: bool) -> Starts:
        """The steps that are followed by enough others; counted once for as long as nothing is written."""
        ring = self.ring
        if self._starts_of != (ring.written, ring.count):
            self._starts.clear()
            self._starts_of = (ring.written, ring.count)
        starts = self._starts.get((length, across))
        if starts is None:
            starts = self._starts[length, across] = Starts(ring, self.episode_rows(), length, across)
        if starts.total == 0:
            what = "transition" if length == 1 else f"stretch of {length} steps"
            raise EmptyReplayError(f"no {what} is stored yet: add transitions before sampling")
        return starts

    def _filled(self, index: np.ndarray) -> np.ndarray:
        """The same slots as int64, after checking that all of them hold data."""
        if index.ndim != 1 or index.dtype.kind not in "iu":
            raise ShapeError(f"slots must be integers of shape (B,), got {index.dtype} of shape {index.shape}")
        index = np.ascontiguousarray(index, np.int64)
        filled = self.ring.filled
        wrong = first_empty(index, filled, self.ring.flags)
        if wrong >= 0:
            if 0 <= index.min() <= index.max() < filled:
                raise ReplayError(f"slot {index[wrong]} is a gap: its stream made no step when the others did")
            raise ReplayError(f"slots reach from {index.min()} to {index.max()}; filled are 0 to {filled - 1}")
        return index
