"""Whether a reward looks at what success is about."""

from collections.abc import Iterator, Sequence

from telic.rewards.critic.criticism import Criticism
from telic.rewards.critic.things import things
from telic.rewards.program import RewardProgram
from telic.rewards.signals import NEXT, TERMINATED


def goal_rules(program: RewardProgram, goal: Sequence[str]) -> Iterator[Criticism]:
    """Doubts about a program that pays for something else than success.

    Args:
        program: The program.
        goal: The signals by which success is told.
    """
    read, wanted = _names(program.inputs), _names(goal)
    if not wanted or program.memory or read & wanted:
        return
    # What changes in a step is a velocity.
    changes = any(NEXT + name in program.inputs for name in program.inputs)
    if changes and any("velocity" in name or "speed" in name for name in wanted):
        return
    # A thing may be measured in several ways, as a pole by its angle and by its direction.
    if set().union(*map(things, read)) & set().union(*map(things, wanted)):
        return
    yield Criticism(
        "goal unread",
        None,
        f"success is told by {', '.join(sorted(wanted))}, and no term reads any of them",
        "pay for what success is about: nothing of what is paid now needs it",
    )


def _names(signals: Sequence[str]) -> set[str]:
    return {name.removeprefix(NEXT) for name in signals} - {TERMINATED.name}
