"""Makes the modules beside the tests known by name: a folder of tests is no package."""

import importlib.util
import sys
from pathlib import Path

import pytest

from telic.sim.tasks.registry import make_task

for _name in ("writer_model", "searching", "record_session"):
    _spec = importlib.util.spec_from_file_location(_name, Path(__file__).with_name(f"{_name}.py"))
    _module = importlib.util.module_from_spec(_spec)
    sys.modules[_name] = _module
    _spec.loader.exec_module(_module)


@pytest.fixture(scope="session")
def task():
    return make_task("cartpole", duration_s=1.0)
