"""What a user gets: the wheel, installed away from the repository."""

import subprocess
import sys
import sysconfig
import venv
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FLOORS = ("launch", "deploy", "control", "rewards", "sim", "replay")

IMPORT_EVERYTHING = """
import importlib, pathlib, telic
home = pathlib.Path(telic.__file__).parent
for path in sorted(home.rglob("*.py")):
    names = ("telic", *path.relative_to(home).with_suffix("").parts)
    importlib.import_module(".".join(names[:-1] if names[-1] == "__init__" else names))
print(home)
"""


def run(*command, cwd):
    done = subprocess.run([*map(str, command)], cwd=cwd, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """Built through the sdist, as an index would."""
    out = tmp_path_factory.mktemp("dist")
    run(sys.executable, "-P", "-m", "build", "--no-isolation", "--outdir", out, ROOT, cwd=out)
    (path,) = out.glob("*.whl")
    return path


@pytest.fixture(scope="module")
def names(wheel):
    with zipfile.ZipFile(wheel) as archive:
        return set(archive.namelist())


def tracked(*patterns):
    listed = subprocess.run(["git", "ls-files", *patterns], cwd=ROOT, capture_output=True, text=True, check=True)
    return listed.stdout.split()


def test_only_telic_is_at_the_top(names):
    assert {name.split("/")[0] for name in names if ".dist-info/" not in name} == {"telic"}


def test_every_file_of_every_floor_is_in_the_wheel(names):
    lacking = [path for path in tracked(*FLOORS) if f"telic/{path}" not in names and not path.endswith(".sh")]
    assert lacking == []


@pytest.mark.parametrize(
    "data", ["telic/py.typed", "telic/sim/vehicles/crazyflie.toml", "telic/launch/report/page.html"]
)
def test_data_files_are_there(names, data):
    assert data in names


def test_the_wheel_works_from_another_folder(wheel, tmp_path):
    environment = tmp_path / "venv"
    venv.create(environment, with_pip=False)
    python = environment / "bin" / "python"
    run(sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", wheel, cwd=tmp_path)
    packages = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=tmp_path).strip())
    # The libraries come from here, without the editable install: its .pth file is read only in a site folder.
    (packages / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    home = run(python, "-c", IMPORT_EVERYTHING, cwd=tmp_path).split()[-1]
    assert Path(home) == packages / "telic"
    assert "telic doctor" in run(environment / "bin" / "telic", "--help", cwd=tmp_path)
