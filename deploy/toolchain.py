"""Compilers and emulators on this machine: found, run with a time limit, named with a remedy when missing."""

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path

STRICT_C = (
    "-std=c99",
    "-Wall",
    "-Wextra",
    "-Wpedantic",
    "-Wconversion",
    "-Wdouble-promotion",
    "-Wfloat-conversion",
    "-Wshadow",
)
# Fused multiply-adds would round once where the reference rounds twice.
EXACT_FLOATS = ("-ffp-contract=off", "-fno-fast-math")

REMEDIES = {
    "cc": "sudo apt-get install gcc",
    "arm-none-eabi-gcc": "sudo apt-get install gcc-arm-none-eabi",
    "arm-none-eabi-size": "sudo apt-get install gcc-arm-none-eabi",
    "qemu-system-arm": "sudo apt-get install qemu-system-arm",
}


class ToolMissingError(Exception):
    """A program that this machine lacks.

    Attributes:
        tool: Its name.
        remedy: The command that installs it.
    """

    def __init__(self, tool: str, remedy: str) -> None:
        super().__init__(f"{tool} is not installed; to get it: {remedy}")
        self.tool = tool
        self.remedy = remedy


class ToolFailedError(Exception):
    """A program that was there and failed."""


def find(tool: str) -> str:
    """Return the path of a tool; ``cc`` is the first of gcc, clang and cc.

    Raises:
        ToolMissingError: With the command that installs it.
    """
    for name in ("gcc", "clang", "cc") if tool == "cc" else (tool,):
        path = shutil.which(name)
        if path is not None:
            return path
    raise ToolMissingError(tool, REMEDIES[tool])


def run(command: Sequence[str], cwd: Path, timeout_s: float) -> str:
    """Run a command and return what it printed.

    Raises:
        ToolFailedError: If it exits with an error, crashes, or takes longer than `timeout_s`.
    """
    name = Path(command[0]).name
    try:
        done = subprocess.run(
            command, cwd=cwd, capture_output=True, timeout=timeout_s, check=False, stdin=subprocess.DEVNULL
        )
    except subprocess.TimeoutExpired:
        raise ToolFailedError(f"{name} was stopped after {timeout_s:g} s") from None
    except OSError as error:
        raise ToolFailedError(f"{name} could not be started: {error}") from None
    output = (done.stdout + done.stderr).decode(errors="replace").strip()
    if done.returncode < 0:
        raise ToolFailedError(f"{name} crashed with signal {-done.returncode}: {output[-2000:]}")
    if done.returncode:
        raise ToolFailedError(f"{name} failed with exit code {done.returncode}: {output[-2000:]}")
    return output
