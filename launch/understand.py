"""A sentence becomes a brief, or an answer to the person who said it."""

from collections.abc import Callable
from typing import TypeVar

from telic.launch.errors import UserError
from telic.rewards.writer import Brief, NotUnderstood, TaskBrief, write, write_for
from telic.sim.vehicle import Vehicle

_Brief = TypeVar("_Brief", Brief, TaskBrief)


def understand(sentence: str, vehicle: Vehicle) -> Brief:
    """Turn a sentence into a task, a reference and a reward program.

    Args:
        sentence: What the robot should do.
        vehicle: What flies; the reward's effort is counted from the action that carries its weight.

    Raises:
        UserError: If the sentence is out of scope: with what was understood, and the nearest sentences that work.
    """
    return _answered(lambda: write(sentence, hover_action=vehicle.hover_action))


def understand_for(task: str, sentence: str) -> TaskBrief:
    """Turn a sentence into a reward program of a task on a MuJoCo model.

    Raises:
        UserError: If the sentence is out of scope, or the writer does not know the task.
    """
    try:
        return _answered(lambda: write_for(task, sentence))
    except ValueError as error:
        raise UserError(f"{error}; --writer llm writes for any task") from error


def _answered(write_brief: Callable[[], _Brief]) -> _Brief:
    try:
        return write_brief()
    except NotUnderstood as answer:
        raise UserError(str(answer), answer.to_dict()) from answer
