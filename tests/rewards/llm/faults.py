"""A small server that speaks OpenAI's chat protocol and can be told to do it wrong."""

import json
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Scripted(ThreadingHTTPServer):
    """Answers each request with the next item of a script; the last item is repeated.

    An item is a text (a proper answer), or a function of the handler.
    """

    daemon_threads = True

    def __init__(self, script):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.script = list(script)
        self.requests = []
        self.lock = threading.Lock()

    @property
    def base_url(self):
        return f"http://127.0.0.1:{self.server_address[1]}/v1"

    def handle_error(self, request, client_address):
        """Clients that hang up are part of the tests."""


class _Handler(BaseHTTPRequestHandler):
    server: Scripted

    def do_POST(self):
        length = int(self.headers["Content-Length"])
        body = json.loads(self.rfile.read(length))
        with self.server.lock:
            headers = {name.lower(): value for name, value in self.headers.items()}
            self.server.requests.append((headers, body))
            item = self.server.script.pop(0) if len(self.server.script) > 1 else self.server.script[0]
        if isinstance(item, str):
            stream(item)(self)
        else:
            item(self)

    def log_message(self, *args):
        pass


def begin(handler, status=200, kind="text/event-stream", **headers):
    handler.send_response(status)
    handler.send_header("Content-Type", kind)
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()


def event(handler, data):
    text = data if isinstance(data, str) else json.dumps(data)
    handler.wfile.write(f"data: {text}\n\n".encode())
    handler.wfile.flush()


def chunk(content=None, finish=None):
    delta = {} if content is None else {"role": "assistant", "content": content}
    choice = {"index": 0, "delta": delta, "finish_reason": finish}
    return {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "scripted", "choices": [choice]}


def stream(text, finish="stop", usage=True, pause=0.0):
    """A proper answer in pieces."""

    def answer(handler):
        begin(handler)
        for start in range(0, len(text), 40):
            event(handler, chunk(text[start : start + 40]))
            time.sleep(pause)
        event(handler, chunk(finish=finish))
        if usage:
            last = chunk()
            last |= {"choices": [], "usage": {"prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18}}
            event(handler, last)
        event(handler, "[DONE]")

    return answer


def status(code, **headers):
    """An error status with a JSON body."""

    def answer(handler):
        begin(handler, code, "application/json", **headers)
        handler.wfile.write(json.dumps({"error": {"message": f"status {code}", "type": "error"}}).encode())

    return answer


def broken_json(handler):
    begin(handler)
    event(handler, '{"choices": [{"delta": {"content": "def')


def page(handler):
    begin(handler, 200, "text/html")
    handler.wfile.write(b"<html><body>Please log in.</body></html>")


def cut_off(handler):
    begin(handler)
    event(handler, chunk("def reward("))


def hang_up(handler):
    handler.close_connection = True
    handler.connection.close()


def hang_up_in_the_middle(handler):
    begin(handler, Content_Length="100000")
    event(handler, chunk("def reward("))
    handler.close_connection = True
    handler.connection.close()


def silent(seconds):
    def answer(handler):
        time.sleep(seconds)
        hang_up(handler)

    return answer


def endless(handler):
    begin(handler)
    while True:
        event(handler, chunk("x" * 10_000))


def echo_key(handler):
    key = handler.headers["Authorization"].removeprefix("Bearer ")
    begin(handler, 401, "application/json")
    handler.wfile.write(json.dumps({"error": {"message": f"Incorrect API key provided: {key}"}}).encode())


@contextmanager
def serving(*script):
    server = Scripted(script)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()
