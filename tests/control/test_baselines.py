"""Policies of Stable-Baselines3 as Telic's data, and training through it."""

import gymnasium
import numpy as np
import pytest
import torch
from gymnasium.vector import AutoresetMode, SyncVectorEnv

pytest.importorskip("stable_baselines3", reason="needs telic[baselines]")

from stable_baselines3 import PPO, SAC, TD3
from stable_baselines3.common.vec_env import VecNormalize

from telic.control.baselines.learner import MODEL, Sb3Config, train_sb3
from telic.control.baselines.sb3_env import sb3_env
from telic.control.baselines.weights import ConversionError, FastTanh, policy_weights
from telic.control.controller import PolicyController
from telic.control.make import make_vec
from telic.control.policy import PolicyWeights
from telic.control.returns import environment_returns


class Follow(gymnasium.Env):
    """Says a number and wants half of it back; its actions reach from -2 to 2."""

    observation_space = gymnasium.spaces.Box(-1.0, 1.0, (1,), np.float32)
    action_space = gymnasium.spaces.Box(-2.0, 2.0, (1,), np.float32)

    def reset(self, *, seed=None, options=None):
        super().reset(seed=seed)
        self.steps = 0
        return self.say(), {}

    def step(self, action):
        error = abs(0.5 * self.number - action)[0]
        self.steps += 1
        return self.say(), float(-error), False, self.steps == 10, {"is_success": error < 0.3}

    def say(self):
        self.number = self.np_random.uniform(-1.0, 1.0, 1).astype(np.float32)
        return self.number


class Choose(Follow):
    """Wants to be told which half of its range the number is in."""

    action_space = gymnasium.spaces.Discrete(2)

    def step(self, action):
        return super().step(np.array([1.0 if action else -1.0]))


def environments(kind=Follow, number=4):
    return SyncVectorEnv([kind] * number, autoreset_mode=AutoresetMode.SAME_STEP)


def model(kind, activation=FastTanh, env=None, **arguments):
    return kind(
        "MlpPolicy",
        env or sb3_env(environments(number=1)),
        policy_kwargs={"net_arch": [8, 8], "activation_fn": activation},
        seed=0,
        **arguments,
    )


OBSERVATIONS = np.linspace(-3.0, 3.0, 50, dtype=np.float32)[:, None]


@pytest.mark.parametrize("activation", [FastTanh, torch.nn.ReLU])
def test_a_ppo_policy_is_carried_to_rounding(activation):
    trained = model(PPO, activation)
    weights = policy_weights(trained)
    expected = np.clip(trained.predict(OBSERVATIONS, deterministic=True)[0], -1.0, 1.0)
    np.testing.assert_allclose(PolicyController(weights).act(OBSERVATIONS), expected, atol=1e-6)


def test_the_normaliser_is_carried_too():
    env = VecNormalize(sb3_env(environments()))
    env.reset()
    for _ in range(20):
        env.step(np.zeros((4, 1)))
    trained = model(PPO, env=env)
    expected = trained.predict(env.normalize_obs(OBSERVATIONS), deterministic=True)[0]
    act = PolicyController(policy_weights(trained)).act
    np.testing.assert_allclose(act(OBSERVATIONS), np.clip(expected, -1.0, 1.0), atol=1e-5)


@pytest.mark.parametrize("kind", [SAC, TD3])
def test_what_ends_in_tanh_is_refused_or_near(kind):
    trained = model(kind, torch.nn.ReLU)
    with pytest.raises(ConversionError, match=r"has tanh, which Telic's exports do not.*approximate_tanh=True"):
        policy_weights(trained)
    weights = policy_weights(trained, approximate_tanh=True)
    # The actions of the model reach from -2 to 2, those of the policy from -1 to 1.
    expected = 0.5 * trained.predict(OBSERVATIONS, deterministic=True)[0]
    np.testing.assert_allclose(PolicyController(weights).act(OBSERVATIONS), expected, atol=0.025)


@pytest.mark.parametrize(
    ("activation", "message"), [(torch.nn.Tanh, "activation_fn': FastTanh"), (torch.nn.ELU, "allowed: FastTanh, ReLU")]
)
def test_layers_that_telic_does_not_have_are_refused(activation, message):
    with pytest.raises(ConversionError, match=message):
        policy_weights(model(PPO, activation))


def test_policies_of_pictures_are_refused():
    env = sb3_env(SyncVectorEnv([Pictures], autoreset_mode=AutoresetMode.SAME_STEP))
    with pytest.raises(ConversionError, match="ActorCriticCnnPolicy; allowed: MlpPolicy"):
        policy_weights(PPO("CnnPolicy", env, n_steps=2, batch_size=2))


class Pictures(Follow):
    observation_space = gymnasium.spaces.Box(0, 255, (36, 36, 3), np.uint8)


@pytest.mark.parametrize(
    ("algorithm", "steps"), [("sb3-ppo", 4000), ("sb3-td3", 1200), ("sb3-sac", 1200)], ids=["ppo", "td3", "sac"]
)
def test_each_algorithm_learns_and_its_policy_acts_alike(algorithm, steps, tmp_path):
    config = Sb3Config(
        steps=steps, hidden=(32,), rollout=64, batch=64, epochs=5, learning_rate=3e-3, gamma=0.1, report_every=400
    )
    rows = []
    result = train_sb3(environments(), algorithm, config, tmp_path, rows.append)
    assert rows == result.history and rows[-1]["step"] >= steps
    assert rows[-1]["episode_steps"] == 10 and 0.0 <= rows[-1]["success_fraction"] <= 1.0
    assert (tmp_path / MODEL).is_file()
    # The policy's actions in -1..1 are -2..2 of the world's.
    act = PolicyController(result.weights).act
    measured = environment_returns(environments(), lambda seen: 2.0 * act(seen), episodes=40)
    assert measured.total.mean() > -1.5 and measured.succeeded.mean() > 0.9
    # One that always answers 0 has a return of -2.5.
    resting = environment_returns(environments(), np.zeros_like, episodes=40)
    assert resting.total.mean() == pytest.approx(-2.5, abs=0.3)


def test_choices_are_learned_by_ppo_only(tmp_path):
    config = Sb3Config(steps=256, rollout=32, hidden=(8,))
    weights = train_sb3(environments(Choose), "sb3-ppo", config).weights
    assert weights.num_outputs == 2
    with pytest.raises(ValueError, match="sb3-sac needs actions that are numbers"):
        train_sb3(environments(Choose), "sb3-sac", config)


def test_the_same_seed_gives_the_same_policy():
    policies = []
    for _ in range(2):
        env = environments()
        policies.append(train_sb3(env, "sb3-ppo", Sb3Config(steps=256, rollout=32, hidden=(8,), seed=5)).weights)
    for one, two in zip(*(policy.layers for policy in policies), strict=True):
        np.testing.assert_array_equal(one.weight, two.weight)


def test_weights_survive_a_file(tmp_path):
    weights = policy_weights(model(PPO))
    weights.save(tmp_path / "policy.safetensors")
    again = PolicyWeights.load(tmp_path / "policy.safetensors")
    np.testing.assert_array_equal(
        PolicyController(again).act(OBSERVATIONS), PolicyController(weights).act(OBSERVATIONS)
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [({"steps": 0}, "steps is 0"), ({"gamma": 1.5}, "gamma is 1.5"), ({"seed": -1}, "for evaluation")],
)
def test_numbers_out_of_range_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        Sb3Config(**arguments)


def test_rows_have_the_terms_of_the_reward_and_what_a_probe_finds():
    env = make_vec("cartpole", num_envs=2, seed=0)
    asked = []

    def probe(weights):
        asked.append(weights.num_inputs)
        return {"score": len(asked)}

    config = Sb3Config(steps=128, rollout=32, hidden=(8,), report_every=64)
    rows = train_sb3(env, "sb3-ppo", config, probe=probe).history
    assert [row["score"] for row in rows] == [1, 2]
    assert set(rows[0]["terms"]) == {"upright", "calm", "centre", "effort"}
    assert 0.5 < rows[0]["terms"]["upright"] < 1.0 and rows[0]["terms"] != rows[1]["terms"]
    assert asked == [5, 5]
