"""Batches as tensors, and stores mirrored on a device."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from telic.replay.errors import EmptyReplayError, ReplayError
from telic.replay.mirror import DeviceMirror
from telic.replay.priority import Prioritised
from telic.replay.recency import Recent
from telic.replay.replay import Replay
from telic.replay.torch_batch import to_torch

ROOM = 2**20
TENSORS = ("action", "reward", "discount")


def assert_equal(tensors, batch):
    """Every tensor holds what the NumPy batch holds."""
    for name in TENSORS:
        assert np.array_equal(getattr(tensors, name).cpu().numpy(), getattr(batch, name)), name
    for part in ("signals", "next_signals"):
        for name, array in getattr(batch, part).items():
            tensor = getattr(tensors, part)[name].cpu().numpy()
            assert tensor.dtype == array.dtype
            assert np.array_equal(tensor, array), (part, name)
    for name in ("steps", "index", "generation"):
        assert np.array_equal(getattr(tensors, name), getattr(batch, name))
    if batch.next_action is not None:
        assert np.array_equal(tensors.next_action.cpu().numpy(), batch.next_action)
        assert np.array_equal(tensors.has_next_action.cpu().numpy(), batch.has_next_action)


def test_tensors_on_the_cpu_share_the_memory_of_the_batch(walk, place):
    batch = walk(20, 2, 10).sample(8, reward=place, rng=np.random.default_rng(0), next_action=True)
    tensors = to_torch(batch)
    assert_equal(tensors, batch)
    assert len(tensors) == 8
    assert tensors.weight is None
    batch.signals["position"][3] = 77.0
    batch.reward[2] = -5.0
    assert (tensors.signals["position"][3] == 77.0).all()
    assert tensors.reward[2] == -5.0


STEP = st.one_of(
    st.tuples(st.just("walk"), st.integers(1, 9)),
    st.tuples(st.just("cut"), st.none()),
    st.tuples(st.just("clear"), st.none()),
    st.tuples(st.just("restore"), st.none()),
    st.tuples(st.just("look"), st.none()),
)


@settings(max_examples=60, deadline=None)
@given(
    rows=st.integers(1, 6),
    streams=st.integers(1, 3),
    steps=st.lists(STEP, min_size=1, max_size=14),
    ends=st.dictionaries(
        st.tuples(st.integers(0, 8), st.integers(0, 2)), st.sampled_from(["terminated", "truncated"]), max_size=8
    ),
    n=st.integers(1, 3),
)
def test_a_mirror_gives_what_its_store_gives_whatever_happened_in_between(
    schema, walk, make_place, rows, streams, steps, ends, n
):
    replay, reward = Replay(schema, rows * streams, streams), make_place()
    mirror = DeviceMirror(replay, "cpu", ROOM)
    ends = {(step, stream): kind for (step, stream), kind in ends.items() if stream < streams}

    def compare():
        if len(replay):
            reading = {"reward": reward, "n_step": n, "gamma": 0.9, "next_action": True}
            batch = replay.sample(12, rng=np.random.default_rng(n), **reading)
            assert_equal(mirror.sample(12, rng=np.random.default_rng(n), **reading), batch)

    for name, argument in steps:
        if name == "walk":
            replay.truncate_open()
            walk(replay.capacity, streams, argument, ends, replay=replay)
        elif name == "cut":
            replay.truncate_open()
        elif name == "clear":
            replay.clear()
        elif name == "restore":
            replay.load_state_dict(replay.state_dict())
        else:
            compare()
    compare()


def test_final_states_that_are_known_late_reach_the_mirror(walk, place):
    """Once enough places for them are taken, none of the updates below copies the whole store."""
    replay = walk(12, 2, 1)
    for _ in range(12):
        replay.truncate_open()
        walk(12, 2, 1, replay=replay)
    mirror = DeviceMirror(replay, "cpu", ROOM)
    slots = np.arange(12)
    for _ in range(8):
        for change in (replay.truncate_open, lambda: walk(12, 2, 1, {(0, 0): "terminated"}, replay=replay)):
            change()
            tensors = mirror.sample(12, reward=place, rng=np.random.default_rng(0), draw=lambda *_: slots)
            assert_equal(tensors, replay.at(slots, reward=place))


def test_a_store_that_became_another_is_copied_anew(walk, place):
    replay, other = walk(12, 2, 6, {(1, 0): "terminated"}), walk(12, 2, 6, {(3, 1): "terminated"})
    mirror = DeviceMirror(replay, "cpu", ROOM)
    replay.load_state_dict(other.state_dict())
    tensors = mirror.sample(12, reward=place, rng=np.random.default_rng(0))
    assert_equal(tensors, other.sample(12, reward=place, rng=np.random.default_rng(0)))


def test_a_mirror_reads_what_other_samplers_draw(walk, place):
    replay = walk(20, 2, 10)
    mirror, prioritised = DeviceMirror(replay, "cpu", ROOM), Prioritised(replay)
    prioritised.update(np.arange(20), replay.ring.written, np.arange(20.0))
    batch = prioritised.sample(16, reward=place, rng=np.random.default_rng(0))
    tensors = mirror.sample(16, reward=place, rng=np.random.default_rng(0), draw=prioritised.draw)
    assert_equal(tensors, batch)
    assert np.array_equal(tensors.weight.numpy(), batch.weight)
    assert prioritised.update(tensors.index, tensors.generation, np.ones(16)) == 16
    recent = Recent(replay, 4)
    assert_equal(
        mirror.sample(16, reward=place, rng=np.random.default_rng(1), draw=recent.draw),
        recent.sample(16, reward=place, rng=np.random.default_rng(1)),
    )


def test_a_store_that_does_not_fit_is_refused(walk):
    with pytest.raises(ReplayError, match=r"the store takes .* MiB, but the mirror may take 0\.0"):
        DeviceMirror(walk(20, 2, 10), "cpu", 100)


def test_wrong_arguments_are_refused(walk, place, schema):
    rng = np.random.default_rng(0)
    mirror = DeviceMirror(walk(20, 2, 10), "cpu", ROOM)
    with pytest.raises(ReplayError, match="n_step 0"):
        mirror.sample(4, reward=place, rng=rng, n_step=0)
    with pytest.raises(ReplayError, match="batch_size 0"):
        mirror.sample(0, reward=place, rng=rng)
    with pytest.raises(EmptyReplayError):
        DeviceMirror(Replay(schema, 4), "cpu", ROOM).sample(1, reward=place, rng=rng)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a CUDA device")
def test_batches_and_mirrors_on_a_gpu(walk, place):
    replay = walk(20, 2, 10, {(3, 0): "terminated", (6, 1): "truncated"})
    batch = replay.sample(16, reward=place, rng=np.random.default_rng(0), n_step=2, next_action=True)
    tensors = to_torch(batch, "cuda")
    assert tensors.action.is_cuda
    assert_equal(tensors, batch)
    mirror = DeviceMirror(replay, "cuda", ROOM)
    reading = {"reward": place, "n_step": 2, "next_action": True}
    assert_equal(mirror.sample(16, rng=np.random.default_rng(0), **reading), batch)
    replay.truncate_open()
    walk(20, 2, 4, replay=replay)
    batch = replay.sample(16, rng=np.random.default_rng(1), **reading)
    assert_equal(mirror.sample(16, rng=np.random.default_rng(1), **reading), batch)
