"""The trajectory analyser: stored episodes become a failure summary that feeds the next round of a reward's writer.

The part is that of Auto MC-Reward's Trajectory Analyzer [1], which asks a language model to read trajectories; here the
facts are counted, so that the same episodes always give the same summary, and a model is only told the result.

[1] Li et al. 2024, Auto MC-Reward: Automated Dense Reward Design with Large Language Models for Minecraft, CVPR
(arXiv 2312.09238).
"""

from collections.abc import Mapping, Sequence

import numpy as np

from telic.control.analysis.drift import Course, course, drifts, errors
from telic.control.analysis.endings import Limit, ending, limits_of
from telic.control.analysis.summary import Cause, FailureSummary, Typical
from telic.control.analysis.tenths import tenths
from telic.control.analysis.terms import term_stories
from telic.rewards.evidence import Evidence
from telic.rewards.program import RewardProgram
from telic.sim.world import AnyTask


def analyse(reward: RewardProgram, known: Evidence, task: AnyTask) -> FailureSummary:
    """Say why episodes failed.

    An episode that did not terminate and is shorter than the longest such one was cut short: its simulation broke down,
    or its recording stopped.

    Args:
        reward: Whose terms are looked at.
        known: Stored episodes, labelled by the task's own success.
        task: Says when an episode is lost, and how long a step is.

    Raises:
        ReplayError: If the reward reads what is not stored.
        RewardError: If it is not finite somewhere.
    """
    failed = np.flatnonzero(~known.success)
    successes = np.flatnonzero(known.success)
    if not len(failed):
        return FailureSummary(len(known), len(successes))
    limits = limits_of(task)
    endings = _endings(known, failed, limits)
    causes = _causes(known, failed, endings, task.dt)
    main = failed[endings == causes[0].what]
    terms = known.terms(reward)
    others = [row for row in range(len(known)) if row not in set(main.tolist())]
    stories = term_stories(
        [terms[row] for row in main],
        [terms[row] for row in others],
        [place for place, row in enumerate(others) if known.success[row]],
    )
    schema = known.stored[known.part[main[0]]].replay.schema
    read = {name.removeprefix("next_") for name in reward.inputs} | {limit.signal for limit in limits}
    went = drifts(schema.signals, _courses(known, main), _courses(known, successes), read)
    typical = _typical(known, main, terms, task.dt)
    return FailureSummary(len(known), len(successes), causes, stories, went, typical)


def _endings(known: Evidence, rows: np.ndarray, limits: Sequence[Limit]) -> np.ndarray:
    """What ended each of some episodes, in words."""
    lasting = known.length[~known.terminated]
    time = int(lasting.max()) if len(lasting) else 0
    found = []
    for row in rows:
        steps = known.stored[known.part[row]].replay.read(known.slots[row][-1:])
        final = {name: values[0] for name, values in steps.next_signals.items()}
        over = bool(known.terminated[row])
        found.append(ending(limits, final, terminated=over, is_cut=int(known.length[row]) < time))
    return np.array(found)


def _causes(known: Evidence, rows: np.ndarray, endings: np.ndarray, dt: float) -> tuple[Cause, ...]:
    """The endings by number, the commonest first."""
    causes = []
    for what in dict.fromkeys(endings.tolist()):
        seconds = known.length[rows[endings == what]] * dt
        causes.append(Cause(what, len(seconds), float(seconds.min()), float(np.median(seconds)), float(seconds.max())))
    return tuple(sorted(causes, key=lambda cause: -cause.episodes))


def _courses(known: Evidence, rows: np.ndarray) -> list[Course]:
    """The courses of some episodes, from the states after each step."""
    courses = []
    for row in rows:
        replay = known.stored[known.part[row]].replay
        states = replay.read(known.slots[row]).next_signals
        courses.append(course(errors(states, replay.schema.signals)))
    return courses


def _typical(known: Evidence, rows: np.ndarray, terms: Sequence[Mapping[str, np.ndarray]], dt: float) -> Typical:
    """The episode whose length and terms are nearest to the median of some, each in units of its spread."""
    points = np.stack(
        [np.concatenate([[known.length[row]], *(tenths(values) for values in terms[row].values())]) for row in rows]
    )
    spread = points.std(axis=0)
    distance = np.abs(points - np.median(points, axis=0)) / np.where(spread > 0.0, spread, 1.0)
    row = int(rows[distance.sum(axis=1).argmin()])
    return Typical(
        row,
        int(known.part[row]),
        int(known.slots[row][0]),
        str(known.source[row]),
        float(known.length[row] * dt),
        float(sum(values.sum() for values in terms[row].values())),
    )
