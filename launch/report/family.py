"""The page of a search: who descends from whom, why some were refused, how all were trained, and who won."""

import difflib
import math
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

from telic.control.search.candidate import Candidate
from telic.control.search.config import SearchConfig
from telic.control.search.costs import Costs
from telic.control.search.result import SearchResult
from telic.control.search.search import SearchSetup
from telic.control.search.standing import Standing, last_standings
from telic.control.search.trainer import FITNESS, Row
from telic.launch.report.chart import Chart, Series
from telic.launch.report.flight_charts import ChartGroup
from telic.launch.report.highlight import python_html
from telic.launch.report.learning_charts import STYLES
from telic.launch.report.template import fill
from telic.launch.report.tree import Leaf, Move, tree_svg
from telic.rewards.ranking import Interval


def render_family(setup: SearchSetup, config: SearchConfig, result: SearchResult, costs: Costs) -> str:
    """The page."""
    standings = _standings(result)
    measure = "share of time in success" if setup.own.success_term else "return of the task's own reward"
    return fill(
        "family.html",
        {
            "sentence": setup.sentence,
            "task": setup.task.name,
            "model": setup.writer.config.model,
            "config": config,
            "measure": measure,
            "tiles": _tiles(result, costs),
            "stopped": result.stopped,
            "tree": tree_svg(_leaves(result, standings), [Move(m.name, m.round, m.target) for m in result.migrations]),
            "playoff": [{"name": each.name, **_rung(each, config.seed)} for each in result.playoff],
            "compared": _compared(result),
            "seeds": _seeds(result),
            "learning": _learning({"winner": result.comparison.winner, "own": result.comparison.own}, measure),
            "members": [_member(each, result, standings, config, measure) for each in result.candidates],
            "own_source": python_html(setup.own.source),
            "costs": costs,
            "version": version("telic"),
        },
    )


def _standings(result: SearchResult) -> Mapping[str, Standing]:
    """Each candidate's standing at the highest rung that it reached."""
    return {name: found for rungs in result.rungs.values() for name, found in last_standings(rungs).items()}


def _tiles(result: SearchResult, costs: Costs) -> list[dict[str, str]]:
    compared = result.comparison
    refused = sum(bool(candidate.refused) for candidate in result.candidates)
    difference = compared.difference
    mood = "" if difference is None else "good" if difference.low >= 0.0 else "bad" if difference.high < 0.0 else "open"
    return [
        {"value": _figure(compared.winner_score), "caption": f"winner {result.winner.name}, fresh seeds", "mood": ""},
        {"value": _figure(compared.own_score), "caption": "the task's own reward, same seeds", "mood": ""},
        {"value": _figure(difference, signed=True), "caption": f"difference, {_range(difference)}", "mood": mood},
        {"value": str(len(result.candidates)), "caption": f"candidates, {refused} of them refused", "mood": ""},
        {"value": f"{costs.env_steps / 1e6:.2f} M", "caption": f"steps, {costs.trainings} trainings", "mood": ""},
        {"value": f"{costs.tokens:,}", "caption": f"tokens; {costs.replayed} answers replayed", "mood": ""},
    ]


def _leaves(result: SearchResult, standings: Mapping[str, Standing]) -> list[Leaf]:
    leaves = []
    for candidate in result.candidates:
        standing = standings.get(candidate.name)
        mood = _mood(candidate, result, standing)
        label = f"{candidate.name}  {_score(standing)}"
        title = candidate.refused[0].splitlines()[0] if candidate.refused else f"{candidate.name}: {mood}"
        leaves.append(Leaf(candidate.name, candidate.round, candidate.island, candidate.parent, label, mood, title))
    return leaves


def _mood(candidate: Candidate, result: SearchResult, standing: Standing | None) -> str:
    if candidate.name == result.winner.name:
        return "winner"
    if candidate.refused or standing is None:
        return "refused"
    rungs = result.rungs[candidate.round, candidate.island]
    if any(candidate.name == each.parent for each in result.candidates):
        return "champion"
    return "trained" if any(candidate.name == each.name for each in rungs[-1]) else "dropped"


def _compared(result: SearchResult) -> list[dict[str, str]]:
    compared = result.comparison
    return [
        {"name": name, "score": _figure(score, signed), "range": _range(score)}
        for name, score, signed in (
            (f"winner {result.winner.name}", compared.winner_score, False),
            ("the task's own reward", compared.own_score, False),
            ("difference", compared.difference, True),
        )
    ]


def _seeds(result: SearchResult) -> list[dict[str, Any]]:
    pairs = zip(result.comparison.winner.trials, result.comparison.own.trials, strict=True)
    return [
        {"seed": own.seed, "winner": winner.failed or f"{winner.scores.mean():.4f}", "own": f"{own.scores.mean():.4f}"}
        for winner, own in pairs
    ]


def _member(
    candidate: Candidate,
    result: SearchResult,
    standings: Mapping[str, Standing],
    config: SearchConfig,
    measure: str,
) -> dict[str, Any]:
    """Everything about one candidate."""
    by_name = {each.name: each for each in result.candidates}
    parent = by_name.get(candidate.parent or "")
    source = candidate.source or next((each.source for each in reversed(candidate.attempts) if each.source), None)
    standing = standings.get(candidate.name)
    rungs = result.rungs.get((candidate.round, candidate.island), ())
    reached = [each for rung in rungs for each in rung if each.name == candidate.name]
    return {
        "name": candidate.name,
        "mood": _mood(candidate, result, standing),
        "parent": candidate.parent,
        "children": [each.name for each in result.candidates if each.parent == candidate.name],
        "refused": candidate.refused,
        "attempts": [each.problems for each in candidate.attempts[:-1]],
        "rungs": [_rung(each, config.seed) for each in reached],
        "charts": None if standing is None else _learning({"": standing}, measure),
        "source": None if source is None else python_html(source),
        "diff": _diff(parent, source),
    }


def _rung(standing: Standing, seed: int) -> dict[str, str]:
    interval = standing.interval(seed)
    return {"steps": f"{standing.steps:,}", "score": standing.failed or _figure(interval), "range": _range(interval)}


def _diff(parent: Candidate | None, source: str | None) -> list[tuple[str, str]]:
    """The lines of the change from a parent, each with its kind; empty without one."""
    if parent is None or parent.source is None or source is None:
        return []
    kinds = {"+": "added", "-": "removed", "@": "place"}
    lines = difflib.unified_diff(parent.source.splitlines(), source.splitlines(), parent.name, "", lineterm="", n=2)
    return [(kinds.get(line[:1], ""), line) for line in list(lines)[2:]]


def _learning(standings: Mapping[str, Standing], measure: str) -> ChartGroup:
    """The true measure and every term over training: one line for each policy, one colour for each reward."""
    curves = [
        (name, style, trial.curve)
        for (name, standing), style in zip(standings.items(), STYLES, strict=False)
        for trial in standing.trials
        if trial.curve
    ]

    def chart(title: str, label: str, value: Any, top: float | None = None) -> Chart:
        series = [
            Series(name, [row["step"] for row in curve], [value(row) for row in curve], style)
            for name, style, curve in curves
        ]
        return Chart(title, series, "control steps", label, y_from=None if top is None else 0.0, y_to=top)

    is_share = measure.startswith("share")
    charts = [chart("True success", measure, lambda row: row.get(FITNESS, math.nan), 1.0 if is_share else None)]
    if len(standings) == 1:
        names = dict.fromkeys(name for _, _, curve in curves for name in _terms(curve))
        charts += [chart(f"Term “{name}”", "mean per step", _reader(name)) for name in names]
    legend = list(zip(standings, STYLES, strict=False)) if len(standings) > 1 else ()
    return ChartGroup(charts, legend)


def _terms(curve: Sequence[Row]) -> list[str]:
    return [name for row in curve for name in row.get("terms", {})]


def _reader(name: str) -> Any:
    return lambda row: row.get("terms", {}).get(name, math.nan)


def _score(standing: Standing | None) -> str:
    return "" if standing is None else "failed" if standing.failed else f"{standing.score:.2f}"


def _figure(interval: Interval | None, signed: bool = False) -> str:
    return "-" if interval is None else f"{interval.value:+.4f}" if signed else f"{interval.value:.4f}"


def _range(interval: Interval | None) -> str:
    return "-" if interval is None else f"95 %: {interval.low:.4f} to {interval.high:.4f}"
