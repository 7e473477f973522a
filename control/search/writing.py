"""The candidates of a round: asked for all at once, checked, and sent back until they pass."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from telic.control.search.candidate import Candidate
from telic.control.search.config import SearchConfig
from telic.control.search.island import Island
from telic.rewards.llm.budget import BudgetExceededError
from telic.rewards.llm.record import NotRecordedError
from telic.rewards.llm.request import ModelError
from telic.rewards.llm.together import ask_all
from telic.rewards.llm.writer import RewardWriter, Written


@dataclass(frozen=True)
class Order:
    """A candidate that is to be written.

    Attributes:
        island: Where.
        number: Which of the island's candidates.
        sample: Which of several answers to the same question.
        parent: Name of the candidate to improve; None to begin from scratch.
        source: Its program.
        feedback: What was seen of its policies.
    """

    island: int
    number: int
    sample: int
    parent: str | None = None
    source: str = ""
    feedback: str = ""


def orders(
    islands: Sequence[Island], round_: int, config: SearchConfig, feedback: Callable[[Island], str]
) -> list[Order]:
    """What is to be written in a round: on each island improvements of its champion, or first programs without one."""
    found = []
    for island in islands:
        champion = island.champion
        seen = feedback(island) if champion else ""
        for number in range(config.candidates):
            sample = config.sample(round_, island.number, number)
            if champion is None:
                found.append(Order(island.number, number, sample))
            else:
                name, source = champion.candidate.name, champion.program.source
                found.append(Order(island.number, number, sample, name, source, seen))
    return found


def write(
    writer: RewardWriter,
    sentence: str,
    asked: Sequence[Order],
    round_: int,
    workers: int,
    progress: Callable[[int], None],
) -> list[Candidate]:
    """Write the candidates of a round.

    An answer that cannot be had, as the budget is used up or the record has none, is a candidate that was not written.

    Args:
        writer: Who writes and checks.
        sentence: What the robot should do.
        asked: The candidates.
        round_: Which round.
        workers: How many are asked for at a time.
        progress: Told how many are written.

    Raises:
        ModelError: If the model is out of reach: ask again later.
    """

    def written(order: Order) -> Written:
        if order.parent is None:
            return writer.write(sentence, order.sample)
        return writer.refine(sentence, order.source, order.feedback, order.sample)

    candidates = []
    for order, answer in zip(asked, ask_all(written, asked, workers, progress), strict=True):
        place = round_, order.island, order.number, order.parent
        if isinstance(answer, ModelError):
            if not isinstance(answer, BudgetExceededError | NotRecordedError):
                raise answer
            candidates.append(Candidate(*place, (), None, (f"not written: {answer}",)))
        else:
            source = None if answer.program is None else answer.program.source
            candidates.append(Candidate(*place, answer.attempts, source, answer.problems))
    return candidates
