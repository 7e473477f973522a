"""A run folder remembers what is done."""

from pathlib import Path

import pytest

from telic.launch.errors import UserError
from telic.launch.folder import RunFolder, read_json, slugify, write_json


@pytest.fixture
def folder(tmp_path):
    return RunFolder.create(tmp_path / "runs", "Hover one metre!", {"seed": 3})


def test_a_new_folder_is_named_by_time_and_sentence(folder):
    assert folder.path.name.endswith("-hover-one-metre")
    assert folder.config == {"seed": 3}
    assert folder.stages == {}


def test_two_folders_of_the_same_second_are_apart(tmp_path):
    first, second = (RunFolder.create(tmp_path, "hover", {}) for _ in range(2))
    assert first.path != second.path


def test_finished_stages_are_kept_in_order(folder):
    folder.finish("train", {"seconds": 1.0})
    folder.finish("evaluate", {"settle_fraction": 0.99})
    again = RunFolder.open(folder.path)
    assert list(again.stages) == ["train", "evaluate"]
    assert again.stages["evaluate"] == {"settle_fraction": 0.99}


def test_forgotten_stages_are_to_be_done_again(folder):
    folder.finish("train", {})
    folder.finish("evaluate", {})
    folder.forget(("evaluate",))
    assert list(folder.stages) == ["train"]


def test_another_folder_is_not_a_run(tmp_path):
    with pytest.raises(UserError, match="is not a run folder"):
        RunFolder.open(tmp_path)


def test_a_folder_that_cannot_be_made_names_the_option(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="--out"):
        RunFolder.create(tmp_path / "file", "hover", {})


def test_a_damaged_state_is_named(folder):
    (folder.path / "state.json").write_text("{")
    with pytest.raises(UserError, match=r"state\.json is not JSON"):
        _ = folder.stages


def test_a_file_is_replaced_as_a_whole(tmp_path, monkeypatch):
    path = tmp_path / "a.json"
    write_json(path, {"a": 1})

    def interrupt(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(Path, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_json(path, {"a": 2})
    assert read_json(path) == {"a": 1}


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("Hover 1 m, still!", "hover-1-m-still"),
        (
            "fly a figure eight two metres wide, one metre above the ground",
            "fly-a-figure-eight-two-metres-wide-one-metre",
        ),
    ],
)
def test_slug(text, slug):
    assert slugify(text) == slug
