"""A pole on a cart that floats, as a model to randomise, push and drive."""

import mujoco
import pytest

XML = """
<mujoco>
  <option timestep="0.002"/>
  <worldbody>
    <geom name="floor" type="plane" size="5 5 .1"/>
    <body name="trunk" pos="0 0 1">
      <freejoint/>
      <geom name="box" size=".1" mass="2"/>
      <body name="arm">
        <joint name="hinge" axis="0 1 0" damping=".2"/>
        <geom name="rod" type="capsule" fromto="0 0 0 0 0 -.5" size=".02" mass=".1"/>
      </body>
    </body>
    <body name="wheel" pos="3 0 1">
      <joint name="axle" axis="0 1 0"/>
      <geom name="disc" type="cylinder" size=".2 .02" mass="1"/>
    </body>
  </worldbody>
  <actuator>
    <motor name="hinge" joint="hinge"/>
    <motor name="axle" joint="axle"/>
  </actuator>
</mujoco>
"""


@pytest.fixture
def xml():
    return XML


@pytest.fixture
def model():
    return mujoco.MjModel.from_xml_string(XML)
