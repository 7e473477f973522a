"""A task file into a task: the YAML is read, the model compiled, and every name looked up in it."""

# MuJoCo keeps its classes in compiled modules, which pyright cannot read.
# pyright: reportAttributeAccessIssue=false

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from keyword import iskeyword
from pathlib import Path
from typing import Any

import mujoco

from telic.replay.unit import Unit, UnitError
from telic.sim.errors import TaskError
from telic.sim.mujoco.actuators import Actuator, compiled_model, install
from telic.sim.mujoco.model_fields import find
from telic.sim.mujoco.pushes import Push
from telic.sim.mujoco.randomise import Randomise
from telic.sim.mujoco.sources import Source
from telic.sim.mujoco.starts import FromKeyframe
from telic.sim.mujoco.task import MujocoTask, Outside
from telic.sim.observe import Observe
from telic.sim.suggest import did_you_mean
from telic.sim.yaml.convert import REFUSED, Converter, fields_of
from telic.sim.yaml.defaults import default_signals
from telic.sim.yaml.document import Item, join, read_document
from telic.sim.yaml.layout import ACTUATOR_MODELS, KEYS, SOURCES, STARTS
from telic.sim.yaml.limits import actuator_problems
from telic.sim.yaml.mjcf import Mjcf, explain, read_mjcf
from telic.sim.yaml.names import check_name, check_names
from telic.sim.yaml.problem import Problem, TaskFileError

# How the names of task files end.
TASK_FILES = (".yaml", ".yml")

DEFAULT_EPISODE_S = 10.0
DEFAULT_CONTROL_HZ = 50.0


@dataclass(frozen=True)
class Loaded:
    """What came of a task file.

    Attributes:
        task: The task, or None where an error stands in the way of one.
        problems: All that was found.
        lines: Line of the file of each part by its path, such as ``actuators.hip``.
    """

    task: MujocoTask | None
    problems: tuple[Problem, ...]
    lines: Mapping[str, int]


def load_task(path: str | Path) -> MujocoTask:
    """Make the task that a YAML file describes.

    Raises:
        TaskFileError: If the file or its model is refused, with all that is wrong and where.
    """
    loaded = read_task(Path(path))
    if loaded.task is None:
        raise TaskFileError([problem for problem in loaded.problems if problem.severity == "error"])
    return loaded.task


def read_task(path: Path) -> Loaded:
    """As `load_task`, with all problems instead of an exception."""
    try:
        document = read_document(path, str(path))
        return _Loader(path, document).load()
    except TaskFileError as error:
        return Loaded(None, error.problems, {})


class _Loader:
    """Reads one file; each method one of its keys."""

    def __init__(self, path: Path, document: Item) -> None:
        self._path = path
        self._document = document
        self._converter = Converter(str(path))
        self._lines: dict[str, int] = {}

    def load(self) -> Loaded:
        converter = self._converter
        converter.unknown_keys(self._document, "", KEYS)
        try:
            mjcf = self._mjcf
        except TaskFileError as error:
            # Without a model only the words of the file can be checked.
            self._words()
            return self._result(None, error.problems)
        if mjcf is None:
            self._words()
            return self._result(None)
        arguments = self._arguments(mjcf)
        if converter.problems:
            return self._result(None)
        task = MujocoTask(**arguments)
        try:
            _ = task.schema, task.actions, task.observation_size
        except TaskError as error:
            return self._result(None, [Problem(str(self._path), None, "", str(error))])
        self._check_units(task)
        return self._result(task if not converter.problems else None)

    def _result(self, task: MujocoTask | None, more: tuple[Problem, ...] | list[Problem] = ()) -> Loaded:
        problems = sorted((*more, *self._converter.problems), key=lambda problem: problem.line or 0)
        return Loaded(task, tuple(problems), self._lines)

    @cached_property
    def _mjcf(self) -> Mjcf | None:
        item = self._document.value.get("model")
        if item is None:
            self._converter.refuse(self._document, "model", "is missing", "name the MJCF file: model: robot.xml")
            return None
        if not isinstance(item.value, str):
            self._converter.refuse(item, "model", "is no file name", "name the MJCF file: model: robot.xml")
            return None
        path = self._path.parent / item.value
        try:
            return read_mjcf(path, str(path))
        except TaskFileError as error:
            if not path.is_file():
                (problem,) = error.problems
                self._converter.refuse(item, "model", f"{item.value!r}: {problem.message}", problem.remedy)
                return None
            raise

    def _words(self) -> None:
        """Check all that needs no model."""
        for key, read in (("signals", self._sources), ("actuators", self._actuators), ("reset", self._starts)):
            read(self._document.value.get(key))
        for key, kind in (("randomisation", Randomise), ("pushes", Push), ("terminate", Outside)):
            self._list(kind, key)

    def _arguments(self, mjcf: Mjcf) -> dict[str, Any]:
        """Return the arguments of the task, as far as they could be built."""
        values = self._document.value
        actuators = self._actuators(values.get("actuators"))
        model = self._model(mjcf, actuators)
        self._converter.problems += actuator_problems(model, mjcf, {actuator.name for actuator in actuators})
        sources = self._sources(values.get("signals"))
        for key in ("signals", "actuators"):
            item = values.get(key)
            for name, entry in item.value.items() if item is not None and isinstance(item.value, dict) else ():
                check_names(model, entry, join(key, name), self._converter)
        signals = tuple(sources.values()) if values.get("signals") is not None else default_signals(model)
        known = list(sources) if values.get("signals") is not None else [source.name for source in signals]
        observation = self._observation("observation", known)
        period = self._value(int, "decimation")
        if period is None:
            period = max(1, round(1.0 / (DEFAULT_CONTROL_HZ * model.opt.timestep)))
        return {
            "name": self._value(str, "name") or self._path.stem,
            "description": self._value(str, "description") or "",
            "xml": mjcf.xml,
            "assets": mjcf.assets,
            "decimation": period,
            "truncate_after_s": self._value(float, "episode_s") or DEFAULT_EPISODE_S,
            "signals": signals,
            "observation": observation or tuple(Observe(name) for name in known),
            "privileged": self._observation("privileged", known),
            "actuators": actuators,
            "reset": self._reset(model),
            "terminate": self._terminate(known),
            "randomisation": self._randomisation(model),
            "pushes": self._pushes(model),
            "reward": self._reward(),
        }

    def _model(self, mjcf: Mjcf, actuators: tuple[Actuator, ...]) -> mujoco.MjModel:
        """Compile the model with those actuators that fit into it."""
        try:
            spec = mujoco.MjSpec.from_string(mjcf.xml, assets=dict(mjcf.assets))
            plain = compiled_model(mjcf.xml, mjcf.assets, ())
        except ValueError as error:
            raise TaskFileError([explain(str(error), mjcf.name, mjcf.xml)]) from None
        item = self._document.value.get("actuators")
        for actuator in actuators:
            where = join("actuators", actuator.name)
            entry = item.value[actuator.name]
            joint = entry.value.get("joint") if isinstance(entry.value, dict) else None
            if joint is not None and not check_name(plain, "joint", joint, join(where, "joint"), Converter("")):
                continue  # Told with all other names.
            try:
                install(spec, [actuator])
            except TaskError as error:
                self._converter.refuse(entry, where, str(error))
        return spec.compile()

    def _value(self, kind: type, key: str) -> Any:
        item = self._document.value.get(key)
        value = None if item is None else self._converter.build(kind, item, key)
        return None if value is REFUSED else value

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

    def _sources(self, item: Item | None) -> dict[str, Source]:
        sources: dict[str, Source] = {}
        if item is None:
            return sources
        if not isinstance(item.value, dict):
            self._converter.refuse(item, "signals", "wanted: a mapping of names to what they read")
            return sources
        for name, entry in item.value.items():
            where = self._at("signals", name, entry)
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

    def _actuators(self, item: Item | None) -> tuple[Actuator, ...]:
        if item is None:
            return ()
        if not isinstance(item.value, dict):
            self._converter.refuse(item, "actuators", "wanted: a mapping of actuators by name")
            return ()
        found = []
        for name, entry in item.value.items():
            where = self._at("actuators", name, entry)
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

    def _starts(self, item: Item | None) -> tuple[Any, ...]:
        rules = []
        for i, entry in enumerate(self._entries(item, "reset")):
            where = self._at("", f"reset[{i}]", entry)
            found = self._kind(entry, where, STARTS)
            rule = REFUSED if found is None else self._converter.dataclass(*found, where)
            if rule is not REFUSED:
                rules.append(rule)
        return tuple(rules)

    def _reset(self, model: mujoco.MjModel) -> tuple[Any, ...]:
        item = self._document.value.get("reset")
        rules = self._starts(item)
        for i, entry in enumerate(self._entries(item, "reset", tell=False)):
            check_names(model, entry, f"reset[{i}]", self._converter)
            name = entry.value.get("name") if isinstance(entry.value, dict) else None
            if name is not None and any(isinstance(rule, FromKeyframe) and rule.name == name.value for rule in rules):
                check_name(model, "keyframe", name, f"reset[{i}].name", self._converter)
        return rules

    def _observation(self, key: str, known: list[str]) -> tuple[Observe, ...]:
        found = []
        for i, entry in enumerate(self._entries(self._document.value.get(key), key)):
            where = self._at("", f"{key}[{i}]", entry)
            rest = Item({"signal": entry}, entry.line) if isinstance(entry.value, str) else entry
            observe = self._converter.dataclass(Observe, rest, where)
            if observe is REFUSED:
                continue
            if observe.signal not in known:
                hint = did_you_mean(observe.signal, known)
                self._converter.refuse(
                    entry, where, f"there is no signal {observe.signal!r}{hint}", "add it to signals"
                )
            elif observe.history > 1 and i + 1 < len(self._document.value[key].value):
                self._converter.refuse(
                    entry, where, f"{observe.signal} has history and is not last", "move it to the end"
                )
            found.append(observe)
        return tuple(found)

    def _terminate(self, known: list[str]) -> tuple[Outside, ...]:
        rules = self._list(Outside, "terminate")
        for i, entry in enumerate(self._entries(self._document.value.get("terminate"), "terminate", tell=False)):
            signal = entry.value.get("signal") if isinstance(entry.value, dict) else None
            if signal is not None and signal.value not in known:
                hint = did_you_mean(str(signal.value), known)
                self._converter.refuse(signal, f"terminate[{i}].signal", f"there is no signal {signal.value!r}{hint}")
        return rules

    def _randomisation(self, model: mujoco.MjModel) -> tuple[Randomise, ...]:
        rules = []
        for i, entry in enumerate(self._entries(self._document.value.get("randomisation"), "randomisation")):
            where = self._at("", f"randomisation[{i}]", entry)
            rule = self._converter.dataclass(Randomise, entry, where)
            if rule is REFUSED:
                continue
            rules.append(rule)
            try:
                find(model, rule.quantity, rule.elements, rule.component)
            except TaskError as error:
                self._converter.refuse(entry, where, str(error))
        return tuple(rules)

    def _pushes(self, model: mujoco.MjModel) -> tuple[Push, ...]:
        for i, entry in enumerate(self._entries(self._document.value.get("pushes"), "pushes", tell=False)):
            check_names(model, entry, f"pushes[{i}]", self._converter)
        return self._list(Push, "pushes")

    def _reward(self) -> str:
        """Return the path of a reward file, or the name of a packaged reward."""
        item = self._document.value.get("reward")
        if item is None:
            remedy = "name a reward file beside this one: reward: reward.py"
            self._converter.refuse(self._document, "reward", "is missing", remedy)
            return ""
        name = self._value(str, "reward") or ""
        if not name.endswith(".py"):
            return name
        path = self._path.parent / name
        if not path.is_file():
            near = did_you_mean(name, sorted(other.name for other in self._path.parent.glob("*.py")))
            self._converter.refuse(item, "reward", f"there is no file {path}{near}")
        return str(path.resolve())

    def _list(self, kind: Any, key: str) -> tuple[Any, ...]:
        built = [
            self._converter.dataclass(kind, entry, self._at("", f"{key}[{i}]", entry))
            for i, entry in enumerate(self._entries(self._document.value.get(key), key))
        ]
        return tuple(value for value in built if value is not REFUSED)

    def _entries(self, item: Item | None, key: str, tell: bool = True) -> tuple[Item, ...]:
        if item is None or item.value is None:
            return ()
        if not isinstance(item.value, tuple):
            if tell:
                self._converter.refuse(item, key, "wanted: a list", "begin every entry with a dash")
            return ()
        return item.value

    def _at(self, key: str, name: str, item: Item) -> str:
        where = join(key, name)
        self._lines[where] = item.line
        return where

    def _check_units(self, task: MujocoTask) -> None:
        """Compare the units that the author wrote with those that the model gives."""
        item = self._document.value.get("signals")
        written = {} if item is None else item.value
        for signal in task.schema:
            entry = written.get(signal.name)
            unit = entry.value.get("unit") if entry is not None and isinstance(entry.value, dict) else None
            if unit is None:
                continue
            where = f"signals.{signal.name}.unit"
            try:
                same = Unit.parse(str(unit.value)) == Unit.parse(signal.unit)
            except UnitError as error:
                self._converter.refuse(unit, where, str(error), f"it is in {signal.unit}")
                continue
            if not same:
                message = f"is {unit.value!r}, but {signal.name} is in {signal.unit!r} {signal.shape}"
                self._converter.refuse(
                    unit, where, message, f"write unit: {signal.unit}, or read another joint or sensor"
                )
