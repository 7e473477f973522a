"""Short-horizon actor-critic: the policy learns from gradients through the simulator, closed by a critic.

Xu et al. 2022, "Accelerated Policy Learning with Parallel Differentiable Simulation" (SHAC), with three changes: the
critic is asymmetric (it sees disturbances and rotor speeds, Pinto et al. 2018), it learns from n-step returns out of
the shared replay, so that a changed reward needs no new flights, and the simulator's derivatives are written by hand.

One update:

    fly        T steps of every vehicle with the current policy
    actor      ascend   J = 1/(N T) sum_t gamma^t r(s_t, a_t) + gamma^T V(s_T)   through policy and simulator   (eq. 5)
    critic     descend  (V(s_t) - [sum_k gamma^k r_{t+k} + gamma^n V'(s_{t+n})])^2   on samples of the replay   (eq. 7)
"""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from telic.control.critic import Critic
from telic.control.features import critic_view, sensors_of
from telic.control.fleet import IN_STATE, FlightFleet
from telic.control.objective import DifferentiableReward, RewardObjective
from telic.control.policy import Policy
from telic.control.settle import settled
from telic.control.window.backward import backpropagate
from telic.control.window.data import Flags, Floats, Network, Window, empty_gradient, empty_window
from telic.control.window.forward import fly
from telic.control.window.sensors import SENSOR_SIZE, sense_rows, sense_rows_vjp
from telic.replay.replay import Replay
from telic.sim.task import Task


class DivergedError(ArithmeticError):
    """Training produced numbers that are not finite."""


@dataclass(frozen=True)
class ShacConfig:
    """What can be chosen about the algorithm.

    Attributes:
        num_envs: Vehicles that fly together, N.
        horizon: Steps of a window, T.
        chunks: Groups of vehicles that fly on threads of their own. Changes the order of sums, hence the last bits.
        hidden: Widths of the policy's hidden layers.
        actor_learning_rate: At the start; it falls to `final_learning_rate` along a half cosine.
        final_learning_rate: At the end.
        critic_learning_rate: Constant.
        gamma: Discount per step.
        max_gradient: Largest norm of the actor's gradient.
        critic_batch: Transitions per critic step.
        critic_steps: Critic steps per update.
        n_step: Rewards in a critic's target.
        episode_s: Time after which a flight is cut in training, if the task's own limit is not earlier [s]. The critic
            stands for the rest; the sooner new flights start, the more of the experience is recovery.
        target_rate: How far the target critic follows per update.
        replay_windows: Windows that the replay holds: old ones come from a policy that no longer exists.
    """

    num_envs: int = 64
    horizon: int = 64
    chunks: int = 2
    hidden: tuple[int, ...] = (64, 64)
    actor_learning_rate: float = 6e-3
    final_learning_rate: float = 3e-4
    critic_learning_rate: float = 2e-3
    gamma: float = 0.99
    max_gradient: float = 1.0
    critic_batch: int = 1024
    critic_steps: int = 2
    n_step: int = 16
    episode_s: float = 1.5
    target_rate: float = 0.2
    replay_windows: int = 4

    def __post_init__(self) -> None:
        for name in ("num_envs", "horizon", "chunks", "critic_batch", "critic_steps", "n_step", "replay_windows"):
            if getattr(self, name) < 1:
                raise ValueError(f"{name} is {getattr(self, name)}; allowed: 1 and more")
        if self.num_envs % self.chunks:
            raise ValueError(f"num_envs {self.num_envs} is not a multiple of chunks {self.chunks}")
        if not 0.0 < self.gamma < 1.0:
            raise ValueError(f"gamma is {self.gamma}; allowed: between 0 and 1, without them")

    @property
    def steps_per_update(self) -> int:
        """Control steps in one window of all vehicles."""
        return self.num_envs * self.horizon


@dataclass(frozen=True)
class UpdateMetrics:
    """What one update saw.

    Attributes:
        terms: Mean of each reward term per step.
        critic_loss: Mean squared error of the critic, in units of the mean reward.
        gradient_norm: Of the actor, before it was limited.
        ended: Episodes that ended in the window.
        settled: Of these, those that ended by time and near the reference.
    """

    terms: dict[str, float]
    critic_loss: float
    gradient_norm: float
    ended: int
    settled: int


class Shac:
    """The learner: policy, critic, vehicles and replay, advanced by `update`.

    Args:
        task: What to do.
        reward: What is good.
        config: How to learn.
        seed: Of everything random.

    Raises:
        FleetError: If this learner cannot fly the task.
    """

    def __init__(self, task: Task, reward: DifferentiableReward, config: ShacConfig, seed: int) -> None:
        self.task, self.reward, self.config = task, reward, config
        self.fleet = FlightFleet(task, config.num_envs, config.chunks, config.episode_s, seed)
        self.objective = RewardObjective(reward)
        self.rng = np.random.default_rng(np.random.SeedSequence(entropy=seed, spawn_key=(1,)))
        generator = torch.Generator().manual_seed(seed)
        hover = np.full(task.actions.size, task.vehicle.hover_action, np.float32)
        std = self.fleet.observation_std
        self.policy = Policy(task.observation_size, task.actions.size, config.hidden, hover, generator, std)
        self.critic = Critic(task.privileged_size, config.gamma, generator)
        self.actor_optimiser = torch.optim.Adam(
            self.policy.parameters(), lr=config.actor_learning_rate, betas=(0.9, 0.95), fused=True
        )
        self.critic_optimiser = torch.optim.Adam(
            self.critic.online.parameters(), lr=config.critic_learning_rate, betas=(0.9, 0.95), fused=True
        )
        capacity = config.replay_windows * config.horizon * config.num_envs
        self.replay = Replay(self.fleet.schema, capacity, config.num_envs)
        widths = [layer.out_features for layer in self.policy.linear]
        self._window = empty_window(
            config.horizon,
            config.chunks,
            config.num_envs // config.chunks,
            task.observation_size,
            widths,
            self.fleet.history,
        )
        self._gradient = empty_gradient(self._window)
        self._pool = ThreadPoolExecutor(config.chunks)
        self._everywhere = np.ones(self._window.instant.shape, np.bool_)

    def update(self, learning_rate: float) -> UpdateMetrics:
        """Fly one window with the current policy, and learn from it.

        Args:
            learning_rate: Of the actor.

        Raises:
            DivergedError: If a gradient is not finite.
        """
        window = self._fly()
        signals = self.fleet.signals(window)
        ended = window.terminated | window.truncated
        final = self.fleet.signals_after(window, ended)
        terms = self._find_gradient(window, signals)
        gradient_norm = self._step_actor(window, learning_rate)
        flat = (len(ended), self.config.num_envs)
        self.replay.add_window(
            signals,
            window.action.reshape(*flat, -1),
            final,
            window.terminated.reshape(flat),
            window.truncated.reshape(flat),
        )
        critic_loss = self._learn_values()
        near = settled(final["position"], final["reference_position"]) & window.truncated[ended]
        return UpdateMetrics(terms, critic_loss, gradient_norm, int(ended.sum()), int(near.sum()))

    def change_reward(self, reward: DifferentiableReward) -> None:
        """Learn from another reward from now on; what was flown is scored again, and not flown again."""
        self.replay.drop_column(self.reward.fingerprint)
        self.reward, self.objective = reward, RewardObjective(reward)

    def _network(self) -> Network:
        """The policy's layers as arrays, weights (outputs, inputs), with the division by the std in the first."""
        layers = self.policy.linear
        weights = [layer.weight.detach() for layer in layers]
        weights[0] = weights[0] / self.policy.observation_std
        biases = tuple(layer.bias.detach().numpy() for layer in layers)
        return Network(tuple(weight.numpy() for weight in weights), biases)

    def _fly(self) -> Window:
        fleet, window = self.fleet, self._window
        fleet.draw_bodies(self.rng)
        noise = self.rng.standard_normal((*window.instant.shape, fleet.sensing.index.size), dtype=np.float32)
        weights, biases = self._network()
        transposed = Network(tuple(np.ascontiguousarray(weight.T) for weight in weights), biases)
        fly(
            self._pool,
            window,
            fleet.vehicles,
            fleet.draw_starts(),
            noise,
            transposed,
            fleet.sensing,
            fleet.rules,
            fleet.bodies,
        )
        return window

    def _find_gradient(self, window: Window, signals: dict[str, Floats]) -> dict[str, float]:
        """Fill the gradient of -J with respect to the pre-activations, and return the mean of each reward term."""
        gradient, count = self._gradient, window.instant.size
        weight = discounts(window.terminated | window.truncated, self.config.gamma) * np.float32(-1.0 / count)
        after = self.fleet.signals_after(window, self._everywhere) if self.objective.looks_ahead else {}
        terms = self.objective.gradient(window, signals, after, weight, gradient)
        self._add_value_gradient(window, weight * np.float32(self.config.gamma))
        backpropagate(
            self._pool, window, gradient, self._network(), self.fleet.sensing, self.fleet.rules, self.fleet.bodies
        )
        return terms

    def _add_value_gradient(self, window: Window, weight: Floats) -> None:
        """Add to the gradient the worth of the states at which flights were cut, V times `weight` (T, C, n)."""
        cut = window.truncated.copy()
        cut[-1] = ~window.terminated[-1]
        state, wrench = window.after[cut], torch.from_numpy(window.wrench[cut])
        reference = self.fleet.rules.reference[np.minimum(window.following[cut], len(self.fleet.rules.reference) - 1)]
        sensors = np.empty((len(state), SENSOR_SIZE), np.float32)
        sense_rows(state, reference, sensors)
        seen = torch.from_numpy(sensors).requires_grad_()
        rotors = torch.from_numpy(state[:, IN_STATE["rotor_speed"]].copy()).requires_grad_()
        value = self.critic.value(critic_view(self.task.privileged, seen, rotors, wrench[:, :3], wrench[:, 3:]))
        by_sensors, by_rotors = torch.autograd.grad(
            value, (seen, rotors), torch.from_numpy(weight[cut]), materialize_grads=True
        )
        g_state = np.zeros_like(state)
        sense_rows_vjp(state, reference, by_sensors.numpy(), g_state)
        g_state[:, IN_STATE["rotor_speed"]] += by_rotors.numpy()
        self._gradient.after[cut] += g_state

    def _step_actor(self, window: Window, learning_rate: float) -> float:
        """Turn dL/dz of each layer into gradients of its weights, limit them, and take a step."""
        inputs = (window.observation, *window.activation[:-1])
        found = self._pool.map(_layer_gradient, inputs, self._gradient.pre_activation)
        for layer, (weight, bias) in zip(self.policy.linear, found, strict=True):
            layer.weight.grad, layer.bias.grad = weight, bias
        first = self.policy.linear[0].weight
        first.grad = first.grad / self.policy.observation_std if first.grad is not None else None
        norm = float(nn.utils.clip_grad_norm_(self.policy.parameters(), self.config.max_gradient))
        if not np.isfinite(norm):
            raise DivergedError(
                "the gradient through the simulator is not finite; lower the learning rate, or look for terms of the "
                "reward without a finite slope"
            )
        self.actor_optimiser.param_groups[0]["lr"] = learning_rate
        self.actor_optimiser.step()
        return norm

    def _learn_values(self) -> float:
        """Take some critic steps on n-step targets out of the replay."""
        config, loss = self.config, torch.zeros(())
        for _ in range(config.critic_steps):
            batch = self.replay.sample(
                config.critic_batch, reward=self.reward, n_step=config.n_step, gamma=config.gamma, rng=self.rng
            )
            with torch.no_grad():
                future = self.critic.value(self._view(batch.next_signals))
                target = torch.from_numpy(batch.reward) + torch.from_numpy(batch.discount) * future
            loss = self.critic.loss(self._view(batch.signals), target)
            self.critic_optimiser.zero_grad()
            loss.backward()
            self.critic_optimiser.step()
        self.critic.follow(config.target_rate)
        return float(loss.detach())

    def _view(self, signals: Mapping[str, np.ndarray]) -> torch.Tensor:
        parts = (
            sensors_of(signals),
            signals["rotor_speed"],
            signals["disturbance_force"],
            signals["disturbance_torque"],
        )
        return critic_view(self.task.privileged, *(torch.from_numpy(part) for part in parts))


def _layer_gradient(x: Floats, by_z: Floats) -> tuple[torch.Tensor, torch.Tensor]:
    """Gradients of a layer's weight and bias from its inputs and dL/dz, both (T, C, n, ...)."""
    rows = torch.from_numpy(by_z).flatten(0, 2)
    return rows.T @ torch.from_numpy(x).flatten(0, 2), rows.sum(0)


def discounts(ended: Flags, gamma: float) -> Floats:
    """Gamma to the number of steps since the start of the window or of the episode, whichever is later: (T, C, n)."""
    discount = np.empty(ended.shape, np.float32)
    running = np.ones(ended.shape[1:], np.float32)
    for t in range(len(ended)):
        discount[t] = running
        running = np.where(ended[t], np.float32(1.0), running * np.float32(gamma))
    return discount
