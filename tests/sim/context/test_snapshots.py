"""Starts from stored states: where a teacher went, rare states as often as common ones."""

from dataclasses import replace

import numpy as np
import pytest

from telic.sim.errors import TaskError
from telic.sim.snapshots import Snapshots, cluster, collect, starting_from


@pytest.fixture(scope="module")
def stored(cart):
    world = cart.make_world(32, seed=0)
    rng = np.random.default_rng(0)
    return collect(world, lambda observation, signals: rng.uniform(-5, 5, (32, 1)), steps=40, every=4, clusters=4)


def test_states_of_a_teacher_are_kept_and_clustered(stored):
    assert len(stored) == 320
    assert set(stored.cluster) == {0, 1, 2, 3}
    assert np.ptp(stored.qpos[:, 0]) > 0.2


def test_episodes_start_in_stored_states(cart, stored):
    world = starting_from(cart, stored, truncate_after_s=0.1).make_world(64, seed=1)
    known = {tuple(row) for row in stored.qpos.round(12)}
    assert all(tuple(row) in known for row in world.engine.batch.qpos.round(12))
    assert (world.engine.batch.qvel != 0.0).any()
    assert world.task.episode_steps == 5
    np.testing.assert_allclose(world.signals["position"][:, 0], world.engine.batch.qpos[:, 0], rtol=1e-6)


def test_only_a_share_of_the_episodes_does(cart, stored):
    world = starting_from(cart, stored, share=0.25).make_world(2000, seed=1)
    known = {tuple(row) for row in stored.qpos.round(12)}
    from_store = np.array([tuple(row) in known for row in world.engine.batch.qpos.round(12)])
    assert from_store.mean() == pytest.approx(0.25, abs=0.04)


def test_starts_depend_on_the_seed_and_the_world_only(cart, stored):
    task = starting_from(cart, stored)
    few, many = task.make_world(4, seed=5), task.make_world(32, seed=5)
    np.testing.assert_array_equal(few.engine.batch.qpos, many.engine.batch.qpos[:4])


def test_rare_states_are_drawn_as_often_as_common_ones():
    features = np.concatenate((np.zeros((990, 1)), np.full((10, 1), 5.0)))
    labels = cluster(features, 2, seed=0)
    assert sorted(np.bincount(labels)) == [10, 990]
    zeros = np.zeros((1000, 1))
    snapshots = Snapshots(features, zeros, zeros, zeros[:, :0, None], zeros[:, :0, None], labels)
    chosen = snapshots.choose(np.random.default_rng(0).random((100_000, 2)))
    assert (features[chosen, 0] == 5.0).mean() == pytest.approx(0.5, abs=0.01)
    assert len(np.unique(chosen)) == 1000


def test_clusters_of_few_different_states():
    assert set(cluster(np.array([[0.0], [0.0], [1.0], [1.0]]), 4, seed=0)) == {0, 1}
    assert set(cluster(np.ones((5, 2)), 3, seed=0)) == {0}
    with pytest.raises(ValueError, match="allowed: 1 to 5"):
        cluster(np.ones((5, 2)), 6, seed=0)


def test_snapshots_are_saved_and_read(stored, tmp_path):
    stored.save(tmp_path / "states.npz")
    read = Snapshots.load(tmp_path / "states.npz")
    np.testing.assert_array_equal(read.qpos, stored.qpos)
    np.testing.assert_array_equal(read.cluster, stored.cluster)
    np.savez(tmp_path / "other.npz", qpos=np.zeros(3))
    with pytest.raises(TaskError, match="holds no snapshots"):
        Snapshots.load(tmp_path / "other.npz")


def test_states_of_another_model_are_refused(cart, stored):
    with pytest.raises(TaskError, match="qpos of the snapshots has 1 columns"):
        starting_from(cart, replace(stored, qpos=stored.qpos[:, :1]))
    with pytest.raises(TaskError, match="not finite"):
        replace(stored, qvel=stored.qvel * np.nan)
    with pytest.raises(TaskError, match=r"share .* is 2"):
        starting_from(cart, stored, share=2.0)
