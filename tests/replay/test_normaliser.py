"""Normalised observations and scaled rewards against numbers worked out in one go."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telic.replay.errors import FileFormatError, NonFiniteError, ReplayError, ShapeError, UnknownNameError
from telic.replay.moments import Moments
from telic.replay.normalised import Normalised
from telic.replay.normaliser import ObservationNormaliser
from telic.replay.reward_scaler import RewardScaler


@settings(max_examples=100, deadline=None)
@given(
    sizes=st.lists(st.integers(0, 40), min_size=1, max_size=8).filter(any),
    offset=st.sampled_from([0.0, 1.0, 1e7]),
    seed=st.integers(0, 99),
)
def test_merged_moments_are_those_of_all_samples_at_once(sizes, offset, seed):
    samples = offset + np.random.default_rng(seed).standard_normal((sum(sizes), 3))
    moments = Moments((3,))
    for part in np.split(samples, np.cumsum(sizes)[:-1]):
        moments.add(part)
    assert moments.count == len(samples)
    assert moments.mean == pytest.approx(samples.mean(axis=0), rel=1e-12, abs=1e-12)
    # With an offset of 1e7, a sum of squares in float64 would have lost all but two digits.
    assert moments.variance == pytest.approx(samples.var(axis=0), rel=1e-6, abs=1e-9)


def test_observations_come_out_with_mean_0_and_deviation_1():
    observations = np.random.default_rng(0).normal([3.0, -100.0], [0.1, 20.0], (5000, 2)).astype(np.float32)
    normaliser = ObservationNormaliser(2)
    for part in np.split(observations, 10):
        normaliser.update(part)
    out = normaliser(observations)
    assert out.dtype == normaliser.mean.dtype == normaliser.std.dtype == np.float32
    assert out.mean(axis=0) == pytest.approx(0.0, abs=1e-4)
    assert out.std(axis=0) == pytest.approx(1.0, rel=1e-4)


def test_the_learner_sees_to_the_bit_what_a_policy_computes_from_the_exported_numbers():
    rng = np.random.default_rng(1)
    normaliser = ObservationNormaliser(4, clip=1.5)
    normaliser.update(rng.normal(5.0, 3.0, (100, 4)))
    observation = rng.normal(5.0, 9.0, (50, 4)).astype(np.float32)
    policy = np.clip((observation - normaliser.mean) / normaliser.std, -normaliser.clip, normaliser.clip)
    assert np.array_equal(normaliser(observation), policy)
    assert np.abs(policy).max() == 1.5


def test_before_the_first_observation_nothing_is_changed_and_a_constant_stays_finite():
    normaliser = ObservationNormaliser(2)
    assert normaliser(np.array([[3.0, -2.0]], np.float32)) == pytest.approx(np.array([[3.0, -2.0]]))
    normaliser.update(np.full((10, 2), 7.0))
    assert np.array_equal(normaliser(np.full((1, 2), 7.0, np.float32)), np.zeros((1, 2)))
    assert (normaliser.std > 0).all()


def test_frozen_statistics_stay():
    normaliser = ObservationNormaliser(1)
    normaliser.update(np.array([[1.0], [3.0]]))
    normaliser.freeze()
    normaliser.update(np.array([[100.0]]))
    assert normaliser.mean == pytest.approx([2.0])


def test_the_statistics_of_a_dataset_are_those_of_its_states(walk):
    replay = walk(400, 2, 200)
    normaliser = ObservationNormaliser.of(replay, "position", clip=5.0)
    states = replay.read(np.arange(400)).signals["position"]
    assert normaliser.frozen
    assert normaliser.mean == pytest.approx(states.mean(axis=0), rel=1e-5)
    assert normaliser.std == pytest.approx(states.std(axis=0), rel=1e-5)
    with pytest.raises(UnknownNameError, match="position"):
        ObservationNormaliser.of(replay, "positon")


def test_bad_observations_are_refused_and_leave_the_statistics_alone():
    normaliser = ObservationNormaliser(2)
    normaliser.update(np.ones((2, 2)))
    before = normaliser.state_dict()
    with pytest.raises(NonFiniteError, match="element 1 of an observation is nan"):
        normaliser.update(np.array([[1.0, 2.0], [1.0, np.nan]]))
    with pytest.raises(ShapeError, match=r"\(3, 5\).*length 2"):
        normaliser.update(np.ones((3, 5)))
    with pytest.raises(ShapeError, match="length 2"):
        normaliser(np.ones(3))
    after = normaliser.state_dict()
    assert all(np.array_equal(before[name], after[name]) for name in before)
    with pytest.raises(ReplayError, match="clip of an observation normaliser is 0"):
        ObservationNormaliser(2, clip=0.0)


@pytest.mark.parametrize("kind", [lambda: ObservationNormaliser(2), lambda: RewardScaler(2)])
def test_a_restored_normaliser_goes_on_as_if_nothing_had_happened(kind):
    rng = np.random.default_rng(3)
    whole, first = kind(), kind()
    parts = [(rng.normal(size=2), np.array([False, i % 3 == 0])) for i in range(20)]

    def feed(normaliser, some):
        for numbers, ended in some:
            normaliser.update(numbers) if isinstance(normaliser, ObservationNormaliser) else normaliser.update(
                numbers, ended
            )

    feed(whole, parts)
    feed(first, parts[:11])
    second = kind()
    second.load_state_dict(first.state_dict())
    feed(second, parts[11:])
    x = rng.normal(size=(5, 2)).astype(np.float32)
    assert np.array_equal(whole(x), second(x))
    with pytest.raises(FileFormatError, match="needs"):
        second.load_state_dict({})


# Rewards.


def scale_by_hand(rewards, ended, gamma, max_return):
    """max(std(G), max |G| / max_return), from lists of one stream's rewards and ends."""
    sums, running = [], 0.0
    for reward, end in zip(rewards, ended, strict=True):
        running = gamma * running + reward
        sums.append(running)
        running = 0.0 if end else running
    return max(np.sqrt(np.var(sums) + 1e-8), np.abs(sums).max() / max_return)


@pytest.mark.parametrize("max_return", [1.0, 100.0])
def test_the_scale_is_that_of_the_discounted_return(max_return):
    rng = np.random.default_rng(4)
    rewards, ended = rng.normal(1.0, 2.0, 200), rng.random(200) < 0.1
    scaler = RewardScaler(gamma=0.9, max_return=max_return)
    assert scaler.scale == 1.0
    for reward, end in zip(rewards, ended, strict=True):
        scaler.update(np.array([reward]), np.array([end]))
    assert scaler.scale == pytest.approx(scale_by_hand(rewards, ended, 0.9, max_return))
    assert scaler(rewards) == pytest.approx(rewards / scaler.scale, rel=1e-5)
    assert scaler(rewards).dtype == np.float32


def test_no_return_leaves_the_support_of_the_critic():
    """A rare large return: the standard deviation alone would let it through."""
    scaler = RewardScaler(gamma=1.0, max_return=5.0)
    for _ in range(1000):
        scaler.update(np.array([0.0]), np.array([True]))
    scaler.update(np.array([-30.0]), np.array([True]))
    assert scaler(np.array([-30.0])) == pytest.approx([-5.0])


def test_following_a_column_counts_every_transition_once_and_in_the_order_of_time(schema, walk, place):
    """Two streams with ends of both kinds, read in pieces, against a list per stream."""
    ends = {(2, 0): "terminated", (4, 1): "truncated", (7, 0): "truncated"}
    replay = walk(60, 2, 12, ends)
    whole = RewardScaler(2, gamma=0.9, max_return=2.0)
    whole.follow(replay, place)
    rewards = replay.relabel(place).total[replay.slots()]
    sums = []
    for stream in range(2):
        running = 0.0
        for t, reward in enumerate(rewards[:, stream]):
            running = 0.9 * running + float(reward)
            sums.append(running)
            running = 0.0 if (t, stream) in ends else running
    assert whole.scale == pytest.approx(max(np.std(sums), np.abs(sums).max() / 2.0), rel=1e-6)

    pieces, growing = RewardScaler(2, gamma=0.9, max_return=2.0), walk(60, 2, 5, ends)
    pieces.follow(growing, place)
    growing.truncate_open()
    replay = walk(60, 2, 4, replay=growing)
    pieces.follow(replay, place)
    pieces.follow(replay, place)
    together = RewardScaler(2, gamma=0.9, max_return=2.0)
    together.follow(replay, place)
    assert pieces.scale == pytest.approx(together.scale)


def test_rows_that_were_overwritten_unseen_do_not_mix_episodes(walk, place):
    replay = walk(4, 1, 2)
    scaler = RewardScaler(gamma=1.0)
    scaler.follow(replay, place)
    replay.truncate_open()
    walk(4, 1, 9, replay=replay)
    fresh = RewardScaler(gamma=1.0)
    fresh.follow(replay, place)
    scaler.follow(replay, place)
    assert np.array_equal(scaler.state_dict()["running"], fresh.state_dict()["running"])


def test_bad_rewards_are_refused_by_stream():
    scaler = RewardScaler(2)
    with pytest.raises(NonFiniteError, match="stream 1 is inf"):
        scaler.update(np.array([1.0, np.inf]), np.zeros(2, bool))
    with pytest.raises(ShapeError, match=r"\(3,\)"):
        scaler.update(np.ones(3), np.zeros(3, bool))
    with pytest.raises(ReplayError, match="max_return 0"):
        RewardScaler(max_return=0.0)
    assert scaler.scale == 1.0


def test_following_a_store_of_other_streams_is_refused(walk, place):
    with pytest.raises(ShapeError, match="2 streams, the reward scaler 1"):
        RewardScaler().follow(walk(8, 2, 2), place)


# At sample time.


def test_batches_are_normalised_and_the_store_stays_raw(walk, place):
    replay = walk(20, 2, 10)
    replay.relabel(place)
    before = replay.state_dict()
    position, scaler = ObservationNormaliser.of(replay, "position"), RewardScaler(2)
    scaler.follow(replay, place)
    sampler = Normalised(replay, {"position": position}, scaler)
    raw = replay.sample(16, reward=place, rng=np.random.default_rng(0), n_step=2)
    batch = sampler.sample(16, reward=place, rng=np.random.default_rng(0), n_step=2)
    for name in ("signals", "next_signals"):
        assert np.array_equal(getattr(batch, name)["position"], position(getattr(raw, name)["position"]))
        assert np.array_equal(getattr(batch, name)["clock"], getattr(raw, name)["clock"])
    assert np.array_equal(batch.reward, scaler(raw.reward))
    assert np.array_equal(batch.index, raw.index)
    after = replay.state_dict()
    assert all(np.array_equal(before[name], after[name]) for name in before)


def test_a_normaliser_must_fit_its_signal(walk):
    replay = walk(20, 2, 10)
    with pytest.raises(ReplayError, match="'position' has 3 elements, its normaliser 4"):
        Normalised(replay, {"position": ObservationNormaliser(4)})
    with pytest.raises(UnknownNameError, match="positon"):
        Normalised(replay, {"positon": ObservationNormaliser(3)})
