"""Rewards with parameters: module constants that declare their range in a comment, to be set from outside.

    HEIGHT = 1.0  # 0.2 to 3.0 [m] height above the ground

A language model, an optimiser or a person may then fill in numbers without touching the program: the lower, safer half
of Language to Rewards [1], where a model chooses the parameters of a documented reward.

[1] Yu et al. 2023, Language to Rewards for Robotic Skill Synthesis (arXiv 2306.08647).
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from telic.rewards.signals import did_you_mean

_NUMBER = r"[-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?"
_DECLARED = re.compile(
    rf"^(?P<name>[A-Z][A-Z0-9_]*) = (?P<value>{_NUMBER})(?P<unit>(?: \* \w+)?)"
    rf"  # (?P<low>{_NUMBER}) to (?P<high>{_NUMBER}) \[(?P<shown>[^\]]*)\] (?P<description>.+)$"
)


class ParameterError(ValueError):
    """A parameter that a reward does not have, or a value that it does not allow."""


@dataclass(frozen=True)
class Parameter:
    """One number of a reward that may be set from outside.

    Attributes:
        name: Of the module constant.
        value: As the program has it.
        low: Smallest value allowed.
        high: Largest value allowed.
        unit: Unit in which these are written.
        description: What it means.
    """

    name: str
    value: float
    low: float
    high: float
    unit: str
    description: str


def parameters_of(source: str) -> tuple[Parameter, ...]:
    """The parameters that a reward program declares, in order.

    Raises:
        ParameterError: If a range is empty, or does not hold the value of the program.
    """
    found = []
    for line in source.splitlines():
        match = _DECLARED.match(line)
        if match is None:
            continue
        name, value, low, high = match["name"], float(match["value"]), float(match["low"]), float(match["high"])
        if not low <= value <= high or low == high:
            raise ParameterError(
                f"{name} is {value:g}, and its range {low:g} to {high:g}: it must be within, and not empty"
            )
        found.append(Parameter(name, value, low, high, match["shown"], match["description"].strip()))
    return tuple(found)


def with_parameters(source: str, values: Mapping[str, float]) -> str:
    """The same program with other values of some parameters.

    Raises:
        ParameterError: If a name is not a parameter of the program, or a value is not a number within its range.
    """
    known = {parameter.name: parameter for parameter in parameters_of(source)}
    for name, value in values.items():
        if name not in known:
            raise ParameterError(f"the reward has no parameter {name!r}; {did_you_mean(name, list(known))}")
        _check(known[name], value)

    def changed(line: str) -> str:
        match = _DECLARED.match(line)
        if match is None or match["name"] not in values:
            return line
        return f"{match['name']} = {float(values[match['name']])!r}{line[match.end('value') :]}"

    return "\n".join(changed(line) for line in source.split("\n"))


def schema_of(parameters: Sequence[Parameter]) -> dict[str, Any]:
    """The JSON schema of an object that gives every parameter a value."""
    return {
        "type": "object",
        "properties": {
            parameter.name: {
                "type": "number",
                "minimum": parameter.low,
                "maximum": parameter.high,
                "description": f"[{parameter.unit}] {parameter.description}",
            }
            for parameter in parameters
        },
        "required": [parameter.name for parameter in parameters],
        "additionalProperties": False,
    }


def _check(parameter: Parameter, value: Any) -> None:
    number = isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
    if not number or not parameter.low <= value <= parameter.high:
        raise ParameterError(
            f"{parameter.name} is {value!r}; allowed: {parameter.low:g} to {parameter.high:g} [{parameter.unit}]"
        )
