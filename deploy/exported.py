"""Read an exported folder that may come from anywhere."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file

from telic.control.policy import PolicyWeights
from telic.deploy.checked import ContractError
from telic.deploy.contract import Contract, weights_sha256
from telic.deploy.export import CONTRACT, OBSERVATIONS, WEIGHTS, check_observations
from telic.deploy.headroom import check_headroom

MAX_BYTES = 256 * 1024 * 1024


@dataclass(frozen=True)
class Exported:
    """What an exported folder holds, checked.

    Attributes:
        folder: Where it is.
        contract: The agreement.
        weights: The policy; the one that the contract names.
        observations: Recorded policy inputs, shape (K, observation_size), float32.
    """

    folder: Path
    contract: Contract
    weights: PolicyWeights
    observations: np.ndarray


def load_export(folder: Path) -> Exported:
    """Read and check a folder.

    Raises:
        ContractError: If a file is missing, damaged, or does not belong to the others.
    """
    folder = Path(folder)
    for name in (CONTRACT, WEIGHTS, OBSERVATIONS):
        path = folder / name
        if not path.is_file():
            raise ContractError("", f"{folder} has no {name}; it is not what `telic export` writes")
        if path.stat().st_size > MAX_BYTES:
            raise ContractError("", f"{path} has {path.stat().st_size} bytes; at most {MAX_BYTES} are read")
    contract = Contract.load(folder / CONTRACT)
    weights = _weights(folder / WEIGHTS, contract)
    return Exported(folder, contract, weights, _observations(folder / OBSERVATIONS, contract))


def _weights(path: Path, contract: Contract) -> PolicyWeights:
    try:
        weights = PolicyWeights.load(path)
    except ValueError as error:
        raise ContractError("", f"{path}: {error}") from None
    found = weights_sha256(weights)
    if found != contract.weights_sha256:
        raise ContractError("weights_sha256", f"is {contract.weights_sha256!r}, but {path} hashes to {found!r}")
    mean, std = (np.array(values, np.float32) for values in (contract.normalizer.mean, contract.normalizer.std))
    same = np.array_equal(mean, weights.observation_mean) and np.array_equal(std, weights.observation_std)
    if not same or contract.normalizer.clip != weights.observation_clip:
        raise ContractError("normalizer", f"is not the one in {path}")
    sizes = (weights.num_inputs, *(layer.bias.size for layer in weights.layers))
    if sizes != contract.network.sizes or tuple(x.activation for x in weights.layers) != contract.network.activations:
        raise ContractError("network", f"is not the one in {path}, which has sizes {sizes}")
    check_headroom(weights, contract)
    return weights


def _observations(path: Path, contract: Contract) -> np.ndarray:
    try:
        arrays = load_file(path)
    except (SafetensorError, ValueError, TypeError, KeyError) as error:
        raise ContractError("", f"{path} is not a safetensors file of numbers: {error}") from None
    observations = arrays.get("observations")
    if observations is None or observations.dtype != np.float32:
        raise ContractError("observations", f"of {path} must be one float32 array; it holds {sorted(arrays)}")
    check_observations(observations, contract)
    return observations
