"""The ONNX graph of a policy, built node by node."""

import numpy as np
from onnx import GraphProto, ModelProto, NodeProto, TensorProto, helper, numpy_helper

from telic.control.policy import Activation, PolicyWeights
from telic.deploy.contract import Contract

# Old enough for every runtime of the last years, new enough for all that a dense network needs.
OPSET, IR_VERSION = 17, 8


def policy_model(weights: PolicyWeights, contract: Contract) -> ModelProto:
    """Wrap `policy_graph` for a runtime; without metadata."""
    opset = helper.make_opsetid("", OPSET)
    graph = policy_graph(weights, contract)
    return helper.make_model(graph, producer_name="telic", opset_imports=[opset], ir_version=IR_VERSION)


def policy_graph(weights: PolicyWeights, contract: Contract) -> GraphProto:
    """Build ``clip(network(clip((saturate(observation) - mean) / (std + eps))), low, high)``.

    The graph takes ``observation`` (batch, n) and gives ``action`` (batch, m), both float32.
    """
    builder = _Builder()
    bounds = contract.bounds()
    x = builder.node("Max", "observation", builder.constant("input_low", -bounds))
    x = builder.node("Min", x, builder.constant("input_high", bounds))
    x = builder.node("Sub", x, builder.constant("observation_mean", weights.observation_mean))
    eps = builder.constant("observation_eps", contract.normalizer.eps)
    x = builder.node("Div", x, builder.node("Add", builder.constant("observation_std", weights.observation_std), eps))
    if weights.observation_clip is not None:
        limit = weights.observation_clip
        x = builder.node("Clip", x, builder.constant("normal_low", -limit), builder.constant("normal_high", limit))
    for index, layer in enumerate(weights.layers):
        weight = builder.constant(f"layers.{index}.weight", layer.weight)
        x = builder.dense(x, weight, builder.constant(f"layers.{index}.bias", layer.bias))
        x = _activate(builder, x, layer.activation)
    x = builder.node("Max", x, builder.constant("action_low", contract.action.low))
    builder.node("Min", x, builder.constant("action_high", contract.action.high), output="action")
    return helper.make_graph(
        builder.nodes,
        "policy",
        [helper.make_tensor_value_info("observation", TensorProto.FLOAT, ["batch", contract.observation_size])],
        [helper.make_tensor_value_info("action", TensorProto.FLOAT, ["batch", contract.action.size])],
        initializer=list(builder.constants.values()),
    )


def _activate(builder: "_Builder", x: str, activation: Activation) -> str:
    """Append an activation; ``fast_tanh`` is x(27 + x^2) / (27 + 9 x^2) on [-3, 3], in the reference's order."""
    if activation == "identity":
        return x
    if activation == "relu":
        return builder.node("Relu", x)
    three, nine, c27 = (builder.constant(f"tanh_{value}", value) for value in (3, 9, 27))
    x = builder.node("Clip", x, builder.constant("tanh_minus_3", -3), three)
    square = builder.node("Mul", x, x)
    above = builder.node("Mul", x, builder.node("Add", c27, square))
    below = builder.node("Add", c27, builder.node("Mul", nine, square))
    return builder.node("Div", above, below)


class _Builder:
    """Collects the nodes and constants of a graph and names what flows between them."""

    def __init__(self) -> None:
        self.nodes: list[NodeProto] = []
        self.constants: dict[str, TensorProto] = {}

    def constant(self, name: str, value: object) -> str:
        self.constants[name] = numpy_helper.from_array(np.asarray(value, np.float32), name)
        return name

    def node(self, op: str, *inputs: str, output: str | None = None) -> str:
        output = output or f"{op.lower()}_{len(self.nodes)}"
        self.nodes.append(helper.make_node(op, list(inputs), [output], name=output))
        return output

    def dense(self, x: str, weight: str, bias: str) -> str:
        output = self.node("Gemm", x, weight, bias)
        self.nodes[-1].attribute.append(helper.make_attribute("transB", 1))
        return output
