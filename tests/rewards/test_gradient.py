"""Gradients: right where they exist, finite where they do not."""

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from telic.rewards.backends import numba as numba_backend
from telic.rewards.backends import torch as torch_backend
from telic.rewards.ir import schedule

EXPRESSIONS = (
    "norm(action - (0.1, 0.2, 0.3, 0.4))",
    "square(norm(action))",
    "dot(action, previous_action)",
    "sum(action * previous_action / (2.0 + abs(previous_action)))",
    "sqrt(1.5 + action[0])",
    "exp(-action[0]) * log(2.0 + action[1])",
    "sin(action[0]) * cos(action[1]) + tanh(action[2])",
    "arctan2(action[0], action[1]) / radian",
    "minimum(action[0], action[1]) * maximum(action[2], 0.1) + clip(action[3], -0.5, 0.5)",
    "sum(abs(action))",
    "action[0] if action[1] > action[2] else 2.0 * action[3]",
    "(action[0] + 2.0) ** -1.5 + action[1] ** 3",
    "tolerance(norm(action), bound=0.2, margin=1.0)",
    'tolerance(action[0], lower=-0.2, upper=0.1, margin=0.5, sigmoid="long_tail")',
    'tolerance(action[0], bound=0.1, margin=0.5, sigmoid="cosine")',
    'tolerance(action[0], bound=0.1, margin=0.5, sigmoid="hyperbolic")',
    "norm(to_body(rotation, to_world(rotation, (action[0], action[1], action[2]))))",
    "norm(cross((action[0], action[1], 1.0), (action[2], 0.5, action[3])))",
    "wrap_angle(4.0 * action[0] * radian) * trace(rotation)",
    "-action[0] * (action[1] > 0) - terminated",
)


def exact_gradients(program, data) -> list[np.ndarray]:
    """By torch's own operations in float64."""
    tensors = {name: torch.tensor(data[name], dtype=torch.float64, requires_grad=True) for name in program.inputs}
    results = tuple(term.node for term in program.term_list)
    values = torch_backend.evaluate(schedule(results), results, tensors, data["action"].shape[:1])
    gradients = torch.autograd.grad(sum(values).sum(), list(tensors.values()), allow_unused=True)
    return [
        np.zeros_like(data[name]) if gradient is None else gradient.numpy()
        for name, gradient in zip(program.inputs, gradients, strict=True)
    ]


def interpreted_gradients(program, data) -> list[np.ndarray]:
    """By the generated gradient kernel, without compiling it."""
    source = numba_backend.gradient_kernel_source(*program._steps, program._inputs)
    packed = program.pack(data)
    gradients = tuple(np.full_like(array, np.nan) for array in packed)
    with np.errstate(all="ignore"):
        numba_backend.compiled(source).py_func(
            packed, np.ones((len(packed[0]), len(program.term_names)), np.float32), gradients
        )
    return [gradient.reshape(data[name].shape) for name, gradient in zip(program.inputs, gradients, strict=True)]


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_fused_gradient_equals_torchs_own(expression, reward_of, flight_data):
    program, data = reward_of(expression), flight_data(20)
    for fused, exact in zip(interpreted_gradients(program, data), exact_gradients(program, data), strict=True):
        np.testing.assert_allclose(fused, exact, rtol=2e-4, atol=2e-5)


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_torchs_own_gradient_equals_finite_differences(expression, reward_of, flight_data):
    program, data = reward_of(expression), flight_data(20)
    results = tuple(term.node for term in program.term_list)
    exact = exact_gradients(program, data)[program.inputs.index("action")]
    tensors = {name: torch.tensor(data[name], dtype=torch.float64) for name in program.inputs}

    def value(action: torch.Tensor) -> torch.Tensor:
        return torch_backend.evaluate(schedule(results), results, {**tensors, "action": action}, (20,))[0]

    for element in range(4):
        step = torch.zeros(20, 4, dtype=torch.float64)
        step[:, element] = 1e-6
        difference = (value(tensors["action"] + step) - value(tensors["action"] - step)) / 2e-6
        np.testing.assert_allclose(difference.numpy(), exact[:, element], rtol=1e-3, atol=1e-4)


AT_ZERO = (
    "norm(action)",
    "sqrt(sum(square(action)))",
    "sqrt(action[0])",
    "norm(action) ** 1.5",
    "tolerance(norm(action), bound=0.0, margin=0.6)",
    'tolerance(norm(action), margin=0.6, sigmoid="linear")',
    "exp(-norm(action))",
    "arctan2(action[0], action[1])",
    "sum(abs(action))",
    "maximum(action[0], action[1])",
)


@pytest.mark.parametrize("expression", AT_ZERO)
def test_gradient_at_zero_is_finite(expression, reward_of):
    program, data = reward_of(expression), {"action": np.zeros((2, 4), np.float32)}
    for gradients in (interpreted_gradients(program, data), exact_gradients(program, data)):
        assert np.isfinite(gradients[0]).all()


def test_gradient_of_a_norm_at_zero_is_zero(reward_of):
    program, data = reward_of("norm(action)"), {"action": np.zeros((1, 4), np.float32)}
    np.testing.assert_array_equal(interpreted_gradients(program, data)[0], 0)
    np.testing.assert_array_equal(exact_gradients(program, data)[0], 0)


def test_torch_terms_backpropagate_through_the_fused_kernels(hover, flight_data):
    data = flight_data(6, 5)
    tensors = {name: torch.tensor(data[name], requires_grad=True) for name in hover.inputs}
    weights = {"place": 1.0, "still": 2.0, "upright": -1.0, "effort": 0.5}
    loss = sum(weights[name] * value.mean() for name, value in hover.torch_terms(tensors).items())
    fused = torch.autograd.grad(loss, list(tensors.values()))

    doubles = {name: torch.tensor(data[name], dtype=torch.float64, requires_grad=True) for name in hover.inputs}
    loss = sum(weights[name] * value.mean() for name, value in hover.torch_terms(doubles).items())
    exact = torch.autograd.grad(loss, list(doubles.values()))
    for a, b in zip(fused, exact, strict=True):
        assert a.shape == b.shape
        torch.testing.assert_close(a.double(), b, rtol=1e-4, atol=1e-7)


def test_fused_gradient_reaches_only_the_tensors_that_ask(hover, flight_data):
    data = flight_data(5)
    tensors = {name: torch.tensor(data[name]) for name in hover.inputs}
    assert not hover.torch_terms(tensors)["place"].requires_grad
    tensors["velocity"].requires_grad_()
    hover.torch_terms(tensors)["still"].sum().backward()
    torch.testing.assert_close(tensors["velocity"].grad, -0.2 * tensors["velocity"])


def test_gradient_kernel_weighs_the_terms(hover, flight_data):
    packed = hover.pack(flight_data(3))
    gradients = tuple(np.empty_like(array) for array in packed)
    weights = np.zeros((3, 4), np.float32)
    weights[:, hover.term_names.index("upright")] = 7.0
    hover.gradient_kernel(packed, weights, gradients)
    rotation = gradients[hover.inputs.index("rotation")]
    np.testing.assert_array_equal(rotation, np.tile(np.float32([0] * 8 + [7]), (3, 1)))
    assert not any(gradients[hover.inputs.index(name)].any() for name in ("position", "velocity", "action"))


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(chain=st.lists(st.sampled_from(["sin({})", "tanh({})", "0.5 * ({} + action[1])", "{} * action[2]"]), max_size=6))
def test_fused_gradient_of_random_chains_equals_torchs_own(chain, reward_of, flight_data):
    expression = "action[0]"
    for link in chain:
        expression = link.format(expression)
    program, data = reward_of(expression), flight_data(5)
    for fused, exact in zip(interpreted_gradients(program, data), exact_gradients(program, data), strict=True):
        np.testing.assert_allclose(fused, exact, rtol=1e-4, atol=1e-5)
