"""What is played: a world that steps on demand, with somebody who acts and orders that a person gives."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from telic.control.controller import Controller
from telic.replay.reward import Reward
from telic.sim.mujoco.sources import Command
from telic.sim.mujoco.world import MujocoWorld
from telic.sim.puppet import Puppet, puppet_for
from telic.sim.scoring import Scorer
from telic.sim.world import AnyTask


@dataclass(frozen=True)
class Order:
    """A number that a person may command.

    Attributes:
        name: Of the command.
        element: Which of its numbers.
        low: Smallest value.
        high: Largest value.
        unit: SI unit.
    """

    name: str
    element: int
    low: float
    high: float
    unit: str

    @property
    def label(self) -> str:
        """What people read."""
        return f"{self.title} {self.element + 1} [{self.unit}]"

    @property
    def title(self) -> str:
        """The command in words."""
        return self.name.removeprefix("command_").replace("_", " ")


@dataclass(frozen=True)
class Readings:
    """What people read while it plays.

    Attributes:
        episode: Its number, from 1.
        elapsed_s: Since its start [s].
        total: Sum of its rewards so far.
        terms: Latest reward by term.
        ending: How the last episode ended; empty in the first.
    """

    episode: int
    elapsed_s: float
    total: float
    terms: Mapping[str, float] = field(default_factory=dict)
    ending: str = ""


class Player(Protocol):
    """A world and who acts in it."""

    @property
    def title(self) -> str:
        """What is played."""
        ...

    @property
    def dt(self) -> float:
        """Time of one step [s]."""
        ...

    @property
    def puppet(self) -> Puppet | None:
        """What is shown; None for a world that only gives pictures."""
        ...

    @property
    def orders(self) -> tuple[Order, ...]:
        """What a person may command."""
        ...

    @property
    def controllers(self) -> tuple[str, ...]:
        """Who may act, by name."""
        ...

    def choose(self, controller: str) -> None:
        """Let somebody else act."""
        ...

    def order(self, given: Mapping[Order, float]) -> None:
        """Command these numbers from now on; the task commands the others."""
        ...

    def step(self) -> None:
        """Advance by one control period; after the end of an episode, begin the next one."""
        ...

    def restart(self) -> None:
        """Begin a new episode."""
        ...

    def readings(self) -> Readings:
        """Return what people read."""
        ...

    def picture(self) -> NDArray[np.uint8] | None:
        """Return a picture (height, width, 3) of a world without a puppet."""
        ...

    def close(self) -> None:
        """Give back what is held."""
        ...


class TaskPlayer:
    """One world of a Telic task."""

    def __init__(
        self, task: AnyTask, reward: Reward, controllers: Mapping[str, Controller], title: str, seed: int = 0
    ) -> None:
        """Begin the first episode.

        Args:
            task: What is done.
            reward: What is shown of the rewards.
            controllers: Who may act, by name; the first one begins.
            title: What people read.
            seed: Of the episodes.
        """
        self.task, self.title, self.dt = task, title, task.dt
        self._world = task.make_world(1, seed, threads=1)
        self._scorer = Scorer(reward, self._world)
        self._known = dict(controllers)
        self.controllers = tuple(self._known)
        self._controller = self._known[self.controllers[0]]
        self.puppet: Puppet = puppet_for(task, self._world)
        self.orders = _orders(self._world)
        self._given: Mapping[Order, float] = {}
        self._episode, self._total, self._ending = 1, 0.0, ""
        self._controller.reset(None)

    def choose(self, controller: str) -> None:
        """Let somebody else act."""
        self._controller = self._known[controller]
        self._controller.reset(None)

    def order(self, given: Mapping[Order, float]) -> None:
        """Command these numbers from now on."""
        self._given = dict(given)

    def step(self) -> None:
        """Advance by one control period; after the end of an episode, begin the next one."""
        world = self._world
        if world.ended[0]:
            lost, broken = world.terminated[0], world.diverged[0]
            self._ending = "the simulation broke down" if broken else "lost" if lost else "out of time"
            self.restart()
            return
        self._obey()
        action = self._controller.act(world.observation, world.signals)
        world.step(action, before=self._scorer.before, after=self._scorer.after)
        self._total += float(self._scorer.total[0])

    def restart(self) -> None:
        """Begin a new episode."""
        self._world.reset()
        self._controller.reset(None)
        self._scorer.clear(np.ones(1, np.bool_))
        self._episode += 1
        self._total = 0.0

    def readings(self) -> Readings:
        """Return what people read."""
        terms = {name: float(values[0]) for name, values in self._scorer.terms().items()}
        return Readings(self._episode, float(self._world.elapsed_s[0]), self._total, terms, self._ending)

    def picture(self) -> None:
        """Return none: the puppet shows everything."""
        return None

    def close(self) -> None:
        """Do nothing: the world goes by itself."""

    def _obey(self) -> None:
        """Command what the person orders; the policy sees it from the next step on."""
        if isinstance(self._world, MujocoWorld):
            for order, value in self._given.items():
                self._world.commands.values[order.name][0, order.element] = value


def _orders(world: Any) -> tuple[Order, ...]:
    """Return the commands of a world that has any."""
    if not isinstance(world, MujocoWorld):
        return ()
    return tuple(
        Order(source.name, element, float(low), float(high), source.unit)
        for source in world.task.signals
        if isinstance(source, Command)
        for element, (low, high) in enumerate(zip(np.atleast_1d(source.low), np.atleast_1d(source.high), strict=True))
    )
