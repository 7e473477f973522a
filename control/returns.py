"""Episodes of any world, and what every world has: return, length, end, and success where somebody tells."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from gymnasium.vector import VectorEnv
from numpy.typing import NDArray

from telic.control.controller import Controller
from telic.control.flights import held_out
from telic.control.statistics import Share, Spread
from telic.replay.reward import Reward
from telic.rewards.program import RewardProgram
from telic.sim.scoring import Scorer
from telic.sim.world import AnyTask, World

Array = NDArray[Any]
# From observations (N, K) to actions (N, ...).
Act = Callable[[Array], Array]


@dataclass(frozen=True)
class Returns:
    """What N episodes came to.

    Attributes:
        seed: Of evaluation.
        total: Undiscounted sum of rewards (N,).
        steps: Length (N,).
        lost: Whether the episode ended before its time (N,), and was no success.
        succeeded: Whether it was a success at its end (N,); None where nobody tells.
    """

    seed: int
    total: NDArray[np.float64]
    steps: NDArray[np.int64]
    lost: NDArray[np.bool_]
    succeeded: NDArray[np.bool_] | None

    def as_dict(self) -> dict[str, Any]:
        """Plain flat data for JSON."""
        total = Spread.of(self.total)
        middle = np.sort(self.total)[len(self.total) // 4 : len(self.total) - len(self.total) // 4]
        success = None if self.succeeded is None else Share.of(self.succeeded)
        return {
            "episodes": len(self.total),
            "seed": self.seed,
            "return_mean": total.mean if total else None,
            "return_std": total.std if total else None,
            "return_iqm": float(middle.mean()),
            "episode_steps_mean": float(self.steps.mean()),
            "lost_fraction": Share.of(self.lost).fraction,
            "success_fraction": success.fraction if success else None,
            "success_interval": list(success.interval) if success else None,
        }


def task_returns(task: AnyTask, controller: Controller, reward: Reward, episodes: int = 100, seed: int = 0) -> Returns:
    """Run one held-out episode in each of many worlds.

    Args:
        task: What to do.
        controller: Who acts; it is reset first.
        reward: What is summed; a reward program's ``success`` is asked at the end of each episode.
        episodes: How many.
        seed: Of evaluation; never an episode of training.

    Raises:
        ValueError: If a number is out of its range, or a reward is not finite.
    """
    if episodes < 1:
        raise ValueError(f"episodes is {episodes}; allowed: at least 1")
    world = task.make_world(episodes, held_out(seed))
    scorer = Scorer(reward, world)
    controller.reset(None)
    total, steps = np.zeros(episodes), np.zeros(episodes, np.int64)
    running, lost, succeeded = np.ones(episodes, np.bool_), np.zeros(episodes, np.bool_), np.zeros(episodes, np.bool_)
    judge = reward if isinstance(reward, RewardProgram) and reward.success_term is not None else None
    while running.any():
        before = {} if judge is None else _copies(judge, world)
        world.step(controller.act(world.observation, world.signals), before=scorer.before, after=scorer.after)
        scorer.check()
        total[running] += scorer.total[running]
        steps[running] += 1
        ending = running & world.ended
        if ending.any():
            if judge is not None:
                succeeded[ending] = _success(judge, before, world)[ending]
            # A goal that is reached ends an episode too.
            lost[ending] = world.terminated[ending] & ~succeeded[ending]
            running &= ~ending
    return Returns(seed, total, steps, lost, None if judge is None else succeeded)


def environment_returns(env: VectorEnv, act: Act, episodes: int = 100, seed: int = 0) -> Returns:
    """Run episodes in environments of others.

    Every environment runs equally many, as the first to end would else be the short ones.

    Args:
        env: Environments with the autoreset mode ``SAME_STEP``.
        act: From observations to actions.
        episodes: How many at least.
        seed: Of evaluation; never an episode of training.

    Raises:
        ValueError: If a number is out of its range.
    """
    if episodes < 1:
        raise ValueError(f"episodes is {episodes}; allowed: at least 1")
    each = -(-episodes // env.num_envs)
    # Gymnasium derives the seeds of N environments by counting on; the seeds of two evaluations shall not overlap.
    observation, _ = env.reset(seed=held_out(seed) + seed * (env.num_envs - 1))
    total, steps = np.zeros(env.num_envs), np.zeros(env.num_envs, np.int64)
    ended: list[list[tuple[float, int, bool, bool | None]]] = [[] for _ in range(env.num_envs)]
    while any(len(done) < each for done in ended):
        observation, reward, terminated, truncated, info = env.step(act(observation))
        total += reward
        steps += 1
        for index in map(int, np.flatnonzero(terminated | truncated)):
            if len(ended[index]) < each:
                record = float(total[index]), int(steps[index]), bool(terminated[index]), _told(info, index)
                ended[index].append(record)
            total[index] = steps[index] = 0
    totals, lengths, over, told = zip(*(record for done in ended for record in done), strict=True)
    succeeded = None if None in told else np.array(told, np.bool_)
    lost = np.array(over) if succeeded is None else np.array(over) & ~succeeded
    return Returns(
        seed,
        np.array(totals),
        np.array(lengths),
        lost,
        succeeded,
    )


def _told(info: dict[str, Any], env: int) -> bool | None:
    """Return whether the episode of an environment that has just ended was a success, if its last info tells."""
    final = info.get("final_info", {})
    for name in ("is_success", "success"):
        if name in final and final[f"_{name}"][env]:
            return bool(final[name][env])
    return None


def _copies(judge: RewardProgram, world: World) -> dict[str, Array]:
    """Copy what success reads of the state before a step."""
    return {name: world.signals[name].copy() for name in judge.success_inputs if name in world.signals}


def _success(judge: RewardProgram, before: dict[str, Array], world: World) -> NDArray[np.bool_]:
    after = {f"next_{name}": values for name, values in world.signals.items()}
    terminated = world.terminated.astype(np.float32)
    found = judge.success({**before, **after, "action": world.action, "terminated": terminated})
    return np.zeros(world.num_envs, np.bool_) if found is None else found
