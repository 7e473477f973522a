"""What the verbs that ask a language model share: the model, what it is told, and what its programs must pass."""

import threading
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from telic.launch.errors import UserError, reading

if TYPE_CHECKING:
    from telic.control.controller import Controller
    from telic.rewards.evidence import Evidence
    from telic.rewards.llm.budget import Metered
    from telic.rewards.llm.prompt import TaskDescription
    from telic.rewards.llm.request import LanguageModel
    from telic.rewards.llm.writer import Check, Critic
    from telic.rewards.program import RewardProgram


def endpoint(base_url: str, key_variable: str) -> "LanguageModel":
    """The model behind an address.

    Raises:
        UserError: If the client library is missing.
        ValueError: If the address is none.
    """
    from telic.rewards.llm.endpoint import Endpoint, EndpointConfig

    try:
        return Endpoint(EndpointConfig(base_url, key_variable))
    except ModuleNotFoundError as error:
        raise UserError(str(error)) from error


def asked_model(
    base_url: str, key_variable: str, record: Path | None, offline: bool, budget_tokens: int | None
) -> "Metered":
    """The model that options name, recorded if they say so, within their budget.

    Raises:
        UserError: If the client library is missing.
        ValueError: If an option is refused.
    """
    from telic.rewards.llm.budget import Budget, Metered
    from telic.rewards.llm.record import Record

    if offline and record is None:
        raise ValueError("--offline asks a record only; name its folder with --record DIR")
    model = None if offline else endpoint(base_url, key_variable)
    asked = model if record is None else Record(record, model, "replay" if offline else "auto")
    assert asked is not None
    return Metered(asked, Budget(tokens=budget_tokens))


def described(name: str) -> "TaskDescription":
    """What a model is told of a task.

    Raises:
        UserError: If there is no such task.
    """
    from telic.launch.describe import facts
    from telic.rewards.llm.prompt import TaskDescription
    from telic.sim.task import Task
    from telic.sim.tasks.registry import make_task

    with reading("task"):
        task = make_task(name)
        signals = tuple(task.schema)
    episode = f"An episode is over after {task.truncate_after_s:g} s; the control period is {task.dt:g} s."
    if isinstance(task, Task):
        shown = facts(task)
        episode = "\n".join(f"{label}: {shown[label]}" for label in ("reference", "start", "lost", "over"))
    return TaskDescription(task.name, task.description, signals, episode)


def known_of(
    task_name: str, data: Sequence[Path], seed: int, controllers: "Mapping[str, Controller] | None" = None
) -> "Evidence":
    """The episodes of datasets, of baselines, and of whoever else acts.

    Raises:
        UserError: If a dataset is refused.
    """
    from telic.launch.data.refusals import refusals
    from telic.launch.progress import Progress
    from telic.launch.reward.known import known_episodes
    from telic.sim.tasks.registry import make_task

    with Progress() as progress, progress.stage("read") as news, refusals():
        return known_episodes(make_task(task_name), data, True, seed, news, controllers)


def check_of(task_name: str, known: "Evidence | None", seed: int) -> "Check":
    """What a program must pass beyond the language: numeric checks on shaken episodes, and the order of known ones.

    Several threads may check: they wait for each other.
    """
    from telic.launch.reward.check import shaken_report
    from telic.rewards.gate import check_order

    one_at_a_time = threading.Lock()

    def problems(program: "RewardProgram") -> list[str]:
        with one_at_a_time:
            findings = shaken_report(program, task_name, seed).findings
            wrong = [f"{finding.check}: {finding.message}" for finding in findings if finding.severity == "error"]
            # What is not finite has no order.
            if known is None or wrong:
                return wrong
            order = check_order(program, known, seed=seed)
        return [f"{finding.check}: {finding.message}" for finding in order.findings if finding.severity == "error"]

    return problems


def critic_of(task_name: str, sentence: str, known: "Evidence | None") -> "Critic":
    """What is doubted of a program that passed: the critic's rules, on its text and on known episodes."""
    from telic.rewards.critic.critic import criticise

    goal = goal_of(task_name)

    def doubts(program: "RewardProgram") -> list[str]:
        return [str(each) for each in criticise(program, sentence=sentence, goal=goal, known=known)]

    return doubts


def goal_of(task_name: str) -> tuple[str, ...]:
    """The signals by which the success of a task's own reward is told; none where it has no such program.

    Raises:
        UserError: If there is no such task.
    """
    from telic.control.make import reward_for
    from telic.rewards.program import RewardProgram
    from telic.sim.tasks.registry import make_task

    with reading("task"):
        own = reward_for(make_task(task_name))
    return own.success_inputs if isinstance(own, RewardProgram) else ()
