"""Instructions of one policy evaluation on an emulated Cortex-M4F: Telic's C against other generators' C.

The network is 146-64-64-4 with the same weights for all. Every program is compiled with gcc -O3 for the Cortex-M4F,
once with separate multiplications and additions (-ffp-contract=off, which Telic's bit-exact export needs) and once as
the compiler likes; instructions are counted in the same way in the same emulator. The ratios compare Telic's count with
the lowest that any variant of the other generator reaches. emlearn has no rational tanh: it is measured with its own
tanhf, and also without any activation, which leaves nothing but the matrices. (Its "inline" generator fails for float
networks in version 0.23.2; the "loadable" one is its default.)

Telic's count includes what the others do not do: NaN guard, input saturation, output limits, safe action.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path

import emlearn
import numpy as np
import onnx
from emlearn import net
from onnx import TensorProto, helper, numpy_helper

from telic.control.policy import Dense, PolicyWeights
from telic.deploy.contract import Contract
from telic.deploy.emulate import M4F, build_firmware_with, run_firmware, sizes
from telic.deploy.generate_c import generate_c
from telic.deploy.onnx import write_onnx
from telic.deploy.reference import ReferencePolicy
from telic.deploy.toolchain import EXACT_FLOATS
from telic.sim.tasks.hover import hover

SIZES = (146, 64, 64, 4)
INPUTS = 16

# The counted region is the call and nothing else.
HARNESS = f"""
#include "harness.h"
void subject(const float *in, float *out);
int harness_main(void)
{{
    static float in[{SIZES[0]}];
    static float out[{SIZES[-1]}];
    uint32_t count;
    board_count_start();
    count = board_count();
    board_write(&count, sizeof(count));
    while (board_read(in, sizeof(in)) != 0) {{
        board_count_start();
        subject(in, out);
        count = board_count();
        board_write(&count, sizeof(count));
        board_write(out, sizeof(out));
    }}
    return 0;
}}
"""


@dataclass(frozen=True)
class Figure:
    """What one program takes."""

    instructions: int
    instructions_per_mac: float
    flash_bytes: int
    ram_bytes: int
    max_error: float


@dataclass(frozen=True)
class Program:
    """C files by name, extra compiler flags, and the answers that it should give."""

    files: dict[str, str]
    expected: np.ndarray
    flags: tuple[str, ...] = ()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--json", action="store_true", help="print only the JSON object")
    arguments = parser.parse_args()
    figures = measure_all(lambda text: None if arguments.json else print(text, file=sys.stderr))
    ours = figures["telic"].instructions
    result = {
        "ratio_vs_emx": round(ours / lowest(figures, "emx"), 4),
        "ratio_vs_emlearn": round(ours / lowest(figures, "emlearn_tanh"), 4),
        "ratio_vs_emlearn_without_activations": round(ours / lowest(figures, "emlearn_identity"), 4),
        "instructions_per_step": ours,
        "instructions_per_mac": figures["telic"].instructions_per_mac,
        "target": f"{M4F.name}, {M4F.machine} in QEMU, gcc -O3",
        "programs": {name: asdict(figure) for name, figure in figures.items()},
    }
    print(json.dumps(result, indent=None if arguments.json else 2))


def lowest(figures: dict[str, Figure], peer: str) -> int:
    return min(figure.instructions for name, figure in figures.items() if name.startswith(peer))


def measure_all(say: Callable[[str], object]) -> dict[str, Figure]:
    weights, contract, inputs = problem()
    ours, peers = telic_program(weights, contract, inputs), {}
    with tempfile.TemporaryDirectory(prefix="telic-mcu-") as folder:
        for kind in ("export", "network"):
            peers[f"emx_{kind}"] = emx_program(kind, weights, contract, inputs, Path(folder))
    for activation in ("tanh", "identity"):
        peers[f"emlearn_{activation}"] = emlearn_program(activation, weights, inputs)
    figures = {"telic": measure(ours, EXACT_FLOATS, inputs)}
    for name, program in peers.items():
        say(name)
        figures[f"{name}_separate"] = measure(program, (*EXACT_FLOATS, *program.flags), inputs)
        figures[f"{name}_fused"] = measure(program, program.flags, inputs)
    return figures


def problem() -> tuple[PolicyWeights, Contract, np.ndarray]:
    rng = np.random.default_rng(0)
    layers = []
    for inputs, outputs in pairwise(SIZES):
        bound = inputs**-0.5
        weight, bias = rng.uniform(-bound, bound, (outputs, inputs)), rng.uniform(-bound, bound, outputs)
        layers.append(Dense(weight.astype(np.float32), bias.astype(np.float32), "fast_tanh"))
    weights = PolicyWeights(tuple(layers), np.zeros(SIZES[0], np.float32), np.ones(SIZES[0], np.float32))
    inputs = rng.uniform(-0.5, 0.5, (INPUTS, SIZES[0])).astype(np.float32)
    return weights, Contract.from_task(hover(), weights, inputs), inputs


def telic_program(weights: PolicyWeights, contract: Contract, inputs: np.ndarray) -> Program:
    program = generate_c(weights, contract)
    subject = (
        '#include "policy.h"\nvoid subject(const float *in, float *out);\nstatic policy_state state;\n'
        "void subject(const float *in, float *out) { (void)policy_evaluate(&state, in, out); }\n"
    )
    expected, _ = ReferencePolicy(weights, contract).evaluate(inputs)
    return Program({"policy.h": program.header, "policy.c": program.source, "subject.c": subject}, expected)


def emx_program(kind: str, weights: PolicyWeights, contract: Contract, inputs: np.ndarray, folder: Path) -> Program:
    """emx-onnx-cgen on Telic's ONNX export, or on nothing but the network."""
    path = folder / f"{kind}.onnx"
    if kind == "export":
        write_onnx(weights, contract, path)
    else:
        onnx.save(bare_network(weights), path)
    model = onnx.load(path)
    for value in (*model.graph.input, *model.graph.output):
        value.type.tensor_type.shape.dim[0].dim_value = 1
    onnx.save(model, path)
    tool = Path(sys.executable).with_name("emx-onnx-cgen")
    command = [tool, "compile", path.name, "model.c", "--model-name", "emx_model", "--large-temp-threshold", "0"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    subject = (
        f"void emx_model(const float in[1][{SIZES[0]}], float out[1][{SIZES[-1]}]);\n"
        "void subject(const float *in, float *out);\n"
        "void subject(const float *in, float *out) { emx_model((const void *)in, (void *)out); }\n"
    )
    expected, _ = ReferencePolicy(weights, contract).evaluate(inputs)
    return Program({"model.c": (folder / "model.c").read_text(), "subject.c": subject}, expected)


def bare_network(weights: PolicyWeights) -> onnx.ModelProto:
    """Gemm and the rational tanh, nothing else."""
    nodes, x = [], "observation"
    constants = {name: np.float32(value) for name, value in (("m3", -3), ("p3", 3), ("c9", 9), ("c27", 27))}
    for i, layer in enumerate(weights.layers):
        constants |= {f"w{i}": layer.weight, f"b{i}": layer.bias}
        steps = (
            ("Gemm", [x, f"w{i}", f"b{i}"], "y", {"transB": 1}),
            ("Clip", [f"y{i}", "m3", "p3"], "x", {}),
            ("Mul", [f"x{i}", f"x{i}"], "square", {}),
            ("Add", ["c27", f"square{i}"], "sum", {}),
            ("Mul", [f"x{i}", f"sum{i}"], "above", {}),
            ("Mul", ["c9", f"square{i}"], "nine", {}),
            ("Add", ["c27", f"nine{i}"], "below", {}),
        )
        nodes += [helper.make_node(op, names, [f"{out}{i}"], **attributes) for op, names, out, attributes in steps]
        x = "action" if i == len(weights.layers) - 1 else f"out{i}"
        nodes.append(helper.make_node("Div", [f"above{i}", f"below{i}"], [x]))
    graph = helper.make_graph(
        nodes,
        "network",
        [helper.make_tensor_value_info("observation", TensorProto.FLOAT, [1, SIZES[0]])],
        [helper.make_tensor_value_info("action", TensorProto.FLOAT, [1, SIZES[-1]])],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def emlearn_program(activation: str, weights: PolicyWeights, inputs: np.ndarray) -> Program:
    """emlearn's MLP: its C library walks through a description of the layers."""
    matrices = [layer.weight.T for layer in weights.layers]
    biases = [layer.bias for layer in weights.layers]
    code = net.c_generate_net_loadable([activation] * len(matrices), matrices, biases, "mlp")
    subject = (
        f"{code}\nvoid subject(const float *in, float *out);\nvoid subject(const float *in, float *out)\n"
        f"{{ (void)eml_net_regress(&mlp, in, {SIZES[0]}, out, {SIZES[-1]}); }}\n"
    )
    expected = inputs
    for matrix, bias in zip(matrices, biases, strict=True):
        expected = expected @ matrix + bias
        expected = np.tanh(expected) if activation == "tanh" else expected
    return Program({"subject.c": subject}, expected, (f"-I{emlearn.includedir}",))


def measure(program: Program, flags: tuple[str, ...], inputs: np.ndarray) -> Figure:
    with tempfile.TemporaryDirectory(prefix="telic-mcu-") as temporary:
        folder = Path(temporary)
        for name, text in (*program.files.items(), ("bench.c", HARNESS)):
            (folder / name).write_text(text)
        sources = [name for name in program.files if name.endswith(".c")]
        firmware = build_firmware_with(M4F, folder, (*sources, "bench.c"), ("-O3", *flags), ("-lm", "-lc"))
        words = np.frombuffer(run_firmware(M4F, firmware, inputs.tobytes()), "<u4")
        size = sizes(folder, [Path(name).with_suffix(".o").name for name in sources])
    answers = words[1:].reshape(len(inputs), 1 + SIZES[-1])
    counts = np.rint((answers[:, 0].astype(float) - words[0]) / M4F.counts_per_instruction)
    error = float(np.abs(answers[:, 1:].view(np.float32) - program.expected).max())
    if error > 1e-4:
        raise SystemExit(f"a program answers wrongly: largest error {error:g}")
    macs = sum(a * b for a, b in pairwise(SIZES))
    instructions = int(counts.max())
    return Figure(instructions, round(instructions / macs, 4), size.flash, size.ram, error)


if __name__ == "__main__":
    main()
