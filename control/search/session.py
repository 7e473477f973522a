"""The recorded answers of a search, replayed on another machine too.

The questions of the first round are the same everywhere. Later ones quote figures of trainings, and floating-point
numbers differ in their last bits between processors, which learning makes large. Offline, an answer is therefore looked
for twice: by its question, to the letter, and then by its place in the search, which is the sample that was asked for
and the number of answers before it in the conversation. Every candidate of a search asks for another sample.
"""

import json
import logging
from functools import cached_property
from pathlib import Path
from typing import Any

from telic.rewards.llm.record import NotRecordedError, Record
from telic.rewards.llm.request import Reply, Request

logger = logging.getLogger(__name__)

_Place = tuple[str, int, int]


class Session(Record):
    """A record that is only replayed, and finds answers by their place where it has to.

    Attributes:
        by_place: How many answers were found so.
    """

    def __init__(self, folder: str | Path) -> None:
        """Open a record; it is read when somebody asks."""
        super().__init__(folder, mode="replay")
        self.by_place = 0

    def complete(self, request: Request) -> Reply:
        """Answer from the record.

        Raises:
            NotRecordedError: If there is no answer to the question nor, without doubt, one at its place.
            RecordError: If a file is damaged.
        """
        try:
            return super().complete(request)
        except NotRecordedError:
            found = self._places.get(_place(request.model, request.sample, [m.role for m in request.messages]))
            if found is None:
                raise
            logger.info("the answer of sample %d was recorded for a question with other figures", request.sample)
            self.by_place += 1
            return Reply(**found)

    def has(self, request: Request) -> bool:
        """Whether there is an answer; it costs nothing."""
        place = _place(request.model, request.sample, [message.role for message in request.messages])
        return super().has(request) or self._places.get(place) is not None

    @cached_property
    def _places(self) -> dict[_Place, dict[str, Any] | None]:
        """Answers by their place; None where several were recorded at one place."""
        places: dict[_Place, dict[str, Any] | None] = {}
        for path in sorted(self.folder.glob("??/*.json")):
            data = json.loads(path.read_text(encoding="utf-8"))
            asked = data["request"]
            place = _place(asked["model"], asked["sample"], [message["role"] for message in asked["messages"]])
            places[place] = None if place in places else data["reply"]
        return places


def _place(model: str, sample: int, roles: list[str]) -> _Place:
    return model, sample, roles.count("assistant")
