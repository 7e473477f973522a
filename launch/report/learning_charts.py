"""Charts of training histories: how well it goes, and each term of the reward."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from telic.launch.metrics import TERM
from telic.launch.report.chart import Chart, Series
from telic.launch.report.flight_charts import ChartGroup

History = Sequence[Mapping[str, float]]

STYLES = ("c1", "c2", "c3", "c4", "c5", "c6")


@dataclass(frozen=True)
class Curve:
    """A column of a history, and how it is drawn.

    Attributes:
        column: Its name.
        title: Above the plot.
        label: Of the y axis, with the unit.
        scale: What its values are multiplied with.
        top: A value that the y axis shows in any case, from 0 on; None for whatever fits.
    """

    column: str
    title: str
    label: str
    scale: float = 1.0
    top: float | None = None


SETTLED = (Curve("settle_fraction", "Settled episodes", "share [%]", scale=100.0, top=100.0),)


def learning_charts(histories: Mapping[str, History], curves: Sequence[Curve] = SETTLED) -> ChartGroup:
    """One chart for each curve that a history has, and one for each term of the reward, over the seconds of training.

    Args:
        histories: Rows by the name of their run; each run has its colour.
        curves: What is drawn before the terms.
    """
    styles = {run: STYLES[index % len(STYLES)] for index, run in enumerate(histories)}
    columns = list(dict.fromkeys(name for history in histories.values() for row in history for name in row))
    terms = [name for name in columns if name.startswith(TERM)]
    shown = [curve for curve in curves if curve.column in columns]
    shown += [Curve(name, f"Term “{name.removeprefix(TERM)}”", "mean per step") for name in terms]
    charts = [_chart(curve, histories, styles) for curve in shown]
    return ChartGroup(charts, list(styles.items()) if len(histories) > 1 else ())


def _chart(curve: Curve, histories: Mapping[str, History], styles: Mapping[str, str]) -> Chart:
    series = [
        Series(
            run,
            [row["seconds"] for row in history],
            [curve.scale * row.get(curve.column, math.nan) for row in history],
            styles[run],
        )
        for run, history in histories.items()
    ]
    start = None if curve.top is None else 0.0
    return Chart(curve.title, series, "training [s]", curve.label, y_from=start, y_to=curve.top)
