"""What the reports of all runs show, whatever moves in them."""

from importlib.metadata import version
from typing import Any

from telic.launch.report.highlight import python_html
from telic.launch.report.story import RunStory
from telic.launch.report.tables import measured_rows, proof_rows
from telic.launch.report.video import video_address


def of_any_run(story: RunStory, looking: str) -> dict[str, Any]:
    """Values for ``run.html``, but the tiles, the table of the evaluation and the charts.

    Args:
        story: The run.
        looking: The verb with which this kind of run is looked at.
    """
    return {
        "sentence": story.sentence,
        "config": story.config,
        "total_s": sum(stage["seconds"] for stage in story.stages.values()),
        "stages": story.stages,
        "commands": _commands(story, looking),
        "version": version("telic"),
        "video": video_address(story.folder.video),
        "evaluation": story.evaluation,
        "reward": python_html(story.reward),
        "proofs": story.proofs,
        "proof_rows": proof_rows(story.proofs) if story.proofs else [],
        "measured": measured_rows(story.proofs) if story.proofs else [],
    }


def _commands(story: RunStory, looking: str) -> str:
    run = story.folder.path
    return "\n".join(
        [
            story.config["command"],
            "",
            f"telic eval {run} --episodes 1000",
            f"telic {looking} {run}",
            *([f"telic verify {run / 'export'}"] if story.proofs else []),
            f"tensorboard --logdir {run / 'tensorboard'}",
        ]
    )
