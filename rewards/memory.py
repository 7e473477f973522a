"""Rewards that remember within an episode, evaluated over steps in the order of time."""

from collections.abc import Mapping

import numpy as np

from telic.rewards.batch import batched
from telic.rewards.program import RewardProgram


def initial_memory(program: RewardProgram, streams: int) -> np.ndarray:
    """What a program remembers at the start of an episode, (streams, elements) float32."""
    elements = [value for kept in program.memory for value in kept.initial]
    return np.tile(np.array(elements, np.float32), (streams, 1))


def scan(
    program: RewardProgram, inputs: Mapping[str, np.ndarray], first: np.ndarray, memory: np.ndarray | None = None
) -> tuple[dict[str, np.ndarray], np.ndarray]:
    """The terms of T steps of N parallel streams, with what the program remembers carried from step to step.

    Args:
        program: The reward.
        inputs: Arrays by name, each (T, N, *signal shape).
        first: Where an episode begins, (T, N) bool.
        memory: What is remembered before the first step, (N, elements) float32; that of a new episode by default.

    Returns:
        One float32 array (T, N) for each term, and the memory after the last step.

    Raises:
        ValueError: If an array is missing or has the wrong shape.
        RewardError: If a value is not finite.
    """
    signals = program.input_signals
    arrays, batch = batched(signals, inputs)
    if len(batch) != 2 or first.shape != batch:
        raise ValueError(
            f"inputs have the batch shape {batch} and `first` {first.shape}; both must be (steps, streams)"
        )
    steps, streams = batch
    memory = initial_memory(program, streams) if memory is None else memory.astype(np.float32)
    out = np.empty((steps * streams, len(program.term_names)), np.float32)
    packed = tuple(np.ascontiguousarray(arrays[signal.name]).reshape(-1, signal.size) for signal in signals)
    program.scan_kernel(packed, np.tile(np.arange(streams), steps), np.ascontiguousarray(first).ravel(), memory, out)
    terms = {
        name: np.ascontiguousarray(values.reshape(batch))
        for name, values in zip(program.term_names, out.T, strict=True)
    }
    program.check_finite(terms, arrays)
    return terms, memory
