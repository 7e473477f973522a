"""The order of stages, and going on after an interruption."""

import io
from types import SimpleNamespace

import pytest
from rich.console import Console

from telic.launch.folder import RunFolder
from telic.launch.pipeline import carry_out
from telic.launch.progress import Progress
from telic.launch.stages import STAGES, Stage


@pytest.fixture
def run(tmp_path):
    return SimpleNamespace(folder=RunFolder.create(tmp_path, "hover", {}))


@pytest.fixture
def done():
    return []


@pytest.fixture
def progress():
    return Progress(Console(file=io.StringIO()))


def stage(name, done, *, interrupted=False):
    def work(run, news):
        if interrupted:
            raise KeyboardInterrupt
        done.append(name)
        return {"answer": name}

    return Stage(name, work)


def test_each_stage_is_done_once_and_its_findings_are_kept(run, done, progress):
    carry_out(run, [stage("train", done), stage("export", done)], progress)
    assert done == ["train", "export"]
    assert run.folder.stages["export"]["answer"] == "export"
    assert run.folder.stages["train"]["seconds"] >= 0.0


def test_an_interrupted_run_goes_on_where_it_stopped(run, done, progress):
    with pytest.raises(KeyboardInterrupt):
        carry_out(run, [stage("train", done), stage("export", done, interrupted=True)], progress)
    carry_out(run, [stage("train", done), stage("export", done)], progress)
    assert done == ["train", "export"]


def test_what_follows_an_unfinished_stage_is_done_again(run, done, progress):
    run.folder.finish("train", {})
    run.folder.finish("report", {})
    carry_out(run, [stage("train", done), stage("export", done), stage("report", done)], progress)
    assert done == ["export", "report"]


def test_a_finished_run_does_nothing(run, done, progress):
    stages = [stage("train", done), stage("export", done)]
    carry_out(run, stages, progress)
    carry_out(run, stages, progress)
    assert done == ["train", "export"]


def test_stages_have_different_names():
    assert len({stage.name for stage in STAGES}) == len(STAGES)
