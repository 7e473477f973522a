"""A cart that drives to a goal on a line: how far the goal is and how heavy the cart, the context says."""

import pytest

from telic.sim.context import Dimension, OnDistance, OnModel, TaskFamily
from telic.sim.mujoco.sources import Command, JointPosition, JointVelocity, Position
from telic.sim.mujoco.starts import Draw, Place
from telic.sim.mujoco.task import MujocoTask
from telic.sim.observe import Observe

XML = """
<mujoco>
  <option timestep="0.01" gravity="0 0 0"/>
  <worldbody>
    <body name="cart">
      <joint name="slide" type="slide" axis="1 0 0" damping="1"/>
      <geom name="box" type="box" size=".1 .1 .1" mass="1"/>
    </body>
    <body name="ball" pos="0 5 0">
      <freejoint/>
      <geom size=".1" mass="1" contype="0" conaffinity="0"/>
    </body>
    <body name="goal" mocap="true" pos="1 0 0">
      <geom size=".05" contype="0" conaffinity="0"/>
    </body>
  </worldbody>
  <actuator>
    <motor name="push" joint="slide" ctrlrange="-5 5"/>
  </actuator>
</mujoco>
"""


@pytest.fixture(scope="session")
def cart():
    return MujocoTask(
        name="cart",
        xml=XML,
        signals=(
            JointPosition("position", ("slide",)),
            JointVelocity("velocity", ("slide",)),
            Position("goal", body="goal"),
            Position("ball", body="ball"),
            Command("speed", low=0.5, high=1.0, unit="m/s", every_s=0.05),
        ),
        observation=(Observe("position"), Observe("velocity"), Observe("goal")),
        privileged=(Observe("goal"),),
        reward="none",
        decimation=2,
        reset=(Place("goal", (1.0, 0.0, 0.0), (3.0, 0.0, 0.0)), Draw("position", ("slide",), -0.1, 0.1)),
        truncate_after_s=0.2,
    )


@pytest.fixture(scope="session")
def family(cart):
    return TaskFamily(
        cart,
        (
            Dimension("reach", 0.1, 1.0, (OnDistance("goal", (0.0, 0.0, 0.0)),), description="Distance of the goal"),
            Dimension("load", 0.5, 4.0, (OnModel("mass", ("cart",)),), easy=1.0),
        ),
    )
