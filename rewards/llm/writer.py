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
from telic.rewards.llm.prompt import TaskDescription, correction, doubt, first_messages, refinement
from telic.rewards.llm.request import LanguageModel, Message, ModelError, Reply, Request
from telic.rewards.program import RewardProgram, parse_reward

logger = logging.getLogger(__name__)

# What a caller checks of a program that obeys the language: the problems found, in words for the model; none if good.
Check = Callable[[RewardProgram], Sequence[str]]
# What a caller doubts of a program that passed the checks, such as `telic.rewards.critic`: advice, not refusals.
Critic = Callable[[RewardProgram], Sequence[str]]


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
        doubts: What the critic said of it, if it was not refused.
    """

    text: str
    source: str | None
    problems: tuple[str, ...]
    doubts: tuple[str, ...] = ()


@dataclass(frozen=True)
class Written:
    """What became of one candidate.

    Attributes:
        sentence: What was asked for.
        program: The program: of those that passed, the one with the fewest doubts, the latest of these; None if no
            round passed.
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
        return self.attempts[-1].problems if self.attempts and self.program is None else ()


class RewardWriter:
    """Asks a language model for reward programs of one task."""

    def __init__(
        self,
        model: LanguageModel,
        config: WriterConfig,
        task: TaskDescription,
        check: Check | None = None,
        critic: Critic | None = None,
    ) -> None:
        """Prepare to ask.

        Args:
            model: Who writes.
            config: How it is asked.
            task: What the programs may read.
            check: Checks a program that obeys the language, on data for example.
            critic: Doubts a program that passed; its doubts go back to the model while there are rounds left.
        """
        self._model = model
        self.config = config
        self.task = task
        self._check = check
        self._critic = critic

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
        passed: list[tuple[int, RewardProgram]] = []
        while True:
            try:
                reply = self._model.complete(request)
            except ModelError:
                if not passed:
                    raise
                # What was only doubted is not lost with the budget.
                return _best(sentence, passed, attempts, request.messages)
            messages = (*request.messages, Message("assistant", reply.text))
            attempt, program = self._attempt(reply)
            attempts.append(attempt)
            is_settled = not attempt.problems and not attempt.doubts
            if program is not None:
                # A model that keeps a program which was doubted has its reasons.
                is_settled |= any(program.fingerprint == each.fingerprint for _, each in passed)
                passed.append((len(attempt.doubts), program))
            if is_settled or len(attempts) == self.config.rounds:
                return _best(sentence, passed, attempts, messages)
            said = attempt.problems or attempt.doubts
            logger.info("round %d did not settle it: %s", len(attempts), said[0].splitlines()[0])
            answer = correction("\n\n".join(said)) if program is None else doubt(said)
            request = replace(request, messages=(*messages, answer))

    def _attempt(self, reply: Reply) -> tuple[Attempt, RewardProgram | None]:
        """What is found of an answer, and its program if it was not refused."""
        source = None
        try:
            source = program_in(reply)
            program = parse_reward(source, self.task.signals, "reward.py")
        except (AnswerError, RewardError) as error:
            return Attempt(reply.text, source, (str(error),)), None
        problems = tuple(self._check(program)) if self._check else ()
        if problems:
            return Attempt(reply.text, source, problems), None
        doubts = tuple(self._critic(program)) if self._critic else ()
        return Attempt(reply.text, source, (), doubts), program

    def _request(self, messages: tuple[Message, ...], sample: int) -> Request:
        config = self.config
        return Request(config.model, messages, config.temperature, config.max_tokens, config.seed, sample=sample)


def _best(
    sentence: str,
    passed: Sequence[tuple[int, RewardProgram]],
    attempts: Sequence[Attempt],
    messages: tuple[Message, ...],
) -> Written:
    """The least doubted program of those that passed, the latest of these."""
    best = min(reversed(passed), key=lambda each: each[0])[1] if passed else None
    return Written(sentence, best, tuple(attempts), messages)
