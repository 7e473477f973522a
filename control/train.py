"""Train a policy for a task: the loop around the learner, with progress, checkpoints and exact resume."""

import logging
import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from threadpoolctl import threadpool_limits

from telic.control.checkpoint import load_checkpoint, save_checkpoint
from telic.control.flights import HELD_OUT_SEEDS
from telic.control.policy import PolicyWeights
from telic.control.shac import Shac, ShacConfig, UpdateMetrics
from telic.rewards.program import RewardProgram
from telic.sim.task import Task

logger = logging.getLogger(__name__)

CHECKPOINT = "checkpoint.safetensors"
QUICK_UPDATES = 150
CRITIC_FIRST = 40  # Updates of the critic alone, when training begins with a given policy.


@dataclass(frozen=True)
class TrainConfig:
    """How long to train, and how.

    Attributes:
        updates: Windows to fly and learn from; the learning rate falls to its final value over them.
        seed: Of everything random.
        report_every: Updates per row of the history.
        checkpoint_every: Updates between checkpoints.
        shac: The learner.
    """

    updates: int = 1000
    seed: int = 0
    report_every: int = 10
    checkpoint_every: int = 100
    shac: ShacConfig = field(default_factory=ShacConfig)

    def __post_init__(self) -> None:
        for name in ("updates", "report_every", "checkpoint_every"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; allowed: 1 and more")
        if not 0 <= self.seed < HELD_OUT_SEEDS:
            raise ValueError(f"seed is {self.seed}; allowed: 0 to {HELD_OUT_SEEDS - 1}, those above are for evaluation")

    @classmethod
    def quick(cls, seed: int = 0) -> "TrainConfig":
        """A quarter of the time, for a policy that settles but is not yet exact."""
        return cls(updates=QUICK_UPDATES, seed=seed)


@dataclass(frozen=True)
class TrainProgress:
    """Where training stands.

    Attributes:
        update: Updates done.
        updates: Updates to do.
        step: Control steps flown, over all vehicles.
        seconds: Wall-clock of training so far, earlier parts of a resumed run included.
        terms: Mean of each reward term per step, over the last `report_every` updates.
        reward: Their sum.
        settle_fraction: Share of the episodes that ended in these updates which ended by time and within 0.2 m.
        critic_loss: Mean squared error of the critic, in units of the mean reward.
        gradient_norm: Of the actor.
        measured: Further figures, by their names.
    """

    update: int
    updates: int
    step: int
    seconds: float
    terms: dict[str, float]
    reward: float
    settle_fraction: float
    critic_loss: float
    gradient_norm: float
    measured: Mapping[str, float] = field(default_factory=dict)

    def row(self) -> dict[str, Any]:
        """A row of the history."""
        own = {name: value for name, value in vars(self).items() if name not in ("updates", "measured")}
        return {**own, **self.measured}


@dataclass(frozen=True)
class TrainResult:
    """What training gave.

    Attributes:
        weights: The policy.
        history: Rows of `TrainProgress.row`, in order.
        seconds: Wall-clock of training, without compilation.
        compile_seconds: Wall-clock of compiling kernels before the clock started.
        steps: Control steps flown, over all vehicles.
        resumed_at: Update at which a checkpoint was taken up, or None.
    """

    weights: PolicyWeights
    history: list[dict[str, Any]]
    seconds: float
    compile_seconds: float
    steps: int
    resumed_at: int | None = None


def train(
    task: Task,
    reward: RewardProgram,
    config: TrainConfig | None = None,
    folder: Path | None = None,
    progress: Callable[[TrainProgress], None] | None = None,
    resume: bool = False,
    start: PolicyWeights | None = None,
    after_update: Callable[[Shac], None] | None = None,
    measure: Callable[[Shac], Mapping[str, float]] | None = None,
) -> TrainResult:
    """Train a policy.

    Args:
        task: What to do.
        reward: What is good.
        config: How.
        folder: Where checkpoints go; none are written without it.
        progress: Called after every `report_every` updates.
        resume: Continue from the checkpoint in `folder`, if there is one. The result is then, bit for bit, that of a
            run that was never interrupted.
        start: A policy to begin with, instead of a random one.
        after_update: Called with the learner after every update, such as a guard. What it keeps is not in checkpoints.
        measure: Called with the learner for every row of the history: further figures of the row, such as the share of
            successes.

    Raises:
        CheckpointError: If the checkpoint is damaged or belongs to another task, reward or configuration.
        DivergedError: If a gradient is not finite.
        FleetError: If the learner cannot fly the task.
        ValueError: If the policy to start from does not fit.
    """
    config = config or TrainConfig()
    compile_seconds = compile_kernels(task, reward, config.shac)
    begun = time.perf_counter()
    learner = Shac(task, reward, config.shac, config.seed)
    if start is not None:
        learner.policy.start_from(start)
    path = folder / CHECKPOINT if folder else None
    done, seconds, history = 0, 0.0, []
    resumed_at = None
    if resume and path and path.exists():
        done, seconds, history = load_checkpoint(path, learner, config)
        resumed_at = done
        logger.info(
            "resumed at update %d of %d: weights, optimisers, replay, vehicles and random numbers", done, config.updates
        )
    if path:
        path.parent.mkdir(parents=True, exist_ok=True)
    begun -= seconds

    recent: list[UpdateMetrics] = []
    with own_threads_only():
        while done < config.updates:
            # A policy that can already fly must not follow a critic that knows nothing yet.
            waits = start is not None and done < CRITIC_FIRST
            recent.append(learner.update(0.0 if waits else learning_rate(done, config)))
            if after_update:
                after_update(learner)
            done += 1
            if done % config.report_every == 0 or done == config.updates:
                measured = measure(learner) if measure else {}
                now = _progress(done, config, time.perf_counter() - begun, recent, measured)
                history.append(now.row())
                recent.clear()
                if progress:
                    progress(now)
            if path and (done % config.checkpoint_every == 0 or done == config.updates):
                save_checkpoint(path, learner, config, done, time.perf_counter() - begun, history)
    return TrainResult(
        weights=learner.policy.weights(),
        history=history,
        seconds=time.perf_counter() - begun,
        compile_seconds=compile_seconds,
        steps=done * config.shac.steps_per_update,
        resumed_at=resumed_at,
    )


@contextmanager
def own_threads_only() -> Iterator[None]:
    """Keep BLAS and torch from starting threads.

    The matrices are small, the window has threads of its own, and threads that spin while they wait cost a busy machine
    more than they bring.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(limits=1, user_api="blas"):
            yield
    finally:
        torch.set_num_threads(before)


def learning_rate(update: int, config: TrainConfig) -> float:
    """The actor's learning rate: half a cosine from its first value to its last."""
    first, last = config.shac.actor_learning_rate, config.shac.final_learning_rate
    return last + 0.5 * (first - last) * (1.0 + math.cos(math.pi * update / config.updates))


def compile_kernels(task: Task, reward: RewardProgram, config: ShacConfig) -> float:
    """Compile what training needs, by two updates of a tiny learner, and return how long it took [s].

    Only the reward's own kernels are new to a machine that has trained before; the others are read from Numba's cache.
    """
    start = time.perf_counter()
    reward.compile()
    tiny = replace(config, num_envs=2 * config.chunks, horizon=4, critic_batch=8, critic_steps=1, replay_windows=2)
    with own_threads_only():
        learner = Shac(task, reward, tiny, seed=0)
        for _ in range(2):
            learner.update(0.0)
    return time.perf_counter() - start


def _progress(
    done: int, config: TrainConfig, seconds: float, recent: list[UpdateMetrics], measured: Mapping[str, float]
) -> TrainProgress:
    def mean(values: list[float]) -> float:
        return sum(values) / len(values)

    terms = {name: mean([metrics.terms[name] for metrics in recent]) for name in recent[0].terms}
    ended = sum(metrics.ended for metrics in recent)
    return TrainProgress(
        update=done,
        updates=config.updates,
        step=done * config.shac.steps_per_update,
        seconds=seconds,
        terms=terms,
        reward=sum(terms.values()),
        settle_fraction=sum(metrics.settled for metrics in recent) / max(ended, 1),
        critic_loss=mean([metrics.critic_loss for metrics in recent]),
        gradient_norm=mean([metrics.gradient_norm for metrics in recent]),
        measured=measured,
    )
