"""A task on a MuJoCo model, as plain data: what is read, seen, moved, and how an episode starts and ends."""

# MuJoCo keeps its classes in compiled modules, which pyright cannot read.
# pyright: reportAttributeAccessIssue=false

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import mujoco

from telic.replay.action import ActionSpec
from telic.replay.signal import Signal
from telic.sim.errors import TaskError, check_choice, check_number
from telic.sim.mujoco.actuators import Actuator, compiled_model
from telic.sim.mujoco.pushes import Push
from telic.sim.mujoco.randomise import Randomise
from telic.sim.mujoco.sources import Source
from telic.sim.mujoco.starts import ResetRule
from telic.sim.observe import Observe
from telic.sim.suggest import did_you_mean

if TYPE_CHECKING:
    from telic.sim.mujoco.world import MujocoWorld


@dataclass(frozen=True)
class Outside:
    """The episode ends for good where a signal leaves a range, or is not a number: lost, or done.

    Attributes:
        signal: Name of the signal; any of its numbers counts.
        low: Smallest allowed value.
        high: Largest allowed value.
        element: Only this number of the signal, flattened.
        open: The bounds themselves are outside too.
        done: The robot has arrived there, and has nothing left to do: an end for good, and not a failure.
    """

    signal: str
    low: float = -math.inf
    high: float = math.inf
    element: int | None = None
    open: bool = False
    done: bool = False

    def __post_init__(self) -> None:
        if not self.low <= self.high:
            raise TaskError(f"{self.signal} ends an episode outside {self.low} to {self.high}: low is larger than high")


@dataclass(frozen=True)
class MujocoTask:
    """All that the world, the environment, the contract and the documentation need to know.

    Attributes:
        name: Short name.
        xml: The model, as MJCF text.
        signals: What is read from the simulation and stored.
        observation: What the policy sees.
        reward: Name of the packaged reward program.
        decimation: Physics steps in one control step.
        privileged: What only a critic in training sees.
        control: The actions; by default the control ranges of the model's actuators.
        actuators: How an action becomes what the model's actuators get; by default unchanged.
        reset: How episodes start.
        terminate: When an episode ends for good: lost, or done.
        truncate_after_s: When an episode is cut, although it could go on [s].
        randomisation: How models differ between worlds and episodes.
        pushes: What shoves the robot while it works.
        assets: Files that the MJCF names, by name.
        dtype: Type of signals, observations and rewards: ``float32``, or ``float64`` to compare with others.
        refresh: What is brought up to date after a step: ``velocity`` for all that depends on positions and velocities,
            sensors included; ``none`` to leave poses and sensors one physics step behind, as Gymnasium does.
        description: One line for people.
    """

    name: str
    xml: str = field(repr=False)
    signals: tuple[Source, ...]
    observation: tuple[Observe, ...]
    reward: str
    decimation: int
    privileged: tuple[Observe, ...] = ()
    control: ActionSpec | None = None
    actuators: tuple[Actuator, ...] = ()
    reset: tuple[ResetRule, ...] = ()
    terminate: tuple[Outside, ...] = ()
    truncate_after_s: float = 10.0
    randomisation: tuple[Randomise, ...] = ()
    pushes: tuple[Push, ...] = ()
    assets: Mapping[str, bytes] = field(default_factory=dict, repr=False, hash=False)
    dtype: str = "float32"
    refresh: str = "velocity"
    description: str = ""

    def __post_init__(self) -> None:
        if isinstance(self.decimation, bool) or not isinstance(self.decimation, int) or self.decimation < 1:
            raise TaskError(f"decimation of task {self.name} is {self.decimation!r}; allowed: whole numbers from 1")
        check_number("truncate_after_s", self.truncate_after_s, 1e-6, 86400.0)
        check_choice("dtype", self.dtype, ("float32", "float64"))
        check_choice("refresh", self.refresh, ("velocity", "none"))
        if not self.observation:
            raise TaskError(f"task {self.name!r} observes nothing; allowed: at least one Observe")
        self._check_names()
        for item in self.observation[:-1]:
            if item.history > 1:
                raise TaskError(
                    f"{item.signal} has history {item.history} but is not the last item of the observation; "
                    f"move it to the end, or give it history 1"
                )
        if any(not item.is_exact or item.history > 1 for item in self.privileged):
            raise TaskError("privileged signals are exact and current; allowed: no noise, delay or history")

    def _check_names(self) -> None:
        names = [source.name for source in self.signals]
        for name in names:
            if names.count(name) > 1:
                raise TaskError(f"task {self.name!r} has two signals {name!r}; rename one")
        for user, signal in (
            *(("the observation", item.signal) for item in self.observation),
            *(("the privileged observation", item.signal) for item in self.privileged),
            *(("a termination", rule.signal) for rule in self.terminate),
        ):
            if signal not in names:
                raise TaskError(f"{user} reads {signal!r}, which is no signal of the task{did_you_mean(signal, names)}")

    @cached_property
    def model(self) -> mujoco.MjModel:
        """The compiled model. It is shared: copy it before you change it.

        Raises:
            TaskError: If MuJoCo refuses the MJCF, with its words, or an actuator is not in it.
        """
        try:
            return compiled_model(self.xml, self.assets, self.actuators)
        except TaskError:
            raise
        except ValueError as error:
            raise TaskError(f"MuJoCo refuses the model of task {self.name!r}: {error}") from None

    @property
    def dt(self) -> float:
        """Control period [s]."""
        return self.model.opt.timestep * self.decimation

    @property
    def episode_steps(self) -> int:
        """Control steps until truncation."""
        return max(1, round(self.truncate_after_s / self.dt))

    @property
    def schema(self) -> tuple[Signal, ...]:
        """The signals that the world produces and a replay stores.

        Raises:
            TaskError: If a source names what the model does not have.
        """
        return self._schema

    @cached_property
    def _schema(self) -> tuple[Signal, ...]:
        from telic.sim.mujoco.signals import signals_of

        return signals_of(self)

    @property
    def actions(self) -> ActionSpec:
        """What a policy commands.

        Raises:
            TaskError: If there is not one action for each control of the model, or a control has no range.
        """
        return self._actions

    @cached_property
    def _actions(self) -> ActionSpec:
        from telic.sim.mujoco.model import action_spec, control_names

        if self.control is None:
            return action_spec(self.model, self.actuators)
        if self.control.size != self.model.nu:
            raise TaskError(
                f"task {self.name!r} has {self.control.size} actions, {', '.join(self.control.names)}, but the model "
                f"{self.model.nu} controls, {', '.join(control_names(self.model))}"
            )
        return self.control

    def size_of(self, item: Observe) -> int:
        """Return how many numbers an item adds to an observation."""
        sizes = {signal.name: signal.size for signal in self.schema}
        return sizes[item.signal] * item.history

    @property
    def observation_size(self) -> int:
        """Length of the policy's observation."""
        return sum(map(self.size_of, self.observation))

    @property
    def privileged_size(self) -> int:
        """Length of the critic's observation."""
        return sum(map(self.size_of, self.privileged))

    def make_world(self, num_envs: int, seed: int = 0, threads: int | None = None) -> "MujocoWorld":
        """Make many simulations of this task.

        Args:
            num_envs: How many.
            seed: Any whole number of at least 0.
            threads: Number of threads; by default all processors.

        Raises:
            TaskError: If the task names what its model does not have.
        """
        from telic.sim.mujoco.world import MujocoWorld

        return MujocoWorld(self, num_envs, seed, threads)
