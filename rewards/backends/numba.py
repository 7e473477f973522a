"""Numba back end: one fused loop over rows, written from the scalar steps, without temporaries or the program's text.

The generated text holds only names made here (``a0`` for arrays, ``v0`` for numbers, ``real`` for the type of all
numbers) and the operations below; it runs with no builtins but `range` and `abs`.
"""

import math
from collections.abc import Callable

import numpy as np
from numba import njit

from telic.replay.signal import Signal
from telic.rewards.gradient import with_gradient
from telic.rewards.scalar import Step

# Choices are calls and not branches of the kernel: a sum over a clipped vector has hundreds of them, and compiles in
# minutes with branches. They cost nothing in the end, as they are inlined there.


@njit(error_model="numpy")
def _minimum(a, b):  # noqa: ANN001, ANN202
    """The smaller of two; lets NaN through like NumPy's: the first operand if the comparison fails on account of it."""
    return b if a > b or b != b else a


@njit(error_model="numpy")
def _maximum(a, b):  # noqa: ANN001, ANN202
    """The larger of two, as `_minimum`."""
    return b if a < b or b != b else a


@njit(error_model="numpy")
def _choose(condition, a, b):  # noqa: ANN001, ANN202
    return a if condition else b


_TEMPLATES = {
    "add": "{0} + {1}",
    "sub": "{0} - {1}",
    "mul": "{0} * {1}",
    "div": "{0} / {1}",
    "minimum": "minimum({0}, {1})",
    "maximum": "maximum({0}, {1})",
    "arctan2": "atan2({0}, {1})",
    "neg": "-{0}",
    "abs": "abs({0})",
    "sqrt": "sqrt({0})",
    "norm": "sqrt({0})",
    "square": "{0} * {0}",
    "exp": "exp({0})",
    "log": "log({0})",
    "sin": "sin({0})",
    "cos": "cos({0})",
    "tanh": "tanh({0})",
    "floor": "floor({0})",
    "lt": "{0} < {1}",
    "le": "{0} <= {1}",
    "eq": "{0} == {1}",
    "and": "{0} & {1}",
    "or": "{0} | {1}",
    "not": "not {0}",
    "where": "choose({0}, {1}, {2})",
    "number": "choose({0}, real(1.0), real(0.0))",
}
_NAMESPACE = {
    "range": range,
    "abs": abs,
    "minimum": _minimum,
    "maximum": _maximum,
    "choose": _choose,
    "floor": np.floor,
    "atan2": math.atan2,
    "sqrt": math.sqrt,
    "exp": math.exp,
    "log": math.log,
    "sin": math.sin,
    "cos": math.cos,
    "tanh": math.tanh,
}


def kernel_source(steps: tuple[Step, ...], results: tuple[int, ...], inputs: tuple[Signal, ...]) -> str:
    """The text of ``kernel(inputs, out)``.

    Args:
        steps: The computation of one row.
        results: Where in the steps the value of each column of ``out`` stands.
        inputs: The signals, in the order of the arrays in ``inputs``.
    """
    lines = ["def kernel(inputs, out):", f"    {_tuple('a', inputs)} = inputs", "    for i in range(out.shape[0]):"]
    lines += _body(steps, inputs)
    lines += [f"        out[i, {column}] = v{place}" for column, place in enumerate(results)]
    return "\n".join(lines) + "\n"


def gradient_kernel_source(steps: tuple[Step, ...], results: tuple[int, ...], inputs: tuple[Signal, ...]) -> str:
    """The text of ``kernel(inputs, cotangents, gradients)``: the derivative of the sum of cotangents times results.

    Args:
        steps: The computation of one row.
        results: Where in the steps the result of each column of ``cotangents`` stands.
        inputs: The signals, in the order of the arrays in ``inputs`` and in ``gradients``.
    """
    steps, derivatives = with_gradient(steps, results)
    lines = [
        "def kernel(inputs, cotangents, gradients):",
        f"    {_tuple('a', inputs)} = inputs",
        f"    {_tuple('d', inputs)} = gradients",
        "    for i in range(cotangents.shape[0]):",
    ]
    lines += _body(steps, inputs)
    for position, signal in enumerate(inputs):
        for element in range(signal.size):
            place = derivatives.get((signal.name, element))
            lines.append(f"        d{position}[i, {element}] = {'real(0.0)' if place is None else f'v{place}'}")
    return "\n".join(lines) + "\n"


def scan_kernel_source(
    steps: tuple[Step, ...],
    results: tuple[int, ...],
    inputs: tuple[Signal, ...],
    remembered: tuple[Signal, ...],
    initial: tuple[float, ...],
) -> str:
    """The text of ``kernel(inputs, stream, first, memory, out)``: rows in the order of time, each with a memory.

    Args:
        steps: The computation of one row.
        results: Where in the steps each column of ``out`` stands, then each element of the memory after the step.
        inputs: The signals, in the order of the arrays in ``inputs``.
        remembered: What the columns of ``memory`` are, in order.
        initial: The memory at the start of an episode.
    """
    lines = [
        "def kernel(inputs, stream, first, memory, out):",
        f"    {_tuple('a', inputs)} = inputs",
        "    for i in range(out.shape[0]):",
        "        m = stream[i]",
        "        if first[i]:",
        *(f"            memory[m, {element}] = real({value!r})" for element, value in enumerate(initial)),
    ]
    places, offset = {}, 0
    for signal in remembered:
        places |= {(signal.name, element): offset + element for element in range(signal.size)}
        offset += signal.size
    arrays = {signal.name: f"a{position}" for position, signal in enumerate(inputs)}
    for number, step in enumerate(steps):
        kept = places.get(step.data) if step.op == "input" else None
        value = _expression(step, arrays) if kept is None else f"memory[m, {kept}]"
        lines.append(f"        v{number} = {value}")
    terms = len(results) - offset
    lines += [f"        out[i, {column}] = v{place}" for column, place in enumerate(results[:terms])]
    lines += [f"        memory[m, {element}] = v{place}" for element, place in enumerate(results[terms:])]
    return "\n".join(lines) + "\n"


def compiled(source: str, real: type[np.floating] = np.float32) -> Callable[..., None]:
    """A kernel as machine code, compiled at its first call.

    It releases the GIL, and works on slices of the rows, so that threads can share a batch.

    Args:
        source: The kernel's text.
        real: The type of its arithmetic, and of the arrays that it reads and writes.
    """
    namespace = {"__builtins__": {}, "real": real, **_NAMESPACE}
    exec(compile(source, "<reward kernel>", "exec"), namespace)
    return njit(nogil=True, error_model="numpy")(namespace["kernel"])


def _tuple(letter: str, inputs: tuple[Signal, ...]) -> str:
    return "".join(f"{letter}{position}, " for position in range(len(inputs))).rstrip()


def _body(steps: tuple[Step, ...], inputs: tuple[Signal, ...]) -> list[str]:
    arrays = {signal.name: f"a{position}" for position, signal in enumerate(inputs)}
    return [f"        v{number} = {_expression(step, arrays)}" for number, step in enumerate(steps)]


def _expression(step: Step, arrays: dict[str, str]) -> str:
    match step.op:
        case "input":
            name, element = step.data
            loaded = f"{arrays[name]}[i, {element}]"
            return f"{loaded} != real(0.0)" if step.truth else loaded
        case "cotangent":
            return f"cotangents[i, {step.data[0]}]"
        case "const":
            return repr(step.data[0] != 0) if step.truth else f"real({step.data[0]!r})"
    return _TEMPLATES[step.op].format(*(f"v{arg}" for arg in step.args))
