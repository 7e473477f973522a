"""What a writer is told of its program after training: the terms' curves beside the true measure, and what they show.

The mechanism is that of Eureka (Y. Ma et al. 2024, arXiv 2310.12931): values of every term over training, with mean,
least and most, and advice. What differs: the figures are means over all seeds and of the last policy, not of the best
checkpoint; the advice is given where it applies, with the term's name; and success is the task's own.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from telic.control.search.standing import Standing
from telic.control.search.trainer import CHECKPOINTS, FITNESS, LENGTH, Row

# A term whose values over training span less than this share of its size is flat.
_FLAT = 0.02
# A term with more than this share of all terms' sizes leaves the others without a voice.
_DOMINATING = 0.9
_NO_SUCCESS, _NEARLY_ALL = 0.05, 0.95


def reflection(standing: Standing, kind: str, control_period_s: float) -> str:
    """The text.

    Args:
        standing: What the program's policies came to under the whole budget.
        kind: What the fitness is: ``success`` or ``return``.
        control_period_s: Of the task [s].
    """
    curves = [trial.curve for trial in standing.trials]
    fitness = _course([[row.get(FITNESS, np.nan) for row in curve] for curve in curves])
    length = _course([[control_period_s * row.get(LENGTH, np.nan) for row in curve] for curve in curves])
    terms = {name: _course([[_term(row, name) for row in curve] for curve in curves]) for name in _names(curves)}
    what = "share of the episode in success" if kind == "success" else "return of the task's own measure"
    lines = [
        f"{len(standing.trials)} policies were trained with it, {standing.steps} control steps each. "
        f"{len(fitness)} checkpoints over training, means over the policies:",
        _line(f"{what} (this is what counts)", fitness),
        _line("episode length [s]", length),
        *(_line(f"term {name!r}, mean per step", course) for name, course in terms.items()),
        f"In the end the {what} is {_figure(standing.score)} on {standing.scores.size} held-out episodes.",
        *_advice(kind, standing.score, length, terms),
    ]
    return "\n".join(lines)


def _advice(kind: str, score: float, length: NDArray[np.float64], terms: dict[str, NDArray[np.float64]]) -> list[str]:
    lines = []
    if kind == "success" and score < _NO_SUCCESS:
        lines.append("There is hardly any success: other terms are needed, not other weights.")
    if kind == "success" and score > _NEARLY_ALL:
        lines.append("Success is nearly complete: what is left to gain is reaching it earlier.")
    if np.isfinite(length).all() and length[-1] < 0.9 * length.max():
        lines.append("Episodes became shorter again: ending one early may be worth too much.")
    size = {name: float(np.abs(course).mean()) for name, course in terms.items()}
    for name, course in terms.items():
        if np.ptp(course) <= _FLAT * max(size[name], 1e-9):
            lines.append(f"Term {name!r} hardly changed over training: rescale it, write it anew, or drop it.")
        elif len(terms) > 1 and size[name] > _DOMINATING * sum(size.values()):
            lines.append(f"Term {name!r} is {size[name] / sum(size.values()):.0%} of the reward: scale it down.")
    return lines


def _names(curves: Sequence[Sequence[Row]]) -> list[str]:
    return list(dict.fromkeys(name for curve in curves for row in curve for name in row.get("terms", {})))


def _term(row: Row, name: str) -> float:
    return float(row.get("terms", {}).get(name, np.nan))


def _course(curves: Sequence[Sequence[float]]) -> NDArray[np.float64]:
    """The mean of several curves at up to ten points, evenly picked, the last among them."""
    shortest = min(len(curve) for curve in curves)
    picked = np.unique(np.linspace(0, shortest - 1, min(CHECKPOINTS, shortest)).round().astype(int))
    return np.array([np.asarray(curve, np.float64)[picked] for curve in curves]).mean(axis=0)


def _line(what: str, course: NDArray[np.float64]) -> str:
    values = " ".join(_figure(value) for value in course)
    mean, least, most = (_figure(value) for value in (course.mean(), course.min(), course.max()))
    return f"- {what}: {values}; mean {mean}, least {least}, most {most}"


def _figure(value: float) -> str:
    return f"{value:.3g}"
