"""What may stand in a task file: the kinds of signals, starts and actuator models by the words for them."""

from typing import Any

from telic.sim.mujoco import sources, starts
from telic.sim.mujoco.actuators import AsInModel, DCMotor, Ideal, PositionServo, VelocityServo

# Keys of the file, with what they hold.
KEYS = {
    "name": "short name of the task; by default the file's",
    "description": "one line for people",
    "model": "the MJCF file, beside this one",
    "decimation": "physics steps in one control step",
    "episode_s": "seconds until an episode is over without being lost",
    "signals": "what is read from the simulation, by name",
    "observation": "what the policy sees, in order",
    "privileged": "what only a critic in training sees",
    "actuators": "how actions become torque, by actuator",
    "reset": "how an episode starts",
    "terminate": "when an episode ends for good",
    "reward": "a reward file beside this one, or the name of a packaged reward",
    "randomisation": "how models differ from episode to episode",
    "pushes": "what shoves the robot",
}

SOURCES: dict[str, Any] = {
    "joint_position": sources.JointPosition,
    "joint_velocity": sources.JointVelocity,
    "joint_force": sources.JointForce,
    "position": sources.Position,
    "rotation": sources.Rotation,
    "quaternion": sources.Quaternion,
    "linear_velocity": sources.LinearVelocity,
    "angular_velocity": sources.AngularVelocity,
    "center_of_mass": sources.CenterOfMass,
    "sensor": sources.SensorReading,
    "contact_force": sources.ContactForce,
    "field": sources.Field,
    "model_field": sources.ModelField,
    "control": sources.Control,
    "previous_action": sources.PreviousAction,
    "elapsed": sources.Elapsed,
    "constant": sources.Constant,
    "command": sources.Command,
}

STARTS: dict[str, Any] = {
    "keyframe": starts.FromKeyframe,
    "disturb": starts.Disturb,
    "draw": starts.Draw,
    "place": starts.Place,
}

ACTUATOR_MODELS: dict[str, Any] = {
    "as_in_model": AsInModel,
    "ideal": Ideal,
    "position_servo": PositionServo,
    "velocity_servo": VelocityServo,
    "dc_motor": DCMotor,
}
