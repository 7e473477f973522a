"""Environments under a curriculum: the reward program says what success is."""

from pathlib import Path

from telic.control.judge import Judge
from telic.control.make import reward_for
from telic.replay.reward import Reward
from telic.rewards.program import RewardProgram
from telic.sim.context import TaskFamily
from telic.sim.curriculum import Curriculum, Teacher
from telic.sim.vector_env import TaskVectorEnv


def make_taught(
    family: TaskFamily,
    curriculum: Curriculum,
    num_envs: int = 64,
    reward: Reward | str | Path | None = None,
    seed: int = 0,
    judge: RewardProgram | None = None,
) -> tuple[TaskVectorEnv, Teacher]:
    """Make many environments of a task family, whose contexts a curriculum chooses.

    Args:
        family: What is taught.
        curriculum: Which context comes next.
        num_envs: How many environments.
        reward: A reward, or the path of a reward file; by default the task's own.
        seed: Of all episodes, and of the curriculum's choices.
        judge: The program that says what success is; by default the reward itself.

    Returns:
        The environments, and the teacher, who knows the present contexts and the curriculum.

    Raises:
        ValueError: If the task or the reward is refused, or nothing says what success is.
    """
    reward = reward_for(family.task, reward)
    program = judge or reward
    if not isinstance(program, RewardProgram):
        raise ValueError(f"{type(program).__name__} does not say what success is; give a reward program as the judge")
    env = TaskVectorEnv(family.task, num_envs, reward, seed)
    verdict = Judge(program, env.world)
    teacher = Teacher(env.world, family, curriculum, verdict, seed)
    env.watchers += [verdict, teacher]
    return env, teacher
