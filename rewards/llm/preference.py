"""A person's choice of the best and the worst of several policies, in words for whoever writes the next reward.

As in ICPL [1]: the writer sees the good example and the bad example, how their rewards differ term by term, and what
the terms did, and is asked to go on from the good one.

[1] Yu et al. 2024, ICPL: Few-shot In-context Preference Learning via LLMs (arXiv 2410.17233).
"""

from collections.abc import Mapping, Sequence

from telic.rewards.ir import canonical
from telic.rewards.lower import Term
from telic.rewards.program import RewardProgram

# The mean of a term in each tenth of an episode, by the term's name.
Traces = Mapping[str, Sequence[float]]


def preference_text(
    good: RewardProgram,
    bad: RewardProgram,
    note: str = "",
    good_traces: Traces | None = None,
    bad_traces: Traces | None = None,
) -> str:
    """What a writer is told of a choice; the good program itself is shown apart, as the one to change.

    Args:
        good: The reward whose policy was liked best.
        bad: The reward whose policy was liked least.
        note: What the person said; may be empty.
        good_traces: What the good reward's terms did.
        bad_traces: What the bad reward's terms did.
    """
    parts = [
        "A person watched the policies of several rewards. The program above led to the one that they liked best.",
        f'They said: "{note}"' if note else "",
        f"The policy that they liked least came from this program:\n```python\n{bad.source.strip()}\n```",
        "How the good one differs from the bad one:\n" + "\n".join(f"- {line}" for line in differences(good, bad)),
        _traced("good", good_traces),
        _traced("bad", bad_traces),
        "Keep what makes the good one good, go further in the direction from the bad one to the good one, and do not "
        "repeat what the bad one did.",
    ]
    return "\n\n".join(part for part in parts if part)


def differences(good: RewardProgram, bad: RewardProgram) -> list[str]:
    """How one reward differs from another, term by term, in words."""
    liked, other = ({term.name: term for term in program.term_list} for program in (good, bad))
    lines = [f"only the good one has {name!r}: {term.source}" for name, term in liked.items() if name not in other]
    lines += [f"only the bad one has {name!r}: {term.source}" for name, term in other.items() if name not in liked]
    for name, term in liked.items():
        if name in other and _meaning(term) != _meaning(other[name]):
            lines.append(f"{name!r} is {_shown(term)} in the good one, and {_shown(other[name])} in the bad one")
    if bad.cost is not None or good.cost is not None:
        costs = [", ".join(program.cost.term_names) if program.cost else "none" for program in (good, bad)]
        if costs[0] != costs[1]:
            lines.append(f"the costs kept apart are {costs[0]} in the good one, and {costs[1]} in the bad one")
    return lines or ["their terms are the same: what differed is the luck of training, or what success means"]


def _meaning(term: Term) -> str:
    """What a term computes, whatever the names and the layout of the text."""
    return canonical([("term", term.node)])


def _shown(term: Term) -> str:
    return f"`{term.source}`"


def _traced(which: str, traces: Traces | None) -> str:
    if not traces:
        return ""
    lines = [f"- {name}: {', '.join(f'{value:.3g}' for value in values)}" for name, values in traces.items()]
    return f"The terms of the {which} one, on average in each tenth of its policy's episodes:\n" + "\n".join(lines)
