"""A process that draws for `telic.sim.frame_pool`: ``python -m telic.sim.frame_worker FD``."""

# MuJoCo keeps its classes in compiled modules, which pyright cannot read.
# pyright: reportAttributeAccessIssue=false

import json
import sys
from mmap import mmap

import mujoco

from telic.sim.camera import Camera
from telic.sim.canvas import Quality
from telic.sim.frame_pool import shared_arrays
from telic.sim.frames import Frames
from telic.sim.gl import NoGraphicsError


def main() -> None:
    """Draw what standard input orders, line by line, until it ends."""
    words = json.loads(sys.stdin.readline())
    file = "model.mjb"
    model = mujoco.MjModel.from_binary_path(file, {file: bytes.fromhex(words["model"])})
    size = (words["size"][0], words["size"][1])
    camera = words["camera"]
    if camera["lookat"] is not None:
        camera["lookat"] = tuple(camera["lookat"])
    try:
        frames = Frames(model, size, Camera(**camera), Quality(**words["quality"]))
    except (ValueError, NoGraphicsError) as error:
        _tell({"error": str(error), "kind": type(error).__name__})
        return
    *states, pixels = shared_arrays(model, size, words["order"], mmap(int(sys.argv[1]), 0))
    _tell({})
    for line in sys.stdin:
        count = int(line)
        frames.draw(*(array[:count] for array in states), out=pixels[:count])
        _tell({})
    frames.close()


def _tell(words: dict[str, str]) -> None:
    sys.stdout.write(json.dumps(words) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    main()
