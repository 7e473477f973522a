"""The program in a model's answer: found among prose, fences and several blocks, or refused with the reason.

Nothing is cut out of a program and nothing is put together from pieces: helper functions stay where the model wrote
them, and an answer that could be meant in two ways is sent back.
"""

import re

from telic.rewards.llm.request import Reply

_FENCE = re.compile(r"^[ \t]*```[ \t]*([\w+-]*)[^\n]*\n(.*?)^[ \t]*```[ \t]*$", re.DOTALL | re.MULTILINE)
_OPEN_FENCE = re.compile(r"^[ \t]*```", re.MULTILINE)
_REWARD = re.compile(r"^def\s+reward\s*\(", re.MULTILINE)
# Models that think aloud do so before their answer.
_THOUGHT = re.compile(r"<think>.*?</think>", re.DOTALL)
MAX_CHARACTERS = 400_000


class AnswerError(ValueError):
    """An answer without exactly one program in it; the message is written for the model."""


def program_in(reply: Reply) -> str:
    """The text of the program in an answer.

    Raises:
        AnswerError: If the answer was cut short, or has no program, or several.
    """
    if reply.finish == "length":
        raise AnswerError("the answer was cut off at its greatest length: write a shorter program, with less around it")
    if len(reply.text) > MAX_CHARACTERS:
        raise AnswerError(f"the answer has {len(reply.text)} characters: write the program only")
    text = without_thought(reply.text).replace("\r\n", "\n")
    blocks = [match.group(2) for match in _FENCE.finditer(text)]
    if not blocks:
        if _OPEN_FENCE.search(text):
            raise AnswerError("the code block is not closed: end it with ``` on a line of its own")
        blocks = [text] if _is_bare_program(text) else []
    programs = [block for block in blocks if _REWARD.search(block)]
    if not programs:
        raise AnswerError("there is no program with `def reward(...)` in a ```python block")
    # A model that repeats itself means one program.
    different = list(dict.fromkeys(program.strip() for program in programs))
    if len(different) > 1:
        raise AnswerError(f"there are {len(different)} different programs in the answer: give one")
    return different[0] + "\n"


def without_thought(text: str) -> str:
    """An answer without what the model thought aloud before it."""
    return _THOUGHT.sub("", text)


def _is_bare_program(text: str) -> bool:
    """Whether an answer is a program without a fence, from its first character on."""
    return text.lstrip().startswith(('"""', "'''", "def ")) and _REWARD.search(text) is not None
