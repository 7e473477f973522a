"""States of version 1, which had no episode table: it is made from the marks of the slots."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from telic.replay.episode_table import OPEN, STOP, STREAM, table_of_marks, unknown
from telic.replay.errors import FileFormatError
from telic.replay.kernels import ENDED


def upgrade(state: Mapping[str, np.ndarray], about: Mapping[str, Any]) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """The same state and description in version 2.

    Version 1 had ``ends`` (slots) and ``finals/NAME`` for the states at episode ends, and ``pending/NAME`` for the
    newest state of each stream.

    Raises:
        FileFormatError: If an array is missing or contradicts another one.
    """
    streams, count, written, head = (int(about[name]) for name in ("streams", "count", "written", "head"))
    for name in ("flags", "ends"):
        if name not in state:
            raise FileFormatError(f"the replay's state lacks the array {name!r}")
    flags, ends = state["flags"], state["ends"]
    if flags.shape != (count * streams,) or not np.array_equal(ends, np.flatnonzero(flags & ENDED)):
        raise FileFormatError("'ends' names other slots than 'flags' marks as the ends of episodes")
    table = table_of_marks(flags, streams, head, written)
    upgraded = {name: array for name, array in state.items() if name.split("/")[0] not in ("ends", "finals", "pending")}
    upgraded |= {
        "episodes": table,
        "coming": np.tile(unknown(), (streams, 1)),
    }
    ended = table[:, STOP] != OPEN
    # Where each episode's state is among the finals, or its stream's.
    stop = np.minimum(table[:, STOP], written)
    final = np.searchsorted(ends, (head - written + stop - 1) % max(count, 1) * streams + table[:, STREAM])
    for signal in about["schema"]["signals"]:
        name = signal["name"]
        if f"finals/{name}" not in state or f"pending/{name}" not in state:
            raise FileFormatError(f"the replay's state lacks the array 'finals/{name}' or 'pending/{name}'")
        finals, pending = state[f"finals/{name}"], state[f"pending/{name}"]
        states = pending[table[:, STREAM]]
        states[ended] = finals[final[ended]]
        upgraded[f"states/{name}"] = states
    return upgraded, {**about, "version": 2, "begun": len(table), "names": [""]}
