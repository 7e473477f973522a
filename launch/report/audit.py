"""One page with the audit of a run: the verdict, what each guard found, and the curves of training."""

from collections.abc import Mapping

import numpy as np

from telic.control.guard.audit import PROXY, Audit
from telic.control.guard.witness import SUCCESS, TRUE_REWARD
from telic.launch.report.chart import Chart, Series
from telic.launch.report.flight_charts import ChartGroup
from telic.launch.report.template import fill

_MOODS = {"pass": "good", "open": "", "warn": "open", "fail": "bad"}


def render_audit(run: str, found: Audit, history: Mapping[str, np.ndarray]) -> str:
    """The page.

    Args:
        run: Name of the run.
        found: What the guards said.
        history: Columns of the training history.
    """
    checks = [
        {"name": check.name, "outcome": check.outcome, "mood": _MOODS[check.outcome], "reason": check.reason}
        for check in found.checks
    ]
    values = {"run": run, "verdict": found.verdict, "mood": _MOODS[found.verdict], "checks": checks}
    return fill("audit.html", {**values, "curves": _curves(found, history)})


def _curves(found: Audit, history: Mapping[str, np.ndarray]) -> ChartGroup:
    """What was optimised and what was meant, over the same steps; a line where the one left the other."""
    onsets = [check.figures["at_step"] for check in found.checks if check.figures.get("at_step") is not None]
    titles = {PROXY: "Reward", TRUE_REWARD: "The task's own reward", SUCCESS: "Success"}
    charts = [_chart(title, name, _lines(history, name, onsets)) for name, title in titles.items() if name in history]
    return ChartGroup(charts, [("onset of over-optimisation", "reference")] if onsets and charts else ())


def _chart(title: str, name: str, lines: list[Series]) -> Chart:
    if name == SUCCESS:
        return Chart(title, lines, "step", "share", y_from=0.0, y_to=1.0)
    return Chart(title, lines, "step", "reward")


def _lines(history: Mapping[str, np.ndarray], name: str, onsets: list[float]) -> list[Series]:
    known = history[name][np.isfinite(history[name])]
    if not len(known):
        return []
    ends = [float(known.min()), float(known.max())]
    return [
        Series("", history["step"], history[name], "c1"),
        *(Series("", [at, at], ends, "reference") for at in onsets),
    ]
