"""Randomised model fields: what is drawn reaches the engine, in its world and nowhere else."""

import re

import numpy as np
import pytest
from mujoco.batch import Batch

from telic.sim.errors import TaskError
from telic.sim.mujoco.actuators import Actuator, DCMotor, PositionServo, compiled_model, delays
from telic.sim.mujoco.randomise import Randomise, Randomiser

WORLDS = 64


def drawn(model, *rules, seed=0, num=WORLDS, episode=0, threads=1):
    batch = Batch(model, num, threads)
    randomiser = Randomiser(rules, batch, seed)
    randomiser.draw(np.arange(num), np.full(num, episode))
    return batch, randomiser


def test_mass_and_inertia_are_scaled_together(model):
    batch, randomiser = drawn(model, Randomise("mass", (0.5, 2.0), ("trunk",)))
    factor = randomiser.values["mass:trunk"][:, 0]
    trunk = model.body("trunk").id
    np.testing.assert_allclose(batch.expand("body_mass")[:, trunk], 2.0 * factor)
    np.testing.assert_allclose(batch.expand("body_inertia")[:, trunk], np.outer(factor, model.body_inertia[trunk]))
    assert factor.min() < 0.7 and factor.max() > 1.8
    other = model.body("arm").id
    assert (batch.expand("body_mass")[:, other] == model.body_mass[other]).all()


def test_derived_constants_follow_the_masses(model):
    batch, randomiser = drawn(model, Randomise("mass", (0.5, 2.0), ("wheel",)))
    heavy = int(np.argmax(randomiser.values["mass:wheel"]))
    inverse = batch.get_model(heavy).body_invweight0[model.body("wheel").id]
    assert (inverse < model.body_invweight0[model.body("wheel").id]).any()


def test_physics_changes_with_the_field(model):
    batch, randomiser = drawn(
        model, Randomise("damping", (0.5, 20.0), ("axle", "hinge")), Randomise("armature", (0.1, 0.1), kind="set")
    )
    batch.qvel[:, model.joint("hinge").dofadr] = 1.0
    batch.step(nstep=50)
    speed = np.abs(batch.qvel[:, model.joint("hinge").dofadr[0]])
    order = np.argsort(randomiser.values["damping:axle,hinge"][:, 1])
    assert speed[order[-1]] < speed[order[0]]


@pytest.mark.parametrize(
    ("rule", "low", "high"),
    [
        (Randomise("friction", (0.3, 1.2), kind="set"), 0.3, 1.2),
        (Randomise("friction", (0.01, 10.0), kind="set", distribution="log_uniform"), 0.01, 10.0),
        (Randomise("friction", (1.0, 0.1), kind="set", distribution="normal"), 0.7, 1.3),
    ],
)
def test_draws_fill_their_range_and_never_leave_it(model, rule, low, high):
    _, randomiser = drawn(model, rule, num=2000)
    values = randomiser.values["friction"]
    assert low <= values.min() and values.max() <= high
    if rule.distribution == "log_uniform":
        assert np.median(values) == pytest.approx(np.sqrt(low * high), rel=0.1)
    else:
        assert values.mean() == pytest.approx((low + high) / 2.0, rel=0.02)


def test_only_the_named_component_changes(model):
    batch, _ = drawn(model, Randomise("geom_friction", (2.0, 3.0), ("floor",), component=1))
    friction = batch.expand("geom_friction")[:, model.geom("floor").id]
    assert (friction[:, [0, 2]] == model.geom_friction[0, [0, 2]]).all()
    assert (friction[:, 1] > model.geom_friction[0, 1]).all()


def test_rules_on_the_same_number_act_one_after_the_other(model):
    batch, randomiser = drawn(
        model, Randomise("body_mass", (3.0, 3.0), ("trunk",), kind="set"), Randomise("mass", (0.5, 2.0), ("trunk",))
    )
    np.testing.assert_allclose(
        batch.expand("body_mass")[:, model.body("trunk").id], 3.0 * randomiser.values["mass:trunk"][:, 0]
    )
    before = batch.expand("body_mass").copy()
    randomiser.draw(np.arange(WORLDS), np.zeros(WORLDS, int))
    np.testing.assert_array_equal(batch.expand("body_mass"), before)  # From the nominal values again.


def test_a_world_draws_the_same_among_few_and_among_many(model):
    rule = Randomise("mass", (0.5, 2.0))
    _, few = drawn(model, rule, num=8)
    _, many = drawn(model, rule, num=64, threads=2)
    np.testing.assert_array_equal(few.values["mass"], many.values["mass"][:8])


def test_episodes_seeds_and_worlds_differ(model):
    rule = Randomise("mass", (0.5, 2.0), ("trunk",))
    values = [
        drawn(model, rule, seed=seed, episode=episode)[1].values["mass:trunk"]
        for seed, episode in ((0, 0), (0, 1), (1, 0))
    ]
    assert len(np.unique(np.concatenate(values))) == 3 * WORLDS


def test_only_the_chosen_worlds_are_drawn_again(model):
    batch, randomiser = drawn(model, Randomise("mass", (0.5, 2.0), ("trunk",)))
    before = batch.expand("body_mass").copy()
    randomiser.draw(np.array([3, 5]), np.array([1, 1]))
    changed = (batch.expand("body_mass") != before).any(axis=1)
    assert np.flatnonzero(changed).tolist() == [3, 5]


def test_a_snapshot_brings_the_fields_back(model):
    batch, randomiser = drawn(model, Randomise("mass", (0.5, 2.0), ("trunk",)))
    snapshot, before = randomiser.snapshot(), batch.expand("body_mass").copy()
    randomiser.draw(np.arange(WORLDS), np.ones(WORLDS, int))
    randomiser.restore(snapshot, np.arange(WORLDS))
    np.testing.assert_array_equal(batch.expand("body_mass"), before)


def test_a_rule_follows_a_command_within_its_range(model):
    rule = Randomise("mass", (0.5, 2.0), ("trunk",), command="load")
    batch = Batch(model, 3, 1)
    randomiser = Randomiser([rule], batch, 0)
    randomiser.draw(np.array([0, 2]), np.zeros(2, int), {"load": np.array([[1.5], [0.5]])})
    np.testing.assert_allclose(batch.expand("body_mass")[:, model.body("trunk").id], [3.0, 2.0, 1.0])
    with pytest.raises(TaskError, match=r"allowed: one number from 0\.5 to 2"):
        randomiser.draw(np.array([1]), np.zeros(1, int), {"load": np.array([[2.5]])})
    with pytest.raises(TaskError, match="did you mean 'lode'"):
        randomiser.draw(np.array([1]), np.zeros(1, int), {"lode": np.array([[1.0]])})


def test_gravity_and_the_centre_of_mass(model):
    batch, randomiser = drawn(
        model, Randomise("gravity", (0.9, 1.1)), Randomise("center_of_mass", (-0.02, 0.02), ("trunk",), kind="add")
    )
    np.testing.assert_allclose(batch.expand("opt.gravity")[:, 2], -9.81 * randomiser.values["gravity"][:, 0])
    offset = batch.expand("body_ipos")[:, model.body("trunk").id]
    np.testing.assert_allclose(offset, randomiser.values["center_of_mass:trunk"])
    assert len(np.unique(offset)) == 3 * WORLDS  # Each axis by itself.


@pytest.mark.parametrize("servo", [PositionServo(20.0, 1.0, 5.0), DCMotor(20.0, 1.0, 5.0, 10.0)])
def test_gains_and_strength_change_the_torque(xml, servo):
    model = compiled_model(xml, {}, [Actuator("axle", model=servo)])
    batch, randomiser = drawn(
        model, Randomise("kp", (0.5, 0.9), ("axle",)), Randomise("strength", (0.5, 0.9), ("axle",))
    )
    command, force = 0.1, batch.actuator_force
    batch.ctrl[:, 1] = command
    batch.step()
    factors = randomiser.values["kp:axle"][:, 0] * randomiser.values["strength:axle"][:, 0]
    np.testing.assert_allclose(force[:, 1], 20.0 * command * factors, rtol=1e-9)


def test_strength_scales_the_stall_torque_of_a_motor(xml):
    model = compiled_model(xml, {}, [Actuator("axle", model=DCMotor(1000.0, 1.0, 5.0, 10.0))])
    batch, randomiser = drawn(model, Randomise("strength", (0.5, 2.0), ("axle",)))
    force = batch.actuator_force
    batch.ctrl[:, 1] = 10.0
    batch.step()
    np.testing.assert_allclose(force[:, 1], 5.0 * randomiser.values["strength:axle"][:, 0], rtol=1e-9)


def test_delays_are_drawn_within_their_range(xml):
    actuators = [Actuator("axle", delay_s=(0.004, 0.02))]
    model = compiled_model(xml, {}, actuators)
    batch, _ = drawn(model, *delays(actuators))
    delay = batch.expand("actuator_delay")[:, model.actuator("axle").id]
    assert delay.min() >= 0.004 and delay.max() <= 0.02 and np.ptp(delay) > 0.01


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        (lambda: Randomise("mass", (0.5, 2.0), ("trnk",)), "no body 'trnk'; did you mean 'trunk'"),
        (lambda: Randomise("frction", (0.5, 2.0)), "did you mean 'friction'"),
        (lambda: Randomise("body_mass", (-3.0, 1.0), ("trunk",), kind="add"), "'trunk' -1; allowed: more than 0"),
        (lambda: Randomise("dof_damping", (-3.0, 1.0), ("hinge",), kind="add"), "allowed: 0 or more"),
        (lambda: Randomise("opt.timestep", (0.5, 2.0)), "control period"),
        (lambda: Randomise("kp", (0.5, 2.0), ("axle",)), "'axle' has no position gain"),
        (lambda: Randomise("geom_friction", (0.5, 2.0), ("floor",), component=7), "no number 7"),
        (lambda: Randomise("gravity", (0.5, 2.0), ("trunk",)), "leave its elements out"),
        (lambda: Randomise("mass", (2.0, 0.5)), "the smaller number comes first"),
        (lambda: Randomise("mass", (0.5, float("nan"))), "allowed: a number"),
        (lambda: Randomise("mass", (0.5, 2.0), kind="set"), "body_mass"),
        (lambda: Randomise("friction", (0.0, 2.0), distribution="log_uniform"), "1e-12"),
        (lambda: Randomise("friction", (0.0, 2.0), distribution="unifrm"), "did you mean 'uniform'"),
        (lambda: Randomise("actuator_delay", (0.0, 0.5), kind="set"), "buffer holds 0 s"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(model, rule, told):
    with pytest.raises(TaskError, match=re.escape(told)):
        Randomiser([rule()], Batch(model, 2, 1), 0)


def test_the_model_itself_is_not_touched(model):
    mass = model.body_mass.copy()
    drawn(model, Randomise("mass", (0.5, 2.0)))
    np.testing.assert_array_equal(model.body_mass, mass)
