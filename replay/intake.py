"""The door of the replay: what comes in is checked before anything stored is touched."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from telic.replay.errors import DiscontinuityError, NonFiniteError
from telic.replay.ring import Fields, Ring
from telic.replay.schema import Schema, check_array
from telic.replay.signal import Signal

_FLAG = {name: Signal(name, dtype="bool") for name in ("terminated", "truncated", "skip")}


class Intake:
    """Checks names, shapes and types of what is to be stored, and says what was wrong with its numbers."""

    def __init__(self, schema: Schema, streams: int) -> None:
        """Prepare for a schema and a number of streams."""
        self._schema = schema
        self._streams = streams
        self._nobody = np.zeros(streams, np.bool_)
        self._bool = self._nobody.dtype
        # What one step must look like: looked up, and not made anew, in every step.
        self._signals = [(s.name, (streams, *s.shape), np.dtype(s.dtype), s) for s in schema.signals]
        self._action = (streams, schema.actions.size)
        self._float = np.dtype(np.float32)

    def flag(self, name: str, value: Any, batch: tuple[int, ...]) -> np.ndarray:
        """``terminated``, ``truncated`` or ``skip``, a contiguous bool array of the batch shape."""
        if type(value) is not np.ndarray or value.shape != batch or value.dtype is not self._bool:
            value = check_array(value, _FLAG[name], batch)
        return _plain(value)

    def skip(self, value: Any) -> np.ndarray:
        """Who made no step, (streams,) bool; None means nobody."""
        return self._nobody if value is None else self.flag("skip", value, (self._streams,))

    def step_action(self, value: Any) -> np.ndarray:
        """Actions of one step as bytes, (streams, bytes)."""
        if type(value) is not np.ndarray or value.shape != self._action or value.dtype is not self._float:
            value = check_array(value, self._schema.action, (self._streams,))
        return _plain(value).view(np.uint8)

    def step_signals(self, values: Mapping[str, Any]) -> Fields:
        """All signals of one step as bytes, (streams, bytes) each."""
        if len(values) != len(self._signals):
            self._schema.check(values, (self._streams,))
        fields = []
        for name, shape, dtype, signal in self._signals:
            value = values.get(name)
            if type(value) is not np.ndarray or value.shape != shape or value.dtype is not dtype:
                value = self._schema.check(values, (self._streams,))[name]
            value = _plain(value)
            fields.append(value.view(np.uint8) if value.ndim == 2 else value.reshape(-1, signal.size).view(np.uint8))
        return tuple(fields)

    def action(self, value: Any, batch: tuple[int, ...]) -> np.ndarray:
        """Actions (*batch, actuators) as bytes, (rows, bytes)."""
        return _as_bytes(check_array(value, self._schema.action, batch), self._schema.action)

    def signals(self, values: Mapping[str, Any], batch: tuple[int, ...]) -> Fields:
        """All signals, (*batch, *shape) each, as bytes, (rows, bytes) each."""
        checked = self._schema.check(values, batch)
        return tuple([_as_bytes(checked[signal.name], signal) for signal in self._schema.signals])

    def refuse_step(
        self, ring: Ring, signals: Mapping[str, Any], action: Any, next_signals: Mapping[str, Any], skip: np.ndarray
    ) -> dict[str, np.ndarray]:
        """Say what is wrong with the step that `Ring.append_step` has refused.

        Returns:
            The signals as they can be taken, if they differ from the stored ones in nothing but the sign of a zero.
        """
        made = ~skip
        self._refuse_non_finite({**signals, "action": action}, "", ("stream",), made)
        self._refuse_non_finite(next_signals, "next ", ("stream",), made)
        return self._continued(signals, ring, skip)

    def refuse_window(
        self, ring: Ring, signals: Mapping[str, Any], action: Any, final_signals: Mapping[str, Any]
    ) -> dict[str, np.ndarray]:
        """Say what is wrong with the window that `Ring.append_window` has refused; see `refuse_step`."""
        self._refuse_non_finite({**signals, "action": action}, "", ("step", "stream"))
        self._refuse_non_finite(final_signals, "next ", ("episode end",))
        first = self._continued({name: value[0] for name, value in signals.items()}, ring, self._nobody)
        return {name: np.concatenate([first[name][None], value[1:]]) for name, value in signals.items()}

    def _continued(self, signals: Mapping[str, Any], ring: Ring, skip: np.ndarray) -> dict[str, np.ndarray]:
        """Refuse states (streams,) that are not where the open episodes stand; else, copies that are so to the bit.

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
        continued = {name: np.array(value) for name, value in signals.items()}
        for name in self._schema.names:
            value = continued[name]
            unequal = (value[streams] != pending[name]).reshape(len(streams), -1).any(axis=1)
            if unequal.any():
                at = int(np.argmax(unequal))
                raise DiscontinuityError(
                    f"{name!r} of stream {streams[at]} is {value[streams[at]]}, but the step before led to "
                    f"{pending[name][at]}; if the world was reset in between, that step must be marked terminated or "
                    "truncated, or truncate_open() be called"
                )
            value[streams] = pending[name]
        return continued

    def _refuse_non_finite(
        self,
        values: Mapping[str, Any],
        prefix: str,
        axes: tuple[str, ...],
        made: np.ndarray | slice = slice(None),
    ) -> None:
        """Refuse NaN and infinity in any field, (*axes, *shape); `axes` are the names of the leading axes."""
        for name, value in values.items():
            finite = np.isfinite(value)
            bad = np.zeros_like(finite)
            bad[made] = ~finite[made]
            if bad.any():
                place = np.argwhere(bad)[0].tolist()
                where = ", ".join(f"{axis} {at}" for axis, at in zip(axes, place, strict=False))
                element = f"[{', '.join(map(str, place[len(axes) :]))}]" if bad.ndim > len(axes) else ""
                raise NonFiniteError(
                    f"{prefix}{name}{element} of {where} is {np.asarray(value)[tuple(place)]}; nothing was stored. A "
                    "diverged simulation or a division by zero makes such values: look where it is computed"
                )


def _plain(value: np.ndarray) -> np.ndarray:
    """The array itself, or a copy if compiled loops would have to be compiled again for its kind of memory."""
    flags = value.flags
    return value if flags.c_contiguous and flags.writeable else value.copy()


def _as_bytes(value: np.ndarray, signal: Signal) -> np.ndarray:
    """Samples of any leading shape as bytes, (rows, bytes)."""
    return _plain(value).reshape(-1, signal.size).view(np.uint8)
