"""A first task file and reward for an MJCF file, with the names of the model in them."""

# MuJoCo keeps its classes in compiled modules, which pyright cannot read.
# pyright: reportAttributeAccessIssue=false

from collections.abc import Iterator
from pathlib import Path

import mujoco

from telic.sim.errors import TaskError
from telic.sim.mujoco.actuators import compiled_model
from telic.sim.mujoco.model import control_names, names_of
from telic.sim.mujoco.sources import JointPosition, JointVelocity, PreviousAction, SensorReading, Source
from telic.sim.yaml.defaults import default_signals
from telic.sim.yaml.layout import SOURCES
from telic.sim.yaml.load import DEFAULT_CONTROL_HZ
from telic.sim.yaml.mjcf import explain, read_mjcf
from telic.sim.yaml.problem import TaskFileError

_REWARD = '''"""Move as little as possible: replace this by what the robot should do."""


def reward(action, previous_action):
    return {
        "effort": -0.1 * mean(square(action)),
        "smooth": -0.1 * mean(square(action - previous_action)),
    }
'''


def write_starter(model: str | Path, out: str | Path | None = None) -> tuple[Path, Path]:
    """Write a task file and a reward file that work, to be changed.

    Args:
        model: The MJCF file.
        out: The task file; by default beside the model, with its name.

    Returns:
        The paths of the task file and of the reward file.

    Raises:
        TaskFileError: If the model is refused.
        TaskError: If a file is there already, or the task file would lie in another folder than the model.
    """
    path = Path(model)
    mjcf = read_mjcf(path, str(path))
    try:
        compiled = compiled_model(mjcf.xml, mjcf.assets, ())
    except ValueError as error:
        raise TaskFileError([explain(str(error), mjcf.name, mjcf.xml)]) from None
    task_file = path.with_suffix(".yaml") if out is None else Path(out)
    if task_file.parent.resolve() != path.parent.resolve():
        raise TaskError(f"{task_file} is not in the folder of {path}; allowed: a file beside the model")
    reward_file = task_file.with_name(f"reward_{task_file.stem}.py")
    for file in (task_file, reward_file):
        if file.exists():
            raise TaskError(f"{file} is there already; move it away, or name another file with --out")
    task_file.write_text("\n".join(_lines(compiled, path.name, reward_file.name)) + "\n", encoding="utf-8")
    reward_file.write_text(_REWARD, encoding="utf-8")
    return task_file, reward_file


def _lines(model: mujoco.MjModel, name: str, reward: str) -> Iterator[str]:
    decimation = max(1, round(1.0 / (DEFAULT_CONTROL_HZ * model.opt.timestep)))
    signals = default_signals(model)
    yield f"model: {name}"
    yield f"decimation: {decimation} # one control step is {decimation * model.opt.timestep:g} s"
    yield "episode_s: 10"
    yield f"reward: {reward}"
    yield ""
    yield "signals:"
    for source in signals:
        yield f"  {source.name}: {_source(source)}"
    yield ""
    yield "observation: # what sensors of the robot can tell, with their noise"
    for source in signals:
        yield f"  - {{signal: {source.name}, noise: {0 if isinstance(source, PreviousAction) else 0.01}}}"
    unlimited = [control for i, control in enumerate(control_names(model)) if not model.actuator_ctrllimited[i]]
    if unlimited:
        yield ""
        yield "actuators: # the model gives these no limits: say what an action of 1 commands"
        for control in unlimited:
            yield f"  {control}: {{scale: 1.0}}"
    if keyframes := names_of(model, "keyframe"):
        yield ""
        yield "reset:"
        yield f"  - {{kind: keyframe, name: {keyframes[0]}}}"


def _source(source: Source) -> str:
    kind = next(word for word, known in SOURCES.items() if type(source) is known)
    match source:
        case PreviousAction():
            return "previous_action"
        case JointPosition(joints=joints) | JointVelocity(joints=joints):
            return f"{{kind: {kind}, joints: [{', '.join(joints)}]}}"
        case SensorReading(sensors=sensors):
            return f"{{kind: {kind}, sensors: [{', '.join(sensors)}]}}"
    return f"{{kind: {kind}, body: {getattr(source, 'body', '')}}}"
