"""Charts of training histories: how well the vehicle settles, and each term of the reward."""

import math
from collections.abc import Mapping, Sequence

from telic.launch.metrics import TERM
from telic.launch.report.chart import Chart, Series
from telic.launch.report.flight_charts import ChartGroup

History = Sequence[Mapping[str, float]]

STYLES = ("c1", "c2", "c3", "c4", "c5", "c6")


def learning_charts(histories: Mapping[str, History]) -> ChartGroup:
    """One chart for the settle fraction and one for each term of the reward, over the seconds of training.

    Args:
        histories: Rows by the name of their run; each run has its colour.
    """
    styles = {run: STYLES[index % len(STYLES)] for index, run in enumerate(histories)}
    columns = list(dict.fromkeys(name for history in histories.values() for row in history for name in row))

    def chart(title: str, column: str, label: str, scale: float = 1.0, top: float | None = None) -> Chart:
        series = [
            Series(
                run,
                [row["seconds"] for row in history],
                [scale * row.get(column, math.nan) for row in history],
                styles[run],
            )
            for run, history in histories.items()
        ]
        return Chart(title, series, "training [s]", label, y_from=None if top is None else 0.0, y_to=top)

    charts = [chart("Settled episodes", "settle_fraction", "share [%]", scale=100.0, top=100.0)]
    charts += [
        chart(f"Term “{column.removeprefix(TERM)}”", column, "mean per step")
        for column in columns
        if column.startswith(TERM)
    ]
    return ChartGroup(charts, list(styles.items()) if len(histories) > 1 else ())
