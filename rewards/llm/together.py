"""Several questions at once, answered in their order."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from telic.rewards.llm.request import LanguageModel, ModelError, Reply, Request


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

    def ask(request: Request) -> Reply | ModelError:
        try:
            return model.complete(request)
        except ModelError as error:
            return error

    answers: list[Reply | ModelError] = []
    with ThreadPoolExecutor(max(1, min(workers, len(requests)))) as pool:
        for answer in pool.map(ask, requests):
            answers.append(answer)
            if progress is not None:
                progress(len(answers))
    return answers
