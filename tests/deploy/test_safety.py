import ctypes
import shutil
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst

from telic.deploy.generate_c import generate_c
from telic.deploy.generate_safety import generate_safety
from telic.deploy.safety import SafetyFilter, SafetyLimits, SafetyStatus
from telic.deploy.safety_proof import reference_words, safety_proof, safety_vectors
from telic.deploy.toolchain import EXACT_FLOATS, STRICT_C, find, run

INPUTS, ACTIONS = 18, 4


def any_floats(shape):
    """Any float32 bits: NaN with any payload, infinities, denormals, both zeros; and plain numbers."""
    bits = npst.arrays(np.uint32, shape, elements=st.integers(0, 2**32 - 1)).map(lambda array: array.view(np.float32))
    return bits | npst.arrays(np.float32, shape, elements=st.floats(-2, 2, width=32))


@pytest.fixture(scope="module")
def exported(make_exported):
    """A small policy whose contract has every limit there is."""
    return make_exported(hidden=(8,), history=2, rate_limit=40.0, velocity_limit=3.0, angular_velocity_limit=20.0)


@pytest.fixture(scope="module")
def limited(exported):
    return exported.contract


@pytest.fixture
def safety(limited):
    safety = SafetyFilter(limited)
    safety.reset(np.zeros((1, ACTIONS)))
    return safety


@pytest.fixture(scope="module")
def sources(exported, limited, tmp_path_factory):
    """A folder with the generated policy and filter."""
    folder = tmp_path_factory.mktemp("safety")
    program = generate_c(exported.weights, limited)
    texts = {"policy.h": program.header, "policy.c": program.source, **generate_safety(limited)}
    for name, text in texts.items():
        (folder / name).write_text(text)
    return folder


class CState(ctypes.Structure):
    _fields_ = [("sent", ctypes.c_float * ACTIONS), ("held_status", ctypes.c_uint32)]


@pytest.fixture(scope="module")
def twin(sources):
    """The C filter as a Python function of an existing state."""
    flags = (*STRICT_C, *EXACT_FLOATS, "-Werror", "-O2", "-shared", "-fPIC")
    run([find("cc"), *flags, "policy_safety.c", "-o", "safety.so"], sources, 60.0)
    library = ctypes.CDLL(str(sources / "safety.so"))
    library.policy_safety_step.restype = ctypes.c_uint32
    library.policy_safety_step.argtypes = [ctypes.c_void_p] * 3 + [ctypes.c_uint64, ctypes.c_void_p]
    library.policy_safety_reset.restype = None
    library.policy_safety_reset.argtypes = [ctypes.c_void_p] * 2
    return library


def floats(values):
    return np.ascontiguousarray(values, np.float32)


def bits(values):
    return floats(values).view(np.uint32).tolist()


def inputs(**changes):
    """Inputs of a vehicle that hovers upright on its target."""
    values = np.zeros((1, INPUTS), np.float32)
    values[0, [3, 7, 11]] = 1.0
    for index, value in changes.items():
        values[0, int(index.removeprefix("at"))] = value
    return values


# The promise: for any bits, inside the limits.


@given(commands=any_floats((5, ACTIONS)), seen=any_floats((5, INPUTS)), sent=any_floats((1, ACTIONS)))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_output_is_always_inside_the_limits(limited, commands, seen, sent):
    safety = SafetyFilter(limited)
    step = SafetyLimits.of(limited).step
    safety.reset(sent)
    last = safety.sent.copy()
    assert np.isfinite(last).all()
    for command, values in zip(commands, seen, strict=True):
        out, status = safety.step(command[None], values[None], 0)
        assert (out >= -1).all()
        assert (out <= 1).all()
        assert (out <= last + step).all()
        assert (out >= last - step).all()
        if not np.isfinite(command).all() or not np.isfinite(values).all():
            assert status[0] & SafetyStatus.FAULT
        last = out


@given(
    commands=any_floats((5, ACTIONS)),
    seen=any_floats((5, INPUTS)),
    sent=any_floats((1, ACTIONS)),
    age=st.integers(0, 2**64 - 1) | st.integers(99_998, 100_003),
)
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_c_gives_the_same_bits(limited, twin, commands, seen, sent, age):
    safety, state = SafetyFilter(limited), CState()
    safety.reset(sent)
    twin.policy_safety_reset(ctypes.byref(state), floats(sent).ctypes.data)
    assert bits(state.sent) == bits(safety.sent[0])
    result = np.zeros(ACTIONS, np.float32)
    for command, values in zip(floats(commands), floats(seen), strict=True):
        expected, status = safety.step(command[None], values[None], age)
        answer = twin.policy_safety_step(
            ctypes.byref(state), command.ctypes.data, values.ctypes.data, age, result.ctypes.data
        )
        assert answer == status[0]
        assert bits(result) == bits(expected[0])


@given(state=any_floats((ACTIONS,)), command=any_floats((ACTIONS,)))
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_even_a_damaged_memory_cannot_lead_outside_the_range(twin, state, command):
    damaged = CState((ctypes.c_float * ACTIONS)(*state.tolist()), 0)
    result = np.zeros(ACTIONS, np.float32)
    command = floats(command)
    twin.policy_safety_step(ctypes.byref(damaged), command.ctypes.data, inputs().ctypes.data, 0, result.ctypes.data)
    assert np.isfinite(result).all()
    assert (np.abs(result) <= 1).all()


@pytest.mark.skipif(
    shutil.which("arm-none-eabi-gcc") is None or shutil.which("qemu-system-arm") is None,
    reason="needs gcc-arm-none-eabi and qemu-system-arm",
)
def test_microcontrollers_give_the_same_bits(exported, limited):
    proof = safety_proof(limited, generate_c(exported.weights, limited).header)
    assert (proof.status, proof.detail) == ("passed", "2000 operations on host, m4f, m7")


def test_proof_fails_when_the_program_enforces_other_limits(exported, limited, monkeypatch):
    wider = replace(limited, fault=replace(limited.fault, velocity_limit=3.1))
    monkeypatch.setattr("telic.deploy.safety_proof.generate_safety", lambda contract: generate_safety(wider))
    proof = safety_proof(limited, generate_c(exported.weights, limited).header)
    assert proof.status == "failed"
    assert proof.detail.startswith("host: ")


def test_proof_asks_on_both_sides_of_every_limit(limited):
    seen = np.bitwise_or.reduce(reference_words(limited, safety_vectors(limited))[:, 0])
    assert seen == SafetyStatus.FAULT | SafetyStatus.CLIPPED | SafetyStatus.RATE_LIMITED


# What it does, by hand-computed numbers.


def test_a_good_command_passes_unchanged(safety):
    command = floats([[0.02, -0.03, 0.0, -0.0]])
    out, status = safety.step(command, inputs(), 0)
    assert bits(out) == bits(command)
    assert status[0] == SafetyStatus.OK


def test_rate_is_limited_against_what_was_sent_not_what_was_asked(safety):
    # 40 per second at 500 Hz is 0.08 per step.
    for expected in (0.08, 0.16, 0.24):
        out, status = safety.step(np.ones((1, 4)), inputs(), 0)
        assert out[0] == pytest.approx([expected] * 4, abs=1e-6)
        assert status[0] == SafetyStatus.RATE_LIMITED
    out, _ = safety.step(np.full((1, 4), 0.2), inputs(), 0)
    assert out[0] == pytest.approx([0.2] * 4, abs=1e-6)


def test_range_is_clipped_and_said(safety):
    safety.reset(np.full((1, 4), 0.95))
    out, status = safety.step(np.full((1, 4), 7.0), inputs(), 0)
    assert out[0].tolist() == [1.0] * 4
    assert status[0] == SafetyStatus.CLIPPED


def test_no_rate_limit_means_none(hover):
    safety = SafetyFilter(hover.contract)
    safety.reset(-np.ones((1, 4)))
    out, status = safety.step(np.ones((1, 4)), inputs(), 0)
    assert out[0].tolist() == [1.0] * 4
    assert status[0] == SafetyStatus.OK


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"at1": 0.61}, SafetyStatus.POSITION_LIMIT),
        ({"at2": -0.61}, SafetyStatus.POSITION_LIMIT),
        ({"at11": np.cos(np.radians(86))}, SafetyStatus.TILT_LIMIT),
        ({"at13": -3.01}, SafetyStatus.VELOCITY_LIMIT),
        ({"at17": 20.1}, SafetyStatus.ANGULAR_VELOCITY_LIMIT),
    ],
)
def test_leaving_the_envelope_latches_until_reset(safety, change, fault):
    safe = safety.limits.safe
    safety.reset(np.full((1, 4), 0.5))
    _, status = safety.step(np.full((1, 4), 0.5), inputs(**change), 0)
    assert status[0] & SafetyStatus.FAULT == fault
    for _ in range(30):
        out, status = safety.step(np.full((1, 4), 0.5), inputs(), 0)
    assert status[0] == fault
    assert out[0].tolist() == safe.tolist()
    safety.reset(out)
    out, status = safety.step(out, inputs(), 0)
    assert status[0] == SafetyStatus.OK


@pytest.mark.parametrize("change", [{"at1": 0.6}, {"at11": np.cos(np.radians(84))}, {"at13": 3.0}, {"at17": -20.0}])
def test_the_envelope_itself_is_allowed(safety, change):
    _, status = safety.step(np.zeros((1, 4)), inputs(**change), 0)
    assert status[0] == SafetyStatus.OK


@pytest.mark.parametrize(
    ("command", "seen", "age", "fault"),
    [
        ([[np.nan, 0, 0, 0]], inputs(), 0, SafetyStatus.COMMAND_NOT_FINITE),
        ([[0, 0, 0, -np.inf]], inputs(), 0, SafetyStatus.COMMAND_NOT_FINITE),
        ([[0, 0, 0, 0]], inputs(at0=np.nan), 0, SafetyStatus.INPUT_NOT_FINITE),
        ([[0, 0, 0, 0]], inputs(at17=np.inf), 0, SafetyStatus.INPUT_NOT_FINITE),
        ([[0, 0, 0, 0]], inputs(), 100_001, SafetyStatus.INPUT_STALE),
    ],
)
def test_bad_data_is_not_obeyed_while_it_lasts(safety, command, seen, age, fault):
    out, status = safety.step(floats(command), seen, age)
    assert status[0] & SafetyStatus.FAULT == fault
    assert out[0] == pytest.approx([-0.08] * 4, abs=1e-6)  # On the way to the safe action, as fast as allowed.
    _, status = safety.step(out, inputs(), 0)
    assert status[0] == SafetyStatus.OK


def test_one_vehicle_of_a_batch_does_not_disturb_the_others(limited):
    safety = SafetyFilter(limited, batch=3)
    safety.reset(np.zeros((3, ACTIONS)))
    seen = np.tile(inputs(), (3, 1))
    seen[1, 0] = 5.0
    out, status = safety.step(np.full((3, 4), 0.05), seen, 0)
    assert status.tolist() == [0, SafetyStatus.POSITION_LIMIT | SafetyStatus.RATE_LIMITED, 0]
    assert bits(out[[0, 2]]) == bits(np.full((2, 4), 0.05))


def test_no_limits_in_the_contract_means_no_envelope(make_exported):
    contract = make_exported(hidden=(8,), position_limit=None, tilt_limit_deg=None).contract
    upside_down = inputs(at0=1e9, at11=-1.0, at13=1e9, at17=-1e9)
    _, status = SafetyFilter(contract).step(np.zeros((1, 4)), upside_down, 0)
    assert status[0] == SafetyStatus.OK
