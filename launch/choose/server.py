"""The server behind the page: for this machine, and for orders of the page itself, only.

Other pages in the same browser can send requests here too, and a page of elsewhere may lead its own name to this
address. Only requests whose Host is this server are answered, and only orders that carry the page's secret.
"""

import json
import secrets
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

from telic.launch.choose.candidate import Candidate
from telic.launch.choose.ranges import BadRangeError, byte_range

if TYPE_CHECKING:
    from telic.launch.choose.page import ChoicePage

HOST = "127.0.0.1"
_NAMES = (HOST, "localhost")
_LONGEST_BODY = 8192
_CHUNK = 1 << 18
# Ports that are tried when the first one is taken.
_PORTS = 20


class PageServer(ThreadingHTTPServer):
    """Serves one page."""

    daemon_threads = True
    page: "ChoicePage"


def open_server(port: int, page: "ChoicePage") -> PageServer:
    """Open a server at a port, or at the next one that is free.

    Raises:
        OSError: If none of them is.
    """
    for candidate in range(port, port + _PORTS):
        try:
            server = PageServer((HOST, candidate), _Handler)
        except OSError:
            if candidate == port + _PORTS - 1:
                raise
            continue
        server.page = page
        return server
    raise AssertionError


class _Handler(BaseHTTPRequestHandler):
    server: PageServer
    protocol_version = "HTTP/1.1"
    timeout = 30

    def do_GET(self) -> None:
        """Answer with the page, its state, or a film."""
        page = self.server.page
        if not self._is_for_here():
            return
        if self.path == "/":
            self._send(HTTPStatus.OK, page.html().encode(), "text/html; charset=utf-8")
        elif self.path == "/state":
            self._send_json(HTTPStatus.OK, page.state())
        elif self.path in (addresses := {f"/film/{place}": number for place, number in enumerate(page.shown)}):
            self._send_film(page.candidates[addresses[self.path]])
        else:
            self._refuse(HTTPStatus.NOT_FOUND, "there is no such page")

    def do_POST(self) -> None:
        """Do what was pressed."""
        page = self.server.page
        # What is refused is not read to its end.
        self.close_connection = True
        if not self._is_for_here():
            return
        own = {f"http://{name}:{page.port}" for name in _NAMES}
        if self.headers.get("Origin", page.url.rstrip("/")) not in own or not secrets.compare_digest(
            self.headers.get("X-Telic-Token", "").encode(), page.token.encode()
        ):
            self._refuse(HTTPStatus.FORBIDDEN, "this order does not come from the page: load it again")
            return
        name = self.path.removeprefix("/")
        if name not in ("choose", "undo", "done"):
            self._refuse(HTTPStatus.NOT_FOUND, "there is no such order")
            return
        try:
            page.order(name, self._body())
        except ValueError as error:
            self._refuse(HTTPStatus.BAD_REQUEST, str(error))
            return
        self._send_json(HTTPStatus.OK, page.state())

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet: the terminal is for the person."""

    def _is_for_here(self) -> bool:
        """Whether the request names this server: a page of elsewhere may have led its own name to this address."""
        if self.headers.get("Host") in {f"{name}:{self.server.page.port}" for name in _NAMES}:
            return True
        self._refuse(HTTPStatus.FORBIDDEN, "this page is for this machine only")
        return False

    def _body(self) -> dict[str, Any]:
        """The JSON object of a request.

        Raises:
            ValueError: If there is none, or it is too large.
        """
        length = self.headers.get("Content-Length", "")
        if not length.isdigit() or int(length) > _LONGEST_BODY:
            raise ValueError(f"the order has a length of {length or 'nothing'}; allowed: up to {_LONGEST_BODY} bytes")
        try:
            body = json.loads(self.rfile.read(int(length)))
        except (ValueError, RecursionError):
            raise ValueError("the order is not JSON") from None
        if not isinstance(body, dict):
            raise ValueError("the order is not one JSON object")
        return body

    def _send_film(self, candidate: Candidate) -> None:
        """Send a film or the part of it that is asked for, without which browsers cannot wind."""
        size = candidate.film.stat().st_size
        try:
            wanted = byte_range(self.headers.get("Range"), size)
        except BadRangeError:
            self._refuse(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, f"the film has {size} bytes")
            return
        start, stop = wanted or (0, size)
        headers = {"Accept-Ranges": "bytes"} | (
            {"Content-Range": f"bytes {start}-{stop - 1}/{size}"} if wanted is not None else {}
        )
        self._begin(
            HTTPStatus.OK if wanted is None else HTTPStatus.PARTIAL_CONTENT, candidate.kind, stop - start, headers
        )
        with candidate.film.open("rb") as file:
            file.seek(start)
            while start < stop:
                chunk = file.read(min(_CHUNK, stop - start))
                start += len(chunk)
                try:
                    self.wfile.write(chunk)
                except ConnectionError:
                    # Browsers hang up when they have seen enough.
                    self.close_connection = True
                    return

    def _send_json(self, status: HTTPStatus, body: dict[str, Any]) -> None:
        self._send(status, json.dumps(body).encode(), "application/json")

    def _refuse(self, status: HTTPStatus, reason: str) -> None:
        self._send_json(status, {"error": reason})

    def _send(self, status: HTTPStatus, body: bytes, kind: str) -> None:
        self._begin(status, kind, len(body), {})
        self.wfile.write(body)

    def _begin(self, status: HTTPStatus, kind: str, length: int, headers: dict[str, str]) -> None:
        policy = (
            f"default-src 'none'; script-src 'nonce-{self.server.page.nonce}'; style-src 'unsafe-inline'; "
            "img-src 'self' data:; media-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; "
            "frame-ancestors 'none'"
        )
        self.send_response(status)
        for name, value in {
            "Content-Type": kind,
            "Content-Length": str(length),
            "Content-Security-Policy": policy,
            "X-Content-Type-Options": "nosniff",
            "Referrer-Policy": "no-referrer",
            "Cross-Origin-Resource-Policy": "same-origin",
            "Cache-Control": "no-store",
            **headers,
        }.items():
            self.send_header(name, value)
        self.end_headers()
