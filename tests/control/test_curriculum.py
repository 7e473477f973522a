"""Environments under a curriculum, with success from the reward program."""

import numpy as np
import pytest

from telic.control.curriculum import make_taught
from telic.control.make import load_reward
from telic.sim.context import Dimension, OnDistance, TaskFamily
from telic.sim.curriculum import Widening, WideningSettings
from telic.sim.mujoco.sources import JointPosition, JointVelocity, Position
from telic.sim.mujoco.starts import Place
from telic.sim.mujoco.task import MujocoTask
from telic.sim.observe import Observe

XML = """
<mujoco>
  <option timestep="0.01" gravity="0 0 0"/>
  <worldbody>
    <body name="cart">
      <joint name="slide" type="slide" axis="1 0 0" damping="2"/>
      <geom type="box" size=".1 .1 .1" mass="1"/>
    </body>
    <body name="goal" mocap="true" pos="1 0 0"><geom size=".05" contype="0" conaffinity="0"/></body>
  </worldbody>
  <actuator><motor name="push" joint="slide" ctrlrange="-5 5"/></actuator>
</mujoco>
"""

REWARD = '''"""Drive to the goal."""


def reward(position, goal):
    return {"near": -abs(goal[..., 0] - position[..., 0])}


def success(position, goal):
    return abs(goal[..., 0] - position[..., 0]) < 0.2
'''


@pytest.fixture
def family():
    task = MujocoTask(
        name="cart",
        xml=XML,
        signals=(
            JointPosition("position", ("slide",)),
            JointVelocity("velocity", ("slide",)),
            Position("goal", body="goal"),
        ),
        observation=(Observe("position"), Observe("velocity"), Observe("goal")),
        reward="none",
        decimation=5,
        reset=(Place("goal", (4.0, 0.0, 0.0), (4.0, 0.0, 0.0)),),
        truncate_after_s=1.0,
    )
    return TaskFamily(task, (Dimension("reach", 0.1, 1.0, (OnDistance("goal", (0.0, 0.0, 0.0)),)),))


@pytest.fixture
def reward_file(tmp_path):
    path = tmp_path / "reward.py"
    path.write_text(REWARD)
    return path


def drive(env, steps, gain):
    observation, _ = env.reset()
    for _ in range(steps):
        push = gain * (observation[:, 2] - observation[:, 0]) - 2.0 * observation[:, 1]
        observation, *_ = env.step(np.clip(push, -5.0, 5.0)[:, None])


def test_a_goal_moves_away_as_far_as_the_cart_gets_in_time(family, reward_file):
    curriculum = Widening(family, WideningSettings(episodes=16))
    env, teacher = make_taught(family, curriculum, 32, load_reward(reward_file, family.task.schema), seed=0)
    drive(env, 800, gain=20.0)
    # At full push it gets about 1.4 m in a second, so that a goal 4 m away stays out of reach.
    assert 0.2 < curriculum.high[0] < 0.6
    assert teacher.contexts.max() <= curriculum.high[0] + 0.051


def test_without_success_nothing_moves(family, reward_file):
    curriculum = Widening(family, WideningSettings(episodes=16))
    env, _ = make_taught(family, curriculum, 32, load_reward(reward_file, family.task.schema), seed=0)
    drive(env, 200, gain=-20.0)
    assert curriculum.high[0] == 0.1


def test_a_reward_that_does_not_say_what_success_is_is_refused(family, tmp_path):
    path = tmp_path / "reward.py"
    path.write_text(REWARD.split("def success")[0])
    with pytest.raises(ValueError, match="no function success"):
        make_taught(family, Widening(family), 4, load_reward(path, family.task.schema))
