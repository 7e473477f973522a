"""The simulations of a task on MuJoCo's batch: stepped, refreshed, and watched for those that break down."""

# MuJoCo keeps its classes in compiled modules, which pyright cannot read.
# pyright: reportAttributeAccessIssue=false

import copy
from collections import deque
from dataclasses import dataclass

import mujoco
import numpy as np
from mujoco.batch import Batch, SimulationError
from numpy.typing import NDArray

from telic.sim.mujoco.contact_forces import ContactForces
from telic.sim.mujoco.draws import Floats, Integers
from telic.sim.mujoco.signals import needs_contact_forces
from telic.sim.mujoco.task import MujocoTask

_NONE, _VELOCITY, _ALL = (
    int(stage.value)
    for stage in (mujoco.mjtStage.mjSTAGE_NONE, mujoco.mjtStage.mjSTAGE_VEL, mujoco.mjtStage.mjSTAGE_ACC)
)
_NUMBER = 1  # Of the two numbers of a warning: the last information, and how often.
_WARNINGS = {
    mujoco.mjtWarning.mjWARN_INERTIA: "the inertia matrix is nearly singular",
    mujoco.mjtWarning.mjWARN_CONTACTFULL: "there is no memory for more contacts",
    mujoco.mjtWarning.mjWARN_CNSTRFULL: "there is no memory for more constraints",
    mujoco.mjtWarning.mjWARN_BADQPOS: "a position is not finite, or huge",
    mujoco.mjtWarning.mjWARN_BADQVEL: "a velocity is not finite, or huge",
    mujoco.mjtWarning.mjWARN_BADQACC: "an acceleration is not finite, or huge",
    mujoco.mjtWarning.mjWARN_BADCTRL: "a control is not finite",
}
# What MuJoCo itself calls huge.
_HUGE = 1e10
# Broken worlds that are kept for inspection.
_KEPT = 64


@dataclass(frozen=True)
class Divergence:
    """A simulation that broke down.

    Attributes:
        world: Which one.
        reason: In words.
        state: Its integration state (nstate,), as `mujoco.mj_setState` takes it with ``mjSTATE_INTEGRATION``: that in
            which it broke down, or the one before where MuJoCo refused to go on.
    """

    world: int
    reason: str
    state: Floats


class Engine:
    """Steps all simulations of a task.

    Attributes:
        model: The model that all worlds share, but for the fields that differ.
        batch: MuJoCo's batch.
        divergences: The latest simulations that broke down.
    """

    def __init__(self, task: MujocoTask, num_envs: int, threads: int) -> None:
        """Make the simulations; they stand in the model's reference configuration."""
        self.model = copy.copy(task.model)
        # A simulation that breaks down is left as it is, for inspection, until the world restarts it.
        self.model.opt.disableflags |= mujoco.mjtDisableBit.mjDSBL_AUTORESET
        contacts = needs_contact_forces(task.signals)
        self._refresh = _VELOCITY if task.refresh == "velocity" else _NONE
        self._decimation = task.decimation
        # One MjData per simulation costs a little memory traffic: only where a call needs what the one before left.
        persistent = contacts or self._refresh != _NONE
        self.batch = Batch(self.model, num_envs, min(threads, num_envs), persistent)
        self._contacts = ContactForces(self.batch) if contacts else None
        self._qpos, self._qvel = self.batch.bind("qpos"), self.batch.bind("qvel")
        self.divergences: deque[Divergence] = deque(maxlen=_KEPT)

    def step(self) -> NDArray[np.bool_]:
        """Advance all simulations by one control period.

        Returns:
            Which ones broke down (N,).
        """
        broken = np.zeros(self.batch.nsim, np.bool_)
        messages: dict[int, str] = {}
        self._watch(lambda: self.batch.step(nstep=self._decimation, stage=self._stage_of_step), broken, messages)
        if self._contacts:
            self._contacts.compute()
            self._watch(lambda: self.batch.forward(stage=self._refresh), broken, messages)
        warned = self.batch.warning[:, :, _NUMBER].any(axis=1)
        broken |= warned
        broken |= ~_bounded(self._qpos) | ~_bounded(self._qvel)
        if broken.any():
            self._record(np.flatnonzero(broken), messages)
        return broken

    @property
    def _stage_of_step(self) -> int:
        # Contact forces belong to the last physics step: what refreshes comes after them.
        return _NONE if self._contacts else self._refresh

    def reset(self, ids: Integers, keyframe: int = -1) -> None:
        """Put simulations into the model's reference configuration, or a keyframe; `forward` must follow."""
        self.batch.reset(self._some(ids), keyframe, _NONE)

    def forward(self, ids: Integers) -> None:
        """Compute everything at the present states."""
        self.batch.forward(self._some(ids), _ALL)

    def _some(self, ids: Integers) -> NDArray[np.int32] | None:
        return None if len(ids) == self.batch.nsim else ids.astype(np.int32)

    def _watch(self, call, broken: NDArray[np.bool_], messages: dict[int, str]) -> None:  # noqa: ANN001
        try:
            call()
        except SimulationError as error:
            broken[error.ids] = True
            messages.update({int(i): self.batch.error(int(i)) for i in error.ids})

    def _record(self, ids: Integers, messages: dict[int, str]) -> None:
        for i in map(int, ids):
            warned = np.flatnonzero(self.batch.warning[i, :, _NUMBER])
            reasons = [messages[i]] if i in messages else [_WARNINGS[mujoco.mjtWarning(int(w))] for w in warned]
            if not reasons:
                reasons = [_WARNINGS[mujoco.mjtWarning.mjWARN_BADQPOS]]
            self.divergences.append(Divergence(i, "; ".join(reasons), self.batch.state[i].copy()))
        self.batch.warning[ids] = 0


def _bounded(values: Floats) -> NDArray[np.bool_]:
    """Whether all numbers of each row are finite and not huge; one cheap pass in the usual case."""
    if not values.size or np.abs(values).max() < _HUGE:
        return np.ones(len(values), np.bool_)
    return np.asarray((np.abs(values) < _HUGE).all(axis=1))
