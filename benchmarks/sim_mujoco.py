"""Steps per second of Gymnasium's MuJoCo tasks, beside the engine itself, EnvPool and Gymnasium, in the same run.

    python benchmarks/sim_mujoco.py [--json]

One step is one control step: as many physics steps as Gymnasium's v5 environment makes. On two threads:

- *telic*: `TaskVectorEnv.step` with fresh arrays: check and limit of the actions, physics, signals, observation, reward
  (a compiled reward program, in float64), terminations, and restarts in the same step.
- *raw*: `mj_step` in a loop on one core, on states and actions of the same task, with nothing around it but what
  MuJoCo's Python package itself does (it reads a clock for its profiler; we do without). Its rate times the number of
  threads is what `ratio_raw` compares with.
- *envpool*: EnvPool's v5 environment, in the best of several numbers of environments and batch sizes.
- *async*: Gymnasium's AsyncVectorEnv, in the best of several sizes.

Random actions are drawn in every step of each but *raw*. EnvPool and Gymnasium spend a whole step on a restart, in
which nothing is simulated: it does not count as one. The contestants alternate; a ratio is the median over rounds.
Every task has a process of its own.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import time

import numpy as np

THREADS = 2
TASKS = {"half_cheetah": "HalfCheetah", "hopper": "Hopper", "ant": "Ant", "humanoid": "Humanoid"}
SIZES = (256, 512, 1024)
# Environments and batch size of EnvPool; as many threads as processors are compared.
POOLS = ((16, 8), (16, 16), (64, 16), (64, 32), (64, 64), (256, 64), (256, 128), (256, 256))
ASYNC_SIZES = (2, 4, 8, 16)
TRIAL_S, ROUND_S, ROUNDS = 0.5, 1.0, 7
RECORDED_WORLDS, RECORDED_STEPS = 8, 500


class Telic:
    """Ours."""

    def __init__(self, name, num_envs):
        from telic.control.make import reward_for
        from telic.sim.tasks.registry import make_task
        from telic.sim.vector_env import TaskVectorEnv

        task = make_task(name)
        self.env = TaskVectorEnv(task, num_envs, reward_for(task), seed=0, threads=THREADS)
        self.env.reset(seed=0)
        self.draw = actions_of(self.env.single_action_space, num_envs)
        self.about = {"num_envs": num_envs}

    def step(self):
        self.env.step(self.draw())
        return self.env.num_envs


class EnvPool:
    """EnvPool: it returns a batch of whichever environments are ready."""

    def __init__(self, gym_name, num_envs, batch_size):
        import envpool

        self.env = envpool.make_gymnasium(
            f"{gym_name}-v5", num_envs=num_envs, batch_size=batch_size, num_threads=THREADS, seed=0
        )
        self.env.async_reset()
        self.draw = actions_of(self.env.action_space, batch_size)
        self.about = {"num_envs": num_envs, "batch_size": batch_size}

    def step(self):
        info = self.env.recv()[-1]
        self.env.send(self.draw(), info["env_id"])
        return np.count_nonzero(info["elapsed_step"])


class Async:
    """Gymnasium's environments in processes of their own."""

    def __init__(self, gym_name, num_envs):
        import gymnasium

        make = [lambda: gymnasium.make(f"{gym_name}-v5") for _ in range(num_envs)]
        self.env = gymnasium.vector.AsyncVectorEnv(make)
        self.env.reset(seed=0)
        self.draw, self.over = actions_of(self.env.single_action_space, num_envs), np.zeros(num_envs, bool)
        self.about = {"num_envs": num_envs}

    def step(self):
        _, _, terminated, truncated, _ = self.env.step(self.draw())
        restarted, self.over = self.over, terminated | truncated
        return np.count_nonzero(~restarted)


class Raw:
    """The engine alone, on states and actions that our environment went through."""

    def __init__(self, name):
        import mujoco

        from telic.sim.tasks.registry import make_task

        task = make_task(name)
        self.flights = record(task)
        model, data, decimation = task.model, mujoco.MjData(task.model), task.decimation
        count, self.place = RECORDED_STEPS, 0

        def step():
            mj_step, ctrl = mujoco.mj_step, data.ctrl
            chunk = self.flights[self.place : self.place + count]
            self.place = (self.place + count) % len(self.flights)
            for start, action in chunk:
                if start is not None:
                    mujoco.mj_resetData(model, data)
                    data.qpos[:], data.qvel[:] = start
                ctrl[:] = action
                mj_step(model, data, decimation)
            return count

        self.step = step


def record(task):
    """Steps of some worlds, one world after the other: the state where an episode starts, else None, and the action."""
    world = task.make_world(RECORDED_WORLDS, seed=1)
    draw = actions_of_bounds(*task.actions.bounds, RECORDED_WORLDS)
    qpos, qvel = world.engine.batch.bind("qpos"), world.engine.batch.bind("qvel")
    rows = [[] for _ in range(RECORDED_WORLDS)]
    fresh = np.ones(RECORDED_WORLDS, bool)
    for _ in range(RECORDED_STEPS):
        actions = draw()
        for i, row in enumerate(rows):
            row.append(((qpos[i].copy(), qvel[i].copy()) if fresh[i] else None, actions[i].astype(np.float64)))
        world.step_and_restart(actions)
        fresh = world.ended.copy()
    return [step for row in rows for step in row]


def actions_of(space, count):
    return actions_of_bounds(space.low, space.high, count)


def actions_of_bounds(low, high, count):
    rng, low, width = np.random.default_rng(0), low.astype(np.float32), (high - low).astype(np.float32)
    return lambda: low + width * rng.random((count, len(low)), np.float32)


def rate(contestant, seconds):
    """Control steps per second."""
    steps, start = 0, time.perf_counter()
    while True:
        steps += contestant.step()
        if (spent := time.perf_counter() - start) >= seconds:
            return steps / spent


def best_of(candidates, rates):
    """The fastest, after a trial of each."""
    for candidate in candidates:
        rate(candidate, 0.15)
        rates.append({**candidate.about, "steps_per_s": round(rate(candidate, TRIAL_S))})
    return candidates[int(np.argmax([trial["steps_per_s"] for trial in rates]))]


def measure(name):
    gym_name = TASKS[name]
    trials = {"telic": [], "envpool": [], "async": []}
    # The processes of AsyncVectorEnv are forked before any thread is started.
    workers = best_of([Async(gym_name, size) for size in ASYNC_SIZES], trials["async"])
    ours = best_of([Telic(name, size) for size in SIZES], trials["telic"])
    pool = best_of([EnvPool(gym_name, *sizes) for sizes in POOLS], trials["envpool"])
    contestants = {"telic": ours, "raw": Raw(name), "envpool": pool, "async": workers}
    rates = {key: [] for key in contestants}
    for _ in range(ROUNDS):
        for key, contestant in contestants.items():
            rates[key].append(rate(contestant, ROUND_S))
    rates = {key: np.array(values) for key, values in rates.items()}
    rates["raw"] *= THREADS
    workers.env.close(terminate=True)
    return {
        "steps_per_s": {key: round(float(np.median(values))) for key, values in rates.items()},
        **{
            f"ratio_{key}": round(float(np.median(rates["telic"] / rates[key])), 3)
            for key in ("raw", "envpool", "async")
        },
        "sizes": {"telic": ours.about, "envpool": pool.about, "async": workers.about},
        "trials": trials,
    }


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print nothing but the result")
    parser.add_argument("--task", choices=list(TASKS), help="only this task, in this process")
    arguments = parser.parse_args()
    if arguments.task:
        print(json.dumps(measure(arguments.task)))
        return
    tasks = {}
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    for name in TASKS:
        command = [sys.executable, __file__, "--task", name]
        done = subprocess.run(command, capture_output=True, text=True, env=environment)
        if done.returncode:
            sys.exit(f"{name} failed:\n{done.stderr}")
        tasks[name] = json.loads(done.stdout.splitlines()[-1])
        if not arguments.json:
            ratios = {key: value for key, value in tasks[name].items() if key.startswith("ratio")}
            print(name, tasks[name]["steps_per_s"], ratios, flush=True)
    result = {
        "benchmark": "sim_mujoco",
        "threads": THREADS,
        "min_ratio_raw": min(task["ratio_raw"] for task in tasks.values()),
        "min_ratio_envpool": min(task["ratio_envpool"] for task in tasks.values()),
        "min_ratio_async": min(task["ratio_async"] for task in tasks.values()),
        "tasks": tasks,
        "machine": {"python": platform.python_version(), "processors": os.cpu_count(), "machine": platform.machine()},
    }
    print(json.dumps(result))


if __name__ == "__main__":
    main()
