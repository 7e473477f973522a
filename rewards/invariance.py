"""What a reward does not care about: where north is, which side is left, and what time it is."""

from collections.abc import Mapping

import numpy as np

from telic.replay.signal import Signal
from telic.rewards.error import RewardError
from telic.rewards.mirror import Mirror
from telic.rewards.program import RewardProgram
from telic.rewards.signals import readable_signals

# Headings are told from other angles, and times from other durations, by these parts of their names.
_HEADING, _TIMES = "yaw", ("elapsed", "time")
# Relative change that is rounding.
ROUNDING = 1e-4


def invariances(
    program: RewardProgram, stored: Mapping[str, np.ndarray], mirror: Mirror | None = None
) -> dict[str, float]:
    """How far the reward changes, at most, when the world is turned, mirrored or set on, in shares of its spread.

    ``yaw`` turns everything in the world frame about the vertical axis, by seven angles: vectors, rotation matrices
    and headings. ``mirror`` exchanges left and right: vectors and matrices by their frames, headings, and joints,
    actuators and feet with their partners. ``time`` sets all clocks ten seconds on. A reward that should hold a place,
    a heading or a side may depend on these; one that should not, and does, has learned the data set's compass, gait or
    calendar.

    Args:
        program: The reward.
        stored: What it reads, (N, ...) each; what it remembers as well.
        mirror: What the robot's left and right are, for signals that list joints, actuators or feet.

    Returns:
        The changes by name, without those that nothing that the reward reads could show; infinite where the reward is
        not finite any more. Below `ROUNDING`, it is invariant.
    """
    readable = readable_signals(program.signals)
    read = [readable[name] for name in program.inputs]
    before = program.total(stored).astype(np.float64)
    spread = float(before.std()) or 1.0
    found = {}
    if any(_turns(signal) for signal in read):
        angles = np.linspace(0.0, 2.0 * np.pi, 9)[1:-1]
        changed = [{signal.name: _turned(signal, stored[signal.name], angle) for signal in read} for angle in angles]
        found["yaw"] = max(_change(program, stored, inputs, before) for inputs in changed) / spread
    reflected = {signal.name: (mirror or Mirror()).reflect(signal, stored[signal.name]) for signal in read}
    known = {name: values for name, values in reflected.items() if values is not None}
    # Half a mirror image would be blamed on the reward.
    if len(known) == len(reflected) and any((values != stored[name]).any() for name, values in known.items()):
        found["mirror"] = _change(program, stored, known, before) / spread
    clocks = {signal.name: stored[signal.name] + np.float32(10.0) for signal in read if _is_clock(signal)}
    if clocks:
        found["time"] = _change(program, stored, clocks, before) / spread
    return found


def _change(
    program: RewardProgram, stored: Mapping[str, np.ndarray], changed: Mapping[str, np.ndarray], before: np.ndarray
) -> float:
    try:
        return float(np.abs(program.total({**stored, **changed}) - before).max())
    except RewardError:
        return float("inf")


def _turns(signal: Signal) -> bool:
    return (signal.frame == "world" and signal.shape in ((3,), (3, 3))) or _is_heading(signal)


def _is_heading(signal: Signal) -> bool:
    return signal.unit == "rad" and _HEADING in signal.name


def _is_clock(signal: Signal) -> bool:
    return signal.unit == "s" and any(name in signal.name for name in _TIMES)


def _turned(signal: Signal, values: np.ndarray, angle: float) -> np.ndarray:
    """A signal's values (N, ...) in a world that was turned about its vertical axis by an angle [rad]."""
    if not _turns(signal):
        return values
    if _is_heading(signal):
        return values + np.float32(angle)
    c, s = np.cos(angle), np.sin(angle)
    turn = np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]], np.float32)
    return np.einsum("ij,nj...->ni...", turn, values).astype(np.float32)
