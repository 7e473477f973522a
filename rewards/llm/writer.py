"""A language model writes a reward program: what is refused goes back with the reason, until it passes.

The loop is that of Text2Reward [1], with what its released code lacks: every program is checked (syntax, names, units,
frames, and whatever the caller checks on data) before anything is trained, and the errors reach the model.

[1] Xie et al. 2024, Text2Reward (arXiv 2309.11489).
"""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from telic.rewards.error import RewardError
from telic.rewards.llm.answer import AnswerError, program_in
from telic.rewards.llm.examples import library, nearest
from telic.rewards.llm.prompt import TaskDescription, correction, first_messages, refinement
from telic.rewards.llm.request import LanguageModel, Message, Request
from telic.rewards.program import RewardProgram, parse_reward

logger = logging.getLogger(__name__)

# What a caller checks of a program that obeys the language: the problems found, in words for the model; none if good.
Check = Callable[[RewardProgram], Sequence[str]]


@dataclass(frozen=True)
class WriterConfig:
    """How a language model is asked for a reward.

    Attributes:
        model: Name of the model, as its endpoint knows it.
        temperature: How different several candidates are.
        max_tokens: Longest answer.
        rounds: How often a candidate may be written: once, and then mended.
        examples: Packaged programs to show, the nearest to the sentence.
        seed: For endpoints that honour one.
    """

    model: str
    temperature: float = 0.7
    max_tokens: int = 2048
    rounds: int = 4
    examples: int = 2
    seed: int | None = 0

    def __post_init__(self) -> None:
        if self.rounds < 1 or self.examples < 0:
            raise ValueError(f"rounds is {self.rounds}, examples {self.examples}; allowed: at least 1, at least 0")


@dataclass(frozen=True)
class Attempt:
    """One answer on the way to a program.

    Attributes:
        text: What the model answered.
        source: The program in it; None if there was none.
        problems: Why it was refused; empty if it was not.
    """

    text: str
    source: str | None
    problems: tuple[str, ...]


@dataclass(frozen=True)
class Written:
    """What became of one candidate.

    Attributes:
        sentence: What was asked for.
        program: The program; None if no round passed.
        attempts: Every answer, in order.
        messages: The whole conversation, to go on from.
    """

    sentence: str
    program: RewardProgram | None
    attempts: tuple[Attempt, ...]
    messages: tuple[Message, ...] = field(default=(), repr=False)

    @property
    def problems(self) -> tuple[str, ...]:
        """Why the last answer was refused; empty if there is a program."""
        return self.attempts[-1].problems if self.attempts else ()


class RewardWriter:
    """Asks a language model for reward programs of one task."""

    def __init__(
        self, model: LanguageModel, config: WriterConfig, task: TaskDescription, check: Check | None = None
    ) -> None:
        """Prepare to ask.

        Args:
            model: Who writes.
            config: How it is asked.
            task: What the programs may read.
            check: Checks a program that obeys the language, on data for example.
        """
        self._model = model
        self.config = config
        self.task = task
        self._check = check

    def first_request(self, sentence: str, sample: int = 0) -> Request:
        """The question that a candidate begins with: for an estimate of what it costs."""
        own = [example for example in library() if example.name.removesuffix("_sparse") != self.task.name]
        examples = nearest(sentence, own, self.config.examples) if self.config.examples else ()
        return self._request(first_messages(sentence, self.task, examples), sample)

    def write(self, sentence: str, sample: int = 0) -> Written:
        """Write one candidate.

        Args:
            sentence: What the robot should do.
            sample: Which candidate: each is another answer to the same question.

        Raises:
            ModelError: If the model gives no answer, or the budget ends before the first one.
        """
        return self._converse(sentence, self.first_request(sentence, sample))

    def refine(self, sentence: str, source: str, feedback: str, sample: int = 0) -> Written:
        """Change a program after what was seen of the policy that it led to.

        Raises:
            ModelError: If the model gives no answer.
        """
        begin = first_messages(sentence, self.task)
        return self._converse(sentence, self._request((*begin, refinement(source, feedback)), sample))

    def _converse(self, sentence: str, request: Request) -> Written:
        attempts: list[Attempt] = []
        while True:
            reply = self._model.complete(request)
            messages = (*request.messages, Message("assistant", reply.text))
            source, program, problems = None, None, ()
            try:
                source = program_in(reply)
                program = parse_reward(source, self.task.signals, "reward.py")
                problems = tuple(self._check(program)) if self._check else ()
            except (AnswerError, RewardError) as error:
                problems = (str(error),)
            attempts.append(Attempt(reply.text, source, problems))
            if not problems:
                return Written(sentence, program, tuple(attempts), messages)
            logger.info("round %d was refused: %s", len(attempts), problems[0].splitlines()[0])
            if len(attempts) == self.config.rounds:
                return Written(sentence, None, tuple(attempts), messages)
            request = replace(request, messages=(*messages, correction("\n\n".join(problems))))

    def _request(self, messages: tuple[Message, ...], sample: int) -> Request:
        config = self.config
        return Request(config.model, messages, config.temperature, config.max_tokens, config.seed, sample=sample)
