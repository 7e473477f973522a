"""What a search takes: simulated steps, time, tokens and money."""

from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from telic.control.search.folder import read_json, write_json
from telic.rewards.llm.budget import Usage


@dataclass(frozen=True)
class Costs:
    """What a search took.

    Attributes:
        trainings: Policies that were trained.
        env_steps: Control steps that were simulated for training.
        train_s: Wall-clock of training and measuring [s].
        tokens: Of questions and answers.
        money: What they cost, in the currency of the budget's price.
        calls: Questions that were asked of the model.
        replayed: Questions that the record answered.
    """

    trainings: int = 0
    env_steps: int = 0
    train_s: float = 0.0
    tokens: int = 0
    money: float = 0.0
    calls: int = 0
    replayed: int = 0

    def text(self) -> str:
        """On one line, for people."""
        parts = [f"{self.trainings} trainings", f"{self.env_steps:,} steps", f"{self.train_s:.0f} s"]
        parts.append(f"{self.tokens:,} tokens")
        if self.money:
            parts.append(f"money {self.money:.4g}")
        return ", ".join(parts)


class CostBook:
    """Keeps the costs of a search over all its interruptions.

    Attributes:
        costs: So far.
    """

    def __init__(self, path: Path, usage: Callable[[], Usage]) -> None:
        """Go on where the file ends, if there is one.

        Args:
            path: Where the costs are kept.
            usage: What this process asked of the writer so far.
        """
        self._path, self._usage = path, usage
        self._before = self.costs = Costs(**read_json(path)) if path.is_file() else Costs()

    def train(self, env_steps: int, seconds: float) -> None:
        """Count one training."""
        now = self.costs
        self.costs = replace(
            now,
            trainings=now.trainings + 1,
            env_steps=now.env_steps + env_steps,
            train_s=now.train_s + seconds,
        )
        self.keep()

    def keep(self) -> None:
        """Count what was asked of the writer, and write everything down."""
        used, before = self._usage(), self._before
        self.costs = replace(
            self.costs,
            tokens=before.tokens + used.tokens,
            money=before.money + used.money,
            calls=before.calls + used.calls,
            replayed=before.replayed + used.replayed,
        )
        write_json(self._path, asdict(self.costs))
