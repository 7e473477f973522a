"""What the replay refuses to store, and that a refusal changes nothing."""

import numpy as np
import pytest

from telic.replay.action import ActionSpec
from telic.replay.errors import (
    DiscontinuityError,
    DtypeError,
    MissingSignalError,
    NonFiniteError,
    ReplayError,
    ShapeError,
)
from telic.replay.replay import Replay
from telic.replay.schema import Schema
from telic.replay.signal import Signal

STREAMS = 3


@pytest.fixture
def line(make_line):
    return make_line(STREAMS)


@pytest.fixture
def step(line):
    """The arguments of one call of `add`."""
    return {
        "signals": line.states(),
        "action": np.zeros((STREAMS, 2), np.float32),
        "next_signals": line.states(),
        "terminated": np.zeros(STREAMS, bool),
        "truncated": np.zeros(STREAMS, bool),
    }


@pytest.fixture
def full(schema, step, line):
    """A full replay with one more step at hand that goes on from it."""
    replay = Replay(schema, 2 * STREAMS, STREAMS)
    replay.add(**step)
    after = line.states()
    replay.add(**(step | {"signals": step["next_signals"], "next_signals": after}))
    return replay, step | {"signals": after, "next_signals": line.states()}


def contents(replay):
    return {name: array.tobytes() for name, array in replay.state_dict().items()}


def refuses(replay, step, error, match):
    before = contents(replay)
    with pytest.raises(error, match=match):
        replay.add(**step)
    assert contents(replay) == before


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("where", ["signals", "next_signals"])
def test_what_is_not_finite_is_refused_with_signal_element_and_stream(full, bad, where):
    replay, step = full
    step[where]["position"][1, 2] = bad
    refuses(replay, step, NonFiniteError, rf"position\[2\] of stream 1 is {bad}")


def test_a_float64_signal_is_checked_too(full):
    replay, step = full
    step["signals"]["clock"][2] = np.nan
    refuses(replay, step, NonFiniteError, "clock of stream 2 is nan")


def test_an_action_that_is_not_finite_is_refused(full):
    replay, step = full
    step["action"][0, 1] = np.inf
    refuses(replay, step, NonFiniteError, r"action\[1\] of stream 0 is inf")


def test_large_and_tiny_finite_numbers_are_accepted(full):
    replay, step = full
    step["action"][:] = [[3.4e38, -3.4e38], [1e-45, -0.0], [0.0, 1.0]]
    replay.add(**step)
    assert np.array_equal(replay.read(replay.slots()[-1]).action, step["action"])


def test_a_step_that_starts_elsewhere_is_refused(full):
    replay, step = full
    step["signals"]["ticks"][2] += 1
    refuses(replay, step, DiscontinuityError, "'ticks' of stream 2 is .* but the step before led to .* truncate_open")


def test_a_step_after_an_end_may_start_anywhere(schema, step, line):
    replay = Replay(schema, 4 * STREAMS, STREAMS)
    replay.add(**(step | {"truncated": np.array([True, False, True])}))
    elsewhere = line.states()
    start = {name: value.copy() for name, value in step["next_signals"].items()}
    for name in start:
        start[name][[0, 2]] = elsewhere[name][[0, 2]]
    replay.add(**(step | {"signals": start, "next_signals": line.states()}))
    final = replay.read(replay.slots()[0]).next_signals
    for name, value in step["next_signals"].items():
        assert np.array_equal(final[name], value)


def test_minus_zero_continues_zero(schema, step):
    replay = Replay(schema, 4 * STREAMS, STREAMS)
    step["next_signals"]["position"][:] = 0.0
    replay.add(**step)
    replay.add(**(step | {"signals": step["next_signals"] | {"position": np.full((STREAMS, 3), -0.0, np.float32)}}))
    assert len(replay) == 2 * STREAMS


def test_flags_must_be_bool(full):
    replay, step = full
    refuses(
        replay, step | {"terminated": np.zeros(STREAMS)}, DtypeError, "'terminated' has dtype float64, expected bool"
    )


def test_one_flag_for_all_streams_is_refused(full):
    replay, step = full
    refuses(
        replay, step | {"truncated": np.zeros((), bool)}, ShapeError, r"'truncated' has shape \(\), expected \(3,\)"
    )


def test_an_action_of_another_size_is_refused(full):
    replay, step = full
    refuses(replay, step | {"action": np.zeros((STREAMS, 4), np.float32)}, ShapeError, r"'action' has shape \(3, 4\)")


def test_a_missing_next_signal_is_refused(full):
    replay, step = full
    del step["next_signals"]["contact"]
    refuses(replay, step, MissingSignalError, "missing: contact")


def test_stored_facts_do_not_share_memory_with_the_world(schema, step):
    replay = Replay(schema, 2 * STREAMS, STREAMS)
    replay.add(**step)
    before = contents(replay)
    for values in (*step["signals"].values(), *step["next_signals"].values(), step["action"]):
        values[:] = 0
    read = replay.read(replay.slots()[0])
    read.signals["position"][:] = 99.0
    assert contents(replay) == before


def windowed(line, length, ends=()):
    """The arguments of one call of `add_window`; `ends` are the (step, stream) that truncate."""
    states = line.states((length + 1) * STREAMS)
    truncated = np.zeros((length, STREAMS), bool)
    for end in ends:
        truncated[end] = True
    return {
        "signals": {name: value.reshape(length + 1, STREAMS, *value.shape[1:]) for name, value in states.items()},
        "action": np.zeros((length, STREAMS, 2), np.float32),
        "final_signals": line.states(len(ends)) if ends else {name: value[:0] for name, value in states.items()},
        "terminated": np.zeros((length, STREAMS), bool),
        "truncated": truncated,
    }


def test_final_states_of_a_window_belong_to_its_ends_in_the_order_of_time(schema, line):
    replay = Replay(schema, 10 * STREAMS, STREAMS)
    window = windowed(line, 4, ends=[(1, 2), (3, 0)])
    replay.add_window(**window)
    slots = replay.slots()
    ends = replay.read(np.array([slots[1, 2], slots[3, 0]]))
    assert ends.truncated.all()
    assert np.array_equal(ends.next_signals["position"], window["final_signals"]["position"])


def test_a_window_names_step_and_stream_of_what_is_not_finite(schema, line):
    replay = Replay(schema, 10 * STREAMS, STREAMS)
    window = windowed(line, 4)
    window["signals"]["position"][3, 1, 0] = np.nan
    with pytest.raises(NonFiniteError, match=r"position\[0\] of step 3, stream 1 is nan"):
        replay.add_window(**window)
    assert len(replay) == 0


def test_a_window_names_the_episode_end_of_what_is_not_finite(schema, line):
    replay = Replay(schema, 10 * STREAMS, STREAMS)
    window = windowed(line, 4, ends=[(1, 2), (3, 0)])
    window["final_signals"]["position"][1, 0] = np.nan
    with pytest.raises(NonFiniteError, match=r"next position\[0\] of episode end 1 is nan"):
        replay.add_window(**window)
    assert len(replay) == 0


def test_a_window_without_its_final_states_is_refused(schema, line):
    replay = Replay(schema, 10 * STREAMS, STREAMS)
    window = windowed(line, 4, ends=[(1, 2), (3, 0)])
    window["final_signals"] = {name: value[:1] for name, value in window["final_signals"].items()}
    with pytest.raises(ShapeError, match=r"'position' has shape \(1, 3\), expected \(2, 3\)"):
        replay.add_window(**window)


def test_a_window_must_go_on_from_the_step_before(full, line):
    replay, _ = full
    with pytest.raises(DiscontinuityError, match="'position' of stream 0"):
        replay.add_window(**windowed(line, 2))


def test_after_truncate_open_a_new_world_may_go_on(full, line):
    replay, _ = full
    replay.truncate_open()
    assert replay.read(replay.slots()[-1]).truncated.all()
    assert not replay.read(replay.slots()[0]).truncated.any()
    replay.add_window(**windowed(line, 2))


def test_room_for_less_than_one_step_is_refused(schema):
    with pytest.raises(ReplayError, match="capacity is 2 for 3 streams"):
        Replay(schema, 2, 3)


def test_capacity_is_rounded_down_to_whole_steps(schema):
    assert Replay(schema, 10, 3).capacity == 9


def test_slots_out_of_range_are_refused(full):
    replay, _ = full
    with pytest.raises(ReplayError, match="slots reach from 0 to 6; filled are 0 to 5"):
        replay.read(np.array([0, 6]))
    with pytest.raises(ShapeError, match="integers"):
        replay.read(np.array([0.5]))


def test_a_slot_is_current_until_it_is_overwritten_or_forgotten(full, place):
    replay, step = full
    batch = replay.sample(32, reward=place, rng=np.random.default_rng(0))
    assert replay.is_current(batch.index, batch.generation).all()
    oldest = np.isin(batch.index, replay.slots()[0])
    replay.add(**step)
    assert np.array_equal(replay.is_current(batch.index, batch.generation), ~oldest)
    replay.clear()
    assert not replay.is_current(batch.index, batch.generation).any()
    replay.add(**step)
    assert not replay.is_current(batch.index, batch.generation).any()


def test_room_of_overwritten_final_states_is_used_again(schema, step):
    replay = Replay(schema, 4 * STREAMS, STREAMS)
    always = step | {"truncated": np.ones(STREAMS, bool)}
    sizes = []
    for _ in range(40):
        replay.add(**always)
        sizes.append(replay.nbytes)
    assert sizes[0] < sizes[4] == sizes[-1]
    replay.clear()
    for _ in range(40):
        replay.add(**always)
    assert replay.nbytes == sizes[-1]


def test_a_slot_takes_little_more_than_its_facts():
    flight = Schema((Signal("observation", (17,)),), ActionSpec(tuple("abcdef")))
    facts = 17 * 4 + 6 * 4 + 2
    assert Replay(flight, 100_000, 10).nbytes / 100_000 < 1.15 * facts


def test_only_between_episodes_may_a_stream_be_skipped(full, schema, step, line):
    replay, step = full
    refuses(replay, step | {"skip": np.array([False, True, False])}, DiscontinuityError, "stream 1 is skipped, but it")
    replay.add(**(step | {"truncated": np.array([False, True, False])}))
    state = {name: value.copy() for name, value in step["next_signals"].items()}
    state["position"][1] = np.nan
    replay.add(**(step | {"signals": state, "next_signals": line.states(), "skip": np.array([False, True, False])}))
    assert replay.slots()[-1].tolist()[1] == -1
    assert len(replay) == 2 * STREAMS - 1
    refuses(replay, step | {"skip": np.zeros(2, bool)}, ShapeError, r"'skip' has shape \(2,\), expected \(3,\)")


@pytest.mark.parametrize("kind", ["strided", "read-only", "fortran", "no stride"])
def test_arrays_may_lie_in_memory_as_they_like(schema, step, kind):
    def lay(value):
        if kind == "strided":
            return np.repeat(value, 2, axis=-1)[..., ::2] if value.ndim > 1 else np.repeat(value, 2)[::2]
        if kind == "fortran":
            return np.asfortranarray(value)
        if kind == "no stride":
            return np.broadcast_to(value[:1].copy(), value.shape) if value.dtype == bool else value[::-1][::-1]
        value = value.copy()
        value.flags.writeable = False
        return value

    plain, other = Replay(schema, 2 * STREAMS, STREAMS), Replay(schema, 2 * STREAMS, STREAMS)
    laid = {name: {key: lay(part) for key, part in step[name].items()} for name in ("signals", "next_signals")}
    laid |= {name: lay(step[name]) for name in ("action", "terminated", "truncated")}
    laid["next_signals"] = {name: lay(value) for name, value in step["next_signals"].items()}
    plain.add(
        **{
            name: {k: np.array(v) for k, v in value.items()} if isinstance(value, dict) else np.array(value)
            for name, value in laid.items()
        }
    )
    other.add(**laid)
    assert contents(plain) == contents(other)


def test_a_single_stream_may_be_a_view_of_one_sample(schema, line):
    replay = Replay(schema, 10)
    states = line.states(4)
    for t in range(3):
        now, then = ({name: value[at][None] for name, value in states.items()} for at in (t, t + 1))
        replay.add(now, np.ones(2, np.float32)[None], then, np.zeros(1, bool), np.zeros(1, bool))
    read = replay.read(replay.slots()[:, 0])
    assert np.array_equal(read.signals["position"], states["position"][:3])
    assert np.array_equal(read.next_signals["position"], states["position"][1:])
    assert (read.action == 1.0).all()
