"""Write the C99 program of a policy: the templates in ``deploy/c``, filled with constants, weights, golden vectors.

The same weights and contract give the same bytes.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np

from telic.control.policy import PolicyWeights
from telic.deploy.c_text import array, c_float, c_string, c_text, fill, floats, rename, template
from telic.deploy.contract import Contract
from telic.deploy.reference import (
    ReferenceExecutor,
    ReferencePolicy,
    envelope,
    history_at,
    interval_limits_us,
    inverse_std,
)

EXPORT_VERSION = 1
BLOCK = 8  # Outputs computed together; POLICY_BLOCK in the template.


@dataclass(frozen=True)
class CSource:
    """A header and its implementation, as text."""

    header: str
    source: str


def generate_c(weights: PolicyWeights, contract: Contract, prefix: str = "policy") -> CSource:
    """Write the program.

    Args:
        weights: The policy.
        contract: Its contract; the weights must be the ones it names.
        prefix: Start of every name, so that several policies fit in one firmware.

    Raises:
        ValueError: If the prefix is not a C name in lower case.
    """
    packed = [pack(layer.weight, layer.bias) for layer in weights.layers]
    header = fill(template("policy.h"), {"constants": "\n".join(_constants(weights, contract, packed))})
    source = fill(
        template("policy.c"),
        {
            "data": "\n".join(_data(contract, packed)),
            "forward": "\n".join(_forward(weights)),
            "checksum": "\n".join(
                f"    sum = policy_checksum(sum, policy_layer{i}, {values.size}u);" for i, values in enumerate(packed)
            ),
        },
    )
    return CSource(rename(header, prefix), rename(source, prefix))


def pack(weight: np.ndarray, bias: np.ndarray) -> np.ndarray:
    """Order a layer as the kernel reads it: per block of 8 outputs the biases, then 8 weights for each input.

    Missing outputs of the last block are zero.

    Returns:
        Shape (blocks * (inputs + 1) * 8,), float32.
    """
    rows = np.concatenate([bias[:, None], weight], axis=1)
    padded = np.zeros((padded_size(len(rows)), rows.shape[1]), np.float32)
    padded[: len(rows)] = rows
    return padded.reshape(-1, BLOCK, rows.shape[1]).transpose(0, 2, 1).ravel()


def padded_size(outputs: int) -> int:
    """Outputs in whole blocks."""
    return -(-outputs // BLOCK) * BLOCK


def checksum(arrays: Iterable[np.ndarray], start: int = 2166136261) -> int:
    """FNV-1a over the bits of float32 numbers, the `policy_checksum` of the template."""
    total = start
    for numbers in arrays:
        for word in np.ascontiguousarray(numbers, np.float32).view(np.uint32).ravel().tolist():
            total = (total ^ word) * 16777619 & 0xFFFFFFFF
    return total


def executor_checksum(weights: PolicyWeights, contract: Contract) -> int:
    """What `policy_executor_checksum` of the template must give."""
    executor = ReferenceExecutor(ReferencePolicy(weights, contract))
    at, size = history_at(contract), contract.history * contract.action.size
    golden = np.array(contract.golden.observations, np.float32)
    inputs = np.concatenate([golden[:, :at], golden[:, at + size :]], axis=1)
    period = 1_000_000 // contract.rates.execution_hz
    total = 2166136261
    for tick in range(_test_steps(contract)):
        action, status = executor.step(tick * period, tick * period, inputs[None, tick % len(inputs)])
        executor.clear_faults()
        total = checksum([action], (total ^ int(status[0])) * 16777619 & 0xFFFFFFFF)
    return total


def _test_steps(contract: Contract) -> int:
    return 3 * (contract.rates.execution_hz // contract.rates.policy_hz) + 2


def _constants(weights: PolicyWeights, contract: Contract, packed: Sequence[np.ndarray]) -> list[str]:
    shortest, longest = interval_limits_us(contract)
    width = max(padded_size(layer.weight.shape[0]) for layer in weights.layers)
    size = contract.history * contract.action.size
    constants: dict[str, str] = {
        "EXPORT_VERSION": f"{EXPORT_VERSION}u",
        "NAME": c_string(contract.name),
        "CONTRACT_HASH": c_string(contract.sha256),
        "WEIGHTS_HASH": c_string(contract.weights_sha256),
        "OBSERVATION": f"{contract.observation_size}u",
        "INPUTS": f"{contract.inputs_size}u",
        "ACTIONS": f"{contract.action.size}u",
        "HISTORY_SLOTS": f"{max(1, contract.history)}u",
        "HISTORY_AT": f"{history_at(contract)}u",
        "HISTORY_SIZE": f"{size}u",
        "WIDTH": f"{width}u",
        "MACS": f"{weights.num_macs}u",
        "PERIOD_US": f"{1_000_000 // contract.rates.policy_hz}u",
        "EXECUTION_PERIOD_US": f"{1_000_000 // contract.rates.execution_hz}u",
        "SHORTEST_US": f"{shortest}u",
        "LONGEST_US": f"{longest}u",
        "TIMEOUT_US": f"{round(contract.fault.input_timeout_s * 1e6)}u",
        "GOLDEN": f"{len(contract.golden.observations)}u",
        "TEST_STEPS": f"{_test_steps(contract)}u",
        "WEIGHTS_CHECKSUM": f"{checksum(packed):#010x}u",
        "EXECUTOR_CHECKSUM": f"{executor_checksum(weights, contract):#010x}u",
    }
    lines = [f"#define POLICY_{name} {value}" for name, value in constants.items()]
    return [*lines, *_switches(weights, contract), "", *_signal_table(contract)]


def _switches(weights: PolicyWeights, contract: Contract) -> list[str]:
    """Definitions that turn parts of the template on."""
    position_at, greatest, upright_at, least = envelope(contract)
    activations = {layer.activation for layer in weights.layers}
    clip = contract.normalizer.clip
    bound = np.float32(clip if clip is not None else 0.0).view(np.uint32)
    switches = {
        "POLICY_USES_FAST_TANH 1": "fast_tanh" in activations,
        "POLICY_USES_RELU 1": "relu" in activations,
        "POLICY_NORMALIZED 1": _is_normalized(contract),
        f"POLICY_NORMALIZED_BOUND {int(bound):#010x}u": clip is not None,
        "POLICY_SCALED 1": any(term.scale != 1.0 for term in contract.observation),
        "POLICY_HISTORY_RAW 1": contract.action.last_action == "raw",
        "POLICY_ENVELOPE 1": position_at is not None or upright_at is not None,
        f"POLICY_POSITION_AT {position_at}u": position_at is not None,
        f"POLICY_GREATEST_ERROR {c_float(float(greatest))}": position_at is not None,
        f"POLICY_UPRIGHT_AT {upright_at}u": upright_at is not None,
        f"POLICY_LEAST_UPRIGHT ({c_float(float(least))})": upright_at is not None,
    }
    return [f"#define {text}" for text, wanted in switches.items() if wanted]


def _signal_table(contract: Contract) -> list[str]:
    """A comment that says what each input and action is."""
    lines = ["/* inputs of policy_step(), in order:"]
    start = 0
    for term in contract.inputs:
        frame = f", {c_text(term.frame)} frame" if term.frame else ""
        what = f"{c_text(term.signal)} [{c_text(term.unit)}]{frame}, saturates at {term.limit:g}"
        if term.history > 1:
            samples = f"the last {term.history} samples at {contract.rates.policy_hz} Hz"
            what += f"; {samples}, newest first; at the start the first one {term.history} times"
        lines.append(f" *   {start}..{start + term.size - 1}  {what}")
        start += term.size
    lines += [f" * Quaternions behind them are {contract.quaternion_order}.", " * actions, in order:"]
    for i, (name, meaning) in enumerate(zip(contract.action.names, contract.action.meaning, strict=True)):
        limits = f"{contract.action.low[i]:g} to {contract.action.high[i]:g}"
        command = f"{contract.action.command_scale[i]:g} * action + {contract.action.command_offset[i]:g}"
        what = f"{c_text(name)}, {limits}: {c_text(meaning)}; {command} [{c_text(contract.action.command_unit)}]"
        lines.append(f" *   {i}  {what}")
    return [*lines, " */"]


def _is_normalized(contract: Contract) -> bool:
    normalizer = contract.normalizer
    identity = not any(normalizer.mean) and all(std == 1.0 for std in normalizer.std) and normalizer.eps == 0.0
    return not identity or normalizer.clip is not None


def _data(contract: Contract, packed: Sequence[np.ndarray]) -> list[str]:
    terms, action = contract.observation, contract.action
    bounds = [f"{bits:#010x}u" for bits in contract.bounds().view(np.uint32).tolist()]
    lines = [
        "/* Magnitudes at which the inputs saturate, as bits. */",
        *array("uint32_t", "bounds[POLICY_OBSERVATION]", bounds),
    ]
    if any(term.scale != 1.0 for term in terms):
        scales = np.repeat([term.scale for term in terms], [term.size for term in terms])
        lines += floats("scales[POLICY_OBSERVATION]", scales)
    if _is_normalized(contract):
        lines += floats("mean[POLICY_OBSERVATION]", contract.normalizer.mean)
        lines += floats("inverse_std[POLICY_OBSERVATION]", inverse_std(contract))
    for name, values in (
        ("low", action.low),
        ("high", action.high),
        ("initial", action.initial),
        ("safe", contract.fault.safe_action),
    ):
        lines += floats(f"{name}[POLICY_ACTIONS]", values)
    for i, values in enumerate(packed):
        lines += floats(f"layer{i}[{values.size}u]", values)
    lines += _table("golden_observations[POLICY_GOLDEN][POLICY_OBSERVATION]", contract.golden.observations)
    return [*lines, *_table("golden_actions[POLICY_GOLDEN][POLICY_ACTIONS]", contract.golden.actions)]


def _forward(weights: PolicyWeights) -> list[str]:
    lines, source = [], "state->input"
    for i, layer in enumerate(weights.layers):
        outputs, inputs = layer.weight.shape
        target = f"state->hidden[{i % 2}]"
        lines.append(f"    policy_dense(policy_layer{i}, {source}, {inputs}u, {padded_size(outputs)}u, {target});")
        if layer.activation != "identity":
            lines.append(f"    policy_{layer.activation}({target}, {outputs}u);")
        source = target
    return [*lines, f"    policy_copy({source}, POLICY_ACTIONS, state->raw);"]


def _table(declaration: str, rows: Sequence[Sequence[float]]) -> list[str]:
    texts = [f"    {{{', '.join(c_float(value) for value in row)}}}," for row in rows]
    return [f"static const float policy_{declaration} = {{", *texts, "};"]
