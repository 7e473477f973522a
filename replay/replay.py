"""The replay: the one store that worlds, robots and rewards write to and every learner reads from."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Unpack

import numpy as np

from telic.replay.column import Column
from telic.replay.columns import Columns
from telic.replay.episode_table import Tags, check_tags
from telic.replay.episodes import Episodes, episodes_of
from telic.replay.errors import ReplayError
from telic.replay.intake import Intake
from telic.replay.kernels import VOID
from telic.replay.part import Part, split
from telic.replay.reader import Reader
from telic.replay.returns import ReturnsToGo
from telic.replay.reward import Reward
from telic.replay.ring import Ring
from telic.replay.schema import Schema
from telic.replay.state import read_file, restore, snapshot, write_file
from telic.replay.storage import Storage
from telic.replay.transition import Transitions


class Replay(Reader):
    """An in-memory ring of the newest transitions of some parallel streams, with named reward columns.

    Each signal is stored once: the state that a step led to is the state of the next step in the same stream, and true
    final states of episodes are kept apart. Rewards are not stored with the facts but computed from them, as columns
    named by the reward's fingerprint; a column is brought up to date whenever it is read.
    """

    def __init__(self, schema: Schema, capacity: int, num_streams: int = 1) -> None:
        """Allocate the store.

        Args:
            schema: Signals and action of every transition.
            capacity: Transitions to hold, rounded down to a whole number of steps of all streams.
            num_streams: Parallel worlds that are written together.

        Raises:
            ReplayError: If not even one step of all streams fits.
        """
        if num_streams < 1 or capacity < num_streams:
            raise ReplayError(
                f"capacity is {capacity} for {num_streams} streams; needed: at least one stream, and one slot for each"
            )
        super().__init__()
        self.schema = schema
        self._attach(Ring(schema, capacity // num_streams, num_streams))

    def __len__(self) -> int:
        """How many transitions are stored."""
        return self._ring.filled - self._ring.gaps

    @property
    def capacity(self) -> int:
        """How many transitions fit."""
        return self._ring.rows * self._ring.streams

    @property
    def num_streams(self) -> int:
        """How many parallel worlds are written together."""
        return self._ring.streams

    @property
    def nbytes(self) -> int:
        """Bytes that the facts take, without reward columns."""
        return self._ring.nbytes

    @property
    def ring(self) -> Ring:
        """The storage beneath, for samplers: read it, and write through `add` and `add_window` only."""
        return self._ring

    def column(self, reward: Reward | Column | str) -> Column:
        """The column of a reward, covering every stored transition; a reward without a column gets one.

        Raises:
            ReplayError: If there is no such column, or it cannot be brought up to date.
        """
        return self._columns.current(reward)

    def episode_rows(self) -> np.ndarray:
        """Rows of the ring's episode table in use, (E,) int64."""
        return self._ring.episodes()

    @property
    def _is_everything(self) -> bool:
        return not self._ring.gaps

    @property
    def columns(self) -> dict[str, Column]:
        """The reward columns, by fingerprint."""
        return dict(self._columns.by_name)

    # Writing.

    def add(
        self,
        signals: Mapping[str, Any],
        action: Any,
        next_signals: Mapping[str, Any],
        terminated: Any,
        truncated: Any,
        *,
        skip: Any = None,
    ) -> None:
        """Store one step of all N streams.

        Args:
            signals: State in which the action was chosen, (N, *shape) per signal.
            action: (N, actuators) float32.
            next_signals: State that it led to, (N, *shape) per signal; for an episode that ended the true final state,
                not the first one after the reset.
            terminated: Where the episode ended for good, (N,) bool.
            truncated: Where it was cut although it could have gone on, (N,) bool.
            skip: Where there was no step, (N,) bool: a world that was reset while the others stepped, as it is in
                Gymnasium's next-step autoreset (`Collector` knows). Its rows of the other arguments are ignored.

        Raises:
            ReplayError: If names, shapes or types do not fit the schema, a number is not finite, or a stream does not
                go on where its last step led to. Nothing is stored then.
        """
        intake, ring, batch = self._intake, self._ring, (self._ring.streams,)
        skipped = intake.skip(skip)
        taken = ring.append_step(
            intake.step_signals(signals),
            intake.step_action(action),
            intake.step_signals(next_signals),
            intake.flag("terminated", terminated, batch),
            intake.flag("truncated", truncated, batch),
            skipped,
        )
        if not taken:
            signals = intake.refuse_step(ring, signals, action, next_signals, skipped)
            self.add(signals, action, next_signals, terminated, truncated, skip=skip)

    def add_window(
        self,
        signals: Mapping[str, Any],
        action: Any,
        final_signals: Mapping[str, Any],
        terminated: Any,
        truncated: Any,
    ) -> None:
        """Store T steps of all N streams at once: the fast way, without a second copy of each state.

        Args:
            signals: States, (T + 1, N, *shape) per signal: step t leads from row t to row t + 1, unless its episode
                ended; then row t + 1 is the first state of the next episode.
            action: (T, N, actuators) float32.
            final_signals: True final states of the E episodes that ended, (E, *shape) per signal, in the order of
                ``np.argwhere(terminated | truncated)``.
            terminated: Where the episode ended for good, (T, N) bool.
            truncated: Where it was cut although it could have gone on, (T, N) bool.

        Raises:
            ReplayError: As in `add`. Nothing is stored then.
        """
        intake, ring, batch = self._intake, self._ring, (len(terminated), self._ring.streams)
        flags = intake.flag("terminated", terminated, batch), intake.flag("truncated", truncated, batch)
        taken = ring.append_window(
            intake.signals(signals, (batch[0] + 1, batch[1])),
            intake.action(action, batch),
            intake.signals(final_signals, (int(np.count_nonzero(flags[0] | flags[1])),)),
            *flags,
        )
        if not taken:
            signals = intake.refuse_window(ring, signals, action, final_signals)
            self.add_window(signals, action, final_signals, terminated, truncated)

    def tag(self, streams: Sequence[int] | None = None, *, running: bool = False, **tags: Unpack[Tags]) -> None:
        """Say where the episodes that begin from now on are from.

        Args:
            streams: Streams that are meant; None for all.
            running: Say it of the episodes that are going on too, as when a person takes over a robot.
            tags: Any of source, task, seed, policy_version, intervention, see `Tag`; the others stay as they are.

        Raises:
            ReplayError: If there is no such tag or stream, or a value is of another type.
        """
        checked = check_tags(tags)
        chosen = np.arange(self.num_streams) if streams is None else np.asarray(streams, np.int64)
        if chosen.size and not 0 <= chosen.min() <= chosen.max() < self.num_streams:
            raise ReplayError(f"streams {chosen.tolist()}; there are 0 to {self.num_streams - 1}")
        self._ring.tag(checked, chosen, running)

    def truncate_open(self) -> None:
        """End every open episode where it stands: its newest step counts as truncated, its newest state as final.

        For a writer that resets its worlds between two steps, and for one that goes on with new worlds after a resume.
        """
        self._ring.truncate_open()

    def clear(self) -> None:
        """Forget all transitions. Columns stay, and are filled from what comes next."""
        self._ring.clear()

    # Rewards.

    def relabel(self, reward: Reward, *, keep_terms: bool = False, recompute: bool = False) -> Column:
        """Score every stored transition with a reward, as a column named by its fingerprint.

        Rows that the column already covers are not scored again.

        Args:
            reward: The question to be asked of the facts.
            keep_terms: Keep each term as well as their sum.
            recompute: Score all rows again, whatever is covered.

        Raises:
            UnknownNameError: If the reward reads what is not stored; before any work.
            NonFiniteError: If a term is not finite for some transition.
        """
        column = self._columns.find(reward)
        if recompute or (keep_terms and not column.keep_terms):
            column.keep_terms |= keep_terms
            column.forget()
        return self._columns.update(column)

    def add_column(self, name: str, values: np.ndarray) -> Column:
        """Keep rewards that came with the facts, such as those of an imported dataset, as a column of their own.

        There is no reward behind the column: it has no value for what is stored later, and says so when it is read.

        Args:
            name: Of the column.
            values: One reward for each filled slot, in the order of the slots, (len(replay),) float32.

        Raises:
            ReplayError: If there is a column of this name, or the values are of another shape or type, or not finite.
        """
        return self._columns.record(name, values)

    def drop_column(self, column: Column | str) -> None:
        """Forget a reward column.

        Raises:
            UnknownNameError: If there is no such column.
        """
        del self._columns.by_name[self._columns.find(column).name]

    # Reading: sample, at, sample_windows, windows_at, sample_goals and goals_at are those of `Reader`.

    def read(self, index: np.ndarray) -> Transitions:
        """The transitions in some slots, (B,) integers as in `Batch.index`.

        Raises:
            ReplayError: If a slot is out of range or empty.
        """
        return self._ring.read(self._filled(index))

    def slots(self) -> np.ndarray:
        """All filled slots in the order of time, (steps, streams) int64: ``read(slots()[:, 3])`` is stream 3.

        Where a stream made no step when the others did, there is -1.
        """
        ring = self._ring
        slots = ring.row_order()[:, None] * ring.streams + np.arange(ring.streams)
        if ring.gaps:
            slots[(ring.flags[slots] & VOID) > 0] = -1
        return slots

    def split(self, train: float = 0.8, seed: int = 0) -> tuple[Part, Part]:
        """Divide the episodes into a part for training and one that is held out.

        To which part an episode belongs depends on its number and the seed alone: a part grows with the store, and what
        was held out once is held out for ever.

        Args:
            train: Share of the episodes in the first part; it has nearly exactly so many of every ten neighbours.
            seed: Which ones.

        Raises:
            ReplayError: If the share is out of range.
        """
        return split(self, train, seed)

    def returns_to_go(self, reward: Reward | Column | str, gamma: float) -> ReturnsToGo:
        """The discounted sum of rewards from every step to the last stored one of its episode.

        It is kept beside the reward column, brought up to date with it, and forgotten with it.

        Raises:
            ReplayError: If gamma is out of range, or the column cannot be brought up to date.
        """
        if not 0.0 <= gamma <= 1.0:
            raise ReplayError(f"gamma {gamma}; allowed: 0 to 1")
        return self.column(reward).returns_to_go(self._ring, gamma)

    def is_current(self, index: np.ndarray, generation: int | np.ndarray) -> np.ndarray:
        """Whether slots still hold what they held when the batch with this generation was drawn, (B,) bool."""
        return self._ring.generations(index) < generation

    def episodes(self, reward: Reward | Column | str | None = None) -> Episodes:
        """The episodes in the store, with their returns under a reward if one is named."""
        column = None if reward is None else self.column(reward)
        return episodes_of(self._ring, None if column is None else column.total)

    # Keeping.

    def state_dict(self) -> dict[str, np.ndarray]:
        """Everything that is stored, as plain arrays; `load_state_dict` is its inverse."""
        return snapshot(self._ring, self._columns.by_name)

    def load_state_dict(self, state: Mapping[str, np.ndarray]) -> None:
        """Become the replay that `state_dict` was called on. Columns come back with values, but without rewards.

        Raises:
            FileFormatError: If the state is incomplete, damaged, or of another schema or size. Nothing is changed then.
        """
        ring, columns = restore(state, like=self._ring)
        for name, column in columns.items():
            if name in self._columns.by_name:
                column.reward = self._columns.by_name[name].reward
        self._attach(ring, columns)

    def save(self, path: str | Path) -> None:
        """Write everything to a safetensors file; a crash leaves the old file or the new one, never a torn one."""
        write_file(Path(path), self.state_dict())

    @classmethod
    def load(cls, path: str | Path) -> "Replay":
        """Read what `save` wrote.

        Raises:
            FileFormatError: If the file is not a replay, is damaged, or was written by a newer version.
        """
        return cls.over(*restore(read_file(Path(path))))

    @classmethod
    def over(cls, storage: Storage, columns: dict[str, Column] | None = None) -> "Replay":
        """A replay over facts that lie somewhere already, such as a `View` of a store's files."""
        replay = cls.__new__(cls)
        Reader.__init__(replay)
        replay.schema = storage.schema
        # It reads like a ring, and refuses what a ring can do beyond that.
        replay._attach(storage, columns)  # pyright: ignore[reportArgumentType]
        return replay

    def _attach(self, ring: Ring, columns: dict[str, Column] | None = None) -> None:
        self._ring = ring
        self._columns = Columns(ring, columns)
        self._intake = Intake(ring.schema, ring.streams)
        self._starts_of = (-1, -1)
