"""Running mean and variance of a stream of arrays."""

from collections.abc import Mapping

import numpy as np

from telic.replay.errors import FileFormatError


class Moments:
    """Mean and variance of all samples so far, elementwise, in float64.

    Batches are merged by the formula of Chan, Golub and LeVeque, "Updating Formulae and a Pairwise Algorithm for
    Computing Sample Variances", 1979, equation 2.1: no sum of squares, of which a large mean would leave nothing.

    Attributes:
        count: How many samples there were.
        mean: Their mean, of the shape of one sample; 0 before the first one.
        sum_of_squares: Sum of their squared distances from the mean, of the shape of one sample.
    """

    def __init__(self, shape: tuple[int, ...] = ()) -> None:
        """No samples yet.

        Args:
            shape: Shape of one sample.
        """
        self.count = 0
        self.mean = np.zeros(shape)
        self.sum_of_squares = np.zeros(shape)

    @property
    def variance(self) -> np.ndarray:
        """Variance of the samples, of the shape of one; 0 before the first one."""
        return self.sum_of_squares / max(self.count, 1)

    def add(self, samples: np.ndarray) -> None:
        """Take in some samples, (B, *shape)."""
        samples = np.asarray(samples, np.float64)
        if len(samples) == 0:
            return
        mean = samples.mean(axis=0)
        step = mean - self.mean
        count = self.count + len(samples)
        self.sum_of_squares = (
            self.sum_of_squares
            + np.square(samples - mean).sum(axis=0)
            + np.square(step) * (self.count * len(samples) / count)
        )
        self.mean = self.mean + step * (len(samples) / count)
        self.count = count

    def state_dict(self) -> dict[str, np.ndarray]:
        """The three attributes as plain arrays."""
        return {
            "count": np.array(self.count),
            "mean": np.array(self.mean),
            "sum_of_squares": np.array(self.sum_of_squares),
        }

    def load_state_dict(self, state: Mapping[str, np.ndarray]) -> None:
        """Become the moments that `state_dict` was called on.

        Raises:
            FileFormatError: If an array is missing, of another shape, or not finite. Nothing is changed then.
        """
        expected = {"count": (), "mean": self.mean.shape, "sum_of_squares": self.mean.shape}
        for name, shape in expected.items():
            if name not in state or state[name].shape != shape or not np.isfinite(state[name]).all():
                raise FileFormatError(f"the state of a running mean needs finite {name!r} of shape {shape}")
        self.count = int(state["count"])
        self.mean, self.sum_of_squares = state["mean"].copy(), state["sum_of_squares"].copy()
