"""EPIC, rank correlations and success of rewards on stored episodes."""

import numpy as np
import pytest

from telic.replay.transition import Transitions
from telic.rewards.compare import compare, score
from telic.rewards.epic import EpicConfig, canonical_rewards, epic_distances
from telic.rewards.program import parse_reward


def steps(count=400, seed=0):
    rng = np.random.default_rng(seed)
    chain = rng.normal(size=(count + 1, 3)).astype(np.float32)
    velocity = rng.normal(size=(count + 1, 3)).astype(np.float32)
    terminated = rng.random(count) < 0.1
    return Transitions(
        {"position": chain[:-1], "velocity": velocity[:-1]},
        rng.uniform(-1, 1, (count, 4)).astype(np.float32),
        {"position": chain[1:], "velocity": velocity[1:]},
        terminated,
        ~terminated,
    )


@pytest.fixture
def on(reward_of):
    return lambda expression: reward_of(expression)


BASE = "position[0] / metre - square(norm(action))"
GAMMA = 0.99


def test_scale_offset_and_shaping_are_no_distance(on):
    shaped = f"3.0 * ({BASE}) + 7.0 + {GAMMA} * square(norm(next_position) / metre) - square(norm(position) / metre)"
    distances = epic_distances([on(BASE), on(shaped)], steps(), EpicConfig(gamma=GAMMA))
    assert np.allclose(distances, 0.0, atol=2e-3)


def test_without_canonicalisation_shaping_would_be_a_distance(on):
    shaped = f"{BASE} + 5.0 * ({GAMMA} * square(norm(next_position) / metre) - square(norm(position) / metre))"
    another_gamma = epic_distances([on(BASE), on(shaped)], steps(), EpicConfig(gamma=0.0))
    assert another_gamma[0, 1] > 0.3


def test_negative_is_opposite_and_unrelated_is_between(on):
    distances = epic_distances([on(BASE), on(f"-({BASE})"), on("action[0]")], steps())
    assert distances[0, 1] == pytest.approx(1.0, abs=1e-5)
    assert distances[0, 2] == pytest.approx(np.sqrt(0.5), abs=0.1)
    assert np.array_equal(distances, distances.T)


def test_canonical_reward_is_that_of_the_definition(on):
    data, config = steps(6), EpicConfig(steps=6, draws=4, gamma=0.5)
    reward = on("position[0] * next_velocity[1] / (metre**2 / second) + action[2] * terminated")
    found = canonical_rewards(reward, data, config, np.random.default_rng(1))

    def value(state, action, following, after=False):
        left = data.next_signals if after else data.signals
        product = left["position"][state, 0] * data.next_signals["velocity"][following, 1]
        return product + data.action[action, 2] * data.terminated[following]

    rng = np.random.default_rng(1)
    chosen = rng.choice(6, 6, replace=False)
    states, actions, followings = rng.integers(6, size=(3, 4))
    for row, step in enumerate(chosen):
        mean = np.mean(
            [
                0.5 * value(step, a, f, after=True) - value(step, a, f) - 0.5 * value(s, b, g)
                for a, f in zip(actions, followings, strict=True)
                for s, b, g in zip(states, actions, followings, strict=True)
            ]
        )
        assert found[row] == pytest.approx(value(step, step, step) + mean, rel=1e-5)


def test_pure_shaping_and_memory_have_no_distance(on, signals):
    shaping = on(f"{GAMMA} * norm(next_position) - norm(position)")
    memory = parse_reward(
        '"""Nearest."""\ndef memory(next_position, nearest=9.0 * metre):\n'
        '    return {"nearest": minimum(nearest, norm(next_position))}\n'
        'def reward(next_nearest):\n    return {"near": -next_nearest}\n',
        signals,
    )
    distances = epic_distances([on(BASE), shaping, memory], steps())
    assert distances[0, 0] == pytest.approx(0.0, abs=1e-6)
    assert np.isnan(distances[:, 1:]).all()


def test_rewards_are_compared_on_stored_flights(flights):
    schema = flights.stored[0].replay.schema

    def program(name, expression):
        source = f'"""{name}."""\ndef reward(position, reference_position):\n    return {{"term": {expression}}}\n'
        return parse_reward(source, (*schema.signals, schema.action))

    rewards = {
        "near": program("Near", "tolerance(norm(position - reference_position), margin=0.3)"),
        "alive": program("Alive", "1.0 - norm(position - reference_position) / (2.0 * metre)"),
        "far": program("Far", "-tolerance(norm(position - reference_position), margin=0.3)"),
    }
    found = compare(rewards, flights)
    assert found.names == ("near", "alive", "far")
    near, alive, far = found.scores
    assert near.success_auc.value == 1.0 and far.success_auc.value == 0.0
    assert near.success_return > near.other_return and far.success_return < far.other_return
    assert np.array_equal(near.returns, flights.returns(rewards["near"]))
    assert found.spearman[0, 2] == pytest.approx(-1.0) and found.kendall[0, 2] == pytest.approx(-1.0)
    assert found.spearman[0, 1] > 0.5
    assert found.epic[0, 2] == pytest.approx(1.0, abs=1e-5) and found.epic[0, 1] < 0.5
    assert alive.success_auc.low > 0.9


def test_one_kind_of_episode_has_no_auc(flights, swing_up):
    only_failures = type(swing_up)(
        swing_up.stored, swing_up.part, swing_up.slots, swing_up.source, swing_up.terminated, swing_up.success & False
    )
    schema = swing_up.stored[0].replay.schema
    up = parse_reward('"""Up."""\ndef reward(pole_direction):\n    return {"up": pole_direction[0]}\n', schema.signals)
    assert score(up, only_failures).success_auc is None
    with pytest.raises(ValueError, match="needed: two of each"):
        compare({"up": up}, swing_up)
