import json

import numpy as np
import onnx
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from telic.deploy.checked import ContractError
from telic.deploy.contract import Contract
from telic.deploy.onnx import CONTRACT_KEY, OnnxPolicy, OnnxPolicyError, read_onnx_contract, write_onnx
from telic.deploy.reference import ReferencePolicy

VARIANTS = {
    "hover": {},
    "track": {"track": True},
    "normalized": {"normalized": True},
    "no_history": {"history": 0},
    "other_activations": {"activations": ("relu", "fast_tanh", "identity")},
}


@pytest.fixture
def model_file(hover, tmp_path):
    return write_onnx(hover.weights, hover.contract, tmp_path / "policy.onnx")


@pytest.fixture
def tampered(model_file):
    """Change an exported model in place with a function and give its path back."""

    def change(edit):
        model = onnx.load(model_file)
        edit(model)
        onnx.save(model, model_file)
        return model_file

    return change


@pytest.mark.parametrize("variant", VARIANTS)
def test_runtime_agrees_with_the_reference(make_exported, tmp_path, variant):
    policy = make_exported(seed=3, **VARIANTS[variant])
    path = write_onnx(policy.weights, policy.contract, tmp_path / "policy.onnx")
    expected, _ = ReferencePolicy(policy.weights, policy.contract).evaluate(policy.observations)
    actions = OnnxPolicy(path).act(policy.observations)
    assert np.ptp(expected) > 0.5
    assert np.abs(actions - expected).max() < 1e-5


def test_normaliser_is_inside_the_graph(make_exported, tmp_path):
    plain, normalized = make_exported(seed=3), make_exported(seed=3, normalized=True)
    paths = [write_onnx(p.weights, p.contract, tmp_path / f"{i}.onnx") for i, p in enumerate((plain, normalized))]
    first, second = (OnnxPolicy(path).act(plain.observations) for path in paths)
    assert np.abs(first - second).max() > 0.1


def test_inputs_beyond_the_bounds_saturate_as_in_the_reference(hover, model_file):
    wild = (hover.observations * 1e6).astype(np.float32)
    expected, _ = ReferencePolicy(hover.weights, hover.contract).evaluate(wild)
    assert np.abs(OnnxPolicy(model_file).act(wild) - expected).max() < 1e-5


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_only_the_row_that_is_not_finite_gets_the_safe_action(hover, model_file, bad):
    observations = hover.observations[:3].copy()
    policy = OnnxPolicy(model_file)
    good = policy.act(observations)
    observations[1, 7] = bad
    actions = policy.act(observations)
    assert np.array_equal(actions[[0, 2]], good[[0, 2]])
    assert actions[1].tolist() == list(hover.contract.fault.safe_action)


def test_one_observation_or_a_batch(hover, model_file):
    policy = OnnxPolicy(model_file)
    batch = policy.act(hover.observations[:5])
    assert batch.shape == (5, 4)
    assert batch.dtype == np.float32
    assert np.allclose(policy.act(hover.observations[2]), batch[2], atol=1e-6)


def test_wrong_size_is_refused_with_the_right_one(model_file):
    with pytest.raises(ValueError, match=r"shape \(145,\); expected \(146,\)"):
        OnnxPolicy(model_file).act(np.zeros(145, np.float32))


def test_any_runtime_can_run_it_and_read_what_it_needs(hover, model_file):
    session = onnxruntime.InferenceSession(model_file, providers=["CPUExecutionProvider"])
    (observation,), (action,) = session.get_inputs(), session.get_outputs()
    assert (observation.name, observation.shape) == ("observation", ["batch", 146])
    assert (action.name, action.shape) == ("action", ["batch", 4])
    metadata = session.get_modelmeta().custom_metadata_map
    assert metadata["observation_names"].startswith("position_error,attitude,velocity_error,angular_velocity")
    assert metadata["observation_sizes"] == "3,9,3,3,128"
    assert metadata["action_names"] == "m1,m2,m3,m4"
    assert (metadata["policy_hz"], metadata["execution_hz"]) == ("100", "500")
    assert metadata["weights_sha256"] == hover.contract.weights_sha256
    assert Contract.from_plain(json.loads(metadata[CONTRACT_KEY])) == hover.contract


def test_same_policy_gives_the_same_bytes(hover, model_file, tmp_path):
    again = write_onnx(hover.weights, hover.contract, tmp_path / "again.onnx")
    assert again.read_bytes() == model_file.read_bytes()


def test_contract_comes_back_equal(hover, model_file):
    assert read_onnx_contract(model_file) == hover.contract
    OnnxPolicy(model_file, hover.contract)


def test_contract_of_another_policy_is_refused(make_exported, hover, model_file, tmp_path):
    other = make_exported(seed=9)
    with pytest.raises(OnnxPolicyError, match="exported with contract"):
        OnnxPolicy(model_file, other.contract)
    with pytest.raises(OnnxPolicyError, match="do not belong together"):
        write_onnx(hover.weights, other.contract, tmp_path / "wrong.onnx")


def test_one_changed_weight_is_refused(tampered):
    def nudge(model):
        tensor = next(t for t in model.graph.initializer if t.name == "layers.1.weight")
        values = numpy_helper.to_array(tensor).copy()
        values[3, 5] = np.nextafter(values[3, 5], np.float32(1))
        tensor.CopyFrom(numpy_helper.from_array(values, tensor.name))

    with pytest.raises(OnnxPolicyError, match="do not belong together"):
        read_onnx_contract(tampered(nudge))


def test_changed_limits_are_refused(tampered):
    def widen(model):
        tensor = next(t for t in model.graph.initializer if t.name == "action_high")
        tensor.CopyFrom(numpy_helper.from_array(np.full(4, 2, np.float32), tensor.name))

    with pytest.raises(OnnxPolicyError, match="its graph is not the one"):
        read_onnx_contract(tampered(widen))


def test_changed_wiring_is_refused(tampered):
    def bypass(model):
        model.graph.node[-1].op_type = "Max"

    with pytest.raises(OnnxPolicyError, match="its graph is not the one"):
        read_onnx_contract(tampered(bypass))


def test_operators_of_its_own_are_refused(tampered):
    def redefine(model):
        node = helper.make_node("Neg", ["x", "y"], ["z"])
        model.functions.append(
            helper.make_function("", "Max", ["x", "y"], ["z"], [node], [helper.make_opsetid("", 17)])
        )

    with pytest.raises(OnnxPolicyError, match="its functions is not the one"):
        read_onnx_contract(tampered(redefine))


def test_tensors_in_other_files_are_refused(tampered):
    def move_out(model):
        tensor = model.graph.initializer[0]
        tensor.data_location = TensorProto.EXTERNAL
        tensor.ClearField("raw_data")
        entry = tensor.external_data.add()
        entry.key, entry.value = "location", "../secret"

    model_file = tampered(lambda model: None)
    model = onnx.load(model_file)
    move_out(model)
    model_file.write_bytes(model.SerializeToString())
    with pytest.raises(OnnxPolicyError, match="lies in another file"):
        read_onnx_contract(model_file)


def test_edited_contract_is_refused_by_its_own_hash(tampered):
    def faster(model):
        entry = next(entry for entry in model.metadata_props if entry.key == CONTRACT_KEY)
        entry.value = entry.value.replace('"policy_hz": 100', '"policy_hz": 50')

    with pytest.raises(ContractError, match=r"contract_sha256.*changed after export"):
        read_onnx_contract(tampered(faster))


def test_foreign_files_are_refused(tmp_path):
    noise = tmp_path / "noise.onnx"
    noise.write_bytes(b"\xff\x00 not a model")
    with pytest.raises(OnnxPolicyError, match="is not an ONNX file"):
        read_onnx_contract(noise)
    value = helper.make_tensor_value_info("x", TensorProto.FLOAT, [1])
    graph = helper.make_graph([helper.make_node("Identity", ["x"], ["y"])], "g", [value], [value])
    onnx.save(helper.make_model(graph), noise)
    with pytest.raises(OnnxPolicyError, match=r"has no 'telic.contract'"):
        read_onnx_contract(noise)
