"""A policy of the task's own reward: its episodes are the successes by which candidates are checked before training."""

from pathlib import Path

from telic.control.policy import PolicyWeights
from telic.control.search.config import SearchConfig
from telic.control.search.trainer import Trainer
from telic.rewards.program import RewardProgram


def reference_policy(trainer: Trainer, own: RewardProgram, config: SearchConfig, path: Path) -> PolicyWeights:
    """Train it with the budget of a candidate, or read it.

    Args:
        trainer: Who trains.
        own: The task's own reward.
        config: Of the search.
        path: Where it is kept.
    """
    if not path.is_file():
        training = trainer.first(own, config.training_seeds[0], config.steps)
        path.parent.mkdir(parents=True, exist_ok=True)
        partial = path.with_suffix(".partial")
        training.weights.save(partial)
        partial.replace(path)
    return PolicyWeights.load(path)
