"""`telic video RUN|TASK`: a film of a policy at work."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

import tyro

from telic.launch.arguments import parse
from telic.launch.errors import UserError
from telic.launch.output import print_json, say
from telic.launch.progress import Progress

Look = Literal["plain", "robot", "person"]

_LONGEST_S = 600.0


@dataclass(frozen=True)
class VideoArguments:
    """Film a run's policy once more, or a task, or an environment of others."""

    run: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="RUN|TASK")]
    """A run folder, one of `telic tasks`, or gym: and a Gymnasium id."""
    policy: str | None = None
    """Who acts, other than a run's policy: resting, random, pid (flights), or the path of a policy.safetensors."""
    seed: int = 1
    """Of the start, the disturbance and the noise."""
    seconds: float | None = None
    """How long; by default one episode."""
    out: Path | None = None
    """The file to write; by default RUN/flight-<seed>.mp4, or film-<seed>.mp4 in the run or here."""
    camera: str | None = None
    """A camera of the model; by default one that follows what moves."""
    look: Look = "plain"
    """The model's own colours, or those of a robot or a person under a sky."""
    size: tuple[int, int] = (960, 540)
    """Width and height [pixels]."""
    fps: int = 30
    """Frames per second."""
    json: bool = False
    """Print one JSON object."""


def main(argv: list[str]) -> int:
    """Run the verb."""
    arguments = parse(VideoArguments, argv, "telic video")
    from telic.launch.baseline import is_flight
    from telic.sim.gl import NoGraphicsError

    if arguments.seed < 0 or (arguments.seconds is not None and not 0 < arguments.seconds <= _LONGEST_S):
        raise UserError(
            f"--seed {arguments.seed} --seconds {arguments.seconds}; allowed: at least 0, and 0 to {_LONGEST_S:g}"
        )
    path = Path(arguments.run)
    try:
        found = _flight(arguments, path) if path.is_dir() and is_flight(path) else _film(arguments, path)
    except NoGraphicsError as error:
        raise UserError(str(error)) from error
    if arguments.json:
        print_json(found)
    else:
        say(str(found["video"]))
    return 0


def _flight(arguments: VideoArguments, path: Path) -> dict[str, Any]:
    """Film a flight with its path, and where it should be."""
    from telic.control.recording import record
    from telic.launch.run import reopen
    from telic.launch.stages import policy_of
    from telic.sim.render import save_flight_video

    run = reopen(path)
    out = arguments.out or run.folder.path / f"flight-{arguments.seed}.mp4"
    with Progress() as progress, progress.stage("video") as news:
        flight = record(run.task, policy_of(run), arguments.seed, arguments.seconds)
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
    return {"video": str(out), "seconds": float(flight.time[-1]), "final_distance_m": float(flight.distance[-1])}


def _film(arguments: VideoArguments, path: Path) -> dict[str, Any]:
    """Film anything else that can be played."""
    from telic.launch.film import Shot, shoot
    from telic.launch.viewer.cast import player_for
    from telic.sim.film import write_film

    shot = Shot(arguments.seconds, arguments.size, arguments.fps, arguments.camera, arguments.look)
    out = arguments.out or (path if path.is_dir() else Path()) / f"film-{arguments.seed}.mp4"
    player = player_for(arguments.run, arguments.policy, arguments.seed)
    try:
        with Progress() as progress, progress.stage("video") as news:
            write_film(out, shoot(player, shot, news), shot.fps)
    finally:
        player.close()
    return {"video": str(out), "return": player.readings().total}
