"""Checkpoints: everything that a learner is, in one safetensors file, so that a run continues as if never stopped."""

import json
import os
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from safetensors import SafetensorError, safe_open
from safetensors.numpy import save_file

from telic.control.shac import Shac

FORMAT = 1


class CheckpointError(ValueError):
    """A checkpoint that cannot be used."""


def save_checkpoint(
    path: Path, learner: Shac, config: Any, done: int, seconds: float, history: list[dict[str, Any]]
) -> None:
    """Write a checkpoint. A crash leaves the old file or the new one, never a torn one.

    Args:
        path: Where to.
        learner: What to keep.
        config: The training configuration, a dataclass; a run resumes only under the same one.
        done: Updates done.
        seconds: Wall-clock so far.
        history: Rows so far.
    """
    header = {
        "format": FORMAT,
        "identity": _identity(learner, config),
        "done": done,
        "seconds": seconds,
        "history": history,
        "rng": learner.rng.bit_generator.state,
    }
    partial = path.with_suffix(".partial")
    save_file(
        {name: np.ascontiguousarray(array) for name, array in _arrays(learner).items()},
        partial,
        metadata={"telic.checkpoint": json.dumps(header)},
    )
    with partial.open("rb") as file:
        os.fsync(file.fileno())
    partial.replace(path)


def load_checkpoint(path: Path, learner: Shac, config: Any) -> tuple[int, float, list[dict[str, Any]]]:
    """Make the learner what it was, and return updates done, wall-clock so far and history.

    Raises:
        CheckpointError: If the file is damaged or belongs to another task, reward or configuration.
    """
    try:
        with safe_open(path, framework="numpy") as file:
            header = json.loads((file.metadata() or {})["telic.checkpoint"])
            arrays = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except (SafetensorError, KeyError, ValueError) as error:
        raise CheckpointError(f"{path} is not a checkpoint, or is damaged: {error}") from error
    if header.get("format") != FORMAT:
        raise CheckpointError(f"{path} has format {header.get('format')!r}; this version reads {FORMAT}")
    for name, value in _identity(learner, config).items():
        if header["identity"].get(name) != value:
            raise CheckpointError(
                f"{path} was made with another {name}: {header['identity'].get(name)} instead of {value}; "
                "resume with the same one, or start a new run"
            )
    expected = _arrays(learner)
    try:
        _restore(learner, arrays, expected)
        learner.rng.bit_generator.state = header["rng"]
    except (KeyError, ValueError, RuntimeError) as error:
        raise CheckpointError(f"{path} does not fit the learner: {error}") from error
    return int(header["done"]), float(header["seconds"]), list(header["history"])


def _identity(learner: Shac, config: Any) -> dict[str, Any]:
    """What must be the same for a resumed run to be the run that was interrupted."""
    return {
        "configuration": json.loads(json.dumps(asdict(config))),
        "reward": learner.reward.fingerprint,
        "task": repr(learner.task),
    }


def _arrays(learner: Shac) -> dict[str, np.ndarray]:
    arrays = {f"fleet.{name}": array for name, array in learner.fleet.state_dict().items()}
    arrays |= {f"replay.{name}": array for name, array in learner.replay.state_dict().items()}
    for owner, module in (("policy", learner.policy), ("critic", learner.critic)):
        arrays |= {f"{owner}.{name}": value.detach().numpy() for name, value in module.state_dict().items()}
    for owner, optimiser in (
        ("actor_optimiser", learner.actor_optimiser),
        ("critic_optimiser", learner.critic_optimiser),
    ):
        for index, state in optimiser.state_dict()["state"].items():
            arrays |= {f"{owner}.{index}.{name}": value.numpy() for name, value in state.items()}
    return arrays


def _restore(learner: Shac, arrays: dict[str, np.ndarray], expected: dict[str, np.ndarray]) -> None:
    def part(prefix: str) -> dict[str, np.ndarray]:
        return {name.removeprefix(prefix): array for name, array in arrays.items() if name.startswith(prefix)}

    for name, array in expected.items():
        if name.startswith(("fleet.", "policy.", "critic.")) and arrays[name].shape != array.shape:
            raise ValueError(f"{name} has shape {arrays[name].shape} instead of {array.shape}")
    learner.fleet.load_state_dict(part("fleet."))
    learner.replay.load_state_dict(part("replay."))
    for module, prefix in ((learner.policy, "policy."), (learner.critic, "critic.")):
        module.load_state_dict({name: torch.from_numpy(array) for name, array in part(prefix).items()})
    for optimiser, prefix in (
        (learner.actor_optimiser, "actor_optimiser."),
        (learner.critic_optimiser, "critic_optimiser."),
    ):
        state: dict[int, dict[str, torch.Tensor]] = {}
        for name, array in part(prefix).items():
            index, _, field = name.partition(".")
            state.setdefault(int(index), {})[field] = torch.from_numpy(array.copy())
        groups = optimiser.state_dict()["param_groups"]
        optimiser.load_state_dict({"state": state, "param_groups": groups})
