"""Training: it learns, a seed decides everything, and a resumed run is the run that was never stopped."""

from dataclasses import replace

import numpy as np
import pytest

from telic.control.checkpoint import CheckpointError
from telic.control.features import critic_view, sensors_of
from telic.control.fleet import FleetError, FlightFleet
from telic.control.shac import ShacConfig, discounts
from telic.control.train import TrainConfig, learning_rate, train
from telic.control.window.sensors import sense_rows
from telic.rewards.program import parse_reward
from telic.sim.multirotor.rules import reference_table
from telic.sim.multirotor.world import MultirotorWorld
from telic.sim.task import Observe, Randomisation
from telic.sim.tasks.registry import make_task

REWARD = '''"""Stay near the reference."""


def reward(position, next_rotation, velocity, action, previous_action, reference_position, terminated):
    return {
        "alive": 1.0 - terminated,
        "near": -2.0 * norm(position - reference_position),
        "still": -0.05 * square(norm(velocity)),
        "upright": 0.1 * next_rotation[..., 2, 2],
        "smooth": -0.02 * square(norm(action - previous_action)),
    }
'''

SMALL = ShacConfig(num_envs=16, horizon=16, critic_batch=64)


@pytest.fixture(scope="module", params=["hover", "track"])
def task(request):
    return make_task(request.param)


@pytest.fixture(scope="module")
def reward(task):
    return parse_reward(REWARD, task.schema)


def same(a, b):
    return all(
        (x.weight == y.weight).all() and (x.bias == y.bias).all() for x, y in zip(a.layers, b.layers, strict=True)
    )


class Interrupted(Exception):
    pass


def test_a_seed_decides_every_weight(task, reward):
    config = TrainConfig(updates=4, shac=SMALL)
    assert same(train(task, reward, config).weights, train(task, reward, config).weights)
    assert not same(train(task, reward, config).weights, train(task, reward, replace(config, seed=1)).weights)


def test_a_resumed_run_is_the_run_that_was_never_stopped(task, reward, tmp_path):
    config = TrainConfig(updates=9, report_every=3, checkpoint_every=3, shac=SMALL)
    whole = train(task, reward, config)

    def interrupt(progress):
        if progress.update == 6:
            raise Interrupted

    with pytest.raises(Interrupted):
        train(task, reward, config, tmp_path, interrupt)
    resumed = train(task, reward, config, tmp_path, resume=True)
    assert resumed.resumed_at == 3
    assert same(resumed.weights, whole.weights)

    def without_time(history):
        return [{name: value for name, value in row.items() if name != "seconds"} for row in history]

    assert without_time(resumed.history) == without_time(whole.history)


def test_a_checkpoint_of_something_else_is_refused(task, reward, tmp_path):
    config = TrainConfig(updates=2, checkpoint_every=2, shac=SMALL)
    train(task, reward, config, tmp_path)
    with pytest.raises(CheckpointError, match="another configuration"):
        train(task, reward, replace(config, updates=3), tmp_path, resume=True)
    other = parse_reward(REWARD.replace("-2.0 *", "-3.0 *"), task.schema)
    with pytest.raises(CheckpointError, match="another reward"):
        train(task, other, config, tmp_path, resume=True)
    path = tmp_path / "checkpoint.safetensors"
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(CheckpointError, match="damaged"):
        train(task, reward, config, tmp_path, resume=True)


def test_it_learns_to_stay_in_the_air():
    task = make_task("hover")
    reward = parse_reward(REWARD, task.schema)
    result = train(task, reward, TrainConfig(updates=200, shac=replace(ShacConfig(), num_envs=64)))
    first, last = result.history[0], result.history[-1]
    assert last["terms"]["near"] > 0.7 * first["terms"]["near"]
    assert last["settle_fraction"] > 0.5 > first["settle_fraction"]


def test_the_learning_rate_falls_from_its_first_value_to_its_last():
    config = TrainConfig(updates=100)
    assert learning_rate(0, config) == config.shac.actor_learning_rate
    assert learning_rate(50, config) == pytest.approx(
        0.5 * (config.shac.actor_learning_rate + config.shac.final_learning_rate)
    )
    assert learning_rate(100, config) == pytest.approx(config.shac.final_learning_rate)


def test_discounts_start_anew_with_each_episode():
    ended = np.zeros((4, 1, 2), np.bool_)
    ended[1, 0, 1] = True
    assert discounts(ended, 0.5)[:, 0].T.tolist() == [[1.0, 0.5, 0.25, 0.125], [1.0, 0.5, 1.0, 0.5]]


def test_the_critic_sees_the_same_from_the_replay_as_from_the_window(task):
    """Two ways lead to the critic's input: stored signals, and states with their row of the reference."""
    import torch

    turned = replace(task, reset=replace(task.reset, along_s=3.0))
    world = MultirotorWorld(turned, 50, seed=1)
    for _ in range(20):
        world.step(np.full((50, 4), 0.3, np.float32))
    signals = {name: np.array(values) for name, values in world.signals.items()}
    state, table = world.state, reference_table(turned)
    direct = np.empty((50, 21), np.float32)
    sense_rows(state, table[np.minimum(world.instant, len(table) - 1)], direct)
    assert sensors_of(signals) == pytest.approx(direct, abs=2e-6)
    parts = (direct, state[:, 13:], world.disturbance[:, :3], world.disturbance[:, 3:])
    view = critic_view(task.privileged, *(torch.from_numpy(part.copy()) for part in parts))
    assert view.numpy() == pytest.approx(np.array(world.privileged), abs=1e-5)


def test_an_observation_that_cannot_be_differentiated_is_refused():
    task = make_task("hover")
    strange = replace(task, observation=(Observe("rotor_speed"), *task.observation))
    with pytest.raises(FleetError, match="rotor_speed"):
        FlightFleet(strange, 4, 2, 1.0, 0)
    with pytest.raises(FleetError, match="history of actions"):
        FlightFleet(replace(task, observation=task.observation[:-1]), 4, 2, 1.0, 0)


def test_vehicles_vary_by_the_randomisation_of_the_task():
    task = make_task("hover")
    varied = replace(task, randomisation=Randomisation(mass=0.2))
    fleet = FlightFleet(varied, 64, 2, 1.0, 0)
    nominal = fleet.bodies.copy()
    fleet.draw_bodies(np.random.default_rng(0))
    mass = nominal[..., 0] / fleet.bodies[..., 0]
    assert 0.8 <= mass.min() < 0.85 and 1.15 < mass.max() <= 1.2
    assert (fleet.bodies[..., 1:] == nominal[..., 1:]).all()
    plain = FlightFleet(task, 64, 2, 1.0, 0)
    plain.draw_bodies(np.random.default_rng(0))
    assert (plain.bodies == nominal).all()


@pytest.mark.parametrize("field, value", [("num_envs", 0), ("chunks", 3), ("gamma", 1.0)])
def test_configurations_out_of_range_are_refused(field, value):
    with pytest.raises(ValueError, match=field):
        replace(ShacConfig(), **{field: value})
