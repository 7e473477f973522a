"""Curricula: they go where success says, and the teacher gives each episode what was chosen for it."""

import numpy as np
import pytest

from telic.sim.curriculum import Learnable, Teacher, Uniform, Widening, WideningSettings
from telic.sim.errors import TaskError


def play(curriculum, able, rounds=60, count=256, seed=0):
    """Let somebody learn who is able to do some contexts."""
    rng = np.random.default_rng(seed)
    for _ in range(rounds):
        contexts = curriculum.sample(count, rng)
        curriculum.record(contexts, able(contexts))
    return curriculum.sample(5000, rng)


def test_widening_begins_at_the_easiest_and_reaches_everything_for_a_master(family):
    curriculum = Widening(family)
    rng = np.random.default_rng(0)
    np.testing.assert_array_equal(curriculum.sample(3, rng), [[0.1, 1.0]] * 3)
    contexts = play(curriculum, lambda c: np.ones(len(c), bool))
    np.testing.assert_array_equal(curriculum.low, family.bounds[0])
    np.testing.assert_array_equal(curriculum.high, family.bounds[1])
    np.testing.assert_array_equal(curriculum.progress, [1.0, 1.0])
    assert contexts[:, 1].min() == 0.5 and contexts[:, 1].max() == 4.0


def test_widening_stops_where_it_gets_too_hard_and_each_edge_by_itself(family):
    curriculum = Widening(family)
    play(curriculum, lambda c: (c[:, 0] < 0.6) & (c[:, 1] < 3.0))
    assert 0.5 < curriculum.high[0] < 0.7
    assert 2.5 < curriculum.high[1] < 3.3
    assert curriculum.low[1] == 0.5


def test_widening_shrinks_again(family):
    curriculum = Widening(family, WideningSettings(step=0.1))
    play(curriculum, lambda c: np.ones(len(c), bool))
    play(curriculum, lambda c: np.zeros(len(c), bool))
    np.testing.assert_allclose(curriculum.high, [0.1, 1.0])


def test_learnable_prefers_what_is_neither_easy_nor_impossible(family):
    rng = np.random.default_rng(1)
    curriculum = Learnable(family, cells=8, anywhere=0.1)

    def able(contexts):
        chance = np.clip((0.8 - contexts[:, 0]) / 0.4, 0.0, 1.0)  # From 1 at 0.4 to 0 at 0.8.
        return rng.random(len(contexts)) < chance

    contexts = play(curriculum, able, rounds=100)
    assert ((contexts[:, 0] > 0.4) & (contexts[:, 0] < 0.8)).mean() > 0.7
    assert (contexts >= family.bounds[0]).all() and (contexts <= family.bounds[1]).all()
    assert (contexts[:, 0] > 0.9).any()  # No cell is forgotten.


@pytest.mark.parametrize("make", [Uniform, Widening, Learnable])
def test_a_curriculum_continues_where_it_was(family, make):
    one, other = make(family), make(family)
    play(one, lambda c: c[:, 0] < 0.5, rounds=20)
    other.load_state_dict(one.state_dict())
    np.testing.assert_array_equal(
        one.sample(100, np.random.default_rng(3)), other.sample(100, np.random.default_rng(3))
    )


def test_a_state_of_another_curriculum_is_refused(family):
    with pytest.raises(TaskError, match="has no 'low'"):
        Widening(family).load_state_dict(Learnable(family).state_dict())
    with pytest.raises(TaskError, match="has shape"):
        Learnable(family, cells=4).load_state_dict(Learnable(family).state_dict())


class Recorder(Uniform):
    """Remembers what it proposed, and what it was told."""

    def __init__(self, family):
        super().__init__(family)
        self.proposed, self.told = [], []

    def sample(self, count, rng):
        contexts = super().sample(count, rng)
        self.proposed.append(contexts)
        return contexts

    def record(self, contexts, succeeded):
        self.told.append((contexts.copy(), succeeded.copy()))


def test_the_teacher_tells_each_context_with_its_own_success(family):
    world = family.task.make_world(8, seed=0)
    curriculum = Recorder(family)
    teacher = Teacher(world, family, curriculum, lambda: world.signals["reach"] < 0.5, seed=0)
    rng = np.random.default_rng(0)
    for _ in range(35):  # Episodes last ten steps.
        begun = world.steps == 0
        shown = world.signals["reach"].copy()
        world.step_and_restart(rng.uniform(-1, 1, (8, 1)), before=teacher.before, after=teacher.after)
        np.testing.assert_allclose(teacher.contexts[begun, 0], shown[begun], rtol=1e-6)
    assert len(curriculum.told) == 3
    for contexts, succeeded in curriculum.told:
        np.testing.assert_array_equal(succeeded, contexts[:, 0] < 0.5)
    np.testing.assert_allclose(curriculum.told[0][0], curriculum.proposed[0])
    np.testing.assert_allclose(curriculum.told[1][0], curriculum.proposed[1])


def test_a_reset_in_between_does_not_confuse_the_teacher(family):
    world = family.task.make_world(8, seed=0)
    teacher = Teacher(world, family, Uniform(family), lambda: np.zeros(8, bool), seed=0)
    for _ in range(3):
        world.step_and_restart(np.zeros((8, 1)), before=teacher.before, after=teacher.after)
    world.reset(np.arange(8) < 4)
    world.step_and_restart(np.zeros((8, 1)), before=teacher.before, after=teacher.after)
    np.testing.assert_allclose(teacher.contexts[:, 0], world.signals["reach"], rtol=1e-6)


@pytest.mark.parametrize(
    ("settings", "told"),
    [
        ({"raise_above": 0.3}, "the smaller number comes first"),
        ({"episodes": 0}, "whole numbers from 1"),
        ({"step": 0.0}, "step of a curriculum is 0.0"),
    ],
)
def test_settings_are_checked(settings, told):
    with pytest.raises(TaskError) as error:
        WideningSettings(**settings)
    assert told in str(error.value)
