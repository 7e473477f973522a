"""Listed pairs: the same contacts as MuJoCo's own search finds, to the bit, on every task and on odd models."""

from dataclasses import replace

import mujoco
import numpy as np
import pytest

from telic.sim.mujoco.listed_pairs import model_of, touching
from telic.sim.mujoco.randomise import Randomise
from telic.sim.mujoco.task import MujocoTask
from telic.sim.tasks.registry import TASKS, make_task

ROBOTS = {name: task for name in TASKS if isinstance(task := make_task(name), MujocoTask)}
STATE = mujoco.mjtState.mjSTATE_INTEGRATION

# Bodies with parents and children, an excluded pair, priorities, mixtures, stiffness instead of time constants, masks.
ODD = """
<mujoco>
  <worldbody>
    <geom type="plane" size="5 5 1" friction="0.3 0.02 0.001" margin="0.004" gap="0.001"/>
    <body pos="0 0 0.3"><freejoint/>
      <geom type="capsule" size="0.05 0.2" solmix="3" solref="0.03 0.7" friction="0.9 0.1 0.01"/>
      <body name="child" pos="0.1 0 0.2"><joint axis="0 1 0"/>
        <geom type="sphere" size="0.1" condim="6"/>
        <geom type="box" size="0.05 0.05 0.2" pos="0.3 0 0" priority="1" solref="-500 -20" condim="1"/>
        <body pos="0.2 0 0.1"><joint axis="1 0 0"/><geom type="ellipsoid" size="0.1 0.05 0.06" margin="0.01"/></body>
      </body>
    </body>
    <body name="other" pos="0.1 0.1 0.9"><freejoint/>
      <geom type="cylinder" size="0.1 0.1" solimp="0.8 0.9 0.01 0.4 1" solref="-900 -30"/>
      <geom type="sphere" size="0.12" pos="0.2 0 0" contype="2" conaffinity="1" solmix="0"/>
    </body>
    <body pos="-0.1 0.1 1.3"><freejoint/><geom type="sphere" size="0.1" contype="0" conaffinity="2" solmix="0"/></body>
  </worldbody>
  <contact><exclude body1="other" body2="child"/></contact>
</mujoco>
"""


def assert_equal_steps(model, listed, steps, seed=0):
    """Both step from the same states and reach the same ones."""
    rng = np.random.default_rng(seed)
    one, other = mujoco.MjData(model), mujoco.MjData(listed)
    state, contacts = np.empty(mujoco.mj_stateSize(model, STATE)), 0
    for _ in range(steps):
        one.ctrl[:] = rng.uniform(-1.0, 1.0, model.nu)
        mujoco.mj_getState(model, one, state, STATE)
        mujoco.mj_setState(listed, other, state, STATE)
        mujoco.mj_step(model, one)
        mujoco.mj_step(listed, other)
        contacts += one.ncon
        np.testing.assert_array_equal(one.qvel, other.qvel)
        np.testing.assert_array_equal(one.contact.geom, other.contact.geom)
        np.testing.assert_array_equal(one.contact.friction, other.contact.friction)
    return contacts


@pytest.mark.parametrize("name", ROBOTS)
def test_a_task_steps_as_with_mujocos_own_search(name):
    task = replace(ROBOTS[name], randomisation=())
    assert_equal_steps(task.model, model_of(task), 300)


def test_few_pairs_are_listed_and_many_are_searched():
    assert model_of(ROBOTS["ant"]).npair == 13 and model_of(ROBOTS["half_cheetah"]).npair == 8
    assert model_of(ROBOTS["humanoid"]).npair == 0


def test_an_odd_model_steps_as_with_mujocos_own_search():
    task = replace(ROBOTS["ant"], xml=ODD, actuators=())
    listed = model_of(task)
    assert listed.npair == len(touching(task.model)) > 8
    assert assert_equal_steps(task.model, listed, 600) > 1000


def test_worlds_with_their_own_friction_find_their_own_contacts():
    task = ROBOTS["ant"]
    for rule in (Randomise("friction", (0.5, 1.5)), Randomise("geom_solref", (0.9, 1.1))):
        assert model_of(replace(task, randomisation=(rule,))).npair == 0
    assert model_of(replace(task, randomisation=(Randomise("mass", (0.5, 1.5)),))).npair == 13


def test_the_listed_model_differs_in_nothing_else():
    task = ROBOTS["quadruped"]
    task = replace(task, randomisation=())
    listed = model_of(task)
    for field in ("body_mass", "geom_size", "geom_friction", "jnt_range", "actuator_gainprm", "key_qpos", "sensor_adr"):
        np.testing.assert_array_equal(getattr(listed, field), getattr(task.model, field), err_msg=field)
    assert listed.opt.timestep == task.model.opt.timestep and listed.ngeom == task.model.ngeom
