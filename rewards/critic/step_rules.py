"""What can be doubted of a reward from what it gives to stored steps."""

from collections.abc import Iterator, Mapping

import numpy as np

from telic.rewards.critic.criticism import Criticism
from telic.rewards.critic.terms import Kinds, read_by
from telic.rewards.lower import Term
from telic.rewards.program import RewardProgram
from telic.rewards.signals import NEXT, TERMINATED

# A term whose spread is so much smaller than the largest is not heard.
UNHEARD = 1e-4
# A term whose largest value is so many times its median has not begun yet.
WAITING = 100.0
# A term that is this near to its low end, in shares of its range, in this share of all steps, has no slope left.
NEAR_END, FLAT_SHARE = 0.01, 0.95
# What the state changes is hidden below this share of what every step earns anyway.
HIDDEN = 0.02
# Steps of either kind below which nothing is said of success.
FEWEST = 20


def step_rules(program: RewardProgram, stored: Mapping[str, np.ndarray]) -> Iterator[Criticism]:
    """Doubts about a program on stored steps.

    Args:
        program: The program.
        stored: What it and its success read, (N, ...) each; what it remembers as well.

    Raises:
        RewardError: If a term is not finite somewhere.
    """
    terms = {name: values.astype(np.float64) for name, values in program.terms(stored).items()}
    kinds = Kinds(program)
    yield from _scales(program, terms)
    silent = [*_never_reached(kinds, terms), *_flat(kinds, terms)]
    quiet = {term.name for term, _ in silent}
    leading = [term for term in kinds.sloped if term.name not in quiet]
    # What another term leads to may wait there.
    yield from (doubt for term, doubt in silent if not any(read_by(term) & read_by(other) for other in leading))
    reward = np.asarray(sum(terms.values()))
    yield from _survival(kinds, stored, reward)
    yield from _contradiction(program, stored, reward)


def _scales(program: RewardProgram, terms: Mapping[str, np.ndarray]) -> Iterator[Criticism]:
    spread = {name: float(values.std()) for name, values in terms.items()}
    loudest = max(spread, key=lambda name: spread[name])
    for term in program.term_list:
        size = np.abs(terms[term.name])
        # One that is nothing nearly everywhere may be a later stage's.
        is_waiting = size.max() > WAITING * np.median(size)
        if 0.0 < spread[term.name] < UNHEARD * spread[loudest] and not is_waiting:
            ratio = spread[loudest] / spread[term.name]
            yield Criticism(
                "unheard",
                term.line,
                f"term {term.name!r} varies {ratio:,.0f} times less than {loudest!r}",
                "raise its weight, or leave it out",
            )


def _never_reached(kinds: Kinds, terms: Mapping[str, np.ndarray]) -> Iterator[tuple[Term, Criticism]]:
    for term in kinds.sparse:
        values = terms[term.name]
        if np.ptp(values) == 0.0:
            doubt = Criticism(
                "never reached",
                term.line,
                f"term {term.name!r} is {values[0]:.4g} in all of {len(values)} steps, and no other term leads there",
                "add a term over the same signals with a slope, such as tolerance(distance, margin=...)",
            )
            yield term, doubt


def _flat(kinds: Kinds, terms: Mapping[str, np.ndarray]) -> Iterator[tuple[Term, Criticism]]:
    for term in kinds.sloped:
        bounds, values = kinds.going_on[term.name], terms[term.name]
        if not 0.0 < bounds.width < np.inf:
            continue
        share = float((values < bounds.low + NEAR_END * bounds.width).mean())
        if share > FLAT_SHARE:
            doubt = Criticism(
                "saturated",
                term.line,
                f"term {term.name!r} is at its low end in {share:.0%} of the steps: there is no slope to follow",
                "make its margin, or what its exponent is divided by, as large as the distances that occur",
            )
            yield term, doubt


def _survival(kinds: Kinds, stored: Mapping[str, np.ndarray], reward: np.ndarray) -> Iterator[Criticism]:
    """What a step earns for going on must not hide what the state makes of it."""
    paid, reach = kinds.paid
    going_on = stored[TERMINATED.name] == 0.0 if TERMINATED.name in stored else np.ones(len(reward), np.bool_)
    if paid <= 0.0 or reach < paid or going_on.sum() < FEWEST:
        return
    spread = float(reward[going_on].std())
    if spread < HIDDEN * paid:
        yield Criticism(
            "survival dominates",
            kinds.survival[0].line if kinds.survival else None,
            f"every step that goes on earns {paid:.4g}, and what the state changed in these steps is {spread:.4g}",
            "lower it until the best step is worth several times a step that merely goes on",
        )


def _contradiction(program: RewardProgram, stored: Mapping[str, np.ndarray], reward: np.ndarray) -> Iterator[Criticism]:
    success = program.success(stored)
    pays_change = program.memory or any(name.startswith(NEXT) for name in program.inputs)
    # Progress is paid on the way, and not where it has led.
    if success is None or pays_change or min(success.sum(), (~success).sum()) < FEWEST:
        return
    there, elsewhere = float(reward[success].mean()), float(reward[~success].mean())
    if there < elsewhere:
        line = program.success_term.line if program.success_term else None
        yield Criticism(
            "success contradicts",
            line,
            f"a step that is a success earns {there:.4g} on average, any other step {elsewhere:.4g}",
            "look for a term with the wrong sign, or a success that means something else than the terms",
        )
