"""How an episode ended: which signal left which bound, or out of time, or cut short."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from telic.sim.mujoco.task import MujocoTask
from telic.sim.task import Task
from telic.sim.world import AnyTask

OUT_OF_TIME = "out of time"
# The store keeps no flag for it: the simulation broke down, or the recording stopped.
CUT_SHORT = "cut short before its time"
TERMINATED = "terminated, with no limit exceeded in the final state"


@dataclass(frozen=True)
class Limit:
    """A range that ends an episode when a signal leaves it.

    Attributes:
        signal: Name of the signal.
        low: Smallest allowed value.
        high: Largest allowed value.
        element: Only this number of the signal, flattened; None for all.
        open: The bounds themselves are outside too.
        origin: A signal of the same shape that is subtracted first; empty for none.
        unit: Of all of these.
    """

    signal: str
    low: float = -math.inf
    high: float = math.inf
    element: int | None = None
    open: bool = False
    origin: str = ""
    unit: str = "1"

    def exceeded(self, final: Mapping[str, np.ndarray]) -> str:
        """In which way a final state is outside, in words; empty if it is within, or lacks the signal."""
        if self.signal not in final or (self.origin and self.origin not in final):
            return ""
        values = np.asarray(final[self.signal], np.float64)
        if self.origin:
            values = values - final[self.origin]
        flat = values.ravel()
        for index in range(flat.size) if self.element is None else (self.element,):
            side = self._side(float(flat[index]))
            if side:
                element = element_text(values.shape, index)
                less = f" - {self.origin}{element}" if self.origin else ""
                return f"{self.signal}{element}{less} {side}"
        return ""

    def _side(self, value: float) -> str:
        unit = "" if self.unit == "1" else f" {self.unit}"
        if not math.isfinite(value):
            return "not a number"
        if value < self.low or (self.open and value == self.low):
            return f"below {self.low:.4g}{unit}"
        if value > self.high or (self.open and value == self.high):
            return f"above {self.high:.4g}{unit}"
        return ""


def limits_of(task: AnyTask) -> tuple[Limit, ...]:
    """The limits that end an episode of a task."""
    units = {signal.name: signal.unit for signal in task.schema}
    if isinstance(task, Task):
        reach = task.terminate.half_width
        return (Limit("position", -reach, reach, origin="reference_position", unit="m"),)
    if isinstance(task, MujocoTask):
        return tuple(
            Limit(rule.signal, rule.low, rule.high, rule.element, rule.open, unit=units[rule.signal])
            for rule in task.terminate
        )
    return ()


def ending(limits: Sequence[Limit], final: Mapping[str, np.ndarray], *, terminated: bool, is_cut: bool) -> str:
    """What ended an episode.

    Args:
        limits: Those of its task.
        final: Its final state, one sample per signal.
        terminated: Whether it ended for good.
        is_cut: For an episode that did not: whether it was shorter than its time.
    """
    if not terminated:
        return CUT_SHORT if is_cut else OUT_OF_TIME
    return " and ".join(filter(None, (limit.exceeded(final) for limit in limits))) or TERMINATED


def element_text(shape: tuple[int, ...], index: int) -> str:
    """A flat index as the reward language writes it, ``[2, 2]``; empty for a single number."""
    return f"[{', '.join(str(int(i)) for i in np.unravel_index(index, shape))}]" if shape else ""
