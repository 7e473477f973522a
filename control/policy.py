"""The policy: observation to action. A torch module while it learns, plain float32 arrays everywhere else."""

import itertools
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, get_args

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file
from torch import nn

Activation = Literal["fast_tanh", "relu", "identity"]


@dataclass(frozen=True)
class Dense:
    """One fully connected layer, ``activation(weight @ x + bias)``.

    Attributes:
        weight: Shape (outputs, inputs), float32.
        bias: Shape (outputs,), float32.
        activation: What follows.
    """

    weight: np.ndarray
    bias: np.ndarray
    activation: Activation

    def __post_init__(self) -> None:
        if self.weight.ndim != 2 or self.bias.shape != self.weight.shape[:1]:
            raise ValueError(
                f"weight {self.weight.shape} and bias {self.bias.shape}; needed: (outputs, inputs) and (outputs,)"
            )
        if self.activation not in get_args(Activation):
            raise ValueError(f"unknown activation {self.activation!r}; allowed: {', '.join(get_args(Activation))}")
        for name, array in (("weight", self.weight), ("bias", self.bias)):
            if array.dtype != np.float32:
                raise ValueError(f"{name} is {array.dtype}; policies are float32")
            if not np.isfinite(array).all():
                raise ValueError(f"{name} of shape {array.shape} holds NaN or infinity")


@dataclass(frozen=True)
class PolicyWeights:
    """A trained policy as data: what export, verification and the robot read.

    The network's input is ``clip((observation - mean) / std, -clip, clip)``.

    Attributes:
        layers: Dense layers from input to action.
        observation_mean: Shape (inputs,), in the observation's own units.
        observation_std: Shape (inputs,), positive.
        observation_clip: Symmetric limit after normalisation, or None.
    """

    layers: tuple[Dense, ...]
    observation_mean: np.ndarray
    observation_std: np.ndarray
    observation_clip: float | None = None

    def __post_init__(self) -> None:
        if not self.layers:
            raise ValueError("a policy needs at least one layer")
        for earlier, later in zip(self.layers, self.layers[1:], strict=False):
            if earlier.weight.shape[0] != later.weight.shape[1]:
                raise ValueError(
                    f"a layer with {earlier.weight.shape[0]} outputs feeds one with {later.weight.shape[1]} inputs"
                )
        for name in ("observation_mean", "observation_std"):
            array = getattr(self, name)
            if array.shape != (self.num_inputs,) or array.dtype != np.float32 or not np.isfinite(array).all():
                raise ValueError(
                    f"{name} must be {self.num_inputs} finite float32 numbers, not {array.dtype} {array.shape}"
                )
        if not (self.observation_std > 0).all():
            raise ValueError(f"observation_std must be positive; its least value is {self.observation_std.min()}")

    @property
    def num_inputs(self) -> int:
        """Length of the observation."""
        return self.layers[0].weight.shape[1]

    @property
    def num_outputs(self) -> int:
        """Length of the action."""
        return self.layers[-1].weight.shape[0]

    @property
    def num_macs(self) -> int:
        """Multiply-accumulates of one evaluation."""
        return sum(layer.weight.size for layer in self.layers)

    def save(self, path: Path) -> None:
        """Write one safetensors file; the structure is in its metadata."""
        arrays = {"observation_mean": self.observation_mean, "observation_std": self.observation_std}
        for index, layer in enumerate(self.layers):
            arrays[f"layers.{index}.weight"] = np.ascontiguousarray(layer.weight)
            arrays[f"layers.{index}.bias"] = np.ascontiguousarray(layer.bias)
        structure = {
            "activations": [layer.activation for layer in self.layers],
            "observation_clip": self.observation_clip,
        }
        save_file(arrays, path, metadata={"telic.policy": json.dumps(structure)})

    @classmethod
    def load(cls, path: Path) -> "PolicyWeights":
        """Read what `save` wrote.

        Raises:
            ValueError: If the file is not a policy, or its arrays do not fit together.
        """
        try:
            with safe_open(path, framework="numpy") as file:
                structure = json.loads((file.metadata() or {})["telic.policy"])
                layers = tuple(
                    Dense(file.get_tensor(f"layers.{i}.weight"), file.get_tensor(f"layers.{i}.bias"), activation)
                    for i, activation in enumerate(structure["activations"])
                )
                mean, std = file.get_tensor("observation_mean"), file.get_tensor("observation_std")
        except (SafetensorError, KeyError, TypeError, json.JSONDecodeError) as error:
            raise ValueError(f"{path} is not a policy file: {error}") from error
        return cls(layers, mean, std, structure["observation_clip"])


def fast_tanh(x: torch.Tensor) -> torch.Tensor:
    """A rational stand-in for tanh, exact to 0.024, equal to +-1 from +-3 on (the activation of the L2F policy)."""
    x = x.clamp(-3.0, 3.0)
    square = x * x
    return x * (27.0 + square) / (27.0 + 9.0 * square)


class Policy(nn.Module):
    """A small multi-layer perceptron whose output lies in [-1, 1].

    Args:
        num_inputs: Length of the observation.
        num_outputs: Length of the action.
        hidden: Widths of the hidden layers.
        initial_action: Shape (outputs,); what the untrained policy does, so that a vehicle starts near hover.
        generator: Source of the initial weights.
        observation_std: Shape (inputs,); what the observation is divided by, ones by default.
    """

    observation_std: torch.Tensor

    def __init__(
        self,
        num_inputs: int,
        num_outputs: int,
        hidden: Sequence[int] = (64, 64),
        initial_action: np.ndarray | None = None,
        generator: torch.Generator | None = None,
        observation_std: np.ndarray | None = None,
    ) -> None:
        super().__init__()
        std = np.ones(num_inputs, np.float32) if observation_std is None else observation_std.astype(np.float32)
        self.register_buffer("observation_std", torch.from_numpy(std))
        widths = [num_inputs, *hidden, num_outputs]
        self.layers = nn.ModuleList(nn.Linear(a, b) for a, b in itertools.pairwise(widths))
        with torch.no_grad():
            for layer in self.linear:
                bound = layer.in_features**-0.5
                layer.weight.uniform_(-bound, bound, generator=generator)
                layer.bias.zero_()
            self.linear[-1].weight.mul_(0.1)
            if initial_action is not None:
                self.linear[-1].bias.copy_(
                    torch.atanh(torch.as_tensor(initial_action, dtype=torch.float32).clamp(-0.95, 0.95))
                )

    @property
    def linear(self) -> list[nn.Linear]:
        """The layers, from input to action."""
        return [layer for layer in self.layers if isinstance(layer, nn.Linear)]

    def forward(self, observation: torch.Tensor) -> torch.Tensor:
        """Actions (..., outputs) in [-1, 1] for observations (..., inputs)."""
        x = observation / self.observation_std
        for layer in self.linear:
            x = fast_tanh(layer(x))
        return x

    def start_from(self, weights: PolicyWeights) -> None:
        """Become a policy that was trained before.

        Raises:
            ValueError: If it has other layers, activations or another scaling of its observation.
        """
        mine = [(layer.out_features, layer.in_features) for layer in self.linear]
        theirs = [layer.weight.shape for layer in weights.layers]
        alike = mine == theirs and all(layer.activation == "fast_tanh" for layer in weights.layers)
        std = self.observation_std.numpy()
        if not alike or weights.observation_mean.any() or not np.array_equal(weights.observation_std, std):
            raise ValueError(
                f"the policy to start from has layers {theirs}, this learner's {mine}; allowed: a policy of the same "
                "learner, hidden layers and task"
            )
        with torch.no_grad():
            for layer, dense in zip(self.linear, weights.layers, strict=True):
                layer.weight.copy_(torch.from_numpy(dense.weight))
                layer.bias.copy_(torch.from_numpy(dense.bias))

    def weights(self) -> PolicyWeights:
        """A copy of the weights as plain data."""
        layers = tuple(
            Dense(layer.weight.detach().numpy().copy(), layer.bias.detach().numpy().copy(), "fast_tanh")
            for layer in self.linear
        )
        std = self.observation_std.numpy().copy()
        return PolicyWeights(layers, np.zeros_like(std), std)
