"""Films of anything that can be played: what the viewer shows live, to a file."""

# MuJoCo keeps its classes in compiled modules, which pyright cannot read.
# pyright: reportAttributeAccessIssue=false

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from telic.launch.errors import UserError
from telic.launch.viewer.player import Player, TaskPlayer
from telic.sim.appearance import PERSON, ROBOT, dressed
from telic.sim.camera import Camera, default_camera
from telic.sim.canvas import FILM, Frame
from telic.sim.frames import Frames
from telic.sim.mujoco.task import MujocoTask

Look = Literal["plain", "robot", "person"]
_LOOKS = {"robot": ROBOT, "person": PERSON}


@dataclass(frozen=True)
class Shot:
    """What a film shows, and how.

    Attributes:
        seconds: How long [s]; one episode by default.
        size: Width and height [pixels].
        fps: Frames per second.
        camera: A camera of the model by name; by default one that follows what moves.
        look: The model's own colours, or others.
    """

    seconds: float | None = None
    size: tuple[int, int] = (960, 540)
    fps: int = 30
    camera: str | None = None
    look: Look = "plain"


def shoot(player: Player, shot: Shot, progress: Callable[[str], None]) -> Iterator[Frame]:
    """Play, and draw each frame.

    Args:
        player: What is played.
        shot: What is shown, and how.
        progress: Takes the latest news.

    Raises:
        UserError: If the model does not have the camera, or cannot be given the look.
        NoGraphicsError: If this machine cannot draw.
    """
    if player.puppet is None:
        yield from _pictures(player, shot, progress)
        return
    model = player.puppet.model
    if shot.look != "plain":
        if not isinstance(player, TaskPlayer) or not isinstance(player.task, MujocoTask):
            raise UserError(f"--look {shot.look} is for MuJoCo tasks; {player.title} keeps its own")
        model = dressed(player.task.xml, _LOOKS[shot.look], player.task.assets)
    camera = default_camera(model) if shot.camera is None else Camera(shot.camera)
    try:
        frames = Frames(model, shot.size, camera, FILM)
    except ValueError as error:
        raise UserError(f"--camera, --size: {error}") from error
    with frames:
        for number in _moments(player, shot):
            data = player.puppet.pose()
            yield frames.draw(data.qpos, *((data.mocap_pos, data.mocap_quat) if model.nmocap else ()))[0]
            progress(f"frame {number + 1}")


def _pictures(player: Player, shot: Shot, progress: Callable[[str], None]) -> Iterator[Frame]:
    """Yield what a world without a model draws of itself, cut to even sides."""
    for number in _moments(player, shot):
        picture = player.picture()
        if picture is None:
            raise UserError(f"{player.title} cannot be drawn")
        height, width = (side - side % 2 for side in picture.shape[:2])
        yield np.ascontiguousarray(picture[:height, :width])
        progress(f"frame {number + 1}")


def _moments(player: Player, shot: Shot) -> Iterator[int]:
    """Yield the number of each frame when its time has come; the player is stepped between."""
    due, number = 0.0, 0
    while player.readings().episode == 1 if shot.seconds is None else number < shot.seconds * shot.fps:
        yield number
        number += 1
        due += 1.0 / (shot.fps * player.dt)
        while due >= 1.0:
            player.step()
            due -= 1.0
