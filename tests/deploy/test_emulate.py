"""Tools that run programs: exact counts, and failures that say what happened."""

import shutil
import sys

import numpy as np
import pytest

from telic.deploy.emulate import M4F, M7, build_firmware, build_host, run_firmware, run_host, sizes
from telic.deploy.toolchain import REMEDIES, ToolFailedError, ToolMissingError, find, run

needs_boards = pytest.mark.skipif(
    shutil.which("arm-none-eabi-gcc") is None or shutil.which("qemu-system-arm") is None,
    reason="needs gcc-arm-none-eabi and qemu-system-arm",
)

PROGRAM = """
#include "harness.h"
int harness_main(void)
{
%s
    return 0;
}
"""

COUNTED = """
    uint32_t counts[2];
    board_count_start();
    counts[0] = board_count();
    board_count_start();
    __asm__ volatile(".rept 5000\\n nop\\n .endr");
    counts[1] = board_count();
    board_write(counts, sizeof(counts));
"""


def firmware(board, folder, body):
    (folder / "program.c").write_text(PROGRAM % body)
    return build_firmware(board, folder, ("program.c",))


@needs_boards
@pytest.mark.parametrize("board", [M4F, M7], ids=lambda board: board.name)
def test_counts_are_exact(tmp_path, board):
    counts = np.frombuffer(run_firmware(board, firmware(board, tmp_path, COUNTED), b""), "<u4")
    assert round((int(counts[1]) - int(counts[0])) / board.counts_per_instruction) == 5000


@needs_boards
@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("    *(volatile uint32_t *)0x60000000u = 1u;", "exit code 99"),
        ("    for (;;) { }", "stopped after 1 s"),
        ("    return 7;", "exit code 7"),
    ],
    ids=["bus fault", "endless loop", "own exit code"],
)
def test_firmware_that_fails_says_how(tmp_path, body, told):
    elf = firmware(M4F, tmp_path, body)
    with pytest.raises(ToolFailedError, match=f"qemu-system-arm.* {told}"):
        run_firmware(M4F, elf, b"", timeout_s=1.0)


@needs_boards
def test_firmware_starts_with_its_data(tmp_path):
    body = "    static volatile uint32_t word = 0x12345678u; static volatile uint32_t zero;\n"
    body += "    uint32_t both[2] = {word, zero}; board_write(both, sizeof(both));"
    assert np.frombuffer(run_firmware(M4F, firmware(M4F, tmp_path, body), b""), "<u4").tolist() == [0x12345678, 0]


@needs_boards
def test_sizes_count_code_and_data(tmp_path):
    body = "    static const uint32_t table[100] = {1u};\n    static volatile uint32_t ram[25];\n"
    body += "    board_write(&table[ram[0]], 4u);"
    firmware(
        M4F,
        tmp_path,
        body,
    )
    measured = sizes(tmp_path, ["program.o"])
    assert measured.flash >= 400 and measured.ram == 100


def test_host_program_that_crashes_is_named(tmp_path):
    (tmp_path / "program.c").write_text(PROGRAM % "    *(volatile int *)0 = 1;")
    with pytest.raises(ToolFailedError, match="harness crashed with signal"):
        run_host(build_host(tmp_path, ("program.c",)), b"")


def test_code_that_does_not_compile_shows_the_compiler(tmp_path):
    (tmp_path / "program.c").write_text("int x = ;")
    with pytest.raises(ToolFailedError, match="expected expression"):
        build_host(tmp_path, ("program.c",))


@pytest.mark.parametrize("tool", REMEDIES)
def test_missing_tool_names_the_command_that_installs_it(monkeypatch, tool):
    monkeypatch.setenv("PATH", "")
    with pytest.raises(ToolMissingError, match="sudo apt-get install") as caught:
        find(tool)
    assert caught.value.remedy == REMEDIES[tool]


def test_a_program_that_does_not_start_is_a_failure(tmp_path):
    broken = tmp_path / "tool"
    broken.write_text("no program")
    broken.chmod(0o755)
    with pytest.raises(ToolFailedError, match="tool could not be started"):
        run([str(broken)], tmp_path, 1.0)


def test_a_program_that_takes_too_long_is_stopped(tmp_path):
    with pytest.raises(ToolFailedError, match=r"stopped after 0\.5 s"):
        run([sys.executable, "-c", "import time; time.sleep(60)"], tmp_path, 0.5)
