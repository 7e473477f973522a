"""Progress on long work: stages with their times, alive on a terminal, plain lines elsewhere."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.markup import escape
from rich.spinner import Spinner
from rich.table import Table

_FRAMES_PER_SECOND = 8


@dataclass
class StageLine:
    """What is shown of one stage.

    Attributes:
        name: A word or two.
        started: Reading of the clock [s].
        seconds: How long it took; None while it runs.
        detail: The latest news.
        failed: Whether it ended with an exception.
    """

    name: str
    started: float
    seconds: float | None = None
    detail: str = ""
    failed: bool = False


@dataclass
class Progress:
    """Shows stages on standard error, so that standard output is left for results.

    Attributes:
        console: Where to write.
        interval_s: How often a running stage says something where the console is not a terminal.
        clock: Seconds that only go forward.
    """

    console: Console = field(default_factory=lambda: Console(stderr=True, highlight=False))
    interval_s: float = 5.0
    clock: Callable[[], float] = time.monotonic
    _stages: list[StageLine] = field(default_factory=list)
    _live: Live | None = None
    _said: float = 0.0

    def __enter__(self) -> "Progress":
        if self.console.is_terminal:
            self._live = Live(
                get_renderable=self._table, console=self.console, refresh_per_second=_FRAMES_PER_SECOND, transient=False
            )
            self._live.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._live is not None:
            self._live.stop()
            self._live = None

    @contextmanager
    def stage(self, name: str) -> Iterator[Callable[[str], None]]:
        """Time one stage; what it yields takes the latest news of it."""
        line = StageLine(name, started=self.clock())
        self._stages.append(line)
        self._say(line, "...")
        try:
            yield lambda detail: self._update(line, detail)
        except BaseException:
            line.failed = True
            raise
        finally:
            line.seconds = self.clock() - line.started
            outcome = "stopped after" if line.failed else "done in"
            self._say(line, f"{outcome} {line.seconds:.1f} s{_after(line.detail)}")

    def skipped(self, name: str, reason: str) -> None:
        """Show a stage that has nothing left to do."""
        line = StageLine(name, started=self.clock(), seconds=0.0, detail=reason)
        self._stages.append(line)
        self._say(line, reason)

    def _update(self, line: StageLine, detail: str) -> None:
        line.detail = detail
        if self.clock() - self._said >= self.interval_s:
            self._say(line, detail)

    def _say(self, line: StageLine, text: str) -> None:
        """Write a plain line; on a terminal the table says it already."""
        self._said = self.clock()
        if self._live is None:
            self.console.print(f"{line.name}: {text}", markup=False, soft_wrap=True)

    def _table(self) -> RenderableType:
        table = Table.grid(padding=(0, 2))
        table.add_column(width=1)
        table.add_column(style="bold")
        table.add_column(justify="right", style="cyan")
        table.add_column(overflow="fold")
        for line in self._stages:
            running = line.seconds is None
            seconds = self.clock() - line.started if line.seconds is None else line.seconds
            mark = Spinner("dots") if running else "[red]x[/]" if line.failed else "[green]✓[/]"
            table.add_row(mark, line.name, f"{seconds:.1f} s", escape(line.detail))
        return Group(table)


def _after(detail: str) -> str:
    return f": {detail}" if detail else ""
