import re

import numpy as np
import pytest

from telic.replay.signal import Signal
from telic.rewards.program import RewardProgram, parse_reward

HOVER = '''"""Hover one metre above the ground and hold still."""

HOVER = 2 * 0.667 - 1


def reward(position, velocity, rotation, action):
    error = norm(position - (0.0, 0.0, 1.0))
    return {
        "place": 2.0 * tolerance(error, bound=0.02, margin=0.6),
        "still": -0.1 * square(norm(velocity)),
        "upright": rotation[..., 2, 2],
        "effort": -0.02 * square(norm(action - HOVER)),
    }


def success(position):
    return norm(position - (0.0, 0.0, 1.0)) < 0.2
'''

SIGNALS = (
    Signal("position", (3,), "m", "world"),
    Signal("velocity", (3,), "m/s", "world"),
    Signal("rotation", (3, 3), "1", "world"),
    Signal("angular_velocity", (3,), "rad/s", "body"),
    Signal("rotor_speed", (4,)),
    Signal("disturbance_force", (3,), "N", "world"),
    Signal("disturbance_torque", (3,), "N m", "body"),
    Signal("reference_position", (3,), "m", "world"),
    Signal("reference_velocity", (3,), "m/s", "world"),
    Signal("reference_acceleration", (3,), "m/s^2", "world"),
    Signal("reference_yaw", (), "rad"),
    Signal("previous_action", (4,)),
)


@pytest.fixture(scope="session")
def signals():
    return SIGNALS


@pytest.fixture(scope="session")
def hover_source():
    return HOVER


@pytest.fixture(scope="session")
def hover(signals) -> RewardProgram:
    return parse_reward(HOVER, signals)


@pytest.fixture(scope="session")
def reward_of(signals):
    """A program of one term, from an expression; the parameters are found in the expression."""
    return lambda expression, before="", success=None: parse_reward(_one_term(expression, before, success), signals)


def _one_term(expression: str, before: str = "", success: str | None = None) -> str:
    names = [
        name
        for signal in SIGNALS
        for name in (signal.name, f"next_{signal.name}")
        if _mentions(f"{before} {expression}", name)
    ]
    names += [name for name in ("action", "terminated") if _mentions(f"{before} {expression}", name)]
    lines = [
        '"""A test."""',
        f"def reward({', '.join(names)}):",
        *(f"    {line}" for line in before.splitlines() if line),
    ]
    lines.append(f'    return {{"term": {expression}}}')
    if success is not None:
        lines += [f"def success({', '.join(names)}):", f"    return {success}"]
    return "\n".join(lines) + "\n"


def _mentions(text: str, name: str) -> bool:
    return re.search(rf"\b{name}\b", text) is not None


@pytest.fixture(scope="session")
def flight_data():
    """A function that makes random transitions by name, of any batch shape."""
    return _flight_data


def _flight_data(*batch: int, seed: int = 0, scale: float = 1.0) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    data = {}
    for signal in SIGNALS:
        for name in (signal.name, f"next_{signal.name}"):
            data[name] = (scale * rng.normal(size=(*batch, *signal.shape))).astype(np.float32)
    data["action"] = rng.uniform(-1, 1, size=(*batch, 4)).astype(np.float32)
    data["terminated"] = rng.integers(2, size=batch).astype(np.float32)
    return data
