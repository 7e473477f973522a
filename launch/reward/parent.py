"""The reward that is to be made better: a file, or that of a run."""

from dataclasses import dataclass
from pathlib import Path

from telic.launch.errors import UserError, reading
from telic.launch.folder import RunFolder
from telic.rewards.program import RewardProgram, load_reward
from telic.sim.tasks.registry import make_task


@dataclass(frozen=True)
class Parent:
    """A reward, and what is known around it.

    Attributes:
        path: Its file.
        program: The program.
        task: Name of its task.
        sentence: What was asked for.
        data: Datasets that its run has left.
    """

    path: Path
    program: RewardProgram
    task: str
    sentence: str
    data: tuple[Path, ...] = ()


def parent_of(path: Path, task: str | None) -> Parent:
    """Read a reward.

    Args:
        path: A reward program, or a run folder.
        task: Its task; that of the run, or ``hover``, by default.

    Raises:
        UserError: If there is none, or it is refused.
    """
    folder = RunFolder.open(path) if path.is_dir() else None
    file = path if folder is None else folder.reward
    if folder is not None and not file.is_file():
        raise UserError(f"{path} has no reward.py: an environment of others brings its own reward")
    name = task or ("hover" if folder is None else _task_of(folder))
    with reading("reward"):
        program = load_reward(file, make_task(name).schema)
    if folder is None:
        return Parent(file, program, name, program.sentence)
    sentence = folder.prompt.read_text(encoding="utf-8").strip() if folder.prompt.is_file() else program.sentence
    data = (folder.transitions,) if folder.transitions.is_file() else ()
    return Parent(file, program, name, sentence or program.sentence, data)


def _task_of(folder: RunFolder) -> str:
    config = folder.config
    world = config.get("learner", {}).get("world") if isinstance(config.get("learner"), dict) else None
    name = config.get("task") or world
    if not isinstance(name, str):
        raise UserError(f"{folder.path} does not say which task it is on; name it with --task")
    return name
