"""Progress on a terminal and elsewhere."""

import io

import pytest
from rich.console import Console

from telic.launch.progress import Progress


class Clock:
    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def clock():
    return Clock()


def test_plain_lines_are_spaced_by_the_interval(clock):
    text = io.StringIO()
    with Progress(Console(file=text), interval_s=5.0, clock=clock) as progress, progress.stage("train") as news:
        for second in range(12):
            clock.now = float(second)
            news(f"step {second}")
    assert text.getvalue().splitlines() == [
        "train: ...",
        "train: step 5",
        "train: step 10",
        "train: done in 11.0 s: step 11",
    ]


def test_a_failed_stage_says_so(clock):
    text = io.StringIO()
    with pytest.raises(RuntimeError), Progress(Console(file=text), clock=clock) as progress, progress.stage("train"):
        clock.now = 2.0
        raise RuntimeError
    assert text.getvalue().splitlines()[-1] == "train: stopped after 2.0 s"


def test_a_terminal_shows_each_stage_once(clock):
    text = io.StringIO()
    console = Console(file=text, force_terminal=True, width=80)
    with Progress(console, clock=clock) as progress:
        with progress.stage("train") as news:
            clock.now = 3.0
            news("settle 97 % [fast]")
        progress.skipped("verify", "done before")
    last_frame = text.getvalue().rsplit("\x1b[?25h", 1)[0]
    assert "settle 97 % [fast]" in last_frame
    assert "done before" in last_frame
