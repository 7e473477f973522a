"""Experience that candidates share: what one training lived through, under the reward of another.

A replay keeps facts and no rewards. So the steps of one training are the first experience of an off-policy learner
under any other program: relabelled, not simulated again.
"""

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from telic.replay.replay import Replay
from telic.replay.reward import Reward
from telic.replay.schema import Schema
from telic.replay.signal import Signal
from telic.sim.world import World

# What the policy saw, with its noise and delays: it cannot be told from the exact signals again.
SEEN = "policy_observation"


class Experience:
    """Watches a world, and keeps every step of it with what the policy saw.

    Attributes:
        replay: What was kept; one stream for each simulation.
    """

    def __init__(self, world: World, steps: int) -> None:
        """Prepare to keep so many steps, over all simulations."""
        task = world.task
        seen = Signal(SEEN, (task.observation_size,), description="what the policy sees", dtype=task.dtype)
        capacity = -(-steps // world.num_envs) * world.num_envs
        self.replay = Replay(Schema((*task.schema, seen), task.actions), capacity, world.num_envs)
        self._world = world
        self._past = self._present()

    def before(self, first: int, last: int) -> None:
        """Copy the state in which the action is taken."""
        self._whole(first, last)
        self._past = self._present()

    def after(self, first: int, last: int) -> None:
        """Keep the step; ended episodes have not begun anew yet."""
        self._whole(first, last)
        world = self._world
        self.replay.add(self._past, world.action.copy(), self._present(), world.terminated, world.truncated)

    def _present(self) -> dict[str, NDArray[Any]]:
        seen = np.array(self._world.observation, order="C")
        return {**{name: values.copy() for name, values in self._world.signals.items()}, SEEN: seen}

    def _whole(self, first: int, last: int) -> None:
        if (first, last) != (0, self._world.num_envs):
            raise ValueError("this world steps its simulations in parts; experience is shared on MuJoCo's tasks only")


def begin_with(model: Any, path: Path, reward: Reward) -> int:
    """Let an off-policy learner of Stable-Baselines3 begin with stored experience under its own reward.

    It learns from its first step on, without random actions.

    Args:
        model: The learner, with as many environments as the replay has streams; its actions lie in -1 to 1.
        path: The replay.
        reward: What the learner is rewarded for.

    Returns:
        How many transitions it begins with.

    Raises:
        ValueError: If the learner has another number of environments.
        ReplayError: If the reward reads what is not stored, or the file is damaged.
    """
    replay = Replay.load(path)
    if model.n_envs != replay.num_streams:
        raise ValueError(f"the learner has {model.n_envs} environments, the experience is of {replay.num_streams}")
    slots = replay.slots()
    steps, streams = slots.shape
    read = replay.read(slots.ravel())
    inputs = read.inputs((SEEN, f"next_{SEEN}", "action", "terminated"))
    rewards = replay.relabel(reward).total[slots]
    low, high = replay.schema.actions.bounds
    buffer = type(model.replay_buffer)(
        (steps + model.replay_buffer.buffer_size) * streams,
        model.observation_space,
        model.action_space,
        device=model.device,
        n_envs=streams,
    )

    def rows(values: NDArray[Any]) -> NDArray[Any]:
        return values.reshape(steps, streams, *values.shape[1:])

    buffer.observations[:steps] = rows(inputs[SEEN])
    buffer.next_observations[:steps] = rows(inputs[f"next_{SEEN}"])
    buffer.actions[:steps] = rows(2.0 * (inputs["action"] - low) / (high - low) - 1.0)
    buffer.rewards[:steps] = rewards
    truncated = rows(read.truncated)
    buffer.dones[:steps] = rows(inputs["terminated"] > 0.0) | truncated
    buffer.timeouts[:steps] = truncated & ~rows(inputs["terminated"] > 0.0)
    buffer.pos = steps
    model.replay_buffer, model.learning_starts = buffer, 0
    return steps * streams
