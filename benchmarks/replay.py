"""Writing to a replay and drawing from it, beside the buffers of Stable-Baselines3, cpprb and torchrl.

    python benchmarks/replay.py --json

All hold the same transitions: 17 floats of observation, 6 of action, episodes of 200 steps, cut by time or ended for
good.
Every round measures all of them in turn, so that a busy machine is busy for all; a ratio is the median, over the
rounds, of the fastest other's time over ours. Prints one JSON object:

- `sample_ratio`: 256 uniform transitions
- `nstep_ratio`: 256 transitions with returns of 3 steps
- `sequence_ratio`: 64 windows of 6 steps
- `prioritised_ratio`: 256 prioritised transitions, and their new priorities
- `push64_ratio`, `push1024_ratio`: rows per second of steps of 64 and of 1024 worlds, over those of Stable-Baselines3
  fed in the same way; `push64_single_ratio`, `push1024_single_ratio`: over Stable-Baselines3 fed one row at a time
- `bytes_ratio`: bytes stored per transition over those of an observation, an action and two flags
"""

import argparse
import contextlib
import io
import json
import logging
import statistics
import time
import warnings
from collections.abc import Callable

import numpy as np

OBSERVATION, ACTION, EPISODE = 17, 6, 200
BATCH, N_STEP, WINDOWS, LENGTH, GAMMA = 256, 3, 64, 6, 0.99

Case = Callable[[], object]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=500_000, help="transitions that every buffer holds")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--calls", type=int, default=100, help="of every buffer in a round")
    parser.add_argument("--json", action="store_true", help="print one JSON object only")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    logging.disable(logging.WARNING)
    data = make_data(arguments.rows)
    result: dict[str, object] = {"rows": arguments.rows, "observation": OBSERVATION, "action": ACTION}
    notes: list[str] = []
    cases = draw_cases(data, notes)
    for name in ("sample", "nstep", "sequence", "prioritised"):
        ours, others = cases[name]["telic"], {who: case for who, case in cases[name].items() if who != "telic"}
        times = measure({"telic": ours, **others}, arguments.rounds, arguments.calls)
        result |= summary(name, times)
    for worlds in (64, 1024):
        times = measure(push_cases(worlds), arguments.rounds, max(1, 10_000 // worlds))
        result |= push_summary(worlds, times)
    result["bytes_ratio"] = bytes_ratio(data)
    result["notes"] = notes
    print(json.dumps(result))


def make_data(rows: int) -> dict[str, np.ndarray]:
    """One stream of episodes; every third ends for good, the others by time."""
    rng = np.random.default_rng(0)
    end = np.arange(rows) % EPISODE == EPISODE - 1
    terminated = end & (np.arange(rows) // EPISODE % 3 == 0)
    state = rng.normal(size=(rows + 1, OBSERVATION)).astype(np.float32)
    following = state[1:].copy()
    # The state after an end is not the first one of the next episode.
    following[end] += 1.0
    return {
        "observation": state[:-1],
        "next_observation": following,
        "action": rng.uniform(-1, 1, (rows, ACTION)).astype(np.float32),
        "reward": rng.normal(size=rows).astype(np.float32),
        "terminated": terminated,
        "truncated": end & ~terminated,
    }


def telic_replay(data: dict[str, np.ndarray]):
    from telic.replay.action import ActionSpec
    from telic.replay.replay import Replay
    from telic.replay.schema import Schema
    from telic.replay.signal import Signal

    schema = Schema((Signal("observation", (OBSERVATION,)),), ActionSpec(tuple(f"a{i}" for i in range(ACTION))))
    rows = len(data["reward"])
    replay = Replay(schema, rows)
    ended = data["terminated"] | data["truncated"]
    replay.add_window(
        {"observation": np.concatenate([data["observation"], data["next_observation"][-1:]])[:, None]},
        data["action"][:, None],
        {"observation": data["next_observation"][ended]},
        data["terminated"][:, None],
        data["truncated"][:, None],
    )
    replay.add_column("recorded", data["reward"])
    return replay


def draw_cases(data: dict[str, np.ndarray], notes: list[str]) -> dict[str, dict[str, Case]]:
    """What is measured of each buffer, by case and buffer."""
    cases: dict[str, dict[str, Case]] = {name: {} for name in ("sample", "nstep", "sequence", "prioritised")}
    for make in (telic_cases, sb3_cases, cpprb_cases, torchrl_cases):
        for name, case in make(data, notes).items():
            cases[name][make.__name__.removesuffix("_cases")] = case
    return cases


def telic_cases(data: dict[str, np.ndarray], notes: list[str]) -> dict[str, Case]:
    from telic.replay.priority import Prioritised

    replay = telic_replay(data)
    rng = np.random.default_rng(1)
    prioritised = Prioritised(replay)
    errors = np.abs(np.random.default_rng(2).normal(size=BATCH))

    def draw_and_update() -> None:
        batch = prioritised.sample(BATCH, reward="recorded", rng=rng)
        prioritised.update(batch.index, batch.generation, errors)

    return {
        "sample": lambda: replay.sample(BATCH, reward="recorded", rng=rng),
        "nstep": lambda: replay.sample(BATCH, reward="recorded", rng=rng, n_step=N_STEP, gamma=GAMMA),
        "sequence": lambda: replay.sample_windows(WINDOWS, LENGTH, reward="recorded", rng=rng),
        "prioritised": draw_and_update,
    }


def sb3_buffer(kind: str, rows: int, worlds: int = 1, **options: object):
    import stable_baselines3.common.buffers as buffers
    from gymnasium.spaces import Box

    space = Box(-np.inf, np.inf, (OBSERVATION,), np.float32)
    return getattr(buffers, kind)(
        rows, space, Box(-1, 1, (ACTION,), np.float32), device="cpu", n_envs=worlds, **options
    )


def sb3_cases(data: dict[str, np.ndarray], notes: list[str]) -> dict[str, Case]:
    rows = len(data["reward"])
    plain = sb3_buffer("ReplayBuffer", rows)
    stepped = sb3_buffer("NStepReplayBuffer", rows, n_steps=N_STEP, gamma=GAMMA)
    # Its arrays are filled at once: what is measured is the drawing.
    for buffer in (plain, stepped):
        buffer.observations[:, 0] = data["observation"]
        buffer.next_observations[:, 0] = data["next_observation"]
        buffer.actions[:, 0], buffer.rewards[:, 0] = data["action"], data["reward"]
        buffer.dones[:, 0] = data["terminated"] | data["truncated"]
        buffer.timeouts[:, 0] = data["truncated"]
        buffer.pos, buffer.full = 0, True
    return {"sample": lambda: plain.sample(BATCH), "nstep": lambda: stepped.sample(BATCH)}


def cpprb_cases(data: dict[str, np.ndarray], notes: list[str]) -> dict[str, Case]:
    import cpprb

    rows = len(data["reward"])
    fields = {
        "obs": {"shape": OBSERVATION, "dtype": np.float32},
        "act": {"shape": ACTION, "dtype": np.float32},
        "rew": {"dtype": np.float32},
        "next_obs": {"shape": OBSERVATION, "dtype": np.float32},
        "done": {"dtype": np.float32},
    }
    plain = cpprb.ReplayBuffer(rows, fields)
    stepped = cpprb.ReplayBuffer(rows, fields, Nstep={"size": N_STEP, "gamma": GAMMA, "rew": "rew", "next": "next_obs"})
    ranked = cpprb.PrioritizedReplayBuffer(rows, fields, alpha=0.6)
    values = {
        "obs": data["observation"],
        "act": data["action"],
        "rew": data["reward"],
        "next_obs": data["next_observation"],
        "done": data["terminated"].astype(np.float32),
    }
    last = np.flatnonzero(data["terminated"] | data["truncated"]) + 1
    for start, stop in zip([0, *last[:-1]], last, strict=True):
        part = {name: array[start:stop] for name, array in values.items()}
        for buffer in (plain, stepped, ranked):
            buffer.add(**part)
            buffer.on_episode_end()
    errors = np.abs(np.random.default_rng(2).normal(size=BATCH))

    def draw_and_update() -> None:
        batch = ranked.sample(BATCH, beta=0.4)
        ranked.update_priorities(batch["indexes"], errors)

    return {
        "sample": lambda: plain.sample(BATCH),
        "nstep": lambda: stepped.sample(BATCH),
        "prioritised": draw_and_update,
    }


def torchrl_cases(data: dict[str, np.ndarray], notes: list[str]) -> dict[str, Case]:
    """torchrl's n-step returns are made when it writes; its buffers draw whole rows, next observation included."""
    with contextlib.redirect_stderr(io.StringIO()):
        import torch
        import torchrl.data as rl
        from tensordict import TensorDict

    rows = len(data["reward"])
    ended = data["terminated"] | data["truncated"]
    content = TensorDict(
        {
            "observation": torch.from_numpy(data["observation"]),
            "action": torch.from_numpy(data["action"]),
            "episode": torch.from_numpy(np.concatenate([[0], np.cumsum(ended)[:-1]])),
            "next": {
                "observation": torch.from_numpy(data["next_observation"]),
                "reward": torch.from_numpy(data["reward"]),
                "done": torch.from_numpy(ended),
                "terminated": torch.from_numpy(data["terminated"]),
            },
        },
        [rows],
    )

    def buffer(batch: int, **options: object):
        made = rl.TensorDictReplayBuffer(storage=rl.LazyTensorStorage(rows), batch_size=batch, **options)
        made.extend(content)
        return made

    plain = buffer(BATCH)
    slices = rl.SliceSampler(slice_len=LENGTH, traj_key="episode", cache_values=True, strict_length=False)
    windows = buffer(WINDOWS * LENGTH, sampler=slices)
    cases: dict[str, Case] = {"sample": plain.sample, "sequence": windows.sample}
    try:
        ranked = buffer(BATCH, sampler=rl.PrioritizedSampler(rows, alpha=0.6, beta=0.4))
    except RuntimeError as error:
        notes.append(f"torchrl's prioritised sampler does not start here: {error}")
        return cases
    errors = torch.rand(BATCH)

    def draw_and_update() -> None:
        batch = ranked.sample()
        ranked.update_priority(batch["index"], errors)

    return cases | {"prioritised": draw_and_update}


def push_cases(worlds: int) -> dict[str, Case]:
    """One step of all worlds; every buffer holds the same number of rows and wraps while it is measured."""
    from telic.replay.action import ActionSpec
    from telic.replay.replay import Replay
    from telic.replay.schema import Schema
    from telic.replay.signal import Signal

    rows = 200 * worlds
    rng = np.random.default_rng(3)
    states = [rng.normal(size=(worlds, OBSERVATION)).astype(np.float32) for _ in range(2)]
    action = rng.uniform(-1, 1, (worlds, ACTION)).astype(np.float32)
    reward, done = rng.normal(size=worlds).astype(np.float32), np.zeros(worlds, np.bool_)
    infos = [{} for _ in range(worlds)]
    schema = Schema((Signal("observation", (OBSERVATION,)),), ActionSpec(tuple(f"a{i}" for i in range(ACTION))))
    replay = Replay(schema, rows, worlds)
    many, single = sb3_buffer("ReplayBuffer", rows, worlds), sb3_buffer("ReplayBuffer", rows)
    here = 0

    def telic() -> None:
        nonlocal here
        here = 1 - here
        replay.add({"observation": states[here]}, action, {"observation": states[1 - here]}, done, done)

    def sb3() -> None:
        many.add(states[0], states[1], action, reward, done, infos)

    def sb3_single() -> None:
        for i in range(worlds):
            single.add(states[0][i], states[1][i], action[i], reward[i], done[i], infos[:1])

    return {"telic": telic, "sb3": sb3, "sb3_single": sb3_single}


def measure(cases: dict[str, Case], rounds: int, calls: int) -> dict[str, list[float]]:
    """Seconds per call, of every case in every round."""
    for case in cases.values():
        for _ in range(3):
            case()
    times: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(rounds):
        for name, case in cases.items():
            begin = time.perf_counter()
            for _ in range(calls):
                case()
            times[name].append((time.perf_counter() - begin) / calls)
    return times


def summary(name: str, times: dict[str, list[float]]) -> dict[str, object]:
    """The ratio to the fastest other, and every median [us]."""
    others = [who for who in times if who != "telic"]
    fastest = min(others, key=lambda who: statistics.median(times[who]))
    ratio = statistics.median(other / own for other, own in zip(times[fastest], times["telic"], strict=True))
    medians = {who: round(1e6 * statistics.median(seconds), 1) for who, seconds in times.items()}
    return {f"{name}_ratio": ratio, f"{name}_us": medians}


def push_summary(worlds: int, times: dict[str, list[float]]) -> dict[str, object]:
    """Ratios of rows per second, and the rates."""

    def ratio(other: str) -> float:
        return statistics.median(a / b for a, b in zip(times[other], times["telic"], strict=True))

    rates = {who: round(worlds / statistics.median(seconds)) for who, seconds in times.items()}
    return {
        f"push{worlds}_ratio": ratio("sb3"),
        f"push{worlds}_single_ratio": ratio("sb3_single"),
        f"push{worlds}_rows_per_s": rates,
    }


def bytes_ratio(data: dict[str, np.ndarray]) -> float:
    replay = telic_replay(data)
    return replay.nbytes / len(replay) / (4 * OBSERVATION + 4 * ACTION + 2)


if __name__ == "__main__":
    main()
