"""`telic plot RUN...`: the learning curves of one or several runs on one page."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from telic.launch.arguments import parse
from telic.launch.folder import RunFolder
from telic.launch.output import print_json, say


@dataclass(frozen=True)
class PlotArguments:
    """Draw the learning curves of runs over each other, on one page that needs no other file."""

    runs: Annotated[tuple[Path, ...], tyro.conf.Positional, tyro.conf.arg(metavar="RUN")]
    """Run folders."""
    out: Path = Path("plot.html")
    """The page to write."""
    json: bool = False
    """Print one JSON object."""


def main(argv: list[str]) -> int:
    """Run the verb."""
    arguments = parse(PlotArguments, argv, "telic plot")
    from telic.launch.report.comparison import render_comparison
    from telic.launch.report.story import read_history

    folders = [RunFolder.open(path) for path in arguments.runs]
    histories = {folder.path.name: read_history(folder.metrics) for folder in folders}
    arguments.out.write_text(render_comparison(histories), encoding="utf-8")
    if arguments.json:
        print_json({"plot": str(arguments.out), "runs": list(histories)})
    else:
        say(str(arguments.out))
    return 0
