"""Build the test harness for a target and run it: the host, or a microcontroller in QEMU."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources
from pathlib import Path

from telic.deploy.toolchain import EXACT_FLOATS, STRICT_C, find, run

# With -icount, one instruction takes 2^ICOUNT_SHIFT ns of the emulated machine's time, which SysTick's 24 bits show.
ICOUNT_SHIFT = 7


@dataclass(frozen=True)
class Board:
    """An emulated microcontroller.

    Attributes:
        name: What people call it.
        machine: QEMU's name.
        flags: What the compiler needs to know.
        linker_script: File in ``deploy/c``.
        clock_hz: Rate of SysTick in QEMU [Hz].
    """

    name: str
    machine: str
    flags: tuple[str, ...]
    linker_script: str
    clock_hz: float

    @property
    def counts_per_instruction(self) -> float:
        """SysTick counts of one instruction."""
        return self.clock_hz * 2**ICOUNT_SHIFT * 1e-9


_HARD_FLOAT = ("-mthumb", "-mfloat-abi=hard")
M4F = Board(
    "Cortex-M4F", "netduinoplus2", ("-mcpu=cortex-m4", "-mfpu=fpv4-sp-d16", *_HARD_FLOAT), "netduinoplus2.ld", 168e6
)
M7 = Board("Cortex-M7", "mps2-an500", ("-mcpu=cortex-m7", "-mfpu=fpv5-d16", *_HARD_FLOAT), "mps2_an500.ld", 25e6)


@dataclass(frozen=True)
class Sizes:
    """What a compiled object takes on the target, without stack and the caller's state [bytes]."""

    flash: int
    ram: int


def copy_support(names: Sequence[str], folder: Path) -> None:
    """Copy packaged C files into a build folder."""
    for name in names:
        text = (resources.files("telic.deploy") / "c" / name).read_text(encoding="utf-8")
        (folder / name).write_text(text, encoding="utf-8")


def build_host(folder: Path, sources: Sequence[str], timeout_s: float = 60.0) -> Path:
    """Compile `sources` in `folder`, and the harness's host side, into a program.

    Raises:
        ToolMissingError: Without a C compiler.
        ToolFailedError: If it does not compile.
    """
    copy_support(("harness.h", "host.c"), folder)
    run([find("cc"), *STRICT_C, *EXACT_FLOATS, "-O2", *sources, "host.c", "-o", "harness"], folder, timeout_s)
    return folder / "harness"


def build_firmware(board: Board, folder: Path, sources: Sequence[str], timeout_s: float = 60.0) -> Path:
    """Compile `sources` in `folder`, and the harness's Cortex-M side, into firmware, with the flags of the proofs.

    Raises:
        ToolMissingError: Without the Arm compiler.
        ToolFailedError: If it does not compile.
    """
    flags = (*STRICT_C, *EXACT_FLOATS, "-O3", "-ffreestanding")
    return build_firmware_with(board, folder, sources, flags, (), timeout_s)


def build_firmware_with(
    board: Board,
    folder: Path,
    sources: Sequence[str],
    flags: Sequence[str],
    libraries: Sequence[str] = (),
    timeout_s: float = 60.0,
) -> Path:
    """Compile like `build_firmware`, with other flags and libraries; for comparisons.

    Raises:
        ToolMissingError: Without the Arm compiler.
        ToolFailedError: If it does not compile.
    """
    copy_support(("harness.h", "cortex_m.c", board.linker_script, "sections.ld"), folder)
    compiler = find("arm-none-eabi-gcc")
    names = (*sources, "cortex_m.c")
    run([compiler, *board.flags, *flags, "-c", *names], folder, timeout_s)
    objects = [Path(name).with_suffix(".o").name for name in names]
    link = ["-nostdlib", "-T", board.linker_script, *objects, *libraries, "-lgcc", "-o", "harness.elf"]
    run([compiler, *board.flags, *link], folder, timeout_s)
    return folder / "harness.elf"


def sizes(folder: Path, objects: Sequence[str]) -> Sizes:
    """Sum the sections of compiled files.

    Raises:
        ToolMissingError: Without the Arm binutils.
    """
    flash = ram = 0
    for line in run([find("arm-none-eabi-size"), *objects], folder, 10.0).splitlines()[1:]:
        text, data, bss = (int(word) for word in line.split()[:3])
        flash += text + data
        ram += data + bss
    return Sizes(flash, ram)


def run_host(program: Path, vectors: bytes, timeout_s: float = 60.0) -> bytes:
    """Give a host program its vectors and return its results.

    Raises:
        ToolFailedError: If it fails, or does not end in time.
    """
    (program.parent / "vectors.bin").write_bytes(vectors)
    run([str(program)], program.parent, timeout_s)
    return (program.parent / "results.bin").read_bytes()


def run_firmware(board: Board, firmware: Path, vectors: bytes, timeout_s: float = 60.0) -> bytes:
    """Give firmware in the emulator its vectors and return its results.

    Raises:
        ToolMissingError: Without QEMU.
        ToolFailedError: If the emulator or the firmware fails, or does not end in time.
    """
    folder = firmware.parent
    (folder / "vectors.bin").write_bytes(vectors)
    machine = ["-M", board.machine, "-kernel", firmware.name, "-icount", f"shift={ICOUNT_SHIFT},sleep=off"]
    console = ["-display", "none", "-monitor", "none", "-serial", "none"]
    semihosting = ["-semihosting-config", "enable=on,target=native"]
    run([find("qemu-system-arm"), *machine, *console, *semihosting], folder, timeout_s)
    return (folder / "results.bin").read_bytes()
