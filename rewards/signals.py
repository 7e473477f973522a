"""The names that a reward may read: the stored signals, the action, the next signals, and the end of an episode."""

from collections.abc import Sequence
from dataclasses import replace
from difflib import get_close_matches

from telic.replay.signal import Signal

# 1.0 where the next state ended the episode. In the language it is a truth value, so `0.0 if terminated else x` works.
TERMINATED = Signal("terminated", (), "1", "", "1 where the next state ended the episode")
NEXT = "next_"


def readable_signals(signals: Sequence[Signal]) -> dict[str, Signal]:
    """Every name that a reward over these signals may use as a parameter.

    Args:
        signals: The stored signals. `action` may be among them; if it is not but `previous_action` is, the action has
            its shape and unit.

    Returns:
        The signals, `action`, `next_<signal>` for each state signal, and `terminated`, by name.

    Raises:
        ValueError: If two signals share a name.
    """
    names: dict[str, Signal] = {}
    for signal in signals:
        if signal.name in names:
            raise ValueError(f"signal {signal.name!r} is listed twice")
        names[signal.name] = signal
    if "action" not in names and "previous_action" in names:
        names["action"] = replace(names["previous_action"], name="action", description="the action of this step")
    for name, signal in list(names.items()):
        if name not in ("action", TERMINATED.name):
            names.setdefault(NEXT + name, replace(signal, name=NEXT + name))
    names[TERMINATED.name] = TERMINATED
    return names


def did_you_mean(word: str, known: Sequence[str]) -> str:
    """A hint with the nearest known names, or with all of them when none is near."""
    near = get_close_matches(word, list(dict.fromkeys(known)), n=3, cutoff=0.6)
    if near:
        return f"did you mean {' or '.join(near)}?"
    return f"known: {', '.join(sorted(set(known)))}" if known else ""
