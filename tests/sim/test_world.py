"""The multirotor world: starts, ends, observations, threads, seeds and snapshots."""

from dataclasses import replace

import numpy as np
import pytest

from telic.sim.multirotor.world import MultirotorWorld
from telic.sim.reference import Hold, Lissajous
from telic.sim.task import Disturbance, Observe, OutsideCube, Randomisation, UprightWithin
from telic.sim.tasks.registry import make_task

CALM = replace(make_task("hover"), disturbance=Disturbance(0.0, 0.0), reset=UprightWithin(0.0, 0.0, 0.0, 0.0, 0.0))


def random_actions(num_envs, seed=0):
    rng = np.random.default_rng(seed)
    while True:
        yield rng.uniform(-1.0, 1.0, (num_envs, 4)).astype(np.float32)


def flown(task, num_envs, steps, threads=1, seed=5, action_seed=0):
    """Observations, states and ends of a flight with random actions and resets."""
    world = MultirotorWorld(task, num_envs, seed, threads)
    actions, history = random_actions(num_envs, action_seed), []
    for _ in range(steps):
        world.step(next(actions))
        history.append((world.terminated.copy(), world.truncated.copy()))
        world.reset(world.terminated | world.truncated)
    return world.observation.copy(), world.state, world.privileged.copy(), np.array(history)


def trim(world):
    return np.full((world.num_envs, 4), world.task.vehicle.hover_action, np.float32)


def angles(world):
    """Rotation angle of each vehicle [degrees]."""
    return np.degrees(2.0 * np.arccos(np.clip(np.abs(world.state[:, 3]), 0.0, 1.0)))


# How an episode starts.


def test_starts_are_spread_as_the_paper_says():
    world = MultirotorWorld(make_task("hover"), 20_000, seed=1)
    state, disturbance = world.state, world.disturbance
    offset = state[:, :3] - (0.0, 0.0, 1.0)
    guided = (offset == 0.0).all(axis=1)
    assert guided.mean() == pytest.approx(0.1, abs=0.01)
    np.testing.assert_array_equal(angles(world)[guided], 0.0)
    free = offset[~guided]
    assert np.abs(free).max() <= 0.2001 and free.std() == pytest.approx(0.2 / np.sqrt(3), rel=0.02)
    for columns in (slice(7, 10), slice(10, 13)):
        assert np.abs(state[:, columns]).max() <= 1.0
        assert state[:, columns].std() == pytest.approx(1.0 / np.sqrt(3), rel=0.02)
    np.testing.assert_array_equal(state[:, 13:], 0.0)
    weight = 0.027 * 9.81
    assert disturbance[:, :3].std() == pytest.approx(weight / 20, rel=0.02)
    assert disturbance[:, 3:].std() == pytest.approx(weight / 10_000, rel=0.02)
    assert abs(disturbance[:, :3].mean()) < 0.02 * weight / 20


def test_attitudes_are_uniform_among_rotations_up_to_the_angle():
    """The same as drawing uniform quaternions until one is within 90 degrees."""
    world = MultirotorWorld(make_task("hover"), 20_000, seed=2)
    ours = angles(world)[(world.state[:, :3] != (0.0, 0.0, 1.0)).any(axis=1)]
    quaternions = np.random.default_rng(0).normal(size=(200_000, 4))
    drawn = np.degrees(2 * np.arccos(np.abs(quaternions[:, 0]) / np.linalg.norm(quaternions, axis=1)))
    accepted = drawn[drawn <= 90.0]
    assert ours.max() <= 90.01
    for quantile in (0.05, 0.25, 0.5, 0.75, 0.95):
        assert np.quantile(ours, quantile) == pytest.approx(np.quantile(accepted, quantile), abs=1.0)
    axis = world.state[:, 4:7] / np.linalg.norm(world.state[:, 4:7], axis=1, keepdims=True).clip(1e-9)
    assert np.abs(axis.mean(axis=0)).max() < 0.03


def test_starts_follow_the_reference_and_its_yaw():
    task = replace(CALM, reference=Hold((1.0, -2.0, 3.0), yaw=0.8))
    world = MultirotorWorld(task, 3)
    np.testing.assert_allclose(world.state[:, :3], [(1.0, -2.0, 3.0)] * 3)
    np.testing.assert_allclose(world.state[:, 3:7], [(np.cos(0.4), 0.0, 0.0, np.sin(0.4))] * 3, atol=1e-6)
    # Seen from the reference, it is level, on the spot, and looks ahead.
    np.testing.assert_allclose(world.privileged[:, :3], 0.0, atol=1e-6)
    np.testing.assert_allclose(world.privileged[:, 3:12], [np.eye(3).ravel()] * 3, atol=1e-6)


def test_starts_along_the_reference_are_at_its_position_and_speed():
    task = replace(make_task("track"), disturbance=CALM.disturbance, reset=replace(CALM.reset, along_s=7.5))
    world = MultirotorWorld(task, 400)
    assert np.ptp(world.signals["position"][:, 0]) > 1.8
    np.testing.assert_allclose(world.signals["position"], world.signals["reference_position"], atol=1e-6)
    np.testing.assert_allclose(world.signals["velocity"], world.signals["reference_velocity"], atol=1e-6)
    speed = np.linalg.norm(world.signals["reference_velocity"], axis=1)
    assert speed.max() > 1.4


def test_reset_restarts_only_the_chosen():
    world = MultirotorWorld(make_task("hover"), 70)
    for actions in (next(random_actions(70)) for _ in range(3)):
        world.step(actions)
    before, chosen = world.observation.copy(), np.arange(70) % 3 == 0
    world.reset(chosen)
    np.testing.assert_array_equal(world.observation[~chosen], before[~chosen])
    assert (world.observation[chosen, :18] != before[chosen, :18]).any(axis=1).all()
    np.testing.assert_array_equal(world.steps, np.where(chosen, 0, 3))


# What is seen.


def test_history_is_newest_first_and_starts_at_half_speed():
    world = MultirotorWorld(make_task("hover"), 2)
    np.testing.assert_array_equal(world.observation[:, 18:], 0.0)
    sent = [np.full((2, 4), k / 100.0, np.float32) + np.float32([0.1, 0.2, 0.3, 0.4]) for k in range(40)]
    for k, action in enumerate(sent):
        world.step(action)
        if k == 2:
            expected = np.concatenate([sent[2], sent[1], sent[0], np.zeros((2, 116), np.float32)], axis=1)
            np.testing.assert_array_equal(world.observation[:, 18:], expected)
    np.testing.assert_array_equal(world.observation[:, 18:], np.concatenate(sent[:7:-1], axis=1))
    np.testing.assert_array_equal(world.signals["previous_action"], sent[-1])
    world.reset(np.array([True, False]))
    np.testing.assert_array_equal(world.observation[0, 18:], 0.0)
    np.testing.assert_array_equal(world.observation[1, 18:], np.concatenate(sent[:7:-1], axis=1)[1])


def test_history_survives_the_end_of_the_tape():
    world = MultirotorWorld(make_task("hover"), 1)
    sent = list(random_actions_list(1, 150))
    for k, action in enumerate(sent):
        world.step(action)
        newest = np.concatenate(([np.zeros((1, 4), np.float32)] * 32 + sent[: k + 1])[:-33:-1], axis=1)
        np.testing.assert_array_equal(world.observation[:, 18:], newest)


def random_actions_list(num_envs, count):
    source = random_actions(num_envs)
    return (next(source) for _ in range(count))


def test_noise_has_the_stated_spread_and_only_where_stated():
    world = MultirotorWorld(make_task("hover"), 20_000, seed=3)
    for step in range(2):
        difference = world.observation[:, :18] - world.privileged[:, :18]
        np.testing.assert_allclose(difference[:, :12].std(axis=0), 0.001, rtol=0.03)
        np.testing.assert_allclose(difference[:, 12:].std(axis=0), 0.002, rtol=0.03)
        assert np.abs(difference.mean(axis=0)).max() < 5e-5
        correlation = np.corrcoef(difference.T) - np.eye(18)
        assert np.abs(correlation).max() < 0.04
        if step == 0:
            first = difference
            world.step(trim(world))
    assert np.abs((first * difference).mean(axis=0) / (first.std(axis=0) * difference.std(axis=0))).max() < 0.04


def test_derived_signals_are_what_their_definitions_say():
    task = replace(make_task("track"), reference=Lissajous(yaw=0.7), observation=make_task("track").observation)
    world = MultirotorWorld(task, 50, seed=4)
    for actions in random_actions_list(50, 20):
        world.step(actions)
    s, privileged = world.signals, world.privileged
    c, w = np.cos(0.7), np.sin(0.7)
    to_reference = np.array([[c, w, 0], [-w, c, 0], [0, 0, 1]])
    expected = [
        (s["position"] - s["reference_position"]) @ to_reference.T,
        (to_reference @ s["rotation"]).reshape(50, 9),
        (s["velocity"] - s["reference_velocity"]) @ to_reference.T,
        s["angular_velocity"],
    ]
    np.testing.assert_allclose(privileged[:, :18], np.concatenate(expected, axis=1), atol=2e-6)
    np.testing.assert_allclose(privileged[:, 28:], s["reference_acceleration"] @ to_reference.T, atol=2e-6)
    sample = task.reference.sample(np.array([0.2]))
    np.testing.assert_allclose(s["reference_position"], np.repeat(sample.position, 50, axis=0), atol=1e-6)
    np.testing.assert_allclose(s["reference_yaw"], 0.7)


def test_scale_and_clip_apply_after_the_noise():
    items = (Observe("position_error", scale=10.0, clip=0.5), Observe("velocity_error", noise=1.0, clip=0.25))
    world = MultirotorWorld(replace(make_task("hover"), observation=items), 500)
    exact = world.privileged[:, :3] * np.float32(10.0)
    np.testing.assert_allclose(world.observation[:, :3], np.clip(exact, -0.5, 0.5), rtol=1e-6)
    assert np.abs(world.observation[:, 3:]).max() == 0.25


def test_any_last_signal_can_have_a_history():
    items = (Observe("angular_velocity"), Observe("position_error", noise=0.1, history=3))
    world = MultirotorWorld(replace(make_task("hover"), observation=items), 5)
    seen = [world.observation[:, 3:6].copy()]
    np.testing.assert_array_equal(world.observation[:, 6:9], seen[0])
    for actions in random_actions_list(5, 70):
        world.step(actions)
        seen.insert(0, world.observation[:, 3:6].copy())
        expected = np.concatenate((seen + [seen[-1]] * 2)[:3], axis=1)
        np.testing.assert_array_equal(world.observation[:, 3:], expected)


def test_rotation_signal_is_the_rotation_of_the_state():
    world = MultirotorWorld(make_task("hover"), 40)
    for actions in random_actions_list(40, 30):
        world.step(actions)
    rotation = world.signals["rotation"]
    np.testing.assert_allclose(np.linalg.det(rotation), 1.0, atol=1e-5)
    w, x, y, z = world.state[:, 3:7].T
    np.testing.assert_allclose(rotation[:, 2, 2], 1 - 2 * (x * x + y * y), atol=1e-6)
    np.testing.assert_allclose(rotation[:, 1, 0], 2 * (x * y + w * z), atol=1e-6)


# How an episode ends.


def test_leaving_the_cube_terminates_and_time_truncates():
    task = replace(CALM, truncate_after_s=0.1)
    world = MultirotorWorld(task, 2)
    state = world.state
    state[1, :3] += (0.0, 0.61, 0.0)
    world.set_state(state)
    world.step(trim(world))
    np.testing.assert_array_equal(world.terminated, [False, True])
    assert not world.truncated.any()
    for _ in range(9):
        world.step(trim(world))
    np.testing.assert_array_equal(world.truncated, [True, False])
    np.testing.assert_allclose(world.elapsed_s, 0.1)
    world.reset()
    assert not world.terminated.any() and not world.truncated.any()


def test_the_cube_is_a_cube_and_not_a_ball():
    world = MultirotorWorld(replace(CALM, terminate=OutsideCube(0.6)), 1)
    state = world.state
    state[0, :3] += 0.59
    world.set_state(state)
    world.step(trim(world))
    assert not world.terminated[0]


def test_hovering_survives_to_the_end_of_the_episode():
    world = MultirotorWorld(CALM, 1)
    # The rotors start at half speed and the vehicle sinks until they are up to speed.
    state = world.state
    state[0, 13:] = world.task.vehicle.hover_action
    world.set_state(state)
    for _ in range(499):
        world.step(trim(world))
        assert not world.terminated[0] and not world.truncated[0]
    world.step(trim(world))
    assert world.truncated[0]
    np.testing.assert_allclose(world.signals["position"], [(0.0, 0.0, 1.0)], atol=0.02)


# The same bits again.


@pytest.mark.parametrize("name", ["hover", "track"])
def test_thread_count_does_not_change_a_bit(name):
    one, two, many = (flown(make_task(name), 1000, 120, threads) for threads in (1, 2, 5))
    for first, *others in zip(one, two, many, strict=True):
        for other in others:
            np.testing.assert_array_equal(first, other)


def test_batch_size_does_not_change_a_bit():
    def flight(num_envs):
        world = MultirotorWorld(make_task("hover"), num_envs, seed=9)
        for actions in random_actions_list(70, 50):
            world.step(actions[:num_envs])
        return world.observation[:1].copy(), world.state[:1]

    for one, many in zip(flight(1), flight(70), strict=True):
        np.testing.assert_array_equal(one, many)


def test_same_seed_same_flight_other_seed_other_flight():
    task = make_task("hover")
    first, again, other = flown(task, 10, 30), flown(task, 10, 30), flown(task, 10, 30, seed=6)
    np.testing.assert_array_equal(first[0], again[0])
    assert (first[0] != other[0]).mean() > 0.1


def test_reseeding_starts_the_same_episodes_again():
    world = MultirotorWorld(make_task("hover"), 10, seed=7)
    first = world.observation.copy()
    world.reset()
    assert (world.observation[:, :18] != first[:, :18]).all()
    world.reseed(7)
    np.testing.assert_array_equal(world.observation, first)


@pytest.mark.parametrize("randomisation", [Randomisation(), Randomisation(mass=0.3, thrust=0.2, rise_time=0.3)])
def test_a_restored_world_continues_bit_for_bit(randomisation):
    world = MultirotorWorld(replace(make_task("track"), randomisation=randomisation), 100, seed=8)
    for actions in random_actions_list(100, 45):
        world.step(actions)
        world.reset(world.terminated)
    snapshot = world.snapshot()

    def future():
        seen = []
        for actions in random_actions_list(100, 60):
            world.step(actions)
            world.reset(world.terminated)
            seen.append(np.concatenate([world.observation, world.privileged], axis=1))
        return np.array(seen)

    first = future()
    world.restore(snapshot)
    np.testing.assert_array_equal(future(), first)


def test_restoring_some_leaves_the_others_alone():
    world = MultirotorWorld(make_task("hover"), 50)
    snapshot, start = world.snapshot(), world.observation.copy()
    for actions in random_actions_list(50, 5):
        world.step(actions)
    before, chosen = world.observation.copy(), np.arange(50) < 20
    world.restore(snapshot, chosen)
    np.testing.assert_array_equal(world.observation[chosen], start[chosen])
    np.testing.assert_array_equal(world.observation[~chosen], before[~chosen])


def test_state_can_be_set_and_read_back():
    world = MultirotorWorld(make_task("hover"), 5)
    rng = np.random.default_rng(0)
    state = rng.normal(size=(5, 17)).astype(np.float32)
    state[:, 3:7] /= np.linalg.norm(state[:, 3:7], axis=1, keepdims=True)
    disturbance = rng.normal(size=(5, 6)).astype(np.float32)
    old, chosen = world.state, np.array([True, False, True, True, True])
    world.set_state(state, disturbance, chosen)
    np.testing.assert_array_equal(world.state[chosen], state[chosen])
    np.testing.assert_array_equal(world.state[1], old[1])
    np.testing.assert_array_equal(world.disturbance[chosen], disturbance[chosen])
    expected = state[chosen, :3] - np.float32([0, 0, 1])
    np.testing.assert_allclose(world.privileged[chosen, :3], expected, atol=1e-6)
    np.testing.assert_allclose(world.observation[chosen, :3], expected, atol=0.01)


# Vehicles that differ, and bad input.


def test_randomisation_draws_within_its_range_and_anew_for_each_episode():
    task = replace(CALM, randomisation=Randomisation(mass=0.3))
    world = MultirotorWorld(task, 4000)

    def masses():
        world.step(np.full((4000, 4), -1.0, np.float32))
        return 1.0 / world.airframes[:, 0]

    first = masses()
    assert 0.7 * 0.027 <= first.min() < 0.71 * 0.027 and 1.29 * 0.027 < first.max() <= 1.3001 * 0.027
    assert first.mean() == pytest.approx(0.027, rel=0.02)
    world.reset(np.arange(4000) < 2000)
    second = masses()
    assert (second[:2000] != first[:2000]).all() and (second[2000:] == first[2000:]).all()


def test_a_heavier_vehicle_sinks_faster():
    task = replace(CALM, randomisation=Randomisation(mass=0.3))
    world = MultirotorWorld(task, 200)
    for _ in range(20):
        world.step(trim(world))
    height, mass = world.signals["position"][:, 2], 1.0 / world.airframes[:, 0]
    assert np.corrcoef(height, mass)[0, 1] < -0.95


@pytest.mark.parametrize(
    ("action", "message"),
    [
        (np.zeros((2, 4)), r"action has shape \(2, 4\); allowed: \(3, 4\)"),
        (np.array([[0, 0, 0, 0], [0, np.nan, 0, 0], [0, 0, 0, 0]]), r"action m2 of vehicle 1 is nan"),
        (np.array([[0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, -np.inf]]), r"action m4 of vehicle 2 is -inf"),
    ],
)
def test_bad_actions_are_refused_and_nothing_moves(action, message):
    world = MultirotorWorld(make_task("hover"), 3)
    before = world.observation.copy()
    with pytest.raises(ValueError, match=message):
        world.step(action)
    np.testing.assert_array_equal(world.observation, before)
    np.testing.assert_array_equal(world.steps, 0)


def test_actions_beyond_the_limits_count_as_the_limits():
    one, two = MultirotorWorld(CALM, 1), MultirotorWorld(CALM, 1)
    one.step(np.full((1, 4), 7.0, np.float32))
    two.step(np.full((1, 4), 1.0, np.float32))
    np.testing.assert_array_equal(one.state, two.state)
    np.testing.assert_array_equal(one.signals["previous_action"], 1.0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: MultirotorWorld(CALM, 0), r"num_envs is 0; allowed: at least 1"),
        (lambda: MultirotorWorld(CALM, 1, threads=0), r"threads is 0"),
        (lambda: MultirotorWorld(CALM, 1, seed=-1), r"seed is -1"),
        (lambda: MultirotorWorld(CALM, 2).reset(np.array([0, 1])), r"ids is int64 \(2,\); allowed: a bool array"),
        (
            lambda: MultirotorWorld(CALM, 2).set_state(np.zeros((2, 13))),
            r"state has shape \(2, 13\); allowed: \(2, 17\)",
        ),
        (lambda: MultirotorWorld(CALM, 1).set_state(np.full((1, 17), np.nan)), r"state holds numbers"),
        (lambda: MultirotorWorld(CALM, 99).restore(MultirotorWorld(CALM, 1).snapshot()), r"another world"),
    ],
)
def test_bad_arguments_are_refused_with_the_reason(make, message):
    with pytest.raises(ValueError, match=message):
        make()
