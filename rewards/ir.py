"""The intermediate form of a reward: a graph of typed operations on one sample, without names, text or syntax.

Nodes are made once: equal expressions are one node, so common parts are computed once, and two programs that say
the same in other words have the same graph.

Operations, with shapes of one sample:
    input(name), const(values);
    add sub mul div minimum maximum arctan2, neg abs sqrt square exp log sin cos tanh floor: elementwise, equal shapes,
        except that a scalar constant fits every shape;
    lt le eq: two numbers to a truth; and or not: truths to a truth; number: a truth to 0.0 or 1.0;
    where(truth, a, b): elementwise choice;
    expand: a scalar to a shape by repetition; stack: scalars to a vector;
    index(key): a part; the key holds an integer or a (start, stop) pair for each axis;
    sum, norm, all, any: all elements to a scalar; dot: two equal shapes to a scalar;
    matvec: (n, m) times (m,); vecmat: (n,) times (n, m).
"""

from collections.abc import Iterable
from dataclasses import dataclass
from math import prod

from telic.replay.unit import Unit
from telic.rewards.error import RuleError
from telic.rewards.language import MAX_NODES


@dataclass(frozen=True)
class Type:
    """What is known of a value before any data is seen.

    Attributes:
        shape: Shape of one sample.
        unit: Its unit; None for a bare number, which takes the unit of what it is added to or compared with.
        frame: Frame of its components; empty if they have none.
        truth: Whether it is a truth value and not a number.
    """

    shape: tuple[int, ...] = ()
    unit: Unit | None = None
    frame: str = ""
    truth: bool = False

    @property
    def size(self) -> int:
        """How many elements one sample has."""
        return prod(self.shape)

    def __str__(self) -> str:
        unit = "truth" if self.truth else "bare number" if self.unit is None else str(self.unit)
        return " ".join(part for part in (str(self.shape) if self.shape else "", unit, self.frame) if part)


@dataclass(frozen=True, eq=False, repr=False)
class Node:
    """One operation. Nodes are compared by identity: a `Graph` makes equal ones once.

    Attributes:
        op: Name of the operation; see the module docstring.
        args: Operands.
        data: Static parts: the name of an input, the values of a constant, the key of an index.
        type: Type of the result.
        number: Position in the graph; operands come before results.
    """

    op: str
    args: tuple["Node", ...]
    data: tuple
    type: Type
    number: int

    def __repr__(self) -> str:
        return (
            f"%{self.number} = {self.op}({', '.join(f'%{arg.number}' for arg in self.args)}) {self.data} : {self.type}"
        )


class Graph:
    """Makes nodes, each distinct one once."""

    def __init__(self) -> None:
        self._nodes: dict[tuple, Node] = {}

    def node(self, op: str, args: tuple[Node, ...], data: tuple, type_: Type) -> Node:
        """The node of an operation.

        Raises:
            RuleError: If the graph grows beyond the limit of the language.
        """
        key = (op, tuple(arg.number for arg in args), data, type_)
        if key not in self._nodes:
            if len(self._nodes) >= MAX_NODES:
                raise RuleError(f"the reward needs more than {MAX_NODES} operations", "split it into several rewards")
            self._nodes[key] = Node(op, args, data, type_, len(self._nodes))
        return self._nodes[key]


def schedule(results: Iterable[Node]) -> tuple[Node, ...]:
    """Every node that the results need, operands first."""
    needed: dict[int, Node] = {}
    pending = list(results)
    while pending:
        node = pending.pop()
        if node.number not in needed:
            needed[node.number] = node
            pending += node.args
    return tuple(needed[number] for number in sorted(needed))


def canonical(results: Iterable[tuple[str, Node]]) -> str:
    """A text that is equal for two graphs exactly if they compute the same operations on the same inputs.

    Nodes are numbered in the order in which the results need them, whatever the order in which they were made.

    Args:
        results: Named results, in order.
    """
    names: dict[int, str] = {}
    lines: list[str] = []
    for name, result in results:
        pending = [result]
        while pending:
            node = pending[-1]
            missing = [arg for arg in node.args if arg.number not in names]
            if missing:
                pending += reversed(missing)
                continue
            pending.pop()
            if node.number not in names:
                names[node.number] = f"%{len(names)}"
                lines.append(f"{names[node.number]} = {_canonical_operation(node, names)}")
        lines.append(f"{name} = {names[result.number]}")
    return "\n".join(lines)


def _canonical_operation(node: Node, names: dict[int, str]) -> str:
    data = " ".join(value.hex() if isinstance(value, float) else str(value) for value in node.data)
    operands = " ".join(names[arg.number] for arg in node.args)
    return f"{node.op} {operands} [{data}] {node.type if node.op == 'input' else ''}".rstrip()
