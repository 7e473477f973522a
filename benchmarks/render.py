"""How many pictures for vision rewards this machine draws: ``python benchmarks/render.py --json``.

Gymnasium's humanoid in random poses, 224x224 pixels, seen as VLM-RM sees it, offscreen. Each rate is the best of
several short parts of one run, as other work on the machine only ever slows a part down; the median is told too. One
JSON object is printed last:

    frames_per_s         the default flags for vision rewards, one process for each core
    frames_per_s_one     the same in this process alone
    frames_per_s_dressed the look of a person under a sky, one process for each core
    frames_per_s_mujoco  MuJoCo's own settings (shadows, reflections, four samples per pixel), in this process
    frames_per_s_flags   MuJoCo's settings with its five costly flags and multisampling off: what flags alone bring
"""

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable
from importlib.resources import files

import mujoco
import numpy as np

from telic.sim.appearance import PERSON, VISION, dressed
from telic.sim.camera import HUMANOID
from telic.sim.canvas import CHEAP, Quality
from telic.sim.frame_pool import FramePool
from telic.sim.frames import Frames
from telic.sim.threads import available_threads

SIZE = (224, 224)
MUJOCO = Quality(
    shadow=True, reflection=True, skybox=True, haze=True, samples=4, slices=28, stacks=16, floor_squares=200
)
FLAGS = Quality(slices=28, stacks=16, floor_squares=200)


# The slow settings need no more to be told apart.
_STATES = {"_mujoco": 6, "_flags": 64}


def poses(model: mujoco.MjModel, count: int) -> np.ndarray:
    rng = np.random.default_rng(0)
    states = np.tile(model.qpos0, (count, 1))
    states[:, :2] += rng.uniform(-5.0, 5.0, (count, 2))
    states[:, 7:] += rng.normal(0.0, 0.2, (count, model.nq - 7))
    return states


def rates(draw: Callable[..., object], states: np.ndarray, parts: int) -> dict[str, float]:
    """Draw the states several times into the same array, and return pictures per second: best and median."""
    out = np.empty((len(states), *SIZE[::-1], 3), np.uint8)
    draw(states, out=out)
    found = []
    for _ in range(parts):
        start = time.perf_counter()
        draw(states, out=out)
        found.append(len(states) / (time.perf_counter() - start))
    return {"best": max(found), "median": statistics.median(found)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object last")
    parser.add_argument("--parts", type=int, default=8, help="parts of which the best counts")
    options = parser.parse_args()
    xml = (files("gymnasium") / "envs" / "mujoco" / "assets" / "humanoid.xml").read_text()
    plain, person = mujoco.MjModel.from_xml_string(xml), dressed(xml, PERSON)
    cases = {
        "": lambda: FramePool(plain, SIZE, HUMANOID, CHEAP),
        "_one": lambda: Frames(plain, SIZE, HUMANOID, CHEAP),
        "_dressed": lambda: FramePool(person, SIZE, HUMANOID, VISION),
        "_mujoco": lambda: Frames(plain, SIZE, HUMANOID, MUJOCO),
        "_flags": lambda: Frames(plain, SIZE, HUMANOID, FLAGS),
    }
    result: dict[str, object] = {"size": SIZE, "processes": available_threads(), "cores": os.cpu_count()}
    for name, make in cases.items():
        states = poses(plain, _STATES.get(name, 256))
        with make() as artist:
            measured = rates(artist.draw, states, 3 if name == "_mujoco" else options.parts)
        result |= {f"frames_per_s{name}": measured["best"], f"frames_per_s{name}_median": measured["median"]}
        if not options.json:
            print(f"frames_per_s{name:<9} best {measured['best']:7.1f}   median {measured['median']:7.1f}")
    if options.json:
        print(json.dumps(result))


if __name__ == "__main__":
    main()
