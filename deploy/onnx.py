"""The policy as ONNX: normaliser, clips and action limits inside the graph, the contract in its metadata."""

import json
import logging
from pathlib import Path
from typing import cast

import numpy as np
import onnx
import onnxruntime
from onnx import TensorProto, helper, numpy_helper

from telic.control.policy import Dense, PolicyWeights
from telic.deploy.checked import MAX_BYTES, ContractError, plain
from telic.deploy.contract import Contract, weights_sha256
from telic.deploy.onnx_graph import policy_model

logger = logging.getLogger(__name__)

CONTRACT_KEY = "telic.contract"

# The largest policy that is read back; a network for control is far below it.
MAX_MODEL_BYTES = 64 * 1024 * 1024


class OnnxPolicyError(ValueError):
    """An ONNX file that is not an unchanged export of Telic, or not the policy that was asked for."""


def write_onnx(weights: PolicyWeights, contract: Contract, path: Path) -> Path:
    """Write a policy that runs in any ONNX runtime and says what it needs.

    The graph takes ``observation`` (batch, n), float32, the policy's whole input with the action history, scaled as in
    training, and gives ``action`` (batch, m), float32, inside the contract's limits.

    Args:
        weights: The policy.
        contract: Its contract; its full-precision JSON goes into the metadata under `CONTRACT_KEY`.
        path: File to write.

    Returns:
        The path.

    Raises:
        OnnxPolicyError: If the contract belongs to other weights.
    """
    _check_weights(weights, contract, "the contract", "these weights")
    model = policy_model(weights, contract)
    model.doc_string = contract.purpose
    helper.set_model_props(model, _metadata(contract))
    onnx.checker.check_model(model, full_check=True)
    Path(path).write_bytes(model.SerializeToString(deterministic=True))
    return Path(path)


def read_onnx_contract(path: Path) -> Contract:
    """Read the contract of an exported policy and prove that the file still holds that policy.

    Raises:
        OnnxPolicyError: If it is not an ONNX file with a contract, or its weights or its graph were changed.
        ContractError: If the contract in it is not valid.
    """
    return _read(Path(path))[0]


class OnnxPolicy:
    """An exported policy in ONNX Runtime, one thread and no spinning, for a loop that must not be disturbed.

    Args:
        path: What `write_onnx` wrote.
        contract: The contract that the caller built its observations from; None takes the file's own.

    Raises:
        OnnxPolicyError: If the file was changed, or its contract is not the caller's.
        ContractError: If the contract in it is not valid.
    """

    def __init__(self, path: Path, contract: Contract | None = None) -> None:
        self.contract, model = _read(Path(path))
        if contract is not None and contract.sha256 != self.contract.sha256:
            raise OnnxPolicyError(
                f"{path} was exported with contract {self.contract.sha256[:12]}, not {contract.sha256[:12]}; "
                "export again, or use the contract that stands beside the file"
            )
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        options.execution_mode = onnxruntime.ExecutionMode.ORT_SEQUENTIAL
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.add_session_config_entry("session.inter_op.allow_spinning", "0")
        self._session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self._safe_action = np.array(self.contract.fault.safe_action, np.float32)

    def act(self, observation: np.ndarray) -> np.ndarray:
        """Actions for policy inputs.

        Args:
            observation: Shape (n,) or (batch, n), scaled as in training, with the action history.

        Returns:
            Shape (m,) or (batch, m), float32, within the contract's limits. A row whose observation holds NaN or
            infinity gets the contract's safe action.

        Raises:
            ValueError: If the observation has another size than the contract's.
        """
        rows = np.atleast_2d(np.asarray(observation, np.float32))
        size = self.contract.observation_size
        if rows.ndim != 2 or rows.shape[1] != size:
            raise ValueError(
                f"observation has shape {np.shape(observation)}; expected ({size},) or (batch, {size}), "
                "the contract's terms in order"
            )
        finite = np.isfinite(rows).all(axis=1, keepdims=True)
        outputs = self._session.run(["action"], {"observation": np.where(finite, rows, np.float32(0))})
        if not finite.all():
            logger.info("%d of %d observations hold NaN or infinity: safe action", (~finite).sum(), len(rows))
        action = np.where(finite, cast(np.ndarray, outputs[0]), self._safe_action)
        return action[0] if np.ndim(observation) == 1 else action


def _metadata(contract: Contract) -> dict[str, str]:
    """List what people look for in an ONNX file; the contract in full is the one that counts."""
    terms, action = contract.observation, contract.action
    return {
        CONTRACT_KEY: contract.dumps(),
        "contract_sha256": contract.sha256,
        "weights_sha256": contract.weights_sha256,
        "task": contract.name,
        "purpose": contract.purpose,
        "observation_names": ",".join(term.signal for term in terms),
        "observation_sizes": ",".join(str(term.size) for term in terms),
        "observation_units": ",".join(term.unit for term in terms),
        "observation_frames": ",".join(term.frame for term in terms),
        "observation_history": ",".join(str(term.history) for term in terms),
        "action_names": ",".join(action.names),
        "action_low": ",".join(map(str, action.low)),
        "action_high": ",".join(map(str, action.high)),
        "command_unit": action.command_unit,
        "command_scale": ",".join(map(str, action.command_scale)),
        "command_offset": ",".join(map(str, action.command_offset)),
        "policy_hz": str(contract.rates.policy_hz),
        "execution_hz": str(contract.rates.execution_hz),
        "network": json.dumps(plain(contract.network)),
    }


def _read(path: Path) -> tuple[Contract, bytes]:
    size = path.stat().st_size
    if size > MAX_MODEL_BYTES:
        raise OnnxPolicyError(f"{path} has {size} bytes; a policy has at most {MAX_MODEL_BYTES}")
    data = path.read_bytes()
    try:
        model = onnx.load_model_from_string(data)
    except Exception as error:  # The parser's own exceptions differ between versions of protobuf.
        raise OnnxPolicyError(f"{path} is not an ONNX file: {error}") from None
    contract = _contract_of(model, path)
    weights = _weights_of(model, contract, path)
    _check_weights(weights, contract, f"{path}", "the weights in its graph")
    expected = policy_model(weights, contract)
    for part in ("graph", "functions", "opset_import", "ir_version", "training_info"):
        if getattr(model, part) != getattr(expected, part):
            raise OnnxPolicyError(f"{path}: its {part} is not the one that the contract describes; export it again")
    return contract, data


def _contract_of(model: onnx.ModelProto, path: Path) -> Contract:
    texts = [entry.value for entry in model.metadata_props if entry.key == CONTRACT_KEY]
    if len(texts) != 1 or len(texts[0]) > MAX_BYTES:
        raise OnnxPolicyError(f"{path} has no {CONTRACT_KEY!r} in its metadata; write it with `telic export`")
    try:
        return Contract.from_plain(json.loads(texts[0]))
    except (json.JSONDecodeError, RecursionError) as error:
        raise OnnxPolicyError(f"{path}: the contract in its metadata is not JSON: {error}") from None
    except ContractError as error:
        raise ContractError(error.path, f"{error.problem} (in the metadata of {path})") from None


def _weights_of(model: onnx.ModelProto, contract: Contract, path: Path) -> PolicyWeights:
    arrays: dict[str, np.ndarray] = {}
    for tensor in model.graph.initializer:
        if tensor.data_location == TensorProto.EXTERNAL:
            raise OnnxPolicyError(f"{path}: tensor {tensor.name!r} lies in another file; a policy is one file")
        arrays[tensor.name] = numpy_helper.to_array(tensor)
    try:
        layers = tuple(
            Dense(arrays[f"layers.{i}.weight"], arrays[f"layers.{i}.bias"], activation)
            for i, activation in enumerate(contract.network.activations)
        )
        clip = contract.normalizer.clip
        return PolicyWeights(layers, arrays["observation_mean"], arrays["observation_std"], clip)
    except KeyError as error:
        raise OnnxPolicyError(f"{path}: the graph has no tensor {error}") from None
    except ValueError as error:
        raise OnnxPolicyError(f"{path}: {error}") from None


def _check_weights(weights: PolicyWeights, contract: Contract, holder: str, what: str) -> None:
    found = weights_sha256(weights)
    if found != contract.weights_sha256:
        raise OnnxPolicyError(
            f"{holder} names weights {contract.weights_sha256[:12]}, but {what} hash to {found[:12]}; "
            "they do not belong together, export the policy again"
        )
