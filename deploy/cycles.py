"""An estimate of Cortex-M4F cycles from counted instructions. An emulator counts instructions; it has no clock."""

from telic.control.policy import PolicyWeights
from telic.deploy.generate_c import padded_size

# One round of the kernel in policy.c: two inputs and eight outputs.
_ROUND_INSTRUCTIONS = 36
_ROUND_CYCLES = (1 + 2) + (1 + 16) + 32 + 1 + 3  # Multiple loads take 1 + N, a taken branch 3, all others 1.
_DIVISION_EXTRA = 13
_OTHER_CYCLES = 1.5

ASSUMPTION = (
    "Cortex-M4 timing table for the kernel (multiple load 1+N, taken branch 3, else 1), 14 cycles per division, "
    f"{_OTHER_CYCLES} cycles for every other instruction, no memory wait states; not measured on hardware"
)


def estimate_cycles(weights: PolicyWeights, instructions: int) -> int:
    """Cycles of an evaluation that takes this many instructions."""
    rounds = sum((layer.weight.shape[1] // 2) * (padded_size(layer.weight.shape[0]) // 8) for layer in weights.layers)
    divisions = sum(layer.bias.size for layer in weights.layers if layer.activation == "fast_tanh")
    others = max(0, instructions - rounds * _ROUND_INSTRUCTIONS)
    return round(rounds * _ROUND_CYCLES + others * _OTHER_CYCLES + divisions * _DIVISION_EXTRA)
