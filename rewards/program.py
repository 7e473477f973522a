"""Reward programs: a checked file of Python as a reward, on NumPy, torch and Numba."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from telic.replay.reward import total
from telic.replay.signal import Signal
from telic.rewards.algebra import Weighable
from telic.rewards.backends import numpy as numpy_backend
from telic.rewards.batch import batched, check_batch
from telic.rewards.error import RewardError, RuleError
from telic.rewards.ir import Node, canonical, schedule
from telic.rewards.language import MAX_CHARACTERS, VERSION
from telic.rewards.lower import Term, lower
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
        unused: Signals that its functions name but do not read.
    """

    def __init__(self, source: str, signals: Sequence[Signal], path: str = "<text>") -> None:
        parsed = parse(source, path)
        readable = readable_signals(signals)
        checked = lower(parsed, readable)
        self.source = source
        self.path = path
        self.sentence = parsed.sentence
        self.signals = tuple(signals)
        self.term_list: tuple[Term, ...] = checked.terms
        self.success_term: Term | None = checked.success
        self._text = parsed.text
        self._results = tuple(term.node for term in checked.terms)
        self._schedule = schedule(self._results)
        success_schedule = schedule([checked.success.node] if checked.success else [])
        self._inputs = tuple(readable[name] for name in _names_read(self._schedule, checked.parameters))
        self._success_inputs = tuple(
            readable[name] for name in _names_read(success_schedule, checked.success_parameters)
        )
        named = dict.fromkeys((*checked.parameters, *checked.success_parameters))
        self.unused = tuple(name for name in named if name not in (*self.inputs, *self.success_inputs))
        self._refuse_constants(parsed)
        try:
            self._steps = scalar_steps(self._results)
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
        return RewardProgram, (self.source, self.signals, self.path)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of what decides the values: the graph, the signals that it reads, and the language's version."""
        return self._fingerprint

    @cached_property
    def _fingerprint(self) -> str:
        text = canonical((term.name, term.node) for term in self.term_list)
        return hashlib.sha256(f"telic reward language {VERSION}\n{text}".encode()).hexdigest()

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of the arrays that the terms read, in the order of `kernel`'s inputs."""
        return tuple(signal.name for signal in self._inputs)

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
            inputs: Arrays by name, each of shape (batch..., signal...); more than `inputs` names is fine.

        Returns:
            One float32 array of the batch shape for each term.

        Raises:
            ValueError: If an array is missing or has the wrong shape.
            RewardError: If a value is not finite, with the term's line and the first offending row.
        """
        arrays, batch = batched(self._inputs, inputs)
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
        arrays, batch = batched(self._success_inputs, inputs)
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

        batch = check_batch(self._inputs, inputs)
        tensors = [inputs[name] for name in self.inputs]
        if fused.applies(tensors):
            values = fused.evaluate(
                self.kernel, lambda: self.gradient_kernel, tensors, batch, self._inputs, len(self._results)
            )
        else:
            values = torch_backend.evaluate(self._schedule, self._results, inputs, batch)
        return dict(zip(self.term_names, values, strict=True))

    @cached_property
    def row_source(self) -> str:
        """The text of the generated kernel, for readers."""
        from telic.rewards.backends import numba as numba_backend

        return numba_backend.kernel_source(*self._steps, self._inputs)

    @cached_property
    def kernel(self) -> Callable[[tuple[np.ndarray, ...], np.ndarray], None]:
        """A Numba function `kernel(inputs, out)`: all terms of all rows in one pass, in float32.

        `inputs` is what `pack` returns; `out` is float32 (N, number of terms). It releases the GIL, allocates nothing,
        and rows are independent, so threads may each take a slice. It does not check that values are finite:
        `check_finite` does.
        """
        from telic.rewards.backends import numba as numba_backend

        return numba_backend.compiled(self.row_source)

    @cached_property
    def gradient_kernel(self) -> Callable[[tuple[np.ndarray, ...], np.ndarray, tuple[np.ndarray, ...]], None]:
        """A Numba function `gradient_kernel(inputs, cotangents, gradients)`: derivatives of all rows in one pass.

        `inputs` is what `pack` returns, `cotangents` float32 (N, number of terms), the derivative of some loss by each
        term; `gradients`, arrays shaped like `inputs`, receive the derivative of the loss by each input.
        """
        from telic.rewards.backends import numba as numba_backend

        return numba_backend.compiled(numba_backend.gradient_kernel_source(*self._steps, self._inputs))

    def compile(self) -> None:
        """Compile both kernels now instead of at their first use, which takes about a second each."""
        row = self.pack({signal.name: np.zeros((1, *signal.shape), np.float32) for signal in self._inputs})
        terms = np.zeros((1, len(self._results)), np.float32)
        self.kernel(row, terms)
        self.gradient_kernel(row, terms, tuple(np.zeros_like(array) for array in row))

    def pack(self, inputs: Mapping[str, np.ndarray]) -> tuple[np.ndarray, ...]:
        """The arrays that `kernel` reads: (N, size), float32, C-contiguous; views where they already are."""
        arrays, _ = batched(self._inputs, inputs)
        return tuple(np.ascontiguousarray(arrays[signal.name]).reshape(-1, signal.size) for signal in self._inputs)

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


def _names_read(nodes: Iterable[Node], names: Iterable[str]) -> list[str]:
    """Those of some names that nodes read, in the order of the names."""
    read = {node.data[0] for node in nodes if node.op == "input"}
    return [name for name in names if name in read]
