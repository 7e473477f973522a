"""`telic doctor`: what this machine can and cannot do, and the fix."""

import sys
from dataclasses import asdict, dataclass

from rich.console import Console
from rich.markup import escape

from telic.launch.arguments import parse
from telic.launch.doctor import Check, examine
from telic.launch.output import print_json


@dataclass(frozen=True)
class DoctorArguments:
    """Look at what Telic can use on this machine, and say how to mend what is missing.

    The exit code is 0 when nothing is missing, else 1. Training needs nothing of the list: what is missing only leaves
    out its part of a run, and the report says so.
    """

    json: bool = False
    """Print one JSON object."""


def main(argv: list[str]) -> int:
    """Run the verb."""
    arguments = parse(DoctorArguments, argv, "telic doctor")
    checks = examine()
    ok = all(check.ok for check in checks)
    if arguments.json:
        print_json({"ok": ok, "checks": [asdict(check) for check in checks]})
    else:
        _show(checks, Console(file=sys.stdout))
    return 0 if ok else 1


def _show(checks: list[Check], console: Console) -> None:
    for check in checks:
        mark = "[green]ok[/]     " if check.ok else "[red]missing[/]"
        console.print(f"{mark} [bold]{check.name:<15}[/] {escape(check.found)}", soft_wrap=True, highlight=False)
        if not check.ok:
            console.print(
                f"        needed for {escape(check.needed_for)}; to mend it:", soft_wrap=True, highlight=False
            )
            console.print(f"          [cyan]{escape(check.fix)}[/]", soft_wrap=True, highlight=False)
