"""Stable-Baselines3's PPO on the cart-pole and the warehouse vehicle, through Telic's adapter.

    python benchmarks/sb3_robots.py --json                  # all three tasks, about five minutes on two cores
    python benchmarks/sb3_robots.py --task agv --seed 1

For each task: how many of 256 held-out episodes end in success under uniformly random actions (`before`) and under the
trained policy (`after`), with 95 % intervals, the control steps of training and its seconds. Prints one JSON object.
"""

import argparse
import json
from dataclasses import replace

import numpy as np

from telic.control.baselines.learner import Sb3Config, train_sb3
from telic.control.controller import PolicyController
from telic.control.ignorant import Random
from telic.control.make import make_vec, reward_for
from telic.control.returns import task_returns
from telic.sim.tasks.registry import make_task

EPISODES = 256

RECIPES = {
    "cartpole": Sb3Config(steps=50_000, num_envs=16, rollout=64, learning_rate=1e-3),
    "cartpole_swing_up": Sb3Config(steps=150_000, num_envs=16, rollout=128, learning_rate=7e-4, normalise=False),
    "agv": Sb3Config(
        steps=320_000, num_envs=32, rollout=128, batch=512, epochs=8, learning_rate=5e-4, hidden=(128, 128)
    ),
}


def learn(name: str, seed: int) -> dict[str, object]:
    """Train on a task, and evaluate before and after."""
    task, config = make_task(name), replace(RECIPES[name], seed=seed)
    reward = reward_for(task, None)
    before = task_returns(task, Random(task.actions, np.random.default_rng(seed)), reward, EPISODES, seed).as_dict()
    result = train_sb3(make_vec(task, num_envs=config.num_envs, seed=seed), config=config)
    after = task_returns(task, PolicyController(result.weights), reward, EPISODES, seed).as_dict()
    keys = ("success_fraction", "success_interval", "return_mean", "episode_steps_mean")
    return {
        "steps": result.steps,
        "seconds": round(result.seconds, 1),
        "before": {key: before[key] for key in keys},
        "after": {key: after[key] for key in keys},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--task", choices=[*RECIPES, "all"], default="all")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--json", action="store_true", help="print nothing but the JSON object")
    options = parser.parse_args()
    results = {}
    for name in RECIPES if options.task == "all" else (options.task,):
        results[name] = learn(name, options.seed)
        if not options.json:
            print(name, results[name], flush=True)
    print(json.dumps({"seed": options.seed, "episodes": EPISODES, "tasks": results}))


if __name__ == "__main__":
    main()
