"""Reward programs: a checked file of Python as a reward, on NumPy, torch and Numba."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

import numpy as np

from telic.replay.reward import total
from telic.replay.signal import Signal
from telic.rewards.algebra import Weighable
from telic.rewards.backends import numpy as numpy_backend
from telic.rewards.batch import batched, check_batch
from telic.rewards.error import RewardError, RuleError
from telic.rewards.ir import Node, canonical, schedule
from telic.rewards.language import MAX_CHARACTERS, VERSION
from telic.rewards.lower import Remembered, Term, lower
from telic.rewards.parse import Parsed, parse
from telic.rewards.scalar import scalar_steps
from telic.rewards.signals import readable_signals

if TYPE_CHECKING:
    import torch


class RewardProgram(Weighable):
    """A reward written in the reward language; made by `parse_reward` and `load_reward`.

    Arithmetic is float32 on every back end; they agree to rounding. Everything that compiles does so at first use.

    Attributes:
        source: The program's text.
        path: Where it came from.
        sentence: What it rewards, in words: the first paragraph of its docstring.
        signals: The stored signals that it was checked against.
        term_list: Its terms, with unit, line and expression.
        success_term: Its success condition, or None.
        memory: What it remembers within an episode; nothing for most.
        unused: Signals that its functions name but do not read.
    """

    def __init__(
        self,
        source: str,
        signals: Sequence[Signal],
        path: str = "<text>",
        part: Literal["reward", "cost"] = "reward",
    ) -> None:
        parsed = parse(source, path)
        readable = readable_signals(signals)
        checked = lower(parsed, readable)
        if part == "cost" and not checked.costs:
            raise RewardError("the program has no function `cost`", path=path)
        self.source = source
        self.path = path
        self.sentence = parsed.sentence
        self.signals = tuple(signals)
        self.term_list: tuple[Term, ...] = checked.costs if part == "cost" else checked.terms
        self.success_term: Term | None = checked.success
        self._part: Literal["reward", "cost"] = part
        self._has_costs = bool(checked.costs)
        self._text = parsed.text
        self._results = tuple(term.node for term in self.term_list)
        success = [checked.success.node] if checked.success else []
        self.memory: tuple[Remembered, ...] = _remembered_for([*self._results, *success], checked.memory)
        updates = [kept.update for kept in self.memory]
        self._schedule = schedule([*self._results, *updates])
        named = dict.fromkeys(
            (
                *(checked.cost_parameters if part == "cost" else checked.parameters),
                *checked.success_parameters,
                *checked.memory_parameters,
            )
        )
        self._inputs = tuple(readable[name] for name in _names_read(self._schedule, named))
        self._success_inputs = tuple(readable[name] for name in _names_read(schedule(success), named))
        self.unused = tuple(name for name in named if name not in (*self.inputs, *self.success_inputs))
        self._refuse_constants(parsed)
        try:
            self._steps = scalar_steps((*self._results, *updates))
        except RuleError as broken:
            parsed.text.refuse_node(parsed.reward, broken.message, broken.hint)

    def _refuse_constants(self, parsed: Parsed) -> None:
        if not self._inputs:
            reason = "reward reads none of its signals: it is a constant, which teaches nothing"
            parsed.text.refuse_node(parsed.reward, reason)
        if parsed.success and not self._success_inputs:
            parsed.text.refuse_node(parsed.success, "success reads none of its signals: it is always the same")

    def __repr__(self) -> str:
        return f"RewardProgram({self.sentence!r}, terms={list(self.term_names)}, fingerprint={self.fingerprint[:12]})"

    def __reduce__(self) -> tuple:
        # A copy in another process is checked and compiled there, from the text.
        return RewardProgram, (self.source, self.signals, self.path, self._part)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of what decides the values: the graph, the signals that it reads, and the language's version."""
        return self._fingerprint

    @cached_property
    def _fingerprint(self) -> str:
        results = [(term.name, term.node) for term in self.term_list]
        text = canonical(
            [*results, *((f"memory {kept.signal.name} {kept.initial}", kept.update) for kept in self.memory)]
        )
        part = "" if self._part == "reward" else f"{self._part}\n"
        return hashlib.sha256(f"telic reward language {VERSION}\n{part}{text}".encode()).hexdigest()

    @cached_property
    def cost(self) -> RewardProgram | None:
        """The program's costs, kept apart from its reward: a reward of its own, so that a replay gives it a column."""
        return RewardProgram(self.source, self.signals, self.path, "cost") if self._has_costs else None

    @property
    def remembered(self) -> tuple[Signal, ...]:
        """What the program remembers, as signals."""
        return tuple(kept.signal for kept in self.memory)

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the arrays that the terms read, in the order of `kernel`'s inputs."""
        return tuple(signal.name for signal in self._inputs)

    @property
    def input_signals(self) -> tuple[Signal, ...]:
        """The signals of `inputs`."""
        return self._inputs

    @property
    def success_inputs(self) -> tuple[str, ...]:
        """Names of the arrays that `success` reads."""
        return tuple(signal.name for signal in self._success_inputs)

    @property
    def term_names(self) -> tuple[str, ...]:
        """Names of the terms, in the order of the program and of `kernel`'s columns."""
        return tuple(term.name for term in self.term_list)

    def terms(self, inputs: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
        """The named terms of a batch, with NumPy.

        Args:
            inputs: Arrays by name, each of shape (batch..., signal...); more than `inputs` names is fine. What the
                program remembers is among them, as it was before the step; `rewards.memory.scan` keeps it.

        Returns:
            One float32 array of the batch shape for each term.

        Raises:
            ValueError: If an array is missing or has the wrong shape.
            RewardError: If a value is not finite, with the term's line and the first offending row.
        """
        arrays, batch = batched((*self._inputs, *self.remembered), inputs)
        results = numpy_backend.evaluate(self._results, arrays)
        # A fresh array for each term: results may be views of the inputs, or constants without batch axes.
        values = [np.array(np.broadcast_to(result, batch), dtype=np.float32) for result in results]
        self.check_finite(dict(zip(self.term_names, values, strict=True)), arrays)
        return dict(zip(self.term_names, values, strict=True))

    def total(self, inputs: Mapping[str, np.ndarray]) -> np.ndarray:
        """The reward of a batch: the sum of its terms, with NumPy."""
        return total(self.terms(inputs))

    def success(self, inputs: Mapping[str, np.ndarray]) -> np.ndarray | None:
        """Whether each sample of a batch is a success; None if the program does not say what success is."""
        if self.success_term is None:
            return None
        arrays, batch = batched((*self._success_inputs, *self.remembered), inputs)
        (result,) = numpy_backend.evaluate((self.success_term.node,), arrays)
        return np.array(np.broadcast_to(result, batch))

    def torch_terms(self, inputs: Mapping[str, torch.Tensor]) -> dict[str, torch.Tensor]:
        """The named terms of a batch, with torch, on the device of the inputs and differentiable.

        Gradients that do not exist or are infinite (norm, sqrt and arctan2 at zero) are zero. Values are not checked
        to be finite: that would wait for the device. float32 tensors on the CPU go through the fused kernels, which
        have first derivatives only; everything else, and code under `torch.compile`, through torch's own operations.

        Args:
            inputs: Tensors by name, each of shape (batch..., signal...).

        Returns:
            One tensor of the batch shape for each term.

        Raises:
            ValueError: If a tensor is missing or has the wrong shape.
        """
        from telic.rewards.backends import fused
        from telic.rewards.backends import torch as torch_backend

        batch = check_batch((*self._inputs, *self.remembered), inputs)
        tensors = [inputs[name] for name in self.inputs]
        if not self.memory and fused.applies(tensors):
            values = fused.evaluate(
                self.kernel, lambda: self.gradient_kernel, tensors, batch, self._inputs, len(self._results)
            )
        else:
            values = torch_backend.evaluate(schedule(self._results), self._results, inputs, batch)
        return dict(zip(self.term_names, values, strict=True))

    @cached_property
    def row_source(self) -> str:
        """The text of the generated kernel, for readers."""
        from telic.rewards.backends import numba as numba_backend

        return numba_backend.kernel_source(*self._steps, (*self._inputs, *self.remembered))

    @cached_property
    def kernel(self) -> Callable[[tuple[np.ndarray, ...], np.ndarray], None]:
        """A Numba function `kernel(inputs, out)`: all terms of all rows in one pass, in float32.

        `inputs` is what `pack` returns; `out` is float32 (N, number of terms). It releases the GIL, allocates nothing,
        and rows are independent, so threads may each take a slice. It does not check that values are finite:
        `check_finite` does. What the program remembers is read from the last inputs, and its values after the step are
        written to the columns after the terms.
        """
        from telic.rewards.backends import numba as numba_backend

        return numba_backend.compiled(self.row_source)

    @cached_property
    def double_kernel(self) -> Callable[[tuple[np.ndarray, ...], np.ndarray], None]:
        """As `kernel`, but in float64 throughout: for worlds whose signals are float64, to compare with others'."""
        from telic.rewards.backends import numba as numba_backend

        return numba_backend.compiled(self.row_source, np.float64)

    @cached_property
    def gradient_kernel(self) -> Callable[[tuple[np.ndarray, ...], np.ndarray, tuple[np.ndarray, ...]], None]:
        """A Numba function `gradient_kernel(inputs, cotangents, gradients)`: derivatives of all rows in one pass.

        `inputs` is what `pack` returns, `cotangents` float32 (N, number of terms), the derivative of some loss by each
        term; `gradients`, arrays shaped like `inputs`, receive the derivative of the loss by each input.
        """
        from telic.rewards.backends import numba as numba_backend

        steps, places = self._steps
        inputs = (*self._inputs, *self.remembered)
        return numba_backend.compiled(numba_backend.gradient_kernel_source(steps, places[: len(self._results)], inputs))

    @cached_property
    def scan_kernel(self) -> Callable[..., None]:
        """A Numba function `scan_kernel(inputs, stream, first, memory, out)`: the terms of rows in the order of time.

        `inputs` is what `pack` returns, without what is remembered; `stream` (N,) int64 says which row of `memory`,
        float32 (streams, remembered elements), belongs to each row; where `first` (N,) bool, an episode begins.
        `memory` is changed in place; `out` is float32 (N, number of terms).
        """
        from telic.rewards.backends import numba as numba_backend

        initial = tuple(value for kept in self.memory for value in kept.initial)
        return numba_backend.compiled(
            numba_backend.scan_kernel_source(*self._steps, self._inputs, self.remembered, initial)
        )

    def compile(self) -> None:
        """Compile both kernels now instead of at their first use, which takes about a second each."""
        given = (*self._inputs, *self.remembered)
        row = self.pack({signal.name: np.zeros((1, *signal.shape), np.float32) for signal in given})
        terms = np.zeros((1, len(self._steps[1])), np.float32)
        self.kernel(row, terms)
        self.gradient_kernel(row, terms, tuple(np.zeros_like(array) for array in row))

    def pack(self, inputs: Mapping[str, np.ndarray]) -> tuple[np.ndarray, ...]:
        """The arrays that `kernel` reads: (N, size), float32, C-contiguous; views where they already are."""
        given = (*self._inputs, *self.remembered)
        arrays, _ = batched(given, inputs)
        return tuple(np.ascontiguousarray(arrays[signal.name]).reshape(-1, signal.size) for signal in given)

    def check_finite(self, terms: Mapping[str, np.ndarray], inputs: Mapping[str, np.ndarray]) -> None:
        """Check computed terms.

        Raises:
            RewardError: If a value is not finite: with the term, its line, the first offending row and its inputs.
        """
        for term in self.term_list:
            values = terms[term.name]
            # A sum is one cheap pass; only a suspicious one is looked at element by element.
            with np.errstate(all="ignore"):
                if np.isfinite(np.sum(values)):
                    continue
            wrong = np.argwhere(~np.isfinite(values))
            if len(wrong):
                self._refuse_value(term, values, tuple(int(i) for i in wrong[0]), inputs)

    def _refuse_value(
        self, term: Term, values: np.ndarray, row: tuple[int, ...], inputs: Mapping[str, np.ndarray]
    ) -> None:
        read = _names_read(schedule([term.node]), self.inputs)
        there = ", ".join(f"{name} = {np.asarray(inputs[name])[row].tolist()}" for name in read)
        where = row[0] if len(row) == 1 else row
        self._text.refuse(
            f"term {term.name!r} is {values[row]} at row {where}, where {there}",
            "keep divisors, roots and logarithms away from zero, for example with maximum(x, 1e-6)",
            line=term.line,
            column=term.column,
        )


def parse_reward(source: str, signals: Sequence[Signal], path: str = "<text>") -> RewardProgram:
    """Check a reward program's text.

    Args:
        source: The text.
        signals: The stored signals that it may read; see `signals.readable_signals` for what else.
        path: Where the text came from, for messages.

    Raises:
        RewardError: If the text breaks a rule of the language: with line, column, reason and a hint.
    """
    return RewardProgram(source, signals, path)


def load_reward(path: str | Path, signals: Sequence[Signal]) -> RewardProgram:
    """Read and check a reward file.

    Raises:
        RewardError: If the file is not UTF-8, or breaks a rule of the language.
        OSError: If it cannot be read.
    """
    # No text that is allowed has more bytes than this: a huge file is refused without reading it all.
    with Path(path).open("rb") as file:
        content = file.read(4 * MAX_CHARACTERS + 1)
    try:
        source = content.decode()
    except UnicodeDecodeError as error:
        if len(content) <= 4 * MAX_CHARACTERS:
            raise RewardError(
                f"the file is not UTF-8 text: {error.reason} at byte {error.start}", path=str(path)
            ) from None
        source = content.decode(errors="replace")
    return RewardProgram(source, signals, str(path))


def _remembered_for(results: Sequence[Node], memory: tuple[Remembered, ...]) -> tuple[Remembered, ...]:
    """The remembered values that some results need, directly or for the update of another."""
    needed: list[Remembered] = []
    while True:
        read = set(
            _names_read(schedule([*results, *(kept.update for kept in needed)]), [k.signal.name for k in memory])
        )
        grown = [kept for kept in memory if kept.signal.name in read]
        if grown == needed:
            return tuple(needed)
        needed = grown


def _names_read(nodes: Iterable[Node], names: Iterable[str]) -> list[str]:
    """Those of some names that nodes read, in the order of the names."""
    read = {node.data[0] for node in nodes if node.op == "input"}
    return [name for name in names if name in read]
