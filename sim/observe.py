"""One signal of an observation, as plain data."""

from dataclasses import dataclass

from telic.sim.errors import TaskError, check_number, check_range


@dataclass(frozen=True)
class Observe:
    """One signal of an observation: it is measured late and with an error, then scaled, then clipped.

    Attributes:
        signal: Name of a signal of the task.
        noise: Standard deviation of independent Gaussian noise, in the signal's unit.
        scale: Factor after the noise.
        clip: Largest absolute value after the scale, or None.
        history: How many of the latest values to show, newest first. More than one only in the last item.
        bias: Standard deviation of an offset of each number, drawn once per episode, in the signal's unit.
        delay_s: Shortest and longest age of the value, drawn once per episode [s].
        dropout: Chance of each control step that no new value comes and the last one is shown again.
    """

    signal: str
    noise: float = 0.0
    scale: float = 1.0
    clip: float | None = None
    history: int = 1
    bias: float = 0.0
    delay_s: tuple[float, float] = (0.0, 0.0)
    dropout: float = 0.0

    def __post_init__(self) -> None:
        check_number(f"noise of {self.signal}", self.noise, 0.0, 1e6)
        check_number(f"scale of {self.signal}", self.scale, -1e9, 1e9)
        if self.clip is not None:
            check_number(f"clip of {self.signal}", self.clip, 1e-9, 1e9)
        if not isinstance(self.history, int) or not 1 <= self.history <= 1024:
            raise TaskError(f"history of {self.signal} is {self.history!r}; allowed: whole numbers 1 to 1024")
        check_number(f"bias of {self.signal}", self.bias, 0.0, 1e6)
        check_number(f"dropout of {self.signal}", self.dropout, 0.0, 1.0)
        check_range(f"delay_s of {self.signal}", self.delay_s, 0.0, 60.0)

    @property
    def is_exact(self) -> bool:
        """Whether the value is shown at once and without error."""
        return not (self.noise or self.bias or self.dropout or self.delay_s[1])
