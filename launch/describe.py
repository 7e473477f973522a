"""A task in words and as plain data."""

from dataclasses import asdict
from typing import Any

from telic.launch.columns import columns
from telic.replay.signal import Signal
from telic.sim.multirotor.signals import SIGNALS
from telic.sim.reference import Hold, Lissajous, Waypoints
from telic.sim.task import Observe, Task, size_of


def describe_task(task: Task) -> dict[str, Any]:
    """All of a task as plain data for JSON and YAML."""
    return {
        "name": task.name,
        "description": task.description,
        "vehicle": asdict(task.vehicle),
        "reference": {"kind": getattr(task.reference, "kind", type(task.reference).__name__), **vars(task.reference)},
        "signals": [asdict(signal) for signal in task.schema],
        "observation": [asdict(item) for item in task.observation],
        "privileged": [asdict(item) for item in task.privileged],
        "actions": asdict(task.actions),
        "dt": task.dt,
        "disturbance": asdict(task.disturbance),
        "reset": asdict(task.reset),
        "terminate": asdict(task.terminate),
        "truncate_after_s": task.truncate_after_s,
        "randomisation": asdict(task.randomisation),
        "reward": task.reward,
    }


def facts(task: Task) -> dict[str, str]:
    """The lines that a report shows of a task, by label."""
    reset, disturbance = task.reset, task.disturbance
    return {
        "task": f"{task.name}: {task.description}",
        "vehicle": f"{task.vehicle.name}, {1000.0 * task.vehicle.mass:g} g, "
        f"thrust {task.vehicle.thrust_to_weight:.2f} times the weight",
        "reference": reference_text(task.reference),
        "policy sees": f"{task.observation_size} numbers, {1.0 / task.dt:.0f} times a second",
        "start": f"within {reset.position:g} m, tilted up to {reset.degrees:g}°, up to {reset.velocity:g} m/s and "
        f"{reset.angular_velocity:g} rad/s along each axis",
        "disturbance": f"force of {100.0 * disturbance.force_std_mg:g} % of the weight, torque of "
        f"{1e6 * disturbance.torque_std_mg:g} ppm of the weight times 1 m (standard deviations)",
        "lost": f"further than {task.terminate.half_width:g} m from the reference along an axis",
        "over": f"after {task.truncate_after_s:g} s",
    }


def reference_text(reference: object) -> str:
    """Where the vehicle should be, in words."""
    match reference:
        case Hold():
            turning = f", turning at {reference.yaw_rate:g} rad/s" if reference.yaw_rate else ""
            return f"hold {_point(reference.position)} m, yaw {reference.yaw:g} rad{turning}"
        case Lissajous():
            return (
                f"a curve around {_point(reference.center)} m, amplitudes {_point(reference.amplitude)} m, "
                f"{reference.period_s:g} s a lap"
            )
        case Waypoints():
            return f"{len(reference.points)} points in {reference.duration_s:.1f} s, up to {reference.speed:g} m/s"
    return type(reference).__name__


def task_text(task: Task) -> str:
    """A task for people."""
    sections = [
        ("", [(label, text) for label, text in facts(task).items()]),
        ("signals: what is stored, and what a reward may read", [_signal(signal) for signal in task.schema]),
        ("observation: what the policy sees, in order", [_observed(item) for item in task.observation]),
        ("privileged: what only training sees", [_observed(item) for item in task.privileged]),
    ]
    return "\n\n".join(filter(None, ("\n".join(filter(None, [title, columns(rows)])) for title, rows in sections)))


def _signal(signal: Signal) -> tuple[str, str]:
    frame = f", {signal.frame} frame" if signal.frame else ""
    return signal.name, f"{signal.shape} {signal.unit}{frame}: {signal.description}"


def _observed(item: Observe) -> tuple[str, str]:
    unit = SIGNALS[item.signal].unit
    parts = [
        f"{size_of(item)} numbers",
        f"noise {item.noise:g} {unit}" if item.noise else "",
        f"scale {item.scale:.4g}" if item.scale != 1.0 else "",
        f"limit {item.clip:g}" if item.clip is not None else "",
        f"the last {item.history}, newest first" if item.history > 1 else "",
    ]
    return item.signal, ", ".join(filter(None, parts))


def _point(point: tuple[float, ...]) -> str:
    return f"({', '.join(f'{value:g}' for value in point)})"
