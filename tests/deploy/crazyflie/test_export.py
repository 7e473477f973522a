import shutil
from dataclasses import replace

import pytest

from telic.deploy.checked import ContractError
from telic.deploy.crazyflie.check import check_crazyflie
from telic.deploy.crazyflie.export import write_crazyflie
from telic.deploy.crazyflie.wiring import Wiring
from telic.deploy.toolchain import ToolFailedError, run

needs_arm = pytest.mark.skipif(shutil.which("arm-none-eabi-gcc") is None, reason="needs gcc-arm-none-eabi")


def test_folder_builds_with_the_firmware_and_explains_itself(folder, exported):
    files = {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}
    sources = {"controller_telic.c", "policy.c", "policy.h", "policy_safety.c", "policy_safety.h"}
    sources |= {"telic_convert.c", "telic_convert.h", "Kbuild"}
    assert files == {"Makefile", "Kbuild", "app-config", "README.md", *(f"src/{name}" for name in sources)}
    assert "include $(CRAZYFLIE_BASE)/tools/make/oot.mk" in (folder / "Makefile").read_text()
    assert "CONFIG_CONTROLLER_OOT=y" in (folder / "app-config").read_text()
    objects = {line.split()[-1] for line in (folder / "src/Kbuild").read_text().splitlines() if "obj-y" in line}
    assert objects == {name.replace(".c", ".o") for name in sources if name.endswith(".c")}
    assert exported.contract.sha256 in (folder / "README.md").read_text()
    assert "telic: " not in (folder / "src/controller_telic.c").read_text()


@pytest.mark.skipif(shutil.which("make") is None, reason="needs make")
def test_makefile_says_where_to_get_the_firmware(folder, tmp_path):
    with pytest.raises(ToolFailedError, match=r"There is no Crazyflie firmware at .*git clone"):
        run(["make", "-C", str(folder), f"CRAZYFLIE_BASE={tmp_path}"], tmp_path, 10.0)


@needs_arm
def test_compiles_without_warnings_for_old_and_new_firmware(folder):
    assert check_crazyflie(folder) == ["controller_telic.c", "policy.c", "policy_safety.c", "telic_convert.c"]


@needs_arm
@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("LOG_ADD(LOG_UINT32, policy", "LOG_ADD(LOG_FLOAT, policy"),
        ("float above = (force > 0.0f)", "float above = (force > 0.1)"),
    ],
    ids=["log type", "double"],
)
def test_check_finds_wrong_log_types_and_double_precision(folder, tmp_path, old, new):
    damaged = shutil.copytree(folder, tmp_path / "damaged")
    for path in (damaged / "src").glob("*.c"):
        path.write_text(path.read_text().replace(old, new))
    with pytest.raises(ToolFailedError, match="error"):
        check_crazyflie(damaged)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"mass": 2.0}, "airframe.mass: is 2.0 kg; a Crazyflie has 0.015 to 0.1 kg"),
        ({"thrust_coefficients": None}, "airframe.thrust_coefficients: is null"),
        ({"rotor_directions": (1, -1, 1, -1)}, "airframe.rotor_directions: are"),
        ({"rotor_positions": ((0.1, 0.1, 0.0),) * 4}, "airframe.rotor_positions: have quadrants"),
    ],
)
def test_vehicle_that_is_no_crazyflie_is_refused(exported, tmp_path, change, message):
    contract = replace(exported.contract, airframe=replace(exported.contract.airframe, **change))
    with pytest.raises(ContractError, match=message):
        write_crazyflie(contract, tmp_path, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_signal_and_rate_that_the_firmware_lacks_are_refused(make_exported):
    contract = make_exported(hidden=(8,)).contract
    term = replace(contract.observation[2], signal="wind")
    with pytest.raises(ContractError, match=r"observation\[2\].signal: is 'wind', which a Crazyflie does not provide"):
        Wiring.of(replace(contract, observation=(*contract.observation[:2], term, *contract.observation[3:])))
    with pytest.raises(ContractError, match=r"rates.execution_hz: is 400; the Crazyflie's loop allows 1000, 500"):
        Wiring.of(make_exported(hidden=(8,), execution_hz=400).contract)
