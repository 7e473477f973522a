import itertools
import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from telic.control.make import reward_for
from telic.control.pid import CascadedPid
from telic.launch.recorder import record_episodes
from telic.replay.signal import Signal
from telic.rewards.evidence import Stored, evidence
from telic.rewards.program import RewardProgram, parse_reward
from telic.sim.scripted.cartpole import swing_up_and_balance
from telic.sim.tasks.registry import make_task

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


class _Acts:
    """A controller that is a function of observations and signals."""

    def __init__(self, act):
        self._act = act

    def reset(self, ids=None):
        pass

    def act(self, observation, signals):
        return self._act(observation, signals).astype(np.float32)


def _nothing(actions):
    return _Acts(lambda observation, signals: np.tile(actions, (len(observation), 1)))


def _at_random(size, seed=0):
    rng = np.random.default_rng(seed)
    return _Acts(lambda observation, signals: rng.uniform(-1.0, 1.0, (len(observation), size)))


def _recorded(task, controllers, worlds=5):
    """Episodes of each controller, labelled by the success of the task's own reward."""
    steps = round(task.truncate_after_s / task.dt)
    stored = [
        Stored(record_episodes(task, controller, seed, worlds, steps), source)
        for seed, (source, controller) in enumerate(controllers)
    ]
    return evidence(stored, reward_for(task))


@pytest.fixture(scope="session")
def swing_up():
    """Cart-poles that were swung up, pushed too weakly, left alone, and pushed at random. No episode ends early."""
    task = make_task("cartpole_swing_up", duration_s=6.0)
    return _recorded(
        task,
        [
            ("scripted", _Acts(lambda observation, signals: swing_up_and_balance(signals))),
            ("weak", _Acts(lambda observation, signals: 0.3 * swing_up_and_balance(signals))),
            ("nothing", _nothing(np.zeros(1))),
            ("random", _at_random(1)),
        ],
    )


@pytest.fixture(scope="session")
def balance():
    """Poles that were balanced, and poles that fell."""
    task = make_task("cartpole", duration_s=3.0)
    return _recorded(
        task,
        [
            ("scripted", _Acts(lambda observation, signals: swing_up_and_balance(signals))),
            ("nothing", _nothing(np.zeros(1))),
            ("random", _at_random(1)),
        ],
    )


@pytest.fixture(scope="session")
def flights():
    """Flights that held the point, flights that held another one half a metre away, and falls."""
    task = make_task("hover", duration_s=3.0)
    pid, astray = CascadedPid(task), CascadedPid(task)

    def elsewhere(observation, signals):
        observation = observation.copy()
        observation[:, 0] += 0.5
        return astray.act(observation, signals)

    lost = _Acts(elsewhere)
    lost.reset = astray.reset
    return _recorded(
        task, [("pid", pid), ("astray", lost), ("nothing", _nothing(-np.ones(4))), ("random", _at_random(4))]
    )


def _gait(parameters):
    """A linear feedback of the observation (N, 11) and an oscillator of 2 Hz; the numbers were found by search."""
    gains, rest, sine, cosine = (np.array(parameters[name]) for name in ("gains", "rest", "sine", "cosine"))
    step = itertools.count()

    def act(observation, signals):
        phase = 4.0 * np.pi * 0.008 * next(step)
        rhythm = rest + sine * np.sin(phase) + cosine * np.cos(phase)
        return np.tanh(np.clip(observation, -5.0, 5.0) @ gains.T + rhythm)

    return _Acts(act)


@pytest.fixture(scope="session")
def hops():
    """Hoppers that hop forward, hoppers that stand, and hoppers that fall."""
    task = replace(make_task("hopper"), truncate_after_s=1.6)
    gaits = json.loads((Path(__file__).parent / "hopper_gaits.json").read_text())
    return _recorded(
        task,
        [
            ("forward", _gait(gaits["forward"])),
            ("standing", _gait(gaits["standing"])),
            ("nothing", _nothing(np.zeros(3))),
            ("random", _at_random(3)),
        ],
    )
