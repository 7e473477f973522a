"""A model in the browser: its bodies as frames, its shapes below them."""

# MuJoCo keeps its classes in compiled modules, which pyright cannot read.
# pyright: reportAttributeAccessIssue=false

import mujoco
import numpy as np
import viser

from telic.launch.viewer.shapes import floors_of, shapes_of
from telic.sim.camera import default_camera
from telic.sim.puppet import Mark

_MARK_RGB = (33, 115, 217)
_CELLS = 0.25
_SKY_LIGHT = 2.0


class ModelScene:
    """Shows one model, and moves it.

    Attributes:
        follow: Keep the robot in the middle, by moving the world instead of the visitors' cameras.
    """

    def __init__(self, server: viser.ViserServer, model: mujoco.MjModel, data: mujoco.MjData) -> None:
        """Build the scene.

        Args:
            server: Where visitors come.
            model: What is shown.
            data: Where it stands first.
        """
        self._server, self._model = server, model
        self._world = server.scene.add_frame("/world", show_axes=False)
        self._bodies = [
            server.scene.add_frame(f"/world/{_name(model, body)}", show_axes=False) for body in range(model.nbody)
        ]
        self._marks: dict[str, viser.IcosphereHandle] = {}
        for shape in shapes_of(model):
            server.scene.add_mesh_simple(
                f"/world/{_name(model, shape.body)}/{shape.name}",
                shape.vertices,
                shape.faces,
                color=np.clip(255.0 * shape.rgba[:3], 0.0, 255.0).astype(np.uint8),
                opacity=float(shape.rgba[3]) if shape.rgba[3] < 1.0 else None,
                position=shape.position,
                wxyz=shape.wxyz,
            )
        for number, height in enumerate(floors_of(model)):
            server.scene.add_grid(
                f"/world/floor_{number}", infinite_grid=True, cell_size=_CELLS, section_size=1.0,
                plane_color=(236, 239, 243), plane_opacity=1.0, position=(0.0, 0.0, height), fade_distance=40.0,
            )  # fmt: skip
        server.scene.set_up_direction("+z")
        server.scene.add_light_hemisphere("/sky", intensity=_SKY_LIGHT)
        camera = default_camera(model)
        self._target = None if camera.track is None else model.body(camera.track).id
        self.follow = self._target is not None
        self._place_cameras(data)

    def _place_cameras(self, data: mujoco.MjData) -> None:
        """Let visitors begin with the whole robot in view."""
        free = mujoco.MjvCamera()
        mujoco.mjv_defaultFreeCamera(self._model, free)
        camera = default_camera(self._model)
        distance = camera.distance or free.distance
        centre = np.array(free.lookat) if self._target is None else data.xpos[self._target].copy()
        if self._target is not None:
            centre[:2] = 0.0
        way = np.array([-0.75, -1.0, 0.45])
        self._server.initial_camera.look_at = tuple(centre)
        self._server.initial_camera.position = tuple(centre + distance * way / np.linalg.norm(way))

    def update(self, data: mujoco.MjData, marks: tuple[Mark, ...] = ()) -> None:
        """Move everything to where it is."""
        with self._server.atomic():
            for body, frame in enumerate(self._bodies):
                frame.position, frame.wxyz = data.xpos[body], data.xquat[body]
            for mark in marks:
                self._mark(mark).position = mark.position
            offset = np.zeros(3)
            if self.follow and self._target is not None:
                offset[:2] = -data.xpos[self._target, :2]
            self._world.position = offset

    def _mark(self, mark: Mark) -> viser.IcosphereHandle:
        """Return the point of this name, which is made when it is first seen."""
        if mark.name not in self._marks:
            self._marks[mark.name] = self._server.scene.add_icosphere(
                f"/world/mark_{mark.name}", radius=mark.radius, color=_MARK_RGB
            )
        return self._marks[mark.name]


def _name(model: mujoco.MjModel, body: int) -> str:
    """Return a name of a body that is unique and that the browser's tree may show."""
    return f"{body}_{(model.body(body).name or 'body').replace('/', '_')}"
