"""Several questions at once, answered in their order."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from telic.rewards.llm.request import LanguageModel, ModelError, Reply, Request

Question = TypeVar("Question")
Answer = TypeVar("Answer")


def complete_all(
    model: LanguageModel,
    requests: Sequence[Request],
    workers: int = 4,
    progress: Callable[[int], None] | None = None,
) -> list[Reply | ModelError]:
    """Answer several requests, at most `workers` at a time.

    Args:
        model: Who answers; it must bear several threads, as all models here do.
        requests: The questions.
        workers: How many at a time.
        progress: Told how many are answered, after each.

    Returns:
        For each request its reply, or why there is none, in the order of the requests.
    """
    return ask_all(model.complete, requests, workers, progress)


def ask_all(
    ask: Callable[[Question], Answer],
    questions: Sequence[Question],
    workers: int = 4,
    progress: Callable[[int], None] | None = None,
) -> list[Answer | ModelError]:
    """Ask several questions of any kind, such as whole conversations, at most `workers` at a time.

    Args:
        ask: Answers one; it must bear several threads.
        questions: The questions.
        workers: How many at a time.
        progress: Told how many are answered, after each.

    Returns:
        For each question its answer, or why there is none, in the order of the questions.
    """

    def answered(question: Question) -> Answer | ModelError:
        try:
            return ask(question)
        except ModelError as error:
            return error

    answers: list[Answer | ModelError] = []
    with ThreadPoolExecutor(max(1, min(workers, len(questions)))) as pool:
        for answer in pool.map(answered, questions):
            answers.append(answer)
            if progress is not None:
                progress(len(answers))
    return answers
