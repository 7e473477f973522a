"""Steps per second of 8192 quadrotors, beside PyPI's `l2f` in the same run.

    python benchmarks/sim_quadrotor.py [--json]

Two things are measured, on one thread and on two:

- *dynamics*: one world step per call under a constant action, nothing else. `l2f` does the same with its vector of 8192
  (`step` into a second state, the two exchanged, so that it never copies).
- *full environment*: `TaskVectorEnv.step` of the hover task: check and limit of the actions, dynamics, Gaussian noise
  on 18 numbers, the observation of 146 numbers, the packaged hover reward (compiled), termination, and restarts with
  new states and disturbances in the same step. The actions are random, so that an episode ends after some 40 steps:
  the headline. Measured too: with `copy=True`, which returns fresh arrays and not live views; and under the actions of
  the packaged PID controller, recorded in a first flight of the same seed, so that most episodes last their 2 s.

Every thread count has a process of its own, and ours and theirs alternate. Figures are medians over blocks
of 32 calls, and over all rounds.
"""

import argparse
import hashlib
import json
import os
import platform
import subprocess
import sys
import time
from dataclasses import replace
from importlib.resources import files
from pathlib import Path

import numpy as np

N = 8192
ROUNDS = 3
SECONDS = 2.0
BLOCK = 32  # Calls; our tape of observations is copied back once in as many.
THREADS = (1, 2)
FLOWN_S = 2.0  # Length of the episodes that a controller flies.


def rate(step, seconds=SECONDS):
    """Steps of single vehicles per second: the median over blocks of calls, so that rare work counts too."""
    for _ in range(20):
        step()
    rates, end = [], time.perf_counter() + seconds
    while time.perf_counter() < end:
        start = time.perf_counter()
        for _ in range(BLOCK):
            step()
        rates.append(BLOCK * N / (time.perf_counter() - start))
    return float(np.median(rates))


def measure_l2f(threads):
    import l2f
    from l2f import vector8192 as vector

    del threads  # OpenMP was told when the process was started.
    device, rng = l2f.Device(), vector.VectorRng()
    environment, parameters = vector.VectorEnvironment(), vector.VectorParameters()
    states = [vector.VectorState(), vector.VectorState()]
    vector.initialize_environment(device, environment)
    vector.initialize_rng(device, rng, 0)
    vector.sample_initial_parameters(device, environment, parameters, rng)
    vector.sample_initial_state(device, environment, parameters, states[0], rng)
    action = np.zeros((N, 4), np.float32)

    def step():
        vector.step(device, environment, parameters, states[0], action, states[1], rng)
        states.reverse()

    return {"dynamics": rate(step)}


def measure_telic(threads):
    from telic.sim.multirotor.free_flight import FreeFlight
    from telic.sim.vector_env import TaskVectorEnv

    task, reward = hover_and_reward()
    free = FreeFlight(task.vehicle, N, task.dt, threads)
    constant = np.zeros((N, 4), np.float32)
    result = {"dynamics": rate(lambda: free.step(constant))}
    rng = np.random.default_rng(0)
    actions = [rng.uniform(-1, 1, (N, 4)).astype(np.float32) for _ in range(16)]
    for name, copy in (("full_env", False), ("full_env_copy", True)):
        env = TaskVectorEnv(task, N, reward, seed=0, copy=copy, threads=threads)
        count, ends = 0, 0

        def step(env=env):
            nonlocal count, ends
            _, _, terminated, truncated, _ = env.step(actions[count % len(actions)])
            count, ends = count + 1, ends + int(np.count_nonzero(terminated | truncated))

        result[name] = rate(step)
        result["mean_episode_steps"] = count * N / max(ends, 1)
    short = replace(task, truncate_after_s=FLOWN_S)
    result["full_env_flown"] = measure_flown(TaskVectorEnv(short, N, reward, copy=False, threads=threads))
    return result


def measure_flown(env):
    """Steps per second under the actions of a controller, whose own time does not count.

    In the first half of the flight the vehicles start again one after the other, so that time does not cut them all in
    the same step; the second half counts.
    """
    from telic.control.pid import CascadedPid

    steps = env.task.episode_steps
    turn = np.arange(N) * steps // N

    pid, actions = CascadedPid(env.task), []
    pid.reset(np.ones(N, bool))
    env.reset(seed=3)
    for step in range(2 * steps):
        actions.append(pid.act(env.world.observation, env.world.signals))
        _, _, terminated, truncated, _ = env.step(actions[-1])
        env.world.reset(turn == step)
        pid.reset(terminated | truncated | (turn == step))
    rates = []
    for _ in range(ROUNDS):
        env.reset(seed=3)
        for step in range(steps):
            env.step(actions[step])
            env.world.reset(turn == step)
        start = time.perf_counter()
        for step in range(steps, 2 * steps):
            env.step(actions[step])
        rates.append(steps * N / (time.perf_counter() - start))
    return float(np.median(rates))


def hover_and_reward():
    from telic.rewards.program import load_reward
    from telic.sim.tasks.registry import make_task

    task = make_task("hover")
    return task, load_reward(str(files("telic.rewards") / "library" / "hover.py.txt"), task.schema)


def digest_of_a_flight(threads):
    """A hash of all that an environment returns in a hundred steps."""
    from telic.sim.vector_env import TaskVectorEnv

    task, reward = hover_and_reward()
    env = TaskVectorEnv(task, N, reward, seed=1, threads=threads)
    rng, digest = np.random.default_rng(1), hashlib.sha256()
    for _ in range(100):
        observation, value, terminated, truncated, _ = env.step(rng.uniform(-1, 1, (N, 4)).astype(np.float32))
        for array in (observation, value, terminated, truncated, env.world.state):
            digest.update(np.ascontiguousarray(array))
    return {"digest": digest.hexdigest()}


PARTS = {"l2f": measure_l2f, "telic": measure_telic, "digest": digest_of_a_flight}


def in_own_process(part, threads):
    variables = {**os.environ, "OMP_NUM_THREADS": str(threads)}
    command = [sys.executable, __file__, "--part", part, "--threads", str(threads)]
    done = subprocess.run(command, env=variables, capture_output=True, text=True)
    if done.returncode:
        sys.exit(f"{part} on {threads} threads failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def collect(say):
    rounds = {(part, threads): [] for part in ("telic", "l2f") for threads in THREADS}
    for number in range(ROUNDS):
        for threads in THREADS:
            for part in ("telic", "l2f"):
                say(f"round {number + 1} of {ROUNDS}: {part}, {threads} threads")
                rounds[part, threads].append(in_own_process(part, threads))
    say("the same flight on one thread and on two")
    digests = {in_own_process("digest", threads)["digest"] for threads in THREADS}

    def table(part, key):
        return {
            str(threads): float(np.median([result[key] for result in rounds[part, threads]])) for threads in THREADS
        }

    ours, theirs = table("telic", "dynamics"), table("l2f", "dynamics")
    full, copied = table("telic", "full_env"), table("telic", "full_env_copy")
    most = str(max(THREADS))
    return {
        "vehicles": N,
        "cpu": cpu_name(),
        "cpus": os.cpu_count(),
        "dynamics_steps_per_s": ours,
        "l2f_dynamics_steps_per_s": theirs,
        "dynamics_ratio_vs_l2f_by_threads": {threads: ours[threads] / theirs[threads] for threads in ours},
        "full_env_steps_per_s_by_threads": full,
        "full_env_copy_steps_per_s_by_threads": copied,
        "full_env_flown_steps_per_s_by_threads": table("telic", "full_env_flown"),
        "mean_episode_steps": float(np.median([result["mean_episode_steps"] for result in rounds["telic", 2]])),
        "full_env_includes": [
            "check and limit of actions",
            "dynamics (RK4, rotor lag, disturbances)",
            "18 Gaussians per step",
            "observation of 146 floats (live view)",
            "packaged hover reward, 9 terms",
            "termination, truncation, restarts",
        ],
        "dynamics_ratio_vs_l2f": ours[most] / theirs[most],
        "full_env_steps_per_s": full[most],
        "bit_identical_threads": len(digests) == 1,
    }


def cpu_name():
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        return next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor()


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print nothing but the result")
    parser.add_argument("--part", choices=PARTS, help=argparse.SUPPRESS)
    parser.add_argument("--threads", type=int, default=1, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.part:
        print(json.dumps(PARTS[arguments.part](arguments.threads)))
        return
    say = (lambda _: None) if arguments.json else (lambda text: print(text, file=sys.stderr, flush=True))
    print(json.dumps(collect(say)))


if __name__ == "__main__":
    main()
