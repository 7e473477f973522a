"""`telic run --task TASK "SENTENCE"`: a sentence for a robot's task, from its reward to the report."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from telic.control.baselines.learner import Algorithm, Sb3Config
from telic.launch.baseline import Baseline, BaselineRun, begin_baseline
from telic.launch.errors import reading
from telic.launch.recipe import refuse_untrainable
from telic.launch.recorder import shaken_steps
from telic.rewards.program import parse_reward
from telic.sim.mujoco.task import MujocoTask

_CHECK_ROBOTS, _CHECK_STEPS = 16, 50
_EPISODES, _FILM_S = 100, 10.0
_QUICK_EPISODES, _QUICK_FILM_S, _QUICK_STEPS = 10, 1.0, 2048


@dataclass(frozen=True)
class RobotRecipe:
    """What a person asked for.

    Attributes:
        sentence: In words.
        task: The robot's task, by name or path.
        algorithm: Which learner.
        steps: Control steps of training; by default those of `Sb3Config`.
        seed: Of everything random.
        quick: Train and evaluate less.
        understood: What was understood of the sentence.
    """

    sentence: str
    task: str
    algorithm: Algorithm = "sb3-ppo"
    steps: int | None = None
    seed: int = 0
    quick: bool = False
    understood: Sequence[str] = ()

    @property
    def learning(self) -> Sb3Config:
        """How to learn."""
        if self.quick:
            return Sb3Config(steps=self.steps or _QUICK_STEPS, seed=self.seed, num_envs=2, rollout=64)
        return Sb3Config(steps=self.steps or Sb3Config.steps, seed=self.seed)


def begin_robot(recipe: RobotRecipe, task: MujocoTask, source: str, out: Path) -> BaselineRun:
    """Check the reward on the shaken robot, and make the run folder.

    Raises:
        UserError: If something is refused; no folder is left then.
    """
    with reading("reward"):
        reward = parse_reward(source, task.schema, "reward.py")
    refuse_untrainable(reward, shaken_steps(task, reward, recipe.seed, _CHECK_ROBOTS, _CHECK_STEPS), recipe.seed)
    with reading("seed"):
        baseline = Baseline(recipe.task, recipe.algorithm, recipe.learning)
    about = {
        "episodes": _QUICK_EPISODES if recipe.quick else _EPISODES,
        "film_s": _QUICK_FILM_S if recipe.quick else min(_FILM_S, task.truncate_after_s),
        "understood": list(recipe.understood),
    }
    return begin_baseline(baseline, source, out, recipe.sentence, about)
