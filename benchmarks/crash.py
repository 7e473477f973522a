"""What a store on disk survives: ``python benchmarks/crash.py --kills 100 --json``.

A process that writes to a store is killed with SIGKILL at random moments and started again, again and again. After each
death the store is opened and every step in it is compared with what it must be. Now and then the last chunk is also
torn or one of its bytes is changed, as a bad disk would. Then four processes write a million steps while one reads
them, and a store of ten million small steps is opened.

- ``lost_committed``: steps for which a commit had returned and that are gone, but for those in a chunk that was damaged
  on purpose.
- ``corrupt_reads``: steps that differ from what was written.
- ``damage_detected`` of ``damaged``: stores that named the file that was damaged on purpose.
- ``killed_in_commit``: deaths that left a half written file behind.
- ``missing``, ``doubled``, ``torn``: steps of the million that the reader did not get, got twice, or got wrong.
- ``open_ms``: median time to open the ten million, with the page cache warm. Rates are per second of wall-clock time.
"""

import argparse
import json
import logging
import os
import signal
import statistics
import tempfile
import time
from pathlib import Path

import numpy as np

from telic.replay.action import ActionSpec
from telic.replay.replay import Replay
from telic.replay.schema import Schema
from telic.replay.signal import Signal
from telic.replay.store.store import Store

SCHEMA = Schema((Signal("state", (17,)), Signal("number", dtype="int64")), ActionSpec(tuple("abcdef")))
SMALL = Schema((Signal("state", (3,)),), ActionSpec(("a",)))
# Steps of an episode.
LENGTH = 37
WRITERS = 4
WINDOW = 100


def states(numbers):
    """The states with these numbers; every element depends on its number."""
    return {"state": (numbers[..., None] % 65537 + np.arange(17) / 32).astype(np.float32), "number": numbers}


def actions(numbers):
    return np.repeat((numbers[..., None] % 8191).astype(np.float32), 6, axis=-1)


def add(writer, first, count):
    """Add `count` steps: step n leads from state n to state n + 1, at an episode's end to state -n."""
    numbers = np.arange(first, first + count + 1)[:, None]
    ends = numbers[:-1] % LENGTH == LENGTH - 1
    terminated = ends & (numbers[:-1] % 2 == 0)
    writer.add_window(
        states(numbers), actions(numbers[:-1]), states(-numbers[:-1][ends]), terminated, ends & ~terminated
    )


def wrong(found, numbers, restarts=0):
    """How many transitions are not those with these numbers, but for writers that did not go on with an episode."""
    ends = numbers % LENGTH == LENGTH - 1
    following = np.where(ends, -numbers, numbers + 1)
    right = found.terminated == (ends & (numbers % 2 == 0))
    truncated = ends & (numbers % 2 == 1)
    right &= found.truncated | ~truncated
    for expected, seen in ((states(numbers), found.signals), (states(following), found.next_signals)):
        right &= (expected["state"] == seen["state"]).all(axis=1) & (expected["number"] == seen["number"])
    right &= (actions(numbers) == found.action).all(axis=1)
    cut = int(np.count_nonzero(found.truncated & ~truncated))
    return int(np.count_nonzero(~right)) + max(cut - restarts, 0)


def fork(work):
    """Run a function in a process of its own; returns the process id."""
    child = os.fork()
    if child == 0:
        try:
            work()
        finally:
            os._exit(0)
    return child


def write_until_killed(path, report):
    """Write on, and report how many steps are committed whenever a commit has returned."""
    with Store.open(path, "append").writer("robot", commit_every=64) as writer:
        first = writer.committed
        while True:
            add(writer, first, 16)
            first += 16
            os.pwrite(report, writer.committed.to_bytes(8, "little"), 0)


def damage(path, rng):
    """Tear the file off somewhere, or change one of its bits."""
    content = bytearray(path.read_bytes())
    at = int(rng.integers(len(content)))
    if rng.random() < 0.5:
        content = content[:at]
    else:
        content[at] ^= 1 << int(rng.integers(8))
    path.write_bytes(content)


def kills(folder, count, rng):
    """Kill a writer `count` times; every fourth time its last chunk is damaged as well."""
    path = folder / "killed"
    Store.create(path, SCHEMA)
    chunks = path / "writers/robot"
    report = os.open(folder / "report", os.O_RDWR | os.O_CREAT)
    lost = corrupt = damaged = detected = in_commit = 0
    for kill in range(count):
        child = fork(lambda: write_until_killed(path, report))
        time.sleep(float(rng.uniform(0.002, 0.12)))
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        committed = int.from_bytes(os.pread(report, 8, 0), "little")
        in_commit += any(chunks.glob(".0*.tmp"))
        before = len(Store.open(path))
        lost += max(committed - before, 0)
        last = max(chunks.glob("0*.safetensors"), default=None)
        if kill % 4 == 3 and last is not None:
            damage(last, rng)
            damaged += 1
        store = Store.open(path)
        detected += kill % 4 == 3 and [problem.path for problem in store.problems] == [last]
        numbers = np.arange(len(store))
        corrupt += wrong(store.read(numbers), numbers, restarts=kill + 1)
        # What is left after damage on purpose is what the next writer goes on from.
        os.pwrite(report, len(store).to_bytes(8, "little"), 0)
    return {
        "kills": count,
        "killed_in_commit": in_commit,
        "steps": len(store),
        "lost_committed": lost,
        "corrupt_reads": corrupt,
        "damaged": damaged,
        "damage_detected": detected,
    }


def crowd(folder, total):
    """Four writers and a reader that follows them."""
    path = folder / "crowd"
    store = Store.create(path, SCHEMA)
    each = total // WRITERS

    def write(which):
        with store.writer(f"writer-{which}", commit_every=4096) as writer:
            for first in range(which * each, (which + 1) * each, WINDOW):
                add(writer, first, min(WINDOW, (which + 1) * each - first))

    start = time.perf_counter()
    alive = {fork(lambda which=which: write(which)) for which in range(WRITERS)}
    seen = np.zeros(each * WRITERS, np.int64)
    replay = Replay(SCHEMA, seen.size)
    follower = store.follow(replay)
    torn = 0
    finished = False
    while not finished:
        alive = {child for child in alive if os.waitpid(child, os.WNOHANG)[0] == 0}
        # Once more after the last one has ended.
        finished = not alive
        before = len(store)
        follower.update()
        found = store.read(np.arange(before, len(store)))
        numbers = np.clip(found.signals["number"], 0, seen.size - 1)
        torn += wrong(found, numbers)
        np.add.at(seen, numbers, 1)
    seconds = time.perf_counter() - start
    followed = np.bincount(replay.read(np.arange(len(replay))).signals["number"], minlength=seen.size)
    return {
        "transitions": int(seen.sum()),
        "missing": int(np.count_nonzero((seen == 0) | (followed == 0))),
        "doubled": int(np.count_nonzero((seen > 1) | (followed > 1))),
        "torn": torn,
        "written_and_followed_per_s": round(seen.size / seconds),
    }


def opening(folder, steps):
    """A store of many small steps in episodes of 200."""
    path = folder / "large"
    rng = np.random.default_rng(0)
    count = min(steps, 100_000)
    states = rng.random((count + 1, 1, 3), np.float32)
    states[0] = states[-1]
    ends = (np.arange(1, count + 1) % 200 == 0)[:, None]
    final = {"state": states[1:][ends]}
    start = time.perf_counter()
    with Store.create(path, SMALL).writer("robot") as writer:
        for first in range(0, steps, count):
            writer.episode(source="benchmark", seed=first)
            writer.add_window({"state": states}, states[:-1, :, :1], final, ends, np.zeros_like(ends))
    seconds = time.perf_counter() - start
    opened = [timed(lambda: Store.open(path)) for _ in range(9)]
    store = Store.open(path)
    assert len(store) == steps
    return {
        "open_ms": round(1e3 * statistics.median(opened), 2),
        "open_steps": steps,
        "episodes_ms": round(1e3 * timed(lambda: store.episodes), 2),
        "small_steps_written_per_s": round(steps / seconds),
    }


def speed(folder, rng):
    """How fast a store of larger steps goes into memory, and is sampled where it is."""
    path = folder / "crowd"
    store = Store.open(path)
    size = len(store) * (18 + 6 + 1) * 4
    loading = [timed(lambda: Store.open(path).replay()) for _ in range(3)]
    memory, mapped = store.replay(), store.mapped()

    def sample(replay):
        return timed(lambda: [replay.sample(256, reward=REWARD, n_step=3, rng=rng) for _ in range(200)]) / 200

    times = {"memory": [], "mapped": []}
    for replay in (memory, mapped):
        sample(replay)
    for _ in range(5):
        times["memory"].append(sample(memory))
        times["mapped"].append(sample(mapped))
    return {
        "load_mb_per_s": round(size / statistics.median(loading) / 1e6),
        "sample_memory_us": round(1e6 * statistics.median(times["memory"]), 1),
        "sample_mapped_us": round(1e6 * statistics.median(times["mapped"]), 1),
    }


class Zero:
    fingerprint = "zero"
    inputs = ("number",)

    def terms(self, inputs):
        return {"zero": np.zeros(inputs["number"].shape, np.float32)}


REWARD = Zero()


def timed(work):
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--kills", type=int, default=100, help="how often the writer is killed")
    parser.add_argument("--transitions", type=int, default=1_000_000, help="steps of the four writers")
    parser.add_argument("--open", type=int, default=10_000_000, help="steps of the store that is opened")
    parser.add_argument("--seed", type=int, default=0, help="of the moments of death and of the damage")
    parser.add_argument("--folder", type=Path, default=None, help="where the stores are made, on the disk to be tested")
    parser.add_argument("--json", action="store_true", help="print one JSON object and nothing else")
    arguments = parser.parse_args()
    logging.disable(logging.WARNING)
    rng = np.random.default_rng(arguments.seed)
    with tempfile.TemporaryDirectory(dir=arguments.folder) as name:
        folder = Path(name)
        # Forks do not compile again what is compiled here.
        with Store.create(folder / "warm", SCHEMA).writer("robot") as writer:
            add(writer, 0, 2 * LENGTH)
        Store.open(folder / "warm").replay()
        result = kills(folder, arguments.kills, rng)
        result |= crowd(folder, arguments.transitions)
        result |= speed(folder, rng)
        result |= opening(folder, arguments.open)
    if not arguments.json:
        for key, value in result.items():
            print(f"{key:28} {value}")
    print(json.dumps(result))


if __name__ == "__main__":
    main()
