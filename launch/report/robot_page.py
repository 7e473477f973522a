"""The report of a robot's run as one HTML file that needs nothing else, not even a network."""

from collections.abc import Mapping
from typing import Any

from telic.launch.report.learning_charts import Curve, learning_charts
from telic.launch.report.run_page import of_any_run
from telic.launch.report.story import RunStory
from telic.launch.report.tables import Cell, Row, Table, percent
from telic.launch.report.template import fill
from telic.launch.report.tiles import Tile, proven

_GOOD_SUCCESS_FRACTION = 0.9

_CURVES = (
    Curve("reward", "Return of an episode", "sum of rewards"),
    Curve("success_fraction", "Episodes that succeed", "share [%]", scale=100.0),
    Curve("episode_steps", "Length of an episode", "control steps"),
)


def render(story: RunStory) -> str:
    """The page."""
    findings = {
        "tiles": _tiles(story),
        "evaluation_table": _evaluation(story.evaluation),
        "learning": learning_charts({"": story.history}, _CURVES),
    }
    return fill("robot.html", {**of_any_run(story, "play"), **findings})


def _tiles(story: RunStory) -> list[Tile]:
    """Does it do it, how does it compare, how fast was it learned, and is it proven."""
    evaluation, train = story.evaluation, story.stages["train"]
    tiles = []
    share = evaluation["success_fraction"]
    if share is not None:
        mood = "good" if share >= _GOOD_SUCCESS_FRACTION else "bad"
        tiles.append(Tile(f"{100 * share:.0f}", f"of {evaluation['episodes']} held-out episodes succeed", "%", mood))
    random = evaluation["baselines"]["random actions"]["return_mean"]
    tiles.append(Tile(f"{evaluation['return_mean']:.4g}", f"mean return; random actions {random:.4g}"))
    tiles.append(Tile(f"{train['train_s']:.1f}", f"of training, {train['steps']:,} steps", "s"))
    proofs = proven(story)
    return tiles if proofs is None else [*tiles, proofs]


def _evaluation(evaluation: Mapping[str, Any]) -> Table:
    """Figures of the policy beside those of who knows nothing."""
    columns = {"policy": evaluation, **evaluation["baselines"]}
    rows = [
        Row("mean return (standard deviation)", [Cell(_return(figures)) for figures in columns.values()]),
        Row("success by the reward program", [Cell(_success(figures)) for figures in columns.values()]),
        Row("lost before the time limit", [Cell(percent(figures["lost_fraction"])) for figures in columns.values()]),
        Row("length in steps", [Cell(f"{figures['episode_steps_mean']:.0f}") for figures in columns.values()]),
    ]
    return Table(list(columns), rows)


def _return(figures: Mapping[str, Any]) -> str:
    spread = "" if figures["return_std"] is None else f" ({figures['return_std']:.3g})"
    return f"{figures['return_mean']:.4g}{spread}"


def _success(figures: Mapping[str, Any]) -> str:
    if figures["success_fraction"] is None:
        return "not told"
    low, high = figures["success_interval"]
    return f"{percent(figures['success_fraction'])} ({100 * low:.1f} to {100 * high:.1f})"
