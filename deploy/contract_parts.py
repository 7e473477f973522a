"""The parts of a contract: each a frozen dataclass that refuses what cannot be true."""

from dataclasses import dataclass
from typing import Annotated, Literal

import numpy as np

from telic.deploy.checked import Between, ContractError, did_you_mean
from telic.replay.signal import FRAMES
from telic.replay.unit import Unit, UnitError

ACTION_HISTORY = "previous_action"  # The one signal that the executor makes itself; the robot provides all others.

Text = Annotated[str, Between(1, 400)]
Positive = Annotated[float, Between(1e-9, 1e9)]
NotNegative = Annotated[float, Between(0, 1e9)]
Number = Annotated[float, Between(-1e9, 1e9)]
DelayRange = tuple[Annotated[float, Between(0, 60)], Annotated[float, Between(0, 60)]]
Sha256 = Annotated[str, Between(64, 64)]
# Numbers of float32, kept as the shortest decimal that gives the same float32 back.
Vector = tuple[Annotated[float, Between(-3.4028235e38, 3.4028235e38)], ...]


def check_delay(delay_s: tuple[float, float]) -> None:
    """Refuse a range of delays that is the wrong way round.

    Raises:
        ContractError: With the range.
    """
    if delay_s[0] > delay_s[1]:
        raise ContractError("delay_s", f"is {list(delay_s)}; the shorter delay comes first")


ResetFill = Literal["none", "initial_action", "first_sample"]


def reset_fill(signal: str, history: int) -> ResetFill:
    """What fills the history of a signal at a reset."""
    if signal == ACTION_HISTORY:
        return "initial_action"
    return "first_sample" if history > 1 else "none"


@dataclass(frozen=True)
class ObservationTerm:
    """One signal in the policy's input, in the order of the contract.

    The policy sees ``saturate(signal * scale)`` with the bound ``min(limit * scale, clip)``.

    Attributes:
        signal: Name of the signal.
        shape: Shape of one sample; matrices are flattened row by row.
        unit: SI unit of the signal before scaling.
        frame: Frame of its components.
        scale: Factor from the signal to the policy's input.
        clip: Bound that training put on the scaled value; None for none.
        limit: Bound on the signal on the robot, in its unit: a larger value saturates.
        noise_std: Standard deviation of the noise in training, in the signal's unit.
        delay_s: Shortest and longest age of the value in training, drawn once per episode.
        history: How many samples the policy sees, one for each of its steps in training. The program itself keeps
            that of `ACTION_HISTORY`; the robot keeps and provides that of every other signal.
        history_order: The newest sample comes first.
        reset_fill: What fills the history at a reset: the initial action, or the first sample as often as needed.
        bias_std: Standard deviation of an offset in training, drawn once per episode, in the signal's unit.
        dropout: Share of the steps of training in which no new value came, and the last one was shown again.
    """

    signal: Text
    shape: tuple[Annotated[int, Between(1, 4096)], ...]
    unit: Text
    frame: str
    scale: Positive
    clip: Positive | None
    limit: Annotated[float, Between(1e-6, 1e6)]
    noise_std: NotNegative
    delay_s: DelayRange
    history: Annotated[int, Between(1, 4096)]
    history_order: Literal["newest_first"]
    reset_fill: ResetFill
    bias_std: NotNegative = 0.0
    dropout: Annotated[float, Between(0, 1)] = 0.0

    def __post_init__(self) -> None:
        check_delay(self.delay_s)
        try:
            Unit.parse(self.unit)
        except UnitError as error:
            raise ContractError("unit", str(error)) from None
        if self.frame not in FRAMES:
            raise ContractError("frame", f"is {self.frame!r}; allowed: {FRAMES}{did_you_mean(self.frame, FRAMES)}")
        needed = reset_fill(self.signal, self.history)
        if self.reset_fill != needed:
            what = f"{self.history} samples of {self.signal!r}"
            raise ContractError("reset_fill", f"is {self.reset_fill!r}; needed with {what}: {needed!r}")

    @property
    def sample_size(self) -> int:
        """Numbers in one sample."""
        return int(np.prod(self.shape, dtype=int))

    @property
    def size(self) -> int:
        """Numbers in the policy's input."""
        return self.sample_size * self.history


@dataclass(frozen=True)
class ActionSpec:
    """What the policy's outputs mean, in order; actuator i gets ``command_scale * action + command_offset``.

    Attributes:
        names: Actuator names, in order.
        meaning: What each actuator is, for people.
        low: Smallest action.
        high: Largest action.
        initial: Action that the history holds after a reset.
        command_unit: Unit of the physical command, such as ``RPM``.
        command_scale: See above.
        command_offset: See above.
        rate_limit: Largest change of an action in one second, applied by the safety filter; None for none.
        last_action: Whether the history holds the action ``raw`` or after the limits, ``clipped``.
    """

    names: tuple[Text, ...]
    meaning: tuple[Text, ...]
    low: tuple[Number, ...]
    high: tuple[Number, ...]
    initial: tuple[Number, ...]
    command_unit: Text
    command_scale: tuple[Number, ...]
    command_offset: tuple[Number, ...]
    rate_limit: Positive | None
    last_action: Literal["raw", "clipped"]

    def __post_init__(self) -> None:
        if not 1 <= self.size <= 4096 or len(set(self.names)) != self.size:
            raise ContractError("names", f"are {self.names}; expected 1 to 4096 different names")
        for name in ("meaning", "low", "high", "initial", "command_scale", "command_offset"):
            if len(getattr(self, name)) != self.size:
                raise ContractError(name, f"has {len(getattr(self, name))} entries; expected {self.size}, one per name")
        for i, (low, initial, high) in enumerate(zip(self.low, self.initial, self.high, strict=True)):
            if not low < high:
                raise ContractError(f"low[{i}]", f"is {low}; must be below high[{i}] = {high}")
            if not low <= initial <= high:
                raise ContractError(f"initial[{i}]", f"is {initial}; allowed: {low:g} to {high:g}")

    @property
    def size(self) -> int:
        """How many actuators."""
        return len(self.names)


ActuatorModel = Literal["as_in_model", "ideal", "position_servo", "velocity_servo", "dc_motor"]


@dataclass(frozen=True)
class Actuator:
    """How an actuator of the simulation turned a command into torque: what the robot's own should come near.

    Attributes:
        name: The action that commands it.
        model: ``ideal`` gives the command as torque; ``position_servo`` and ``dc_motor`` are PD controllers of the
            position, ``velocity_servo`` is one of the velocity; ``as_in_model`` is what the MJCF says.
        kp: Proportional gain [N m/rad]; None where the model has none.
        kd: Derivative gain [N m s/rad]; None where the model has none.
        torque_limit: Largest torque [N m]; None for none.
        stall_torque: Of a DC motor at rest [N m], at the joint.
        no_load_speed: Of a DC motor without torque [rad/s], at the joint.
        delay_s: Shortest and longest time until a command arrived, drawn once per episode.
        lag_s: Time constant of a first-order lag.
    """

    name: Text
    model: ActuatorModel
    kp: NotNegative | None
    kd: NotNegative | None
    torque_limit: Positive | None
    stall_torque: Positive | None
    no_load_speed: Positive | None
    delay_s: DelayRange
    lag_s: NotNegative

    def __post_init__(self) -> None:
        check_delay(self.delay_s)


@dataclass(frozen=True)
class Airframe:
    """The vehicle that the policy was trained for. Rotor i is moved by action i.

    Attributes:
        name: Vehicle name.
        mass: [kg].
        rotor_positions: [m], body frame (x forward, y left, z up).
        rotor_directions: Sign of each rotor's reaction torque about body z.
        thrust_coefficients: c0, c1, c2 of one rotor's thrust ``c0 + c1 n + c2 n^2`` [N], where n is the command of its
            action; a robot that is told forces converts with it. None where nobody needs it.
    """

    name: Text
    mass: Positive
    rotor_positions: tuple[tuple[Number, Number, Number], ...]
    rotor_directions: tuple[Literal[-1, 1], ...]
    thrust_coefficients: tuple[Number, Number, Number] | None = None

    def __post_init__(self) -> None:
        if len(self.rotor_directions) != len(self.rotor_positions):
            raise ContractError(
                "rotor_directions", f"has {len(self.rotor_directions)} entries; expected {len(self.rotor_positions)}"
            )


@dataclass(frozen=True)
class Network:
    """The shape of the policy: a chain of dense layers.

    Attributes:
        sizes: Input size, then the output size of every layer.
        activations: One per layer.
    """

    sizes: tuple[Annotated[int, Between(1, 4096)], ...]
    activations: tuple[Literal["fast_tanh", "identity", "relu"], ...]

    def __post_init__(self) -> None:
        if len(self.sizes) != len(self.activations) + 1 or not self.activations:
            raise ContractError(
                "sizes", f"has {len(self.sizes)} entries; expected one more than activations ({len(self.activations)})"
            )


@dataclass(frozen=True)
class Rates:
    """When the policy runs.

    Attributes:
        policy_hz: Rate that it was trained at: the action history advances at this rate.
        execution_hz: Rate that it is evaluated at on the robot, a whole multiple of `policy_hz`.
        tolerance: Share by which an interval, or the mean of many, may be off before the status says so.
    """

    policy_hz: Annotated[int, Between(1, 10_000)]
    execution_hz: Annotated[int, Between(1, 10_000)]
    tolerance: Annotated[float, Between(0.001, 1)]

    def __post_init__(self) -> None:
        if self.execution_hz % self.policy_hz:
            raise ContractError(
                "execution_hz", f"is {self.execution_hz}; must be a whole multiple of policy_hz = {self.policy_hz}"
            )
        if 1_000_000 % self.execution_hz:
            raise ContractError(
                "execution_hz", f"is {self.execution_hz}; one period must be a whole number of microseconds"
            )


@dataclass(frozen=True)
class Normalizer:
    """The first layer sees ``(x - mean) / (std + eps)``, clipped to ``±clip``. Zeros and ones for none.

    Attributes:
        mean: One per input.
        std: One per input.
        eps: Added to every std.
        clip: Bound after normalising; None for none.
    """

    mean: Vector
    std: tuple[Annotated[float, Between(1e-6, 1e6)], ...]
    eps: Annotated[float, Between(0, 1)]
    clip: Positive | None


Trigger = Literal[
    "input_not_finite",
    "input_stale",
    "time_backwards",
    "position_limit",
    "tilt_limit",
    "velocity_limit",
    "angular_velocity_limit",
]


@dataclass(frozen=True)
class Fault:
    """When the policy must not be obeyed, and what is sent instead.

    Attributes:
        safe_action: Sent on a fault.
        safe_meaning: What the safe action does, for people.
        input_timeout_s: Inputs measured longer ago are stale.
        position_limit: Any component of ``position_error`` beyond this is a fault until a reset [m]; None for never.
        tilt_limit_deg: Tilt of the body's z axis beyond this is a fault until a reset; None for never.
        triggers: Every cause of the safe action.
        velocity_limit: Any component of ``velocity_error`` beyond this is a fault of the safety filter until a reset
            [m/s]; None for never.
        angular_velocity_limit: The same for ``angular_velocity`` [rad/s].
    """

    safe_action: tuple[Number, ...]
    safe_meaning: Text
    input_timeout_s: Annotated[float, Between(0.001, 10)]
    position_limit: Positive | None
    tilt_limit_deg: Annotated[float, Between(1, 180)] | None
    triggers: tuple[Trigger, ...]
    velocity_limit: Positive | None = None
    angular_velocity_limit: Positive | None = None

    def __post_init__(self) -> None:
        limits: dict[Trigger, float | None] = {
            "position_limit": self.position_limit,
            "tilt_limit": self.tilt_limit_deg,
            "velocity_limit": self.velocity_limit,
            "angular_velocity_limit": self.angular_velocity_limit,
        }
        expected = {"input_not_finite", "input_stale", "time_backwards"}
        expected |= {name for name, limit in limits.items() if limit is not None}
        if set(self.triggers) != expected or len(self.triggers) != len(expected):
            raise ContractError("triggers", f"are {list(self.triggers)}; expected {sorted(expected)}")


@dataclass(frozen=True)
class TrainedRange:
    """A quantity that varied in training.

    Attributes:
        quantity: Its name.
        unit: SI unit.
        distribution: ``normal`` (center is the mean, spread the standard deviation), ``uniform`` (center ± spread), or
            ``log_uniform`` (the logarithm is uniform, between the same ends).
        center: See above.
        spread: See above.
    """

    quantity: Text
    unit: Text
    distribution: Literal["normal", "uniform", "log_uniform"]
    center: Number
    spread: NotNegative


@dataclass(frozen=True)
class Golden:
    """Inputs of the policy and the exact float32 outputs that every target must give.

    Attributes:
        observations: Full policy inputs, history included.
        actions: The answer to each.
    """

    observations: tuple[Vector, ...]
    actions: tuple[Vector, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.observations) <= 256 or len(self.actions) != len(self.observations):
            problem = (
                f"has {len(self.actions)} entries for {len(self.observations)} observations; expected as many, 1 to 256"
            )
            raise ContractError("actions", problem)


def vector(values: np.ndarray) -> Vector:
    """Write float32 numbers as the shortest decimals that give the same float32 back."""
    return tuple(float(str(value)) for value in np.asarray(values, np.float32).ravel())
