"""`telic data make`: a dataset of a telic task, flown by a policy."""

from collections.abc import Iterator, Mapping
from pathlib import Path

import numpy as np

from telic.control.controller import Controller
from telic.control.without_learning import without_learning
from telic.launch.baseline import controller_of, is_flight, reopen_baseline
from telic.launch.data.dataset import News
from telic.launch.errors import UserError
from telic.launch.run import reopen
from telic.launch.stages import policy_of
from telic.replay.exchange.recording import Episode, Recording, Report
from telic.replay.schema import Schema
from telic.sim.world import AnyTask, World

# Episodes that are simulated side by side.
_WORLDS = 64


def controller_for(policy: str, task: AnyTask, seed: int) -> tuple[str, Controller]:
    """Who acts, and under what name.

    Args:
        policy: One of `without_learning`, or the folder of a run.
        task: What is done.
        seed: Of random actions.

    Raises:
        UserError: If there is no such policy, or it is not for this task.
    """
    known = without_learning(task, seed)
    if policy in known:
        return policy, known[policy]
    path = Path(policy)
    if not path.is_dir():
        raise UserError(f"--policy {policy}: for {task.name!r} there are {', '.join(known)}, and the folders of runs")
    if is_flight(path):
        run = reopen(path)
        trained, controller = run.task, policy_of(run)
    else:
        other = reopen_baseline(path)
        if other.task is None:
            raise UserError(f"--policy {policy} was trained on {other.baseline.world}, not for {task.name!r}")
        trained, controller = other.task, controller_of(other)
    if trained.name != task.name or trained.observation_size != task.observation_size:
        raise UserError(f"--policy {policy} was trained for the task {trained.name!r}, not for {task.name!r}")
    return path.name, controller


def recording_of_flights(
    task: AnyTask, controller: Controller, episodes: int, seed: int, policy: str, news: News
) -> Recording:
    """Episodes of a task, simulated while they are read.

    Every world has its share of the episodes from the start, so that short ones are not preferred.
    """
    about = {"task": task.name, "policy": policy, "seed": seed, "fps": 1.0 / task.dt}
    tags = {"task": task.name, "source": policy, "seed": seed}

    def flown() -> Iterator[Episode]:
        worlds = min(episodes, _WORLDS)
        share = episodes // worlds + (np.arange(worlds) < episodes % worlds)
        flights = _Flights(task, task.make_world(worlds, seed), controller, tags)
        done = 0
        while (share > 0).any():
            for world, episode in flights.step():
                if share[world] > 0:
                    share[world] -= 1
                    done += 1
                    yield episode
                    news(f"{done} of {episodes} episodes")

    return Recording(Schema(task.schema, task.actions), flown(), Report(f"task {task.name}"), about)


class _Flights:
    """Worlds that step together, and what each has been through since its episode began."""

    def __init__(self, task: AnyTask, world: World, controller: Controller, tags: Mapping[str, str | int]) -> None:
        self._world, self._controller, self._tags = world, controller, tags
        shape = (task.episode_steps + 1, world.num_envs)
        self._states = {
            name: np.zeros((*shape, *values.shape[1:]), values.dtype) for name, values in world.signals.items()
        }
        self._actions = np.zeros((*shape, task.actions.size), np.float32)
        self._steps = np.zeros(world.num_envs, np.int64)
        self._every = np.arange(world.num_envs)
        controller.reset(None)
        self._keep_states()

    def step(self) -> Iterator[tuple[int, Episode]]:
        """Advance all worlds; the episodes that ended, with the numbers of their worlds."""
        world = self._world
        world.step(self._controller.act(world.observation, world.signals))
        self._actions[self._steps, self._every] = world.action
        self._steps += 1
        self._keep_states()
        ended = world.ended.copy()
        for number in np.flatnonzero(ended).tolist():
            yield number, self._episode(number)
        if ended.any():
            world.reset(ended)
            self._controller.reset(ended)
            self._steps[ended] = 0
            self._keep_states()

    def _keep_states(self) -> None:
        for name, values in self._world.signals.items():
            self._states[name][self._steps, self._every] = values

    def _episode(self, number: int) -> Episode:
        steps = int(self._steps[number])
        return Episode(
            {name: values[: steps + 1, number].copy() for name, values in self._states.items()},
            self._actions[:steps, number].copy(),
            bool(self._world.terminated[number]),
            bool(self._world.truncated[number]),
            tags=self._tags,
        )
