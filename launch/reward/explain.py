"""`telic reward explain`: a reward program in words and tables."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from telic.launch.arguments import parse
from telic.launch.errors import reading
from telic.launch.output import print_json, say

_FILE = tyro.conf.arg(metavar="FILE")


@dataclass(frozen=True)
class ExplainArguments:
    """Say what a reward program reads, what it adds up, and when it succeeds."""

    file: Annotated[Path, tyro.conf.Positional, _FILE]
    """The reward program."""
    task: str = "hover"
    """The task whose signals it may read."""
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
    if arguments.json:
        print_json(
            {
                "sentence": program.sentence,
                "inputs": list(program.inputs),
                "terms": list(program.term_names),
                "costs": list(program.cost.term_names) if program.cost else [],
                "memory": [signal.name for signal in program.remembered],
                "success_inputs": list(program.success_inputs),
                "fingerprint": program.fingerprint,
            }
        )
    else:
        say(explain(program).rstrip())
    return 0
