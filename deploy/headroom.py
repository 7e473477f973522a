"""Prove that no sum inside a policy can leave the range of float32, whatever the inputs are.

Inputs saturate at the contract's limits, so every sum has a bound. Without this proof a NaN could arise inside the
network, and its sign bit differs between processors.
"""

import numpy as np

from telic.control.policy import PolicyWeights
from telic.deploy.checked import ContractError
from telic.deploy.contract import Contract

LARGEST = 1e37  # Below float32's 3.4e38 with room for rounding.


def check_headroom(weights: PolicyWeights, contract: Contract) -> None:
    """Refuse a policy that could overflow.

    Raises:
        ContractError: With the layer and the bound of its sums.
    """
    normalizer = contract.normalizer
    std = np.array(normalizer.std) + normalizer.eps
    bound = (contract.bounds().astype(np.float64) + np.abs(normalizer.mean)) / std
    if normalizer.clip is not None:
        bound = np.minimum(bound, normalizer.clip)
    for i, layer in enumerate(weights.layers):
        bound = np.abs(layer.weight.astype(np.float64)) @ bound + np.abs(layer.bias)
        if bound.max() > LARGEST:
            problem = f"sums can reach {bound.max():.3g}, beyond {LARGEST:g}"
            raise ContractError(
                f"weights.layers[{i}]", f"{problem}; lower the limits of the observation, or the weights"
            )
        if layer.activation == "fast_tanh":
            bound = np.minimum(bound, 1.001)
