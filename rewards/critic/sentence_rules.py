"""Whether a reward reads what its sentence speaks of."""

import re
from collections.abc import Iterator

from telic.replay.signal import Signal
from telic.rewards.critic.criticism import Criticism
from telic.rewards.critic.things import things
from telic.rewards.program import RewardProgram
from telic.rewards.signals import NEXT

# Words for a measure, and the parts of names under which signals hold it.
_WORDS = {
    r"fast|faster|speed|slow|slowly|velocity|run|walk": ("velocity", "speed", "position"),
    r"upright|level|tilt|tilted|upside": ("rotation", "gravity", "direction", "angle", "configuration", "height"),
    r"heading|nose|facing|yaw": ("yaw", "rotation", "heading"),
    r"smooth|smoothly|gentle|gently|jerky": ("action", "acceleration", "velocity", "torque"),
    r"effort|energy|little force": ("action", "torque", "force"),
}


def sentence_rules(program: RewardProgram, sentence: str) -> Iterator[Criticism]:
    """Doubts about what a program leaves out.

    Args:
        program: The program.
        sentence: What was asked for.
    """
    words = {word.removesuffix("s") for word in re.findall(r"[a-z]+", sentence.lower())}
    read = {name.removeprefix(NEXT) for name in (*program.inputs, *program.success_inputs)}
    for thing, signals in _things(program.signals).items():
        if thing in words and not read & signals:
            yield _unread(thing, sorted(signals))
    known = {signal.name for signal in program.signals} | {"action"}
    for pattern, parts in _WORDS.items():
        said = re.search(rf"\b({pattern})\b", sentence.lower())
        there = {name for name in known if any(part in name for part in parts)}
        # What is measured in a way that is not known of here may be read under another name.
        if said and there and not read & there:
            yield _unread(said[0], sorted(there))


def _things(signals: tuple[Signal, ...]) -> dict[str, set[str]]:
    """The things that signals are about, and the signals about each."""
    found: dict[str, set[str]] = {}
    for signal in signals:
        for thing in things(signal.name):
            found.setdefault(thing, set()).add(signal.name)
    return found


def _unread(word: str, signals: list[str]) -> Criticism:
    return Criticism(
        "unread",
        None,
        f"the sentence says {word!r}, and the reward reads none of {', '.join(signals)}",
        "read one of them, or say in the docstring what the word means here",
    )
