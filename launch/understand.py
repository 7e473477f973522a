"""A sentence becomes a brief, or an answer to the person who said it."""

from telic.launch.errors import UserError
from telic.rewards.writer import Brief, NotUnderstood, write
from telic.sim.vehicle import Vehicle


def understand(sentence: str, vehicle: Vehicle) -> Brief:
    """Turn a sentence into a task, a reference and a reward program.

    Args:
        sentence: What the robot should do.
        vehicle: What flies; the reward's effort is counted from the action that carries its weight.

    Raises:
        UserError: If the sentence is out of scope: with what was understood, and the nearest sentences that work.
    """
    try:
        return write(sentence, hover_action=vehicle.hover_action)
    except NotUnderstood as answer:
        raise UserError(str(answer), answer.to_dict()) from answer
