"""Applies a task's reset rules: the first states of new episodes."""

# MuJoCo keeps its classes in compiled modules, which pyright cannot read.
# pyright: reportAttributeAccessIssue=false

from collections.abc import Callable, Mapping
from typing import Any

import mujoco
import numpy as np
from mujoco.batch import Batch
from numpy.typing import NDArray

from telic.sim.errors import TaskError
from telic.sim.mujoco.draws import Floats, Integers, gaussians, stream_key, uniforms, uniforms_at
from telic.sim.mujoco.model import Ids, find, position_columns, velocity_columns
from telic.sim.mujoco.starts import Arrange, Disturb, Draw, FromKeyframe, Place, ResetRule
from telic.sim.mujoco.task import MujocoTask
from telic.sim.suggest import did_you_mean

# A point that still lies out of reach after so many draws means that the rule allows hardly any.
_TRIES = 1000

# Changes the first states of some episodes in place.
_Step = Callable[["Episodes"], None]


class Episodes:
    """The first states of some new episodes; what reset rules change. See `telic.sim.mujoco.starts.Start`.

    Attributes:
        qpos: Positions (n, nq).
        qvel: Velocities (n, nv).
        ctrl: Controls (n, nu).
        mocap_pos: Positions of mocap bodies (n, nmocap, 3) [m].
        mocap_quat: Rotations of mocap bodies (n, nmocap, 4), w x y z.
    """

    def __init__(
        self,
        model: mujoco.MjModel,
        states: tuple[Floats, ...],
        worlds: Integers,
        episodes: Integers,
        key: int,
        commands: Mapping[str, NDArray[Any]],
    ) -> None:
        """Copy the present states of some worlds.

        Args:
            model: The model.
            states: The states of all worlds: live arrays, as `bind_states` gives them.
            worlds: Which worlds (n,).
            episodes: The number of each one's episode (n,).
            key: Key of all draws.
            commands: Values of the commands by name, of these worlds (n, size).
        """
        self._model, self._states, self._worlds, self._numbers, self._key = model, states, worlds, episodes, key
        self._commands = commands
        self._drawn = 0
        self.qpos, self.qvel, self.ctrl, self.mocap_pos, self.mocap_quat = (state[worlds] for state in states)

    def write(self) -> None:
        """Write the states back."""
        changed = self.qpos, self.qvel, self.ctrl, self.mocap_pos, self.mocap_quat
        for state, values in zip(self._states, changed, strict=True):
            if values.size:
                state[self._worlds] = values

    def uniform(self, count: int) -> Floats:
        """Return random numbers (n, count), uniform in [0, 1); each call returns others."""
        first, self._drawn = self._drawn, self._drawn + count
        return uniforms(self._key, self._worlds, self._numbers, count, first)

    def gaussian(self, count: int) -> Floats:
        """Return independent standard Gaussians (n, count); each call returns others."""
        # Gaussians are made in pairs of uniform numbers, and so begin at an even place.
        pairs = -(-self._drawn // 2)
        self._drawn = 2 * (pairs + -(-count // 2))
        return gaussians(self._key, self._worlds, self._numbers, count, pairs)

    def uniform_until(self, count: int, fits: Callable[[Floats], NDArray[np.bool_]], about: str) -> Floats:
        """Return uniform random numbers (n, count), drawn again in each world until they fit.

        Raises:
            TaskError: If they hardly ever do.
        """
        first, self._drawn = self._drawn, self._drawn + _TRIES * count
        values = uniforms(self._key, self._worlds, self._numbers, count, first)
        tries = np.zeros(len(self._worlds), np.int64)
        while len(wrong := np.flatnonzero(~fits(values))):
            tries[wrong] += 1
            if tries.max() >= _TRIES:
                raise TaskError(f"{about}: {_TRIES} draws in a row were out of reach; widen the range")
            values[wrong] = uniforms_at(
                self._key, self._worlds[wrong], self._numbers[wrong], count, first + tries[wrong] * count
            )
        return values

    def command(self, name: str) -> NDArray[Any]:
        """Return the values of a command (n, size), to be read or changed.

        Raises:
            TaskError: If the task has no such command.
        """
        if name not in self._commands:
            raise TaskError(f"the task has no command {name!r}{did_you_mean(name, self._commands)}")
        return self._commands[name]

    def position(self, joint: str) -> Floats:
        """Return the position of a joint (n, size): a view of ``qpos``.

        Raises:
            TaskError: If the model has no such joint.
        """
        return self.qpos[:, _as_slice(position_columns(self._model, (joint,), "a reset rule"))]

    def velocity(self, joint: str) -> Floats:
        """Return the velocity of a joint (n, size): a view of ``qvel``.

        Raises:
            TaskError: If the model has no such joint.
        """
        return self.qvel[:, _as_slice(velocity_columns(self._model, (joint,), "a reset rule"))]


def bind_states(batch: Batch) -> tuple[Floats, ...]:
    """Return what rules may change, of all worlds (N, ...): live arrays."""
    return tuple(batch.bind(field) for field in ("qpos", "qvel", "ctrl", "mocap_pos", "mocap_quat"))


class Beginning:
    """How the episodes of a task begin.

    Attributes:
        keyframe: Number of the keyframe in which they begin; -1 for the model's reference configuration.
    """

    def __init__(self, task: MujocoTask, batch: Batch, seed: int) -> None:
        """Find what the rules name.

        Raises:
            TaskError: If the model does not have it.
        """
        model = self._model = batch.model
        self._states, self._activations = bind_states(batch), batch.bind("act")
        self._servos = _integrating_servos(model)
        self.keyframe = -1
        self._steps: list[_Step] = []
        for rule in task.reset:
            if isinstance(rule, FromKeyframe):
                self.keyframe = find(model, "keyframe", rule.name, "a reset rule")
            else:
                self._steps.append(self._step(rule))
        self.reseed(seed)

    def reseed(self, seed: int) -> None:
        """Draw from another seed from now on."""
        self._key = stream_key(seed, "start")

    def apply(self, worlds: Integers, episodes: Integers, ctrl: Floats, commands: Mapping[str, NDArray[Any]]) -> None:
        """Change the states of worlds that stand in the reference configuration or the keyframe.

        Args:
            worlds: Which worlds (n,).
            episodes: The number of each one's episode (n,).
            ctrl: The controls with which episodes begin (nu,).
            commands: Values of the commands by name, of these worlds (n, size); rules may change them.
        """
        start = Episodes(self._model, self._states, worlds, episodes, self._key, commands)
        start.ctrl[:] = ctrl
        for step in self._steps:
            step(start)
        start.write()
        activations, positions, gears = self._servos
        if len(activations):
            self._activations[np.ix_(worlds, activations)] = start.qpos[:, positions] * gears

    def _step(self, rule: ResetRule) -> _Step:
        match rule:
            case Disturb():
                return _disturb(self._model, rule)
            case Draw():
                return _draw(self._model, rule)
            case Place():
                return _place(self._model, rule)
            case Arrange(function):
                return function
        raise TaskError(f"unknown reset rule {rule!r}; known: FromKeyframe, Disturb, Draw, Place, Arrange")


def _integrating_servos(model: mujoco.MjModel) -> tuple[Ids, Ids, Floats]:
    """Return activations of position servos whose target is integrated, and the positions and gears of their joints.

    Such a servo begins with the target where its joint is, or an episode begins with a jerk.
    """
    servos = [
        i
        for i in range(model.nactuator)
        if model.actuator_dyntype[i] == mujoco.mjtDyn.mjDYN_INTEGRATOR
        and model.actuator_biastype[i] == mujoco.mjtBias.mjBIAS_AFFINE
        and model.actuator_trntype[i] == mujoco.mjtTrn.mjTRN_JOINT
    ]
    joints = model.actuator_trnid[servos, 0]
    return (
        model.actuator_actadr[servos].astype(np.int64),
        model.jnt_qposadr[joints].astype(np.int64),
        model.actuator_gear[servos, 0].copy(),
    )


def _disturb(model: mujoco.MjModel, rule: Disturb) -> _Step:
    columns = _columns_of(model, rule.what, rule.joints)

    def step(start: Episodes) -> None:
        values = start.qpos if rule.what == "position" else start.qvel
        if rule.kind == "normal":
            values[:, columns] += rule.scale * start.gaussian(len(columns))
        else:
            values[:, columns] += rule.scale * (2.0 * start.uniform(len(columns)) - 1.0)

    return step


def _draw(model: mujoco.MjModel, rule: Draw) -> _Step:
    columns = _columns_of(model, rule.what, rule.joints)
    about = f"a drawn {rule.what} of {', '.join(rule.joints)}"
    low, high = (_each(value, len(columns), about) for value in (rule.low, rule.high))
    center = _each(rule.center or 0.0, len(columns), about)

    def fits(shares: Floats) -> NDArray[np.bool_]:
        nearest, furthest = rule.between or (0.0, np.inf)
        distance = np.linalg.norm(low + (high - low) * shares - center, axis=1)
        return (distance > nearest) & (distance < furthest)

    def step(start: Episodes) -> None:
        values = start.qpos if rule.what == "position" else start.qvel
        count = len(columns)
        shares = start.uniform(count) if rule.between is None else start.uniform_until(count, fits, about)
        values[:, columns] = low + (high - low) * shares

    return step


def _place(model: mujoco.MjModel, rule: Place) -> _Step:
    body = find(model, "body", rule.body, "a reset rule")
    mocap, joint = int(model.body_mocapid[body]), int(model.body_jntadr[body])
    floats = joint >= 0 and model.jnt_type[joint] == mujoco.mjtJoint.mjJNT_FREE
    if mocap < 0 and not floats:
        raise TaskError(f"a reset rule places body {rule.body!r}, which has no free joint and is no mocap body")
    low, high = np.array(rule.low), np.array(rule.high)

    def step(start: Episodes) -> None:
        shares = start.uniform(4)
        position = low + (high - low) * shares[:, :3]
        half_yaw = 0.5 * (rule.yaw[0] + (rule.yaw[1] - rule.yaw[0]) * shares[:, 3])
        turn = np.zeros((len(shares), 4))
        turn[:, 0], turn[:, 3] = np.cos(half_yaw), np.sin(half_yaw)
        if mocap >= 0:
            start.mocap_pos[:, mocap], start.mocap_quat[:, mocap] = position, turn
        else:
            first = int(model.jnt_qposadr[joint])
            start.qpos[:, first : first + 3], start.qpos[:, first + 3 : first + 7] = position, turn

    return step


def _columns_of(model: mujoco.MjModel, what: str, joints: tuple[str, ...]) -> Ids:
    columns = position_columns if what == "position" else velocity_columns
    return columns(model, joints, "a reset rule")


def _each(value: float | tuple[float, ...], count: int, about: str) -> Floats:
    values = np.asarray(value, np.float64)
    if values.shape not in ((), (count,)):
        raise TaskError(f"{about}: {value!r} has {values.size} numbers; allowed: 1 or {count}")
    return np.broadcast_to(values, (count,))


def _as_slice(columns: Ids) -> slice:
    return slice(int(columns[0]), int(columns[-1]) + 1)
