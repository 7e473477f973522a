"""`telic video RUN`: a film of a run's policy."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import tyro

from telic.launch.arguments import parse
from telic.launch.errors import UserError
from telic.launch.output import print_json, say
from telic.launch.progress import Progress

_LONGEST_S = 600.0


@dataclass(frozen=True)
class VideoArguments:
    """Fly a run's policy once more, and film it."""

    run: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="RUN")]
    """A run folder."""
    seed: int = 1
    """Of the start, the disturbance and the noise."""
    seconds: float | None = None
    """How long; by default the task's episode."""
    out: Path | None = None
    """The file to write; by default RUN/flight-<seed>.mp4."""
    size: tuple[int, int] = (960, 540)
    """Width and height [pixels]."""
    fps: int = 30
    """Frames per second."""
    json: bool = False
    """Print one JSON object."""


def main(argv: list[str]) -> int:
    """Run the verb."""
    arguments = parse(VideoArguments, argv, "telic video")
    from telic.control.recording import record
    from telic.launch.run import reopen
    from telic.launch.stages import policy_of
    from telic.sim.gl import NoGraphicsError
    from telic.sim.render import save_flight_video

    if arguments.seed < 0 or (arguments.seconds is not None and not 0 < arguments.seconds <= _LONGEST_S):
        raise UserError(
            f"--seed {arguments.seed} --seconds {arguments.seconds}; allowed: at least 0, and 0 to {_LONGEST_S:g}"
        )
    run = reopen(arguments.run)
    out = arguments.out or run.folder.path / f"flight-{arguments.seed}.mp4"
    with Progress() as progress, progress.stage("video") as news:
        flight = record(run.task, policy_of(run), arguments.seed, arguments.seconds)
        try:
            save_flight_video(
                out,
                run.task,
                flight.position,
                flight.quaternion,
                flight.reference_position,
                arguments.fps,
                arguments.size,
                progress=lambda done, frames: news(f"frame {done} of {frames}"),
            )
        except NoGraphicsError as error:
            raise UserError(str(error)) from error
    if arguments.json:
        print_json(
            {"video": str(out), "seconds": float(flight.time[-1]), "final_distance_m": float(flight.distance[-1])}
        )
    else:
        say(str(out))
    return 0
