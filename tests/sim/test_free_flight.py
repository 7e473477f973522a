"""Vehicles without a task fly as those of a world do."""

import numpy as np
import pytest

from telic.sim.multirotor.free_flight import FreeFlight
from telic.sim.multirotor.world import MultirotorWorld
from telic.sim.tasks.registry import make_task
from telic.sim.vehicle import load_vehicle


@pytest.mark.parametrize("threads", [1, 2])
def test_it_flies_like_a_world_bit_for_bit(threads):
    world = MultirotorWorld(make_task("hover"), 70, seed=1)
    free = FreeFlight(world.task.vehicle, 70, world.task.dt, threads)
    free.set_state(world.state, world.disturbance)
    np.testing.assert_array_equal(free.disturbance, world.disturbance)
    rng = np.random.default_rng(0)
    for _ in range(50):
        action = rng.uniform(-1, 1, (70, 4)).astype(np.float32)
        world.step(action)
        free.step(action)
    np.testing.assert_array_equal(free.state, world.state)


def test_it_starts_level_in_the_origin():
    state = FreeFlight(load_vehicle("x500"), 3).state
    np.testing.assert_array_equal(state, [[0, 0, 0, 1] + [0] * 13] * 3)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: FreeFlight(load_vehicle("x500"), 0), r"num_envs is 0"),
        (lambda: FreeFlight(load_vehicle("x500"), 1, dt=0.06), r"dt is 0.06; allowed: above 0 and at most 0.054"),
    ],
)
def test_bad_arguments_are_refused_with_the_reason(make, message):
    with pytest.raises(ValueError, match=message):
        make()
