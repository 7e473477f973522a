"""What flies: anything that turns observations into actions, and a trained policy as such a thing."""

from collections.abc import Callable, Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from telic.control.policy import PolicyWeights

Floats = NDArray[np.float32]
Array = NDArray[np.floating]
Mask = NDArray[np.bool_]


class Controller(Protocol):
    """Anything that flies N vehicles at once: a policy, the PID baseline, a policy of another library."""

    def reset(self, ids: Mask | None = None) -> None:
        """Forget the episodes of these vehicles, (N,) bool; of all when None, which also allows another N."""
        ...

    def act(self, observation: Floats, signals: Mapping[str, Floats]) -> Floats:
        """Return actions (N, 4) in -1..1.

        Args:
            observation: What the task lets a controller see (N, K), with noise.
            signals: The world's exact signals. Of these a controller that is to be compared with others may read only
                the reference.
        """
        ...


class PolicyController:
    """A trained policy on batches of observations, in NumPy.

    It agrees with the torch policy to float32 rounding; `telic.deploy.reference` is the one that is exact to the bit.

    Args:
        weights: The policy.
    """

    def __init__(self, weights: PolicyWeights) -> None:
        self._num_inputs = weights.num_inputs
        self._mean, self._std, self._clip = weights.observation_mean, weights.observation_std, weights.observation_clip
        self._is_plain = not self._mean.any() and bool((self._std == 1.0).all()) and self._clip is None
        self._layers = [
            (np.ascontiguousarray(layer.weight.T), layer.bias, ACTIVATIONS[layer.activation])
            for layer in weights.layers
        ]

    def reset(self, ids: Mask | None = None) -> None:
        """Do nothing: the policy remembers nothing."""

    def act(self, observation: Floats, signals: Mapping[str, Floats] | None = None) -> Floats:
        """Return actions (N, 4) for observations (N, K).

        Raises:
            ValueError: If the observation has another length, or is not finite.
        """
        return np.clip(self.outputs(observation), -1.0, 1.0).astype(np.float32, copy=False)

    def outputs(self, observation: Floats) -> Array:
        """Return what the last layer gives (N, outputs), without limits.

        Raises:
            ValueError: If the observation has another length, or is not finite.
        """
        if observation.ndim != 2 or observation.shape[1] != self._num_inputs:
            raise ValueError(f"observation has shape {observation.shape}; this policy reads (N, {self._num_inputs})")
        refuse_unfinite(observation)
        x = observation if self._is_plain else self._normalised(observation)
        for weight, bias, activation in self._layers:
            x = activation(x @ weight + bias)
        return x

    def _normalised(self, observation: Floats) -> Array:
        x = (observation - self._mean) / self._std
        return x if self._clip is None else np.clip(x, -self._clip, self._clip)


def refuse_unfinite(observation: Floats) -> None:
    """Check an observation (N, K).

    Raises:
        ValueError: With the first vehicle and number that is NaN or infinite.
    """
    # A sum is one cheap pass; only a suspicious one is looked at number by number.
    if np.isfinite(observation.sum()):
        return
    wrong = np.argwhere(~np.isfinite(observation))
    if len(wrong):
        vehicle, number = wrong[0]
        value = observation[vehicle, number]
        raise ValueError(f"number {number} of the observation of vehicle {vehicle} is {value}; allowed: finite numbers")


def _fast_tanh(x: Array) -> Array:
    x = np.clip(x, -3.0, 3.0)
    square = x * x
    return x * (27.0 + square) / (27.0 + 9.0 * square)


ACTIVATIONS: dict[str, Callable[[Array], Array]] = {
    "fast_tanh": _fast_tanh,
    "relu": lambda x: np.maximum(x, 0.0),
    "identity": lambda x: x,
}
