"""Compile an exported controller folder as the Crazyflie firmware would, without the firmware."""

import tempfile
from importlib import resources
from pathlib import Path

from telic.deploy.emulate import M4F
from telic.deploy.toolchain import find, run

# The firmware's own warnings, and stricter ones.
_FLAGS = ("-std=gnu11", "-Wall", "-Wextra", "-Werror", "-Wdouble-promotion", "-Wmissing-braces", "-fno-strict-aliasing")
_FIRMWARE = ("-fno-math-errno", "-ffunction-sections", "-fdata-sections", "-Os")
_KBUILD = ("-O3", "-ffp-contract=off")
_VARIANTS = ((), ("-DTELIC_TICK_SIGNATURE",), ("-DSTANDIN_NO_COMPENSATION",))


def check_crazyflie(folder: Path, timeout_s: float = 60.0) -> list[str]:
    """Compile every source of an exported folder for the Crazyflie's processor, for current and for older firmware.

    The firmware's headers are stood in for by packaged ones that declare the interface that the controller uses.

    Args:
        folder: What `write_crazyflie` wrote.
        timeout_s: Time for one file.

    Returns:
        The names of the files that were compiled.

    Raises:
        ToolMissingError: Without the Arm compiler.
        ToolFailedError: With the first warning or error.
    """
    compiler = find("arm-none-eabi-gcc")
    sources = sorted((Path(folder) / "src").glob("*.c"))
    if not sources:
        raise ValueError(f"{folder} has no src/*.c; it is not what write_crazyflie writes")
    with tempfile.TemporaryDirectory(prefix="telic-crazyflie-") as temporary:
        build = Path(temporary)
        copy_firmware_headers(build)
        for source in sources:
            # The policy's own files use none of the firmware.
            for variant in _VARIANTS[:1] if source.name.startswith("policy") else _VARIANTS:
                flags = (*_FLAGS, *_FIRMWARE, *_KBUILD, *M4F.flags, *variant)
                run([compiler, *flags, f"-I{build}", "-c", str(source.resolve()), "-o", "out.o"], build, timeout_s)
    return [source.name for source in sources]


def copy_firmware_headers(folder: Path) -> None:
    """Put the stand-ins for the firmware's headers into a folder."""
    for header in (resources.files("telic.deploy.crazyflie") / "firmware_headers").iterdir():
        if header.name.endswith(".h"):
            (folder / header.name).write_text(header.read_text(encoding="utf-8"), encoding="utf-8")
