"""A slow, obvious replay to compare the fast one with: for each stream a list of steps, each with everything in it."""

import numpy as np
import pytest
from hypothesis import strategies as st

from telic.replay.replay import Replay

ACTIONS = 2
NO_STEP = {"action": np.zeros(ACTIONS), "reward": 0.0, "terminated": False, "truncated": False, "number": 0}
UNKNOWN = {"source": "", "task": "", "seed": -1, "policy_version": -1, "intervention": False}


class SlowReplay:
    """For each stream the newest rows; a row is a step, or None where the stream made none."""

    def __init__(self, rows, streams):
        self.rows = rows
        self.streams = [[] for _ in range(streams)]

    def add(self, stream, step):
        self.streams[stream] = [*self.streams[stream], step][-self.rows :]

    def truncate_open(self):
        for rows in self.streams:
            if rows and rows[-1] is not None and not rows[-1]["terminated"]:
                rows[-1]["truncated"] = True

    def steps(self):
        """(stream, row, step) of all steps."""
        return [
            (stream, t, step)
            for stream, rows in enumerate(self.streams)
            for t, step in enumerate(rows)
            if step is not None
        ]

    def next_row(self, stream, t):
        """The row of the next step of a stream, or None."""
        return next((t for t in range(t + 1, len(self.streams[stream])) if self.streams[stream][t] is not None), None)

    def rest(self, stream, t):
        """This step and those after it in the same episode."""
        steps = []
        while True:
            step = self.streams[stream][t]
            steps.append(step)
            if ended(step) or self.next_row(stream, t) is None:
                return steps
            t = self.next_row(stream, t)

    def n_step(self, stream, t, n, gamma):
        """(return, discount, number of steps, last step)."""
        steps = self.rest(stream, t)[:n]
        total = sum(gamma**k * float(step["reward"]) for k, step in enumerate(steps))
        return total, (0.0 if steps[-1]["terminated"] else gamma ** len(steps)), len(steps), steps[-1]

    def next_action(self, stream, t, n):
        """The action after up to n steps, or None."""
        steps = self.rest(stream, t)
        return steps[n]["action"] if len(steps) > n else None

    def returns_to_go(self, stream, t, gamma):
        """(sum, discount, whether it is the whole return)."""
        total, discount, _, last = self.n_step(stream, t, len(self.streams[stream]), gamma)
        return total, discount, last["terminated"]

    def window(self, stream, t, length, across, backward):
        """(steps of the window, None where there is none; the states around them; is_first of each state)."""
        if backward:
            episode = [step for step in self.streams[stream][: t + 1] if step is not None]
            steps = [step for step in episode if step["episode"] == episode[-1]["episode"]][-length:]
        elif across:
            steps = [step for step in self.streams[stream][t:] if step is not None][:length]
        else:
            steps = self.rest(stream, t)[:length]
        last = next(t for t, step in enumerate(self.streams[stream]) if step is steps[-1])
        states, first = [step["signals"] for step in steps], [step["number"] == 0 for step in steps]
        following = self.next_row(stream, last)
        if across and ended(steps[-1]) and following is not None:
            states.append(self.streams[stream][following]["signals"])
            first.append(True)
        else:
            states.append(steps[-1]["next_signals"])
            first.append(False)
        lacking = length - len(steps)
        if backward:
            return [None] * lacking + steps, [states[0]] * lacking + states, [False] * lacking + first
        return steps + [None] * lacking, states + [states[-1]] * lacking, first + [False] * lacking

    def episodes(self):
        """The steps of each episode, in the order of streams and time."""
        found = {}
        for stream, _, step in self.steps():
            found.setdefault((stream, step["episode"]), []).append(step)
        return list(found.values())


def ended(step):
    return step["terminated"] or step["truncated"]


class Twins:
    """The fast and the slow replay, fed with the same made-up steps."""

    def __init__(self, schema, reward, line, rows, streams):
        self.fast = Replay(schema, rows * streams, streams)
        self.slow = SlowReplay(rows, streams)
        self.reward = reward
        self.line = line
        self.now = line.states()
        self.number = [0] * streams
        self.episode = [None] * streams
        self.begun = 0
        self.tags = [dict(UNKNOWN) for _ in range(streams)]
        self.tags_of = {}

    def step(self, ends):
        """Invent one step of all streams: each goes on (""), ends, or makes no step ("skip", if it may)."""
        streams = len(ends)
        following = self.line.states()
        skip = np.array([end == "skip" and self.number[stream] == 0 for stream, end in enumerate(ends)])
        action = np.arange(self.line.counter, self.line.counter + streams * ACTIONS).reshape(streams, ACTIONS)
        step = {
            "signals": self.now,
            "action": (action % 7).astype(np.float32),
            "next_signals": following,
            "terminated": np.array([end in ("terminated", "both") for end in ends]),
            "truncated": np.array([end in ("truncated", "both") for end in ends]),
            "skip": skip,
        }
        restart = self.line.states()
        self.now = {name: value.copy() for name, value in following.items()}
        for stream, end in enumerate(ends):
            if skip[stream]:
                self.slow.add(stream, None)
                continue
            self._add_slowly(stream, step)
            self.number[stream] += 1
            if end in ("terminated", "truncated", "both"):
                self.number[stream] = 0
                for name in self.now:
                    self.now[name][stream] = restart[name][stream]
        return step

    def _add_slowly(self, stream, step):
        one = {name: {key: value[stream] for key, value in step[name].items()} for name in ("signals", "next_signals")}
        terminated = bool(step["terminated"][stream])
        # The reward as it would have been computed online, for this one step.
        inputs = {
            "position": one["signals"]["position"][None],
            "next_position": one["next_signals"]["position"][None],
            "action": step["action"][stream][None],
            "terminated": np.array([terminated], np.float32),
        }
        reward = np.float32(0)
        for term in self.reward.terms(inputs).values():
            reward += np.float32(term[0])
        if self.number[stream] == 0:
            self.episode[stream] = self.begun
            self.tags_of[self.begun] = dict(self.tags[stream])
            self.begun += 1
        self.slow.add(
            stream,
            {
                **one,
                "action": step["action"][stream],
                "terminated": terminated,
                "truncated": bool(step["truncated"][stream]),
                "number": self.number[stream],
                "episode": self.episode[stream],
                "reward": reward,
            },
        )

    def add(self, ends):
        self.fast.add(**self.step(ends))

    def go_on(self, steps):
        for _ in range(steps):
            self.add([""] * len(self.number))

    def add_window(self, ends_of_steps):
        streams = len(self.number)
        before = self.now
        steps = [self.step(["" if end == "skip" else end for end in ends]) for ends in ends_of_steps]
        states = [step["signals"] for step in steps] + [self.now] if steps else [before]
        over = [(step, n) for step in steps for n in range(streams) if step["terminated"][n] or step["truncated"][n]]
        names = before.keys()
        self.fast.add_window(
            {name: np.stack([state[name] for state in states]) for name in names},
            np.array([step["action"] for step in steps], np.float32).reshape(len(steps), streams, ACTIONS),
            {
                name: np.array([step["next_signals"][name][n] for step, n in over], before[name].dtype).reshape(
                    len(over), *before[name].shape[1:]
                )
                for name in names
            },
            np.array([step["terminated"] for step in steps], bool).reshape(len(steps), streams),
            np.array([step["truncated"] for step in steps], bool).reshape(len(steps), streams),
        )

    def truncate_open(self):
        self.fast.truncate_open()
        self.slow.truncate_open()
        self.number = [0] * len(self.number)
        self.now = self.line.states()

    def clear(self):
        self.fast.clear()
        self.slow = SlowReplay(self.slow.rows, len(self.number))
        self.number = [0] * len(self.number)

    def tag(self, stream, version, running):
        stream %= len(self.number)
        tags = {"source": f"source {version % 3}", "policy_version": version, "intervention": running}
        self.fast.tag([stream], running=running, **tags)
        self.tags[stream] |= tags
        if running and self.number[stream] > 0:
            self.tags_of[self.episode[stream]] |= tags

    # Comparing.

    def slots(self):
        """{slot: (stream, row)}, after checking that the same rows are filled."""
        slots = self.fast.slots()
        assert {len(rows) for rows in self.slow.streams} == {len(slots)}
        steps = {(stream, t) for stream, t, _ in self.slow.steps()}
        assert steps == {(stream, t) for (t, stream), slot in np.ndenumerate(slots) if slot >= 0}
        assert len(self.fast) == len(steps)
        return {int(slots[t, stream]): (stream, t) for stream, t in steps}

    def assert_same_facts(self):
        slots = self.slots()
        read = self.fast.read(np.array(list(slots), np.int64))
        for i, (stream, t) in enumerate(slots.values()):
            step = self.slow.streams[stream][t]
            assert bool(read.terminated[i]) == step["terminated"]
            assert bool(read.truncated[i]) == step["truncated"]
            assert np.array_equal(read.action[i], step["action"])
            assert_same_state(read.signals, i, step["signals"])
            assert_same_state(read.next_signals, i, step["next_signals"])

    def assert_same_samples(self, n, gamma, seed):
        slots = self.slots()
        if not slots:
            return
        options = {"reward": self.reward, "n_step": n, "gamma": gamma, "next_action": True}
        batch = self.fast.sample(64, rng=np.random.default_rng(seed), **options)
        again = self.fast.at(batch.index, **options)
        assert np.array_equal(batch.reward, again.reward)
        for i, slot in enumerate(batch.index):
            stream, t = slots[int(slot)]
            start = self.slow.streams[stream][t]
            total, discount, steps, last = self.slow.n_step(stream, t, n, gamma)
            assert batch.steps[i] == steps
            assert batch.reward[i] == pytest.approx(total, rel=1e-6)
            assert batch.discount[i] == pytest.approx(discount, rel=1e-6)
            assert np.array_equal(batch.action[i], start["action"])
            assert_same_state(batch.signals, i, start["signals"])
            assert_same_state(batch.next_signals, i, last["next_signals"])
            action = self.slow.next_action(stream, t, n)
            assert batch.has_next_action[i] == (action is not None)
            assert np.array_equal(batch.next_action[i], np.zeros(ACTIONS) if action is None else action)

    def assert_same_windows(self, length, across, backward):
        slots = self.slots()
        windows = self.fast.windows_at(
            np.array(list(slots), np.int64), length, reward=self.reward, across=across, backward=backward
        )
        finals = []
        for i, (stream, t) in enumerate(slots.values()):
            steps, states, first = self.slow.window(stream, t, length, across, backward)
            assert windows.mask[i].tolist() == [step is not None for step in steps]
            assert windows.is_first[i].tolist() == first
            for h, state in enumerate(states):
                assert_same_state(windows.signals, (i, h), state)
            for h, step in enumerate(steps):
                at = step or {
                    "action": np.zeros(ACTIONS),
                    "reward": 0.0,
                    "terminated": False,
                    "truncated": False,
                    "number": 0,
                }
                assert np.array_equal(windows.action[i, h], at["action"])
                assert windows.reward[i, h] == pytest.approx(at["reward"], rel=1e-6)
                assert (windows.terminated[i, h], windows.truncated[i, h]) == (at["terminated"], at["truncated"])
                assert windows.step[i, h] == at["number"]
                assert (windows.index[i, h] == -1) == (step is None)
                assert step is None or self._step_in(int(windows.index[i, h]), slots) is step
                if step is not None and ended(step):
                    finals.append(((i, h), step["next_signals"]))
        if across:
            assert windows.ends.tolist() == [list(place) for place, _ in finals]
            for i, (_, state) in enumerate(finals):
                assert_same_state(windows.final_signals, i, state)

    def _step_in(self, slot, slots):
        stream, t = slots[slot]
        return self.slow.streams[stream][t]

    def assert_same_returns(self, gamma):
        slots = self.slots()
        found = self.fast.returns_to_go(self.reward, gamma)
        for slot, (stream, t) in slots.items():
            total, discount, complete = self.slow.returns_to_go(stream, t, gamma)
            assert found.total[slot] == pytest.approx(total, rel=1e-5, abs=1e-5)
            assert found.discount[slot] == pytest.approx(discount, rel=1e-5)
            assert found.complete[slot] == complete

    def assert_same_episodes(self):
        table = self.fast.episodes(self.reward)
        slots = self.slots()
        expected = self.slow.episodes()
        assert len(table) == len(expected)
        for i, steps in enumerate(expected):
            last, number = steps[-1], steps[0]["episode"]
            assert (table.number[i], table.length[i]) == (number, len(steps))
            assert self._step_in(int(table.first[i]), slots) is steps[0]
            assert table.stream[i] == slots[int(table.first[i])][0]
            assert (bool(table.terminated[i]), bool(table.truncated[i])) == (last["terminated"], last["truncated"])
            assert bool(table.whole[i]) == (steps[0]["number"] == 0 and ended(last))
            assert table.returns[i] == pytest.approx(sum(float(step["reward"]) for step in steps), rel=1e-9, abs=1e-6)
            assert {name: getattr(table, name)[i] for name in UNKNOWN} == self.tags_of[number]


def assert_same_state(signals, at, state):
    for name, value in state.items():
        assert np.array_equal(signals[name][at], value)


END = st.sampled_from(["", "", "", "", "terminated", "truncated", "both", "skip"])


@st.composite
def histories(draw):
    """(rows, streams, operations)."""
    rows, streams = draw(st.integers(1, 7)), draw(st.integers(1, 4))
    step = st.lists(END, min_size=streams, max_size=streams)
    operation = st.one_of(
        st.tuples(st.just("add"), step),
        st.tuples(st.just("add"), step),
        st.tuples(st.just("add"), step),
        st.tuples(st.just("add_window"), st.lists(step, max_size=2 * rows + 1)),
        st.tuples(st.just("go_on"), st.integers(1, 12)),
        st.tuples(st.just("truncate_open")),
        st.tuples(st.just("look")),
        st.tuples(st.just("clear")),
        st.tuples(st.just("tag"), st.integers(0, 3), st.integers(0, 9), st.booleans()),
    )
    return rows, streams, draw(st.lists(operation, min_size=1, max_size=25))


def run(history, schema, reward, line):
    """A pair of replays with a history behind them; `line` makes a line of states for so many streams."""
    rows, streams, operations = history
    twins = Twins(schema, reward, line(streams), rows, streams)
    for name, *arguments in operations:
        if name == "look":
            # Scores what is stored so far, so that later operations meet partly covered columns.
            twins.assert_same_samples(2, 0.9, seed=0)
            twins.assert_same_returns(0.9)
        else:
            getattr(twins, name)(*arguments)
    return twins
