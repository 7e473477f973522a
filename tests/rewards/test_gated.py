"""A heuristic behind a gate, and a heuristic blended with what is meant."""

import numpy as np
import pytest
import torch

from telic.replay.replay import Replay
from telic.replay.reward import Reward, total
from telic.replay.schema import Schema
from telic.rewards.blend import Blend
from telic.rewards.gated import Gated
from telic.rewards.program import parse_reward
from telic.sim.tasks.registry import make_task

TASK = make_task("cartpole")


def program(reward, success="True", parameters="cart_position, cart_velocity"):
    condition = f"\n\ndef success({parameters}):\n    return {success}\n" if success != "True" else ""
    return parse_reward(
        f'"""A test."""\n\n\ndef reward({parameters}):\n    return {{"term": {reward}}}\n{condition}', TASK.schema
    )


NEAR = program("-abs(cart_position[0])")
SLOW = program("-abs(cart_velocity[0])", "cart_position[0] > 0.0")
ROWS = {
    "cart_position": np.array([[-1.0], [2.0], [0.5]], np.float32),
    "cart_velocity": np.array([[3.0], [4.0], [5.0]], np.float32),
}


def tensors(**changed):
    return {name: torch.from_numpy(values.copy()).requires_grad_() for name, values in (ROWS | changed).items()}


def test_behind_a_gate_a_reward_counts_only_while_the_gate_holds():
    np.testing.assert_array_equal(total(Gated(SLOW, SLOW).terms(ROWS)), [0.0, -4.0, -5.0])
    np.testing.assert_array_equal(total(Gated(SLOW, SLOW, inverse=True).terms(ROWS)), [-3.0, 0.0, 0.0])


def test_it_can_be_added_to_what_is_meant():
    both = NEAR + 0.5 * Gated(SLOW, SLOW)
    np.testing.assert_allclose(both.total(ROWS), [-1.0, -4.0, -3.0])
    assert isinstance(Gated(SLOW, SLOW), Reward)


def test_torch_agrees_and_the_slope_is_that_of_the_reward():
    inputs = tensors()
    (values,) = Gated(SLOW, SLOW).torch_terms(inputs).values()
    np.testing.assert_array_equal(values.detach(), [0.0, -4.0, -5.0])
    (slope,) = torch.autograd.grad(values.sum(), inputs["cart_velocity"])
    np.testing.assert_array_equal(slope[:, 0], [0.0, -1.0, -1.0])


def test_its_fingerprint_is_that_of_what_decides_its_values():
    other_gate = program("-abs(cart_velocity[0])", "cart_position[0] > 1.0")
    rewards = Gated(SLOW, SLOW), Gated(NEAR, SLOW), Gated(SLOW, other_gate), Gated(SLOW, SLOW, inverse=True)
    assert len({reward.fingerprint for reward in rewards}) == 4
    same_condition = program("cart_position[0]", "cart_position[0] > 0.0")
    assert Gated(SLOW, same_condition).fingerprint == Gated(SLOW, SLOW).fingerprint


def test_a_replay_scores_it():
    replay = Replay(Schema(TASK.schema, TASK.actions), 8, 1)
    world = TASK.make_world(1, 0)
    for _ in range(4):
        signals = {name: values.copy() for name, values in world.signals.items()}
        world.step(np.zeros((1, TASK.actions.size), np.float32))
        replay.add(signals, world.action, world.signals, world.terminated, world.truncated)
    slots = replay.slots().ravel()
    steps = replay.read(slots)
    expected = np.where(steps.signals["cart_position"][:, 0] > 0, -np.abs(steps.signals["cart_velocity"][:, 0]), 0.0)
    found = replay.at(slots[:3], reward=Gated(SLOW, SLOW)).reward
    np.testing.assert_allclose(found, expected[:3], rtol=1e-6)


def test_a_blend_begins_as_the_sum_nearly_and_torch_agrees():
    blend = Blend(NEAR, SLOW)
    np.testing.assert_allclose(total(blend.terms(ROWS)), 0.9 * np.array([-4.0, -6.0, -5.5]), rtol=1e-2)
    values = torch.stack(tuple(blend.torch_terms(tensors()).values())).sum(0)
    np.testing.assert_allclose(values.detach(), total(blend.terms(ROWS)), rtol=1e-6)


def test_its_weights_see_what_they_are_shown():
    (cart,) = [signal for signal in TASK.schema if signal.name == "cart_position"]
    blend = Blend(NEAR, SLOW, [cart], bonus=0.5)
    before = blend.fingerprint
    with torch.no_grad():
        blend.network[-1].weight.copy_(torch.tensor([[1.0], [0.0], [-100.0]]))
    assert blend.fingerprint != before
    terms = blend.terms(ROWS)
    np.testing.assert_allclose(terms["learned"], 0.5 * np.tanh([-1.0, 2.0, 0.5]), rtol=1e-5)
    np.testing.assert_allclose(terms["auxiliary"], [-3.0, 0.0, 0.0], atol=1e-5)
    values = blend.torch_terms(tensors())
    np.testing.assert_allclose(values["learned"].detach(), terms["learned"], rtol=1e-6)


def test_parameters_of_a_blend_have_gradients():
    blend = Blend(NEAR, SLOW)
    value = torch.stack(tuple(blend.torch_terms(tensors()).values())).sum()
    gradients = torch.autograd.grad(value, list(blend.network.parameters()))
    assert float(gradients[-1].abs().min()) >= 0.0
    assert float(gradients[-1][2]) < 0.0


@pytest.mark.parametrize(
    ("make", "told"),
    [
        (lambda: Gated(SLOW, NEAR), "no function `success`"),
        (lambda: Blend(NEAR, SLOW, bonus=-1.0), "bonus is -1.0"),
        (lambda: Gated(REMEMBERS, SLOW), "remembers"),
        (lambda: Blend(NEAR, REMEMBERS), "remembers"),
    ],
)
def test_what_cannot_be_put_together_is_refused(make, told):
    with pytest.raises(ValueError, match=told):
        make()


REMEMBERS = parse_reward(
    '''"""Go far."""


def memory(cart_position, farthest=0.0 * metre):
    return {"farthest": maximum(farthest, cart_position[0])}


def reward(farthest, next_farthest):
    return {"progress": next_farthest - farthest}
''',
    TASK.schema,
)
