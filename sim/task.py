"""A task as plain data: a vehicle, where it should be, what it sees, how an episode starts and ends."""

from dataclasses import dataclass, field, fields
from typing import TYPE_CHECKING

from telic.replay.action import ActionSpec
from telic.replay.signal import Signal
from telic.sim.errors import TaskError, check_number
from telic.sim.multirotor.signals import SIGNALS, STORED
from telic.sim.observe import Observe as Observe
from telic.sim.reference import Reference
from telic.sim.suggest import did_you_mean
from telic.sim.vehicle import Vehicle

if TYPE_CHECKING:
    from telic.sim.multirotor.world import MultirotorWorld


@dataclass(frozen=True)
class Disturbance:
    """A force and a torque, drawn once per episode from Gaussians and constant in it.

    Attributes:
        force_std_mg: Standard deviation of each component of the force, over the nominal weight m g.
        torque_std_mg: Standard deviation of each component of the torque, over m g times 1 m.
    """

    force_std_mg: float = 1.0 / 20.0
    torque_std_mg: float = 1.0 / 10_000.0

    def __post_init__(self) -> None:
        check_number("force_std_mg", self.force_std_mg, 0.0, 10.0)
        check_number("torque_std_mg", self.torque_std_mg, 0.0, 10.0)


@dataclass(frozen=True)
class UprightWithin:
    """How an episode starts: anywhere near the reference, tilted by up to an angle.

    Positions, velocities and angular velocities are uniform in cubes around those of the reference; attitudes are
    uniform among all rotations by at most the angle from level at the reference yaw.

    Attributes:
        degrees: Largest angle of rotation.
        position: Half width of the cube [m].
        velocity: Half width [m/s].
        angular_velocity: Half width [rad/s].
        guided: Share of episodes that start on the reference and level, with random velocities.
        along_s: The episode starts at a random time of the reference between 0 and this [s].
    """

    degrees: float = 90.0
    position: float = 0.2
    velocity: float = 1.0
    angular_velocity: float = 1.0
    guided: float = 0.1
    along_s: float = 0.0

    def __post_init__(self) -> None:
        check_number("degrees", self.degrees, 0.0, 180.0)
        check_number("position", self.position, 0.0, 100.0)
        check_number("velocity", self.velocity, 0.0, 100.0)
        check_number("angular_velocity", self.angular_velocity, 0.0, 100.0)
        check_number("guided", self.guided, 0.0, 1.0)
        check_number("along_s", self.along_s, 0.0, 3600.0)


@dataclass(frozen=True)
class OutsideCube:
    """The episode is lost where any component of the position error exceeds this, or is not finite.

    Attributes:
        half_width: [m].
    """

    half_width: float = 0.6

    def __post_init__(self) -> None:
        check_number("half_width", self.half_width, 1e-3, 1e6)


@dataclass(frozen=True)
class Randomisation:
    """Domain randomisation: each number is scaled by a factor drawn per episode, uniform in 1 - x to 1 + x.

    The map from action to rotor speed always stays nominal, as firmware knows no other.
    """

    mass: float = 0.0
    inertia: float = 0.0
    thrust: float = 0.0
    torque_constant: float = 0.0
    rise_time: float = 0.0
    fall_time: float = 0.0

    def __post_init__(self) -> None:
        for item in fields(self):
            check_number(item.name, getattr(self, item.name), 0.0, 0.9)

    @property
    def ranges(self) -> tuple[float, ...]:
        """The x of each field."""
        return tuple(getattr(self, item.name) for item in fields(self))


@dataclass(frozen=True)
class Task:
    """All that the world, the environment, the contract and the documentation need to know.

    Attributes:
        name: Short name.
        vehicle: What flies.
        reference: Where to be.
        observation: What the policy sees.
        privileged: What only a critic in training sees: noise-free, without history.
        reward: Name of the packaged reward program.
        dt: Control period and integration step [s].
        disturbance: Forces and torques that the policy does not see.
        reset: How episodes start.
        terminate: When an episode is lost.
        truncate_after_s: When an episode is over without being lost [s].
        randomisation: How vehicles differ between episodes.
        description: One line for people.
    """

    name: str
    vehicle: Vehicle
    reference: Reference
    observation: tuple[Observe, ...]
    privileged: tuple[Observe, ...]
    reward: str
    dt: float = 0.01
    disturbance: Disturbance = field(default_factory=Disturbance)
    reset: UprightWithin = field(default_factory=UprightWithin)
    terminate: OutsideCube = field(default_factory=OutsideCube)
    truncate_after_s: float = 5.0
    randomisation: Randomisation = field(default_factory=Randomisation)
    description: str = ""

    def __post_init__(self) -> None:
        lag = min(self.vehicle.rise_time_s, self.vehicle.fall_time_s)
        lag *= 1.0 - max(self.randomisation.rise_time, self.randomisation.fall_time)
        # One Runge-Kutta step must be shorter than the rotor lag: see `dynamics.rotor_way`.
        check_number(
            f"dt of task {self.name} (its upper bound is the shortest rotor time constant)", self.dt, 1e-5, lag
        )
        check_number("truncate_after_s", self.truncate_after_s, self.dt, 3600.0)
        if not self.observation:
            raise TaskError(f"task {self.name!r} observes nothing; allowed: at least one Observe")
        for item in (*self.observation, *self.privileged):
            if item.signal not in SIGNALS:
                raise TaskError(f"unknown signal {item.signal!r}{did_you_mean(item.signal, SIGNALS)}")
            if item.bias or item.dropout or item.delay_s[1]:
                raise TaskError(f"{item.signal} has a bias, a delay or a dropout; allowed in tasks of MuJoCo only")
        for item in self.observation[:-1]:
            if item.history > 1:
                raise TaskError(
                    f"{item.signal} has history {item.history} but is not the last item of the observation; "
                    f"move it to the end, or give it history 1"
                )
        if any(item.noise or item.history > 1 for item in self.privileged):
            raise TaskError("privileged signals are exact and current; allowed: noise 0 and history 1")

    @property
    def dtype(self) -> str:
        """Type of signals, observations and rewards."""
        return "float32"

    @property
    def schema(self) -> tuple[Signal, ...]:
        """The signals that the world produces and a replay stores."""
        return STORED

    @property
    def actions(self) -> ActionSpec:
        """The four rotor speed commands."""
        return ActionSpec(("m1", "m2", "m3", "m4"))

    @property
    def episode_steps(self) -> int:
        """Steps until truncation."""
        return max(1, round(self.truncate_after_s / self.dt))

    @property
    def observation_size(self) -> int:
        """Length of the policy's observation."""
        return sum(size_of(item) for item in self.observation)

    @property
    def privileged_size(self) -> int:
        """Length of the critic's observation."""
        return sum(size_of(item) for item in self.privileged)

    def make_world(self, num_envs: int, seed: int = 0, threads: int | None = None) -> "MultirotorWorld":
        """Make many vehicles that fly this task.

        Args:
            num_envs: How many.
            seed: Any whole number of at least 0.
            threads: Number of threads; by default all processors, fewer for small batches.
        """
        from telic.sim.multirotor.world import MultirotorWorld

        return MultirotorWorld(self, num_envs, seed, threads)


def size_of(item: Observe) -> int:
    """Return how many numbers an item adds to the observation of a vehicle."""
    return SIGNALS[item.signal].size * item.history
