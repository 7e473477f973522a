"""What a search came to, as plain data."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from telic.control.search.candidate import Candidate
from telic.control.search.island import Migration
from telic.control.search.standing import Standing
from telic.rewards.ranking import Interval

OWN = "own"


@dataclass(frozen=True)
class Comparison:
    """The winner and the task's own reward, trained afresh with the same seeds and budgets, on the same episodes.

    Attributes:
        winner: What the winner's policies came to.
        own: What those of the task's own reward came to.
        winner_score: Mean fitness with its interval; None if a training failed.
        own_score: Likewise.
        difference: Winner minus own, with its interval over seeds and episodes.
    """

    winner: Standing
    own: Standing
    winner_score: Interval | None
    own_score: Interval | None
    difference: Interval | None


@dataclass(frozen=True)
class SearchResult:
    """What a search came to.

    Attributes:
        candidates: All that were written, in order.
        rungs: For each round and island the rungs of its halving, each with its standings, the best first.
        migrations: Champions that another island adopted.
        playoff: Standings of the finalists on more seeds, the best first.
        winner: The best of them.
        comparison: Of the winner and the task's own reward.
        stopped: Why there were fewer rounds than asked for; empty if there were not.
    """

    candidates: tuple[Candidate, ...]
    rungs: Mapping[tuple[int, int], tuple[tuple[Standing, ...], ...]]
    migrations: tuple[Migration, ...]
    playoff: tuple[Standing, ...]
    winner: Candidate
    comparison: Comparison
    stopped: str = ""

    @property
    def lineage(self) -> tuple[str, ...]:
        """The winner, its parent, and so on."""
        parents = {candidate.name: candidate.parent for candidate in self.candidates}
        names = [self.winner.name]
        while (parent := parents[names[-1]]) is not None:
            names.append(parent)
        return tuple(names)

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON. It has no clock in it: two runs of a search give the same."""
        written = [candidate for candidate in self.candidates if not candidate.refused]
        return {
            "winner": self.winner.name,
            "lineage": list(self.lineage),
            "source": self.winner.source,
            "written": len(self.candidates),
            "trained": len(written),
            "stopped": self.stopped,
            "comparison": {
                "winner": _standing(self.comparison.winner, self.comparison.winner_score),
                "own": _standing(self.comparison.own, self.comparison.own_score),
                "difference": _interval(self.comparison.difference),
            },
            "refused": {candidate.name: list(candidate.refused) for candidate in self.candidates if candidate.refused},
            "rounds": [
                {
                    "round": round_ + 1,
                    "island": island + 1,
                    "rungs": [[_brief(each) for each in rung] for rung in rungs],
                }
                for (round_, island), rungs in self.rungs.items()
            ],
            "playoff": [_brief(standing) for standing in self.playoff],
            "migrations": [asdict(move) for move in self.migrations],
        }


def _standing(standing: Standing, score: Interval | None) -> dict[str, Any]:
    return {
        **_brief(standing),
        "interval": _interval(score),
        "by_seed": {str(trial.seed): float(trial.scores.mean()) for trial in standing.trials if not trial.failed},
    }


def _brief(standing: Standing) -> dict[str, Any]:
    failed = standing.failed
    return {
        "name": standing.name,
        "steps": standing.steps,
        "score": None if failed else standing.score,
        "failed": failed,
        "trials": [trial.name for trial in standing.trials],
    }


def _interval(interval: Interval | None) -> dict[str, float] | None:
    return None if interval is None else asdict(interval)
