"""The report of a run as one HTML file that needs nothing else, not even a network."""

from importlib.metadata import version
from typing import Any

from telic.launch.report.flight_charts import (
    attitude_charts,
    distance_chart,
    path_charts,
    position_charts,
    rotor_charts,
)
from telic.launch.report.highlight import python_html
from telic.launch.report.learning_charts import learning_charts
from telic.launch.report.story import Story
from telic.launch.report.tables import evaluation_table, measured_rows, proof_rows
from telic.launch.report.template import fill
from telic.launch.report.tiles import tiles
from telic.launch.report.video import video_address


def render(story: Story) -> str:
    """The page."""
    return fill("page.html", {**_header(story), **_flight(story), **_findings(story)})


def _header(story: Story) -> dict[str, Any]:
    return {
        "sentence": story.sentence,
        "config": story.config,
        "total_s": sum(stage["seconds"] for stage in story.stages.values()),
        "tiles": tiles(story),
        "stages": story.stages,
        "commands": _commands(story),
        "version": version("telic"),
    }


def _commands(story: Story) -> str:
    run = story.folder.path
    return "\n".join(
        [
            story.config["command"],
            "",
            f"telic eval {run} --episodes 1000",
            f"telic video {run}",
            f"telic verify {run / 'export'}",
            f"tensorboard --logdir {run / 'tensorboard'}",
        ]
    )


def _flight(story: Story) -> dict[str, Any]:
    return {
        "flight_s": float(story.flights["policy"].time[-1]),
        "video": video_address(story.folder.video),
        "path": path_charts(story.flights),
        "position": position_charts(story.flights),
        "attitude": attitude_charts(story.flights),
        "distance": distance_chart(story.flights),
        "rotors": rotor_charts(story.flights),
    }


def _findings(story: Story) -> dict[str, Any]:
    return {
        "evaluation": story.evaluation,
        "evaluation_table": evaluation_table(story.evaluation["controllers"]),
        "reward": python_html(story.reward),
        "learning": learning_charts({"": story.history}),
        "proofs": story.proofs,
        "proof_rows": proof_rows(story.proofs),
        "measured": measured_rows(story.proofs),
    }
