"""Write the C99 program of the safety filter from a contract: the twin of `telic.deploy.safety.SafetyFilter`."""

from telic.deploy.c_text import array, c_float, fill, floats, rename, template
from telic.deploy.contract import Contract
from telic.deploy.safety import SafetyLimits


def generate_safety(contract: Contract, prefix: str = "policy") -> dict[str, str]:
    """Write the filter; it includes the header of the policy that was generated with the same prefix.

    Returns:
        File names and their text: ``<prefix>_safety.h`` and ``<prefix>_safety.c``.

    Raises:
        ValueError: If the prefix is not a C name in lower case.
    """
    limits = SafetyLimits.of(contract)
    data = [
        f"#define POLICY_SAFETY_STEP {c_float(float(limits.step))} /* Largest change of an action in one step. */",
        "",
        *floats("safety_low[POLICY_ACTIONS]", limits.low),
        *floats("safety_high[POLICY_ACTIONS]", limits.high),
        *floats("safety_action[POLICY_ACTIONS]", limits.safe),
        *floats("safety_least[POLICY_INPUTS]", limits.least),
        *floats("safety_greatest[POLICY_INPUTS]", limits.greatest),
        "/* The status bit of an input outside. */",
        *array("uint32_t", "safety_fault[POLICY_INPUTS]", [f"{bit}u" for bit in limits.fault.tolist()]),
    ]
    return {
        f"{prefix}_safety.h": rename(template("policy_safety.h"), prefix),
        f"{prefix}_safety.c": rename(fill(template("policy_safety.c"), {"data": "\n".join(data)}), prefix),
    }
