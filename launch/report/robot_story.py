"""What the report of a robot's run tells, read back from its folder."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from telic.launch.folder import RunFolder, read_json
from telic.launch.report.story import read_history


@dataclass(frozen=True)
class RobotStory:
    """One run of a robot.

    Attributes:
        folder: Where it lies.
        config: What it was made with.
        sentence: What was asked for.
        reward: Source of the reward program.
        stages: The finished stages and what each found.
        history: Rows of the training history.
        evaluation: Held-out episodes of the policy, and of the ``baselines`` by name.
        proofs: What `telic verify` found; None where nothing could be exported.
    """

    folder: RunFolder
    config: Mapping[str, Any]
    sentence: str
    reward: str
    stages: Mapping[str, Mapping[str, Any]]
    history: Sequence[Mapping[str, float]]
    evaluation: Mapping[str, Any]
    proofs: Mapping[str, Any] | None


def read_robot_story(folder: RunFolder) -> RobotStory:
    """Read a run whose stages are finished.

    Raises:
        UserError: If a file is missing or damaged.
    """
    return RobotStory(
        folder=folder,
        config=folder.config,
        sentence=folder.prompt.read_text().strip(),
        reward=folder.reward.read_text(),
        stages=folder.stages,
        history=read_history(folder.metrics),
        evaluation=read_json(folder.evaluation),
        proofs=read_json(folder.proofs) if folder.proofs.is_file() else None,
    )
