"""Numbers that change while a learner learns, such as the share of demonstrations in its batches."""

from dataclasses import dataclass

from telic.replay.errors import ReplayError


@dataclass(frozen=True)
class Linear:
    """A straight line from one value to another, and the second value from then on.

    Attributes:
        start: Value for the first batch.
        end: Value from the batch with number `batches` on.
        batches: How many batches the way takes.
    """

    start: float
    end: float
    batches: int

    def __post_init__(self) -> None:
        if self.batches < 1:
            raise ReplayError(f"a schedule over {self.batches} batches; needed: at least 1")

    def __call__(self, batch: int) -> float:
        """The value for the batch with this number, counted from 0."""
        share = min(batch / self.batches, 1.0)
        return (1.0 - share) * self.start + share * self.end


def value_at(value: float | Linear, batch: int) -> float:
    """A constant, or a schedule's value for the batch with this number."""
    return value(batch) if isinstance(value, Linear) else value
