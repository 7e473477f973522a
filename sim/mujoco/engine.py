"""The simulations of a task on MuJoCo's batch: stepped, refreshed, and watched for those that break down."""

# MuJoCo keeps its classes in compiled modules, which pyright cannot read. A compiled function takes arrays.
# pyright: reportAttributeAccessIssue=false
# ruff: noqa: ANN001, ANN202

import copy
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass

import mujoco
import numpy as np
from mujoco.batch import Batch, SimulationError
from numpy.typing import NDArray

from telic.sim.compiled import compiled
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
        self._watched = self.batch.bind("qpos"), self.batch.bind("qvel"), self.batch.warning[:, :, _NUMBER]
        self._broken = np.zeros(num_envs, np.bool_)
        self.divergences: deque[Divergence] = deque(maxlen=_KEPT)

    def step(self) -> NDArray[np.bool_] | None:
        """Advance all simulations by one control period.

        Returns:
            Which ones broke down (N,), a live array; None for none.
        """
        messages: dict[int, str] = {}
        self._watch(self.batch.step, (None, self._decimation, self._stage_of_step), messages)
        if self._contacts:
            self._contacts.compute()
            self._watch(self.batch.forward, (None, self._refresh), messages)
        if not _find_broken(*self._watched, self._broken) and not messages:
            return None
        self._broken[list(messages)] = True
        self._record(np.flatnonzero(self._broken), messages)
        return self._broken

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

    def _watch(self, call: Callable[..., None], arguments: tuple, messages: dict[int, str]) -> None:
        """Make a call of the batch, and note for which simulations it failed, and why."""
        try:
            call(*arguments)
        except SimulationError as error:
            messages.update({int(i): self.batch.error(int(i)) for i in error.ids})

    def _record(self, ids: Integers, messages: dict[int, str]) -> None:
        for i in map(int, ids):
            warned = np.flatnonzero(self.batch.warning[i, :, _NUMBER])
            reasons = [messages[i]] if i in messages else [_WARNINGS[mujoco.mjtWarning(int(w))] for w in warned]
            if not reasons:
                reasons = [_WARNINGS[mujoco.mjtWarning.mjWARN_BADQPOS]]
            self.divergences.append(Divergence(i, "; ".join(reasons), self.batch.state[i].copy()))
        self.batch.warning[ids] = 0


@compiled(nogil=True, error_model="numpy")
def _find_broken(qpos, qvel, warnings, broken):
    """Write which simulations have a warning, or a number that is not finite or huge; return how many."""
    count = 0
    for i in range(len(broken)):
        fine = True
        for j in range(warnings.shape[1]):
            fine &= warnings[i, j] == 0
        # What is not a number is not smaller than anything.
        for j in range(qpos.shape[1]):
            fine &= abs(qpos[i, j]) < _HUGE
        for j in range(qvel.shape[1]):
            fine &= abs(qvel[i, j]) < _HUGE
        broken[i] = not fine
        count += not fine
    return count
