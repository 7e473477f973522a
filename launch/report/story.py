"""What a report tells: everything of one run, read back from its folder."""

import csv
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from telic.control.recording import Flight
from telic.launch.errors import reading
from telic.launch.folder import RunFolder, read_json


@dataclass(frozen=True)
class RunStory:
    """One run.

    Attributes:
        folder: Where it lies.
        config: What it was made with.
        sentence: What was asked for.
        reward: Source of the reward program.
        stages: The finished stages and what each found.
        history: Rows of the training history; columns of reward terms begin with ``term/``.
        evaluation: Held-out episodes.
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


@dataclass(frozen=True)
class FlightStory(RunStory):
    """One run of a multirotor, which is evaluated beside a PID and can always be exported.

    Attributes:
        flights: Recorded flights, by controller.
    """

    flights: Mapping[str, Flight]


def read_run_story(folder: RunFolder) -> RunStory:
    """Read a run whose stages are finished.

    Raises:
        UserError: If a file is missing or damaged.
    """
    return RunStory(
        folder=folder,
        config=folder.config,
        sentence=folder.prompt.read_text().strip(),
        reward=folder.reward.read_text(),
        stages=folder.stages,
        history=read_history(folder.metrics),
        evaluation=read_json(folder.evaluation),
        proofs=read_json(folder.proofs) if folder.proofs.is_file() else None,
    )


def read_story(folder: RunFolder) -> FlightStory:
    """Read a run of a multirotor whose stages are finished.

    Raises:
        UserError: If a file is missing or damaged.
    """
    with reading("flight"):
        flights = {"policy": Flight.load(folder.policy_flight), "PID": Flight.load(folder.pid_flight)}
    story = vars(read_run_story(folder))
    return FlightStory(**{**story, "proofs": read_json(folder.proofs)}, flights=flights)


def read_history(path: Path) -> list[dict[str, float]]:
    """Rows of ``metrics.csv``; an empty cell becomes NaN."""
    with path.open(newline="") as file:
        return [{name: float(cell) if cell else math.nan for name, cell in row.items()} for row in csv.DictReader(file)]
