"""An offscreen OpenGL context on machines with and without a display."""

# MuJoCo keeps its classes in compiled modules, which pyright cannot read.
# pyright: reportAttributeAccessIssue=false, reportMissingImports=false

import os
import platform
from importlib import import_module
from typing import Any

REMEDIES = """\
MuJoCo found no way to draw offscreen. One of these helps:
  - software or GPU drawing without a display: sudo apt-get install libegl1 libgl1-mesa-dri  (then MUJOCO_GL=egl)
  - plain software drawing:                    sudo apt-get install libosmesa6               (then MUJOCO_GL=osmesa)
  - a display:                                 run in a desktop session                      (then MUJOCO_GL=glfw)
Tried: {tried}"""


class NoGraphicsError(RuntimeError):
    """This machine cannot draw; the message says what would help."""


def backends() -> tuple[str, ...]:
    """Return the OpenGL backends to try, best first: the one in MUJOCO_GL, or those that suit the machine."""
    chosen = os.environ.get("MUJOCO_GL", "").lower().strip()
    if chosen in ("egl", "osmesa", "glfw", "cgl"):
        return (chosen,)
    if platform.system() == "Darwin":
        return ("cgl", "glfw")
    if platform.system() != "Linux":
        return ("glfw",)
    # Without a display, GLFW does not fail but prints errors and gives nothing; EGL also serves with one.
    return ("egl", "osmesa")


def offscreen_context(width: int, height: int) -> Any:
    """Return a current OpenGL context of at least this size [pixels]; free it with ``free()``.

    Raises:
        NoGraphicsError: If no backend works, with what would help.
    """
    tried = []
    for backend in backends():
        try:
            context = import_module(f"mujoco.{backend}").GLContext(width, height)
            context.make_current()
        except Exception as error:  # Missing libraries and drivers surface as many kinds of errors.
            tried.append(f"{backend}: {error}")
        else:
            return context
    raise NoGraphicsError(REMEDIES.format(tried="; ".join(tried)))
