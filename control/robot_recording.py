"""Observations of many kinds from a MuJoCo task, for the proofs of an export."""

import numpy as np

from telic.control.controller import Controller, Floats
from telic.control.flights import held_out
from telic.control.ignorant import Random
from telic.sim.mujoco.task import MujocoTask

# Robots side by side, the share of the observations in which they move at random, and of how many one is picked.
_ROBOTS = 16
_WILD_SHARE = 0.3
_ONE_OF = 4


def record_robot_observations(task: MujocoTask, controller: Controller, count: int = 1000, seed: int = 0) -> Floats:
    """Collect observations of every kind that a policy can meet: under its own actions, and under random ones.

    Args:
        task: What to do.
        controller: Who acts, in the units of the task.
        count: How many.
        seed: Of evaluation.

    Returns:
        (count, K) float32.

    Raises:
        ValueError: If a number is out of its range.
    """
    if count < 2:
        raise ValueError(f"count is {count}; allowed: at least 2")
    wild = round(_WILD_SHARE * count)
    anyhow = Random(task.actions, np.random.default_rng(held_out(seed)))
    return np.concatenate([_seen(task, controller, count - wild, seed), _seen(task, anyhow, wild, seed)])


def _seen(task: MujocoTask, controller: Controller, count: int, seed: int) -> Floats:
    """Observations (count, K) of some robots, evenly over some time; where an episode ends, the next one begins."""
    world = task.make_world(_ROBOTS, held_out(seed))
    controller.reset(None)
    rows = []
    for _ in range(-(-_ONE_OF * count // _ROBOTS)):
        rows.append(world.observation.astype(np.float32))
        world.step(controller.act(world.observation, world.signals))
        if world.ended.any():
            ended = world.ended.copy()
            world.reset(ended)
            controller.reset(ended)
    seen = np.concatenate(rows)
    return seen[np.linspace(0, len(seen) - 1, count).astype(int)]
