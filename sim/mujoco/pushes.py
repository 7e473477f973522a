"""Pushes: forces and sudden velocities at random times, as from a foot, a gust or a person."""

# MuJoCo keeps its classes in compiled modules, which pyright cannot read.
# pyright: reportAttributeAccessIssue=false

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import mujoco
import numpy as np
from numpy.typing import NDArray

from telic.sim.errors import TaskError, check_choice, check_number, check_range
from telic.sim.mujoco.draws import Floats, Integers, stream_key, uniforms_at
from telic.sim.suggest import did_you_mean

Vector3 = tuple[float, float, float]

_DRAWS = 8  # Uniform numbers a push: the time to the next one, its duration, and six components.


@dataclass(frozen=True)
class Push:
    """A push on one body, again and again.

    Attributes:
        body: Name of the body.
        kind: ``velocity`` adds to the velocity of a floating body at once; ``force`` acts for a while.
        linear: Largest component along each world axis [m/s] or [N]; drawn uniformly between it and its negative.
        angular: The same about each axis of the body [rad/s], or of the world [N m].
        interval_s: Shortest and longest time from the start of the episode or of the last push to the next [s].
        duration_s: Shortest and longest time that a force acts [s].
    """

    body: str
    kind: Literal["velocity", "force"] = "velocity"
    linear: Vector3 = (0.5, 0.5, 0.0)
    angular: Vector3 = (0.0, 0.0, 0.0)
    interval_s: tuple[float, float] = (5.0, 10.0)
    duration_s: tuple[float, float] = (0.1, 0.1)

    def __post_init__(self) -> None:
        check_choice(f"kind of the push of {self.body}", self.kind, ("velocity", "force"))
        for name in ("linear", "angular"):
            value = getattr(self, name)
            if not isinstance(value, tuple | list) or len(value) != 3:
                raise TaskError(f"{name} of the push of {self.body} is {value!r}; allowed: three numbers, one per axis")
            for component in value:
                check_number(f"{name} of the push of {self.body}", component, 0.0, 1e6)
        check_range(f"interval_s of the push of {self.body}", self.interval_s, 1e-3, 3600.0)
        check_range(f"duration_s of the push of {self.body}", self.duration_s, 1e-3, 3600.0)


class Pushes:
    """Pushes the bodies of many worlds, each at its own times.

    Attributes:
        pushes: What pushes.
        count: How often each has pushed in the present episodes (N, pushes).
        latest: The latest push of each (N, pushes, 6): linear, then angular.
    """

    def __init__(self, pushes: Sequence[Push], model: mujoco.MjModel, dt: float, num_envs: int, seed: int) -> None:
        """Find the bodies.

        Args:
            pushes: What pushes.
            model: The compiled model.
            dt: Control period [s].
            num_envs: How many worlds.
            seed: Seed of all draws.

        Raises:
            TaskError: If a body is not in the model, or cannot be pushed in this way.
        """
        self.pushes = tuple(pushes)
        for push in self.pushes:
            if sum((push.body, push.kind) == (other.body, other.kind) for other in self.pushes) > 1:
                raise TaskError(f"body {push.body!r} has two pushes of kind {push.kind!r}; join the two into one")
        self._dt, self._key = dt, stream_key(seed, "pushes")
        self._bodies = [_body(model, push.body) for push in self.pushes]
        self._dofs = [
            _floating(model, push, body) if push.kind == "velocity" else -1
            for push, body in zip(self.pushes, self._bodies, strict=True)
        ]
        self._limits = np.array([(*push.linear, *push.angular) for push in self.pushes]).reshape(-1, 6)
        shape = (num_envs, len(self.pushes))
        self.count = np.zeros(shape, np.int64)
        self.latest = np.zeros((*shape, 6))
        self._next = np.zeros(shape, np.int64)
        self._until = np.zeros(shape, np.int64)

    def reseed(self, seed: int) -> None:
        """Draw from another seed from now on."""
        self._key = stream_key(seed, "pushes")

    def begin(self, worlds: Integers, episodes: Integers, xfrc_applied: Floats) -> None:
        """Start new episodes: nothing pushes yet, and the first push of each is planned.

        Args:
            worlds: Which worlds (n,).
            episodes: The number of each one's episode (n,).
            xfrc_applied: Forces on all bodies of all worlds (N, nbody, 6), of which the pushed ones are cleared.
        """
        self.count[worlds] = self.latest[worlds] = self._until[worlds] = 0
        for i, push in enumerate(self.pushes):
            draws = self._draws(i, worlds, episodes)
            self._next[worlds, i] = self._steps(push.interval_s, draws[:, 0])
            if push.kind == "force":
                xfrc_applied[worlds, self._bodies[i]] = 0.0

    def apply(self, episodes: Integers, steps: Integers, qvel: Floats, xfrc_applied: Floats) -> None:
        """Push where it is time; to be called before every control step.

        Args:
            episodes: The number of each world's episode (N,).
            steps: Control steps since its start (N,).
            qvel: Velocities (N, nv), to which sudden velocities are added.
            xfrc_applied: Forces on the bodies (N, nbody, 6), set at the start and cleared at the end of a force.
        """
        for i, push in enumerate(self.pushes):
            body, dof = self._bodies[i], self._dofs[i]
            if push.kind == "force":
                over = (self._until[:, i] > 0) & (steps >= self._until[:, i])
                if over.any():
                    xfrc_applied[over, body] = 0.0
                    self._until[over, i] = 0
            due = np.flatnonzero(steps >= self._next[:, i])
            if not len(due):
                continue
            now = self._draws(i, due, episodes[due])
            strength = (2.0 * now[:, 2:] - 1.0) * self._limits[i]
            self.latest[due, i] = strength
            self.count[due, i] += 1
            self._next[due, i] = steps[due] + self._steps(push.interval_s, self._draws(i, due, episodes[due])[:, 0])
            if push.kind == "force":
                xfrc_applied[due, body] = strength
                self._until[due, i] = steps[due] + self._steps(push.duration_s, now[:, 1])
            else:
                qvel[due, dof : dof + 3] += strength[:, :3]
                qvel[due, dof + 3 : dof + 6] += strength[:, 3:]

    def episode_values(self) -> dict[str, NDArray[np.floating]]:
        """How often and how hard the present episodes were pushed, for their records."""
        values: dict[str, NDArray[np.floating]] = {}
        for i, push in enumerate(self.pushes):
            values[f"pushes:{push.body}:{push.kind}"] = self.count[:, i].astype(np.float64)
            values[f"latest_push:{push.body}:{push.kind}"] = self.latest[:, i].copy()
        return values

    def snapshot(self) -> dict[str, NDArray[np.generic]]:
        """Copy all that changes."""
        return {name: array.copy() for name, array in self._arrays().items()}

    def restore(self, snapshot: dict[str, NDArray[np.generic]], worlds: Integers) -> None:
        """Go back to a snapshot in these worlds."""
        for name, array in self._arrays().items():
            array[worlds] = snapshot[name][worlds]

    def _arrays(self) -> dict[str, NDArray[np.generic]]:
        return {"count": self.count, "latest": self.latest, "next": self._next, "until": self._until}

    def _draws(self, push: int, worlds: Integers, episodes: Integers) -> Floats:
        """Return the numbers of each world's next push (n, 8)."""
        place = (self.count[worlds, push] * len(self.pushes) + push) * _DRAWS
        return uniforms_at(self._key, worlds, episodes, _DRAWS, place)

    def _steps(self, interval_s: tuple[float, float], share: Floats) -> Integers:
        """Return times between two numbers of seconds, in control steps of at least one."""
        seconds = interval_s[0] + (interval_s[1] - interval_s[0]) * share
        return np.maximum(1, np.rint(seconds / self._dt)).astype(np.int64)


def _body(model: mujoco.MjModel, name: str) -> int:
    names = [model.body(i).name for i in range(1, model.nbody)]
    if name not in names:
        raise TaskError(f"push: the model has no body {name!r}{did_you_mean(name, names)}")
    return model.body(name).id


def _floating(model: mujoco.MjModel, push: Push, body: int) -> int:
    """Return the first degree of freedom of a body's free joint."""
    joint = int(model.body_jntadr[body])
    if joint < 0 or model.jnt_type[joint] != mujoco.mjtJoint.mjJNT_FREE:
        raise TaskError(f"push: body {push.body!r} has no free joint, so its velocity cannot jump; use kind='force'")
    return int(model.jnt_dofadr[joint])
