"""Task families: the context reaches the start and the model of its own world."""

import numpy as np
import pytest

from telic.sim.context import Dimension, OnCommand, OnDistance, OnJoint, OnModel, OnPlace, TaskFamily
from telic.sim.errors import TaskError

WORLDS = 64


def test_the_context_is_drawn_stored_and_does_what_it_says(family):
    world = family.task.make_world(WORLDS, seed=0)
    reach, load = world.signals["reach"], world.signals["load"]
    assert 0.1 <= reach.min() < 0.3 and 0.8 < reach.max() <= 1.0
    plain = family.base.make_world(WORLDS, seed=0).signals["goal"][:, 0]
    np.testing.assert_allclose(world.signals["goal"][:, 0], reach * plain, rtol=1e-6)
    mass = world.engine.batch.expand("body_mass")[:, world.engine.model.body("cart").id]
    np.testing.assert_allclose(mass, load, rtol=1e-6)
    np.testing.assert_array_equal(world.episode_values["load"][:, 0].astype(np.float32), load)


def test_pinned_contexts_hold_from_the_next_episode_on(family):
    world = family.task.make_world(4, seed=0)
    before = world.signals["reach"].copy()
    contexts = np.array([[0.5, 2.0], [0.25, 3.0]])
    family.pin(world, contexts, np.array([1, 3]))
    np.testing.assert_array_equal(world.signals["reach"], before)
    world.reset()
    np.testing.assert_allclose(world.signals["reach"][[1, 3]], [0.5, 0.25])
    np.testing.assert_allclose(world.signals["load"][[1, 3]], [2.0, 3.0])
    assert world.signals["load"][0] not in (2.0, 3.0)


def test_a_family_narrows_to_a_task(family):
    task = family.within({"reach": 0.5, "load": (1.0, 1.1)})
    world = task.make_world(WORLDS, seed=0)
    assert set(world.signals["reach"]) == {0.5}
    assert world.signals["load"].min() >= 1.0 and world.signals["load"].max() <= 1.1


def test_observed_contexts_stand_in_front(cart):
    family = TaskFamily(cart, (Dimension("load", 0.5, 4.0, (OnModel("mass", ("cart",)),)),), observed=("load",))
    world = family.task.make_world(4, seed=0)
    np.testing.assert_array_equal(world.observation[:, 0], world.signals["load"])
    np.testing.assert_array_equal(world.privileged[:, 0], world.signals["load"])


def test_commands_are_scaled_throughout_the_episode(cart):
    family = TaskFamily(cart, (Dimension("haste", 0.0, 1.0, (OnCommand("speed"),)),))
    world = family.task.make_world(WORLDS, seed=0)
    for _ in range(8):
        share = world.signals["speed"] / world.signals["haste"]
        assert share.min() >= 0.499 and share.max() <= 1.001
        world.step(np.zeros((WORLDS, 1)))


def test_places_and_joints_are_set(cart):
    family = TaskFamily(
        cart,
        (
            Dimension("height", 1.0, 2.0, (OnPlace("ball", "z"),)),
            Dimension("start", -1.0, -0.5, (OnJoint("slide"),)),
        ),
    )
    world = family.task.make_world(WORLDS, seed=0)
    np.testing.assert_allclose(world.signals["ball"][:, 2], world.signals["height"], rtol=1e-6)
    np.testing.assert_allclose(world.signals["position"][:, 0], world.signals["start"], rtol=1e-6)


def test_a_snapshot_brings_the_context_back(family):
    world = family.task.make_world(4, seed=0)
    snapshot, before = world.snapshot(), world.engine.batch.expand("body_mass").copy()
    world.reset()
    world.restore(snapshot)
    np.testing.assert_array_equal(world.engine.batch.expand("body_mass"), before)


@pytest.mark.parametrize(
    ("dimensions", "told"),
    [
        (lambda: (Dimension("a", 1.0, 1.0, (OnJoint("slide"),)),), "can only be 1"),
        (lambda: (Dimension("a", 2.0, 1.0, (OnJoint("slide"),)),), "the smaller number comes first"),
        (lambda: (Dimension("a", 0.0, 1.0, ()),), "no effects"),
        (lambda: (Dimension("a", 0.0, 1.0, (OnJoint("slide"),), easy=2.0),), "easy of context a is 2"),
        (lambda: (Dimension("goal", 0.0, 1.0, (OnJoint("slide"),)),), "the name of another signal"),
        (lambda: (Dimension("a", 0.0, 1.0, (OnPlace("cart", "x"),)),), "neither floats freely nor is a mocap body"),
        (lambda: (Dimension("a", 0.0, 1.0, (OnDistance("gaol", (0.0, 0.0, 0.0)),)),), "did you mean 'goal'"),
        (lambda: (Dimension("a", 0.0, 1.0, (OnCommand("sped"),)),), "did you mean 'speed'"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(cart, dimensions, told):
    with pytest.raises(TaskError) as error:
        TaskFamily(cart, dimensions())
    assert told in str(error.value)


@pytest.mark.parametrize(
    ("context", "told"),
    [({"reech": 0.5}, "did you mean 'reach'"), ({"reach": 2.0}, "allowed: 0.1 to 1"), ({"reach": (0.6, 0.4)}, "first")],
)
def test_contexts_out_of_the_family_are_refused(family, context, told):
    with pytest.raises(TaskError) as error:
        family.within(context)
    assert told in str(error.value)
    if not isinstance(context.get("reach"), float):
        return
    with pytest.raises(TaskError, match="context reach is"):
        family.pin(family.task.make_world(1), np.array([[context["reach"], 1.0]]), np.array([0]))
