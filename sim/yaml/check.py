"""All that can be said of a task file before anything is trained: what is wrong, where, and what to do."""

# MuJoCo keeps its classes in compiled modules, which pyright cannot read.
# pyright: reportAttributeAccessIssue=false

from collections.abc import Iterator
from pathlib import Path

import mujoco

from telic.sim.mujoco.actuators import compiled_model
from telic.sim.mujoco.starts import FromKeyframe
from telic.sim.mujoco.task import MujocoTask
from telic.sim.yaml.limits import actuator_problems
from telic.sim.yaml.load import Loaded, read_task
from telic.sim.yaml.mjcf import Mjcf, explain, line_of, read_mjcf
from telic.sim.yaml.problem import Problem, TaskFileError
from telic.sim.yaml.stability import find_divergence

_DEEP = 0.005  # Overlap of two geoms at the start that pushes them apart with a jump [m].
_SLOWEST_CONTROL_S = 0.2


def check_task_file(path: str | Path) -> Loaded:
    """Read a task file and look at its model as a simulation meets it.

    Returns:
        The task, None where it cannot be made, and all problems, errors and warnings.
    """
    path = Path(path)
    loaded = read_task(path)
    if loaded.task is None:
        return loaded
    task = loaded.task
    mjcf = Mjcf(str(path.parent / _model_name(path)), task.xml, task.assets)
    found = [*loaded.problems, *_model_problems(task, mjcf)]
    if task.dt > _SLOWEST_CONTROL_S:
        line = loaded.lines.get("decimation")
        step = task.model.opt.timestep
        message = f"one control step is {task.dt:g} s: {task.decimation} physics steps of {step:g} s"
        found.append(Problem(str(path), line, "decimation", message, "use a smaller decimation", "warning"))
    errors = [problem for problem in found if problem.severity == "error"]
    return Loaded(None if errors else task, tuple(found), loaded.lines)


def check_mjcf(path: str | Path) -> tuple[Problem, ...]:
    """Read an MJCF file alone, as `check_task_file` does with the one that a task names."""
    try:
        mjcf = read_mjcf(Path(path), str(path))
    except TaskFileError as error:
        return error.problems
    try:
        model = compiled_model(mjcf.xml, mjcf.assets, ())
    except ValueError as error:
        return (explain(str(error), mjcf.name, mjcf.xml),)
    return tuple(actuator_problems(model, mjcf, set()))


def _model_name(path: Path) -> str:
    from telic.sim.yaml.document import read_document

    return read_document(path, str(path)).value["model"].value


def _model_problems(task: MujocoTask, mjcf: Mjcf) -> Iterator[Problem]:
    model = compiled_model(task.xml, task.assets, task.actuators)
    if model.opt.timestep <= 0.0:
        line = line_of(mjcf.xml, "timestep", attribute=True)
        yield Problem(mjcf.name, line, "timestep", f"is {model.opt.timestep:g} s", 'write <option timestep="0.002"/>')
        return
    yield from _start_problems(task, model, mjcf)
    yield from _stability(task, mjcf)


def _start_problems(task: MujocoTask, model: mujoco.MjModel, mjcf: Mjcf) -> Iterator[Problem]:
    """Look at the first state: joints outside their limits, and geoms inside each other."""
    data = mujoco.MjData(model)
    for rule in task.reset:
        if isinstance(rule, FromKeyframe):
            mujoco.mj_resetDataKeyframe(model, data, model.key(rule.name).id)
    mujoco.mj_forward(model, data)
    for joint in range(model.njnt):
        low, high = model.jnt_range[joint]
        value = data.qpos[model.jnt_qposadr[joint]]
        is_scalar = int(model.jnt_type[joint]) in (mujoco.mjtJoint.mjJNT_SLIDE, mujoco.mjtJoint.mjJNT_HINGE)
        if model.jnt_limited[joint] and is_scalar and not low - 1e-6 <= value <= high + 1e-6:
            name = model.joint(joint).name
            message = f"starts at {value:g}, outside its range {low:g} to {high:g}"
            yield Problem(
                mjcf.name, line_of(mjcf.xml, name), name, message, "start from a keyframe, or move the range", "warning"
            )
    for contact in data.contact:
        if contact.dist < -_DEEP:
            first, second = (model.geom(geom).name or f"geom {geom}" for geom in contact.geom)
            message = f"{first!r} and {second!r} overlap by {-1000 * contact.dist:.0f} mm at the start"
            remedy = "raise the robot, or exclude the two bodies from contact"
            yield Problem(mjcf.name, line_of(mjcf.xml, first), first, message, remedy, "warning")


def _stability(task: MujocoTask, mjcf: Mjcf) -> Iterator[Problem]:
    divergence = find_divergence(task)
    if divergence is None:
        return
    step = task.dt / task.decimation
    message = (
        f"the simulation runs away after {divergence.time_s:.2g} s with {divergence.actions} actions: "
        f"the time step of {step:g} s is too long for its gains and masses"
    )
    if divergence.stable_s is None:
        message = message.split(": the time step")[0]
        remedy = "it does at shorter time steps too: look for tiny masses, huge gains, or geoms inside each other"
    else:
        decimation = round(task.dt / divergence.stable_s)
        remedy = (
            f'{divergence.stable_s:g} s is stable: write <option timestep="{divergence.stable_s:g}"/> and '
            f'decimation: {decimation}, or use integrator="implicitfast", or give {divergence.joint} more armature'
        )
    line = line_of(mjcf.xml, divergence.joint)
    yield Problem(mjcf.name, line, divergence.joint, message, remedy)
