"""What can be doubted of a reward without any data, from its graph alone."""

import re
from collections.abc import Iterator

from telic.rewards.bounds import inputs_of
from telic.rewards.critic.criticism import Criticism
from telic.rewards.critic.difference import unbalanced
from telic.rewards.critic.terms import Kinds, read_by
from telic.rewards.lower import Term
from telic.rewards.program import RewardProgram
from telic.rewards.signals import NEXT

_CHANGES = re.compile(r"progress|potential|shaping|improve|gain|closer")


def graph_rules(program: RewardProgram) -> Iterator[Criticism]:
    """Doubts about a program, whatever the data."""
    kinds = Kinds(program)
    yield from _every_step_costs(kinds)
    yield from _end_is_paid(kinds)
    yield from _survival(kinds)
    yield from _only_sparse(kinds)
    for term in program.term_list:
        yield from _potential(term, program)


def _every_step_costs(kinds: Kinds) -> Iterator[Criticism]:
    most = sum(bounds.high for bounds in kinds.going_on.values())
    least = sum(bounds.low for bounds in kinds.going_on.values())
    if most <= 0.0 and least < 0.0 and not _pays_an_end(kinds):
        yield Criticism(
            "early end pays",
            None,
            f"no step can earn more than {most:.4g}: an episode that ends early loses less than one that goes on",
            'add a term such as "alive" that is worth more than a good step costs; '
            "it may stay so where the task ends in success only",
        )


def _pays_an_end(kinds: Kinds) -> bool:
    return any(kinds.ending[name].high > bounds.high for name, bounds in kinds.going_on.items())


def _end_is_paid(kinds: Kinds) -> Iterator[Criticism]:
    for term in kinds.program.term_list:
        going_on, ending = kinds.going_on[term.name], kinds.ending[term.name]
        if ending.low > max(going_on.high, 0.0):
            yield Criticism(
                "end is paid",
                term.line,
                f"term {term.name!r} is at least {ending.low:.4g} where the episode ends for good, and at most "
                f"{going_on.high:.4g} before",
                "pay where the condition of success holds and not for any end, unless the task ends in success only",
            )


def _survival(kinds: Kinds) -> Iterator[Criticism]:
    paid, reach = kinds.paid
    if reach < paid:
        yield Criticism(
            "survival dominates",
            kinds.survival[0].line if kinds.survival else None,
            f"every step that goes on earns {paid:.4g}, and all that the state can change is {reach:.4g}",
            "lower it until the best step is worth several times a step that merely goes on",
        )


def _only_sparse(kinds: Kinds) -> Iterator[Criticism]:
    if kinds.sparse and not kinds.sloped:
        term = kinds.sparse[0]
        yield Criticism(
            "only sparse",
            term.line,
            f"term {term.name!r} jumps, and no other term has a slope: nothing leads to where it is earned",
            "add a term that grows on the way there, such as tolerance(distance, margin=...)",
        )


def _potential(term: Term, program: RewardProgram) -> Iterator[Criticism]:
    """Shaping must be the difference of one potential after and before the step (A. Ng et al., ICML 1999)."""
    remembered = {name for signal in program.remembered for name in (signal.name, NEXT + signal.name)}
    if read_by(term) & {name.removeprefix(NEXT) for name in remembered}:
        return
    wrong = unbalanced(term.node)
    if wrong is not None:
        after, before = wrong
        yield Criticism(
            "no difference",
            term.line,
            f"term {term.name!r} counts a quantity {after:.4g} times after the step and {before:.4g} times before it",
            "give both the same weight, up to the discount: what is gained on the way is then lost on the way back",
        )
    elif _CHANGES.search(term.name) and not any(name.startswith(NEXT) for name in inputs_of(term.node)):
        yield Criticism(
            "no difference",
            term.line,
            f"term {term.name!r} is named for a change but reads no value after the step: a place pays again in every "
            "step",
            "write the difference, as in norm(position - GOAL) - norm(next_position - GOAL)",
        )
