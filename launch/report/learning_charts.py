"""Charts of a training history: how well the vehicle settles, and each term of the reward."""

from collections.abc import Mapping, Sequence

from telic.launch.report.chart import Chart, Series
from telic.launch.report.flight_charts import ChartGroup
from telic.launch.report.story import TERM

_STYLES = ("c3", "c4", "c5", "c6", "c1", "c2")


def learning_charts(history: Sequence[Mapping[str, float]]) -> ChartGroup:
    """One chart for the settle fraction and one for each term of the reward, over the seconds of training."""
    seconds = [row["seconds"] for row in history]

    def column(name: str) -> list[float]:
        return [row.get(name, float("nan")) for row in history]

    names = list(dict.fromkeys(name for row in history for name in row))
    charts = []
    if "settle_fraction" in names:
        settled = Series("settle fraction", seconds, [100.0 * value for value in column("settle_fraction")], "c1")
        charts.append(Chart("Settled episodes", [settled], "training [s]", "share [%]", y_from=0.0, y_to=100.0))
    for index, name in enumerate(name for name in names if name.startswith(TERM)):
        term = Series(name.removeprefix(TERM), seconds, column(name), _STYLES[index % len(_STYLES)])
        charts.append(Chart(f"Term “{term.name}”", [term], "training [s]", "mean per step"))
    return ChartGroup(charts)
