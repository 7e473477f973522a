"""A task on a MuJoCo model in words and as plain data."""

import dataclasses
import math
from collections.abc import Iterable
from typing import Any

from telic.launch.columns import columns
from telic.replay.signal import Signal
from telic.sim.mujoco.task import MujocoTask, Outside
from telic.sim.observe import Observe


def describe_mujoco_task(task: MujocoTask) -> dict[str, Any]:
    """All of a task as plain data for JSON and YAML, but its model."""
    return {
        "name": task.name,
        "description": task.description,
        "signals": [dataclasses.asdict(signal) for signal in task.schema],
        "observation": [dataclasses.asdict(item) for item in task.observation],
        "privileged": [dataclasses.asdict(item) for item in task.privileged],
        "actions": dataclasses.asdict(task.actions),
        "actuators": [_plain(item) for item in task.actuators],
        "dt": task.dt,
        "decimation": task.decimation,
        "reset": [_plain(rule) for rule in task.reset],
        "terminate": [_plain(rule) for rule in task.terminate],
        "truncate_after_s": task.truncate_after_s,
        "randomisation": [_plain(rule) for rule in task.randomisation],
        "pushes": [_plain(push) for push in task.pushes],
        "reward": task.reward,
    }


def mujoco_task_text(task: MujocoTask) -> str:
    """A task for people."""
    sections = [
        ("", list(_facts(task))),
        ("signals: what is stored, and what a reward may read", [_signal(signal) for signal in task.schema]),
        ("observation: what the policy sees, in order", [_observed(task, item) for item in task.observation]),
        ("privileged: what only training sees", [_observed(task, item) for item in task.privileged]),
        ("actuators: how an action becomes torque", [_titled(item.name, item) for item in task.actuators]),
        ("start", [_titled(type(rule).__name__, rule) for rule in task.reset]),
        ("randomised in every episode", [_titled(rule.label, rule) for rule in task.randomisation]),
        ("pushes", [_titled(push.body, push) for push in task.pushes]),
    ]
    return "\n\n".join("\n".join(filter(None, [title, columns(rows)])) for title, rows in sections if rows)


def _facts(task: MujocoTask) -> Iterable[tuple[str, str]]:
    model = task.model
    yield "task", f"{task.name}: {task.description}"
    yield "model", f"{model.nbody - 1} bodies, {model.nq} positions, {model.nv} velocities, {model.nu} controls"
    yield "policy sees", f"{task.observation_size} numbers, {1.0 / task.dt:.4g} times a second"
    step = f"{task.decimation} physics steps of {model.opt.timestep:g} s"
    yield "control", f"{', '.join(task.actions.names)}; one step is {step}"
    for rule in task.terminate:
        number = "" if rule.element is None else f"[{rule.element}]"
        yield "done" if rule.done else "lost", f"{rule.signal}{number} {_range(rule)}"
    yield "over", f"after {task.truncate_after_s:g} s"
    yield "reward", task.reward


def _range(rule: Outside) -> str:
    """Where a signal ends the episode."""
    if math.isinf(rule.low):
        return f"above {rule.high:g}"
    if math.isinf(rule.high):
        return f"below {rule.low:g}"
    return f"outside {rule.low:g} to {rule.high:g}"


def _signal(signal: Signal) -> tuple[str, str]:
    frame = f", {signal.frame} frame" if signal.frame else ""
    description = f": {signal.description}" if signal.description else ""
    return signal.name, f"{signal.shape} {signal.unit}{frame}{description}"


def _observed(task: MujocoTask, item: Observe) -> tuple[str, str]:
    late = f"{1000.0 * item.delay_s[0]:g} to {1000.0 * item.delay_s[1]:g} ms late"
    parts = [
        f"{task.size_of(item)} numbers",
        f"noise {item.noise:g}" if item.noise else "",
        f"bias {item.bias:g}" if item.bias else "",
        late if item.delay_s[1] else "",
        f"{100.0 * item.dropout:g} % do not come" if item.dropout else "",
        f"scale {item.scale:.4g}" if item.scale != 1.0 else "",
        f"limit {item.clip:g}" if item.clip is not None else "",
        f"the last {item.history}, newest first" if item.history > 1 else "",
    ]
    return item.signal, ", ".join(filter(None, parts))


def _titled(title: str, item: Any) -> tuple[str, str]:
    """What a part of a task says beyond its defaults."""
    shown = []
    for field in dataclasses.fields(item):
        value = getattr(item, field.name)
        is_default = value == field.default or field.name in ("name", "body", "quantity", "elements")
        if not is_default:
            shown.append(f"{field.name} {_short(value)}")
    return title, ", ".join(shown)


def _short(value: Any) -> str:
    if dataclasses.is_dataclass(value):
        inner = ", ".join(f"{field.name} {_short(getattr(value, field.name))}" for field in dataclasses.fields(value))
        return f"{type(value).__name__}({inner})"
    if isinstance(value, tuple):
        return " to ".join(map(_short, value)) if len(value) == 2 else f"({', '.join(map(_short, value))})"
    return f"{value:g}" if isinstance(value, float) else str(value)


def _plain(item: Any) -> dict[str, Any]:
    """A part of a task with the name of its type."""
    return {"type": type(item).__name__, **dataclasses.asdict(item)}
