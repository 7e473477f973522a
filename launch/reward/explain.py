"""`telic reward explain`: a reward program in words and tables."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro

from telic.launch.arguments import parse
from telic.launch.errors import UserError, reading
from telic.launch.output import print_json, say
from telic.launch.progress import Progress

if TYPE_CHECKING:
    import numpy as np

    from telic.rewards.program import RewardProgram

_FILE = tyro.conf.arg(metavar="FILE")


@dataclass(frozen=True)
class ExplainArguments:
    """Say what a reward program reads, what it adds up, and when it succeeds; with --data, in which range."""

    file: Annotated[Path, tyro.conf.Positional, _FILE]
    """The reward program."""
    task: str = "hover"
    """The task whose signals it may read."""
    data: Path | None = None
    """A dataset with episodes of the task."""
    json: bool = False
    """Print one JSON object."""


def main(argv: list[str]) -> int:
    """Run the verb."""
    arguments = parse(ExplainArguments, argv, "telic reward explain")
    from telic.rewards.explain import explain
    from telic.rewards.program import load_reward
    from telic.sim.tasks.registry import make_task

    with reading("reward"):
        program = load_reward(arguments.file, make_task(arguments.task).schema)
    stored = None if arguments.data is None else _values(program, arguments.data)
    if arguments.json:
        ranges = None
        if stored is not None:
            ranges = {name: {"least": float(v.min()), "most": float(v.max())} for name, v in stored.items()}
        print_json(
            {
                "sentence": program.sentence,
                "inputs": list(program.inputs),
                "terms": list(program.term_names),
                "costs": list(program.cost.term_names) if program.cost else [],
                "memory": [signal.name for signal in program.remembered],
                "success_inputs": list(program.success_inputs),
                "fingerprint": program.fingerprint,
                "ranges": ranges,
            }
        )
    else:
        say(explain(program, stored).rstrip())
    return 0


def _values(program: "RewardProgram", path: Path) -> "dict[str, np.ndarray]":
    """The terms' values on all stored steps, in the order of time where the program remembers."""
    from telic.launch.data.dataset import open_dataset
    from telic.launch.data.refusals import refusals

    with Progress() as progress, progress.stage("read") as news, refusals():
        replay = open_dataset(path, news).replay
        if not len(replay):
            raise UserError(f"{path} holds no steps")
        replay.relabel(program, keep_terms=True)
        terms = replay.columns[program.fingerprint].terms
        filled = replay.slots().ravel()
        return {name: values[filled] for name, values in terms.items()}
