"""A Stable-Baselines3 policy as Telic's policy data: what evaluation, export and the robot read.

Only the deterministic action is kept: the mean of a Gaussian policy, the likeliest of a categorical one.
"""

from typing import Any

import numpy as np
import torch
from torch import nn

from telic.control.policy import Activation, Dense, PolicyWeights, fast_tanh


class FastTanh(nn.Module):
    """Telic's rational stand-in for tanh, exact to 0.024: what small processors can compute and export knows."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Values (...) in -1..1."""
        return fast_tanh(x)


class ConversionError(ValueError):
    """A policy that is not made of what Telic can carry."""


_REMEDY = "make the model with policy_kwargs={'activation_fn': FastTanh}, or with torch.nn.ReLU"


def policy_weights(model: Any, approximate_tanh: bool = False) -> PolicyWeights:
    """Read the actor of a trained PPO, SAC or TD3 model, with its observation normaliser.

    Args:
        model: A Stable-Baselines3 model with an ``MlpPolicy``.
        approximate_tanh: Put Telic's `fast_tanh` where the model has tanh. Each is within 0.024 of the other, so the
            policy is another one, and is to be evaluated as such. SAC needs it, as its actions always pass a tanh.

    Returns:
        The policy. Its outputs lie in -1..1 and are the lowest to the highest action of the model's action space; those
        of a categorical policy are one number for each action, of which the largest is chosen.

    Raises:
        ConversionError: If a layer is not one that Telic has, with what would help.
    """
    policy = model.policy
    if "CnnPolicy" in type(policy).__name__ or "MultiInput" in type(policy).__name__:
        raise ConversionError(f"the policy is a {type(policy).__name__}; allowed: MlpPolicy, of dense layers")
    layers = _dense(_modules(policy), approximate_tanh)
    inputs = layers[0].weight.shape[1]
    mean, std, clip = _normaliser(model, inputs)
    return PolicyWeights(tuple(layers), mean, std, clip)


def _modules(policy: Any) -> list[nn.Module]:
    """Return the actor's layers from observation to action."""
    if hasattr(policy, "action_net"):
        # PPO: the Gaussian's mean is clipped to the limits of the action, which Telic's controller does too.
        return [*policy.mlp_extractor.policy_net, policy.action_net]
    actor = policy.actor
    if isinstance(actor.mu, nn.Sequential):
        return list(actor.mu)  # TD3, DDPG.
    return [*actor.latent_pi, actor.mu, nn.Tanh()]  # SAC squashes what comes out of its mean.


def _dense(modules: list[nn.Module], approximate_tanh: bool) -> list[Dense]:
    """Pair linear layers with what follows them."""
    layers: list[Dense] = []
    pending: nn.Linear | None = None
    for module in modules:
        if isinstance(module, nn.Flatten | nn.Identity | nn.Dropout):
            continue
        if isinstance(module, nn.Linear):
            if pending is not None:
                layers.append(_layer(pending, "identity"))
            pending = module
        elif pending is None:
            raise ConversionError(f"the policy has {module} where a linear layer is needed; {_REMEDY}")
        else:
            layers.append(_layer(pending, _activation(module, approximate_tanh)))
            pending = None
    if pending is not None:
        layers.append(_layer(pending, "identity"))
    if not layers:
        raise ConversionError("the policy has no linear layer")
    return layers


def _layer(linear: nn.Linear, activation: Activation) -> Dense:
    weight = linear.weight.detach().cpu().numpy().astype(np.float32)
    bias = np.zeros(len(weight), np.float32) if linear.bias is None else linear.bias.detach().cpu().numpy().copy()
    return Dense(weight.copy(), bias, activation)


def _activation(module: nn.Module, approximate_tanh: bool) -> Activation:
    if isinstance(module, FastTanh):
        return "fast_tanh"
    if isinstance(module, nn.ReLU):
        return "relu"
    if isinstance(module, nn.Tanh):
        if approximate_tanh:
            return "fast_tanh"
        raise ConversionError(
            f"the policy has tanh, which Telic's exports do not; {_REMEDY}, or take fast_tanh in its place with "
            "approximate_tanh=True and evaluate the result"
        )
    raise ConversionError(f"the policy has the activation {module}; allowed: FastTanh, ReLU. {_REMEDY}")


def _normaliser(model: Any, inputs: int) -> tuple[np.ndarray, np.ndarray, float | None]:
    """Return mean, standard deviation and clip of the observation, of VecNormalize where there is one."""
    wrapper = model.get_vec_normalize_env()
    if wrapper is None or not wrapper.norm_obs:
        return np.zeros(inputs, np.float32), np.ones(inputs, np.float32), None
    moments = wrapper.obs_rms
    std = np.sqrt(moments.var + wrapper.epsilon)
    return moments.mean.astype(np.float32), std.astype(np.float32), float(wrapper.clip_obs)
