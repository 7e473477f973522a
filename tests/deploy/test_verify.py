"""`export` and `verify`: whole folders, all proofs, and what happens when something is missing or damaged."""

import dataclasses
import json
import shutil

import numpy as np
import pytest
from safetensors.numpy import save_file

from telic.deploy import emulate
from telic.deploy.checked import ContractError
from telic.deploy.export import TARGETS, export
from telic.deploy.exported import load_export
from telic.deploy.verify import verify

needs_boards = pytest.mark.skipif(
    shutil.which("arm-none-eabi-gcc") is None or shutil.which("qemu-system-arm") is None,
    reason="needs gcc-arm-none-eabi and qemu-system-arm",
)

FILES = {
    "c": ("policy.c", "policy.h"),
    "onnx": ("policy.onnx",),
    "crazyflie": ("crazyflie", "policy.c"),
}


@pytest.fixture(scope="module")
def hover(make_exported):
    """The hover policy's shape, 146-64-64-4, with more recordings than a proof takes."""
    return make_exported(rows=1500)


@pytest.fixture(scope="module")
def tiny(make_exported):
    return make_exported(hidden=(4,), history=1, rows=20)


@pytest.fixture
def folder(tiny, tmp_path):
    export(tiny.weights, tiny.contract, tiny.observations, tmp_path / "export", targets=("c", "onnx"))
    return tmp_path / "export"


# Export.


@pytest.mark.parametrize("target", TARGETS)
def test_every_target_comes_with_contract_weights_and_recordings(tiny, tmp_path, target):
    files = export(tiny.weights, tiny.contract, tiny.observations, tmp_path / "export", targets=(target,))
    names = {str(path.relative_to(tmp_path / "export")).split("/")[0] for path in files}
    assert {"contract.json", "policy.safetensors", "observations.safetensors", "README.md", *FILES[target]} <= names
    assert all(path.stat().st_size for path in files)
    loaded = load_export(tmp_path / "export")
    assert loaded.contract == tiny.contract
    assert np.array_equal(loaded.observations, tiny.observations)


def test_export_keeps_as_many_recordings_as_a_proof_takes(hover, tmp_path):
    export(hover.weights, hover.contract, hover.observations, tmp_path / "export", targets=())
    kept = load_export(tmp_path / "export").observations
    assert len(kept) == 1024
    assert np.array_equal(kept[-1], hover.observations[-1])


def test_same_policy_gives_the_same_files(tiny, folder, tmp_path):
    again = tmp_path / "again"
    export(tiny.weights, tiny.contract, tiny.observations, again, targets=("c", "onnx"))
    for path in sorted(folder.rglob("*")):
        assert path.read_bytes() == (again / path.relative_to(folder)).read_bytes(), path.name


def test_earlier_export_is_replaced_as_a_whole(tiny, folder):
    (folder / "leftover.txt").write_text("old")
    export(tiny.weights, tiny.contract, tiny.observations, folder, targets=())
    assert not (folder / "leftover.txt").exists() and not (folder / "policy.c").exists()
    assert [path.name for path in folder.parent.iterdir()] == ["export"]


def test_failed_export_leaves_the_earlier_one(tiny, folder, monkeypatch):
    before = (folder / "policy.c").read_bytes()
    monkeypatch.setattr("telic.deploy.export.generate_c", lambda *_: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        export(tiny.weights, tiny.contract, tiny.observations, folder)
    assert (folder / "policy.c").read_bytes() == before
    assert [path.name for path in folder.parent.iterdir()] == ["export"]


def test_folder_of_someone_else_is_not_overwritten(tiny, tmp_path):
    (tmp_path / "home").mkdir()
    (tmp_path / "home" / "thesis.tex").write_text("dear")
    with pytest.raises(ValueError, match="is not an export"):
        export(tiny.weights, tiny.contract, tiny.observations, tmp_path / "home")
    assert (tmp_path / "home" / "thesis.tex").read_text() == "dear"


def test_unknown_target_is_refused(tiny, tmp_path):
    with pytest.raises(ValueError, match="unknown target 'px4'; allowed: c, onnx, crazyflie"):
        export(tiny.weights, tiny.contract, tiny.observations, tmp_path / "export", targets=("px4",))
    assert not (tmp_path / "export").exists()


def test_vehicle_that_is_no_crazyflie_is_exported_without_its_controller(tiny, tmp_path):
    heavy = dataclasses.replace(tiny.contract, airframe=dataclasses.replace(tiny.contract.airframe, mass=2.0))
    said = []
    export(tiny.weights, heavy, tiny.observations, tmp_path / "export", progress=said.append)
    assert (tmp_path / "export" / "policy.c").is_file() and not (tmp_path / "export" / "crazyflie").exists()
    assert any("no Crazyflie controller: airframe.mass" in text for text in said)
    with pytest.raises(ContractError, match=r"airframe\.mass"):
        export(tiny.weights, heavy, tiny.observations, tmp_path / "asked", targets=("crazyflie",))


def test_recordings_that_are_not_the_policys_inputs_are_refused(tiny, tmp_path):
    bad = tiny.observations.copy()
    bad[3, 4] = np.nan
    with pytest.raises(ContractError, match=r"observations\[3\]\[4\]: is nan"):
        export(tiny.weights, tiny.contract, bad, tmp_path / "export")
    with pytest.raises(ContractError, match="expected"):
        export(tiny.weights, tiny.contract, bad[:, :5], tmp_path / "export")


def test_contract_of_other_weights_is_refused(tiny, make_exported, tmp_path):
    other = make_exported(hidden=(4,), history=1, seed=7)
    with pytest.raises(ContractError, match="names other weights"):
        export(other.weights, tiny.contract, tiny.observations, tmp_path / "export")


# Verify.


@needs_boards
@pytest.mark.parametrize("clip", [5.0, None])
def test_limits_and_the_normaliser_take_no_branches(make_exported, tmp_path, clip):
    """Linear outputs that reach beyond the limits in some evaluations and not in others, with and without a clip."""
    made = make_exported(normalized=True, clip=clip, hidden=(16,), activations=("fast_tanh", "identity"))
    export(made.weights, made.contract, made.observations, tmp_path / "export", targets=("c",))
    proofs = verify(tmp_path / "export")
    statuses = {proof.name: proof.status for proof in proofs.proofs}
    assert statuses["m4f"] == statuses["constant_instructions"] == "passed"


@needs_boards
def test_all_proofs_of_the_hover_policy(hover, tmp_path):
    export(hover.weights, hover.contract, hover.observations, tmp_path / "export")
    said = []
    proofs = verify(tmp_path / "export", said.append)
    result = proofs.as_dict()
    assert [proof for proof in proofs.proofs if proof.status != "passed"] == []
    assert result["bit_exact"] is result["host"] is result["m4f"] is result["m7"] is result["all_passed"] is True
    assert result["vectors"] >= 1024 + 500
    assert result["instructions_per_mac"] <= 3.5
    assert result["constant_instructions"] is True
    assert result["onnx_max_error"] <= 1e-5
    assert 55_000 < result["flash_bytes"] < 80_000
    assert 1_000 < result["ram_bytes"] < 3_000
    assert 0 < result["stack_bytes"] < 512
    assert 0 < result["period_share"] < 0.2
    assert result["estimated_cycles"] > result["instructions_per_step"]
    assert result["not_possible"] == []
    assert json.loads(json.dumps(result)) == result
    assert proofs.passed("crazyflie") and "ONNX Runtime" in said


@pytest.mark.parametrize(
    ("present", "possible"),
    [((), ()), (("gcc",), ("host",)), (("gcc", "arm-none-eabi-gcc"), ("host",))],
    ids=["nothing", "only a host compiler", "no emulator"],
)
def test_missing_tools_make_proofs_impossible_and_say_how_to_get_them(folder, tmp_path, monkeypatch, present, possible):
    tools = tmp_path / "bin"
    tools.mkdir()
    for name in (*present, *(("as", "ld", "cc1", "collect2") if present else ())):
        found = shutil.which(name)
        if found:
            (tools / name).symlink_to(found)
    monkeypatch.setenv("PATH", str(tools))
    proofs = verify(folder)
    result = proofs.as_dict()
    for name in ("host", "m4f", "m7"):
        assert result[name] is (True if name in possible else None)
    assert result["bit_exact"] is False and result["all_passed"] is False and proofs.failed == ()
    assert result["instructions_per_step"] is None and result["onnx_max_error"] <= 1e-5
    assert all(entry["remedy"].startswith("sudo apt-get install") for entry in result["not_possible"])
    assert {entry["name"] for entry in result["not_possible"]} >= {"m4f", "m7", "constant_instructions", "budget"}


def test_changed_c_is_neither_compiled_nor_run(folder, monkeypatch):
    path = folder / "policy.c"
    path.write_text(path.read_text() + "\n__attribute__((constructor)) static void surprise(void) { for (;;) { } }\n")
    monkeypatch.setattr("telic.deploy.verify.run_host", lambda *_: pytest.fail("unknown code was run"))
    proofs = verify(folder)
    assert [proof.name for proof in proofs.failed] == ["source"]
    assert proofs.as_dict()["bit_exact"] is False
    assert proofs.passed("host") is None


def test_export_without_c_or_onnx_says_how_to_add_them(tiny, tmp_path):
    export(tiny.weights, tiny.contract, tiny.observations, tmp_path / "export", targets=())
    result = verify(tmp_path / "export").as_dict()
    remedies = {entry["name"]: entry["remedy"] for entry in result["not_possible"]}
    assert remedies["host"] == "telic export RUN --target c"
    assert remedies["onnx"] == "telic export RUN --target onnx"


def test_wrong_answers_of_a_target_are_a_failed_proof_with_the_first_difference(folder, monkeypatch):
    def one_bit_off(*arguments):
        results = bytearray(emulate.run_host(*arguments))
        results[-4] ^= 1
        return bytes(results)

    monkeypatch.setattr("telic.deploy.verify.run_host", one_bit_off)
    proofs = verify(folder)
    (failed,) = proofs.failed
    assert failed.name == "host" and "1 of" in failed.detail and "expected" in failed.detail


def test_emulator_that_dies_is_a_failed_proof_with_its_name(folder, tmp_path, monkeypatch):
    tools = tmp_path / "bin"
    tools.mkdir()
    (tools / "qemu-system-arm").write_text("#!/bin/sh\necho cannot set up guest memory >&2\nkill -SEGV $$\n")
    (tools / "qemu-system-arm").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:/usr/bin:/bin")
    if shutil.which("arm-none-eabi-gcc") is None:
        pytest.skip("needs gcc-arm-none-eabi")
    failed = {proof.name: proof.detail for proof in verify(folder).failed}
    assert set(failed) == {"m4f", "m7", "safety"}
    assert "qemu-system-arm crashed with signal 11" in failed["m4f"] and "guest memory" in failed["m4f"]


@needs_boards
def test_changed_crazyflie_controller_is_a_failed_proof(tiny, tmp_path):
    export(tiny.weights, tiny.contract, tiny.observations, tmp_path / "export")
    path = tmp_path / "export" / "crazyflie" / "src" / "policy.c"
    path.write_text(path.read_text() + "\n")
    (failed,) = verify(tmp_path / "export").failed
    assert failed.name == "crazyflie" and "src/policy.c" in failed.detail


def test_damaged_onnx_is_a_failed_proof(folder):
    (folder / "policy.onnx").write_bytes(b"not a model")
    assert [proof.name for proof in verify(folder).failed] == ["onnx"]


def test_folder_that_is_no_export_is_refused(tmp_path):
    with pytest.raises(ContractError, match=r"has no contract\.json"):
        verify(tmp_path)


@pytest.mark.parametrize("name", ["contract.json", "policy.safetensors", "observations.safetensors"])
@pytest.mark.parametrize("damage", [b"", b"\x00" * 64, b"{}"], ids=["empty", "zeros", "other"])
def test_damaged_file_is_refused_by_name(folder, name, damage):
    (folder / name).write_bytes(damage)
    with pytest.raises(ContractError):
        verify(folder)


def test_weights_of_another_policy_are_refused(folder, make_exported):
    make_exported(hidden=(4,), history=1, seed=5).weights.save(folder / "policy.safetensors")
    with pytest.raises(ContractError, match="weights_sha256"):
        verify(folder)


@pytest.mark.parametrize(
    ("arrays", "told"),
    [
        ({"observations": np.zeros((3, 5), np.float32)}, "shape"),
        ({"observations": np.full((3, 22), np.inf, np.float32)}, "finite"),
        ({"observations": np.zeros((3, 22), np.float64)}, "float32"),
        ({"other": np.zeros((3, 22), np.float32)}, "observations"),
        ({"observations": np.zeros((0, 22), np.float32)}, "at least 1"),
    ],
    ids=["wrong size", "infinite", "doubles", "other name", "empty"],
)
def test_recordings_are_checked(folder, arrays, told):
    save_file(arrays, folder / "observations.safetensors")
    with pytest.raises(ContractError, match=told):
        verify(folder)


def test_contract_that_was_edited_is_refused(folder):
    path = folder / "contract.json"
    path.write_text(path.read_text().replace('"policy_hz": 100', '"policy_hz": 50'))
    with pytest.raises(ContractError, match="contract_sha256"):
        verify(folder)
