"""A typed dataclass is a verb's command line; a YAML file may hold the same fields."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar, get_args

import tyro
import yaml

from telic.launch.errors import UserError
from telic.replay.errors import did_you_mean

Arguments = TypeVar("Arguments")

_STYLE = (tyro.conf.FlagCreatePairsOff, tyro.conf.AvoidSubcommands)


def parse(arguments: type[Arguments], argv: Sequence[str], prog: str) -> Arguments:
    """Read a verb's arguments.

    Fields of ``--config FILE`` are read first; what stands on the command line wins over them.

    Raises:
        UserError: If the file cannot be read, or holds a field that the verb does not have.
        SystemExit: After ``--help`` (0), or on a wrong argument (2), with the reason printed.
    """
    path = _config_path(argv)
    if path is None:
        return tyro.cli(arguments, args=list(argv), prog=prog, config=_STYLE)
    words = list(_words(_read(path), arguments, path))
    default = tyro.cli(arguments, args=words, prog=f"{prog} (from {path})", config=_STYLE)
    return tyro.cli(arguments, args=list(argv), prog=prog, default=default, config=_STYLE)


def _config_path(argv: Sequence[str]) -> Path | None:
    for word, following in pairwise([*argv, None]):
        if word == "--config" and following is not None:
            return Path(following)
        if word and word.startswith("--config="):
            return Path(word.removeprefix("--config="))
    return None


def _read(path: Path) -> Mapping[str, Any]:
    try:
        document = yaml.safe_load(path.read_text())
    except OSError as error:
        raise UserError(f"--config {path}: {error.strerror}") from error
    except yaml.YAMLError as error:
        raise UserError(f"--config {path} is not YAML: {error}") from error
    if not isinstance(document, dict):
        raise UserError(f"--config {path}: one mapping of options is wanted, not {type(document).__name__}")
    return document


def _words(document: Mapping[str, Any], arguments: type, path: Path) -> Iterator[str]:
    """The document as a command line: types are then checked in one place, by tyro."""
    known = _options(arguments)
    for key, value in document.items():
        name = str(key).replace("-", "_")
        if name not in known:
            raise UserError(f"--config {path}: there is no option {key!r}; {did_you_mean(name, known)}")
        if tyro.conf.Positional in known[name] and value is not None:
            yield str(value)
        else:
            yield from _option(name, value)


def _option(name: str, value: object) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from _option(f"{name}.{key}", inner)
    elif value is not None and value is not False:
        yield f"--{name.replace('_', '-')}"
        if value is not True:
            yield from map(str, value if isinstance(value, list) else [value])


def _options(arguments: type) -> dict[str, tuple[Any, ...]]:
    """Names of the options and what is annotated on them; a nested dataclass without a name adds its own fields."""
    options: dict[str, tuple[Any, ...]] = {}
    for field in fields(arguments):
        marks = getattr(field.type, "__metadata__", ())
        if any(getattr(mark, "name", None) == "" for mark in marks):
            options |= _options(get_args(field.type)[0])
        else:
            options[field.name] = marks
    return options
