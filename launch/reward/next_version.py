"""The next version of a reward by a language model: what `telic reward refine` and `choose` share."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from telic.launch.errors import UserError, reading
from telic.launch.progress import Progress

if TYPE_CHECKING:
    from telic.rewards.evidence import Evidence


class Asking(Protocol):
    """Options that say whom to ask, and how."""

    @property
    def model(self) -> str | None:
        """Its name, as its endpoint knows it."""
        ...

    @property
    def base_url(self) -> str:
        """Where it is."""
        ...

    @property
    def key_variable(self) -> str:
        """Environment variable that holds its key."""
        ...

    @property
    def record(self) -> Path | None:
        """Folder of recorded answers."""
        ...

    @property
    def offline(self) -> bool:
        """Whether only the record is asked."""
        ...

    @property
    def rounds(self) -> int:
        """How often a program may be written."""
        ...

    @property
    def temperature(self) -> float:
        """How different candidates are."""
        ...

    @property
    def seed(self) -> int:
        """Of the checks, and for endpoints that honour one."""
        ...

    @property
    def budget_tokens(self) -> int | None:
        """Most tokens of questions and answers."""
        ...


@dataclass(frozen=True)
class Next:
    """A new program, or why there is none.

    Attributes:
        source: Its text; None if none passed.
        by: Who wrote it.
        details: How, as plain data.
        problems: Why the last one was refused.
    """

    source: str | None
    by: str
    details: dict[str, Any]
    problems: tuple[str, ...] = ()


def refined_by_model(
    asking: Asking, sample: int, task: str, sentence: str, source: str, feedback: str, known: "Evidence | None"
) -> Next:
    """Let a language model write the next version.

    Args:
        asking: Whom to ask, and how.
        sample: Which candidate: each is another answer to the same question.
        task: Name of the task.
        sentence: What was asked for.
        source: The program to change.
        feedback: What was seen.
        known: Stored episodes that it must rank right; None for none.

    Raises:
        UserError: If the model is not named, or gives no answer.
    """
    from telic.launch.reward.asking import asked_model, check_of, critic_of, described
    from telic.rewards.llm.request import ModelError
    from telic.rewards.llm.writer import RewardWriter, WriterConfig

    if asking.model is None:
        raise UserError("--writer llm needs --model NAME, and --base-url where it is")
    with reading("writer"):
        model = asked_model(asking.base_url, asking.key_variable, asking.record, asking.offline, asking.budget_tokens)
        config = WriterConfig(asking.model, asking.temperature, rounds=asking.rounds, seed=asking.seed)

    writer = RewardWriter(
        model, config, described(task), check_of(task, known, asking.seed), critic_of(task, sentence, known)
    )
    try:
        with Progress() as progress, progress.stage("refine") as news:
            written = writer.refine(sentence, source, feedback, sample)
            news(f"{len(written.attempts)} answers, {model.usage.tokens} tokens")
    except ModelError as error:
        raise UserError(str(error), {"usage": asdict(model.usage)}) from error
    attempts = [{"problems": list(each.problems), "doubts": list(each.doubts)} for each in written.attempts]
    details = {"model": asking.model, "sample": sample, "attempts": attempts, "usage": asdict(model.usage)}
    return Next(written.program.source if written.program else None, "llm", details, written.problems)
