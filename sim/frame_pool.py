"""Pictures drawn by several processes: what software drawing needs to use more than one core.

Drawing without a graphics card is mostly work on vertices, which Mesa does on one core for each process. Two processes
draw nearly twice as many pictures as one. On a graphics card, `telic.sim.frames.Frames` alone is as fast.
"""

# MuJoCo keeps its classes in compiled modules, which pyright cannot read.
# pyright: reportAttributeAccessIssue=false

import json
import os
import subprocess
import sys
import tempfile
from contextlib import suppress
from dataclasses import asdict
from mmap import mmap
from pathlib import Path
from typing import Any, Self

import mujoco
import numpy as np
from numpy.typing import ArrayLike, NDArray

from telic.sim.camera import Camera, default_camera
from telic.sim.canvas import CHEAP, Quality
from telic.sim.frames import VISION_SIZE, checked_states, room
from telic.sim.gl import NoGraphicsError
from telic.sim.threads import available_threads

# Pictures of one order to a process: few, so that all are busy to the end, and enough to forget the cost of an order.
_ORDER = 16


class FramePool:
    """Draws states of one model, as `telic.sim.frames.Frames` does and to the same pixels, with several processes.

    Attributes:
        size: Width and height [pixels].
        camera: From where.
    """

    def __init__(
        self,
        model: mujoco.MjModel,
        size: tuple[int, int] = VISION_SIZE,
        camera: Camera | None = None,
        quality: Quality = CHEAP,
        processes: int | None = None,
    ) -> None:
        """Start the processes.

        Args:
            model: What is drawn.
            size: Width and height [pixels].
            camera: From where; by default it shows the whole model, and follows a robot that moves about.
            quality: How much work goes into a picture.
            processes: How many; by default one for each core.

        Raises:
            ValueError: If a number is not allowed, or the model does not have what the camera names.
            NoGraphicsError: If this machine cannot draw.
        """
        if processes is not None and processes < 1:
            raise ValueError(f"processes is {processes}; allowed: at least 1")
        self.size = size
        self.camera = default_camera(model) if camera is None else camera
        self._model, data = model, mujoco.MjData(model)
        self._mocap = data.mocap_pos.copy(), data.mocap_quat.copy()
        words = {"size": size, "camera": asdict(self.camera), "quality": asdict(quality), "order": _ORDER}
        self._workers = [_Worker(model, size, words) for _ in range(processes or available_threads())]
        try:
            for worker in self._workers:
                worker.wait()
        except BaseException:
            self.close()
            raise

    def draw(
        self,
        qpos: ArrayLike,
        mocap_pos: ArrayLike | None = None,
        mocap_quat: ArrayLike | None = None,
        out: NDArray[np.uint8] | None = None,
    ) -> NDArray[np.uint8]:
        """Draw states; arguments, result and errors are those of `Frames.draw`.

        Raises:
            RuntimeError: If a process has died.
        """
        states = checked_states(self._model, self._mocap, qpos, mocap_pos, mocap_quat)
        pictures = room(len(states[0]), self.size, out)
        waiting = [slice(first, min(first + _ORDER, len(pictures))) for first in range(0, len(pictures), _ORDER)]
        waiting.reverse()
        while waiting or any(worker.busy for worker in self._workers):
            for worker in self._workers:
                if worker.busy:
                    worker.collect(pictures)
                if waiting:
                    worker.order(waiting.pop(), states)
        return pictures

    def close(self) -> None:
        """Stop the processes."""
        for worker in self._workers:
            worker.close()
        self._workers = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class _Worker:
    """A process, and the memory that it shares with this one: states on the way there, pixels on the way back."""

    def __init__(self, model: mujoco.MjModel, size: tuple[int, int], words: dict[str, Any]) -> None:
        self._busy: slice | None = None
        with tempfile.NamedTemporaryFile(suffix=".mjb") as file, tempfile.TemporaryFile() as shared:
            mujoco.mj_saveModel(model, file.name)
            shared.truncate(shared_bytes(model, size, _ORDER))
            self._arrays = shared_arrays(model, size, _ORDER, mmap(shared.fileno(), 0))
            # Each process draws on one core.
            environment = {"LP_NUM_THREADS": "0", **os.environ}
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-m", "telic.sim.frame_worker", str(shared.fileno())],
                stdin=subprocess.PIPE, stdout=subprocess.PIPE, pass_fds=(shared.fileno(),), env=environment,
            )  # fmt: skip
            words["model"] = Path(file.name).read_bytes().hex()
        self._say(json.dumps(words))

    @property
    def busy(self) -> bool:
        """Whether pictures were ordered and not yet collected."""
        return self._busy is not None

    def wait(self) -> None:
        """Wait for the process to be ready."""
        self._hear()

    def order(self, rows: slice, states: tuple[NDArray[np.float64], ...]) -> None:
        """Order pictures of some states."""
        count = rows.stop - rows.start
        for mine, all_states in zip(self._arrays, states, strict=False):
            mine[:count] = all_states[rows]
        self._busy = rows
        self._say(str(count))

    def collect(self, pictures: NDArray[np.uint8]) -> None:
        """Wait for the pictures, and put them where they belong."""
        rows, self._busy = self._busy, None
        self._hear()
        if rows is not None:
            pictures[rows] = self._arrays[-1][: rows.stop - rows.start]

    def close(self) -> None:
        if self._process.stdin is not None:
            with suppress(BrokenPipeError):
                self._process.stdin.close()
        self._process.wait()
        if self._process.stdout is not None:
            self._process.stdout.close()

    def _say(self, line: str) -> None:
        assert self._process.stdin is not None
        try:
            self._process.stdin.write(line.encode() + b"\n")
            self._process.stdin.flush()
        except BrokenPipeError:
            self._hear()

    def _hear(self) -> None:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"a drawing process ended with exit code {self._process.wait()}; its words are above")
        told = json.loads(line)
        if "error" in told:
            raise (NoGraphicsError if told["kind"] == "NoGraphicsError" else ValueError)(told["error"])


def shared_bytes(model: mujoco.MjModel, size: tuple[int, int], count: int) -> int:
    """Return how much memory a process shares."""
    return count * (8 * (model.nq + 7 * model.nmocap) + 3 * size[0] * size[1])


def shared_arrays(
    model: mujoco.MjModel, size: tuple[int, int], count: int, memory: mmap
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64], NDArray[np.uint8]]:
    """Return the shared memory as states (count, nq), (count, nmocap, 3), (count, nmocap, 4) and pixels."""
    first = 0
    states = []
    for shape in ((model.nq,), (model.nmocap, 3), (model.nmocap, 4)):
        array = np.frombuffer(memory, np.float64, count * int(np.prod(shape)), first).reshape(count, *shape)
        first += array.nbytes
        states.append(array)
    pixels = np.frombuffer(memory, np.uint8, count * 3 * size[0] * size[1], first)
    return states[0], states[1], states[2], pixels.reshape(count, size[1], size[0], 3)
