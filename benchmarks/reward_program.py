"""Speed of a compiled reward program against the same formula state by state in Python, and equality of the back ends.

    python benchmarks/reward_program.py --states 1000000 --json

Prints one JSON object: states per second on one core for each back end, `ratio` (the fused kernel over Python state by
state), and `max_error` (largest difference between back ends, relative above 1).
"""

import argparse
import json
import time
from collections.abc import Callable

import numpy as np
import torch

from telic.replay.signal import Signal
from telic.rewards.program import RewardProgram, parse_reward

SIGNALS = (
    Signal("position", (3,), "m", "world"),
    Signal("velocity", (3,), "m/s", "world"),
    Signal("rotation", (3, 3), "1", "world"),
    Signal("action", (4,)),
)
SOURCE = '''"""Hover one metre above the ground and hold still."""

HOVER = 0.334


def reward(position, velocity, rotation, action):
    error = norm(position - (0.0, 0.0, 1.0))
    return {
        "place": 2.0 * tolerance(error, bound=0.02, margin=0.6),
        "still": -0.1 * square(norm(velocity)),
        "upright": rotation[..., 2, 2],
        "effort": -0.02 * square(norm(action - HOVER)),
    }
'''


def state_by_state(position: np.ndarray, velocity: np.ndarray, rotation: np.ndarray, action: np.ndarray) -> dict:
    """The same reward as people write it for one state."""
    error = np.linalg.norm(position - np.array([0.0, 0.0, 1.0]))
    distance = max(error - 0.02, 0.0) / 0.6
    return {
        "place": 2.0 * np.exp(np.log(0.1) * distance**2),
        "still": -0.1 * np.linalg.norm(velocity) ** 2,
        "upright": rotation[2, 2],
        "effort": -0.02 * np.linalg.norm(action - 0.334) ** 2,
    }


def best_seconds(run: Callable[[], object], repeats: int = 5) -> float:
    """The shortest of several runs, after one that may compile."""
    run()
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return min(seconds)


def measure(program: RewardProgram, states: int) -> dict:
    rng = np.random.default_rng(0)
    data = {s.name: rng.normal(size=(states, *s.shape)).astype(np.float32) for s in SIGNALS}
    packed, out = program.pack(data), np.empty((states, len(program.term_names)), np.float32)
    gradients = tuple(np.empty_like(array) for array in packed)
    tensors = {name: torch.as_tensor(array) for name, array in data.items()}
    few = {name: array[: min(states, 20_000)] for name, array in data.items()}
    count = len(few["action"])

    def in_python() -> list[dict]:
        return [state_by_state(*(few[s.name][row] for s in SIGNALS)) for row in range(count)]

    seconds = {
        "numba": best_seconds(lambda: program.kernel(packed, out)),
        "numba_gradient": best_seconds(lambda: program.gradient_kernel(packed, out, gradients)),
        "numpy": best_seconds(lambda: program.terms(data)),
        "torch": best_seconds(lambda: program.torch_terms(tensors)),
    }
    python_states_per_s = count / best_seconds(in_python, repeats=2)
    result = {f"{name}_states_per_s": states / value for name, value in seconds.items()}
    return {
        "states": states,
        **result,
        "python_states_per_s": python_states_per_s,
        "ratio": result["numba_states_per_s"] / python_states_per_s,
        "max_error": max_error(program, data, out, in_python()),
    }


def max_error(program: RewardProgram, data: dict, out: np.ndarray, in_python: list[dict]) -> float:
    """The largest difference between back ends, and to Python in float64, relative above 1."""
    program.kernel(program.pack(data), out)
    terms = program.terms(data)
    doubles = {name: torch.as_tensor(array).double() for name, array in data.items()}
    exact = program.torch_terms(doubles)
    fused = program.torch_terms({name: torch.as_tensor(array) for name, array in data.items()})
    worst = 0.0
    for column, (name, values) in enumerate(terms.items()):
        scale = np.maximum(1.0, np.abs(values))
        for other in (out[:, column], exact[name].numpy(), fused[name].numpy()):
            worst = max(worst, float((np.abs(other - values) / scale).max()))
        written = np.array([row[name] for row in in_python])
        worst = max(worst, float((np.abs(written - values[: len(written)]) / scale[: len(written)]).max()))
    return worst


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--states", type=int, default=1_000_000)
    parser.add_argument("--json", action="store_true", help="print only the JSON object")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    result = measure(parse_reward(SOURCE, SIGNALS), arguments.states)
    print(json.dumps(result, indent=None if arguments.json else 2))


if __name__ == "__main__":
    main()
