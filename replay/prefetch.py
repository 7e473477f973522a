"""Drawing the next batches in a thread while the learner works on this one."""

import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Generic, Protocol, Self, TypeVar

import numpy as np

from telic.replay.errors import FileFormatError, ReplayError
from telic.replay.rng_state import pack, set_rng_state

T = TypeVar("T")


class HasCursor(Protocol):
    """A sampler that drawing changes, such as a `Mixture` or a `Prioritised`."""

    cursor: Any


@dataclass
class _Drawn(Generic[T]):
    """What one draw gave, and where it left the generator and the samplers."""

    item: T | None
    error: Exception | None
    place: "_Place"


@dataclass
class _Place:
    """Where a generator and some samplers stand."""

    rng: Mapping[str, Any]
    cursors: list[np.ndarray]


class Prefetched(Generic[T]):
    """An endless iterator over batches, some of which are drawn ahead in a thread.

    They are to the bit, and in the same order, the batches that drawing them one by one would give. Whatever changes
    the outcome of a draw, such as adding transitions or telling priorities, belongs into `paused`: batches that were
    drawn ahead are forgotten there and drawn again from the store as it is then.

        with Prefetched(lambda rng: to_torch(mixture.sample(256, reward=reward, rng=rng)), rng, [mixture]) as batches:
            for batch in batches:
                errors = learn(batch)
                with batches.paused():
                    mixture.update(batch.index, batch.generation, errors, batch.source)

    The generator belongs to the iterator until it is closed; then it, and the samplers, are where the last batch that
    was handed out left them.
    """

    def __init__(
        self,
        draw: Callable[[np.random.Generator], T],
        rng: np.random.Generator,
        samplers: Sequence[HasCursor] = (),
        depth: int = 2,
    ) -> None:
        """Prepare; the thread starts with the first batch that is asked for.

        Args:
            draw: Makes one batch, in whatever form the learner wants it.
            rng: What it draws with.
            samplers: Those used in it that drawing changes, which is to say that have a `cursor`.
            depth: How many batches wait at most.

        Raises:
            ReplayError: If the depth is not positive.
        """
        if depth < 1:
            raise ReplayError(f"depth is {depth}; allowed: at least 1")
        self._draw = draw
        self._rng = rng
        self._samplers = tuple(samplers)
        self._depth = depth
        # Guards everything below; notified whenever any of it changes.
        self._changed = threading.Condition()
        self._ready: deque[_Drawn[T]] = deque()
        self._delivered = self._place()
        self._drawing = False
        self._failed = False
        self._pauses = 0
        self._closed = False
        self._thread: threading.Thread | None = None

    def __iter__(self) -> Iterator[T]:
        return self

    def __next__(self) -> T:
        """The next batch.

        Raises:
            Exception: Whatever the draw raised; asking again draws again.
            ReplayError: If the iterator is closed, or paused by the caller.
        """
        with self._changed:
            if not (self._closed or self._pauses):
                self._start()
                self._changed.wait_for(lambda: self._ready or self._closed)
            if self._closed or self._pauses:
                raise ReplayError(f"no batch can be drawn from a {'closed' if self._closed else 'paused'} iterator")
            drawn = self._ready.popleft()
            if drawn.error is not None:
                self._rewind()
                self._failed = False
                self._changed.notify_all()
                raise drawn.error
            self._delivered = drawn.place
            self._changed.notify_all()
            return drawn.item  # pyright: ignore[reportReturnType]

    @contextmanager
    def paused(self) -> Iterator[None]:
        """Nothing is drawn inside, and what was drawn ahead is forgotten: change the store and the samplers here.

        The generator and the samplers stand where the last batch that was handed out left them, so this is also the
        place to save their state.
        """
        with self._changed:
            self._pauses += 1
            self._changed.wait_for(lambda: not self._drawing)
            self._rewind()
        try:
            yield
        finally:
            with self._changed:
                self._pauses -= 1
                # What the caller changed by hand counts.
                self._delivered = self._place() if not self._pauses else self._delivered
                self._changed.notify_all()

    def state_dict(self) -> dict[str, np.ndarray]:
        """Where the last batch that was handed out left the generator and the samplers, as plain arrays."""
        with self._changed:
            place = self._delivered
            return {"rng": pack(place.rng)} | {f"cursors/{i}": np.array(c) for i, c in enumerate(place.cursors)}

    def load_state_dict(self, state: Mapping[str, np.ndarray]) -> None:
        """Go on where `state_dict` was called; the store and the samplers are loaded first.

        Raises:
            FileFormatError: If the state is of another kind of generator, or another number of samplers.
        """
        names = {"rng", *(f"cursors/{i}" for i in range(len(self._samplers)))}
        if state.keys() != names:
            raise FileFormatError(f"the state holds {sorted(state)}, this iterator needs {sorted(names)}")
        with self.paused():
            set_rng_state(self._rng, state["rng"])
            for i, sampler in enumerate(self._samplers):
                sampler.cursor = state[f"cursors/{i}"]

    def close(self) -> None:
        """End the thread and leave the generator and the samplers where the last batch handed out left them."""
        with self._changed:
            if self._closed:
                return
            self._closed = True
            self._changed.notify_all()
        if self._thread is not None:
            self._thread.join()
        self._rewind()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self.close()

    def _start(self) -> None:
        if self._thread is None:
            # A program that forgets to close must still be able to end.
            self._thread = threading.Thread(target=self._run, name="telic-prefetch", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        """The thread: draw whenever there is room."""
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or self._may_draw())
                if self._closed:
                    return
                self._drawing = True
            drawn = self._attempt()
            with self._changed:
                self._drawing = False
                self._failed = drawn.error is not None
                self._ready.append(drawn)
                self._changed.notify_all()

    def _may_draw(self) -> bool:
        return not self._pauses and not self._failed and len(self._ready) < self._depth

    def _attempt(self) -> _Drawn[T]:
        try:
            item = self._draw(self._rng)
        except Exception as error:
            # Handed to the caller, who gets it in place of the batch.
            return _Drawn(None, error, self._delivered)
        return _Drawn(item, None, self._place())

    def _place(self) -> _Place:
        return _Place(self._rng.bit_generator.state, [np.array(sampler.cursor) for sampler in self._samplers])

    def _rewind(self) -> None:
        """Forget what was drawn ahead."""
        self._ready.clear()
        self._failed = False
        self._rng.bit_generator.state = self._delivered.rng
        for sampler, cursor in zip(self._samplers, self._delivered.cursors, strict=True):
            sampler.cursor = cursor
