"""`telic reward refine`: the next version of a reward, from what a person saw."""

import difflib
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro

from telic.launch.arguments import parse
from telic.launch.errors import UserError
from telic.launch.output import print_json, say, tell

if TYPE_CHECKING:
    from telic.launch.reward.next_version import Next
    from telic.launch.reward.parent import Parent
    from telic.rewards.evidence import Evidence
    from telic.rewards.program import RewardProgram

EXIT_REFUSED = 1


@dataclass(frozen=True)
class RefineArguments:
    """Make the next version of a reward from what was seen of the policy that it led to.

    The built-in writer changes weights and declared numbers for what it understands: too slow, too high, drifts, jerky,
    wobbly, falls, and so on. With --writer llm, a language model gets the program, the words, and a summary of how
    stored episodes failed, and what it writes passes the same checks as a new reward. The new program is written beside
    the old one with a file that says where it came from; nothing is overwritten.
    """

    reward: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="REWARD|RUN")]
    """A reward program, or a run folder."""
    feedback: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="FEEDBACK")]
    """What was seen, as in "it drifts to the left"."""
    task: str | None = None
    """The task; that of the run by default, hover for a file."""
    writer: Literal["builtin", "llm"] = "builtin"
    """Who writes."""
    data: tuple[Path, ...] = ()
    """Datasets with episodes under the reward; a run's own recording is used by default."""
    model: str | None = None
    """For a language model: its name, as its endpoint knows it."""
    base_url: str = "http://127.0.0.1:8080/v1"
    """Where it is."""
    key_variable: str = "OPENAI_API_KEY"
    """Environment variable that holds its key."""
    record: Path | None = None
    """Folder of recorded answers; what is in it is not asked again."""
    offline: bool = False
    """Ask the record only."""
    rounds: int = 4
    """How often the program may be written: once, and then mended."""
    sample: int = 0
    """Which candidate."""
    temperature: float = 0.7
    """How different candidates are."""
    seed: int = 0
    """Of the checks, and for endpoints that honour one."""
    budget_tokens: int | None = 100_000
    """Most tokens of questions and answers."""
    out: Path | None = None
    """File to write; by default beside the old one, as reward-2.py."""
    json: bool = False
    """Print one JSON object."""


def main(argv: list[str]) -> int:
    """Run the verb."""
    arguments = parse(RefineArguments, argv, "telic reward refine")
    from telic.launch.reward.asking import known_of
    from telic.launch.reward.lineage import keep, next_free
    from telic.launch.reward.parent import parent_of
    from telic.rewards.program import parse_reward

    if not arguments.feedback.strip():
        raise UserError('say what was seen, as in telic reward refine reward.py "it drifts to the left"')
    parent = parent_of(arguments.reward, arguments.task)
    out = arguments.out or next_free(parent.path)
    if out.exists():
        raise UserError(f"--out {out} is there already, and nothing is overwritten")
    summary = _summary(parent, arguments.data or parent.data)
    known = known_of(parent.task, arguments.data, arguments.seed) if arguments.data else None
    by_model = arguments.writer == "llm"
    made = _llm(arguments, parent, summary, known) if by_model else _builtin(arguments, parent, known)
    if made.source is None:
        tell(f"no new program passed the checks; the last was refused:\n{made.problems[0]}")
        if arguments.json:
            print_json({"reward": None, "problems": list(made.problems), **made.details})
        return EXIT_REFUSED
    program = parse_reward(made.source, parent.program.signals, str(out))
    keep(out, made.source, lineage_of(parent, program, arguments.feedback, summary, made))
    diff = difference(parent.program.source, made.source, str(parent.path), str(out))
    if arguments.json:
        found = {"reward": str(out), "fingerprint": program.fingerprint, "diff": diff, "summary": summary}
        print_json({**found, **made.details})
    else:
        say(f"{diff}\n{out}")
    return 0


def lineage_of(parent: "Parent", program: "RewardProgram", feedback: str, summary: str, made: "Next") -> dict[str, Any]:
    """Where a new program came from, as plain data."""
    from telic.launch.reward.lineage import hash_of

    return {
        "fingerprint": program.fingerprint,
        "parent": {
            "file": str(parent.path),
            "hash": hash_of(parent.program.source),
            "fingerprint": parent.program.fingerprint,
        },
        "task": parent.task,
        "sentence": parent.sentence,
        "feedback": feedback,
        "summary": summary,
        "writer": made.by,
        "details": made.details,
        "created": time.strftime("%Y-%m-%dT%H:%M:%S%z"),
    }


def difference(old: str, new: str, old_name: str, new_name: str) -> str:
    """Two programs' unified difference."""
    lines = difflib.unified_diff(old.splitlines(), new.splitlines(), old_name, new_name, lineterm="")
    return "\n".join(lines)


def _builtin(arguments: RefineArguments, parent: "Parent", known: "Evidence | None") -> "Next":
    """Change weights and declared numbers, and check what came of it."""
    from telic.launch.reward.asking import check_of
    from telic.launch.reward.next_version import Next
    from telic.rewards.program import parse_reward
    from telic.rewards.refining.complaint import NotUnderstoodError
    from telic.rewards.refining.refine import refine

    try:
        refined = refine(parent.program, arguments.feedback)
    except NotUnderstoodError as error:
        raise UserError(str(error)) from error
    details = {
        "understood": list(refined.understood),
        "changes": [asdict(change) for change in refined.changes],
    }
    program = parse_reward(refined.source, parent.program.signals, str(parent.path))
    problems = tuple(check_of(parent.task, known, arguments.seed)(program))
    return Next(None if problems else refined.source, "builtin", details, problems)


def _llm(arguments: RefineArguments, parent: "Parent", summary: str, known: "Evidence | None") -> "Next":
    from telic.launch.reward.next_version import refined_by_model

    said = f"A person who watched it says: {arguments.feedback}"
    if summary:
        said += f"\n\nStored episodes under this reward:\n{summary}"
    source = parent.program.source
    return refined_by_model(arguments, arguments.sample, parent.task, parent.sentence, source, said, known)


def _summary(parent: "Parent", data: tuple[Path, ...]) -> str:
    """How the stored episodes failed; empty without data."""
    from telic.launch.reward.analyse import summary

    return summary(parent, data).text() if data else ""
