"""The report of a robot's run as one HTML file that needs nothing else, not even a network."""

import math
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from typing import Any

from telic.launch.metrics import TERM
from telic.launch.report.chart import Chart, Series
from telic.launch.report.flight_charts import ChartGroup
from telic.launch.report.highlight import python_html
from telic.launch.report.robot_story import RobotStory
from telic.launch.report.tables import Cell, Row, Table, measured_rows, percent, proof_rows
from telic.launch.report.template import fill
from telic.launch.report.tiles import Tile
from telic.launch.report.video import video_address

_GOOD_SUCCESS_FRACTION = 0.9

# Columns of the training history that are drawn, with their title, the label of the axis, and the scale.
_CURVES = {
    "reward": ("Return of an episode", "sum of rewards", 1.0),
    "success_fraction": ("Episodes that succeed", "share [%]", 100.0),
    "episode_steps": ("Length of an episode", "control steps", 1.0),
}


def render(story: RobotStory) -> str:
    """The page."""
    return fill(
        "robot.html",
        {
            "sentence": story.sentence,
            "config": story.config,
            "total_s": sum(stage["seconds"] for stage in story.stages.values()),
            "tiles": _tiles(story),
            "stages": story.stages,
            "commands": _commands(story),
            "version": version("telic"),
            "video": video_address(story.folder.video),
            "evaluation": story.evaluation,
            "evaluation_table": _evaluation(story.evaluation),
            "reward": python_html(story.reward),
            "learning": _learning(story.history),
            "proofs": story.proofs,
            "proof_rows": proof_rows(story.proofs) if story.proofs else [],
            "measured": measured_rows(story.proofs) if story.proofs else [],
        },
    )


def _tiles(story: RobotStory) -> list[Tile]:
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
    if story.proofs is not None:
        statuses = [proof["status"] for proof in story.proofs["proofs"]]
        passed, count = statuses.count("passed"), len(statuses)
        mood = "bad" if "failed" in statuses else "good" if passed == count else "open"
        tiles.append(Tile(f"{passed} of {count}", "proofs of the exported policy", mood=mood))
    return tiles


def _commands(story: RobotStory) -> str:
    run = story.folder.path
    commands = [story.config["command"], "", f"telic eval {run} --episodes 1000", f"telic play {run}"]
    if story.proofs is not None:
        commands.append(f"telic verify {run / 'export'}")
    return "\n".join([*commands, f"tensorboard --logdir {run / 'tensorboard'}"])


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


def _learning(history: Sequence[Mapping[str, float]]) -> ChartGroup:
    """One chart for each known column of the history, and one for each term of the reward."""
    columns = list(dict.fromkeys(name for row in history for name in row))
    curves = {name: about for name, about in _CURVES.items() if name in columns}
    curves |= {
        name: (f"Term “{name.removeprefix(TERM)}”", "mean per step", 1.0) for name in columns if name.startswith(TERM)
    }
    seconds = [row["seconds"] for row in history]
    charts = [
        Chart(
            title,
            [Series("", seconds, [scale * row.get(name, math.nan) for row in history], "c1")],
            "training [s]",
            label,
        )
        for name, (title, label, scale) in curves.items()
    ]
    return ChartGroup(charts, ())
