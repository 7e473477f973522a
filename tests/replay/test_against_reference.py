"""The replay against a slow, obvious one: a list of whole steps per stream, each with a copy of the next state."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telic.replay.replay import Replay

ACTIONS = 2


class SlowReplay:
    """For each stream a list of steps; a step is a dictionary with everything in it."""

    def __init__(self, rows, streams):
        self.rows = rows
        self.streams = [[] for _ in range(streams)]

    def add(self, stream, step):
        self.streams[stream] = [*self.streams[stream], step][-self.rows :]

    def truncate_open(self):
        for steps in self.streams:
            if steps and not steps[-1]["terminated"]:
                steps[-1]["truncated"] = True

    def n_step(self, stream, t, n, gamma):
        """(return, discount, number of steps, last step)."""
        steps = self.streams[stream]
        total, k = 0.0, 0
        while True:
            step = steps[t + k]
            total += gamma**k * float(step["reward"])
            k += 1
            if k == n or step["terminated"] or step["truncated"] or t + k == len(steps):
                return total, (0.0 if step["terminated"] else gamma**k), k, step

    def episodes(self):
        """(stream, length, terminated, truncated, whole, return) in order."""
        found = []
        for stream, steps in enumerate(self.streams):
            episode = []
            for t, step in enumerate(steps):
                episode.append(step)
                ended = step["terminated"] or step["truncated"]
                if ended or t == len(steps) - 1:
                    returns = sum(float(s["reward"]) for s in episode)
                    whole = bool(episode[0]["first"] and ended)
                    found.append((stream, len(episode), step["terminated"], step["truncated"], whole, returns))
                    episode = []
        return found


class Twins:
    """The fast and the slow replay, fed with the same made-up steps."""

    def __init__(self, schema, reward, line, rows, streams):
        self.fast = Replay(schema, rows * streams, streams)
        self.slow = SlowReplay(rows, streams)
        self.reward = reward
        self.line = line
        self.now = line.states()
        self.first = [True] * streams

    def step(self, ends):
        """Invent one step of all streams; `ends` has one of "", "terminated", "truncated", "both" per stream."""
        streams = len(ends)
        following = self.line.states()
        action = np.arange(self.line.counter, self.line.counter + streams * ACTIONS).reshape(streams, ACTIONS)
        step = {
            "signals": self.now,
            "action": (action % 7).astype(np.float32),
            "next_signals": following,
            "terminated": np.array([end in ("terminated", "both") for end in ends]),
            "truncated": np.array([end in ("truncated", "both") for end in ends]),
        }
        restart = self.line.states()
        self.now = {name: value.copy() for name, value in following.items()}
        for stream, end in enumerate(ends):
            self._add_slowly(stream, step)
            self.first[stream] = bool(end)
            if end:
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
        self.slow.add(
            stream,
            {
                **one,
                "action": step["action"][stream],
                "terminated": terminated,
                "truncated": bool(step["truncated"][stream]),
                "first": self.first[stream],
                "reward": reward,
            },
        )

    def add(self, ends):
        self.fast.add(**self.step(ends))

    def add_window(self, ends_of_steps):
        streams = len(self.first)
        before = self.now
        steps = [self.step(ends) for ends in ends_of_steps]
        states = [step["signals"] for step in steps] + [self.now] if steps else [before]
        ended = [(step, n) for step in steps for n in range(streams) if step["terminated"][n] or step["truncated"][n]]
        names = before.keys()
        self.fast.add_window(
            {name: np.stack([state[name] for state in states]) for name in names},
            np.array([step["action"] for step in steps], np.float32).reshape(len(steps), streams, ACTIONS),
            {
                name: np.array([step["next_signals"][name][n] for step, n in ended], before[name].dtype).reshape(
                    len(ended), *before[name].shape[1:]
                )
                for name in names
            },
            np.array([step["terminated"] for step in steps], bool).reshape(len(steps), streams),
            np.array([step["truncated"] for step in steps], bool).reshape(len(steps), streams),
        )

    def truncate_open(self):
        self.fast.truncate_open()
        self.slow.truncate_open()
        self.first = [True] * len(self.first)
        self.now = self.line.states()

    def clear(self):
        self.fast.clear()
        self.slow = SlowReplay(self.slow.rows, len(self.first))
        self.first = [True] * len(self.first)

    # Comparing.

    def assert_same_facts(self):
        slots = self.fast.slots()
        lengths = {len(steps) for steps in self.slow.streams}
        assert lengths == {len(slots)}
        assert len(self.fast) == slots.size
        for stream, steps in enumerate(self.slow.streams):
            read = self.fast.read(slots[:, stream])
            for t, step in enumerate(steps):
                assert bool(read.terminated[t]) == step["terminated"]
                assert bool(read.truncated[t]) == step["truncated"]
                assert np.array_equal(read.action[t], step["action"])
                for name in step["signals"]:
                    assert np.array_equal(read.signals[name][t], step["signals"][name])
                    assert np.array_equal(read.next_signals[name][t], step["next_signals"][name])

    def assert_same_samples(self, n, gamma, seed):
        slots = self.fast.slots()
        if not slots.size:
            return
        batch = self.fast.sample(64, reward=self.reward, n_step=n, gamma=gamma, rng=np.random.default_rng(seed))
        place = {int(slot): (t, stream) for (t, stream), slot in np.ndenumerate(slots)}
        for i, slot in enumerate(batch.index):
            t, stream = place[int(slot)]
            start = self.slow.streams[stream][t]
            total, discount, steps, last = self.slow.n_step(stream, t, n, gamma)
            assert batch.steps[i] == steps
            assert batch.reward[i] == pytest.approx(total, rel=1e-6)
            assert batch.discount[i] == pytest.approx(discount, rel=1e-6)
            assert np.array_equal(batch.action[i], start["action"])
            for name in start["signals"]:
                assert np.array_equal(batch.signals[name][i], start["signals"][name])
                assert np.array_equal(batch.next_signals[name][i], last["next_signals"][name])

    def assert_same_episodes(self):
        table = self.fast.episodes(self.reward)
        expected = self.slow.episodes()
        assert len(table) == len(expected)
        for i, (stream, length, terminated, truncated, whole, returns) in enumerate(expected):
            assert (table.stream[i], table.length[i]) == (stream, length)
            assert (bool(table.terminated[i]), bool(table.truncated[i])) == (terminated, truncated)
            assert bool(table.whole[i]) == whole
            assert table.returns[i] == pytest.approx(returns, rel=1e-9, abs=1e-6)


END = st.sampled_from(["", "", "", "terminated", "truncated", "both"])


@st.composite
def histories(draw):
    """(rows, streams, operations)."""
    rows, streams = draw(st.integers(1, 7)), draw(st.integers(1, 4))
    step = st.lists(END, min_size=streams, max_size=streams)
    operation = st.one_of(
        st.tuples(st.just("add"), step),
        st.tuples(st.just("add"), step),
        st.tuples(st.just("add_window"), st.lists(step, max_size=2 * rows + 1)),
        st.tuples(st.just("truncate_open"), st.none()),
        st.tuples(st.just("sample"), st.none()),
        st.tuples(st.just("clear"), st.none()),
    )
    return rows, streams, draw(st.lists(operation, min_size=1, max_size=25))


@pytest.fixture(scope="module")
def twins_of(schema, make_line, make_place):
    """A fresh pair of replays with a history behind them."""

    def build(history):
        rows, streams, operations = history
        twins = Twins(schema, make_place(), make_line(streams), rows, streams)
        for name, argument in operations:
            if name == "sample":
                # Scores what is stored so far, so that later operations meet a partly covered column.
                twins.assert_same_samples(2, 0.9, seed=0)
            elif argument is None:
                getattr(twins, name)()
            else:
                getattr(twins, name)(argument)
        return twins

    return build


lenient = settings(max_examples=100, deadline=None)


@lenient
@given(history=histories())
def test_facts_are_those_that_were_written(twins_of, history):
    twins_of(history).assert_same_facts()


@lenient
@given(history=histories(), n=st.integers(1, 6), gamma=st.sampled_from([0.0, 0.5, 0.99, 1.0]), seed=st.integers(0, 99))
def test_samples_are_those_of_the_reference(twins_of, history, n, gamma, seed):
    twins_of(history).assert_same_samples(n, gamma, seed)


@lenient
@given(history=histories())
def test_episodes_are_those_of_the_reference(twins_of, history):
    twins_of(history).assert_same_episodes()


@lenient
@given(history=histories(), more=st.integers(0, 5))
def test_a_restored_replay_goes_on_as_if_nothing_had_happened(twins_of, history, more, schema):
    twins = twins_of(history)
    state = twins.fast.state_dict()
    columns = {name: column.reward for name, column in twins.fast.columns.items()}
    twins.fast = Replay(schema, twins.fast.capacity, twins.fast.num_streams)
    twins.fast.load_state_dict(state)
    assert set(twins.fast.columns) == set(columns)
    for _ in range(more):
        twins.add(["terminated"] + [""] * (twins.fast.num_streams - 1))
    twins.assert_same_facts()
    twins.assert_same_samples(3, 0.9, seed=1)
    twins.assert_same_episodes()
