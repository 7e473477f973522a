"""A real llama.cpp server with a real, if senseless, model: a tiny transformer of random weights that knows bytes."""

import json

import numpy as np
import pytest

from telic.replay.signal import Signal
from telic.rewards.llm.critic import CriticError, criticise_with
from telic.rewards.llm.endpoint import Endpoint, EndpointConfig
from telic.rewards.llm.fill import FillError, fill
from telic.rewards.llm.prompt import TaskDescription
from telic.rewards.llm.record import Record
from telic.rewards.llm.request import Message, RefusedRequestError, Request
from telic.rewards.llm.together import complete_all
from telic.rewards.llm.writer import RewardWriter, WriterConfig
from telic.rewards.program import parse_reward

TASK = TaskDescription(
    "hover", "Hold a point", (Signal("position", (3,), "m", "world"), Signal("previous_action", (4,)))
)
PARAMETRIC = '''"""Hold a height."""

HEIGHT = 1.0  # -1e30 to 1e30 [m] height above the ground


def reward(position):
    return {"height": -abs(position[2] - HEIGHT)}
'''


def write_model(path, width=32, heads=2, hidden=64, context=16384):
    """A one-layer llama with random weights, of 100 kB."""
    gguf = pytest.importorskip("gguf")
    rng = np.random.default_rng(0)
    kinds = gguf.TokenType
    tokens = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256))]
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_context_length(context)
    writer.add_embedding_length(width)
    writer.add_block_count(1)
    writer.add_feed_forward_length(hidden)
    writer.add_head_count(heads)
    writer.add_head_count_kv(heads)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_rope_dimension_count(width // heads)
    writer.add_vocab_size(len(tokens))
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores([0.0] * len(tokens))
    writer.add_token_types([kinds.UNKNOWN, kinds.CONTROL, kinds.CONTROL, *[kinds.BYTE] * 256])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_add_space_prefix(False)
    writer.add_chat_template("{% for m in messages %}{{ m.content }}\n{% endfor %}")

    def random(name, *shape):
        writer.add_tensor(name, (0.3 * rng.normal(size=shape)).astype(np.float32))

    random("token_embd.weight", len(tokens), width)
    random("output.weight", len(tokens), width)
    for name in ("attn_q", "attn_k", "attn_v", "attn_output"):
        random(f"blk.0.{name}.weight", width, width)
    random("blk.0.ffn_gate.weight", hidden, width)
    random("blk.0.ffn_up.weight", hidden, width)
    random("blk.0.ffn_down.weight", width, hidden)
    for name in ("output_norm", "blk.0.attn_norm", "blk.0.ffn_norm"):
        writer.add_tensor(f"{name}.weight", np.ones(width, np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    llama = pytest.importorskip("xllamacpp")
    path = tmp_path_factory.mktemp("model") / "tiny.gguf"
    write_model(path)
    options = llama.CommonParams()
    options.model.path = str(path)
    options.n_ctx, options.n_parallel, options.port = 16384, 1, 0
    server = llama.Server(options)
    assert server.listening_address.startswith("http://127.0.0.1:")
    yield f"{server.listening_address}/v1"
    del server


@pytest.fixture
def model(address):
    return Endpoint(EndpointConfig(address, attempts=2, timeout_s=30.0))


def question(text="Say something.", **options):
    return Request("tiny", (Message("user", text),), **{"max_tokens": 24, "seed": 1, **options})


def test_it_answers_and_counts(model):
    reply = model.complete(question())
    assert 0 < reply.completion_tokens <= 24
    assert reply.prompt_tokens > 0
    assert not reply.estimated


def test_the_longest_answer_is_kept(model):
    assert model.complete(question(max_tokens=5)).finish == "length"


def test_a_schema_holds_it_to_json(model):
    schema = {
        "type": "object",
        "properties": {"n": {"type": "integer"}},
        "required": ["n"],
        "additionalProperties": False,
    }
    reply = model.complete(question(schema=schema, max_tokens=512))
    assert reply.finish == "stop"
    assert isinstance(json.loads(reply.text)["n"], int)


def test_a_prompt_that_is_too_long_is_refused_at_once(model):
    with pytest.raises(RefusedRequestError, match="400"):
        model.complete(question("x" * 40_000))


def test_a_writer_bears_its_prose_and_the_session_replays_offline(model, tmp_path):
    config = WriterConfig("tiny", max_tokens=64, rounds=2, examples=0)
    written = RewardWriter(Record(tmp_path, model), config, TASK).write("stay")
    assert written.program is None
    assert len(written.attempts) == 2
    assert all(attempt.problems for attempt in written.attempts)
    assert RewardWriter(Record(tmp_path, mode="replay"), config, TASK).write("stay") == written


def test_two_recordings_of_a_session_are_equal_to_the_bit(model, tmp_path):
    for name in ("one", "two"):
        complete_all(Record(tmp_path / name, model), [question(sample=i) for i in range(4)], workers=2)
    one, two = (Record(tmp_path / name, mode="replay") for name in ("one", "two"))
    assert one.fingerprint() == two.fingerprint()
    assert len({one.complete(question(sample=i)).text for i in range(4)}) == 4


def test_its_numbers_are_taken_where_the_schema_allows_them(model, tmp_path):
    config = WriterConfig("tiny", max_tokens=200, rounds=6)
    try:
        filled = fill(Record(tmp_path, model), config, "go up", PARAMETRIC)
    except FillError as error:
        # A number without an end is cut off: that is said, not taken.
        assert "JSON" in str(error)
        return
    assert -1e30 <= filled.values["HEIGHT"] <= 1e30
    assert fill(Record(tmp_path, mode="replay"), config, "go up", PARAMETRIC) == filled


def test_its_doubts_are_held_to_the_critics_schema(model, tmp_path):
    config = WriterConfig("tiny", temperature=0.0, max_tokens=300, rounds=2)
    program = parse_reward('"""Stay."""\ndef reward(position):\n    return {"near": -norm(position)}\n', TASK.signals)
    try:
        found = criticise_with(Record(tmp_path, model), config, TASK, program)
    except CriticError as error:
        # A text without an end is cut off; a server that did not take the schema would have refused it.
        assert "JSON" in str(error) or "line" in str(error) or "texts" in str(error)
        return
    assert all(each.line is None or 1 <= each.line <= 3 for each in found)
    assert criticise_with(Record(tmp_path, mode="replay"), config, TASK, program) == found
