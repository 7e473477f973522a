"""Control steps that end with the forces of contacts on bodies.

MuJoCo computes these (`mj_rnePostConstraint`: ``cfrc_ext``, ``cfrc_int``, ``cacc``) only for sensors that need them, or
when it is asked to. Gymnasium's environments ask once after each control step. A sensor that makes the engine do it
does so in every physics step, and with the Runge-Kutta integrator in another stage of the step, with other results.

So a control step is made here through the batch's C interface (mjbatch.h), where `mjb_apply` runs any function on all
simulations, on the threads of the batch: a compiled one that steps, asks for the forces, and copies out what is read.
"""

# MuJoCo keeps its classes in compiled modules, which pyright cannot read. Compiled functions take plain addresses.
# pyright: reportAttributeAccessIssue=false
# ruff: noqa: ANN001, ANN202

import ctypes
from collections.abc import Iterator
from functools import cache
from typing import Any

import llvmlite.binding
import mujoco
import numpy as np
from mujoco.batch import Batch
from numba import cfunc, types
from numba.extending import intrinsic
from numpy.typing import NDArray

from telic.sim.errors import TaskError
from telic.sim.mujoco.draws import Integers
from telic.sim.mujoco.library import library, library_path

# Fields that only `mj_rnePostConstraint` computes; zero until the first step of an episode.
CONTACT_FIELDS = ("cfrc_ext", "cfrc_int", "cacc")

# The plan that a control step follows, in numbers of 64 bits: physics steps (0 to only run mj_forward), whether to
# refresh what depends on positions and velocities, how many fields to copy, and for each field: where in the mjData its
# address stands, its size, the address of the copies, and whether it is one of the contact fields.
_STEPS, _REFRESH, _FIELDS, _HEAD, _FIELD = 0, 1, 2, 3, 4


class ContactStep:
    """Steps a batch, with contact forces, and copies fields of each simulation's MjData to arrays.

    Attributes:
        failed: Which simulations MuJoCo refused to go on with in the latest call, and its words.
    """

    def __init__(self, batch: Batch, decimation: int, refresh: bool) -> None:
        """Find the batch's C object.

        Args:
            batch: The simulations.
            decimation: Physics steps in one control step.
            refresh: Bring what depends on positions and velocities up to date after the step.

        Raises:
            RuntimeError: If this version of MuJoCo keeps it elsewhere.
        """
        self._batch, self._decimation, self._refresh = batch, decimation, refresh
        self._library = library()
        self._handle = _handle(batch)
        self._function = _function()
        self._data = mujoco.MjData(batch.model)
        self._copies: dict[str, NDArray[np.float64]] = {}
        self.failed: dict[int, str] = {}

    def bind(self, field: str) -> NDArray[np.float64]:
        """Return a live array (N, ...) of a field of MjData that is no part of the state, as `Batch.bind` does.

        Raises:
            TaskError: If its numbers are not float64.
        """
        if field not in self._copies:
            template = getattr(self._data, field)
            if template.dtype != np.float64:
                raise TaskError(f"{field} of MjData is {template.dtype}; beside contact forces, only float64 is read")
            self._copies[field] = np.zeros((self._batch.nsim, *template.shape))
        return self._copies[field]

    def step(self) -> None:
        """Advance all simulations by one control period."""
        self._run(None, self._decimation)

    def forward(self, ids: Integers | None) -> None:
        """Compute everything at the present states of some simulations, or of all; no contact has a force yet."""
        self._run(ids, 0)

    def _run(self, ids: Integers | None, steps: int) -> None:
        plan = self._plan
        plan[_STEPS] = steps
        chosen = None if ids is None else np.ascontiguousarray(ids, np.int32)
        pointer, count = (None, 0) if chosen is None else (chosen.ctypes.data, len(chosen))
        failures = self._library.mjb_apply(self._handle, pointer, count, self._function.address, plan.ctypes.data, 1)
        self.failed = {}
        if failures:
            everybody = range(self._batch.nsim) if chosen is None else chosen.tolist()
            self.failed = {i: self._batch.error(i) for i in everybody if self._batch.status[i]}

    @property
    def _plan(self) -> NDArray[np.int64]:
        """The plan with all fields that are bound by now."""
        if getattr(self, "_made_for", None) != len(self._copies):
            rows = [
                (_place(self._data, field), copies[0].size, copies.ctypes.data, field in CONTACT_FIELDS)
                for field, copies in self._copies.items()
            ]
            head = [0, int(self._refresh), len(rows)]
            self._made = np.array([*head, *(number for row in rows for number in row)], np.int64)
            self._made_for = len(self._copies)
        return self._made


def _handle(batch: Batch) -> int:
    """Return the address of the ``mjBatch`` inside a batch.

    The binding is a pybind11 object: behind the head of every Python object stands the address of the C++ object, whose
    first member is the ``mjBatch*``. Before it is used, it must name the batch's own memory.
    """
    held = ctypes.c_void_p.from_address(id(batch._b) + object.__basicsize__).value
    handle = ctypes.c_void_p.from_address(held).value if held else None
    mjb = library()
    if not handle or mjb.mjb_nsim(handle) != batch.nsim or mjb.mjb_state(handle) != batch.state.ctypes.data:
        raise RuntimeError(
            f"contact forces are read through the C interface of MuJoCo 4.0, which MuJoCo {mujoco.__version__} keeps "
            f"elsewhere; install mujoco 4.0, or leave ContactForce out of the task"
        )
    return handle


def _place(data: mujoco.MjData, field: str) -> int:
    """Return where in the C structure of an MjData the address of a field stands, in words of 64 bits."""
    wanted = getattr(data, field).ctypes.data
    return next(place for place, word in enumerate(_words(data)) if word == wanted)


def _words(data: mujoco.MjData) -> Iterator[int]:
    place = 0
    while True:
        yield ctypes.c_int64.from_address(data._address + 8 * place).value
        place += 1


@intrinsic
def _numbers(_, address: Any) -> Any:
    """Return the float64 numbers at an address."""

    def generate(context, builder, signature, arguments):
        return builder.inttoptr(arguments[0], context.get_value_type(signature.return_type))

    return types.CPointer(types.float64)(types.int64), generate


@cache
def _function() -> Any:
    """Compile what runs on each simulation."""
    llvmlite.binding.load_library_permanently(library_path())
    # An intrinsic has one parameter less than its definition, which type checkers cannot know.
    numbers: Any = _numbers
    pointer, words = types.voidptr, types.CPointer(types.int64)
    on_data = types.void(pointer, words)
    mj_step = types.ExternalFunction("mj_step", on_data)
    mj_step1 = types.ExternalFunction("mj_step1", on_data)
    mj_forward = types.ExternalFunction("mj_forward", on_data)
    mj_rne = types.ExternalFunction("mj_rnePostConstraint", on_data)

    @cfunc(types.void(pointer, words, types.int32, words))
    def control_step(model, data, simulation, plan):
        steps = plan[_STEPS]
        for _ in range(steps):
            mj_step(model, data)
        if steps == 0:
            mj_forward(model, data)
        else:
            mj_rne(model, data)
            if plan[_REFRESH]:
                mj_step1(model, data)
        for field in range(plan[_FIELDS]):
            entry = _HEAD + field * _FIELD
            size = plan[entry + 1]
            source, target = numbers(data[plan[entry]]), numbers(plan[entry + 2] + 8 * size * simulation)
            is_unknown = steps == 0 and plan[entry + 3] != 0
            for j in range(size):
                target[j] = 0.0 if is_unknown else source[j]

    return control_step
