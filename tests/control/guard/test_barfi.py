"""Behaviour-aligned blending on a corridor that is solved exactly: what helps is used, what harms is ignored.

Seven places in a row; an episode begins in the middle and walks left or right for ever, discounted. Only the last place
on the right is worth something to the primary reward.
"""

import numpy as np
import pytest
import torch

from telic.control.guard.barfi import BarfiConfig, align, implicit_gradient
from telic.replay.signal import Signal
from telic.rewards.blend import Blend

pytestmark = pytest.mark.usefixtures("one_thread")

PLACES, START, GAMMA = 7, 3, 0.9
LEFT, RIGHT = 0, 1
CONFIG = BarfiConfig(outer_steps=20, inner_steps=40, inner_rate=0.05, outer_rate=0.4, decay=0.1)
PLACE = Signal("place", (PLACES,), description="Which place, one of seven numbers is one.")

# Place and action of every step that there is.
STEPS = {
    "place": torch.eye(PLACES).repeat_interleave(2, 0).reshape(PLACES, 2, PLACES),
    "action": torch.arange(2.0).expand(PLACES, 2),
}


class Table:
    """A reward of place and action from a table (places, 2)."""

    inputs = ("place", "action")

    def __init__(self, name, table):
        self.fingerprint, self.table = name, torch.tensor(table, dtype=torch.float32)

    def torch_terms(self, inputs):
        of_place = inputs["place"] @ self.table
        return {"table": torch.where(inputs["action"] > 0.5, of_place[..., RIGHT], of_place[..., LEFT])}

    def terms(self, inputs):
        return {
            name: values.numpy()
            for name, values in self.torch_terms({n: torch.from_numpy(v) for n, v in inputs.items()}).items()
        }


def table(left, right):
    values = np.zeros((PLACES, 2))
    values[:, LEFT], values[:, RIGHT] = left, right
    return values


PRIMARY = Table("goal", table(0.0, 0.0) + 0.1 * np.eye(PLACES)[-1][:, None])
HEURISTICS = {"helps": Table("right", table(0.0, 0.1)), "harms": Table("left", table(0.2, 0.0))}


MOVES = torch.zeros(PLACES, 2, PLACES)
for place in range(PLACES):
    MOVES[place, LEFT, max(place - 1, 0)] = MOVES[place, RIGHT, min(place + 1, PLACES - 1)] = 1.0


def value(logits, rewards):
    """The discounted return of a softmax policy from the start, exactly."""
    policy = torch.softmax(logits, -1)
    step = torch.einsum("pa,paq->pq", policy, MOVES.to(policy.dtype))
    eye = torch.eye(PLACES, dtype=policy.dtype)
    return torch.linalg.solve(eye - GAMMA * step, (policy * rewards).sum(-1))[START]


def trained_with(rewards, steps=500):
    """The primary return of the policy that one reward alone leads to."""
    theta = torch.zeros(PLACES, 2, requires_grad=True)
    optimiser = torch.optim.Adam([theta], lr=CONFIG.inner_rate, maximize=True)
    for _ in range(steps):
        (theta.grad,) = torch.autograd.grad(value(theta, rewards) - CONFIG.decay / 2 * (theta**2).sum(), theta)
        optimiser.step()
    return float(value(theta.detach(), total(PRIMARY)))


def total(reward):
    return sum(reward.torch_terms(STEPS).values())


def aligned(heuristic, seen=()):
    blend = Blend(PRIMARY, heuristic, seen)
    theta = torch.zeros(PLACES, 2, requires_grad=True)
    history = align(
        lambda: value(theta, total(blend)),
        lambda: value(theta, total(PRIMARY)),
        [theta],
        list(blend.network.parameters()),
        CONFIG,
    )
    _, _, weight = blend.weights(STEPS)
    return history, weight.detach()


@pytest.fixture(scope="module")
def alone():
    return trained_with(total(PRIMARY))


def test_a_harmful_heuristic_is_ignored(alone):
    added = trained_with(total(PRIMARY) + total(HEURISTICS["harms"]))
    assert added < 0.2 * alone
    history, weight = aligned(HEURISTICS["harms"])
    assert float(weight.max()) < 0.1
    assert history[-1] > 0.9 * alone


def test_a_good_heuristic_is_used_and_helps(alone):
    history, weight = aligned(HEURISTICS["helps"])
    assert float(weight.min()) > 0.8
    assert history[-1] > 1.15 * alone


def test_weights_that_see_the_place_leave_out_the_half_that_harms(alone):
    # Right in the left half of the corridor, wrong in the right half.
    mixed = table(0.0, 0.0)
    mixed[: START + 1, RIGHT], mixed[START + 1 :, LEFT] = 0.05, 0.2
    assert trained_with(total(PRIMARY) + total(Table("mixed", mixed))) < 0.5 * alone
    history, weight = aligned(Table("mixed", mixed), (PLACE,))
    assert float(weight[START + 1].max()) < 0.3
    assert history[-1] > 0.9 * alone


def test_the_gradient_through_the_optimum_is_that_of_solving_again():
    theta = torch.zeros(PLACES, 2, dtype=torch.float64, requires_grad=True)
    phi = torch.tensor([0.7, 0.2], dtype=torch.float64, requires_grad=True)
    rewards = [total(reward).double() for reward in (PRIMARY, HEURISTICS["helps"])]

    def inner():
        return value(theta, phi[0] * rewards[0] + phi[1] * rewards[1]) - 0.05 * (theta**2).sum()

    def solve(at):
        with torch.no_grad():
            phi.copy_(torch.tensor(at, dtype=torch.float64))
            theta.zero_()
        optimiser = torch.optim.LBFGS([theta], max_iter=400, tolerance_grad=1e-12, tolerance_change=1e-14)

        def loss():
            (theta.grad,) = torch.autograd.grad(-inner(), theta)
            return -inner()

        optimiser.step(loss)
        return value(theta, rewards[0]).item()

    (found,) = implicit_gradient(inner, lambda: value(theta, rewards[0]), [theta], [phi]) if solve([0.7, 0.2]) else ()
    step = 1e-4
    for number, direction in enumerate(np.eye(2)):
        ahead, behind = (solve(([0.7, 0.2] + sign * step * direction).tolist()) for sign in (1, -1))
        assert float(found[number]) == pytest.approx((ahead - behind) / (2 * step), rel=1e-3)


@pytest.mark.parametrize("wrong", [{"outer_steps": 0}, {"inner_rate": 0.0}, {"decay": float("nan")}])
def test_nonsense_is_refused(wrong):
    with pytest.raises(ValueError):
        BarfiConfig(**wrong)


def test_an_objective_that_is_not_finite_is_told():
    theta = torch.zeros(1, requires_grad=True)
    with pytest.raises(ArithmeticError, match="inner_rate"):
        align(lambda: theta.sum(), lambda: theta.sum() / 0.0 * 0.0, [theta], [torch.zeros(1, requires_grad=True)])
