"""What trains the candidates: equal to the bit when repeated, and from shared experience without new steps."""

import numpy as np
import pytest

pytest.importorskip("stable_baselines3", reason="needs telic[baselines]")

from telic.control.baselines.learner import Sb3Config
from telic.control.make import reward_for
from telic.control.search.experience import SEEN, begin_with
from telic.control.search.fitness import TaskFitness
from telic.control.search.trainer import GradientTrainer, Sb3Trainer, trainer_for
from telic.replay.replay import Replay
from telic.replay.reward import total
from telic.rewards.program import parse_reward
from telic.sim.tasks.registry import make_task

SMALL = Sb3Config(num_envs=2, hidden=(8,), rollout=32, batch=32, learning_starts=20)
OTHER = '''"""Stay in the middle."""


def reward(cart_position, next_pole_velocity, action):
    return {"middle": -abs(cart_position[0]), "calm": -0.1 * abs(next_pole_velocity[0]), "effort": -square(action[0])}
'''
REMEMBERING = '''"""Go on."""


def memory(position, far=0.0 * metre):
    return {"far": maximum(far, norm(position))}


def reward(far, next_far):
    return {"progress": next_far - far}
'''


def test_the_same_program_seed_and_budget_give_the_same_training(task):
    trainer = Sb3Trainer(task, config=SMALL)
    fitness = TaskFitness(task, reward_for(task))

    def probe(weights):
        return {"fitness": float(fitness(weights, 2, 0).scores.mean())}

    one, two = (trainer(reward_for(task), 7, 64, probe) for _ in range(2))
    assert one.curve == two.curve
    assert set(one.curve[0]) == {"step", "terms", "fitness"} | ({"reward"} & set(one.curve[0]))
    for mine, other in zip(one.weights.layers, two.weights.layers, strict=True):
        assert np.array_equal(mine.weight, other.weight)


def test_an_off_policy_learner_begins_with_relabelled_experience(task, tmp_path, monkeypatch):
    path = tmp_path / "experience.safetensors"
    trainer = Sb3Trainer(task, "sb3-sac", SMALL, path)
    trainer.first(reward_for(task), 3, 60)
    replay = Replay.load(path)
    assert len(replay) == 60 and replay.num_streams == 2

    other = parse_reward(OTHER, task.schema)
    begun = []
    monkeypatch.setattr(
        "telic.control.search.trainer.begin_with",
        lambda model, path, reward: begun.append((model, begin_with(model, path, reward))),
    )
    training = trainer(other, 4, 20, lambda weights: {})
    ((model, taken),) = begun
    assert taken == 60 and training.steps == 20
    # The first 30 rows of both environments are the stored steps, with the rewards of the other program.
    buffer, slots = model.replay_buffer, replay.slots()
    stored = replay.read(slots.ravel())
    expected = total(other.terms(stored.inputs(other.inputs))).reshape(slots.shape)
    assert np.allclose(buffer.rewards[:30], expected, atol=1e-6)
    assert np.array_equal(buffer.observations[:30].reshape(60, -1), stored.signals[SEEN])
    # An episode goes on: where it does, the next observation is that of the next row.
    goes_on = buffer.dones[:29] == 0.0
    assert np.array_equal(buffer.next_observations[:29][goes_on], buffer.observations[1:30][goes_on])
    assert np.abs(buffer.actions[:30]).max() <= 1.0
    # It learns from its first step on.
    assert buffer.size() == 40 and model._n_updates == 20


def test_who_learns_from_its_own_deeds_only_shares_nothing(task, tmp_path):
    with pytest.raises(ValueError, match="sb3-ppo learns from what its own policy does"):
        trainer_for(task, "sb3-ppo", experience=tmp_path)
    with pytest.raises(ValueError, match="nothing can be shared"):
        trainer_for(make_task("hover"), experience=tmp_path)


def test_flights_are_trained_by_the_gradient_and_refuse_memory():
    hover = make_task("hover")
    trainer = trainer_for(hover)
    assert isinstance(trainer, GradientTrainer)
    remembering = parse_reward(REMEMBERING, hover.schema)
    assert "without `memory`" in trainer.objections(remembering)[0]
    assert trainer.objections(reward_for(hover)) == []


def test_a_flight_has_a_curve_and_is_probed():
    hover = make_task("hover")
    trainer = trainer_for(hover)
    training = trainer(reward_for(hover), 1, 2 * trainer.config.shac.steps_per_update, lambda weights: {"fitness": 0.5})
    assert training.steps == 2 * trainer.config.shac.steps_per_update
    assert [set(row) for row in training.curve] == [{"step", "reward", "terms", "fitness"}] * 2
    assert training.weights.num_outputs == 4


def test_time_after_an_early_end_is_no_success(task):
    """A policy that pushes to one side falls: what came before its end is counted over the whole episode."""
    from telic.control.policy import Dense, PolicyWeights

    zero, one = np.zeros(5, np.float32), np.ones(5, np.float32)

    def constant(push):
        return PolicyWeights((Dense(zero[None], np.array([push], np.float32), "identity"),), zero, one, None)

    long = make_task("cartpole", duration_s=4.0)
    found = TaskFitness(long, reward_for(long))(constant(1.0), 8, 0)
    assert (found.steps < 100).all()
    assert (found.scores <= found.steps / long.episode_steps).all()
