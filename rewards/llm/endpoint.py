"""Any endpoint that speaks OpenAI's chat protocol: hosted ones, vLLM, Ollama, llama.cpp.

What fails for a moment (rate limits, server errors, lost connections, broken streams) is tried again, later and later;
what fails for good (a wrong key, an unknown model) is said at once. Answers are streamed, so that a server which stops
talking, or never stops, is noticed.
"""

import logging
import os
import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from telic.rewards.llm.request import (
    BadAnswerError,
    ModelUnavailableError,
    RefusedRequestError,
    Reply,
    Request,
    estimated_tokens,
)

logger = logging.getLogger(__name__)

# No honest reward program comes near; a runaway answer is cut off here.
MAX_ANSWER_CHARACTERS = 400_000


@dataclass(frozen=True)
class EndpointConfig:
    """Where a language model is, and how patient to be with it.

    Attributes:
        base_url: Address of the API, as in ``http://127.0.0.1:8080/v1``.
        key_variable: Environment variable that holds the key; the key itself is never stored or logged.
        timeout_s: Longest wait for the next piece of an answer [s].
        deadline_s: Longest time for a whole answer [s].
        attempts: How often to try before giving up.
        backoff_s: Wait before the second attempt; doubled for each further one, with up to half of it more at random.
        longest_wait_s: Longest wait between two attempts, also where the endpoint asks for more [s].
    """

    base_url: str
    key_variable: str = "OPENAI_API_KEY"
    timeout_s: float = 60.0
    deadline_s: float = 600.0
    attempts: int = 5
    backoff_s: float = 1.0
    longest_wait_s: float = 60.0

    def __post_init__(self) -> None:
        if not self.base_url.startswith(("http://", "https://")):
            raise ValueError(f"base_url is {self.base_url!r}; allowed: an address that begins with http:// or https://")
        if self.attempts < 1 or min(self.timeout_s, self.deadline_s) <= 0:
            raise ValueError("attempts must be at least 1, timeout_s and deadline_s more than 0")


class Endpoint:
    """A language model behind an address."""

    def __init__(
        self, config: EndpointConfig, sleep: Callable[[float], None] = time.sleep, seed: int | None = None
    ) -> None:
        """Prepare to ask; nothing is sent yet.

        Args:
            config: Where, and how patiently.
            sleep: Waits between attempts.
            seed: Of the random part of these waits.

        Raises:
            ModuleNotFoundError: If the client library is missing, with the line that installs it.
        """
        self.config = config
        self._sleep = sleep
        self._jitter = random.Random(seed)
        try:
            import openai
        except ModuleNotFoundError as error:
            raise ModuleNotFoundError("a language model needs: pip install 'telic[llm]'", name=error.name) from None
        self._openai = openai
        # Servers on one's own machine want no key, but the client insists on some text.
        key = os.environ.get(config.key_variable) or "none"
        self._secret = key if len(key) > 4 else None
        self._client = openai.OpenAI(base_url=config.base_url, api_key=key, max_retries=0, timeout=config.timeout_s)

    def complete(self, request: Request) -> Reply:
        """Answer one request, with as many attempts as the configuration allows.

        Raises:
            ModelUnavailableError: If every attempt failed.
            RefusedRequestError: If the endpoint refuses the request for good.
        """
        started, attempt = time.monotonic(), 0
        while True:
            attempt += 1
            try:
                return self._ask(request, started)
            except self._openai.APIStatusError as error:
                wait, reason = self._wait_for(error, attempt, request), error
            # A broken stream ends in the errors of the client's transport or in those of its JSON parser.
            except (self._openai.APIError, BadAnswerError, ValueError, OSError) as error:
                wait, reason = self._backoff(attempt), error
            if attempt == self.config.attempts or time.monotonic() - started + wait > self.config.deadline_s:
                break
            logger.info("%s did not answer (%s); trying again in %.1f s", request.model, self._brief(reason), wait)
            self._sleep(wait)
        raise ModelUnavailableError(
            f"{request.model} at {self.config.base_url} gave no answer in {attempt} attempts; "
            f"the last: {self._brief(reason)}"
        ) from None

    def _ask(self, request: Request, started: float) -> Reply:
        arguments: dict[str, Any] = {
            "model": request.model,
            "messages": [{"role": message.role, "content": message.content} for message in request.messages],
            "temperature": request.temperature,
            "max_tokens": request.max_tokens,
            "stream": True,
            "stream_options": {"include_usage": True},
        }
        if request.seed is not None:
            # Samples of one question differ, and each is the same again when asked again.
            arguments["seed"] = request.seed + request.sample
        if request.schema is not None:
            schema = {"name": "answer", "schema": dict(request.schema), "strict": True}
            arguments["response_format"] = {"type": "json_schema", "json_schema": schema}
        with self._client.chat.completions.create(**arguments) as stream:
            return self._gather(request, stream, started)

    def _gather(self, request: Request, stream: Iterator[Any], started: float) -> Reply:
        """Put a streamed answer together."""
        pieces: list[str] = []
        characters, finish, model, usage = 0, None, request.model, None
        for chunk in stream:
            model, usage = getattr(chunk, "model", None) or model, getattr(chunk, "usage", None) or usage
            for choice in (getattr(chunk, "choices", None) or [])[:1]:
                piece = getattr(choice.delta, "content", None) or ""
                pieces.append(piece)
                characters += len(piece)
                finish = choice.finish_reason or finish
            if characters > MAX_ANSWER_CHARACTERS:
                raise BadAnswerError(f"the answer is longer than {MAX_ANSWER_CHARACTERS} characters")
            if time.monotonic() - started > self.config.deadline_s:
                raise BadAnswerError(f"the answer took longer than {self.config.deadline_s:g} s")
        if finish is None:
            raise BadAnswerError("the answer was cut off: the stream ended without a finish reason")
        text = "".join(pieces)
        if usage is None:
            prompt, completion = estimated_tokens(request.characters), estimated_tokens(characters)
            return Reply(text, prompt, completion, finish, model, estimated=True)
        return Reply(text, usage.prompt_tokens, usage.completion_tokens, finish, model)

    def _wait_for(self, error: Any, attempt: int, request: Request) -> float:
        """How long to wait after an error status.

        Raises:
            RefusedRequestError: If waiting does not help.
        """
        status = error.status_code
        if status not in (408, 409, 429) and status < 500:
            hint = f"; the key comes from ${self.config.key_variable}" if status in (401, 403) else ""
            raise RefusedRequestError(
                f"{self.config.base_url} refuses {request.model}: {status} {self._brief(error)}{hint}"
            ) from None
        try:
            asked = float(error.response.headers.get("retry-after", ""))
        except ValueError:
            asked = 0.0
        return min(max(asked, self._backoff(attempt)), self.config.longest_wait_s)

    def _backoff(self, attempt: int) -> float:
        wait = self.config.backoff_s * 2 ** (attempt - 1) * (1 + self._jitter.random() / 2)
        return min(wait, self.config.longest_wait_s)

    def _brief(self, error: Exception) -> str:
        """An error on one short line, without the key, which some endpoints repeat."""
        text = " ".join(str(error).split()) or type(error).__name__
        text = text.replace(self._secret, "***") if self._secret else text
        return text if len(text) <= 200 else text[:200] + "..."
