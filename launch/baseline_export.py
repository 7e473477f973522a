"""The policy of a Stable-Baselines3 run on a robot's task, for other machines."""

from collections.abc import Sequence
from pathlib import Path

from telic.control.robot_recording import record_robot_observations
from telic.control.within_limits import in_units_of
from telic.launch.baseline import BaselineRun, controller_of
from telic.launch.errors import UserError
from telic.launch.policy_export import write_policy
from telic.launch.stage import News
from telic.sim.mujoco.task import MujocoTask

_OBSERVATIONS = 1000
_RECORDING_SEED = 1


def export_baseline(run: BaselineRun, out: Path, targets: Sequence[str] | None, news: News) -> list[Path]:
    """Write a run's policy for other machines, with its contract.

    Args:
        run: Its policy is trained.
        out: Folder to write.
        targets: What to write; None for all targets that can carry the policy.
        news: Takes the latest news.

    Returns:
        The files.

    Raises:
        UserError: If it cannot be exported, with the reason.
    """
    task = run.task
    if not isinstance(task, MujocoTask):
        raise UserError(
            f"{run.baseline.world} says neither what its observations are nor what its actions move, so there is no "
            "contract with a robot; describe the robot in a task file (telic task new), and train on that"
        )
    observations = record_robot_observations(task, controller_of(run), _OBSERVATIONS, _RECORDING_SEED)
    weights = in_units_of(run.weights, task.actions)
    return write_policy(task, weights, observations, task.description, out, targets, news)
