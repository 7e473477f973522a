"""The reward columns of a storage, by the fingerprints of their rewards."""

import numpy as np

from telic.replay.column import Column, check_inputs
from telic.replay.errors import NonFiniteError, ReplayError, UnknownNameError, did_you_mean
from telic.replay.reward import Reward
from telic.replay.schema import check_array
from telic.replay.signal import Signal
from telic.replay.storage import Storage


class Columns:
    """Finds the column that is meant, and brings it up to date.

    Attributes:
        by_name: The columns that are kept.
    """

    def __init__(self, storage: Storage, columns: dict[str, Column] | None = None) -> None:
        """Stand beside a storage."""
        self.by_name = columns or {}
        self._storage = storage

    def find(self, reward: Reward | Column | str) -> Column:
        """The column of a reward, a new one that is not kept yet if it has none, or the column that is meant.

        Raises:
            UnknownNameError: If there is no such column, or the reward reads what is not stored.
        """
        name = reward if isinstance(reward, str) else reward.name if isinstance(reward, Column) else reward.fingerprint
        column = self.by_name.get(name)
        if isinstance(reward, str | Column):
            if column is None or (isinstance(reward, Column) and reward is not column):
                raise UnknownNameError(f"no reward column {name!r} in this replay; {did_you_mean(name, self.by_name)}")
            return column
        if column is None:
            check_inputs(reward, self._storage.schema)
            return Column(name, self._no_values(), reward=reward)
        column.reward = reward
        return column

    def current(self, reward: Reward | Column | str) -> Column:
        """The column of a reward, covering all rows, and kept from now on.

        Raises:
            ReplayError: If there is no such column, or it cannot be brought up to date.
        """
        # What is read most often, and must take no time.
        if isinstance(reward, Column) and self.by_name.get(reward.name) is reward:
            return self.update(reward)
        return self.update(self.find(reward))

    def update(self, column: Column) -> Column:
        """The same column, covering all rows, and kept from now on.

        Raises:
            ReplayError: If it cannot be brought up to date; then it is not kept.
        """
        if column.covered != self._storage.written:
            column.update(self._storage)
        self.by_name[column.name] = column
        return column

    def record(self, name: str, values: np.ndarray) -> Column:
        """Keep given rewards, one for each filled slot in the order of the slots, as a column without a reward.

        Raises:
            ReplayError: If there is a column of this name, or the values are of another shape or type, or not finite.
        """
        if name in self.by_name:
            raise ReplayError(f"there is a reward column {name!r} already; drop it first with drop_column({name!r})")
        slots = self._storage.filled_slots()
        values = check_array(values, Signal("reward"), slots.shape)
        if not np.isfinite(values).all():
            at = int(np.flatnonzero(~np.isfinite(values))[0])
            raise NonFiniteError(f"the reward {name!r} of slot {slots[at]} is {values[at]}; nothing was stored")
        column = Column(name, self._no_values(), covered=self._storage.written)
        column.total[slots] = values
        self.by_name[name] = column
        return column

    def _no_values(self) -> np.ndarray:
        return np.zeros(self._storage.rows * self._storage.streams, np.float32)
