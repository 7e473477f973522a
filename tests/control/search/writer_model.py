"""A scripted stand-in for a language model, behind a local endpoint: what it writes is varied, and it listens.

There is no intelligence in it. Some first programs break the language, some are gamed, some are honest; what is sent
back is mended by some and not by others; after a training it changes the weights of the program that it is shown, with
an eye on the advice. It answers by the content of the question alone, so that every order of questions gives the same.
"""

import json
import random
import re
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

SENTENCE = "Keep the pole upright and the cart in the middle"

HEAD = f'"""{SENTENCE}."""\n\n\n'
SUCCESS = """

def success(pole_direction, pole_velocity):
    return pole_direction[0] > 0.98 and abs(pole_velocity[0]) < 1.0
"""


def program(parameters, terms, before=""):
    body = "".join(f'        "{name}": {text},\n' for name, text in terms.items())
    return f"{HEAD}def reward({', '.join(parameters)}):\n{before}    return {{\n{body}    }}\n{SUCCESS}"


UPRIGHT = program(
    ["pole_direction", "action"], {"upright": "pole_direction[0]", "effort": "-0.01 * square(norm(action))"}
)
MIDDLE = program(
    ["cart_position", "pole_direction"],
    {
        "upright": "tolerance(pole_direction[0], lower=0.995, margin=0.1)",
        "middle": "0.2 * tolerance(cart_position[0], margin=1.0)",
    },
)
SMOOTH = program(
    ["pole_direction", "pole_velocity", "action"],
    {
        "upright": "0.5 + 0.5 * pole_direction[0]",
        "calm": "(0.5 + 0.5 * pole_direction[0]) ** 4 * tolerance(pole_velocity[0], margin=5.0)",
        "effort": "-0.01 * square(norm(action))",
    },
)
LASTING = program(["terminated"], {"lasting": "1.0 - terminated"})
SPINNING = program(["pole_velocity"], {"spin": "abs(pole_velocity[0])"})
INVERTED = program(["pole_direction"], {"upright": "1.0 - pole_direction[0]"})
MIXED_UNITS = program(["cart_position", "pole_angle"], {"error": "-norm(cart_position) - norm(pole_angle)"})
UNKNOWN_SIGNAL = UPRIGHT.replace("pole_direction[0],", "pole_height[0],")

# What the first six candidates begin with, and what they answer when it is sent back.
FIRST = (MIXED_UNITS, SPINNING, MIDDLE, UNKNOWN_SIGNAL, SMOOTH, LASTING)
MENDED = (UPRIGHT, INVERTED, MIDDLE, UPRIGHT.replace("-0.01", "-0.05"), SMOOTH, LASTING)
# What it knows to add to a program, each with its weights.
CHANGES = {
    "lost": ("-{} * terminated", ("10.0", "20.0", "30.0")),
    "middle": ("-{} * square(cart_position[0])", ("0.4", "0.7", "1.0")),
    "calm": ("{} * tolerance(pole_velocity[0], margin=2.0)", ("0.3", "0.5")),
    "still": ("{} * tolerance(cart_velocity[0], margin=2.0)", ("0.3", "0.5")),
}


def answer(messages, sample):
    """The text of an answer to a conversation."""
    asked = [message["content"] for message in messages if message["role"] == "user"]
    refused = sum(content.startswith("The program was refused") for content in asked)
    shown = [content for content in asked if "This program was trained with" in content]
    if shown:
        return fenced(improved(shown[-1], random.Random(sample + 1000 * refused), sample))
    if sample % 6 == 3 and not refused:
        return f"Either of these:\n{fenced(UPRIGHT)}\n{fenced(UNKNOWN_SIGNAL)}"
    return fenced((MENDED if refused else FIRST)[sample % 6])


def improved(question, rng, sample):
    """The program that a question shows, changed."""
    parent = re.search(r"```python\n(.*?)```", question, re.DOTALL).group(1)
    if sample % 6 == 5:
        # It insists: the same program again, with other words around it.
        return parent.replace(SENTENCE, f"{SENTENCE}, please")
    terms = dict(re.findall(r'^        "(\w+)": (.*),$', parent, re.MULTILINE))
    for name in re.findall(r"Term '(\w+)' hardly changed", question):
        if len(terms) > 1:
            terms.pop(name, None)
    if sample % 6 == 1:
        # A trap: not to fall is worth less than to fall soon.
        terms["haste"] = "50.0 * terminated"
    # It is told what ended the episodes: where the cart ran away, its place comes first.
    left = [name for name in CHANGES if name not in terms]
    ran_away = "cart_position" in question.partition("What ended the others")[2]
    chosen = rng.sample(left, min(2, len(left))) or [rng.choice(sorted(CHANGES))]
    if ran_away and "middle" not in chosen:
        chosen[0] = "middle"
    for name in chosen:
        text, weights = CHANGES[name]
        terms[name] = text.format(rng.choice(weights))
    known = ("cart_position", "cart_velocity", "pole_direction", "pole_velocity", "action", "terminated")
    read = [name for name in known if any(re.search(rf"\b{name}\b", text) for text in terms.values())]
    return program(read, terms)


def fenced(source):
    return f"Here is the program.\n```python\n{source}```\n"


class _Handler(BaseHTTPRequestHandler):
    def do_POST(self):
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        text = answer(body["messages"], body["seed"])
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        self.say(choices=[{"index": 0, "delta": {"role": "assistant", "content": text}, "finish_reason": None}])
        self.say(choices=[{"index": 0, "delta": {}, "finish_reason": "stop"}])
        prompt = sum(len(message["content"]) for message in body["messages"]) // 4
        usage = {"prompt_tokens": prompt, "completion_tokens": len(text) // 4, "total_tokens": prompt + len(text) // 4}
        self.say(choices=[], usage=usage)
        self.wfile.write(b"data: [DONE]\n\n")

    def say(self, **fields):
        chunk = {"id": "1", "object": "chat.completion.chunk", "created": 0, "model": "scripted", **fields}
        self.wfile.write(f"data: {json.dumps(chunk)}\n\n".encode())

    def log_message(self, *args):
        pass


@contextmanager
def serving():
    """The address of the model while the context lasts."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/v1"
    finally:
        server.shutdown()
        server.server_close()
