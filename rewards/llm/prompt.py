"""What a language model is told: the task's signals as a typed description, the rules of the language, examples."""

from collections.abc import Sequence
from dataclasses import dataclass

from telic.replay.signal import Signal
from telic.rewards.functions import FUNCTIONS
from telic.rewards.llm.examples import Example
from telic.rewards.llm.request import Message
from telic.rewards.signals import readable_signals

_ROLE = """\
You write reward functions for robots that learn by reinforcement learning. Each reward is a short program in a small,
checked language that looks like Python. You answer with one program in one ```python block, after at most a few
sentences of thought."""

_RULES = """\
The rules of the language, all of them checked:
- The file begins with a docstring of one sentence: what the robot should do. Then come number constants, helper
  functions if you like, `def reward(...)`, and `def success(...)`; `def cost(...)` for what must not happen, if asked.
- The parameters of `reward`, `success` and `cost` are names of signals, written exactly as listed. `next_NAME` is the
  signal after the step, `terminated` is true where the step ended the episode, `action` is the action of the step.
- `reward` returns a dictionary of named terms, each one number; the reward is their sum. `success` returns one truth.
- The code is for one sample: a signal of shape (3,) is a vector of three. No loops, imports, attributes, methods,
  strings or lists; no `np.` or `torch.`. `if` may surround assignments; a function returns once, at its end.
- Units are checked: metres are not added to radians or to metres per second. A bare number beside a quantity has its
  unit, and as a factor it is a plain weight. Divide by a scale with a unit to get a pure number: x / (0.2 * metre).
  Angles are in radians: 90 * degree. Components in the world frame and in the body frame do not mix: use
  to_world(rotation, v) and to_body(rotation, v).
- Prefer bounded terms: tolerance(x, bound=..., margin=...) is 1 within the bound and falls smoothly to 0.1 one margin
  further out.
- Every step of going on must be worth more than ending the episode early, and doing nothing must not be the best
  policy."""


@dataclass(frozen=True)
class TaskDescription:
    """What a writer knows of a task.

    Attributes:
        name: The task.
        description: What it is, in a sentence or more.
        signals: Its stored signals.
        episode: How episodes start and end, in words; may be empty.
    """

    name: str
    description: str
    signals: tuple[Signal, ...]
    episode: str = ""


def first_messages(sentence: str, task: TaskDescription, examples: Sequence[Example] = ()) -> tuple[Message, ...]:
    """The beginning of a conversation that ends in a reward program.

    Args:
        sentence: What the robot should do.
        task: Where.
        examples: Programs for other sentences, as examples.
    """
    parts = [
        f"The task is {task.name!r}: {task.description}",
        task.episode,
        "The signals:\n```python\n" + describe_signals(task.signals) + "\n```",
        _RULES,
        "The functions:\n" + describe_functions(),
        *(f"An example, for another task:\n```python\n{example.source.strip()}\n```" for example in examples),
        f"Write the reward program for: {sentence}",
    ]
    return (Message("system", _ROLE), Message("user", "\n\n".join(part for part in parts if part)))


def describe_signals(signals: Sequence[Signal]) -> str:
    """The signals as the attributes of a class, typed, with unit, frame and meaning."""
    readable = readable_signals(signals)
    shown = [signal for name, signal in readable.items() if not name.startswith("next_")]
    lines = ["class Step:"]
    for signal in shown:
        kind = "bool" if signal.name == "terminated" else _kind(signal.shape)
        unit = "a pure number" if signal.unit == "1" else f"[{signal.unit}]"
        frame = f", {signal.frame} frame" if signal.frame else ""
        meaning = f": {signal.description}" if signal.description else ""
        lines.append(f"    {signal.name}: {kind}  # {unit}{frame}{meaning}")
    return "\n".join(lines)


def describe_functions() -> str:
    """The functions of the language with their arguments and first lines."""
    lines = []
    for name, function in FUNCTIONS.items():
        code = function.__code__
        arguments = code.co_varnames[1 : code.co_argcount + code.co_kwonlyargcount]
        rest = ("...",) if code.co_flags & 0x04 else ()
        meaning = (function.__doc__ or "").strip().splitlines()[0]
        lines.append(f"- {name}({', '.join((*arguments, *rest))}): {meaning}")
    return "\n".join(lines)


def correction(problem: str) -> Message:
    """What the model is told when its program was refused."""
    return Message(
        "user",
        f"The program was refused:\n\n{problem}\n\nMend it, and answer with the whole program in one ```python block.",
    )


def doubt(doubts: Sequence[str]) -> Message:
    """What the model is told when its program passed, and the critic doubts it."""
    listed = "\n".join(f"- {each}" for each in doubts)
    return Message(
        "user",
        f"The program obeys the rules. A critic doubts it:\n{listed}\n\nMend what is right in this, keep what has its "
        "reasons, and answer with the whole program in one ```python block.",
    )


def refinement(source: str, feedback: str) -> Message:
    """The request to change a program after somebody, or something, watched what it led to."""
    return Message(
        "user",
        f"This program was trained with:\n```python\n{source.strip()}\n```\n\nWhat was seen:\n{feedback}\n\n"
        "Change the program so that the robot does what was asked. Answer with the whole program in one ```python "
        "block.",
    )


def _kind(shape: tuple[int, ...]) -> str:
    if not shape:
        return "float"
    return f"Vector[{shape[0]}]" if len(shape) == 1 else f"Matrix[{', '.join(map(str, shape))}]"
