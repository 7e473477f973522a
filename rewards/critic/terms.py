"""What kind of term each term of a program is, seen from its graph alone."""

from dataclasses import dataclass
from functools import cached_property

from telic.rewards.bounds import Bounds, bounds_of, inputs_of, signal_bounds
from telic.rewards.critic.difference import summands
from telic.rewards.ir import Node
from telic.rewards.lower import Term
from telic.rewards.program import RewardProgram
from telic.rewards.signals import NEXT, TERMINATED, readable_signals

_GOING_ON, _ENDED = Bounds(0.0, 0.0), Bounds(1.0, 1.0)


@dataclass(frozen=True)
class Kinds:
    """A program's terms by what they do.

    Attributes:
        program: The program.
    """

    program: RewardProgram

    @cached_property
    def going_on(self) -> dict[str, Bounds]:
        """What each term can be in a step that does not end the episode."""
        return self._bounds(_GOING_ON)

    @cached_property
    def ending(self) -> dict[str, Bounds]:
        """What each term can be in a step that ends the episode for good."""
        return self._bounds(_ENDED)

    @cached_property
    def survival(self) -> tuple[Term, ...]:
        """Terms that give the same in every step that does not end the episode, and not nothing."""
        return tuple(
            term
            for term in self.program.term_list
            if self.going_on[term.name].width == 0.0 and self.going_on[term.name].low > 0.0
        )

    @cached_property
    def paid(self) -> tuple[float, float]:
        """What every step that does not end the episode earns, whatever the state, and what the state can change."""
        fixed, free = 0.0, 0.0
        for term in self.program.term_list:
            for factor, part in summands(term.node):
                bounds = bounds_of(part, self._inputs(_GOING_ON))
                if bounds.width == 0.0:
                    fixed += factor * bounds.low
                else:
                    free += abs(factor) * bounds.width
        return fixed, free

    @cached_property
    def sparse(self) -> tuple[Term, ...]:
        """Terms that jump and have no slope anywhere."""
        return tuple(
            term for term in self.program.term_list if read_by(term) - {TERMINATED.name} and not _has_slope(term.node)
        )

    @cached_property
    def sloped(self) -> tuple[Term, ...]:
        """Terms that change with the state by degrees."""
        return tuple(term for term in self.program.term_list if _has_slope(term.node))

    def _bounds(self, terminated: Bounds) -> dict[str, Bounds]:
        inputs = self._inputs(terminated)
        return {term.name: bounds_of(term.node, inputs) for term in self.program.term_list}

    def _inputs(self, terminated: Bounds) -> dict[str, Bounds]:
        signals = readable_signals(self.program.signals).values()
        return {signal.name: signal_bounds(signal) for signal in signals} | {TERMINATED.name: terminated}


def read_by(term: Term) -> set[str]:
    """The signals that a term reads, before or after the step."""
    return {name.removeprefix(NEXT) for name in inputs_of(term.node)}


def _has_slope(node: Node) -> bool:
    """Whether a result changes with an input otherwise than by a jump."""
    if node.op == "input":
        return not node.type.truth
    if node.type.truth or node.op in ("number", "floor"):
        return False
    # The first operand of a choice only says which.
    return any(_has_slope(arg) for arg in (node.args[1:] if node.op == "where" else node.args))
