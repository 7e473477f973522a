"""The page on which a person chooses, served to this machine only."""

import secrets
import threading
from collections.abc import Sequence
from typing import Any

from telic.launch.choose.candidate import Candidate
from telic.launch.choose.log import Choice, ChoiceLog
from telic.launch.choose.server import HOST, open_server
from telic.launch.report.template import fill

_LONGEST_NOTE = 2000
# How soon a page that is closed stops.
_POLL_S = 0.05


class ChoicePage:
    """Shows the candidates' films and waits for a person."""

    def __init__(
        self, candidates: Sequence[Candidate], shown: Sequence[int], log: ChoiceLog, sentence: str, port: int = 8090
    ) -> None:
        """Open the page.

        Args:
            candidates: What there is to choose among.
            shown: Their numbers in the order in which they are shown; their names are not, so that nobody is led.
            log: Takes the choices.
            sentence: What was asked for.
            port: Where; one of the next if it is taken.

        Raises:
            OSError: If none of them is free.
        """
        self.candidates, self.shown, self.sentence = tuple(candidates), tuple(shown), sentence
        self.token, self.nonce = secrets.token_urlsafe(24), secrets.token_urlsafe(16)
        self._log = log
        self._lock, self._done = threading.Lock(), threading.Event()
        self._choice: tuple[str, Choice] | None = None
        self._server = open_server(port, self)
        self._serving = threading.Thread(target=self._server.serve_forever, args=(_POLL_S,), daemon=True)
        self._serving.start()

    @property
    def port(self) -> int:
        """Where it is."""
        return self._server.server_address[1]

    @property
    def url(self) -> str:
        """Where the page is."""
        return f"http://{HOST}:{self.port}/"

    @property
    def choice(self) -> Choice | None:
        """What stands now."""
        with self._lock:
            return self._choice[1] if self._choice else None

    def wait(self, seconds: float | None = None) -> Choice | None:
        """Wait until the person is done, and return what was chosen; None if that did not happen in time."""
        return self.choice if self._done.wait(seconds) else None

    def close(self) -> None:
        """Close the page."""
        self._server.shutdown()
        self._server.server_close()
        self._serving.join()

    def html(self) -> str:
        """The page itself."""
        films = [{"address": f"film/{place}", "kind": self.candidates[number].kind.split("/")[0]}
                 for place, number in enumerate(self.shown)]  # fmt: skip
        return fill(
            "choose.html", {"films": films, "sentence": self.sentence, "token": self.token, "nonce": self.nonce}
        )

    def state(self) -> dict[str, Any]:
        """What stands now, by places on the page."""
        choice = self.choice
        if choice is None:
            return {"chosen": False, "done": self._done.is_set()}
        places = {number: place for place, number in enumerate(self.shown)}
        best, worst = (None if number is None else places[number] for number in (choice.best, choice.worst))
        return {"chosen": True, "best": best, "worst": worst, "done": self._done.is_set()}

    def order(self, name: str, body: dict[str, Any]) -> None:
        """Do what was pressed.

        Raises:
            ValueError: If it cannot be done.
        """
        with self._lock:
            if self._done.is_set():
                raise ValueError("the choice is made; start anew to make another one")
            if name == "choose":
                self._choose(body)
            elif name == "undo":
                if self._choice is None:
                    raise ValueError("there is nothing to take back")
                self._log.take_back(self._choice[0])
                self._choice = None
            elif self._choice is None:
                raise ValueError("nothing was chosen yet")
            else:
                self._done.set()

    def _choose(self, body: dict[str, Any]) -> None:
        if self._choice is not None:
            raise ValueError("something was chosen already; take it back first")
        if not {"best", "worst"} <= body.keys():
            raise ValueError("say which is best and which is worst; null for both where you cannot tell")
        best, worst, note = body["best"], body["worst"], body.get("note", "")
        if not isinstance(note, str) or len(note) > _LONGEST_NOTE:
            raise ValueError(f"a note is a text of at most {_LONGEST_NOTE} characters")
        if best is None and worst is None:
            choice = Choice(None, None, note.strip())
        else:
            choice = Choice(self._number(best), self._number(worst), note.strip())
            if choice.best == choice.worst:
                raise ValueError("the best one cannot be the worst one too")
        self._choice = self._log.choose(choice), choice

    def _number(self, place: object) -> int:
        """The number of the candidate at a place of the page."""
        if isinstance(place, bool) or not isinstance(place, int) or not 0 <= place < len(self.shown):
            raise ValueError(f"place {place!r}; allowed: 0 to {len(self.shown) - 1}")
        return self.shown[place]
