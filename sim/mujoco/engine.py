"""The simulations of a task on MuJoCo's batch: stepped, refreshed, and watched for those that break down."""

# MuJoCo keeps its classes in compiled modules, which pyright cannot read. A compiled function takes arrays.
# pyright: reportAttributeAccessIssue=false
# ruff: noqa: ANN001, ANN202

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import mujoco
import numpy as np
from mujoco.batch import Batch, SimulationError
from numpy.typing import NDArray

from telic.sim.compiled import compiled
from telic.sim.mujoco.contact_forces import CONTACT_FIELDS, ContactStep
from telic.sim.mujoco.draws import Floats, Integers
from telic.sim.mujoco.library import untimed
from telic.sim.mujoco.listed_pairs import model_of
from telic.sim.mujoco.signals import Reading, fields_of
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
# What the batch keeps in its state rows; all else is computed.
_STATE = frozenset(
    {"time", "qpos", "qvel", "act", "history", "qacc_warmstart", "ctrl", "qfrc_applied", "xfrc_applied", "eq_active"}
    | {"mocap_pos", "mocap_quat", "userdata", "plugin_state", "plastic"}
)
# Fields of the model that say where MuJoCo itself lets a simulation begin.
_STARTS = ("qpos0", "body_pos", "body_quat", "eq_active0", "key_qpos", "key_qvel", "key_act", "key_ctrl")


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

    def __init__(self, task: MujocoTask, readings: Iterable[Reading], num_envs: int, threads: int) -> None:
        """Make the simulations; they stand in the model's reference configuration.

        Args:
            task: The task.
            readings: What will be read.
            num_envs: How many simulations.
            threads: On how many threads at most.
        """
        self.model = model_of(task)
        # A simulation that breaks down is left as it is, for inspection, until the world restarts it.
        self.model.opt.disableflags |= mujoco.mjtDisableBit.mjDSBL_AUTORESET
        if self.model.ntree <= 1 and not self.model.opt.enableflags & mujoco.mjtEnableBit.mjENBL_SLEEP:
            # One robot is one island: to look for others costs up to 8 % of a step, and changes no bit of it.
            self.model.opt.disableflags |= mujoco.mjtDisableBit.mjDSBL_ISLAND
        computed = fields_of(readings) - _STATE
        contacts = not computed.isdisjoint(CONTACT_FIELDS)
        # Where nothing but the state is read, there is nothing to compute from it.
        self._is_state_only = not computed
        refresh = task.refresh == "velocity" and not self._is_state_only
        self._decimation, self._stage = task.decimation, _VELOCITY if refresh else _NONE
        # One MjData per simulation costs some memory traffic, but then a refresh costs nothing: the next step goes on
        # from it.
        self.batch = Batch(self.model, num_envs, min(threads, num_envs), persistent=refresh and not contacts)
        self._contacts = ContactStep(self.batch, task.decimation, refresh) if contacts else None
        self._watched = self.batch.bind("qpos"), self.batch.bind("qvel"), self.batch.warning[:, :, _NUMBER]
        self._broken = np.zeros(num_envs, np.bool_)
        self._starts: dict[int, Floats] = {}
        self.divergences: deque[Divergence] = deque(maxlen=_KEPT)

    def step(self) -> NDArray[np.bool_] | None:
        """Advance all simulations by one control period.

        Returns:
            Which ones broke down (N,), a live array; None for none.
        """
        with untimed():
            messages = self._advance()
        if not _find_broken(*self._watched, self._broken) and not messages:
            return None
        self._broken[list(messages)] = True
        self._record(np.flatnonzero(self._broken), messages)
        return self._broken

    def _advance(self) -> dict[int, str]:
        """Step all simulations; return those that MuJoCo refused to go on with, and its words."""
        if self._contacts is not None:
            self._contacts.step()
            return self._contacts.failed
        try:
            self.batch.step(None, self._decimation, self._stage)
        except SimulationError as error:
            return {int(i): self.batch.error(int(i)) for i in error.ids}
        return {}

    def bind(self, field: str) -> NDArray[Any]:
        """Return a live array (N, ...) of a field of MjData; only the state's may be written to."""
        if self._contacts is None or field in _STATE:
            return self.batch.bind(field)
        return self._contacts.bind(field)

    def reset(self, ids: Integers, keyframe: int = -1) -> None:
        """Put simulations into the model's reference configuration, or a keyframe; `forward` must follow."""
        if any(self.batch.expanded(field) is not None for field in _STARTS):
            self.batch.reset(self._some(ids), keyframe, _NONE)
            return
        # All worlds begin in the same state: to copy it is several times as fast as to let MuJoCo clear everything.
        if keyframe not in self._starts:
            self.batch.reset(np.zeros(1, np.int32), keyframe, _NONE)
            self._starts[keyframe] = self.batch.state[0].copy()
        self.batch.state[ids] = self._starts[keyframe]
        self.batch.warning[ids] = 0

    def forward(self, ids: Integers) -> None:
        """Compute what is read at the present states, as if no contact had been made yet."""
        with untimed():
            if self._contacts is not None:
                self._contacts.forward(self._some(ids))
            elif not self._is_state_only:
                self.batch.forward(self._some(ids), _ALL)

    def _some(self, ids: Integers) -> NDArray[np.int32] | None:
        return None if len(ids) == self.batch.nsim else ids.astype(np.int32)

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
