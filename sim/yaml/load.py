"""A task file into a task: the YAML is read, the model compiled, and every name looked up in it."""

# MuJoCo keeps its classes in compiled modules, which pyright cannot read.
# pyright: reportAttributeAccessIssue=false

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mujoco

from telic.replay.unit import Unit, UnitError
from telic.sim.errors import TaskError
from telic.sim.mujoco.actuators import Actuator, compiled_model, install
from telic.sim.mujoco.model import names_of
from telic.sim.mujoco.model_fields import find
from telic.sim.mujoco.pushes import Push
from telic.sim.mujoco.randomise import Randomise
from telic.sim.mujoco.starts import FromKeyframe
from telic.sim.mujoco.task import MujocoTask, Outside
from telic.sim.observe import Observe
from telic.sim.suggest import did_you_mean
from telic.sim.yaml.convert import REFUSED, Converter
from telic.sim.yaml.defaults import default_signals
from telic.sim.yaml.document import Item, join, read_document
from telic.sim.yaml.layout import KEYS
from telic.sim.yaml.limits import actuator_problems
from telic.sim.yaml.mjcf import Mjcf, explain, read_mjcf
from telic.sim.yaml.names import check_name, check_names
from telic.sim.yaml.problem import Problem, TaskFileError
from telic.sim.yaml.words import Words

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
    """Makes the task of one file; each method reads one of its keys, and looks names up in the model."""

    def __init__(self, path: Path, document: Item) -> None:
        self._path, self._document = path, document
        self._converter = Converter(str(path))
        self._words = Words(document, self._converter)

    def load(self) -> Loaded:
        converter = self._converter
        converter.unknown_keys(self._document, "", KEYS)
        try:
            mjcf = self._mjcf()
        except TaskFileError as error:
            # Without a model only the words of the file can be checked.
            self._only_words()
            return self._result(None, error.problems)
        if mjcf is None:
            self._only_words()
            return self._result(None)
        arguments = self._arguments(mjcf)
        if converter.problems:
            return self._result(None)
        try:
            task = MujocoTask(**arguments)
            _ = task.schema, task.actions, task.observation_size
        except TaskError as error:
            return self._result(None, [Problem(str(self._path), None, "", str(error))])
        self._check_units(task)
        return self._result(task if not converter.problems else None)

    def _result(self, task: MujocoTask | None, more: Sequence[Problem] = ()) -> Loaded:
        problems = sorted((*more, *self._converter.problems), key=lambda problem: problem.line or 0)
        return Loaded(task, tuple(problems), self._words.lines)

    def _mjcf(self) -> Mjcf | None:
        item = self._words.item("model")
        if item is None or not isinstance(item.value, str):
            message = "is missing" if item is None else "is no file name"
            self._converter.refuse(item or self._document, "model", message, "name the MJCF file: model: robot.xml")
            return None
        path = self._path.parent / item.value
        try:
            return read_mjcf(path, str(path))
        except TaskFileError as error:
            if path.is_file():
                raise
            (problem,) = error.problems
            self._converter.refuse(item, "model", f"{item.value!r}: {problem.message}", problem.remedy)
            return None

    def _only_words(self) -> None:
        """Check all that needs no model."""
        self._words.sources()
        self._words.actuators()
        self._words.starts()
        for key, kind in (("randomisation", Randomise), ("pushes", Push), ("terminate", Outside)):
            self._words.parts(kind, key)

    def _arguments(self, mjcf: Mjcf) -> dict[str, Any]:
        """Return the arguments of the task, as far as they could be built."""
        words = self._words
        actuators, sources = words.actuators(), words.sources()
        model = self._model(mjcf, actuators)
        self._converter.problems += actuator_problems(model, mjcf, {actuator.name for actuator in actuators})
        for key in ("signals", "actuators"):
            for name, entry in words.named(key, again=True).items():
                check_names(model, entry, join(key, name), self._converter)
        signals = default_signals(model) if words.item("signals") is None else tuple(sources.values())
        known = [source.name for source in signals]
        decimation = words.value(int, "decimation")
        if words.item("decimation") is None:
            decimation = max(1, round(1.0 / (DEFAULT_CONTROL_HZ * model.opt.timestep)))
        length = words.value(float, "episode_s")
        return {
            "name": words.value(str, "name") or self._path.stem,
            "description": words.value(str, "description") or "",
            "xml": mjcf.xml,
            "assets": mjcf.assets,
            "decimation": decimation,
            "truncate_after_s": DEFAULT_EPISODE_S if length is None else length,
            "signals": signals,
            "observation": self._observation("observation", known) or tuple(map(Observe, known)),
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
        words = self._words.named("actuators", again=True)
        for actuator in actuators:
            if actuator.joint is not None and actuator.joint not in names_of(plain, "joint"):
                continue  # Told with all other names.
            try:
                install(spec, [actuator])
            except TaskError as error:
                self._converter.refuse(words[actuator.name], join("actuators", actuator.name), str(error))
        return spec.compile()

    def _reset(self, model: mujoco.MjModel) -> tuple[Any, ...]:
        rules = self._words.starts()
        keyframes = {rule.name for rule in rules if isinstance(rule, FromKeyframe)}
        for where, entry in self._words.entries("reset", again=True):
            check_names(model, entry, where, self._converter)
            name = entry.value.get("name") if isinstance(entry.value, dict) else None
            if name is not None and name.value in keyframes:
                check_name(model, "keyframe", name, join(where, "name"), self._converter)
        return rules

    def _observation(self, key: str, known: list[str]) -> tuple[Observe, ...]:
        found = []
        entries = self._words.entries(key)
        for i, (where, entry) in enumerate(entries):
            rest = Item({"signal": entry}, entry.line) if isinstance(entry.value, str) else entry
            observe = self._converter.dataclass(Observe, rest, where)
            if observe is REFUSED:
                continue
            if observe.signal not in known:
                hint = did_you_mean(observe.signal, known)
                self._converter.refuse(
                    entry, where, f"there is no signal {observe.signal!r}{hint}", "add it to signals"
                )
            elif observe.history > 1 and i + 1 < len(entries):
                message = f"{observe.signal} has history and is not last"
                self._converter.refuse(entry, where, message, "move it to the end")
            found.append(observe)
        return tuple(found)

    def _terminate(self, known: list[str]) -> tuple[Outside, ...]:
        rules = self._words.parts(Outside, "terminate")
        for where, entry in self._words.entries("terminate", again=True):
            signal = entry.value.get("signal") if isinstance(entry.value, dict) else None
            if signal is not None and signal.value not in known:
                hint = did_you_mean(str(signal.value), known)
                self._converter.refuse(signal, join(where, "signal"), f"there is no signal {signal.value!r}{hint}")
        return rules

    def _randomisation(self, model: mujoco.MjModel) -> tuple[Randomise, ...]:
        rules = []
        for where, entry in self._words.entries("randomisation"):
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
        for where, entry in self._words.entries("pushes", again=True):
            check_names(model, entry, where, self._converter)
        return self._words.parts(Push, "pushes")

    def _reward(self) -> str:
        """Return the path of a reward file, or the name of a packaged reward."""
        item = self._words.item("reward")
        if item is None:
            remedy = "name a reward file beside this one: reward: reward.py"
            self._converter.refuse(self._document, "reward", "is missing", remedy)
            return ""
        name = self._words.value(str, "reward") or ""
        if not name.endswith(".py"):
            return name
        path = self._path.parent / name
        if not path.is_file():
            near = did_you_mean(name, sorted(other.name for other in self._path.parent.glob("*.py")))
            self._converter.refuse(item, "reward", f"there is no file {path}{near}")
        return str(path.resolve())

    def _check_units(self, task: MujocoTask) -> None:
        """Compare the units that the author wrote with those that the model gives."""
        written = self._words.named("signals", again=True)
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
                remedy = f"write unit: {signal.unit}, or read another joint or sensor"
                self._converter.refuse(unit, where, message, remedy)
