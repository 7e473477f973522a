"""Task and reward put together: environments by name, by id, and from a sentence."""

import gymnasium
import numpy as np
import pytest
from gymnasium.utils.env_checker import check_env

import telic
from telic.control.make import make, make_vec, packaged_reward, parameters_of, reward_for, task_from_brief
from telic.rewards.writer import write
from telic.sim.reference import Hold, Lissajous
from telic.sim.tasks.registry import TASKS, make_task


@pytest.mark.parametrize("name", TASKS)
def test_each_task_has_a_packaged_reward_that_fits_it(name):
    task = make_task(name)
    assert reward_for(task).inputs
    assert packaged_reward(task.reward).startswith('"""')


def test_every_task_has_an_id():
    ids = {f"telic/{''.join(word.capitalize() for word in name.split('_'))}-v0" for name in TASKS}
    assert ids == {name for name in gymnasium.registry if name.startswith("telic/")}
    assert (
        "telic/HalfCheetah-v0" in ids and gymnasium.make("telic/HalfCheetah-v0").unwrapped.task.name == "half_cheetah"
    )


@pytest.mark.parametrize("name", ["telic/Hover-v0", "telic/Track-v0"])
@pytest.mark.filterwarnings("ignore:.*Box observation space.*")
def test_the_registered_ids_pass_gymnasiums_checker(name):
    check_env(gymnasium.make(name).unwrapped)


def test_parameters_reach_the_task_through_gymnasium():
    env = gymnasium.make("telic/Hover-v0", vehicle="x500")
    assert env.unwrapped.task.vehicle.name == "x500"


def test_a_vector_environment_by_id_steps():
    env = gymnasium.make_vec("telic/Track-v0", num_envs=4)
    observation, _ = env.reset(seed=3)
    following, reward, *_ = env.step(np.zeros((4, 4), np.float32))
    assert observation.shape == following.shape == (4, 149)
    assert reward.shape == (4,)


def test_the_same_seed_flies_the_same_episode_alone_and_among_others():
    alone, _ = make("hover").reset(seed=5)
    among, _ = make_vec("hover", num_envs=8).reset(seed=5)
    np.testing.assert_array_equal(alone, among[0])


def test_a_reward_file_changes_the_reward(tmp_path):
    file = tmp_path / "reward.py"
    file.write_text('"""Any."""\n\n\ndef reward(position):\n    return {"one": 1.0 + 0.0 * norm(position)}\n')
    env = make_vec("hover", num_envs=3, reward=file)
    env.reset(seed=0)
    np.testing.assert_array_equal(env.step(np.zeros((3, 4), np.float32))[1], 1.0)


def test_a_sentence_about_a_point_becomes_a_hover_task():
    task = task_from_brief(write("hover 1.5 metres above the ground"), "x500")
    assert task.reference == Hold(position=(0.0, 0.0, 1.5))
    assert task.vehicle.name == "x500"


def test_a_sentence_about_a_curve_becomes_a_track_task():
    brief = write("fly a figure eight two metres wide, one metre above the ground")
    task = task_from_brief(brief)
    assert isinstance(task.reference, Lissajous)
    assert task == make_task(brief.task, **parameters_of(brief))


def test_parameters_beside_a_ready_task_are_refused():
    with pytest.raises(ValueError, match="vehicle belong to a task by name"):
        make(make_task("hover"), vehicle="x500")


def test_an_unknown_packaged_reward_is_refused():
    with pytest.raises(ValueError, match="no packaged reward 'dance'"):
        packaged_reward("dance")


@pytest.mark.parametrize("name", [name for name in dir(telic) if name in telic._PUBLIC])
def test_each_public_name_is_what_it_says(name):
    assert getattr(telic, name).__name__ in (name, "write")


def test_an_unknown_public_name_is_answered_with_the_known_ones():
    with pytest.raises(AttributeError, match="make_vec"):
        _ = telic.make_vector
