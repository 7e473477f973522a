"""The words of a task file as plain data, as far as they can be understood without its model."""

from collections.abc import Mapping
from keyword import iskeyword
from typing import Any

from telic.sim.mujoco.actuators import Actuator
from telic.sim.mujoco.sources import Source
from telic.sim.suggest import did_you_mean
from telic.sim.yaml.convert import REFUSED, Converter, fields_of
from telic.sim.yaml.document import Item, join
from telic.sim.yaml.layout import ACTUATOR_MODELS, SOURCES, STARTS


class Words:
    """Builds the parts of a task from a document; what is wrong goes to the converter.

    Attributes:
        lines: Line of the file of each part by its path, such as ``actuators.hip``.
    """

    def __init__(self, document: Item, converter: Converter) -> None:
        """Read a document."""
        self._document, self._converter = document, converter
        self.lines: dict[str, int] = {}

    def item(self, key: str) -> Item | None:
        """Return what stands under a key of the file."""
        return self._document.value.get(key)

    def value(self, kind: type, key: str) -> Any:
        """Return a plain value; None where there is none, or a wrong one."""
        item = self.item(key)
        value = None if item is None else self._converter.build(kind, item, key)
        return None if value is REFUSED else value

    def sources(self) -> dict[str, Source]:
        """Return the signals by name."""
        sources: dict[str, Source] = {}
        for name, entry in self.named("signals").items():
            where = self.at(f"signals.{name}", entry)
            if not name.isidentifier() or iskeyword(name):
                self._converter.refuse(entry, where, f"{name!r} is no name of a signal", "use letters, digits and _")
                continue
            found = self._kind(entry, where, SOURCES, fallback=name)
            if found is None:
                continue
            kind, rest = found
            if "unit" in rest.value and "unit" not in fields_of(kind):
                # A unit that only says what the author takes it for; it is compared later.
                rest = Item({key: value for key, value in rest.value.items() if key != "unit"}, rest.line)
            source = self._converter.dataclass(kind, rest, where, {"name": name})
            if source is not REFUSED:
                sources[name] = source
        return sources

    def actuators(self) -> tuple[Actuator, ...]:
        """Return the actuators."""
        found = []
        for name, entry in self.named("actuators").items():
            where = self.at(f"actuators.{name}", entry)
            given: dict[str, Any] = {"name": name}
            rest = entry
            if isinstance(entry.value, dict) and "model" in entry.value:
                model = self._kind(entry.value["model"], join(where, "model"), ACTUATOR_MODELS)
                built = REFUSED if model is None else self._converter.dataclass(*model, join(where, "model"))
                rest = Item({key: value for key, value in entry.value.items() if key != "model"}, entry.line)
                if built is REFUSED:
                    continue
                given["model"] = built
            actuator = self._converter.dataclass(Actuator, rest, where, given)
            if actuator is not REFUSED:
                found.append(actuator)
        return tuple(found)

    def starts(self) -> tuple[Any, ...]:
        """Return how an episode starts."""
        rules = []
        for where, entry in self.entries("reset"):
            found = self._kind(entry, where, STARTS)
            rule = REFUSED if found is None else self._converter.dataclass(*found, where)
            if rule is not REFUSED:
                rules.append(rule)
        return tuple(rules)

    def parts(self, kind: Any, key: str) -> tuple[Any, ...]:
        """Return the entries of a list as dataclasses of one kind, without the wrong ones."""
        built = [self._converter.dataclass(kind, entry, where) for where, entry in self.entries(key)]
        return tuple(value for value in built if value is not REFUSED)

    def entries(self, key: str, again: bool = False) -> list[tuple[str, Item]]:
        """Return the path and the words of each entry of a list; read again, nothing is told twice."""
        item = self.item(key)
        if item is None or item.value is None:
            return []
        if not isinstance(item.value, tuple):
            if not again:
                self._converter.refuse(item, key, "wanted: a list", "begin every entry with a dash")
            return []
        return [(self.at(f"{key}[{i}]", entry), entry) for i, entry in enumerate(item.value)]

    def named(self, key: str, again: bool = False) -> dict[str, Item]:
        """Return the words of each entry of a mapping; read again, nothing is told twice."""
        item = self.item(key)
        if item is None or item.value is None:
            return {}
        if not isinstance(item.value, dict):
            if not again:
                self._converter.refuse(item, key, f"wanted: a mapping of {key} by name")
            return {}
        return item.value

    def at(self, where: str, item: Item) -> str:
        """Remember the line of a path."""
        self.lines[where] = item.line
        return where

    def _kind(self, item: Item, where: str, kinds: Mapping[str, Any], fallback: str = "") -> tuple[Any, Item] | None:
        """Return the class that a mapping's ``kind`` names, and the mapping without it."""
        if not isinstance(item.value, dict):
            if isinstance(item.value, str) and item.value in kinds:
                return kinds[item.value], Item({}, item.line)
            wanted = f"a mapping with a kind: {', '.join(kinds)}"
            self._converter.refuse(item, where, f"is {item.value!r}; wanted: {wanted}")
            return None
        word = item.value.get("kind")
        name = fallback if word is None else word.value
        if name not in kinds:
            line = item if word is None else word
            problem = "is missing" if word is None else f"is {name!r}"
            self._converter.refuse(line, join(where, "kind"), f"{problem}{did_you_mean(str(name), kinds)}")
            return None
        rest = {key: value for key, value in item.value.items() if key != "kind"}
        return kinds[name], Item(rest, item.line)
