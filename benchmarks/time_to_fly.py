"""Time to fly: wall-clock from an untrained policy to one that flies the problem of Learning to Fly in Seconds.

The problem is that of Eschmann et al. 2024: a Crazyflie commanded by four rotor speeds at 100 Hz, 146 observed numbers
with noise, a disturbance force and torque in each episode, starts tilted by up to 90 degrees within 0.2 m and 1 m/s,
lost where it leaves a cube of 0.6 m. A policy flies if at least 95 % of 200 held-out episodes of 5 s survive and end
within 0.2 m.

    python benchmarks/time_to_fly.py --seeds 10 --json

Training ends after a fixed number of updates; nothing of the held-out episodes is seen before the clock stops.
Compilation is timed apart: `warm_compile_s` with Numba's cache on disk, as in every run but the first, and
`cold_compile_s` in a new process with an empty cache, as in the first run on a machine.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time

from telic.control.controller import PolicyController
from telic.control.evaluate import evaluate
from telic.control.make import reward_for
from telic.control.train import TrainConfig, compile_kernels, train
from telic.sim.tasks.registry import make_task

EPISODES = 200


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seeds", type=int, default=10, help="how many trainings")
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--held-out-seed", type=int, default=0, help="of the evaluation's episodes")
    parser.add_argument("--updates", type=int, default=TrainConfig.quick().updates)
    parser.add_argument("--json", action="store_true", help="print nothing but the JSON object")
    parser.add_argument("--compile-only", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args()

    task = make_task("hover")
    reward = reward_for(task)
    config = TrainConfig(updates=options.updates)
    warm = compile_kernels(task, reward, config.shac)
    if options.compile_only:
        print(warm)
        return
    cold = cold_compile_s()

    runs = []
    for seed in range(options.first_seed, options.first_seed + options.seeds):
        start = time.perf_counter()
        result = train(task, reward, TrainConfig(updates=options.updates, seed=seed))
        total = time.perf_counter() - start
        found = evaluate(task, PolicyController(result.weights), EPISODES, options.held_out_seed).as_dict()
        runs.append(
            {
                "seed": seed,
                "train_s": result.seconds,
                "train_and_compile_s": total,
                "steps": result.steps,
                "settle_fraction": found["settle_fraction"],
                "survival_fraction": found["survival_fraction"],
                "steady_error_m": found["steady_error_m"],
            }
        )
        if not options.json:
            print(runs[-1], file=sys.stderr)

    def column(name: str) -> list[float]:
        return [run[name] for run in runs]

    print(
        json.dumps(
            {
                "task": "hover",
                "inputs": task.observation_size,
                "episodes": EPISODES,
                "seeds": len(runs),
                "steps": runs[0]["steps"],
                "median_train_s": statistics.median(column("train_s")),
                "max_train_s": max(column("train_s")),
                "median_train_and_warm_compile_s": statistics.median(column("train_and_compile_s")),
                "warm_compile_s": warm,
                "cold_compile_s": cold,
                "settle_min": min(column("settle_fraction")),
                "settle_median": statistics.median(column("settle_fraction")),
                "steady_error_median_m": statistics.median(column("steady_error_m")),
                "runs": runs,
            }
        )
    )


def cold_compile_s() -> float:
    """Compilation in a new process that finds no cache [s]."""
    with tempfile.TemporaryDirectory() as cache:
        command = [sys.executable, __file__, "--compile-only"]
        done = subprocess.run(
            command, env={**os.environ, "NUMBA_CACHE_DIR": cache}, capture_output=True, text=True, check=True
        )
    return float(done.stdout.split()[-1])


if __name__ == "__main__":
    main()
