"""A family tree as inline SVG: rounds from left to right, islands from top to bottom, parents joined to children."""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

_ACROSS, _DOWN, _GAP, _MARGIN = 210.0, 30.0, 26.0, 70.0
# Lines to children leave behind the label.
_LABEL = 92.0


@dataclass(frozen=True)
class Leaf:
    """One member of the family.

    Attributes:
        name: What it is called; the link goes to the element ``c-NAME``.
        round: From 0.
        island: From 0.
        parent: Its parent's name, or None.
        label: Beside its dot.
        mood: Class of the style sheet: ``refused``, ``dropped``, ``trained``, ``champion`` or ``winner``.
        title: What is shown when the pointer is on it.
    """

    name: str
    round: int
    island: int
    parent: str | None
    label: str
    mood: str
    title: str


@dataclass(frozen=True)
class Move:
    """A member that another island adopted.

    Attributes:
        name: Who.
        round: After which round, from 0.
        island: Where it went.
    """

    name: str
    round: int
    island: int


def tree_svg(leaves: Sequence[Leaf], moves: Sequence[Move]) -> str:
    """The tree as one ``<svg>`` element."""
    places, bands, height = _places(leaves)
    rounds = 1 + max(leaf.round for leaf in leaves)
    width = _MARGIN + rounds * _ACROSS
    size = f'viewBox="0 0 {width:.0f} {height:.0f}" style="max-width: {1.3 * width:.0f}px"'
    parts = [f'<svg class="tree" {size} role="img" aria-label="Family tree">']
    for island, (top, bottom) in bands.items():
        parts.append(f'<rect class="band" x="0" y="{top:.1f}" width="{width:.0f}" height="{bottom - top:.1f}" rx="8"/>')
        parts.append(f'<text class="label" x="10" y="{top + 18:.1f}">island {island + 1}</text>')
    parts += [
        f'<text class="label" x="{_MARGIN + round_ * _ACROSS:.1f}" y="14">round {round_ + 1}</text>'
        for round_ in range(rounds)
    ]
    parts += [_edge(places[leaf.parent], places[leaf.name]) for leaf in leaves if leaf.parent in places]
    parts += [_crossing(places[move.name], bands[move.island], move) for move in moves if move.name in places]
    parts += [_dot(leaf, *places[leaf.name]) for leaf in leaves]
    return "".join([*parts, "</svg>"])


def _places(
    leaves: Sequence[Leaf],
) -> tuple[dict[str | None, tuple[float, float]], dict[int, tuple[float, float]], float]:
    """Where each leaf stands, the upper and lower edge of each island, and the height of all."""
    places: dict[str | None, tuple[float, float]] = {}
    bands: dict[int, tuple[float, float]] = {}
    top = 24.0
    for island in sorted({leaf.island for leaf in leaves}):
        here = [leaf for leaf in leaves if leaf.island == island]
        rows: dict[int, int] = {}
        for leaf in here:
            row = rows.get(leaf.round, 0)
            rows[leaf.round] = row + 1
            places[leaf.name] = (_MARGIN + leaf.round * _ACROSS + 12.0, top + _GAP + (row + 0.5) * _DOWN)
        bottom = top + _GAP + max(rows.values()) * _DOWN + 6.0
        bands[island] = top, bottom
        top = bottom + 10.0
    return places, bands, top


def _edge(parent: tuple[float, float], child: tuple[float, float]) -> str:
    (x0, y0), (x1, y1) = (parent[0] + _LABEL, parent[1]), child
    middle = (x0 + x1) / 2.0
    return f'<path class="edge" d="M{x0:.1f} {y0:.1f}C{middle:.1f} {y0:.1f} {middle:.1f} {y1:.1f} {x1:.1f} {y1:.1f}"/>'


def _crossing(place: tuple[float, float], band: tuple[float, float], move: Move) -> str:
    """A dashed line from a champion to the island that adopted it."""
    (x, y), (top, bottom) = (place[0] + _LABEL, place[1]), band
    end = bottom if bottom < y else top
    at = _MARGIN + (move.round + 0.72) * _ACROSS
    title = f"<title>island {move.island + 1} adopted {escape(move.name)}</title>"
    return f'<path class="edge moved" d="M{x:.1f} {y:.1f}Q{at:.1f} {y:.1f} {at:.1f} {end:.1f}">{title}</path>'


def _dot(leaf: Leaf, x: float, y: float) -> str:
    return (
        f'<a href="#c-{escape(leaf.name)}" class="leaf {leaf.mood}"><title>{escape(leaf.title)}</title>'
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="7"/>'
        f'<text x="{x + 13:.1f}" y="{y + 4:.1f}">{escape(leaf.label)}</text></a>'
    )
