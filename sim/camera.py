"""From where a picture is taken."""

# MuJoCo keeps its classes in compiled modules, which pyright cannot read.
# pyright: reportAttributeAccessIssue=false

import math
from dataclasses import dataclass, fields

import mujoco
import numpy as np

from telic.sim.suggest import did_you_mean


@dataclass(frozen=True)
class Camera:
    """A camera of the model by name, or one that looks at a point or follows a body.

    What is not given is as MuJoCo's viewer would have it: a free camera looks at the middle of the model from a
    distance that shows all of it.

    Attributes:
        name: A camera of the model; nothing else is then allowed.
        track: A body to follow; without turning with it.
        lookat: (3,) the point to look at [m], world frame; while a body is followed, the offset from it.
        distance: From that point [m].
        azimuth: Direction of the view around the vertical [degrees]: from 0 it looks along x, from 90 along y.
        elevation: Direction of the view above the horizontal [degrees]; negative looks down.
        level: While a body is followed: do not follow it up and down but look at this height [m]. A fall then shows.
    """

    name: str | None = None
    track: str | None = None
    lookat: tuple[float, float, float] | None = None
    distance: float | None = None
    azimuth: float | None = None
    elevation: float | None = None
    level: float | None = None

    def __post_init__(self) -> None:
        given = [field.name for field in fields(self) if getattr(self, field.name) is not None]
        if self.name is not None and len(given) > 1:
            raise ValueError(f"a camera by name is where the model has it; also given: {', '.join(given[1:])}")
        for number in (self.distance, self.azimuth, self.elevation, self.level, *(self.lookat or ())):
            if number is not None and not math.isfinite(number):
                raise ValueError(f"{self} has a number that is not finite")
        if self.distance is not None and self.distance <= 0.0:
            raise ValueError(f"the camera's distance is {self.distance}; allowed: more than 0 m")
        if self.level is not None and self.track is None:
            raise ValueError("level is for a camera that follows a body; name the body with track")


# As VLM-RM looks at the humanoid (https://github.com/AlignmentResearch/vlmrm): the whole figure, slightly from above.
HUMANOID = Camera(track="torso", distance=3.5, azimuth=180.0, elevation=-10.0, level=1.0)


class Aim:
    """A camera, found in a model, that can be pointed in any state of it."""

    def __init__(self, model: mujoco.MjModel, camera: Camera) -> None:
        """Find what the camera names.

        Raises:
            ValueError: If the model does not have it.
        """
        self._camera = camera
        self._mjv = mujoco.MjvCamera()
        mujoco.mjv_defaultFreeCamera(model, self._mjv)
        if camera.name is not None:
            self._mjv.type = mujoco.mjtCamera.mjCAMERA_FIXED
            self._mjv.fixedcamid = _find(model, "camera", camera.name)
        self._body = None if camera.track is None else _find(model, "body", camera.track)
        for name in ("distance", "azimuth", "elevation", "lookat"):
            value = getattr(camera, name)
            if value is not None:
                setattr(self._mjv, name, value)

    def at(self, data: mujoco.MjData) -> mujoco.MjvCamera:
        """Return the camera for a state whose kinematics are up to date."""
        if self._body is not None:
            offset = self._camera.lookat or (0.0, 0.0, 0.0)
            self._mjv.lookat[:] = data.xpos[self._body] + offset
            if self._camera.level is not None:
                self._mjv.lookat[2] = self._camera.level
        return self._mjv


def default_camera(model: mujoco.MjModel) -> Camera:
    """Return a camera that shows what a model does: it follows a robot that moves about, and keeps still for others."""
    for body in range(1, model.nbody):
        if not model.body_dofnum[body]:
            continue
        first = model.body_jntadr[body]
        kinds = model.jnt_type[first : first + model.body_jntnum[body]]
        slides = (kinds == mujoco.mjtJoint.mjJNT_SLIDE).sum()
        name = model.body(body).name
        if name and (slides >= 2 or (kinds == mujoco.mjtJoint.mjJNT_FREE).any()):
            return Camera(track=name, distance=_distance(model, body), azimuth=130.0, elevation=-15.0)
        return Camera()
    return Camera()


def _distance(model: mujoco.MjModel, body: int) -> float:
    """Return from how far [m] all that hangs on a body is in the picture, whichever way it turns."""
    data = mujoco.MjData(model)
    mujoco.mj_kinematics(model, data)
    geoms = model.body_rootid[model.geom_bodyid] == model.body_rootid[body]
    reach = np.linalg.norm(data.geom_xpos[geoms] - data.xpos[body], axis=1) + model.geom_rbound[geoms]
    return float(1.1 * reach.max(initial=0.1) / np.tan(np.radians(0.5 * model.vis.global_.fovy)))


def _find(model: mujoco.MjModel, kind: str, name: str) -> int:
    """Return the number of a named camera or body."""
    kinds = {"camera": (mujoco.mjtObj.mjOBJ_CAMERA, model.ncam), "body": (mujoco.mjtObj.mjOBJ_BODY, model.nbody)}
    object_type, count = kinds[kind]
    number = mujoco.mj_name2id(model, object_type, name)
    if number < 0:
        names = [other for index in range(count) if (other := mujoco.mj_id2name(model, object_type, index))]
        raise ValueError(f"the model has no {kind} {name!r}{did_you_mean(name, names)}")
    return number
