"""A policy with random weights and the contract of the hover or track task, without a simulator."""

from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np
import pytest

from telic.control.policy import Dense, PolicyWeights
from telic.deploy.contract import Contract, weights_sha256
from telic.deploy.contract_parts import (
    ActionSpec,
    Airframe,
    Fault,
    Golden,
    Network,
    Normalizer,
    ObservationTerm,
    Rates,
    vector,
)
from telic.deploy.reference import ReferencePolicy

_TERMS = {
    "position_error": ((3,), "m", "reference", 0.6),
    "attitude": ((3, 3), "1", "reference", 1.0),
    "velocity_error": ((3,), "m/s", "reference", 3.0),
    "angular_velocity": ((3,), "rad/s", "body", 35.0),
    "acceleration_ahead": ((3,), "m/s^2", "reference", 10.0),
}


@dataclass(frozen=True)
class Exported:
    """A policy, its contract, and plausible full observations (K, n)."""

    weights: PolicyWeights
    contract: Contract
    observations: np.ndarray


@pytest.fixture(scope="session")
def make_exported():
    """Call it for a policy; every argument has a default."""
    return _make_exported


@pytest.fixture(scope="session")
def hover():
    return _make_exported()


def _make_exported(
    *,
    seed=0,
    track=False,
    normalized=False,
    clip=5.0,
    history=32,
    hidden=(64, 64),
    activations=None,
    scale=1.0,
    last_action="clipped",
    initial=0.0,
    rows=512,
    rate_limit=None,
    velocity_limit=None,
    angular_velocity_limit=None,
    position_limit=0.6,
    tilt_limit_deg=85.0,
    execution_hz=500,
):
    rng = np.random.default_rng(seed)
    terms = [_term(name, scale=scale) for name in _TERMS if track or name != "acceleration_ahead"]
    if history:
        terms.append(_term("previous_action", ((4,), "1", "", 1.0), history, scale))
    size = sum(term.size for term in terms)
    weights = _weights(rng, [size, *hidden, 4], normalized, activations, clip)
    limits = {
        "position_limit": position_limit,
        "tilt_limit": tilt_limit_deg,
        "velocity_limit": velocity_limit,
        "angular_velocity_limit": angular_velocity_limit,
    }
    triggers = ["input_not_finite", "input_stale", "time_backwards", *(n for n, v in limits.items() if v is not None)]
    contract = Contract(
        schema_version=2,
        name="track" if track else "hover",
        purpose="hover one metre above the ground and hold still",
        airframe=Airframe(
            name="crazyflie",
            mass=0.027,
            rotor_positions=((0.028, -0.028, 0.0), (-0.028, -0.028, 0.0), (-0.028, 0.028, 0.0), (0.028, 0.028, 0.0)),
            rotor_directions=(-1, 1, -1, 1),
            thrust_coefficients=(0.0, 0.0, 3.16e-10),
        ),
        observation=tuple(terms),
        action=ActionSpec(
            names=("m1", "m2", "m3", "m4"),
            meaning=("front right", "back right", "back left", "front left"),
            low=(-1.0,) * 4,
            high=(1.0,) * 4,
            initial=(initial,) * 4,
            command_unit="rpm",
            command_scale=(10851.0,) * 4,
            command_offset=(10851.0,) * 4,
            rate_limit=rate_limit,
            last_action=last_action,
        ),
        network=Network((size, *hidden, 4), tuple(layer.activation for layer in weights.layers)),
        rates=Rates(policy_hz=100, execution_hz=execution_hz, tolerance=0.2),
        quaternion_order="wxyz",
        normalizer=Normalizer(
            vector(weights.observation_mean), vector(weights.observation_std), 0.0, weights.observation_clip
        ),
        fault=Fault(
            safe_action=(-1.0,) * 4,
            safe_meaning="rotors at their lowest speed",
            input_timeout_s=0.1,
            position_limit=position_limit,
            tilt_limit_deg=tilt_limit_deg,
            velocity_limit=velocity_limit,
            angular_velocity_limit=angular_velocity_limit,
            triggers=tuple(triggers),
        ),
        trained=(),
        golden=Golden((vector(np.zeros(size)),), (vector(np.zeros(4)),)),
        weights_sha256=weights_sha256(weights),
    )
    observations = _observations(rng, contract, rows)
    actions, _ = ReferencePolicy(weights, contract).evaluate(observations[:4])
    golden = Golden(tuple(map(vector, observations[:4])), tuple(map(vector, actions)))
    return Exported(weights, replace(contract, golden=golden), observations)


def _term(signal, shape_unit_frame_limit=None, history=1, scale=1.0):
    shape, unit, frame, limit = shape_unit_frame_limit or _TERMS[signal]
    fill = "initial_action" if signal == "previous_action" else "none"
    return ObservationTerm(
        signal, shape, unit, frame, scale, None, limit, 0.0, (0.0, 0.0), history, "newest_first", reset_fill=fill
    )


def _weights(rng, sizes, normalized, activations, clip):
    activations = activations or ("fast_tanh",) * (len(sizes) - 1)
    layers = tuple(
        Dense(
            rng.normal(0, 1 / np.sqrt(a), (b, a)).astype(np.float32),
            rng.normal(0, 0.1, b).astype(np.float32),
            activation,
        )
        for (a, b), activation in zip(pairwise(sizes), activations, strict=True)
    )
    mean = rng.normal(0, 0.1, sizes[0]) if normalized else np.zeros(sizes[0])
    std = rng.uniform(0.5, 2, sizes[0]) if normalized else np.ones(sizes[0])
    return PolicyWeights(layers, mean.astype(np.float32), std.astype(np.float32), clip if normalized else None)


def _observations(rng, contract, count):
    x = rng.uniform(-1, 1, (count, contract.observation_size)) * np.minimum(contract.bounds(), 3.0)
    return x.astype(np.float32)
