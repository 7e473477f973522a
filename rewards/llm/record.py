"""Every answer of a language model on disk, by the content of the question: a run replays offline, bit for bit.

One JSON file per question, named by `Request.digest`. It holds the question and the answer, and no key: keys are never
part of a request.
"""

import hashlib
import json
import os
import tempfile
import threading
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

from telic.rewards.llm.request import LanguageModel, ModelError, Reply, Request

Mode = Literal["record", "replay", "auto"]
MODES: tuple[Mode, ...] = ("record", "replay", "auto")
VERSION = 1


class NotRecordedError(ModelError):
    """A question whose answer is not in the record, asked offline."""


class RecordError(ModelError):
    """A file of the record that is damaged or not what its name says."""


class Record:
    """A language model that remembers.

    Attributes:
        folder: Where the answers are.
        mode: ``replay`` never asks the model; ``auto`` asks it what is not recorded; ``record`` asks everything anew.
        replayed: How many answers came from the record.
        asked: How many came from the model.
    """

    def __init__(self, folder: str | Path, model: LanguageModel | None = None, mode: Mode = "auto") -> None:
        """Open a record; the folder is made when the first answer is written.

        Raises:
            ValueError: If the mode is unknown, or needs a model and there is none.
        """
        if mode not in MODES:
            raise ValueError(f"mode is {mode!r}; allowed: {', '.join(MODES)}")
        if model is None and mode != "replay":
            raise ValueError(f"mode {mode!r} needs a language model; without one, only 'replay' works")
        self.folder = Path(folder)
        self.mode: Mode = mode
        self._model = model
        self.replayed = self.asked = 0
        self._lock = threading.Lock()

    def complete(self, request: Request) -> Reply:
        """Answer from the record, or from the model.

        Raises:
            NotRecordedError: In mode ``replay``, if the answer is not there.
            RecordError: If its file is damaged.
            ModelError: If the model has no answer.
        """
        path = self._path(request)
        if self.mode != "record" and path.is_file():
            with self._lock:
                self.replayed += 1
            return _read(path, request)
        if self.mode == "replay" or self._model is None:
            raise NotRecordedError(
                f"the answer to {request.digest[:12]} ({request.model}, sample {request.sample}) is not in "
                f"{self.folder}: the prompt, the model or a parameter differs from the recorded run. Run it once "
                "with a model to record it"
            )
        reply = self._model.complete(request)
        with self._lock:
            self.asked += 1
        _write(path, {"version": VERSION, "request": request.to_dict(), "reply": asdict(reply)})
        return reply

    def has(self, request: Request) -> bool:
        """Whether an answer would come from the record."""
        return self.mode != "record" and self._path(request).is_file()

    def fingerprint(self) -> str:
        """SHA-256 of all questions and answers, whatever their order."""
        digest = hashlib.sha256()
        for path in sorted(self.folder.glob("??/*.json")):
            digest.update(path.name.encode())
            digest.update(path.read_bytes())
        return digest.hexdigest()

    def _path(self, request: Request) -> Path:
        digest = request.digest
        return self.folder / digest[:2] / f"{digest}.json"


def _read(path: Path, request: Request) -> Reply:
    try:
        data = json.loads(path.read_text(encoding="utf-8"))
        version, asked, reply = data["version"], data["request"], Reply(**data["reply"])
    except (OSError, ValueError, TypeError, KeyError) as error:
        raise RecordError(
            f"{path} is not a recorded answer, or it is damaged: {error}; delete it to ask again"
        ) from error
    if version != VERSION:
        raise RecordError(f"{path} has version {version!r}, this Telic reads {VERSION}: update Telic")
    if asked != json.loads(json.dumps(request.to_dict())):
        raise RecordError(f"{path} holds the answer to another question than its name says; delete it to ask again")
    return reply


def _write(path: Path, data: dict[str, Any]) -> None:
    """Write so that the file is whole or not there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(dir=path.parent, suffix=".tmp")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            json.dump(data, file, ensure_ascii=False, indent=1, sort_keys=True)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).replace(path)
    finally:
        Path(temporary).unlink(missing_ok=True)
