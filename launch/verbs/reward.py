"""`telic reward`: reward programs, from a sentence to the next round."""

import importlib

from telic.launch.errors import UserError
from telic.launch.output import say
from telic.replay.errors import did_you_mean

# Each is a module of `telic.launch.reward`.
_VERBS = {
    "write": "SENTENCE",
    "search": "SENTENCE",
    "check": "FILE",
    "explain": "FILE",
    "score": "FILE",
    "compare": "FILE...",
    "analyse": "REWARD|RUN",
    "refine": "REWARD|RUN FEEDBACK",
    "choose": "FOLDER...",
    "audit": "RUN",
}


def main(argv: list[str]) -> int:
    """Run the verb."""
    if not argv or argv[0] in ("-h", "--help"):
        usage = " | ".join(f"{verb} {what}" for verb, what in _VERBS.items())
        say(f"usage: telic reward {usage}\n\nEach has --help.")
        return 0 if argv else 2
    if argv[0] not in _VERBS:
        raise UserError(f"there is no verb 'reward {argv[0]}'; {did_you_mean(argv[0], _VERBS)}")
    return importlib.import_module(f"telic.launch.reward.{argv[0]}").main(argv[1:])
