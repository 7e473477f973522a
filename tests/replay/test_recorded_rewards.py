"""Rewards that came with the facts: a column without a reward behind it."""

import numpy as np
import pytest

from telic.replay.errors import DtypeError, NonFiniteError, ReplayError, ShapeError, StaleColumnError
from telic.replay.replay import Replay


@pytest.fixture
def replay(walk):
    return walk(capacity=12, streams=2, steps=3, ends={(1, 0): "truncated"})


def test_recorded_rewards_are_read_like_any_column(replay):
    replay.add_column("recorded", np.arange(6, dtype=np.float32))
    # Stream 0 holds the slots 0, 2 and 4, and its first episode ends after the second.
    assert replay.episodes("recorded").returns.tolist() == [2.0, 4.0, 9.0]
    batch = replay.sample(8, reward="recorded", rng=np.random.default_rng(0))
    np.testing.assert_array_equal(batch.reward, batch.index.astype(np.float32))


def test_recorded_rewards_survive_a_file(replay, tmp_path):
    replay.add_column("recorded", np.arange(6, dtype=np.float32))
    replay.save(tmp_path / "replay.safetensors")
    loaded = Replay.load(tmp_path / "replay.safetensors")
    assert loaded.episodes("recorded").returns.tolist() == [2.0, 4.0, 9.0]


def test_recorded_rewards_do_not_cover_what_comes_later(replay, schema):
    replay.add_column("recorded", np.zeros(6, np.float32))
    replay.truncate_open()
    states = {signal.name: np.zeros((2, *signal.shape), signal.dtype) for signal in schema.signals}
    flags = np.zeros(2, bool)
    replay.add(states, np.zeros((2, 2), np.float32), states, flags, flags)
    with pytest.raises(StaleColumnError, match="recorded"):
        replay.episodes("recorded")


@pytest.mark.parametrize(
    ("values", "error"),
    [
        (np.zeros(5, np.float32), ShapeError),
        (np.zeros(6), DtypeError),
        (np.float32([0, 1, np.nan, 3, 4, 5]), NonFiniteError),
    ],
)
def test_wrong_recorded_rewards_are_refused(replay, values, error):
    with pytest.raises(error, match="reward"):
        replay.add_column("recorded", values)
    assert not replay.columns


def test_a_fingerprint_is_a_name_too(replay):
    replay.add_column("02eb4280", np.zeros(6, np.float32))
    assert list(replay.columns) == ["02eb4280"]


def test_a_name_is_taken_once(replay):
    replay.add_column("recorded", np.zeros(6, np.float32))
    with pytest.raises(ReplayError, match="drop_column"):
        replay.add_column("recorded", np.zeros(6, np.float32))
