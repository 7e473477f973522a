"""`telic verify DIR`: every proof of an exported policy that this machine can do."""

import sys
from dataclasses import dataclass
from pathlib import Path

import tyro
from rich.console import Console
from rich.markup import escape

from telic.launch.arguments import parse
from telic.launch.errors import reading
from telic.launch.output import print_json
from telic.launch.progress import Progress
from telic.launch.report.tables import measured_rows, proof_rows

_COLOURS = {"good": "green", "bad": "red", "open": "yellow"}


@dataclass(frozen=True)
class VerifyArguments:
    """Prove that an exported policy gives the same bits here and on its targets.

    The exit code is 0 when no proof failed. What this machine cannot prove is said, with the command that makes it
    possible.
    """

    directory: tyro.conf.Positional[Path]
    """What `telic export` wrote, such as RUN/export."""
    require_all: bool = False
    """Also fail when a proof is not possible on this machine."""
    json: bool = False
    """Print one JSON object."""


def main(argv: list[str]) -> int:
    """Run the verb."""
    arguments = parse(VerifyArguments, argv, "telic verify")
    from telic.deploy.verify import verify

    with Progress() as progress, progress.stage("verify") as news, reading(f"export {arguments.directory}"):
        proofs = verify(arguments.directory, news)
    found = proofs.as_dict()
    if arguments.json:
        print_json(found)
    else:
        show_proofs(found, Console(file=sys.stdout, highlight=False))
    return 1 if proofs.failed or (arguments.require_all and not proofs.all_passed) else 0


def show_proofs(found: dict, console: Console) -> None:
    """Print proofs and figures for people."""
    for proof in proof_rows(found):
        console.print(f"[{_COLOURS[proof.mood]}]{proof.outcome:<17}[/] {escape(proof.claim)}", soft_wrap=True)
        console.print(f"{'':<17} [dim]{escape(proof.detail)}[/]", soft_wrap=True)
        if proof.fix:
            console.print(f"{'':<17} to get it: [cyan]{escape(proof.fix)}[/]", soft_wrap=True)
    console.print()
    for label, text, note in measured_rows(found):
        console.print(f"{label:<50} {escape(text):>12}  [dim]{escape(note)}[/]", soft_wrap=True)
