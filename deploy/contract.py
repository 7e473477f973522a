"""The contract: everything a policy needs to run elsewhere, in one file that is checked on every target."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import numpy as np

from telic.deploy.checked import Between, ContractError, convert, did_you_mean, plain, read_json
from telic.deploy.contract_parts import (
    ACTION_HISTORY,
    ActionSpec,
    Actuator,
    Airframe,
    Fault,
    Golden,
    Network,
    Normalizer,
    ObservationTerm,
    Rates,
    Sha256,
    TrainedRange,
)

if TYPE_CHECKING:
    from telic.control.policy import PolicyWeights
    from telic.sim.task import Task


@dataclass(frozen=True)
class Contract:
    """The whole agreement. `save` and `load` give back an equal one; `sha256` names it.

    Attributes:
        schema_version: Version of this layout.
        name: Task name.
        purpose: The sentence that the policy was trained for.
        airframe: The vehicle, if it is a multirotor.
        observation: The policy's input, in order.
        action: The policy's output, in order.
        network: Its shape.
        rates: When it runs.
        quaternion_order: For every quaternion that a caller converts to ``attitude``.
        normalizer: What comes before the first layer.
        fault: When it must not be obeyed.
        trained: What varied in training.
        golden: Exact examples.
        weights_sha256: `weights_sha256` of the policy.
        actuators: Models of the actuators in training, where the simulation had such.
    """

    schema_version: Literal[2]
    name: Annotated[str, Between(1, 64)]
    purpose: Annotated[str, Between(0, 400)]
    airframe: Airframe | None
    observation: tuple[ObservationTerm, ...]
    action: ActionSpec
    network: Network
    rates: Rates
    quaternion_order: Literal["wxyz"]
    normalizer: Normalizer
    fault: Fault
    trained: tuple[TrainedRange, ...]
    golden: Golden
    weights_sha256: Sha256
    actuators: tuple[Actuator, ...] = ()

    def __post_init__(self) -> None:
        names = [term.signal for term in self.observation]
        for i, name in enumerate(names):
            if name in names[:i]:
                raise ContractError(
                    f"observation[{i}].signal", f"is {name!r}, which is already term {names.index(name)}"
                )
            if name == ACTION_HISTORY and self.observation[i].sample_size != self.action.size:
                raise ContractError(
                    f"observation[{i}].shape",
                    f"has {self.observation[i].sample_size} numbers; there are {self.action.size} actions",
                )
        for i, actuator in enumerate(self.actuators):
            if actuator.name not in self.action.names:
                hint = did_you_mean(actuator.name, self.action.names)
                raise ContractError(f"actuators[{i}].name", f"is {actuator.name!r}, which is no action{hint}")
        if self.inputs_size < 1:
            raise ContractError("observation", "has no signal that the robot provides")
        self._check_sizes()
        self._check_fault(names)

    def _check_sizes(self) -> None:
        observation, action = self.observation_size, self.action.size
        expected = {
            "network.sizes[0]": (self.network.sizes[0], observation),
            f"network.sizes[{len(self.network.sizes) - 1}]": (self.network.sizes[-1], action),
            "normalizer.mean": (len(self.normalizer.mean), observation),
            "normalizer.std": (len(self.normalizer.std), observation),
            "fault.safe_action": (len(self.fault.safe_action), action),
            **{f"golden.observations[{i}]": (len(v), observation) for i, v in enumerate(self.golden.observations)},
            **{f"golden.actions[{i}]": (len(v), action) for i, v in enumerate(self.golden.actions)},
        }
        for path, (size, wanted) in expected.items():
            if size != wanted:
                kind = "observation" if wanted == observation else "action"
                raise ContractError(path, f"has size {size}; expected {wanted}, the size of the {kind}")

    def _check_fault(self, names: list[str]) -> None:
        for i, (low, safe, high) in enumerate(
            zip(self.action.low, self.fault.safe_action, self.action.high, strict=True)
        ):
            if not low <= safe <= high:
                raise ContractError(f"fault.safe_action[{i}]", f"is {safe}; allowed: {low:g} to {high:g}")
        needs = (
            ("position_limit", "position_error", (3,)),
            ("tilt_limit_deg", "attitude", (3, 3)),
            ("velocity_limit", "velocity_error", (3,)),
            ("angular_velocity_limit", "angular_velocity", (3,)),
        )
        for field, signal, shape in needs:
            if getattr(self.fault, field) is None:
                continue
            if signal not in names or self.observation[names.index(signal)].shape != shape:
                raise ContractError(
                    f"fault.{field}",
                    f"needs the signal {signal!r} of shape {shape} in the observation; use null without it",
                )

    @property
    def robot(self) -> str:
        """Name of the vehicle, or of the task where there is none."""
        return self.name if self.airframe is None else self.airframe.name

    @property
    def observation_size(self) -> int:
        """Numbers in the policy's input."""
        return sum(term.size for term in self.observation)

    @property
    def inputs(self) -> tuple[ObservationTerm, ...]:
        """The terms that the robot provides, in order: all but the action history."""
        return tuple(term for term in self.observation if term.signal != ACTION_HISTORY)

    @property
    def inputs_size(self) -> int:
        """Numbers that the robot provides."""
        return sum(term.size for term in self.inputs)

    @property
    def history(self) -> int:
        """Steps of the action history in the policy's input; 0 without one."""
        return next((term.history for term in self.observation if term.signal == ACTION_HISTORY), 0)

    def slice(self, signal: str) -> slice:
        """Where a term stands in the policy's input.

        Raises:
            KeyError: If the contract has no such term.
        """
        start = 0
        for term in self.observation:
            if term.signal == signal:
                return slice(start, start + term.size)
            start += term.size
        names = [term.signal for term in self.observation]
        raise KeyError(f"the contract has no signal {signal!r}; it has {', '.join(names)}{did_you_mean(signal, names)}")

    def bounds(self) -> np.ndarray:
        """Magnitude at which each input of the policy saturates. Shape (observation_size,), float32."""
        per_term = [min(term.limit * term.scale, term.clip or np.inf) for term in self.observation]
        sizes = [term.size for term in self.observation]
        return np.repeat(np.array(per_term, np.float32), sizes)

    @property
    def sha256(self) -> str:
        """Hash of the canonical JSON: sorted keys, no spaces, shortest decimals."""
        text = json.dumps(plain(self), sort_keys=True, separators=(",", ":"), allow_nan=False)
        return hashlib.sha256(text.encode()).hexdigest()

    def dumps(self) -> str:
        """Return the file's text: one field per line, lists of numbers on one line, the contract's own hash last."""
        return _render(plain(self) | {"contract_sha256": self.sha256}) + "\n"

    def save(self, path: Path) -> None:
        """Write the file."""
        path.write_text(self.dumps(), encoding="utf-8")

    @classmethod
    def load(cls, path: Path) -> "Contract":
        """Read and check a file that may come from anywhere.

        Raises:
            ContractError: With the field, its value and what is allowed.
        """
        return cls.from_plain(read_json(Path(path)))

    @classmethod
    def from_plain(cls, data: Any) -> "Contract":
        """Check the parsed JSON of a contract.

        Raises:
            ContractError: With the field, its value and what is allowed.
        """
        if not isinstance(data, dict):
            raise ContractError("", f"a contract is a JSON object, not {type(data).__name__}")
        if "contract_sha256" not in data:
            raise ContractError("contract_sha256", "is missing")
        contract = convert(cls, {name: value for name, value in data.items() if name != "contract_sha256"})
        if data["contract_sha256"] != contract.sha256:
            problem = f"is {data['contract_sha256']!r}, but the fields hash to {contract.sha256!r}"
            raise ContractError("contract_sha256", f"{problem}; the file was changed after export")
        return contract

    @classmethod
    def from_task(
        cls, task: "Task", weights: "PolicyWeights", observations: np.ndarray, purpose: str = ""
    ) -> "Contract":
        """Draw up the contract of a policy that was trained on a task.

        Args:
            task: What it was trained on.
            weights: The policy.
            observations: Recorded policy inputs of shape (K, observation_size); the golden vectors are taken from them.
            purpose: The sentence that asked for it.
        """
        from telic.deploy.task_contract import contract_from_task

        return contract_from_task(task, weights, observations, purpose)


def weights_sha256(weights: "PolicyWeights") -> str:
    """Hash of a policy: shapes and activations as text, then all numbers as little-endian float32, row by row."""
    shape = [[*layer.weight.shape, layer.activation] for layer in weights.layers]
    digest = hashlib.sha256(json.dumps([shape, weights.observation_clip], separators=(",", ":")).encode())
    for array in (
        weights.observation_mean,
        weights.observation_std,
        *(a for layer in weights.layers for a in (layer.weight, layer.bias)),
    ):
        digest.update(np.ascontiguousarray(array, "<f4").tobytes())
    return digest.hexdigest()


def _render(value: Any, indent: str = "") -> str:
    inner = indent + "  "
    if isinstance(value, dict):
        lines = [f"{inner}{json.dumps(name)}: {_render(item, inner)}" for name, item in value.items()]
        return "{\n" + ",\n".join(lines) + f"\n{indent}}}"
    if isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        return "[\n" + ",\n".join(inner + _render(item, inner) for item in value) + f"\n{indent}]"
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
