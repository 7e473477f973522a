"""What the critic says of a reward, for `telic reward check`: its rules, and a language model if one is named."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

import numpy as np
from rich.console import Console

from telic.launch.errors import UserError, reading
from telic.launch.progress import Progress

if TYPE_CHECKING:
    from telic.launch.reward.check import CheckArguments
    from telic.rewards.critic.criticism import Criticism
    from telic.rewards.evidence import Evidence
    from telic.rewards.program import RewardProgram


def doubts_of(
    program: "RewardProgram",
    steps: Mapping[str, np.ndarray],
    known: "Evidence | None",
    arguments: "CheckArguments",
) -> "tuple[Criticism, ...]":
    """What is doubtful about a program.

    Args:
        program: The program.
        steps: What it reads in some steps, (N, ...) each.
        known: Stored episodes, if there are any.
        arguments: The task, and whom to ask.

    Raises:
        UserError: If the data are refused, or the model gives no answer.
    """
    from telic.launch.data.refusals import refusals
    from telic.launch.reward.asking import goal_of
    from telic.rewards.critic.critic import criticise

    # Steps alone do not say what a program would remember.
    with refusals(), reading("reward"):
        goal = goal_of(arguments.task)
        found = criticise(program, goal=goal, stored=None if program.memory else steps, known=known)
    return found if arguments.model is None else (*found, *_of_model(arguments.model, program, found, arguments))


def show_doubts(doubts: "tuple[Criticism, ...]", console: Console) -> None:
    """Print them for people."""
    for doubt in doubts:
        console.print("[cyan]critic[/] ", end="")
        console.print(str(doubt), markup=False, soft_wrap=True)


def _of_model(
    name: str, program: "RewardProgram", known: "tuple[Criticism, ...]", arguments: "CheckArguments"
) -> "tuple[Criticism, ...]":
    from telic.launch.reward.asking import asked_model, described
    from telic.rewards.llm.critic import CriticError, criticise_with
    from telic.rewards.llm.request import ModelError
    from telic.rewards.llm.writer import WriterConfig

    with reading("critic"):
        model = asked_model(
            arguments.base_url, arguments.key_variable, arguments.record, arguments.offline, arguments.budget_tokens
        )
    config = WriterConfig(name, temperature=0.0, seed=arguments.seed)
    try:
        with Progress() as progress, progress.stage("criticise") as news:
            found = criticise_with(model, config, described(arguments.task), program, known=known)
            news(f"{model.usage.tokens} tokens")
    except (ModelError, CriticError) as error:
        raise UserError(str(error), {"usage": asdict(model.usage)}) from error
    return found
