"""Actuators and their limits: an action needs a smallest and a largest value."""

# MuJoCo keeps its classes in compiled modules, which pyright cannot read.
# pyright: reportAttributeAccessIssue=false

from collections.abc import Iterator

import mujoco

from telic.sim.mujoco.model import control_names
from telic.sim.yaml.mjcf import Mjcf, line_of
from telic.sim.yaml.problem import Problem


def actuator_problems(model: mujoco.MjModel, mjcf: Mjcf, described: set[str]) -> Iterator[Problem]:
    """Tell of actuators that a policy could not command safely: without limits, and not described by the task."""
    for number, name in enumerate(control_names(model)):
        if not model.actuator_ctrllimited[number] and name not in described:
            remedy = (
                f'give it ctrlrange="-1 1" in the MJCF, or describe it in the task file: '
                f"actuators: {{{name}: {{model: {{kind: ideal, torque_limit: 5}}, scale: 5}}}}"
            )
            message = "the actuator has no limits, and a policy must not command without"
            yield Problem(mjcf.name, line_of(mjcf.xml, name, behind="<actuator>"), name, message, remedy)
    if not model.nu:
        message = "the model has no actuators: there is nothing for a policy to do"
        yield Problem(mjcf.name, None, "", message, "add an <actuator> to the MJCF, or actuators to the task file")
