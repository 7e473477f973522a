"""Environments that a language model may write: ranges of a task family's context, checked against a schema.

EnvGen (Zala, Cho, Lin, Yoon and Bansal, "EnvGen: Generating and Adapting Environments via LLMs for Training Embodied
Agents", COLM 2024): a language model configures environments that teach what an agent is weak at; the agent trains in a
mixture of them and the original one; how it does in each goes back to the language model.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from telic.sim.context import TaskFamily
from telic.sim.errors import TaskError, check_number
from telic.sim.suggest import did_you_mean
from telic.sim.world import Mask

Floats = NDArray[np.float64]

_MOST = 32  # Environments in one file.
_MAX_BYTES = 256 * 1024


@dataclass(frozen=True)
class Environment:
    """A part of a task family.

    Attributes:
        name: Short name.
        context: Smallest and largest value of some dimensions; the others have their whole range.
        weight: How often it is drawn, relative to the others.
        purpose: What it teaches, for people.
    """

    name: str
    context: Mapping[str, tuple[float, float]]
    weight: float = 1.0
    purpose: str = ""


def json_schema(family: TaskFamily) -> dict[str, Any]:
    """Return the JSON schema of a file of environments, for a language model's structured output."""
    ranges = {}
    for dimension in family.dimensions:
        number = {"type": "number", "minimum": dimension.low, "maximum": dimension.high}
        ranges[dimension.name] = {
            "description": f"{dimension.description or dimension.name} [{dimension.unit}]",
            "anyOf": [number, {"type": "array", "items": number, "minItems": 2, "maxItems": 2}],
        }
    environment = {
        "type": "object",
        "additionalProperties": False,
        "required": ["name", "context"],
        "properties": {
            "name": {"type": "string", "minLength": 1, "maxLength": 64},
            "purpose": {"type": "string", "maxLength": 400},
            "weight": {"type": "number", "exclusiveMinimum": 0, "maximum": 1000},
            "context": {"type": "object", "additionalProperties": False, "properties": ranges},
        },
    }
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"Environments of the task {family.base.name}",
        "type": "object",
        "additionalProperties": False,
        "required": ["environments"],
        "properties": {"environments": {"type": "array", "minItems": 1, "maxItems": _MOST, "items": environment}},
    }


def parse_environments(text: str, family: TaskFamily) -> tuple[Environment, ...]:
    """Read environments from JSON that may come from anywhere.

    Args:
        text: A JSON object as `json_schema` describes it.
        family: The family that they are parts of.

    Raises:
        TaskError: With everything that is wrong, one mistake in a line, as a language model can use it.
    """
    if len(text) > _MAX_BYTES:
        raise TaskError(f"the environments have {len(text)} characters; at most {_MAX_BYTES} are read")
    try:
        data = json.loads(text, parse_constant=_refuse)
    except (ValueError, RecursionError) as error:
        raise TaskError(f"the environments are not JSON: {error}") from None
    problems = list(_problems(data, family))
    if problems:
        raise TaskError("\n".join(problems))
    return tuple(
        Environment(
            item["name"],
            {name: _bounds(value) for name, value in item["context"].items()},
            float(item.get("weight", 1.0)),
            item.get("purpose", ""),
        )
        for item in data["environments"]
    )


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is no number of JSON")


def _bounds(value: Any) -> tuple[float, float]:
    low, high = value if isinstance(value, list) else (value, value)
    return float(low), float(high)


def _problems(data: Any, family: TaskFamily) -> Iterator[str]:
    """Yield what `json_schema` refuses, and ranges that are the wrong way round."""
    if not isinstance(data, dict) or not isinstance(data.get("environments"), list):
        yield 'wanted: an object {"environments": [...]}'
        return
    yield from (f"{key}: unknown{did_you_mean(key, ['environments'])}" for key in data if key != "environments")
    items = data["environments"]
    if not 1 <= len(items) <= _MOST:
        yield f"environments: there are {len(items)}; allowed: 1 to {_MOST}"
    names = [item.get("name") for item in items if isinstance(item, dict)]
    for i, item in enumerate(items):
        where = f"environments[{i}]"
        if not isinstance(item, dict):
            yield f"{where}: is {item!r}; wanted: an object"
            continue
        known = ["name", "purpose", "weight", "context"]
        yield from (f"{where}.{key}: unknown{did_you_mean(key, known)}" for key in item if key not in known)
        name, purpose, weight = item.get("name"), item.get("purpose", ""), item.get("weight", 1.0)
        if not isinstance(name, str) or not 1 <= len(name) <= 64:
            yield f"{where}.name: is {name!r}; allowed: text of 1 to 64 characters"
        elif names.count(name) > 1:
            yield f"{where}.name: {name!r} stands there twice; rename one"
        if not isinstance(purpose, str) or len(purpose) > 400:
            yield f"{where}.purpose: allowed: text of at most 400 characters"
        if not _is_number(weight) or not 0.0 < weight <= 1000.0:
            yield f"{where}.weight: is {weight!r}; allowed: more than 0, up to 1000"
        yield from _context_problems(item.get("context"), f"{where}.context", family)


def _context_problems(context: Any, where: str, family: TaskFamily) -> Iterator[str]:
    if not isinstance(context, dict):
        yield f"{where}: is {context!r}; wanted: an object of {', '.join(family.names)}"
        return
    known = {dimension.name: dimension for dimension in family.dimensions}
    for name, value in context.items():
        if name not in known:
            yield f"{where}.{name}: unknown{did_you_mean(name, known)}"
            continue
        low, high = known[name].low, known[name].high
        numbers = value if isinstance(value, list) else [value]
        if len(numbers) not in (1, 2) or (isinstance(value, list) and len(numbers) != 2):
            yield f"{where}.{name}: is {value!r}; allowed: a number, or [smallest, largest]"
        elif not all(_is_number(number) and low <= number <= high for number in numbers):
            yield f"{where}.{name}: is {value!r}; allowed: {low:g} to {high:g} [{known[name].unit}]"
        elif len(numbers) == 2 and numbers[0] > numbers[1]:
            yield f"{where}.{name}: is {value!r}; the smaller number comes first"


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


class Environments:
    """A mixture of environments and the original one, as a curriculum that counts how each goes."""

    def __init__(self, family: TaskFamily, environments: Sequence[Environment], original: float = 0.3) -> None:
        """Mix.

        Args:
            family: The family.
            environments: Parts of it.
            original: Share of the episodes with any context of the family.

        Raises:
            TaskError: If an environment is not a part of the family.
        """
        check_number("original", original, 0.0, 1.0)
        if not environments:
            raise TaskError("there are no environments; name at least one")
        for environment in environments:
            family.within(environment.context)
        self._family, self.environments, self._original = family, tuple(environments), original
        low, high = family.bounds
        self._bounds = np.array(
            [
                [
                    environment.context.get(name, whole)
                    for name, whole in zip(family.names, zip(low, high, strict=True), strict=True)
                ]
                for environment in environments
            ]
        )
        weights = np.array([environment.weight for environment in environments])
        self._share = weights / weights.sum()
        # Of each environment, and of the original one at the end.
        self.episodes, self.successes = np.zeros((2, len(environments) + 1))

    def sample(self, count: int, rng: np.random.Generator) -> Floats:
        """Return contexts (count, dimensions)."""
        low, high = self._family.bounds
        chosen = self._bounds[rng.choice(len(self._share), size=count, p=self._share)]
        anywhere = rng.random(count) < self._original
        lows = np.where(anywhere[:, None], low, chosen[..., 0])
        highs = np.where(anywhere[:, None], high, chosen[..., 1])
        return lows + (highs - lows) * rng.random(lows.shape)

    def record(self, contexts: Floats, succeeded: Mask) -> None:
        """Count each episode for every environment that its context is a part of, and for the original one."""
        inside = (contexts[:, None] >= self._bounds[..., 0]) & (contexts[:, None] <= self._bounds[..., 1])
        member = np.concatenate((inside.all(axis=2), np.ones((len(contexts), 1), np.bool_)), axis=1)
        self.episodes += member.sum(axis=0)
        self.successes += (member & succeeded[:, None]).sum(axis=0)

    def report(self) -> list[dict[str, Any]]:
        """Return how each environment goes, the original one last: name, purpose, episodes, success rate or None."""
        names = [(environment.name, environment.purpose) for environment in self.environments]
        return [
            {
                "name": name,
                "purpose": purpose,
                "episodes": int(episodes),
                "success_rate": float(successes / episodes) if episodes else None,
            }
            for (name, purpose), episodes, successes in zip(
                [*names, ("original", "the whole family")], self.episodes, self.successes, strict=True
            )
        ]

    def state_dict(self) -> dict[str, Floats]:
        """Return the counts."""
        return {"episodes": self.episodes.copy(), "successes": self.successes.copy()}

    def load_state_dict(self, state: Mapping[str, ArrayLike]) -> None:
        """Take the counts back."""
        for name in ("episodes", "successes"):
            counts = np.asarray(state[name], np.float64)
            if counts.shape != self.episodes.shape:
                raise TaskError(f"{name} has shape {counts.shape}; allowed: {self.episodes.shape}")
            setattr(self, name, counts.copy())
