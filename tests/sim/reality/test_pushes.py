"""Pushes: at their times, of their size, on their body, and in their world only."""

import numpy as np
import pytest

from telic.sim.errors import TaskError
from telic.sim.mujoco.pushes import Push, Pushes

DT = 0.01


def run(model, pushes, steps=400, num=32, seed=0):
    made = Pushes(pushes, model, DT, num, seed)
    qvel, force = np.zeros((num, model.nv)), np.zeros((num, model.nbody, 6))
    worlds, episodes = np.arange(num), np.zeros(num, int)
    made.begin(worlds, episodes, force)
    speeds, forces = [], []
    for step in range(steps):
        made.apply(episodes, np.full(num, step), qvel, force)
        speeds.append(qvel.copy())
        forces.append(force.copy())
    return made, np.array(speeds), np.array(forces)


def test_a_velocity_push_moves_the_free_joint_within_its_limits(model):
    push = Push("trunk", linear=(1.0, 0.5, 0.0), angular=(0.0, 0.0, 2.0), interval_s=(0.5, 1.0))
    made, speeds, forces = run(model, [push])
    jumps = np.diff(speeds, axis=0)
    hit = jumps[np.abs(jumps).sum(axis=2) > 0.0]
    assert (np.abs(hit[:, :6]) <= [1.0, 0.5, 0.0, 0.0, 0.0, 2.0]).all()
    assert (hit[:, 6:] == 0.0).all()
    assert np.abs(hit[:, 0]).max() > 0.9
    assert (forces == 0.0).all()
    assert len(hit) == made.count.sum()


def test_intervals_lie_in_their_range(model):
    _, speeds, _ = run(model, [Push("trunk", interval_s=(0.5, 1.0))])
    for world in range(32):
        times = np.flatnonzero(np.abs(np.diff(speeds[:, world, 0])) > 0.0) + 1
        gaps = np.diff([0, *times])
        assert gaps.min() >= 50 and gaps.max() <= 100


def test_a_force_acts_for_its_time_and_ends(model):
    push = Push("wheel", kind="force", linear=(3.0, 0.0, 0.0), interval_s=(0.5, 0.8), duration_s=(0.05, 0.1))
    _, speeds, forces = run(model, [push])
    assert (speeds == 0.0).all()
    wheel = model.body("wheel").id
    on = forces[:, :, wheel, 0] != 0.0
    for world in range(32):
        edges = np.flatnonzero(np.diff(on[:, world].astype(int)))
        lengths = np.diff(edges)[::2]
        assert len(lengths) >= 3 and ((lengths >= 5) & (lengths <= 10)).all()
    assert (np.delete(forces, wheel, axis=2) == 0.0).all()


def test_worlds_are_pushed_alike_among_few_and_many(model):
    push = [Push("trunk", interval_s=(0.1, 0.5))]
    np.testing.assert_array_equal(run(model, push, num=4)[1], run(model, push, num=32)[1][:, :4])


def test_a_snapshot_continues_with_the_same_pushes(model):
    made = Pushes([Push("trunk", interval_s=(0.1, 0.5))], model, DT, 4, 0)
    qvel, force = np.zeros((4, model.nv)), np.zeros((4, model.nbody, 6))
    worlds, episodes = np.arange(4), np.zeros(4, int)
    made.begin(worlds, episodes, force)
    snapshot = made.snapshot()

    def go():
        qvel[:] = 0.0
        for step in range(100):
            made.apply(episodes, np.full(4, step), qvel, force)
        return qvel.copy()

    first = go()
    made.restore(snapshot, worlds)
    np.testing.assert_array_equal(go(), first)


@pytest.mark.parametrize(
    ("push", "told"),
    [
        (lambda: [Push("trnk")], "did you mean 'trunk'"),
        (lambda: [Push("wheel")], "use kind='force'"),
        (lambda: [Push("trunk", interval_s=(0.0, 1.0))], "interval_s of the push of trunk is 0.0"),
        (lambda: [Push("trunk", linear=(1.0, 0.0))], "three numbers"),
        (lambda: [Push("trunk"), Push("trunk")], "join the two"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(model, push, told):
    with pytest.raises(TaskError) as error:
        Pushes(push(), model, DT, 2, 0)
    assert told in str(error.value)
