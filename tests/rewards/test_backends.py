"""One program, three ways to compute it: NumPy, torch and Numba give the same numbers."""

import re

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from telic.rewards.backends import numba as numba_backend
from telic.rewards.backends import torch as torch_backend
from telic.rewards.ir import schedule
from telic.rewards.program import RewardProgram, parse_reward

TOLERANCE = 1e-5
RELAXED = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large]}


def by_kernel(program: RewardProgram, data, kernel=None) -> dict[str, np.ndarray]:
    packed = program.pack(data)
    out = np.full((len(packed[0]), len(program.term_names)), np.nan, dtype=np.float32)
    (kernel or program.kernel)(packed, out)
    return dict(zip(program.term_names, out.T, strict=True))


def by_interpreted_kernel(program: RewardProgram, data) -> dict[str, np.ndarray]:
    """The generated text, without compiling it."""
    with np.errstate(all="ignore"):
        return by_kernel(program, data, numba_backend.compiled(program.row_source).py_func)


def by_torch_operations(program: RewardProgram, data, dtype=torch.float32) -> dict[str, np.ndarray]:
    """The path that tensors on a GPU take."""
    results = tuple(term.node for term in program.term_list)
    inputs = {name: torch.as_tensor(data[name]).to(dtype) for name in program.inputs}
    batch = data[program.inputs[0]].shape[:1]
    values = torch_backend.evaluate(schedule(results), results, inputs, batch)
    return {name: value.numpy() for name, value in zip(program.term_names, values, strict=True)}


def by_torch(program: RewardProgram, data) -> dict[str, np.ndarray]:
    tensors = {name: torch.as_tensor(data[name]) for name in program.inputs}
    return {name: value.numpy() for name, value in program.torch_terms(tensors).items()}


def assert_equal(expected: dict[str, np.ndarray], found: dict[str, np.ndarray]) -> None:
    assert list(expected) == list(found)
    for name, values in expected.items():
        np.testing.assert_allclose(found[name], values, rtol=TOLERANCE, atol=TOLERANCE, err_msg=name)


# Random expressions, built so that rounding cannot grow: every part stays within about -2 to 2. In a template, `s`
# stands for a number and `v` for a vector of four.
SCALARS = (
    "action[0]",
    "action[3]",
    "tanh(position[0] / metre)",
    "tanh(rotation[..., 2, 2])",
    "sin(reference_yaw)",
    "tanh(norm(velocity) / (metre / second))",
    "tolerance(norm(position), bound=0.5, margin=1.0)",
    "tolerance(velocity[0], lower=0.1, margin=0.4)",
    "0.75",
    "-1.25",
)
VECTORS = ("action", "tanh(previous_action)", "(0.5, -0.5, action[0], 1.0)", "tanh(rotor_speed)", "abs(action)")
SCALAR_TEMPLATES = (
    "0.5 * (<s> + <s>)",
    "0.5 * (<s> - <s>)",
    "tanh(<s> * <s>)",
    "(<s> / (1.5 + square(<s>)))",
    "minimum(<s>, <s>)",
    "maximum(<s>, <s>)",
    "clip(<s>, -0.5, 0.75)",
    "sqrt(0.25 + abs(<s>))",
    "exp(-square(<s>))",
    "log(2.0 + square(<s>))",
    "(0.5 * <s>) ** 3",
    "arctan2(<s>, 1.0 + square(<s>)) / radian",
    "(<s> if <s> > <s> else <s>)",
    "(<s> if <s> > 0.1 and not <s> < -0.3 or terminated else 0.5)",
    "0.3 * norm(<v>)",
    "0.2 * dot(<v>, <v>)",
    "mean(<v>)",
    "0.2 * sum(square(<v>))",
    "0.25 * sum(<v> > <s>)",
    "(1.0 if all(<v> < <s>) else <s>)",
    "(0.5 if any(<v> == <v>) else <s>)",
    "(<s> if 1.0 < 2.0 else <s>)",
    # Not zero: a bell of single precision is exactly zero where one of double precision is not yet.
    "(0.5 if 1.0 > 2.0 or <s> > 0.05 else <s>)",
    "(<v>)[..., 2]",
    "0.5 * norm((<v>)[1:3])",
    "wrap_angle(4.0 * <s> * radian) / (3.0 * radian)",
    'tolerance(<s>, bound=0.2, margin=0.7, sigmoid="long_tail")',
    'tolerance(<s>, bound=0.2, margin=0.7, sigmoid="cosine")',
    'tolerance(<s>, bound=0.0, margin=0.7, sigmoid="hyperbolic")',
)
VECTOR_TEMPLATES = (
    "tanh(<s> * <v>)",
    "sin(<v> - <s>)",
    "minimum(<v>, <s>)",
    "where(<v> > <s>, <v>, <v>)",
    "(<s>, 0.25, <s>, <s>)",
)


@st.composite
def expressions(draw, kind="s", depth=3):
    leaves, templates = (SCALARS, SCALAR_TEMPLATES) if kind == "s" else (VECTORS, VECTOR_TEMPLATES)
    if depth == 0:
        return draw(st.sampled_from(leaves))
    first, *rest = re.split(r"<(s|v)>", draw(st.sampled_from((*leaves, *templates))))
    parts = [first]
    for slot, text in zip(rest[::2], rest[1::2], strict=True):
        parts += [draw(expressions(slot, draw(st.integers(0, depth - 1)))), text]
    return "".join(parts)


PARAMETERS = "position, velocity, rotation, rotor_speed, reference_yaw, previous_action, action, terminated"


def program_of(terms: list[str], signals) -> RewardProgram:
    lines = [f'        "t{number}": {term},' for number, term in enumerate(terms)]
    lines.append('        "anchor": norm(action),')
    text = "\n".join(['"""Random."""', f"def reward({PARAMETERS}):", "    return {", *lines, "    }\n"])
    return parse_reward(text, signals)


@settings(max_examples=80, **RELAXED)
@given(terms=st.lists(expressions(), min_size=1, max_size=4), seed=st.integers(0, 1000))
def test_random_programs_agree_on_every_back_end(terms, seed, signals, flight_data):
    program, data = program_of(terms, signals), flight_data(7, seed=seed)
    expected = program.terms(data)
    assert_equal(expected, by_torch_operations(program, data))
    assert_equal(expected, by_torch_operations(program, data, torch.float64))
    assert_equal(expected, by_interpreted_kernel(program, data))


@settings(max_examples=3, **RELAXED)
@given(terms=st.lists(expressions(), min_size=20, max_size=30), seed=st.integers(0, 1000))
def test_random_programs_agree_when_compiled(terms, seed, signals, flight_data):
    program, data = program_of(terms, signals), flight_data(200, seed=seed)
    assert_equal(program.terms(data), by_kernel(program, data))


def test_hover_agrees_on_every_back_end(hover, flight_data):
    data = flight_data(1000)
    expected = hover.terms(data)
    assert_equal(expected, by_kernel(hover, data))
    assert_equal(expected, by_torch(hover, data))
    assert_equal(expected, by_torch_operations(hover, data))


def test_kernel_on_slices_gives_the_same_bits(hover, flight_data):
    packed = hover.pack(flight_data(100))
    whole, parts = np.empty((100, 4), np.float32), np.empty((100, 4), np.float32)
    hover.kernel(packed, whole)
    for span in (slice(0, 33), slice(33, 34), slice(34, 100)):
        hover.kernel(tuple(array[span] for array in packed), parts[span])
    np.testing.assert_array_equal(whole, parts)


@pytest.mark.parametrize("batch", [(), (1,), (5,), (3, 4), (0,)])
def test_any_batch_shape(batch, hover, flight_data):
    data = flight_data(*batch)
    terms = hover.terms(data)
    flat = {name: array.reshape(-1, *array.shape[len(batch) :]) for name, array in data.items()}
    expected = hover.terms(flat)
    for name, values in terms.items():
        assert values.shape == batch and values.dtype == np.float32
        np.testing.assert_allclose(values.reshape(-1), expected[name], rtol=1e-6)
    assert all(value.shape == batch for value in hover.torch_terms(_tensors(hover, data)).values())


def _tensors(program, data) -> dict[str, torch.Tensor]:
    return {name: torch.as_tensor(data[name]) for name in program.inputs}


@pytest.mark.parametrize(
    "expression", ["minimum(action[0], action[1])", "maximum(action[0], 0.5)", "clip(action[0], -1, 1)"]
)
def test_nan_is_never_hidden(expression, reward_of):
    program = reward_of(expression)
    for action in ([np.nan, 0, 0, 0], [np.nan, np.nan, 0, 0]):
        packed, out = (np.array([action], np.float32),), np.empty((1, 1), np.float32)
        program.kernel(packed, out)
        assert np.isnan(out[0, 0])
        assert torch.isnan(program.torch_terms({"action": torch.tensor([action])})["term"]).all()


def test_bool_tensors_and_arrays_of_terminated_are_read(reward_of):
    program = reward_of("-1.0 if terminated else norm(action)")
    ends = np.array([True, False])
    action = np.ones((2, 4), np.float32)
    np.testing.assert_array_equal(program.terms({"terminated": ends, "action": action})["term"], [-1, 2])
    tensors = {"terminated": torch.as_tensor(ends), "action": torch.as_tensor(action)}
    np.testing.assert_array_equal(program.torch_terms(tensors)["term"].numpy(), [-1, 2])


def test_terms_are_fresh_arrays_and_not_views_of_the_inputs(hover, flight_data):
    data = flight_data(4)
    upright = hover.terms(data)["upright"]
    data["rotation"][:] = 0
    assert (upright != 0).all()
    upright[:] = 1


def test_kernels_are_compiled_on_request(hover_source, signals):
    program = parse_reward(hover_source, signals)
    program.compile()
    assert len(program.kernel.signatures) == len(program.gradient_kernel.signatures) == 1


def test_torch_uses_the_kernels_that_were_compiled_on_request(hover_source, signals, flight_data):
    program = parse_reward(hover_source, signals)
    program.compile()
    tensors = {name: torch.as_tensor(array).requires_grad_() for name, array in flight_data(8).items()}
    sum(program.torch_terms(tensors).values()).sum().backward()
    assert len(program.kernel.signatures) == len(program.gradient_kernel.signatures) == 1


def test_generated_text_holds_nothing_of_the_program(signals):
    program = parse_reward('"""A test."""\ndef reward(position):\n    return {"evil": norm(position)}\n', signals)
    assert "evil" not in program.row_source
    assert "position" not in program.row_source


def test_torch_compile_can_trace_a_program(hover, flight_data):
    tensors = {name: torch.as_tensor(array) for name, array in flight_data(8).items() if name in hover.inputs}
    compiled = torch.compile(lambda inputs: hover.torch_terms(inputs), backend="eager", fullgraph=True)
    for name, values in compiled(tensors).items():
        torch.testing.assert_close(values, hover.torch_terms(tensors)[name], rtol=1e-5, atol=1e-6)


def test_torch_terms_stay_on_the_device_of_the_inputs(hover):
    # The meta device computes shapes only, but mixes with no other device.
    shapes = {"position": (3,), "velocity": (3,), "rotation": (3, 3), "action": (4,)}
    tensors = {name: torch.empty(2, 5, *shape, device="meta") for name, shape in shapes.items()}
    for value in hover.torch_terms(tensors).values():
        assert value.device.type == "meta"
        assert value.shape == (2, 5)


def test_the_double_kernel_computes_in_float64(signals):
    text = (
        '"""A test."""\n'
        "def reward(position, action):\n"
        "    return {'a': 0.1 * sum(square(action)) + (1.0 if position[0] > 0.3 else 0.7), "
        "'b': clip(position[1] / 3.0, -0.2, 0.2)}\n"
    )
    program = parse_reward(text, signals)
    rng = np.random.default_rng(0)
    position, action = rng.normal(size=(50, 3)), rng.normal(size=(50, 4))
    out = np.zeros((50, 2))
    program.double_kernel((position, action), out)
    np.testing.assert_allclose(
        out[:, 0], 0.1 * np.square(action).sum(axis=1) + np.where(position[:, 0] > 0.3, 1.0, 0.7), rtol=1e-15
    )
    np.testing.assert_allclose(out[:, 1], np.clip(position[:, 1] / 3.0, -0.2, 0.2), rtol=1e-15)
    single = by_kernel(program, {"position": position.astype(np.float32), "action": action.astype(np.float32)})
    assert (single["a"] != out[:, 0]).all()
    np.testing.assert_allclose(single["a"], out[:, 0], rtol=1e-6)
