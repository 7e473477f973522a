"""n-step returns, computed by hand.

One stream of seven steps with rewards 1, 2, 4, 8, 16, 32, 64; gamma 0.5. Step 2 ends an episode, step 6 is the newest.
"""

import numpy as np
import pytest

from telic.replay.action import ActionSpec
from telic.replay.errors import EmptyReplayError, ReplayError
from telic.replay.replay import Replay
from telic.replay.schema import Schema
from telic.replay.signal import Signal

HEIGHTS = [0.0, 1.0, 2.0, 10.0, 11.0, 12.0, 13.0]
# The state that each step led to; the one of step 2 is 3, not the 10 with which the next episode begins.
NEXT = [1.0, 2.0, 3.0, 11.0, 12.0, 13.0, 14.0]


class Given:
    """The stored reward itself."""

    fingerprint = "given"
    inputs = ("bonus",)

    def terms(self, inputs):
        return {"bonus": inputs["bonus"]}


@pytest.fixture
def store():
    schema = Schema((Signal("height", (), "m"), Signal("bonus")), ActionSpec(("motor",)))

    def build(end, capacity=7):
        replay = Replay(schema, capacity)
        state = lambda height, bonus: {"height": np.float32([height]), "bonus": np.float32([bonus])}  # noqa: E731
        for step in range(7):
            ended = np.array([step == 2])
            off = np.zeros(1, bool)
            replay.add(
                state(HEIGHTS[step], 2.0**step),
                np.zeros((1, 1), np.float32),
                state(NEXT[step], 2.0 ** (step + 1)),
                ended if end == "terminated" else off,
                ended if end == "truncated" else off,
            )
        return replay

    return build


def drawn(replay, n):
    """For each start, by height: (return, discount, steps, next height)."""
    batch = replay.sample(200, reward=Given(), n_step=n, gamma=0.5, rng=np.random.default_rng(0))
    columns = (batch.reward, batch.discount, batch.steps, batch.next_signals["height"])
    rows = np.stack([column.astype(np.float64) for column in columns], axis=1)
    return {float(height): tuple(row) for height, row in zip(batch.signals["height"], rows.tolist(), strict=True)}


def test_one_step_after_a_termination_and_at_the_newest_step(store):
    assert drawn(store("terminated"), 1) == {
        0.0: (1.0, 0.5, 1, 1.0),
        1.0: (2.0, 0.5, 1, 2.0),
        2.0: (4.0, 0.0, 1, 3.0),
        10.0: (8.0, 0.5, 1, 11.0),
        11.0: (16.0, 0.5, 1, 12.0),
        12.0: (32.0, 0.5, 1, 13.0),
        13.0: (64.0, 0.5, 1, 14.0),
    }


def test_three_steps_stop_at_a_termination_and_do_not_bootstrap_there(store):
    assert drawn(store("terminated"), 3) == {
        0.0: (1.0 + 0.5 * 2.0 + 0.25 * 4.0, 0.0, 3, 3.0),
        1.0: (2.0 + 0.5 * 4.0, 0.0, 2, 3.0),
        2.0: (4.0, 0.0, 1, 3.0),
        10.0: (8.0 + 0.5 * 16.0 + 0.25 * 32.0, 0.125, 3, 13.0),
        11.0: (16.0 + 0.5 * 32.0 + 0.25 * 64.0, 0.125, 3, 14.0),
        12.0: (32.0 + 0.5 * 64.0, 0.25, 2, 14.0),
        13.0: (64.0, 0.5, 1, 14.0),
    }


def test_three_steps_stop_at_a_truncation_and_bootstrap_from_its_final_state(store):
    rows = drawn(store("truncated"), 3)
    assert rows[0.0] == (3.0, 0.125, 3, 3.0)
    assert rows[1.0] == (4.0, 0.25, 2, 3.0)
    assert rows[2.0] == (4.0, 0.5, 1, 3.0)


def test_sums_do_not_run_past_the_newest_step_into_the_oldest(store):
    # Four slots: the newest step, 13, lies just before the oldest, 10, in memory.
    assert drawn(store("terminated", capacity=4), 5) == {
        10.0: (8.0 + 0.5 * 16.0 + 0.25 * 32.0 + 0.125 * 64.0, 0.0625, 4, 14.0),
        11.0: (16.0 + 0.5 * 32.0 + 0.25 * 64.0, 0.125, 3, 14.0),
        12.0: (32.0 + 0.5 * 64.0, 0.25, 2, 14.0),
        13.0: (64.0, 0.5, 1, 14.0),
    }


def test_the_same_seed_draws_the_same_batch_and_another_does_not(store):
    replay = store("terminated")
    one, same, other = (
        replay.sample(32, reward=Given(), rng=np.random.default_rng(seed)).index.tolist() for seed in (3, 3, 4)
    )
    assert one == same != other


def test_the_draw_is_uniform(store):
    index = store("terminated").sample(70_000, reward=Given(), rng=np.random.default_rng(0)).index
    counts = np.bincount(index, minlength=7)
    # Five standard deviations of a binomial count.
    assert np.abs(counts - 10_000).max() < 5 * np.sqrt(10_000)


def test_an_empty_replay_has_nothing_to_draw(store):
    replay = store("terminated")
    replay.clear()
    with pytest.raises(EmptyReplayError, match="add transitions before sampling"):
        replay.sample(4, reward=Given(), rng=np.random.default_rng(0))


@pytest.mark.parametrize("wrong", [{"batch_size": 0}, {"n_step": 0}, {"gamma": 1.01}, {"gamma": float("nan")}])
def test_arguments_out_of_range_are_refused(store, wrong):
    arguments = {"batch_size": 4, "n_step": 1, "gamma": 0.9} | wrong
    with pytest.raises(ReplayError, match=f"{next(iter(wrong))} {next(iter(wrong.values()))}"):
        store("terminated").sample(**arguments, reward=Given(), rng=np.random.default_rng(0))
