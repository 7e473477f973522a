"""All rules of the critic on one reward."""

from collections.abc import Mapping, Sequence

import numpy as np

from telic.rewards.critic.criticism import Criticism
from telic.rewards.critic.episode_rules import episode_rules
from telic.rewards.critic.goal_rules import goal_rules
from telic.rewards.critic.graph_rules import graph_rules
from telic.rewards.critic.sentence_rules import sentence_rules
from telic.rewards.critic.step_rules import step_rules
from telic.rewards.evidence import Evidence
from telic.rewards.program import RewardProgram


def criticise(
    program: RewardProgram,
    *,
    sentence: str = "",
    goal: Sequence[str] = (),
    stored: Mapping[str, np.ndarray] | None = None,
    known: Evidence | None = None,
) -> tuple[Criticism, ...]:
    """What is doubtful about a reward, the surest first: episodes, steps, the graph, the goal, the sentence.

    Args:
        program: The reward.
        sentence: What was asked for; the program's own docstring by default.
        goal: The signals by which the task's own success is told; those of the program's own success by default.
        stored: Stored steps, if there are any: what the program and its success read, (N, ...) each; what it remembers
            as well.
        known: Stored episodes, if there are any, labelled by the task's own success.

    Raises:
        ReplayError: If the reward reads what is not stored.
        RewardError: If it is not finite somewhere.
    """
    found = [
        *(episode_rules(program, known) if known is not None else ()),
        *(step_rules(program, stored) if stored is not None else ()),
        *graph_rules(program),
        *goal_rules(program, goal or program.success_inputs),
        *sentence_rules(program, sentence or program.sentence),
    ]
    # One doubt of a kind is enough of each line: what data show comes before what could be.
    return tuple({(each.rule, each.line): each for each in reversed(found)}.values())[::-1]
