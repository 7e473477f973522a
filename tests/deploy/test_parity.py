"""The same bits everywhere: NumPy, C on this machine, C on emulated microcontrollers."""

import re
import shutil
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from telic.deploy.emulate import M4F, M7, build_firmware_with, copy_support, run_firmware
from telic.deploy.generate_c import generate_c
from telic.deploy.toolchain import EXACT_FLOATS, STRICT_C, find, run
from telic.deploy.vectors import Operation, Vector, decode, encode, proof_vectors, reference_answers
from telic.deploy.verify import ask

needs_boards = pytest.mark.skipif(
    shutil.which("arm-none-eabi-gcc") is None or shutil.which("qemu-system-arm") is None,
    reason="needs gcc-arm-none-eabi and qemu-system-arm",
)

VARIANTS = {
    "hover": dict(hidden=(16, 16), history=8),
    "track, normalised": dict(hidden=(24,), history=3, track=True, normalized=True),
    "scaled, raw history": dict(
        hidden=(9, 7), history=2, scale=0.37, last_action="raw", activations=("relu",) * 2 + ("identity",)
    ),
    "no history": dict(hidden=(8,), history=0),
    "odd inputs": dict(hidden=(3, 1, 17), history=1, track=True),
    "one rate": dict(hidden=(5,), history=2, execution_hz=100, initial=0.3),
    "no envelope": dict(hidden=(5,), history=2, position_limit=None, tilt_limit_deg=None),
}


def assert_same_bits(answers, expected, vectors):
    asked = np.array([vector.operation != Operation.RESET for vector in vectors])
    assert answers.self_test == 0
    np.testing.assert_array_equal(answers.actions[asked], expected.actions[asked])
    np.testing.assert_array_equal(answers.status, expected.status)


def answers_of(exported, board, folder, vectors, program=None):
    program = program or generate_c(exported.weights, exported.contract)
    return ask(program, board, folder, vectors, exported.contract)


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize(
    "board",
    [None, pytest.param(M4F, marks=needs_boards), pytest.param(M7, marks=needs_boards)],
    ids=["host", "m4f", "m7"],
)
def test_every_target_gives_the_bits_of_the_reference(make_exported, tmp_path, variant, board):
    exported = make_exported(rows=40, **VARIANTS[variant])
    vectors = proof_vectors(exported.contract, exported.observations)
    expected = reference_answers(exported.weights, exported.contract, vectors)
    answers = answers_of(exported, board, tmp_path, vectors)
    assert_same_bits(answers, expected, vectors)


@settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    hidden=st.lists(st.integers(1, 20), min_size=0, max_size=3).map(tuple),
    history=st.integers(0, 5),
    track=st.booleans(),
    seed=st.integers(0, 1000),
    data=st.data(),
)
def test_any_shape_gives_the_bits_of_the_reference(make_exported, tmp_path_factory, hidden, history, track, seed, data):
    kind = st.sampled_from(["fast_tanh", "relu", "identity"])
    activations = data.draw(st.tuples(*[kind] * (len(hidden) + 1)))
    exported = make_exported(
        hidden=hidden,
        history=history,
        track=track,
        seed=seed,
        activations=activations,
        normalized=seed % 2 == 1,
        rows=8,
    )
    vectors = proof_vectors(exported.contract, exported.observations)[::7]
    expected = reference_answers(exported.weights, exported.contract, vectors)
    answers = answers_of(exported, None, tmp_path_factory.mktemp("host"), vectors)
    assert_same_bits(answers, expected, vectors)


@needs_boards
@pytest.mark.parametrize("board", [M4F, M7], ids=["m4f", "m7"])
def test_portable_kernel_gives_the_same_bits_as_the_fast_one(make_exported, tmp_path, board):
    exported = make_exported(hidden=(16,), history=3, track=True, rows=40)
    program = generate_c(exported.weights, exported.contract)
    (tmp_path / "policy.h").write_text(program.header)
    (tmp_path / "policy.c").write_text(program.source)
    copy_support(("harness.c",), tmp_path)
    vectors = proof_vectors(exported.contract, exported.observations)
    flags = (*STRICT_C, *EXACT_FLOATS, "-O2", "-DPOLICY_PORTABLE")
    firmware = build_firmware_with(board, tmp_path, ("policy.c", "harness.c"), flags)
    answers = decode(run_firmware(board, firmware, encode(vectors, exported.contract)), vectors, exported.contract)
    assert_same_bits(answers, reference_answers(exported.weights, exported.contract, vectors), vectors)


# A damaged program must not pass its own test.

TARGETS = [None, pytest.param(M4F, marks=needs_boards), pytest.param(M7, marks=needs_boards)]


def flipped(source, array, place, bit):
    """The source with one bit of one number of an array changed."""
    start = source.index(f"policy_{array}[")
    literals = list(re.finditer(r"-?0x[0-9a-f.]+p[+-]\d+f", source[start:]))
    found = literals[place]
    word = np.array([float.fromhex(found[0][:-1])], np.float32).view(np.uint32)
    changed = float((word ^ np.uint32(1 << bit)).view(np.float32)[0]).hex()
    return source[: start + found.start()] + changed + "f" + source[start + found.end() :]


@pytest.mark.parametrize("board", TARGETS, ids=["host", "m4f", "m7"])
@pytest.mark.parametrize(("array", "place", "bit"), [("layer0", 0, 0), ("layer0", 99, 5), ("layer1", 17, 31)])
def test_self_test_sees_one_flipped_bit_of_a_weight(make_exported, tmp_path, board, array, place, bit):
    exported = make_exported(hidden=(8,), history=2)
    program = generate_c(exported.weights, exported.contract)
    damaged = replace(program, source=flipped(program.source, array, place, bit))
    assert answers_of(exported, board, tmp_path, [], damaged).self_test == 1


def test_self_test_sees_a_wrong_golden_answer_and_says_which(make_exported, tmp_path):
    exported = make_exported(hidden=(8,), history=2)
    program = generate_c(exported.weights, exported.contract)
    damaged = replace(program, source=flipped(program.source, "golden_actions", 4 * 2 + 1, 0))
    assert answers_of(exported, None, tmp_path, [], damaged).self_test == 3 + 2


def test_self_test_sees_a_wrong_history(make_exported, tmp_path):
    exported = make_exported(hidden=(8,), history=2)
    program = generate_c(exported.weights, exported.contract)
    damaged = replace(program, source=program.source.replace("state->window_steps += 1u;", ";"))
    assert damaged != program
    assert answers_of(exported, None, tmp_path, [], damaged).self_test == 2


@needs_boards
def test_self_test_sees_fused_multiply_adds(make_exported, tmp_path):
    exported = make_exported(hidden=(32, 32), history=32)
    program = generate_c(exported.weights, exported.contract)
    (tmp_path / "policy.h").write_text(program.header)
    (tmp_path / "policy.c").write_text(program.source)
    copy_support(("harness.c",), tmp_path)
    flags = ("-O3", "-ffp-contract=fast", "-DPOLICY_PORTABLE")
    firmware = build_firmware_with(M4F, tmp_path, ("policy.c", "harness.c"), flags)
    assert decode(run_firmware(M4F, firmware, b""), [], exported.contract).self_test != 0


def test_x87_arithmetic_does_not_compile(make_exported, tmp_path):
    exported = make_exported(hidden=(4,), history=1)
    program = generate_c(exported.weights, exported.contract)
    (tmp_path / "policy.h").write_text(program.header)
    (tmp_path / "policy.c").write_text("#define __FLT_EVAL_METHOD__ 2\n" + program.source)
    with pytest.raises(Exception, match="must round to float after every operation"):
        run([find("cc"), "-std=c99", "-c", "policy.c"], tmp_path, 30)


def test_times_beyond_32_bits_arrive_whole(make_exported):
    exported = make_exported(hidden=(4,), history=1, rows=4)
    inputs = exported.observations[0, :18]
    vectors = [Vector(Operation.STEP, inputs, 2**40 + 7, 2**40 + 5)]
    words = np.frombuffer(encode(vectors, exported.contract), "<u4")
    assert words[:5].tolist() == [1, 7, 2**8, 5, 2**8]
