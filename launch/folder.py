"""A run folder: where everything of one run lies, and which of its stages are finished."""

import json
import re
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from telic.launch.errors import UserError
from telic.launch.output import plain

_STATE = "state.json"
_CONFIG = "config.yaml"


@dataclass(frozen=True)
class RunFolder:
    """The files of one run, by name.

    Attributes:
        path: The folder.
    """

    path: Path

    @classmethod
    def create(
        cls, out: Path, slug: str, config: Mapping[str, Any], files: Mapping[str, str] | None = None
    ) -> "RunFolder":
        """Make a new folder ``<out>/<time>-<slug>``, whole or not at all.

        Args:
            out: Where to make it.
            slug: For its name.
            config: Becomes ``config.yaml``.
            files: Further text files by name.

        Raises:
            UserError: If it cannot be written.
        """
        path = _free(out / f"{time.strftime('%Y%m%d-%H%M%S')}-{slugify(slug)}")
        try:
            out.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=out, prefix=".new-") as temporary:
                folder = cls(Path(temporary) / "run")
                for part in (folder.path, folder.checkpoints, folder.replay):
                    part.mkdir()
                for name, text in (files or {}).items():
                    (folder.path / name).write_text(text, encoding="utf-8")
                plain_config = json.loads(json.dumps(config, default=plain))
                (folder.path / _CONFIG).write_text(yaml.safe_dump(plain_config, sort_keys=False))
                write_json(folder.path / _STATE, {"stages": {}})
                folder.path.rename(path)
        except OSError as error:
            raise UserError(
                f"cannot make the run folder {path}: {error.strerror}; give another one with --out"
            ) from error
        return cls(path)

    @classmethod
    def open(cls, path: Path) -> "RunFolder":
        """An existing run folder.

        Raises:
            UserError: If this is not one.
        """
        if not (path / _STATE).is_file() or not (path / _CONFIG).is_file():
            raise UserError(f"{path} is not a run folder: it holds no {_CONFIG} and {_STATE}")
        return cls(path)

    @property
    def config(self) -> dict[str, Any]:
        """What the run was made with.

        Raises:
            UserError: If the file was damaged.
        """
        try:
            config = yaml.safe_load((self.path / _CONFIG).read_text())
        except yaml.YAMLError as error:
            raise UserError(f"{self.path / _CONFIG} is not YAML: {error}") from error
        if not isinstance(config, dict):
            raise UserError(f"{self.path / _CONFIG}: one mapping is wanted, not {type(config).__name__}")
        return config

    @property
    def stages(self) -> dict[str, dict[str, Any]]:
        """The finished stages and what each of them found."""
        return read_json(self.path / _STATE)["stages"]

    def finish(self, stage: str, found: Mapping[str, Any]) -> None:
        """Mark a stage as finished. Stages that came after it are to be done again."""
        stages = {name: record for name, record in self.stages.items() if name != stage}
        write_json(self.path / _STATE, {"stages": {**stages, stage: dict(found)}})

    def forget(self, stages: tuple[str, ...]) -> None:
        """Mark stages as not finished."""
        kept = {name: record for name, record in self.stages.items() if name not in stages}
        write_json(self.path / _STATE, {"stages": kept})

    @property
    def prompt(self) -> Path:
        """The sentence."""
        return self.path / "prompt.txt"

    @property
    def reward(self) -> Path:
        """The reward program."""
        return self.path / "reward.py"

    @property
    def vehicle(self) -> Path:
        """A copy of the user's vehicle file; absent for a packaged vehicle."""
        return self.path / "vehicle.toml"

    @property
    def command(self) -> Path:
        """The command line that made this folder."""
        return self.path / "command.txt"

    @property
    def metrics(self) -> Path:
        """Training history, one row per report."""
        return self.path / "metrics.csv"

    @property
    def tensorboard(self) -> Path:
        """The same history as TensorBoard events."""
        return self.path / "tensorboard"

    @property
    def checkpoints(self) -> Path:
        """The learner's checkpoints."""
        return self.path / "checkpoints"

    @property
    def policy(self) -> Path:
        """The trained policy."""
        return self.path / "checkpoints" / "policy.safetensors"

    @property
    def replay(self) -> Path:
        """Recorded flights."""
        return self.path / "replay"

    @property
    def policy_flight(self) -> Path:
        """One flight of the policy."""
        return self.replay / "policy.npz"

    @property
    def pid_flight(self) -> Path:
        """One flight of the PID baseline, from the same start."""
        return self.replay / "pid.npz"

    @property
    def transitions(self) -> Path:
        """Every signal of many flown steps, for `Replay.load`."""
        return self.replay / "transitions.safetensors"

    @property
    def evaluation(self) -> Path:
        """Held-out episodes, policy and PID."""
        return self.path / "evaluation.json"

    @property
    def video(self) -> Path:
        """The flight, rendered."""
        return self.path / "video.mp4"

    @property
    def export(self) -> Path:
        """The policy for other targets, with its contract."""
        return self.path / "export"

    @property
    def proofs(self) -> Path:
        """What `telic verify` found."""
        return self.path / "proofs.json"

    @property
    def report(self) -> Path:
        """The page to look at."""
        return self.path / "report.html"


def slugify(text: str, length: int = 48) -> str:
    """A sentence as part of a file name, cut at a word."""
    words = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")
    return words if len(words) <= length else words[:length].rsplit("-", 1)[0]


def write_json(path: Path, document: Mapping[str, Any]) -> None:
    """Write a JSON file so that a reader sees the old or the new one, never half of one."""
    beside = path.with_name(f"{path.name}.new")
    beside.write_text(json.dumps(document, indent=1, default=plain))
    beside.replace(path)


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object.

    Raises:
        UserError: If there is none, or it was damaged.
    """
    try:
        return json.loads(path.read_text())
    except FileNotFoundError as error:
        raise UserError(f"there is no {path}") from error
    except json.JSONDecodeError as error:
        raise UserError(f"{path} is not JSON: {error}") from error


def _free(path: Path) -> Path:
    """The path, or the path with the first number that makes it new."""
    number, free = 2, path
    while free.exists():
        free = path.with_name(f"{path.name}-{number}")
        number += 1
    return free
