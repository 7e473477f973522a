"""`telic play RUN|TASK`: a policy at work, in a browser."""

from dataclasses import dataclass
from typing import Annotated

import tyro

from telic.launch.arguments import parse
from telic.launch.errors import UserError
from telic.launch.output import say


@dataclass(frozen=True)
class PlayArguments:
    """Play a run's policy, or a task, live in a browser on this machine: pause, speed, and sliders for commands."""

    what: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="RUN|TASK")]
    """A run folder, one of `telic tasks`, or gym: and a Gymnasium id."""
    policy: str | None = None
    """Who acts first: resting, random, pid (flights), policy (a run's own), or the path of a policy.safetensors."""
    port: int = 8080
    """Where the page is: http://127.0.0.1:PORT, or the next free port."""
    seed: int = 1
    """Of the episodes."""
    paused: bool = False
    """Wait for the button."""
    seconds: float | None = None
    """Stop after this time; by default on Ctrl-C."""


def main(argv: list[str]) -> int:
    """Run the verb."""
    arguments = parse(PlayArguments, argv, "telic play")
    try:
        from telic.launch.viewer.app import Viewer
    except ImportError as error:
        raise UserError(f"the viewer needs {error.name}: pip install 'telic[viz]'") from error
    from telic.launch.viewer.cast import player_for

    if not 0 < arguments.port < 65536 or arguments.seed < 0:
        raise UserError(f"--port {arguments.port} --seed {arguments.seed}; allowed: 1 to 65535, and at least 0")
    player = player_for(arguments.what, arguments.policy, arguments.seed)
    viewer = Viewer(player, arguments.port, arguments.paused)
    try:
        say(f"{player.title}: {viewer.url}   (Ctrl-C to stop)")
        viewer.run(arguments.seconds)
    finally:
        viewer.close()
        player.close()
    return 0
