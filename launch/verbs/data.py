"""`telic data list|info|make|import|export|relabel`: experience that is stored."""

import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import tyro
from rich.console import Console

from telic.launch.arguments import parse
from telic.launch.errors import UserError, reading
from telic.launch.output import print_json, say
from telic.launch.progress import Progress
from telic.replay.errors import did_you_mean

_DATASET = tyro.conf.arg(metavar="DATASET")


@dataclass(frozen=True)
class ListArguments:
    """List the datasets in a folder, of any library."""

    folder: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="FOLDER")] = Path("datasets")
    """Where to look."""
    json: bool = False
    """Print one JSON object."""


@dataclass(frozen=True)
class InfoArguments:
    """Say what is in a dataset: episodes, signals, ends, where it is from, and how returns are spread."""

    path: Annotated[Path, tyro.conf.Positional, _DATASET]
    """A store, a replay file, or a dataset of another library."""
    json: bool = False
    """Print one JSON object."""


@dataclass(frozen=True)
class MakeArguments:
    """Make a dataset of a task, scored by the task's own reward."""

    task: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="TASK")]
    """One of `telic tasks`."""
    policy: str = "random"
    """resting, random, pid (flights), scripted (robots that have such a policy), or the folder of a run."""
    episodes: int = 100
    """How many."""
    seed: int = 0
    """Of starts, noise and random actions."""
    out: Path | None = None
    """A new folder for a store, or a new file *.safetensors; by default datasets/TASK-POLICY-SEED."""
    json: bool = False
    """Print one JSON object."""


@dataclass(frozen=True)
class ImportArguments:
    """Bring in a dataset of another library. Its rewards become the column `recorded`."""

    path: Annotated[Path, tyro.conf.Positional, _DATASET]
    """A Minari or LeRobot folder, or a D4RL-style HDF5 file."""
    format: str | None = None
    """minari, lerobot, hdf5 or sb3; found out by default."""
    out: Path | None = None
    """A new folder for a store, or a new file *.safetensors; by default datasets/NAME."""
    done_means: str | None = None
    """LeRobot: how to take ends that are only marked done, truncated (the default) or terminated."""
    max_episode_steps: int | None = None
    """HDF5 without timeouts: the length after which episodes were cut."""
    json: bool = False
    """Print one JSON object."""


@dataclass(frozen=True)
class ExportArguments:
    """Write a dataset for another library."""

    path: Annotated[Path, tyro.conf.Positional, _DATASET]
    """A store or a replay file."""
    format: str
    """minari, lerobot or hdf5."""
    out: Path
    """A new folder (minari: its name ends with a version, as in hover-v0; lerobot) or file (hdf5)."""
    reward: str | None = None
    """The rewards to take along: a column, or a reward file; by default the only column."""
    fps: float | None = None
    """LeRobot: steps per second; by default as the dataset says."""
    task: str | None = None
    """The task in words; by default as the dataset says."""
    json: bool = False
    """Print one JSON object."""


@dataclass(frozen=True)
class RelabelArguments:
    """Score stored experience with a reward, and keep the values as a column of the dataset."""

    path: Annotated[Path, tyro.conf.Positional, _DATASET]
    """A store or a replay file."""
    reward: Path
    """A reward file."""
    keep_terms: bool = False
    """Keep each term as well as their sum."""
    json: bool = False
    """Print one JSON object."""


def main(argv: list[str]) -> int:
    """Run the verb."""
    if not argv or argv[0] in ("-h", "--help"):
        say(
            "usage: telic data list FOLDER | info DATASET | make TASK | import DATASET | export DATASET | "
            "relabel DATASET\n\nEach has --help."
        )
        return 0 if argv else 2
    if argv[0] not in _VERBS:
        raise UserError(f"there is no verb 'data {argv[0]}'; {did_you_mean(argv[0], _VERBS)}")
    from telic.launch.data.refusals import refusals

    with refusals():
        return _VERBS[argv[0]](argv[1:])


def _list(argv: list[str]) -> int:
    arguments = parse(ListArguments, argv, "telic data list")
    from telic.launch.data.listing import datasets_in, listing_table

    if not arguments.folder.exists():
        raise UserError(f"there is no folder {arguments.folder}")
    with Progress() as progress, progress.stage("look"):
        entries = datasets_in(arguments.folder)
    if arguments.json:
        print_json({"folder": str(arguments.folder), "datasets": [entry.as_dict() for entry in entries]})
    elif entries:
        _console().print(listing_table(entries, arguments.folder))
    else:
        say(f"no datasets in {arguments.folder}")
    return 0


def _info(argv: list[str]) -> int:
    arguments = parse(InfoArguments, argv, "telic data info")
    from telic.launch.data.about import facts_of, show
    from telic.launch.data.dataset import open_dataset

    with Progress() as progress, progress.stage("read") as news:
        facts = facts_of(open_dataset(arguments.path, news))
    if arguments.json:
        print_json(facts)
    else:
        show(facts, _console())
    return 0


def _make(argv: list[str]) -> int:
    arguments = parse(MakeArguments, argv, "telic data make")
    from telic.control.make import reward_for
    from telic.launch.data.make import controller_for, recording_of_flights
    from telic.launch.data.save import save
    from telic.sim.tasks.registry import make_task

    if arguments.episodes < 1 or arguments.seed < 0:
        raise UserError(f"--episodes {arguments.episodes} --seed {arguments.seed}; allowed: at least 1, and at least 0")
    with reading("task"):
        task = make_task(arguments.task)
    policy, controller = controller_for(arguments.policy, task, arguments.seed)
    out = arguments.out or Path("datasets") / f"{task.name}-{policy}-{arguments.seed}"
    with Progress() as progress:
        with progress.stage("fly") as news:
            recording = recording_of_flights(task, controller, arguments.episodes, arguments.seed, policy, news)
            dataset = save(recording, out)
        with progress.stage("score"):
            reward = reward_for(task)
            if dataset.store is not None:
                dataset.store.relabel(reward)
            else:
                dataset.replay.relabel(reward)
                dataset.replay.save(out)
    _done({"path": str(out), **recording.report.as_dict()}, arguments.json)
    return 0


def _import(argv: list[str]) -> int:
    arguments = parse(ImportArguments, argv, "telic data import")
    from telic.launch.data import kinds
    from telic.launch.data.dataset import read_foreign, watched
    from telic.launch.data.save import save

    kind = arguments.format or kinds.kind_or_refuse(arguments.path)
    if kind in kinds.OWN:
        raise UserError(f"{arguments.path} is Telic's own already; nothing is to be imported")
    if kind not in kinds.FOREIGN:
        raise UserError(f"--format {kind!r}; {did_you_mean(kind, kinds.FOREIGN)}")
    out = arguments.out or Path("datasets") / arguments.path.stem
    with Progress() as progress, progress.stage("import") as news:
        recording = read_foreign(arguments.path, kind, arguments.done_means, arguments.max_episode_steps)
        save(watched(recording, news), out)
    _done({"path": str(out), **recording.report.as_dict()}, arguments.json)
    return 0


def _export(argv: list[str]) -> int:
    arguments = parse(ExportArguments, argv, "telic data export")
    from telic.launch.data.dataset import open_dataset, watched
    from telic.launch.data.export import FORMATS, reward_of, write

    if arguments.format not in FORMATS:
        raise UserError(f"--format {arguments.format!r}; {did_you_mean(arguments.format, FORMATS)}")
    with Progress() as progress, progress.stage("export") as news:
        dataset = open_dataset(arguments.path, news)
        with reading("reward"):
            reward = reward_of(dataset, arguments.reward, arguments.format)
        recording = watched(dataset.recording(reward), news)
        report = write(recording, arguments.format, arguments.out, arguments.fps, arguments.task)
    _done({"path": str(arguments.out), **report.as_dict()}, arguments.json)
    return 0


def _relabel(argv: list[str]) -> int:
    arguments = parse(RelabelArguments, argv, "telic data relabel")
    from telic.launch.data.relabel import relabel, show
    from telic.rewards.error import RewardError

    with Progress() as progress, progress.stage("relabel") as news:
        try:
            found = relabel(arguments.path, arguments.reward, arguments.keep_terms, news)
        except RewardError as error:
            raise UserError(f"reward: {error}") from error
    if arguments.json:
        print_json(found)
    else:
        show(found, _console())
    return 0


def _done(found: dict[str, Any], as_json: bool) -> None:
    """Say what was written."""
    from telic.launch.data.about import reading_lines

    if as_json:
        print_json(found)
        return
    lines = [f"{found['path']}: {found['episodes']:,} episodes, {found['transitions']:,} steps", *reading_lines(found)]
    say("\n".join(lines))


def _console() -> Console:
    return Console(file=sys.stdout, highlight=False)


_VERBS: dict[str, Callable[[list[str]], int]] = {
    "list": _list,
    "info": _info,
    "make": _make,
    "import": _import,
    "export": _export,
    "relabel": _relabel,
}
