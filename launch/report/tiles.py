"""The key figures at the top of a report."""

from dataclasses import dataclass

from telic.launch.report.story import FlightStory, RunStory
from telic.launch.report.tables import distance

# What counts as settled, and what a run must reach to be called good.
_GOOD_SETTLE_FRACTION = 0.95


@dataclass(frozen=True)
class Tile:
    """One key figure.

    Attributes:
        value: The figure.
        caption: What it is.
        unit: Behind the figure, smaller.
        mood: ``good``, ``bad``, ``open`` or empty.
    """

    value: str
    caption: str
    unit: str = ""
    mood: str = ""


def tiles(story: FlightStory) -> list[Tile]:
    """Does it fly, how well, how fast was it learned, is it proven, and does it fit."""
    chosen = [_settled(story), _error(story), _training(story), proven(story), _fits(story)]
    return [tile for tile in chosen if tile is not None]


def _settled(story: RunStory) -> Tile:
    share = story.evaluation["controllers"]["policy"]["settle_fraction"]
    mood = "good" if share >= _GOOD_SETTLE_FRACTION else "bad"
    return Tile(f"{100 * share:.1f}", f"of {story.evaluation['episodes']} held-out episodes settle", "%", mood)


def _error(story: RunStory) -> Tile | None:
    policy, pid = (story.evaluation["controllers"][name] for name in ("policy", "PID"))
    for key, what in (
        ("tracking_rmse_m", "tracking error (RMS)"),
        ("steady_error_m", "from the point in the last second"),
    ):
        if policy.get(key) is not None:
            value, unit = distance(policy[key]).split()
            compared = "none" if pid.get(key) is None else distance(pid[key])
            return Tile(value, f"{what}; PID {compared}", unit)
    return None


def _training(story: RunStory) -> Tile:
    train = story.stages["train"]
    return Tile(f"{train['train_s']:.1f}", "of training on this machine", "s")


def proven(story: RunStory) -> Tile | None:
    """How many proofs passed; None where nothing was exported."""
    if story.proofs is None:
        return None
    statuses = [proof["status"] for proof in story.proofs["proofs"]]
    passed, count = statuses.count("passed"), len(statuses)
    mood = "bad" if "failed" in statuses else "good" if passed == count else "open"
    return Tile(f"{passed} of {count}", "proofs of the exported policy", mood=mood)


def _fits(story: RunStory) -> Tile | None:
    share = None if story.proofs is None else story.proofs["period_share"]
    if share is None:
        return None
    return Tile(f"{100 * share:.0f}", "of a 2 ms period on the Crazyflie's Cortex-M4F, by instructions", "%")
