"""An island: a population of its own, of which the best program so far is what the next are written from."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from telic.control.search.candidate import Candidate
from telic.control.search.standing import Standing
from telic.rewards.program import RewardProgram


@dataclass(frozen=True)
class Champion:
    """The best candidate of an island so far.

    Attributes:
        candidate: Which.
        program: Its program.
        standing: What its policies came to under the whole budget.
    """

    candidate: Candidate
    program: RewardProgram
    standing: Standing


@dataclass(frozen=True)
class Island:
    """A population.

    Attributes:
        number: Which.
        champion: What the next candidates are written from; None as long as nothing was trained to the end.
        known: Fingerprints of the programs that were written here: the same one is not trained again.
    """

    number: int
    champion: Champion | None = None
    known: frozenset[str] = frozenset()

    def challenged(self, champion: Champion) -> "Island":
        """The island after a candidate was trained to the end: the better one stays, the older one of equals."""
        if self.champion is not None and self.champion.standing.score >= champion.standing.score:
            return self
        return replace(self, champion=champion)


@dataclass(frozen=True)
class Migration:
    """A champion that another island adopted.

    Attributes:
        round: After which round.
        name: The candidate.
        source: Island that it is from.
        target: Island that adopted it.
    """

    round: int
    name: str
    source: int
    target: int


def migrate(islands: Sequence[Island], round_: int) -> tuple[list[Island], list[Migration]]:
    """Let every island look at its neighbour in a ring, all at once, and adopt a better champion."""
    after, moves = [], []
    for island in islands:
        neighbour = islands[island.number - 1]
        coming = neighbour.champion
        settled = island if coming is None or neighbour is island else island.challenged(coming)
        if coming is not None and settled is not island:
            moves.append(Migration(round_, coming.candidate.name, neighbour.number, island.number))
        after.append(settled)
    return after, moves
