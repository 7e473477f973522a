"""Typed arguments from the command line and from a file."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

import pytest
import tyro

from telic.launch.arguments import parse
from telic.launch.errors import UserError


@dataclass(frozen=True)
class Learner:
    hidden: tuple[int, ...] = (64, 64)
    gamma: float = 0.99


@dataclass(frozen=True)
class Trainer:
    updates: int = 10


@dataclass(frozen=True)
class Arguments:
    sentence: tyro.conf.Positional[str | None] = None
    seed: int = 0
    learning_rate: float = 1e-3
    quick: bool = False
    learner: Learner = field(default_factory=Learner)
    trainer: Annotated[Trainer, tyro.conf.arg(name="")] = field(default_factory=Trainer)
    config: Path | None = None


@pytest.fixture
def config_file(tmp_path):
    def write(text):
        path = tmp_path / "run.yaml"
        path.write_text(text)
        return ["--config", str(path)]

    return write


def test_defaults_without_words():
    assert parse(Arguments, [], "telic") == Arguments()


def test_a_file_gives_every_kind_of_field(config_file):
    words = config_file("sentence: fly a circle\nseed: 3\nlearning-rate: 0.01\nquick: true\n")
    read = parse(Arguments, words, "telic")
    assert (read.sentence, read.seed, read.learning_rate, read.quick) == ("fly a circle", 3, 0.01, True)


def test_the_command_line_wins_over_the_file(config_file):
    words = config_file("sentence: fly a circle\nseed: 3\n")
    read = parse(Arguments, ["hover", *words, "--seed", "4"], "telic")
    assert (read.sentence, read.seed) == ("hover", 4)


def test_false_and_null_leave_the_default(config_file):
    read = parse(Arguments, config_file("quick: false\nsentence: null\n"), "telic")
    assert (read.quick, read.sentence) == (False, None)


def test_nested_fields_are_read(config_file):
    words = config_file("learner:\n  hidden: [32, 16]\n  gamma: 0.9\n")
    assert parse(Arguments, words, "telic").learner == Learner((32, 16), 0.9)
    assert parse(Arguments, ["--learner.gamma", "0.5"], "telic").learner == Learner(gamma=0.5)


def test_fields_of_a_nameless_part_stand_at_the_top(config_file):
    assert parse(Arguments, config_file("updates: 3\n"), "telic").trainer == Trainer(3)


def test_the_equals_form_is_read_too(config_file):
    path = config_file("seed: 7\n")[1]
    assert parse(Arguments, [f"--config={path}"], "telic").seed == 7


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("sead: 3\n", "there is no option 'sead'; did you mean 'seed'"),
        ("- 1\n- 2\n", "one mapping of options is wanted, not list"),
        ("a: [\n", "is not YAML"),
    ],
)
def test_a_wrong_file_is_refused_with_the_reason(config_file, text, told):
    with pytest.raises(UserError, match=told):
        parse(Arguments, config_file(text), "telic")


def test_a_missing_file_is_refused(tmp_path):
    with pytest.raises(UserError, match="No such file"):
        parse(Arguments, ["--config", str(tmp_path / "none.yaml")], "telic")


def test_a_wrong_type_ends_with_exit_code_2(capsys):
    with pytest.raises(SystemExit) as end:
        parse(Arguments, ["--seed", "many"], "telic")
    assert end.value.code == 2
