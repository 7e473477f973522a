"""`telic export RUN`: a run's policy for other machines."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro

from telic.launch.arguments import parse
from telic.launch.audited import heed_audit
from telic.launch.output import print_json, say, tell
from telic.launch.progress import Progress


@dataclass(frozen=True)
class ExportArguments:
    """Write a run's policy for other machines, with its contract: by default for all that fit it, in RUN/export.

    What `telic reward audit` said of the run is told; a policy whose audit failed is written only with --force.
    """

    run: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")]
    """A run folder."""
    target: tuple[Literal["c", "onnx", "crazyflie"], ...] | None = None
    """What to write: c, onnx, crazyflie."""
    out: Path | None = None
    """Another folder."""
    force: bool = False
    """Write it although the audit failed."""
    json: bool = False
    """Print one JSON object."""


def main(argv: list[str]) -> int:
    """Run the verb."""
    arguments = parse(ExportArguments, argv, "telic export")
    for line in heed_audit(arguments.run, arguments.force):
        tell(line)
    with Progress() as progress, progress.stage("export") as news:
        out, files = _export(arguments, news)
    if arguments.json:
        print_json({"export": str(out), "files": [str(path) for path in files]})
    else:
        say("\n".join(map(str, files)))
    return 0


def _export(arguments: ExportArguments, news: Callable[[str], None]) -> tuple[Path, list[Path]]:
    """Write the policy; return the folder, and the files in it."""
    from telic.launch.baseline import is_flight, reopen_baseline
    from telic.launch.baseline_export import export_baseline
    from telic.launch.run import reopen
    from telic.launch.stages import write_export

    if is_flight(arguments.run):
        run = reopen(arguments.run)
        out = arguments.out or run.folder.export
        return out, write_export(run, out, arguments.target, news)
    baseline = reopen_baseline(arguments.run)
    out = arguments.out or baseline.folder.export
    return out, export_baseline(baseline, out, arguments.target, news)
