"""Forces of contacts on bodies, which MuJoCo computes only for sensors that need them, or when it is asked to."""

# MuJoCo keeps its classes in compiled modules, which pyright cannot read.
# pyright: reportAttributeAccessIssue=false

import ctypes
from functools import cache
from pathlib import Path

import mujoco
from mujoco.batch import Batch


class ContactForces:
    """Runs `mj_rnePostConstraint` on every simulation of a batch, on the threads of the batch.

    Gymnasium's environments call it once after each control step. A sensor that makes the engine call it does so in
    every physics step, and with the Runge-Kutta integrator in another stage of the step, with other results. So it is
    called through the batch's C interface (mjbatch.h), where `mjb_apply` runs any function on all simulations.
    """

    def __init__(self, batch: Batch) -> None:
        """Find the batch's C object.

        Args:
            batch: Persistent, so that it keeps what the last step computed.

        Raises:
            RuntimeError: If this version of MuJoCo keeps it elsewhere.
        """
        self._batch, self._library = batch, _library()
        self._handle = _handle(batch, self._library)
        self._function = ctypes.cast(self._library.mj_rnePostConstraint, ctypes.c_void_p)

    def compute(self) -> None:
        """Compute ``cfrc_ext``, ``cfrc_int`` and ``cacc``. Bound arrays show them after the next call of the batch."""
        # The function takes the first two of the four arguments that it is called with, which C's calling conventions
        # allow on every platform that MuJoCo is built for.
        self._library.mjb_apply(self._handle, None, 0, self._function, None, 0)


@cache
def _library() -> ctypes.CDLL:
    """Return MuJoCo's library, which the package has loaded already."""
    folder = Path(mujoco.__file__).parent
    path = next(path for pattern in ("libmujoco*", "mujoco.dll") for path in sorted(folder.glob(pattern)))
    library = ctypes.CDLL(str(path))
    library.mjb_nsim.argtypes = [ctypes.c_void_p]
    library.mjb_state.argtypes = [ctypes.c_void_p]
    library.mjb_state.restype = ctypes.c_void_p
    pointer = ctypes.c_void_p
    library.mjb_apply.argtypes = [pointer, pointer, ctypes.c_int, pointer, pointer, ctypes.c_int]
    return library


def _handle(batch: Batch, library: ctypes.CDLL) -> int:
    """Return the address of the ``mjBatch`` inside a batch.

    The binding is a pybind11 object: behind the head of every Python object stands the address of the C++ object, whose
    first member is the ``mjBatch*``. Before it is used, it must name the batch's own memory.
    """
    inner = batch._b
    held = ctypes.c_void_p.from_address(id(inner) + object.__basicsize__).value
    handle = ctypes.c_void_p.from_address(held).value if held else None
    if not handle or library.mjb_nsim(handle) != batch.nsim or library.mjb_state(handle) != batch.state.ctypes.data:
        raise RuntimeError(
            f"contact forces are read through the C interface of MuJoCo 4.0, which MuJoCo {mujoco.__version__} keeps "
            f"elsewhere; install mujoco 4.0, or leave ContactForce out of the task"
        )
    return handle
