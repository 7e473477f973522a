"""What was drawn for an episode, written into the episode table of a store: masses, delays, biases, commands."""

from typing import Protocol

import numpy as np

from telic.sim.mujoco.world import MujocoWorld


class Writer(Protocol):
    """What takes the notes, such as `telic.replay.store.writer.Writer`."""

    def episode(self, *, stream: int | None = None, **tags: str | float | bool) -> None:
        """Say what the steps of a stream from the next one on belong to."""
        ...


class EpisodeNotes:
    """Notes the draws of every episode that begins, world i as stream i.

    Its methods `before` and `after` are hooks of a world's step; in an environment,
    ``env.watchers.append(EpisodeNotes(env.world, writer))``. Pushes come later in an episode and are not noted; they
    follow from seed, world and episode.
    """

    def __init__(self, world: MujocoWorld, writer: Writer) -> None:
        """Take notes of a world."""
        self._world, self._writer = world, writer

    def before(self, first: int, last: int) -> None:
        """Note the episodes that begin with this step."""
        begun = np.flatnonzero(self._world.steps == 0)
        if not len(begun):
            return
        pushed = self._world.pushes.episode_values()
        values = {
            name: array.reshape(self._world.num_envs, -1)
            for name, array in self._world.episode_values.items()
            if name not in pushed
        }
        for world in begun:
            notes: dict[str, float] = {"world": int(world), "episode": int(self._world.episodes[world])}
            for name, array in values.items():
                single = array.shape[1] == 1
                notes |= {name if single else f"{name}[{i}]": float(value) for i, value in enumerate(array[world])}
            self._writer.episode(stream=int(world), seed=self._world.seed, **notes)

    def after(self, first: int, last: int) -> None:
        """Do nothing: an episode's draws are known when it begins."""
