"""Speed and size of the replay beside Stable-Baselines3's buffer, cpprb and torchrl, on the same data in one run.

    python benchmarks/replay.py --json

The data are transitions with 17-float observations and 6 actions, in episodes of up to 1000 steps, in stores for a
million. Everybody draws and hands out NumPy arrays or tensors on the CPU as it does by default; torch has one thread.
The others are set up as their documentation recommends:

- Stable-Baselines3: `ReplayBuffer` with `handle_timeout_termination`, and `NStepReplayBuffer`.
- cpprb: `ReplayBuffer` in float32, plain and with `next_of`, whichever is faster; `Nstep`; `PrioritizedReplayBuffer`.
- torchrl: `ReplayBuffer` and `TensorDictReplayBuffer` on `LazyTensorStorage` without prefetching, whichever is faster;
  `MultiStepTransform`; `SliceSampler` over stored trajectory numbers with cached indices; `PrioritizedSampler`, unless
  its compiled part does not load beside the installed torch: then it is missing in `us`.

What is compared takes turns, some calls each; the time of a turn is the median of its calls, and a ratio is the median
of the ratios of all turns. Prints one JSON object:

- `sample_ratio`: time for 256 uniform transitions of the fastest other one over ours. `nstep_ratio`: 3-step returns.
  `sequence_ratio`: 64 windows of 6 steps within episodes. `prioritised_ratio`: 256 by priority, and new priorities.
- `push64_ratio`, `push1024_ratio`: rows/s of `Replay.add` with 64 and 1024 streams over those of `ReplayBuffer.add` as
  it is by default, one environment a call. `push64_same_batch_ratio`, `push1024_same_batch_ratio`: over
  `ReplayBuffer.add` of as many environments as we have streams; it checks nothing of what it is given.
  `push_window_ratio`: 16 steps of 64 streams in one `add_window` over 16 calls of `ReplayBuffer.add` of 64.
- `bytes_ratio`: bytes of a full store per transition over those of observation, action and two flags.
- `us`: microseconds per call of everything that was measured.
"""

import argparse
import json
import logging
import time
from collections.abc import Callable
from importlib.metadata import version

import numpy as np
import torch

from telic.replay.action import ActionSpec
from telic.replay.priority import Prioritised
from telic.replay.replay import Replay
from telic.replay.schema import Schema
from telic.replay.signal import Signal

OBSERVATION, ACTIONS, CAPACITY = 17, 6, 1_000_000
BATCH, N_STEP, GAMMA = 256, 3, 0.99
WINDOWS, LENGTH = 64, 6
SCHEMA = Schema((Signal("observation", (OBSERVATION,)),), ActionSpec(tuple(f"joint_{i}" for i in range(ACTIONS))))

Calls = dict[str, Callable[[], object]]


class Data:
    """Transitions of one environment: `observation[t + 1]` follows `observation[t]`, also where an episode ends.

    Where it ends, the next episode begins in the final observation of the last one; no library is the slower for that.
    """

    def __init__(self, steps: int, rng: np.random.Generator) -> None:
        self.observation = rng.normal(size=(steps + 1, OBSERVATION)).astype(np.float32)
        self.action = rng.uniform(-1, 1, size=(steps, ACTIONS)).astype(np.float32)
        self.reward = rng.normal(size=steps).astype(np.float32)
        ends = np.cumsum(rng.integers(100, 1001, size=steps // 100))
        ends = ends[ends < steps] - 1
        self.terminated, self.truncated = np.zeros((2, steps), np.bool_)
        self.terminated[ends[::2]] = True
        self.truncated[ends[1::2]] = True
        self.truncated[-1] = not self.terminated[-1]
        self.done = self.terminated | self.truncated
        self.episode = np.cumsum(self.done) - self.done

    def __len__(self) -> int:
        return len(self.action)

    def episodes(self) -> list[slice]:
        stop = np.flatnonzero(self.done) + 1
        return [slice(a, b) for a, b in zip([0, *stop[:-1].tolist()], stop.tolist(), strict=True)]


# Ours.


def filled(data: Data) -> Replay:
    replay = Replay(SCHEMA, CAPACITY)
    ended = data.observation[1:][data.done]
    replay.add_window(
        {"observation": data.observation[:, None]},
        data.action[:, None],
        {"observation": ended},
        data.terminated[:, None],
        data.truncated[:, None],
    )
    replay.add_column("reward", data.reward)
    return replay


def ours(data: Data) -> dict[str, Calls]:
    replay, rng = filled(data), np.random.default_rng(1)
    reward = replay.column("reward")
    prioritised = Prioritised(replay, alpha=0.6, beta=0.4)
    error = np.abs(rng.normal(size=BATCH))

    def by_priority() -> None:
        batch = prioritised.sample(BATCH, rng=rng, reward=reward)
        prioritised.update(batch.index, batch.generation, error)

    return {
        "sample": {"telic": lambda: replay.sample(BATCH, reward=reward, rng=rng)},
        "nstep": {"telic": lambda: replay.sample(BATCH, reward=reward, rng=rng, n_step=N_STEP, gamma=GAMMA)},
        "sequence": {"telic": lambda: replay.sample_windows(WINDOWS, LENGTH, reward=reward, rng=rng, whole=True)},
        "prioritised": {"telic": by_priority},
    }


# Stable-Baselines3.


def sb3_buffer(kind: str = "ReplayBuffer", envs: int = 1, **options: object) -> object:
    import gymnasium as gym
    from stable_baselines3.common import buffers

    spaces = (
        gym.spaces.Box(-np.inf, np.inf, (OBSERVATION,), np.float32),
        gym.spaces.Box(-1, 1, (ACTIONS,), np.float32),
    )
    return getattr(buffers, kind)(
        CAPACITY, *spaces, device="cpu", n_envs=envs, handle_timeout_termination=True, **options
    )


def sb3(data: Data) -> dict[str, Calls]:
    uniform, n_step = sb3_buffer(), sb3_buffer("NStepReplayBuffer", n_steps=N_STEP, gamma=GAMMA)
    cut, not_cut = [{"TimeLimit.truncated": True}], [{}]
    for buffer in (uniform, n_step):
        for t in range(len(data)):
            one = slice(t, t + 1)
            buffer.add(
                data.observation[one], data.observation[t + 1 : t + 2], data.action[one], data.reward[one],
                data.done[one], cut if data.truncated[t] else not_cut,
            )  # fmt: skip
    return {
        "sample": {"sb3": lambda: uniform.sample(BATCH)},
        "nstep": {"sb3": lambda: n_step.sample(BATCH)},
    }


# cpprb.


def cpprb(data: Data) -> dict[str, Calls]:
    from cpprb import PrioritizedReplayBuffer, ReplayBuffer

    fields = {"obs": {"shape": OBSERVATION}, "act": {"shape": ACTIONS}, "rew": {}, "done": {}}
    with_next = fields | {"next_obs": {"shape": OBSERVATION}}
    steps = {"size": N_STEP, "gamma": GAMMA, "rew": "rew", "next": "next_obs"}
    buffers = {
        "plain": ReplayBuffer(CAPACITY, with_next),
        "next_of": ReplayBuffer(CAPACITY, fields, next_of="obs"),
        "nstep": ReplayBuffer(CAPACITY, with_next, Nstep=steps),
        "prioritised": PrioritizedReplayBuffer(CAPACITY, with_next, alpha=0.6),
    }
    for episode in data.episodes():
        following = data.observation[episode.start + 1 : episode.stop + 1]
        for buffer in buffers.values():
            buffer.add(
                obs=data.observation[episode], act=data.action[episode], rew=data.reward[episode],
                done=data.terminated[episode], next_obs=following,
            )  # fmt: skip
            buffer.on_episode_end()
    error = np.abs(np.random.default_rng(2).normal(size=BATCH))

    def by_priority() -> None:
        batch = buffers["prioritised"].sample(BATCH, beta=0.4)
        buffers["prioritised"].update_priorities(batch["indexes"], error)

    return {
        "sample": {
            "cpprb": lambda: buffers["plain"].sample(BATCH),
            "cpprb_next_of": lambda: buffers["next_of"].sample(BATCH),
        },
        "nstep": {"cpprb": lambda: buffers["nstep"].sample(BATCH)},
        "prioritised": {"cpprb": by_priority},
    }


# torchrl.


def torchrl(data: Data) -> dict[str, Calls]:
    from tensordict import TensorDict
    from torchrl.data import LazyTensorStorage, ReplayBuffer, TensorDictReplayBuffer
    from torchrl.data.replay_buffers.samplers import PrioritizedSampler, SliceSampler
    from torchrl.envs.transforms import MultiStepTransform

    tensor = torch.from_numpy
    following = {
        "observation": tensor(data.observation[1:]),
        "reward": tensor(data.reward)[:, None],
        "terminated": tensor(data.terminated)[:, None],
        "truncated": tensor(data.truncated)[:, None],
        "done": tensor(data.done)[:, None],
    }
    steps = TensorDict(
        {"observation": tensor(data.observation[:-1]), "action": tensor(data.action), "next": following},
        batch_size=[len(data)],
    )
    storage = lambda: LazyTensorStorage(CAPACITY)  # noqa: E731
    plain = ReplayBuffer(storage=storage(), batch_size=BATCH)
    tensordict = TensorDictReplayBuffer(storage=storage(), batch_size=BATCH)
    multi = ReplayBuffer(storage=storage(), batch_size=BATCH, transform=MultiStepTransform(N_STEP, GAMMA))
    slices = TensorDictReplayBuffer(
        storage=storage(),
        sampler=SliceSampler(slice_len=LENGTH, traj_key="episode", cache_values=True),
        batch_size=WINDOWS * LENGTH,
    )
    for buffer in (plain, tensordict):
        buffer.extend(steps)
    slices.extend(steps.clone(recurse=False).set("episode", tensor(data.episode)))
    for start in range(0, len(data), 10_000):
        multi.extend(steps[start : start + 10_000])
    calls = {
        "sample": {"torchrl": plain.sample, "torchrl_tensordict": tensordict.sample},
        "nstep": {"torchrl": multi.sample},
        "sequence": {"torchrl": slices.sample},
    }
    try:
        sampler = PrioritizedSampler(CAPACITY, alpha=0.6, beta=0.4)
    except RuntimeError:
        # Its compiled part does not load with every torch that it can be installed beside.
        return calls
    prioritised = ReplayBuffer(storage=storage(), sampler=sampler, batch_size=BATCH)
    prioritised.extend(steps)
    error = torch.rand(BATCH)

    def by_priority() -> None:
        _, about = prioritised.sample(return_info=True)
        prioritised.update_priority(about["index"], error)

    return calls | {"prioritised": {"torchrl": by_priority}}


# Writing.


class Pushes:
    """A chain of steps of some parallel environments, pushed again and again; all episodes are cut at its end."""

    def __init__(self, envs: int, steps: int = 32) -> None:
        rng = np.random.default_rng(3)
        self.observation = rng.normal(size=(steps + 1, envs, OBSERVATION)).astype(np.float32)
        self.action = rng.uniform(-1, 1, size=(steps, envs, ACTIONS)).astype(np.float32)
        self.reward = rng.normal(size=(steps, envs)).astype(np.float32)
        self.terminated, self.truncated = np.zeros((2, steps, envs), np.bool_)
        self.truncated[-1] = True
        self.infos = [[{"TimeLimit.truncated": cut} if cut else {} for cut in row] for row in self.truncated.tolist()]
        self.steps, self.envs = steps, envs
        self._replay, self._sb3 = Replay(SCHEMA, CAPACITY, envs), sb3_buffer(envs=envs)
        self._ours = self._theirs = 0

    def ours(self) -> None:
        t = self._ours
        self._ours = (t + 1) % self.steps
        self._replay.add(
            {"observation": self.observation[t]}, self.action[t], {"observation": self.observation[t + 1]},
            self.terminated[t], self.truncated[t],
        )  # fmt: skip

    def theirs(self) -> None:
        t = self._theirs
        self._theirs = (t + 1) % self.steps
        self._sb3.add(
            self.observation[t], self.observation[t + 1], self.action[t], self.reward[t], self.truncated[t],
            self.infos[t],
        )  # fmt: skip

    def window(self) -> None:
        """All steps at once."""
        self._replay.add_window(
            {"observation": self.observation}, self.action, {"observation": self.observation[-1]}, self.terminated,
            self.truncated,
        )  # fmt: skip

    def all_theirs(self) -> None:
        for _ in range(self.steps):
            self.theirs()


# Measuring.


def seconds(call: Callable[[], object], calls: int) -> float:
    """The median time of some calls."""
    times = np.empty(calls)
    for i in range(calls):
        start = time.perf_counter()
        call()
        times[i] = time.perf_counter() - start
    return float(np.median(times))


def turns(calls: Calls, rounds: int, each: int) -> dict[str, np.ndarray]:
    """The time of each call in each round, by name, after one round to warm up."""
    times = [{name: seconds(call, each) for name, call in calls.items()} for _ in range(rounds + 1)][1:]
    return {name: np.array([turn[name] for turn in times]) for name in calls}


def measure(steps: int, rounds: int) -> dict:
    data = Data(steps, np.random.default_rng(0))
    result, microseconds = {}, {}
    kinds = ("sample", "nstep", "sequence", "prioritised")
    libraries = [library(data) for library in (ours, sb3, cpprb, torchrl)]
    for kind in kinds:
        calls = {name: call for library in libraries for name, call in library.get(kind, {}).items()}
        times = turns(calls, rounds, 20)
        others = np.min([values for name, values in times.items() if name != "telic"], axis=0)
        result[f"{kind}_ratio"] = float(np.median(others / times["telic"]))
        microseconds[kind] = {name: float(np.median(values)) * 1e6 for name, values in times.items()}
    del libraries
    result |= measure_pushes(rounds, microseconds)
    full = Replay(SCHEMA, len(data))
    result["bytes_ratio"] = full.nbytes / full.capacity / (4 * OBSERVATION + 4 * ACTIONS + 2)
    versions = {name: version(name) for name in ("stable-baselines3", "cpprb", "torchrl", "numpy", "torch")}
    return {**result, "us": microseconds, "transitions": steps, "rounds": rounds, "versions": versions}


def measure_pushes(rounds: int, microseconds: dict) -> dict:
    result, one = {}, Pushes(1)
    for envs in (64, 1024):
        pushes = Pushes(envs)
        # So that all stores are full before the clock runs.
        for _ in range(CAPACITY // envs // pushes.steps + 1):
            pushes.window()
            pushes.all_theirs()
        times = turns({"telic": pushes.ours, "sb3": pushes.theirs, "sb3_one_env": one.theirs}, rounds, 64)
        result[f"push{envs}_ratio"] = float(np.median(envs * times["sb3_one_env"] / times["telic"]))
        result[f"push{envs}_same_batch_ratio"] = float(np.median(times["sb3"] / times["telic"]))
        microseconds[f"push{envs}"] = {name: float(np.median(values)) * 1e6 for name, values in times.items()}
    window = Pushes(64, steps=16)
    times = turns({"telic": window.window, "sb3": window.all_theirs}, rounds, 16)
    result["push_window_ratio"] = float(np.median(times["sb3"] / times["telic"]))
    microseconds["push_window"] = {name: float(np.median(values)) * 1e6 for name, values in times.items()}
    return result


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--steps", type=int, default=500_000, help="transitions in each store")
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--json", action="store_true", help="print only the JSON object, on one line")
    arguments = parser.parse_args()
    logging.disable(logging.INFO)
    torch.set_num_threads(1)
    result = measure(arguments.steps, arguments.rounds)
    print(json.dumps(result, indent=None if arguments.json else 2))


if __name__ == "__main__":
    main()
