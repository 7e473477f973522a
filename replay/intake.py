"""The door of the replay: what comes in is checked and packed into rows before anything stored is touched."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from numba import njit

from telic.replay.errors import DiscontinuityError, NonFiniteError
from telic.replay.ring import row_type, words_of
from telic.replay.schema import Schema, check_array
from telic.replay.signal import Signal

_FLAG = {name: Signal(name, dtype="bool") for name in ("terminated", "truncated")}


class Intake:
    """Checks and packs the steps of some parallel streams.

    The arrays it returns are its own and are overwritten by the next call.
    """

    def __init__(self, schema: Schema, streams: int) -> None:
        """Prepare for a schema and a number of streams."""
        self._schema = schema
        self._type = row_type(schema)
        self._step = np.zeros((1, streams), self._type)
        self._window = np.zeros((0, streams), self._type)
        self._finals = np.zeros(0, self._type)
        self._exponents = _exponent_bits(schema)

    def flag(self, name: str, value: Any, batch: tuple[int, ...]) -> np.ndarray:
        """A copy of ``terminated`` or ``truncated``, as a bool array of the batch shape."""
        return check_array(value, _FLAG[name], batch).copy()

    def step(self, signals: Mapping[str, Any], action: Any) -> np.ndarray:
        """States and actions of one step, packed as (1, streams)."""
        rows = self._step[0]
        self._pack(signals, rows)
        rows["action"] = check_array(action, self._schema.action, rows.shape)
        self._refuse_non_finite(rows, "", ("stream",))
        return self._step

    def window(self, signals: Mapping[str, Any], action: Any, length: int) -> np.ndarray:
        """States and actions of some steps, and the states after the last, packed as (length + 1, streams)."""
        streams = self._step.shape[1]
        if len(self._window) != length + 1:
            self._window = np.zeros((length + 1, streams), self._type)
        self._pack(signals, self._window)
        self._window["action"][:length] = check_array(action, self._schema.action, (length, streams))
        self._refuse_non_finite(self._window, "", ("step", "stream"))
        return self._window

    def after_step(self, next_signals: Mapping[str, Any]) -> np.ndarray:
        """States after one step, packed as (streams,)."""
        return self._states(next_signals, self._step.shape[1], "stream")

    def finals(self, final_signals: Mapping[str, Any], ends: int) -> np.ndarray:
        """Final states of episodes, packed as (ends,)."""
        return self._states(final_signals, ends, "episode end")

    def refuse_jump(self, steps: np.ndarray, pending: np.ndarray, fresh: np.ndarray) -> None:
        """Refuse steps (streams,) that do not begin in the pending states, but in streams that begin an episode.

        Raises:
            DiscontinuityError: It names the signal and the stream.
        """
        # The action is the last field, and the pending states have none.
        words = self._type.fields["action"][1] // 4  # pyright: ignore[reportOptionalSubscript]
        if not _differs(words_of(steps), words_of(pending), fresh, words):
            return
        for name in self._schema.names:
            unequal = (steps[name] != pending[name]).reshape(len(fresh), -1).any(axis=1) & ~fresh
            if unequal.any():
                stream = int(np.argmax(unequal))
                raise DiscontinuityError(
                    f"{name!r} of stream {stream} is {steps[name][stream]}, but the step before led to "
                    f"{pending[name][stream]}; if the world was reset in between, that step must be marked "
                    "terminated or truncated, or truncate_open() be called"
                )

    def _states(self, signals: Mapping[str, Any], count: int, axis: str) -> np.ndarray:
        if len(self._finals) != count:
            self._finals = np.zeros(count, self._type)
        self._pack(signals, self._finals)
        self._refuse_non_finite(self._finals, "next ", (axis,))
        return self._finals

    def _pack(self, signals: Mapping[str, Any], rows: np.ndarray) -> None:
        for name, value in self._schema.check(signals, rows.shape).items():
            rows[name] = value

    def _refuse_non_finite(self, rows: np.ndarray, prefix: str, axes: tuple[str, ...]) -> None:
        """Refuse NaN and infinity in any field of packed rows; `axes` are the names of the rows' axes."""
        if not _any_non_finite(words_of(rows), self._exponents):
            return
        for field in (*self._schema.signals, self._schema.action):
            bad = np.argwhere(~np.isfinite(rows[field.name]))
            if len(bad):
                place = bad[0].tolist()
                where = ", ".join(f"{axis} {at}" for axis, at in zip(axes, place, strict=False))
                element = f"[{', '.join(map(str, place[rows.ndim :]))}]" if field.shape else ""
                raise NonFiniteError(
                    f"{prefix}{field.name}{element} of {where} is {rows[field.name][tuple(place)]}; nothing was "
                    "stored. A diverged simulation or a division by zero makes such values: look where it is computed"
                )


def _exponent_bits(schema: Schema) -> np.ndarray:
    """Bits of each word of a row that are all set in a NaN or an infinity, (2, width): low and high half apart.

    The halves are apart because a word may hold two float16 numbers.
    """
    infinite = np.zeros(1, row_type(schema))
    for field in (*schema.signals, schema.action):
        if np.dtype(field.dtype).kind == "f":
            infinite[field.name] = np.inf
    return words_of(infinite) & np.array([[0x0000FFFF], [0xFFFF0000]], np.uint32)


@njit(cache=True)
def _any_non_finite(rows: np.ndarray, exponents: np.ndarray) -> bool:
    found = False
    for half in range(2):
        for i in range(rows.shape[0]):
            for word in range(rows.shape[1]):
                bits = exponents[half, word]
                found |= (bits != 0) & ((rows[i, word] & bits) == bits)
    return found


@njit(cache=True)
def _differs(rows: np.ndarray, pending: np.ndarray, skip: np.ndarray, words: int) -> bool:
    found = False
    for i in range(rows.shape[0]):
        if not skip[i]:
            for word in range(words):
                found |= rows[i, word] != pending[i, word]
    return found
