"""The door of the replay: what comes in is checked and packed into rows before anything stored is touched."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from telic.replay.append import NON_FINITE
from telic.replay.errors import DiscontinuityError, NonFiniteError
from telic.replay.ring import Ring
from telic.replay.schema import Schema, check_array
from telic.replay.signal import Signal
from telic.replay.storage import row_type, words_of

_FLAG = {name: Signal(name, dtype="bool") for name in ("terminated", "truncated", "skip")}


class Packed:
    """Rows in the layout of the ring, to be filled field by field.

    Attributes:
        rows: The rows, structured, of any shape.
        words: The same memory as 32-bit words, (rows, width).
    """

    def __init__(self, schema: Schema, shape: tuple[int, ...]) -> None:
        """Allocate rows of this shape."""
        self.rows = np.zeros(shape, row_type(schema))
        self.words = words_of(self.rows)
        self.action = self.rows["action"]
        self._schema = schema
        self._fields = {name: self.rows[name] for name in schema.names}

    def fill(self, signals: Mapping[str, Any]) -> None:
        """Copy all signals, (*shape, *signal.shape) each, after checking them against the schema."""
        for name, value in self._schema.check(signals, self.rows.shape).items():
            self._fields[name][...] = value


class Intake:
    """Checks and packs the steps of some parallel streams.

    The rows it returns are its own and are overwritten by the next call.

    Attributes:
        exponents: Bits of each word of a row that are all set in a NaN or an infinity, (halves, width): of the high
            half of each word, then of the low half if the schema has float16 numbers, two of which share a word.
    """

    def __init__(self, schema: Schema, streams: int) -> None:
        """Prepare for a schema and a number of streams."""
        self._schema = schema
        self._step = Packed(schema, (streams,))
        self._following = Packed(schema, (streams,))
        self._window = Packed(schema, (0, streams))
        self._finals = Packed(schema, (0,))
        self._terminated, self._truncated, self._nobody = np.zeros((3, streams), np.bool_)
        self.exponents = _exponent_bits(schema)

    def flags(self, terminated: Any, truncated: Any) -> tuple[np.ndarray, np.ndarray]:
        """Both flags of a step, (streams,) bool each."""
        shape = self._nobody.shape
        self._terminated[:] = check_array(terminated, _FLAG["terminated"], shape)
        self._truncated[:] = check_array(truncated, _FLAG["truncated"], shape)
        return self._terminated, self._truncated

    def skip(self, value: Any) -> np.ndarray:
        """Who made no step, (streams,) bool; None means nobody."""
        return self._nobody if value is None else check_array(value, _FLAG["skip"], self._nobody.shape).copy()

    def window_flags(self, terminated: Any, truncated: Any, length: int) -> tuple[np.ndarray, np.ndarray]:
        """Both flags of a window, (length, streams) bool each."""
        shape = (length, *self._nobody.shape)
        terminated = check_array(terminated, _FLAG["terminated"], shape)
        return terminated.copy(), check_array(truncated, _FLAG["truncated"], shape).copy()

    def step(self, signals: Mapping[str, Any], action: Any) -> np.ndarray:
        """States and actions of one step, packed as words (streams, width)."""
        packed = self._step
        packed.fill(signals)
        packed.action[...] = check_array(action, self._schema.action, packed.rows.shape)
        return packed.words

    def after_step(self, next_signals: Mapping[str, Any]) -> np.ndarray:
        """States after one step, packed as words (streams, width)."""
        self._following.fill(next_signals)
        return self._following.words

    def window(self, signals: Mapping[str, Any], action: Any, length: int) -> np.ndarray:
        """States and actions of some steps, and the states after the last, packed as words (rows, width)."""
        streams = self._step.rows.shape[0]
        if len(self._window.rows) != length + 1:
            self._window = Packed(self._schema, (length + 1, streams))
        self._window.fill(signals)
        self._window.action[:length] = check_array(action, self._schema.action, (length, streams))
        return self._window.words

    def finals(self, final_signals: Mapping[str, Any], ends: int) -> np.ndarray:
        """Final states of episodes, packed as words (ends, width)."""
        if len(self._finals.rows) != ends:
            self._finals = Packed(self._schema, (ends,))
        self._finals.fill(final_signals)
        return self._finals.words

    def refuse_step(self, problem: int, ring: Ring, skip: np.ndarray) -> None:
        """Say what is wrong with the step that `Ring.append_step` has refused."""
        if problem == NON_FINITE:
            made = ~skip
            self._refuse_non_finite(self._step.rows, "", ("stream",), made)
            self._refuse_non_finite(self._following.rows, "next ", ("stream",), made)
        self._refuse_jump(self._step.rows, ring, skip)

    def refuse_window(self, problem: int, ring: Ring) -> None:
        """Say what is wrong with the window that `Ring.append_window` has refused."""
        if problem == NON_FINITE:
            self._refuse_non_finite(self._window.rows, "", ("step", "stream"))
            self._refuse_non_finite(self._finals.rows, "next ", ("episode end",))
        self._refuse_jump(self._window.rows[0], ring, self._nobody)

    def _refuse_jump(self, steps: np.ndarray, ring: Ring, skip: np.ndarray) -> None:
        """Refuse steps (streams,) that do not begin where the open episodes stand.

        If they differ in nothing but the sign of a zero, they take over the stored one.

        Raises:
            DiscontinuityError: It names the signal and the stream.
        """
        streams = np.flatnonzero(ring.open_row >= 0)
        pending = ring.side[ring.open_row[streams]]
        if skip[streams].any():
            raise DiscontinuityError(
                f"stream {streams[skip[streams]][0]} is skipped, but it is in the middle of an episode; mark its last "
                "step terminated or truncated, or call truncate_open()"
            )
        for name in self._schema.names:
            unequal = (steps[name][streams] != pending[name]).reshape(len(streams), -1).any(axis=1)
            if unequal.any():
                at = int(np.argmax(unequal))
                raise DiscontinuityError(
                    f"{name!r} of stream {streams[at]} is {steps[name][streams[at]]}, but the step before led to "
                    f"{pending[name][at]}; if the world was reset in between, that step must be marked terminated or "
                    "truncated, or truncate_open() be called"
                )
        state = slice(ring.state_words)
        words_of(steps)[streams, state] = ring.side_words[ring.open_row[streams], state]

    def _refuse_non_finite(
        self, rows: np.ndarray, prefix: str, axes: tuple[str, ...], made: np.ndarray | slice = slice(None)
    ) -> None:
        """Refuse NaN and infinity in any field of packed rows; `axes` are the names of the rows' axes."""
        for field in (*self._schema.signals, self._schema.action):
            finite = np.isfinite(rows[field.name])
            bad = np.zeros_like(finite)
            bad[made] = ~finite[made]
            if bad.any():
                place = np.argwhere(bad)[0].tolist()
                where = ", ".join(f"{axis} {at}" for axis, at in zip(axes, place, strict=False))
                element = f"[{', '.join(map(str, place[rows.ndim :]))}]" if field.shape else ""
                raise NonFiniteError(
                    f"{prefix}{field.name}{element} of {where} is {rows[field.name][tuple(place)]}; nothing was "
                    "stored. A diverged simulation or a division by zero makes such values: look where it is computed"
                )


def _exponent_bits(schema: Schema) -> np.ndarray:
    infinite = np.zeros(1, row_type(schema))
    for field in (*schema.signals, schema.action):
        if np.dtype(field.dtype).kind == "f":
            infinite[field.name] = np.inf
    halves = words_of(infinite) & np.array([[0xFFFF0000], [0x0000FFFF]], np.uint32)
    return halves if halves[1].any() else halves[:1]
