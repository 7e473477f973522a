"""What every sampler promises, whatever it prefers to draw."""

from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
import pytest

from telic.replay.batch import Batch
from telic.replay.errors import EmptyReplayError, ReplayError, UnknownNameError
from telic.replay.mixture import Mixture
from telic.replay.normalised import Normalised
from telic.replay.normaliser import ObservationNormaliser
from telic.replay.prefetch import Prefetched
from telic.replay.priority import Prioritised
from telic.replay.recency import RecencyWeighted, Recent
from telic.replay.replay import Replay
from telic.replay.reward_scaler import RewardScaler
from telic.replay.rng_state import rng_state, set_rng_state
from telic.replay.schedule import Linear
from telic.replay.synthetic import Synthetic

ENDS = {(2, 0): "terminated", (4, 1): "truncated", (9, 0): "terminated", (11, 1): "truncated"}


@dataclass
class Setting:
    """A sampler with everything whose state must be saved beside it, in the order of loading."""

    sampler: Any
    stores: list[Replay]
    saved: list[Any] = field(default_factory=list)

    def state(self, rng):
        return [part.state_dict() for part in (*self.stores, *self.saved)], rng_state(rng)

    def restore(self, state, rng):
        for part, arrays in zip((*self.stores, *self.saved), state[0], strict=True):
            part.load_state_dict(arrays)
        set_rng_state(rng, state[1])


def uniform(replay, _):
    return Setting(replay, [replay])


def proportional(replay, _):
    sampler = Prioritised(replay, beta=Linear(0.4, 1.0, batches=10))
    return Setting(sampler, [replay], [sampler])


def lap(replay, _):
    sampler = Prioritised(replay, kind="lap")
    return Setting(sampler, [replay], [sampler])


def recent(replay, _):
    return Setting(Recent(replay, 7), [replay])


def recency_weighted(replay, _):
    return Setting(RecencyWeighted(replay, half_life=5.0), [replay])


def synthetic(replay, _):
    sampler = Synthetic(replay, keep=2)
    sampler.next_generation()
    return Setting(sampler, [replay], [sampler])


def mixture(replay, other):
    prioritised = Prioritised(other)
    sampler = Mixture(
        [(replay, 0.3), (prioritised, Linear(0.5, 0.2, batches=7)), (Recent(replay, 5), Linear(0.2, 0.5, batches=7))]
    )
    return Setting(sampler, [replay, other], [prioritised, sampler])


def normalised(replay, _):
    position, scaler = ObservationNormaliser(3), RewardScaler(2)
    position.update(np.arange(12.0).reshape(4, 3))
    scaler.update(np.ones(2), np.zeros(2, bool))
    sampler = Normalised(replay, {"position": position}, scaler)
    return Setting(sampler, [replay], [position, scaler])


SAMPLERS = [uniform, proportional, lap, recent, recency_weighted, synthetic, mixture, normalised]


@pytest.fixture(params=SAMPLERS, ids=lambda make: make.__name__)
def make(request, walk):
    """Makes the sampler anew, over stores of two and three streams; after 13 steps the first has gone round."""

    def build(steps=13):
        ends = {(step, stream): kind for (step, stream), kind in ENDS.items() if step < steps}
        return request.param(walk(20, 2, steps, ends), walk(12, 3, steps))

    return build


@pytest.fixture
def draw(place):
    """Draws one batch with options that every sampler must pass on."""

    def one(setting, rng, size=24):
        return setting.sampler.sample(size, reward=place, rng=rng, n_step=2, gamma=0.9, next_action=True)

    return one


def rng_of(seed=0):
    return np.random.default_rng(seed)


def arrays_of(value):
    """Every array in a batch, with its path."""
    if isinstance(value, Batch):
        value = {entry.name: getattr(value, entry.name) for entry in fields(value)}
    if isinstance(value, dict):
        return {f"{name}.{path}": array for name, part in value.items() for path, array in arrays_of(part).items()}
    return {} if value is None else {"": np.asarray(value)}


def assert_same(one, other):
    mine, others = arrays_of(one), arrays_of(other)
    assert mine.keys() == others.keys()
    for name, array in mine.items():
        assert array.dtype == others[name].dtype, name
        assert np.array_equal(array, others[name]), name


def live(setting, batch, walk):
    """What a learner does after a batch: it tells errors and writes a step into every store."""
    if hasattr(setting.sampler, "update"):
        source = () if batch.source is None else (batch.source,)
        setting.sampler.update(batch.index, batch.generation, np.abs(batch.reward) + 0.1, *source)
    if hasattr(setting.sampler, "next_generation"):
        setting.sampler.next_generation()
    for store in setting.stores:
        store.truncate_open()
        walk(store.capacity, store.num_streams, 1, replay=store)
        store.truncate_open()


def test_a_seed_decides_the_batches(make, draw):
    first, second, other = make(), make(), make()
    rng, same, another = rng_of(3), rng_of(3), rng_of(4)
    batches = [draw(first, rng) for _ in range(4)]
    for batch in batches:
        assert_same(batch, draw(second, same))
    assert not all(np.array_equal(batch.index, draw(other, another).index) for batch in batches)


def test_no_other_source_of_randomness_is_touched(make, draw):
    before = np.random.get_state()[1].copy()  # noqa: NPY002 (that is the point)
    draw(make(), rng_of())
    assert np.array_equal(before, np.random.get_state()[1])  # noqa: NPY002


@pytest.mark.parametrize("size", [1, 7, 64])
def test_a_batch_has_the_size_that_was_asked_for_in_every_array(make, draw, size):
    setting = make()
    batch = draw(setting, rng_of(), size)
    assert len(batch) == size
    schema = setting.sampler.schema
    for name in schema.names:
        assert batch.signals[name].shape == batch.next_signals[name].shape == (size, *schema[name].shape)
    assert batch.action.shape == batch.next_action.shape == (size, schema.actions.size)
    for name in ("reward", "discount", "steps", "index", "has_next_action"):
        assert getattr(batch, name).shape == (size,)
    for name in ("weight", "source"):
        assert getattr(batch, name) is None or getattr(batch, name).shape == (size,)
    assert (batch.weight is None) or (0.0 < batch.weight.min() <= batch.weight.max() <= 1.0)


def assert_held(setting, batch, reward):
    """Every transition of a batch is in the slot that it names, in the store that it names."""
    # A mixture's parts 0 and 2 are over the first store.
    owner = np.zeros(len(batch), int) if batch.source is None else batch.source % 2
    for i, store in enumerate(setting.stores):
        mine = owner == i
        held = store.at(batch.index[mine], reward=reward, n_step=2, gamma=0.9, next_action=True)
        for name in ("action", "discount", "steps", "next_action", "has_next_action"):
            assert np.array_equal(getattr(batch, name)[mine], getattr(held, name)), name
        for name in ("clock", "contact", "ticks"):
            assert np.array_equal(batch.signals[name][mine], held.signals[name])
            assert np.array_equal(batch.next_signals[name][mine], held.next_signals[name])
        generation = np.broadcast_to(batch.generation, len(batch))[mine]
        assert store.is_current(batch.index[mine], generation).all()


def test_every_transition_is_one_that_its_store_holds(make, draw, place):
    setting = make()
    for seed in range(5):
        assert_held(setting, draw(setting, rng_of(seed)), place)


def test_what_is_written_later_is_drawn_and_what_was_overwritten_is_not(make, draw, walk, place):
    setting = make(4)
    draw(setting, rng_of())
    for _ in range(12):
        live(setting, draw(setting, rng_of()), walk)
    batches = [draw(setting, rng_of(seed), 64) for seed in range(4)]
    for batch in batches:
        assert_held(setting, batch, place)
    newest = setting.stores[0].slots()[-1]
    assert np.isin(newest, np.concatenate([batch.index for batch in batches])).any()


def test_a_batch_is_a_copy(make, draw):
    setting = make()
    before = [store.state_dict() for store in setting.stores]
    batch = draw(setting, rng_of())
    for values in (*batch.signals.values(), *batch.next_signals.values(), batch.action, batch.reward, batch.index):
        values[...] = 0
    for state, store in zip(before, setting.stores, strict=True):
        after = store.state_dict()
        assert all(np.array_equal(state[name], after[name]) for name in state if name != "description")


def test_a_resumed_run_draws_the_same_batches(make, draw, walk):
    whole, rng = make(), rng_of(5)
    for _ in range(3):
        live(whole, draw(whole, rng), walk)
    state = whole.state(rng)
    expected = []
    for _ in range(6):
        expected.append(draw(whole, rng))
        live(whole, expected[-1], walk)

    # A new process begins with other stores and another generator.
    resumed, rng = make(3), rng_of(99)
    resumed.restore(state, rng)
    for batch in expected:
        again = draw(resumed, rng)
        assert_same(again, batch)
        live(resumed, again, walk)


def test_prefetched_batches_are_the_same_and_resume_the_same(make, draw, walk):
    plain, ahead = make(), make()
    rng, other = rng_of(6), rng_of(6)
    cursors = [part for part in ahead.saved if hasattr(part, "cursor")]
    with Prefetched(lambda rng: draw(ahead, rng), other, cursors, depth=3) as batches:
        for i in range(8):
            expected, got = draw(plain, rng), next(batches)
            assert_same(got, expected)
            if i % 3 == 2:
                live(plain, expected, walk)
                with batches.paused():
                    live(ahead, got, walk)
        with batches.paused():
            state = ahead.state(other)
    resumed, rng_again = make(2), rng_of(98)
    resumed.restore(state, rng_again)
    assert_same(draw(resumed, rng_again), draw(plain, rng))


def test_nothing_stored_and_nothing_asked_for_are_refused(make, draw):
    with pytest.raises(ReplayError, match="batch_size 0"):
        draw(make(), rng_of(), 0)
    with pytest.raises(EmptyReplayError):
        draw(make(0), rng_of())


def test_a_reward_that_reads_what_is_not_stored_is_refused_by_name(make):
    @dataclass
    class Foreign:
        fingerprint: str = "foreign"
        inputs: tuple[str, ...] = ("altitude",)

        def terms(self, inputs):
            raise AssertionError("must be refused before any work")

    with pytest.raises(UnknownNameError, match="'altitude'"):
        make().sampler.sample(4, reward=Foreign(), rng=rng_of())
