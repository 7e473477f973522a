"""`telic reward audit`: whether a run's policy does what was meant, or only what was rewarded."""

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import tyro
from rich.console import Console
from rich.table import Table

from telic.launch.arguments import parse
from telic.launch.errors import UserError
from telic.launch.output import print_json
from telic.launch.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np

    from telic.control.guard.audit import Audit

EXIT_CODES = {"pass": 0, "open": 0, "fail": 1, "warn": 3}
COLOURS = {"pass": "green", "open": "blue", "warn": "yellow", "fail": "red"}


@dataclass(frozen=True)
class AuditArguments:
    """Look for a reward that was optimised and not meant: in a run's history, and in held-out episodes of its policy.

    The verdict is kept in RUN/audit.json, where `telic export` reads it. The exit code is 0 for pass, 3 for warn, and 1
    for fail. Success is what the task's own reward says.
    """

    run: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")]
    """A run folder."""
    data: tuple[Path, ...] = ()
    """Datasets with more episodes of the task; without --reference they are what the policy is compared with."""
    reference: Path | None = None
    """A run on the same task whose policy was found good."""
    episodes: int = 64
    """Held-out episodes of each policy."""
    seed: int = 0
    """Of episodes, classifiers and bootstraps."""
    html: bool = False
    """Also write the page RUN/audit.html."""
    json: bool = False
    """Print one JSON object."""


def main(argv: list[str]) -> int:
    """Run the verb."""
    arguments = parse(AuditArguments, argv, "telic reward audit")
    from telic.control.guard.audit import audit
    from telic.launch.audited import keep_audit
    from telic.launch.data.refusals import refusals
    from telic.launch.errors import reading
    from telic.launch.reward.case import gather

    if arguments.episodes < 2 or arguments.seed < 0:
        raise UserError(f"--episodes {arguments.episodes} --seed {arguments.seed}; allowed: at least 2, and at least 0")
    with Progress() as progress:
        with progress.stage("episodes") as news, refusals():
            case = gather(arguments.run, arguments.reference, arguments.data, arguments.episodes, arguments.seed, news)
        with progress.stage("audit"), refusals(), reading("reward"):
            found = audit(case, seed=arguments.seed)
    kept = keep_audit(arguments.run, found, arguments.reference)
    page = _write_page(arguments.run, found, case.history) if arguments.html else None
    if arguments.json:
        print_json({**kept, "page": None if page is None else str(page)})
    else:
        _show(found, page, Console(file=sys.stdout, highlight=False))
    return EXIT_CODES[found.verdict]


def _write_page(run: Path, found: "Audit", history: "Mapping[str, np.ndarray]") -> Path:
    from telic.launch.report.audit import render_audit

    page = run / "audit.html"
    page.write_text(render_audit(run.name, found, history), encoding="utf-8")
    return page


def _show(found: "Audit", page: Path | None, console: Console) -> None:
    table = Table("guard", "", "what it found")
    for check in found.checks:
        table.add_row(check.name, f"[{COLOURS[check.outcome]}]{check.outcome}[/]", check.reason)
    console.print(table)
    console.print(f"verdict: [{COLOURS[found.verdict]}]{found.verdict}[/]")
    for reason in found.reasons:
        console.print(f"- {reason}", markup=False, soft_wrap=True)
    if page is not None:
        console.print(str(page), markup=False, soft_wrap=True)
