"""What can be doubted of a reward from what it gives to whole stored episodes."""

from collections.abc import Iterator, Mapping

import numpy as np

from telic.rewards.critic.criticism import Criticism
from telic.rewards.critic.terms import Kinds
from telic.rewards.evidence import NOTHING, Evidence
from telic.rewards.program import RewardProgram

# Survival that makes this share of what success earns more leaves the rest without a say.
SURVIVAL_SHARE = 0.9
FEWEST = 3


def episode_rules(program: RewardProgram, known: Evidence) -> Iterator[Criticism]:
    """Doubts about a program on whole episodes, labelled by the task's own success.

    Raises:
        ReplayError: If the reward reads what is not stored.
        RewardError: If it is not finite somewhere.
    """
    terms = known.terms(program)
    sums = {name: np.array([each[name].sum() for each in terms]) for name in program.term_names}
    returns = np.asarray(sum(sums.values()))
    yield from _gap(program, known, sums, returns)
    yield from _rest(program, known, terms)
    yield from _early_end(known, returns)


def _gap(
    program: RewardProgram, known: Evidence, sums: Mapping[str, np.ndarray], returns: np.ndarray
) -> Iterator[Criticism]:
    """What makes the difference between successes and the rest."""
    success = known.success
    if min(success.sum(), (~success).sum()) < FEWEST:
        return
    gaps = {name: float(values[success].mean() - values[~success].mean()) for name, values in sums.items()}
    whole = float(returns[success].mean() - returns[~success].mean())
    lines = {term.name: term.line for term in program.term_list}
    if whole <= 0.0:
        worst = min(gaps, key=lambda name: gaps[name])
        yield Criticism(
            "success contradicts",
            lines[worst],
            f"successes earn {-whole:.4g} less than other episodes, most of it by term {worst!r} ({gaps[worst]:+.4g})",
            "turn its sign, lower its weight, or pay more for what success is",
        )
        return
    survival = [term.name for term in Kinds(program).survival]
    if survival and sum(gaps[name] for name in survival) > SURVIVAL_SHARE * whole:
        share = sum(gaps[name] for name in survival) / whole
        yield Criticism(
            "survival dominates",
            lines[survival[0]],
            f"{share:.0%} of what successes earn more ({whole:.4g}) is for lasting, by {', '.join(survival)}",
            "lower it, or raise what only a success earns",
        )


def _rest(program: RewardProgram, known: Evidence, terms: tuple[dict[str, np.ndarray], ...]) -> Iterator[Criticism]:
    """Doing nothing must not earn more per step than being where success is."""
    idle = [sum(terms[row].values()) for row in np.flatnonzero(~known.success & (known.source == NOTHING))]
    held = [sum(terms[row].values()) for row in np.flatnonzero(known.success)]
    if len(idle) < FEWEST or len(held) < FEWEST:
        return
    at_rest = float(np.concatenate(idle).mean())
    at_goal = float(np.concatenate([steps[len(steps) // 2 :] for steps in map(np.asarray, held)]).mean())
    if at_rest >= at_goal:
        yield Criticism(
            "rest pays",
            None,
            f"a step of doing nothing earns {at_rest:.4g}, a step of a success, once it is there, {at_goal:.4g}",
            "lower the terms for effort and stillness, or raise those for the goal",
        )


def _early_end(known: Evidence, returns: np.ndarray) -> Iterator[Criticism]:
    """A policy that cannot do the task yet must not earn more by ending the episode."""
    early, lasting = ~known.success & known.terminated, ~known.success & ~known.terminated
    if min(early.sum(), lasting.sum()) < FEWEST:
        return
    lost, kept = float(returns[early].mean()), float(returns[lasting].mean())
    if lost > kept:
        yield Criticism(
            "early end pays",
            None,
            f"of the episodes without success, those that end early earn {lost:.4g}, those that last {kept:.4g}",
            "make every step that goes on worth more than it can cost, or fine the end",
        )
