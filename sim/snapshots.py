"""Episodes that start from stored states: somewhere on the way of a teacher, instead of always at the beginning.

SnapshotRL (Zhao et al., "Snapshot Reinforcement Learning: Leveraging Prior Trajectories for Efficiency", 2024,
arXiv:2403.00673): states that a teacher went through are clustered, so that rare ones count as much as common ones; a
student's episode starts in a state of a cluster drawn at random, and is cut short.
"""

import warnings
from collections.abc import Callable
from dataclasses import dataclass, fields, replace
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from scipy.cluster.vq import kmeans2

from telic.sim.errors import TaskError, check_number
from telic.sim.mujoco.starts import Arrange, Start
from telic.sim.mujoco.task import MujocoTask

if TYPE_CHECKING:
    from telic.sim.mujoco.world import MujocoWorld

Array = NDArray[np.float64]
# From observations (N, size) and signals to actions (N, actuators).
Act = Callable[[NDArray[Any], Any], NDArray[Any]]

_CLUSTERS = 8  # Six to ten in the paper.
_ROUNDS = 50


@dataclass(frozen=True, eq=False)
class Snapshots:
    """States of a simulation, clustered.

    Attributes:
        qpos: Positions (M, nq).
        qvel: Velocities (M, nv).
        ctrl: Controls (M, nu).
        mocap_pos: Positions of mocap bodies (M, nmocap, 3).
        mocap_quat: Rotations of mocap bodies (M, nmocap, 4).
        cluster: Number of the cluster of each (M,).
    """

    qpos: Array
    qvel: Array
    ctrl: Array
    mocap_pos: Array
    mocap_quat: Array
    cluster: NDArray[np.int64]

    def __post_init__(self) -> None:
        for item in fields(self):
            array = getattr(self, item.name)
            if len(array) != len(self.qpos) or not len(array):
                raise TaskError(f"{item.name} of the snapshots has {len(array)} rows; allowed: {len(self.qpos)}, not 0")
            if not np.isfinite(array).all():
                raise TaskError(f"{item.name} of the snapshots holds numbers that are not finite")

    def __len__(self) -> int:
        """How many states there are."""
        return len(self.qpos)

    @cached_property
    def order(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """The states sorted by cluster (M,), and where each cluster begins, with the end (clusters + 1,)."""
        order = np.argsort(self.cluster, kind="stable")
        _, sizes = np.unique(self.cluster, return_counts=True)
        return order, np.concatenate(([0], np.cumsum(sizes)))

    def choose(self, shares: Array) -> NDArray[np.int64]:
        """Return states (n,): a cluster each, all equally likely, then a state in it.

        Args:
            shares: Uniform random numbers in [0, 1) of shape (n, 2).
        """
        order, edges = self.order
        sizes = np.diff(edges)
        cluster = (shares[:, 0] * len(sizes)).astype(np.int64)
        return order[edges[cluster] + (shares[:, 1] * sizes[cluster]).astype(np.int64)]

    def save(self, path: str | Path) -> None:
        """Write a ``.npz`` file."""
        np.savez_compressed(path, **{item.name: getattr(self, item.name) for item in fields(self)})

    @classmethod
    def load(cls, path: str | Path) -> "Snapshots":
        """Read a file that `save` wrote.

        Raises:
            TaskError: If it is another file, or holds numbers that are not finite.
        """
        try:
            with np.load(path, allow_pickle=False) as file:
                return cls(**{item.name: file[item.name] for item in fields(cls)})
        except (KeyError, ValueError) as error:
            raise TaskError(f"{path} holds no snapshots: {error}") from None


def collect(
    world: "MujocoWorld",
    act: Act,
    steps: int,
    every: int = 10,
    clusters: int = _CLUSTERS,
    signals: tuple[str, ...] = (),
    seed: int = 0,
) -> Snapshots:
    """Let a teacher act, keep the states it goes through, and cluster them.

    Args:
        world: Where it acts; its episodes start again as they end.
        act: The teacher, or anybody.
        steps: Control steps to run.
        every: Keep the states of every so many steps.
        clusters: How many groups to make.
        signals: What makes two states alike: names of signals; positions and velocities by default.
        seed: Of the first centres.

    Raises:
        ValueError: If a number is out of its range.
    """
    if every < 1 or steps < every:
        raise ValueError(f"steps is {steps} and every {every}; allowed: every from 1 to steps")
    bound = {name: world.engine.batch.bind(name) for name in ("qpos", "qvel", "ctrl", "mocap_pos", "mocap_quat")}
    kept: dict[str, list[Array]] = {name: [] for name in bound}
    alike: list[Array] = []
    for step in range(1, steps + 1):
        world.step_and_restart(act(world.observation, world.signals))
        if step % every:
            continue
        for name, values in bound.items():
            kept[name].append(values.copy())
        looks = [world.flat(name) for name in signals] or [bound["qpos"], bound["qvel"]]
        alike.append(np.concatenate(looks, axis=1).astype(np.float64))
    states = {name: np.concatenate(values) for name, values in kept.items()}
    return Snapshots(**states, cluster=cluster(np.concatenate(alike), clusters, seed))


def cluster(features: Array, count: int, seed: int) -> NDArray[np.int64]:
    """Return the cluster of each row (M,), by k-means on standardised columns.

    Args:
        features: What makes two rows alike (M, columns).
        count: How many clusters; fewer come out where there are fewer different rows.
        seed: Of the first centres.

    Raises:
        ValueError: If there are fewer rows than clusters.
    """
    if not 1 <= count <= len(features):
        raise ValueError(f"clusters is {count}; allowed: 1 to {len(features)}, the number of states")
    spread = features.std(axis=0)
    columns = spread > 1e-9 * max(float(spread.max()), 1e-300)
    if not columns.any():
        return np.zeros(len(features), np.int64)
    rows = (features[:, columns] - features[:, columns].mean(axis=0)) / spread[columns]
    distinct = min(count, len(np.unique(rows, axis=0)))
    first = np.random.default_rng(seed)
    with warnings.catch_warnings():
        # A cluster may lose all its rows; there is then one less.
        warnings.simplefilter("ignore", UserWarning)
        _, labels = kmeans2(rows, distinct, iter=_ROUNDS, minit="++", rng=first)
    # Numbers without gaps, for clusters that lost all their rows.
    return np.unique(labels, return_inverse=True)[1].astype(np.int64)


def starting_from(
    task: MujocoTask, snapshots: Snapshots, share: float = 1.0, truncate_after_s: float | None = None
) -> MujocoTask:
    """Return the task whose episodes start in stored states.

    Args:
        task: The task; its own reset rules still apply to the other episodes.
        snapshots: The states, of the same model.
        share: Share of the episodes that start in one.
        truncate_after_s: Length of an episode [s]; the task's own by default. The paper cuts after a hundred steps.

    Raises:
        TaskError: If the states are of another model, or the share is out of range.
    """
    check_number("share of episodes that start from snapshots", share, 0.0, 1.0)
    model = task.model
    for name, size in (("qpos", model.nq), ("qvel", model.nv), ("ctrl", model.nu), ("mocap_pos", model.nmocap)):
        found = getattr(snapshots, name).shape[1]
        if found != size:
            raise TaskError(f"{name} of the snapshots has {found} columns; the model of {task.name!r} has {size}")
    start = Arrange(partial(_start, snapshots=snapshots, share=share))
    length = task.truncate_after_s if truncate_after_s is None else truncate_after_s
    return replace(task, reset=(*task.reset, start), truncate_after_s=length)


def _start(start: Start, snapshots: Snapshots, share: float) -> None:
    draws = start.uniform(3)
    from_store = draws[:, 0] < share
    states = snapshots.choose(draws[:, 1:])[from_store]
    for name in ("qpos", "qvel", "ctrl", "mocap_pos", "mocap_quat"):
        getattr(start, name)[from_store] = getattr(snapshots, name)[states]
