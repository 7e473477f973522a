"""The C text: deterministic, strict, and impossible to write anything else into."""

import dataclasses
import re

import numpy as np
import pytest

from telic.control.policy import Dense
from telic.deploy.checked import ContractError
from telic.deploy.contract_parts import TrainedRange
from telic.deploy.emulate import M4F, M7, copy_support
from telic.deploy.generate_c import generate_c, pack
from telic.deploy.headroom import check_headroom
from telic.deploy.toolchain import EXACT_FLOATS, STRICT_C, find, run

SUPPORT = ("harness.h", "harness.c", "host.c", "cortex_m.c")

# Every switch of the template is on in one of them and off in another.
VARIANTS = {
    "hover": dict(history=3),
    "track, normalised": dict(history=2, track=True, normalized=True),
    "scaled, raw history": dict(history=2, scale=0.5, last_action="raw"),
    "no history": dict(history=0),
    "relu": dict(history=1, activations=("relu", "identity")),
    "no envelope": dict(history=1, position_limit=None, tilt_limit_deg=None),
    "only tilt": dict(history=1, position_limit=None),
    "one rate": dict(history=1, execution_hz=100),
}


@pytest.fixture(scope="module")
def small(make_exported):
    return make_exported(hidden=(5,), history=2)


def written(folder, program):
    (folder / "policy.h").write_text(program.header)
    (folder / "policy.c").write_text(program.source)
    return folder


def test_same_policy_gives_the_same_bytes(small):
    assert generate_c(small.weights, small.contract) == generate_c(small.weights, small.contract)


@pytest.mark.parametrize("variant", VARIANTS)
def test_strict_compiler_has_nothing_to_say(make_exported, tmp_path, variant):
    exported = make_exported(hidden=(5,), **VARIANTS[variant])
    folder = written(tmp_path, generate_c(exported.weights, exported.contract))
    assert run([find("cc"), *STRICT_C, *EXACT_FLOATS, "-Werror", "-O2", "-c", "policy.c"], folder, 60) == ""


@pytest.mark.parametrize("variant", ["hover", "track, normalised", "scaled, raw history"])
def test_static_analyser_has_nothing_to_say(make_exported, tmp_path, variant):
    compiler = find("cc")
    if "gcc" not in compiler:
        pytest.skip("needs gcc for -fanalyzer")
    exported = make_exported(hidden=(5,), **VARIANTS[variant])
    folder = written(tmp_path, generate_c(exported.weights, exported.contract))
    strict = (*STRICT_C, *EXACT_FLOATS, "-Werror", "-O2", "-ffreestanding", "-fanalyzer")
    assert run([compiler, *strict, "-c", "policy.c"], folder, 60) == ""


@pytest.mark.parametrize("variant", VARIANTS)
@pytest.mark.parametrize(
    ("board", "extra"),
    [(M4F, ("-O3",)), (M7, ("-Os", "-DPOLICY_PORTABLE", "-Wstack-usage=512"))],
    ids=["m4f fast", "m7 portable"],
)
def test_strict_arm_compiler_has_nothing_to_say(make_exported, tmp_path, variant, board, extra):
    exported = make_exported(hidden=(5,), **VARIANTS[variant])
    folder = written(tmp_path, generate_c(exported.weights, exported.contract))
    flags = (*STRICT_C, *EXACT_FLOATS, "-Werror", "-ffreestanding", *board.flags, *extra)
    assert run([find("arm-none-eabi-gcc"), *flags, "-c", "policy.c"], folder, 60) == ""


def test_harness_is_strict_too(small, tmp_path):
    folder = written(tmp_path, generate_c(small.weights, small.contract))
    copy_support(SUPPORT, folder)
    run([find("cc"), *STRICT_C, "-Werror", "-O2", "-fanalyzer", "-c", "harness.c", "host.c"], folder, 60)
    arm = [find("arm-none-eabi-gcc"), *STRICT_C, "-Werror", "-O2", "-ffreestanding", *M4F.flags]
    run([*arm, "-c", "harness.c", "cortex_m.c"], folder, 60)


def test_nothing_that_a_flight_controller_forbids(small):
    program = generate_c(small.weights, small.contract)
    code = re.sub(r"/\*.*?\*/", "", program.source + program.header, flags=re.DOTALL)
    for word in ("malloc", "free", "stdio", "printf", "double", "goto", "setjmp", "errno", "math.h", "alloca", "while"):
        assert not re.search(rf"\b{word}\b", code), word
    assert set(re.findall(r"#include [<\"](.*)[>\"]", code)) == {"policy.h", "float.h", "stddef.h", "stdint.h"}


def test_no_function_calls_itself_or_a_later_one(small):
    """Every function calls only functions above it, so there is no recursion."""
    source = generate_c(small.weights, small.contract).source
    functions = re.split(r"\n(?=(?:static |uint32_t |const |void )[^\n;=]*\bpolicy_\w+\([^;]*?\)\n\{)", source)
    defined = set()
    for text in functions[1:]:
        name = re.search(r"\b(policy_\w+)\(", text)[1]
        body = text.split("{", 1)[1]
        called = set(re.findall(r"\b(policy_\w+)\(", body))
        assert called <= defined, (name, called - defined)
        defined.add(name)
    assert {"policy_step", "policy_self_test", "policy_evaluate"} <= defined


def test_no_writable_data_of_its_own(small, tmp_path):
    folder = written(tmp_path, generate_c(small.weights, small.contract))
    run([find("arm-none-eabi-gcc"), "-O2", *M4F.flags, "-c", "policy.c"], folder, 60)
    _, data, bss = run([find("arm-none-eabi-size"), "policy.o"], folder, 60).splitlines()[1].split()[:3]
    assert (data, bss) == ("0", "0")


def test_weights_are_read_in_order():
    weight = np.arange(30, dtype=np.float32).reshape(10, 3)
    bias = -np.arange(10, dtype=np.float32)
    packed = pack(weight, bias).reshape(2, 4, 8)
    assert packed[0, 0].tolist() == bias[:8].tolist()
    assert packed[0, 2].tolist() == weight[:8, 1].tolist()
    assert packed[1, 3].tolist() == [*weight[8:, 2].tolist(), 0, 0, 0, 0, 0, 0]


def test_prefix_lets_two_policies_live_in_one_firmware(small, tmp_path):
    for prefix in ("near", "far"):
        program = generate_c(small.weights, small.contract, prefix=prefix)
        assert "policy_" not in program.source + program.header
        (tmp_path / f"{prefix}.h").write_text(program.header)
        (tmp_path / f"{prefix}.c").write_text(program.source)
    main = '#include "near.h"\n#include "far.h"\n#include <stdio.h>\nint main(void)\n{\n'
    main += "near_state a; far_state b; near_init(&a); far_init(&b);\n"
    main += 'printf("%u", (unsigned)(near_self_test(&a) + far_self_test(&b)));\nreturn 0;\n}\n'
    (tmp_path / "main.c").write_text(main)
    run([find("cc"), *STRICT_C, *EXACT_FLOATS, "-Werror", "main.c", "near.c", "far.c", "-o", "main"], tmp_path, 60)
    assert run([str(tmp_path / "main")], tmp_path, 10) == "0"


@pytest.mark.parametrize("prefix", ["", "Policy", "9lives", "a-b", "a;b", "x" * 40])
def test_prefix_that_is_no_c_name_is_refused(small, prefix):
    with pytest.raises(ValueError, match="prefix"):
        generate_c(small.weights, small.contract, prefix=prefix)


def test_text_of_a_contract_cannot_become_code(small, tmp_path):
    nasty = '*/ #error "x" \\\n int x; /* ??/ %s "'
    term = dataclasses.replace(small.contract.observation[0], signal=nasty)
    contract = dataclasses.replace(
        small.contract,
        name=nasty,
        purpose=nasty,
        observation=(term, *small.contract.observation[1:]),
        action=dataclasses.replace(small.contract.action, meaning=(nasty,) * 4, command_unit=nasty),
        airframe=dataclasses.replace(small.contract.airframe, name=nasty),
        fault=dataclasses.replace(
            small.contract.fault,
            position_limit=None,
            triggers=tuple(t for t in small.contract.fault.triggers if t != "position_limit"),
        ),
        trained=(TrainedRange(nasty, "1", "normal", 0.0, 1.0),),
    )
    folder = written(tmp_path, generate_c(small.weights, contract))
    assert run([find("cc"), *STRICT_C, "-Werror", "-c", "policy.c"], folder, 60) == ""
    assert "#error" not in (folder / "policy.h").read_text()


def test_weights_that_could_overflow_are_refused(small):
    layer = small.weights.layers[0]
    huge = Dense(np.full_like(layer.weight, 1e37), layer.bias, layer.activation)
    weights = dataclasses.replace(small.weights, layers=(huge, *small.weights.layers[1:]))
    with pytest.raises(ContractError, match=r"weights.layers\[0\]: sums can reach"):
        check_headroom(weights, small.contract)
    check_headroom(small.weights, small.contract)
