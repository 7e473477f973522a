"""Batches drawn ahead in a thread: the same as without one, in every way of stopping, failing and going on."""

import threading
import time

import numpy as np
import pytest

from telic.replay.errors import EmptyReplayError, FileFormatError, ReplayError
from telic.replay.mixture import Mixture
from telic.replay.prefetch import Prefetched
from telic.replay.priority import Prioritised
from telic.replay.replay import Replay
from telic.replay.schedule import Linear


class World:
    """A mixture of prioritised and uniform stores that a learner changes as it goes."""

    def __init__(self, walk, place):
        self.walk, self.reward = walk, place
        self.online, self.offline = walk(40, 2, 12), walk(30, 3, 5)
        self.online.truncate_open()
        self.prioritised = Prioritised(self.online, beta=Linear(0.4, 1.0, batches=20))
        self.mixture = Mixture(
            [(self.prioritised, Linear(0.3, 0.8, batches=15)), (self.offline, Linear(0.7, 0.2, batches=15))]
        )
        self.rng = np.random.default_rng(7)

    def draw(self, rng):
        return self.mixture.sample(11, reward=self.reward, rng=rng)

    def prefetched(self, depth):
        return Prefetched(self.draw, self.rng, [self.mixture, self.prioritised], depth)

    def change(self, batch):
        """What a learner does after each batch."""
        self.mixture.update(batch.index, batch.generation, np.abs(batch.reward) + 0.1, batch.source)
        if len(batch.signals["ticks"]) and batch.source.sum() % 2:
            self.walk(40, 2, 1, replay=self.online)
            self.online.truncate_open()


def assert_same(some, others):
    assert len(some) == len(others)
    for one, other in zip(some, others, strict=True):
        assert np.array_equal(one.index, other.index)
        assert np.array_equal(one.source, other.source)
        assert np.array_equal(one.weight, other.weight)
        assert np.array_equal(one.reward, other.reward)


@pytest.fixture
def make_world(walk, place):
    return lambda: World(walk, place)


@pytest.mark.parametrize("depth", [1, 2, 5])
def test_batches_are_those_that_are_drawn_one_by_one(make_world, depth):
    plain, ahead = make_world(), make_world()
    with ahead.prefetched(depth) as batches:
        got = [next(batches) for _ in range(30)]
    assert_same(got, [plain.draw(plain.rng) for _ in range(30)])
    # Closing leaves everything where the last batch handed out left it.
    assert_same([ahead.draw(ahead.rng)], [plain.draw(plain.rng)])


@pytest.mark.parametrize("depth", [1, 3])
def test_they_are_also_when_the_learner_changes_the_store_between_two(make_world, depth):
    plain, ahead = make_world(), make_world()
    expected, got = [], []
    with ahead.prefetched(depth) as batches:
        for i in range(25):
            expected.append(plain.draw(plain.rng))
            got.append(next(batches))
            if i % 3 == 0:
                plain.change(expected[-1])
                with batches.paused():
                    ahead.change(got[-1])
    assert_same(got, expected)


def test_a_resumed_run_goes_on_with_the_same_batches_although_some_had_been_drawn_ahead(make_world):
    whole, first = make_world(), make_world()
    with whole.prefetched(2) as batches:
        expected = [next(batches) for _ in range(12)]
    with first.prefetched(4) as batches:
        got = [next(batches) for _ in range(5)]
        state = batches.state_dict()
        with batches.paused():
            priorities = first.prioritised.state_dict()
    second = make_world()
    second.prioritised.load_state_dict(priorities)
    with second.prefetched(2) as batches:
        batches.load_state_dict(state)
        got += [next(batches) for _ in range(7)]
    assert_same(got, expected)


def test_at_most_so_many_batches_wait():
    drawn = []
    with Prefetched(lambda rng: drawn.append(rng.random()), np.random.default_rng(0), depth=3) as batches:
        next(batches)
        deadline = time.monotonic() + 10
        while len(drawn) < 4 and time.monotonic() < deadline:
            time.sleep(0.001)
        time.sleep(0.02)
        assert len(drawn) == 4


def test_an_error_in_the_thread_reaches_the_caller_who_can_try_again(schema, walk, place):
    replay = Replay(schema, 8, 2)
    rng = np.random.default_rng(0)
    with Prefetched(lambda rng: replay.sample(4, reward=place, rng=rng), rng) as batches:
        for _ in range(2):
            with pytest.raises(EmptyReplayError, match="add transitions"):
                next(batches)
        with batches.paused():
            walk(8, 2, 3, replay=replay)
        got = next(batches)
    assert np.array_equal(got.index, replay.sample(4, reward=place, rng=np.random.default_rng(0)).index)


def test_a_batch_drawn_before_an_error_is_handed_out_before_it():
    def draw(rng):
        value = rng.integers(1_000_000)
        draw.count += 1
        if draw.count == 3:
            raise RuntimeError("broken")
        return value

    draw.count = 0
    rng = np.random.default_rng(1)
    with Prefetched(draw, rng, depth=4) as batches:
        got = [next(batches), next(batches)]
        with pytest.raises(RuntimeError, match="broken"):
            next(batches)
        got.append(next(batches))
    fresh = np.random.default_rng(1)
    assert got == [fresh.integers(1_000_000) for _ in range(3)]


def test_nothing_is_drawn_in_a_pause_or_after_the_end(make_world):
    batches = make_world().prefetched(2)
    next(batches)
    with batches.paused(), pytest.raises(ReplayError, match="paused"):
        next(batches)
    next(batches)
    batches.close()
    batches.close()
    with pytest.raises(ReplayError, match="closed"):
        next(batches)
    assert not [thread for thread in threading.enumerate() if thread.name == "telic-prefetch"]


def test_wrong_arguments_and_states_are_refused(make_world):
    world = make_world()
    with pytest.raises(ReplayError, match="depth is 0"):
        world.prefetched(0)
    with world.prefetched(1) as batches, pytest.raises(FileFormatError, match="cursors/0"):
        batches.load_state_dict({"rng": np.zeros(3, np.uint8)})
