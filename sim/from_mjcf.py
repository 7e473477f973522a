"""A task from an own MJCF file, in a few lines of Python or from a YAML file beside it."""

# MuJoCo keeps its classes in compiled modules, which pyright cannot read.
# pyright: reportAttributeAccessIssue=false

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from telic.sim.errors import TaskError
from telic.sim.mujoco.actuators import Actuator, compiled_model
from telic.sim.mujoco.sources import Source
from telic.sim.mujoco.task import MujocoTask
from telic.sim.observe import Observe
from telic.sim.yaml.defaults import default_signals
from telic.sim.yaml.limits import actuator_problems
from telic.sim.yaml.load import DEFAULT_CONTROL_HZ, TASK_FILES
from telic.sim.yaml.mjcf import explain, read_mjcf
from telic.sim.yaml.problem import TaskFileError


def from_mjcf(
    path: str | Path,
    reward: str | Path,
    name: str | None = None,
    signals: Sequence[Source] | None = None,
    observation: Sequence[Observe | str] | None = None,
    actuators: Sequence[Actuator] = (),
    control_hz: float = DEFAULT_CONTROL_HZ,
    **more: Any,
) -> MujocoTask:
    """Make a task from an MJCF file; what is not given is read off the model.

    Args:
        path: The MJCF file. A YAML file beside one is read by `load_task`.
        reward: A reward file (``.py``), or the name of a packaged reward.
        name: Short name; by default the file's.
        signals: What is read; by default all joints, where the first floating body is, and all sensors.
        observation: What the policy sees, as names or with noise and scale; by default all signals.
        actuators: How actions become torque; by default as the MJCF says, within its control ranges.
        control_hz: How often the policy acts [1/s]; the nearest whole number of physics steps is taken.
        **more: Other fields of `MujocoTask`, such as ``reset``, ``terminate``, ``randomisation``, ``truncate_after_s``.

    Raises:
        TaskFileError: If the file or the model is refused.
        TaskError: If what is given does not fit the model.
    """
    path = Path(path)
    if path.suffix in TASK_FILES:
        raise TaskError(
            f"{path} is a task file, which says everything itself; read it with telic.sim.yaml.load.load_task"
        )
    mjcf = read_mjcf(path, str(path))
    try:
        model = compiled_model(mjcf.xml, mjcf.assets, actuators)
    except TaskError:
        raise
    except ValueError as error:
        raise TaskFileError([explain(str(error), mjcf.name, mjcf.xml)]) from None
    if problems := list(actuator_problems(model, mjcf, {item.name for item in actuators})):
        raise TaskFileError(problems)
    if not 0.0 < control_hz <= 1.0 / model.opt.timestep:
        raise TaskError(f"control_hz is {control_hz:g}; allowed: more than 0, up to {1.0 / model.opt.timestep:g}")
    signals = tuple(default_signals(model) if signals is None else signals)
    seen = [source.name for source in signals] if observation is None else observation
    return MujocoTask(
        name=name or path.stem,
        xml=mjcf.xml,
        assets=mjcf.assets,
        signals=signals,
        observation=tuple(Observe(item) if isinstance(item, str) else item for item in seen),
        actuators=tuple(actuators),
        reward=str(reward if not str(reward).endswith(".py") else Path(reward).resolve()),
        decimation=max(1, round(1.0 / (control_hz * model.opt.timestep))),
        **more,
    )
