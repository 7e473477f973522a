"""The command `telic`: finds the verb, and turns what goes wrong into an exit code.

A verb is a module of `telic.launch.verbs` with ``main(argv) -> int``. It is imported only when it is asked for, so that
``telic --help`` answers at once.
"""

import importlib
import logging
import os
import signal
import sys
from collections.abc import Sequence
from importlib.metadata import version

from telic.launch.errors import UserError
from telic.launch.output import print_json, say, tell
from telic.replay.errors import did_you_mean

EXIT_USER_ERROR = 2

# What follows the verb, and one line for people; the module of a verb has its name.
VERBS: dict[str, tuple[str, str]] = {
    "run": ('"SENTENCE"', "the whole pipeline: reward, training, flight, export, proofs, report"),
    "tasks": ("", "what can be simulated"),
    "task": ("NAME|FILE", "one task with its signals, start and end; check FILE, new ROBOT.xml"),
    "reward": ("write|check|search|refine ...", "reward programs: write, check, compare, search, audit"),
    "train": ("TASK|gym:ID", "a policy, without a sentence"),
    "eval": ("RUN", "a run's policy on held-out episodes, beside the PID baseline"),
    "play": ("RUN|TASK", "a policy at work, live in a browser on this machine"),
    "video": ("RUN|TASK", "a film of a policy at work"),
    "plot": ("RUN...", "learning curves of runs on one page"),
    "data": ("list|info|make|import|export|relabel ...", "stored experience: look, make, convert, score again"),
    "export": ("RUN", "a run's policy for other machines"),
    "verify": ("DIR", "every proof of an exported policy that this machine can do"),
    "doctor": ("", "what this machine can and cannot do, and the fix"),
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run one verb.

    Args:
        argv: The words after `telic`; those of the process when None.

    Returns:
        The exit code: 0 only on success, 2 when something was asked that cannot be done, 130 after Ctrl-C.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    if not words or words[0] in ("-h", "--help"):
        say(overview())
        return 0 if words else EXIT_USER_ERROR
    if words[0] == "--version":
        say(f"telic {version('telic')}")
        return 0
    logging.basicConfig(format="%(levelname)s %(name)s: %(message)s", level=logging.WARNING)
    try:
        return _run(words[0], words[1:])
    except UserError as error:
        tell(f"error: {error.message}")
        if "--json" in words:
            print_json({"error": error.message, **error.details})
        return EXIT_USER_ERROR
    except KeyboardInterrupt:
        return 128 + signal.SIGINT
    except BrokenPipeError:
        # The reader, such as `head`, has seen enough; Python must not complain of it on its way out.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 128 + signal.SIGPIPE


def overview() -> str:
    """The help text of `telic` itself."""
    calls = {f"telic {verb} {usage}".rstrip(): summary for verb, (usage, summary) in VERBS.items()}
    width = max(map(len, calls))
    lines = [f"  {call:<{width}}  {summary}" for call, summary in calls.items()]
    return "\n".join(
        [
            "Say what the robot should do.",
            "Telic writes the reward, trains the policy in simulation, and puts it on the robot.",
            "",
            *lines,
            "",
            "Each verb has --help, and --json for machines. telic --version says which version this is.",
        ]
    )


def _run(verb: str, argv: list[str]) -> int:
    if verb not in VERBS:
        raise UserError(f"there is no verb {verb!r}; {did_you_mean(verb, VERBS)}")
    return importlib.import_module(f"telic.launch.verbs.{verb}").main(argv)
