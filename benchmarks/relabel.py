"""Scoring a million stored flight transitions under a new reward program.

    python benchmarks/relabel.py --json

Vehicles fly the hover task under the packaged PID controller with noise on its actions; every transition is stored.
Then a reward program that nothing was stored for is asked of all of them. Prints one JSON object: `seconds` (median of
some repeats, on as many cores as the machine has), `compile_seconds` (once per program, before the first row),
`rate` (transitions per second), and `max_error`, the largest difference to the rewards that the environment itself gave
while it flew under the same program.
"""

import argparse
import json
import os
import time

import numpy as np

from telic.control.pid import CascadedPid
from telic.replay.replay import Replay
from telic.replay.schema import Schema
from telic.rewards.program import RewardProgram, parse_reward
from telic.sim.task import Task
from telic.sim.tasks.registry import make_task
from telic.sim.vector_env import TaskVectorEnv

VEHICLES = 1000
NOISE = 0.2

# Reads states, next states, actions and ends: all that is stored.
SOURCE = '''"""Hold the task's point, climb to it smoothly, and never fall."""

HOVER = 0.334


def reward(
    position,
    rotation,
    velocity,
    action,
    previous_action,
    reference_position,
    next_position,
    next_velocity,
    next_angular_velocity,
    terminated,
):
    before = norm(position - reference_position)
    after = norm(next_position - reference_position)
    return {
        "place": 2.0 * tolerance(after, bound=0.02, margin=0.6),
        "progress": 5.0 * (before - after),
        "still": -0.1 * square(norm(next_velocity)),
        "jerk": -0.01 * square(norm(next_velocity - velocity)),
        "spin": -0.005 * square(norm(next_angular_velocity)),
        "upright": rotation[..., 2, 2],
        "effort": -0.02 * square(norm(action - HOVER)),
        "smooth": -0.02 * square(norm(action - previous_action)),
        "lost": -10.0 * terminated,
    }
'''


def collect(task: Task, program: RewardProgram, transitions: int) -> tuple[Replay, np.ndarray]:
    """Fly, and store every transition; and the rewards that the environment gave, by slot."""
    env = TaskVectorEnv(task, VEHICLES, program, seed=0, autoreset_mode="Disabled")
    replay = Replay(Schema(task.schema, task.actions), transitions, VEHICLES)
    pid, rng = CascadedPid(task), np.random.default_rng(0)
    rewards = np.empty(replay.capacity, np.float32)
    observation, _ = env.reset()
    pid.reset()
    for step in range(replay.capacity // VEHICLES):
        before = {name: values.copy() for name, values in env.world.signals.items()}
        action = pid.act(observation, env.world.signals) + rng.normal(0.0, NOISE, (VEHICLES, 4))
        action = np.clip(action, -1.0, 1.0).astype(np.float32)
        _, reward, terminated, truncated, _ = env.step(action)
        replay.add(before, action, env.world.signals, terminated, truncated)
        rewards[step * VEHICLES : (step + 1) * VEHICLES] = reward
        over = terminated | truncated
        if over.any():
            env.reset(options={"reset_mask": over})
            pid.reset(over)
        observation = env.world.observation
    return replay, rewards


def measure(transitions: int, repeats: int) -> dict:
    task = make_task("hover")
    program = parse_reward(SOURCE, task.schema)
    replay, online = collect(task, program, transitions)
    fresh = parse_reward(SOURCE, task.schema)
    start = time.perf_counter()
    inputs = replay.read(np.arange(1)).inputs(fresh.inputs)
    fresh.kernel(fresh.pack(inputs), np.empty((1, len(fresh.term_names)), np.float32))
    compile_seconds = time.perf_counter() - start
    seconds = []
    for _ in range(repeats):
        start = time.perf_counter()
        column = replay.relabel(fresh)
        seconds.append(time.perf_counter() - start)
        stored = column.total[: len(replay)].copy()
        replay.drop_column(column)
    median = float(np.median(seconds))
    table = replay.episodes()
    return {
        "transitions": len(replay),
        "bytes_per_transition": replay.nbytes / len(replay),
        "episodes": len(table),
        "terminated": int(table.terminated.sum()),
        "truncated": int(table.truncated.sum()),
        "cores": len(os.sched_getaffinity(0)),
        "seconds": median,
        "seconds_least": min(seconds),
        "seconds_most": max(seconds),
        "compile_seconds": compile_seconds,
        "rate": len(replay) / median,
        "max_error": float(np.abs(stored.astype(np.float64) - online).max()),
        "mean_reward": float(online.mean()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--transitions", type=int, default=1_000_000)
    parser.add_argument("--repeats", type=int, default=7)
    parser.add_argument("--json", action="store_true", help="print only the JSON object")
    arguments = parser.parse_args()
    result = measure(arguments.transitions, arguments.repeats)
    print(json.dumps(result, indent=None if arguments.json else 2))


if __name__ == "__main__":
    main()
