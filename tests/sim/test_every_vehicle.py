"""One contract for the flight tasks with every vehicle; test_task_contract.py has that of all tasks."""

import numpy as np
import pytest

from telic.sim.multirotor.world import MultirotorWorld
from telic.sim.tasks.registry import make_task
from telic.sim.vehicle import vehicle_names

N = 40
FLIGHTS = ("hover", "track")


@pytest.fixture(params=[(task, vehicle) for task in FLIGHTS for vehicle in vehicle_names()], ids="-".join)
def world(request):
    name, vehicle = request.param
    return MultirotorWorld(make_task(name, vehicle=vehicle), N, seed=11)


def fly(world, steps=60, seed=0):
    rng = np.random.default_rng(seed)
    for _ in range(steps):
        action = rng.uniform(world.task.actions.low, world.task.actions.high, (N, world.task.actions.size))
        world.step(action.astype(np.float32))
        yield
        world.reset(world.terminated | world.truncated)


def test_signals_have_the_shapes_of_the_schema_and_are_finite(world):
    for _ in fly(world):
        for signal in world.task.schema:
            array = world.signals[signal.name]
            assert array.shape == (N, *signal.shape) and array.dtype == signal.dtype
            assert np.isfinite(array).all(), signal.name
    assert set(world.signals) == {signal.name for signal in world.task.schema}


def test_observations_have_the_stated_size_and_are_finite(world):
    for _ in fly(world):
        assert world.observation.shape == (N, world.task.observation_size)
        assert world.privileged.shape == (N, world.task.privileged_size)
        assert np.isfinite(world.observation).all() and np.isfinite(world.privileged).all()
        assert world.observation.dtype == world.privileged.dtype == np.float32


def test_every_observed_number_varies(world):
    seen = [world.observation.copy() for _ in fly(world)]
    constant = np.ptp(np.concatenate(seen), axis=0) == 0.0
    # A still reference has no acceleration, and the default ones stay at one height.
    allowed = 0 if world.task.name == "hover" else 1
    assert constant.sum() <= allowed


def test_starts_differ_between_vehicles_and_between_episodes(world):
    first = world.observation[:, :18].copy()
    assert (np.ptp(first, axis=0) > 0.0).all()
    world.reset()
    assert (world.observation[:, :18] != first).all()


def test_observations_do_not_share_memory_with_signals(world):
    assert not any(np.shares_memory(world.observation, array) for array in world.signals.values())


def test_the_same_seed_gives_the_same_flight(world):
    twin = MultirotorWorld(world.task, N, seed=11)
    for _ in zip(fly(world), fly(twin), strict=True):
        np.testing.assert_array_equal(world.observation, twin.observation)
        np.testing.assert_array_equal(world.terminated, twin.terminated)


def test_an_episode_ends_for_one_reason_at_most(world):
    for _ in fly(world):
        assert not (world.terminated & world.truncated).any()


def test_signals_are_live_views(world):
    position, before = world.signals["position"], world.signals["position"].copy()
    next(fly(world))
    assert (position != before).any()
    assert position is world.signals["position"]
