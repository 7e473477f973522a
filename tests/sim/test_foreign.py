"""Worlds of others: made by id, seen as one row of numbers, ended as their makers say, refused with a remedy."""

import sys
from types import SimpleNamespace

import gymnasium
import mujoco
import numpy as np
import pytest
from gymnasium.vector import AutoresetMode

from telic.sim import foreign
from telic.sim.foreign import ForeignError, make_foreign, make_foreign_vec


class Parts(gymnasium.Env):
    """An observation of two parts, and actions from 0 to 10; says what it was told to do."""

    observation_space = gymnasium.spaces.Dict(
        {"b": gymnasium.spaces.Box(-1, 1, (2,), np.float64), "a": gymnasium.spaces.Discrete(3)}
    )
    action_space = gymnasium.spaces.Box(0.0, 10.0, (1,), np.float32)

    def __init__(self, render_mode=None):
        self.render_mode = render_mode

    def reset(self, *, seed=None, options=None):
        return {"a": 1, "b": np.array([0.5, -0.5])}, {}

    def step(self, action):
        return {"a": 2, "b": np.zeros(2)}, float(action[0]), False, False, {}


@pytest.fixture(autouse=True)
def registered():
    gymnasium.register("parts/Parts-v1", Parts, max_episode_steps=4)
    yield
    del gymnasium.registry["parts/Parts-v1"]


def test_parts_become_one_row_in_the_order_of_their_names():
    env = make_foreign("gym:parts/Parts-v1")
    observation, _ = env.reset()
    np.testing.assert_array_equal(observation, np.array([0, 1, 0, 0.5, -0.5], np.float32))
    assert observation.dtype == np.float32 and env.observation_space.shape == (5,)


def test_parts_stay_apart_when_asked_for():
    assert set(make_foreign("gym:parts/Parts-v1", flatten=False).reset()[0]) == {"a", "b"}


@pytest.mark.parametrize(("action", "told"), [(-1.0, 0.0), (0.0, 5.0), (1.0, 10.0)])
def test_actions_from_minus_one_to_one_reach_the_limits(action, told):
    env = make_foreign("gym:parts/Parts-v1")
    env.reset()
    assert env.step(np.array([action], np.float32))[1] == pytest.approx(told)


def test_a_time_limit_truncates():
    env = make_foreign("gym:parts/Parts-v1")
    env.reset()
    assert [env.step(np.zeros(1, np.float32))[2:4] for _ in range(4)] == 3 * [(False, False)] + [(False, True)]
    short = make_foreign("gym:parts/Parts-v1", time_limit=2)
    short.reset()
    assert [short.step(np.zeros(1, np.float32))[3] for _ in range(2)] == [False, True]


@pytest.mark.parametrize("mode", list(AutoresetMode))
def test_the_autoreset_mode_is_the_one_asked_for(mode):
    env = make_foreign_vec("gym:parts/Parts-v1", 2, mode)
    assert env.metadata["autoreset_mode"] == mode
    env.reset()
    for _ in range(4):
        observation, _, _, truncated, info = env.step(np.zeros((2, 1), np.float32))
    assert truncated.all()
    # In a new episode the first part is 1, in an old one 2.
    assert observation[:, 1].all() == (mode == AutoresetMode.SAME_STEP)
    assert ("final_obs" in info) == (mode == AutoresetMode.SAME_STEP)


def test_gymnasiums_own_worlds_are_there():
    env = make_foreign_vec("gym:HalfCheetah-v5", 2)
    observation, _ = env.reset(seed=1)
    again, _ = env.reset(seed=1)
    np.testing.assert_array_equal(observation, again)
    assert observation.shape == (2, 17) and observation.dtype == np.float32


def test_a_goal_is_part_of_the_row():
    pytest.importorskip("gymnasium_robotics", reason="needs telic[worlds]")
    env = make_foreign("gym:FetchReach-v4")
    parts = make_foreign("gym:FetchReach-v4", flatten=False)
    row, _ = env.reset(seed=3)
    whole, _ = parts.reset(seed=3)
    expected = np.concatenate([whole[name] for name in ("achieved_goal", "desired_goal", "observation")])
    np.testing.assert_allclose(row, expected, atol=1e-6)
    for _ in range(50):
        *_, terminated, truncated, info = env.step(env.action_space.sample())
    assert (terminated, truncated) == (False, True) and "is_success" in info


def test_the_control_suite_is_there():
    pytest.importorskip("dm_control", reason="needs telic[worlds]")
    env = make_foreign("gym:dm_control/cartpole-swingup-v0")
    observation, _ = env.reset(seed=0)
    assert observation.shape == (5,) and np.isfinite(env.step(np.ones(1))[0]).all()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("HalfCheetah-v5", "allowed: gym: and a Gymnasium id"),
        ("gym:HalfCheta-v5", "did you mean HalfCheetah-v5"),
        ("gym:HalfCheetah-v99", "no such version; known: .*HalfCheetah-v5"),
        ("gym:nobody/Known-v0", "name it: gym:package:nobody/Known-v0"),
        ("gym:no_such_package:Thing-v0", "needs no_such_package"),
        ("gym:parts/Party-v1", "did you mean parts/Parts-v1"),
    ],
)
def test_unknown_ids_are_refused_with_a_hint(name, message):
    with pytest.raises(ForeignError, match=message):
        make_foreign(name)


def test_a_missing_package_is_named_with_the_line_that_installs_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "gymnasium_robotics", None)
    with pytest.raises(ForeignError, match=r"gymnasium_robotics.*pip install 'telic\[worlds\]'"):
        make_foreign("gym:FetchReach-v4")
    monkeypatch.setitem(sys.modules, "dm_control", None)
    with pytest.raises(ForeignError, match=r"dm_control.*pip install 'telic\[worlds\]'"):
        make_foreign("gym:dm_control/cartpole-swingup-v0")


def test_unknown_parameters_are_refused():
    with pytest.raises(ForeignError, match=r"refuses its parameters \{'wings': 2\}"):
        make_foreign("gym:parts/Parts-v1", wings=2)


def test_no_environments_are_refused():
    with pytest.raises(ValueError, match="num_envs is 0"):
        make_foreign_vec("gym:HalfCheetah-v5", 0)


def test_only_ids_with_the_prefix_are_foreign():
    assert foreign.is_foreign("gym:Ant-v5") and not foreign.is_foreign("hover")


def test_meta_worlds_tasks_are_found_by_their_own_names(monkeypatch):
    """With a stand-in for the package, which asks for MuJoCo 3 and so is no part of the extras."""

    class Welded:
        def __init__(self):
            self.model = SimpleNamespace(eq_type=np.array([mujoco.mjtEq.mjEQ_WELD, 0]), eq_data=np.ones((2, 12)))

    sawyer = SimpleNamespace(SawyerMocapBase=Welded)
    monkeypatch.setitem(sys.modules, "metaworld", SimpleNamespace(sawyer_xyz_env=sawyer))
    monkeypatch.setitem(sys.modules, "metaworld.sawyer_xyz_env", sawyer)
    monkeypatch.setitem(gymnasium.registry, "Meta-World/MT1", gymnasium.spec("parts/Parts-v1"))
    with pytest.raises(ForeignError, match=r"refuses its parameters .*env_name"):
        make_foreign("gym:Meta-World/reach-v3")
    welded = Welded()
    welded.reset_mocap_welds()
    np.testing.assert_array_equal(welded.model.eq_data[0], [0, 0, 0, 0, 0, 0, -1, 0, 0, 0, 5, 1])
    np.testing.assert_array_equal(welded.model.eq_data[1], np.ones(12))
