"""`telic reward choose`: a person picks the best and the worst policy, and a language model writes the next round."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np
import tyro

from telic.launch.arguments import parse
from telic.launch.errors import UserError
from telic.launch.output import print_json, say, tell

if TYPE_CHECKING:
    from telic.launch.choose.candidate import Candidate
    from telic.launch.choose.log import Choice

EXIT_NO_CHOICE = 1


@dataclass(frozen=True)
class ChooseArguments:
    """Show films of several policies side by side, in a browser on this machine, and ask which is best and worst.

    Each folder is a run, or holds a reward.py, and is filmed if it has no film yet but a policy. Films are shown in a
    random order and without names. Every choice is added to a log, also what is taken back. With --next K, a language
    model writes K new rewards from the best and the worst one and how they differ, as in ICPL.
    """

    folders: Annotated[tuple[Path, ...], tyro.conf.Positional, tyro.conf.arg(metavar="FOLDER")]
    """Two to nine candidates."""
    task: str | None = None
    """Their task; that of the runs by default, hover for other folders."""
    log: Path = Path("choices.jsonl")
    """Where the choice is added."""
    port: int = 8090
    """Where the page is: http://127.0.0.1:PORT, or the next free port."""
    seconds: float = 10.0
    """Length of the films that are made [s]."""
    size: tuple[int, int] = (480, 360)
    """Width and height of the films that are made [pixels]."""
    seed: int = 0
    """Of the order in which the films are shown, the films that are made, and the checks."""
    wait: float | None = None
    """Give up after this time [s]; by default on Ctrl-C."""
    next: int = 0
    """How many new rewards are to be written from the choice."""
    out: Path | None = None
    """Folder of the new rewards; by default round-2, round-3, ... beside the log."""
    data: tuple[Path, ...] = ()
    """Datasets with episodes of the task, that new rewards must rank right."""
    model: str | None = None
    """The language model's name, as its endpoint knows it."""
    base_url: str = "http://127.0.0.1:8080/v1"
    """Where it is."""
    key_variable: str = "OPENAI_API_KEY"
    """Environment variable that holds its key."""
    record: Path | None = None
    """Folder of recorded answers; what is in it is not asked again."""
    offline: bool = False
    """Ask the record only."""
    rounds: int = 4
    """How often each new reward may be written: once, and then mended."""
    temperature: float = 0.7
    """How different the new rewards are."""
    budget_tokens: int | None = 100_000
    """Most tokens of questions and answers for each new reward."""
    json: bool = False
    """Print one JSON object."""


def main(argv: list[str]) -> int:
    """Run the verb."""
    arguments = parse(ChooseArguments, argv, "telic reward choose")
    from telic.launch.choose.candidate import candidates_in
    from telic.launch.film import Shot

    _check(arguments)
    shot = Shot(arguments.seconds, arguments.size)
    candidates = candidates_in(arguments.folders, arguments.task, shot, arguments.seed)
    choice = _ask(arguments, candidates)
    if choice is None or choice.is_pass:
        tell("nothing was chosen" if choice is None else "the person could not tell")
        if arguments.json:
            print_json({"best": None, "worst": None, "log": str(arguments.log), "next": []})
        return EXIT_NO_CHOICE
    best, worst = (candidates[number] for number in (choice.best, choice.worst) if number is not None)
    written = _next_round(arguments, best, worst, choice.note) if arguments.next else []
    if arguments.json:
        print_json({"best": str(best.folder), "worst": str(worst.folder), "log": str(arguments.log), "next": written})
    else:
        say("\n".join([f"best: {best.folder}", f"worst: {worst.folder}", *map(str, written)]))
    return 0


def _check(arguments: ChooseArguments) -> None:
    """Refuse what cannot be done before anybody is asked."""
    if not 0 < arguments.port < 65536 or not 0 <= arguments.next <= 32 or arguments.seed < 0:
        raise UserError(
            f"--port {arguments.port} --next {arguments.next} --seed {arguments.seed}; allowed: 1 to 65535, 0 to 32, "
            "and at least 0"
        )
    if arguments.next and arguments.model is None:
        raise UserError("--next asks a language model: name it with --model NAME, and --base-url where it is")
    if arguments.out is not None and arguments.out.exists():
        raise UserError(f"--out {arguments.out} is there already, and nothing is overwritten")


def _ask(arguments: ChooseArguments, candidates: "tuple[Candidate, ...]") -> "Choice | None":
    """Open the page and wait for the person."""
    from telic.launch.choose.log import ChoiceLog
    from telic.launch.choose.page import ChoicePage
    from telic.launch.reward.lineage import hash_of

    facts = [
        {
            "folder": str(each.folder),
            "film": each.film.name,
            "reward_hash": hash_of(each.parent.program.source),
            "fingerprint": each.parent.program.fingerprint,
            # The choice still means something when the folder is gone.
            "reward": each.parent.program.source,
        }
        for each in candidates
    ]
    shown = np.random.default_rng(arguments.seed).permutation(len(candidates)).tolist()
    log = ChoiceLog(arguments.log, facts, shown)
    try:
        page = ChoicePage(candidates, shown, log, candidates[0].parent.sentence, arguments.port)
    except OSError as error:
        raise UserError(f"--port {arguments.port} and those after it are taken: {error.strerror}") from error
    try:
        tell(f"choose at {page.url}   (Ctrl-C to stop)")
        return page.wait(arguments.wait)
    finally:
        page.close()


def _next_round(arguments: ChooseArguments, best: "Candidate", worst: "Candidate", note: str) -> list[str]:
    """Let a model write new rewards from a choice, each in a folder of its own."""
    from telic.launch.reward.asking import known_of
    from telic.launch.reward.lineage import hash_of, keep
    from telic.launch.reward.next_version import refined_by_model
    from telic.rewards.llm.preference import preference_text

    parent = best.parent
    text = preference_text(parent.program, worst.parent.program, note, _traces(best), _traces(worst))
    known = known_of(parent.task, arguments.data, arguments.seed) if arguments.data else None
    folder = arguments.out or _free_round(arguments.log.parent)
    written = []
    for sample in range(arguments.next):
        made = refined_by_model(arguments, sample, parent.task, parent.sentence, parent.program.source, text, known)
        if made.source is None:
            tell(f"candidate {sample} did not pass the checks: {made.problems[0]}")
            continue
        path = folder / f"candidate-{sample}" / "reward.py"
        path.parent.mkdir(parents=True)
        lineage: dict[str, Any] = {
            "parent": {"file": str(parent.path), "hash": hash_of(parent.program.source)},
            "rejected": {"file": str(worst.parent.path), "hash": hash_of(worst.parent.program.source)},
            "task": parent.task,
            "sentence": parent.sentence,
            "feedback": text,
            "writer": made.by,
            "details": made.details,
            "created": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
        }
        keep(path, made.source, lineage)
        written.append(str(path))
    return written


def _traces(candidate: "Candidate") -> dict[str, tuple[float, ...]] | None:
    """What the terms did in what a run has recorded; None without a recording."""
    from telic.control.analysis.traces import term_traces
    from telic.launch.data.refusals import refusals
    from telic.launch.progress import Progress
    from telic.launch.reward.known import known_episodes
    from telic.sim.tasks.registry import make_task

    parent = candidate.parent
    if not parent.data:
        return None
    with Progress() as progress, progress.stage(f"read {candidate.folder.name}") as news, refusals():
        return term_traces(parent.program, known_episodes(make_task(parent.task), parent.data, False, 0, news))


def _free_round(folder: Path) -> Path:
    """The first of ``round-2``, ``round-3``, ... that is not taken."""
    number = 2
    while (folder / f"round-{number}").exists():
        number += 1
    return folder / f"round-{number}"
