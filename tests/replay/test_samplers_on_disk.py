"""Samplers over the files of a store, without a copy in memory."""

import numpy as np
import pytest

from telic.replay.errors import ReplayError
from telic.replay.mirror import DeviceMirror
from telic.replay.mixture import Mixture
from telic.replay.normaliser import ObservationNormaliser
from telic.replay.priority import Prioritised
from telic.replay.recency import RecencyWeighted, Recent
from telic.replay.reward_scaler import RewardScaler
from telic.replay.store.store import Store


@pytest.fixture
def both(tmp_path, schema, walk):
    """The same transitions of one stream in memory and in files."""
    replay = walk(30, 1, 30, {(9, 0): "terminated", (19, 0): "truncated", (29, 0): "truncated"})
    store = Store.create(tmp_path / "store", schema)
    facts = replay.read(np.arange(30))
    with store.writer("robot") as writer:
        for i in range(30):
            signals, following = (
                {name: values[i] for name, values in part.items()} for part in (facts.signals, facts.next_signals)
            )
            writer.add(signals, facts.action[i], following, facts.terminated[i], facts.truncated[i])
    return replay, Store.open(store.path).mapped()


@pytest.mark.parametrize(
    "sampler",
    [
        lambda replay: replay,
        lambda replay: Prioritised(replay, alpha=0.7),
        lambda replay: Recent(replay, 8),
        lambda replay: RecencyWeighted(replay, 6.0),
        lambda replay: Mixture([(replay, 0.5), (Recent(replay, 5), 0.5)]),
    ],
    ids=["uniform", "prioritised", "recent", "recency_weighted", "mixture"],
)
def test_batches_are_those_of_the_same_store_in_memory(both, place, sampler):
    batches = []
    for replay in both:
        chosen, rng = sampler(replay), np.random.default_rng(0)
        batch = chosen.sample(16, reward=place, rng=rng, n_step=3, next_action=True)
        if isinstance(chosen, Prioritised):
            assert chosen.update(batch.index, batch.generation, np.arange(16.0)) == 16
            batch = chosen.sample(16, reward=place, rng=rng, n_step=3, next_action=True)
        batches.append(batch)
    memory, disk = batches
    for name in ("index", "action", "reward", "discount", "next_action", "weight"):
        assert np.array_equal(getattr(memory, name), getattr(disk, name)), name
    for name in memory.signals:
        assert np.array_equal(memory.signals[name], disk.signals[name])
        assert np.array_equal(memory.next_signals[name], disk.next_signals[name])


def test_statistics_are_those_of_the_same_store_in_memory(both, place):
    memory, disk = (ObservationNormaliser.of(replay, "position") for replay in both)
    assert np.array_equal(memory.mean, disk.mean)
    assert np.array_equal(memory.std, disk.std)
    scalers = RewardScaler(), RewardScaler()
    for scaler, replay in zip(scalers, both, strict=True):
        scaler.follow(replay, place)
    assert scalers[0].scale == scalers[1].scale != 1.0


def test_a_mirror_needs_a_store_in_memory(both):
    with pytest.raises(ReplayError, match=r"Store\.replay"):
        DeviceMirror(both[1], "cpu", 2**20)
