"""`telic reward write`: from a sentence to a reward program, by the built-in writer or by a language model."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import tyro

from telic.launch.arguments import parse
from telic.launch.errors import UserError, reading
from telic.launch.output import print_json, say, tell
from telic.launch.progress import Progress
from telic.launch.reward.asking import asked_model, check_of, critic_of, described, known_of

if TYPE_CHECKING:
    from telic.rewards.llm.budget import Metered
    from telic.rewards.llm.request import Request
    from telic.rewards.llm.writer import Check, RewardWriter, WriterConfig

EXIT_REFUSED = 1
_FLIGHTS = ("hover", "track")


@dataclass(frozen=True)
class WriteArguments:
    """Turn a sentence into a reward program.

    The built-in writer needs no network. With --writer llm, a language model behind any OpenAI-compatible endpoint
    writes it: what the checks refuse goes back with the reason, until it passes. With --record, every answer is kept
    in a folder, and with --offline nothing but that folder is asked.
    """

    sentence: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="SENTENCE")]
    """What the robot should do."""
    writer: Literal["builtin", "llm"] = "builtin"
    """Who writes."""
    task: str = "hover"
    """The task whose signals it may read; with a flight, the built-in writer decides on the task itself."""
    vehicle: str = "crazyflie"
    """For the built-in writer of flights: a packaged vehicle, or the path of a TOML file."""
    model: str | None = None
    """For a language model: its name, as its endpoint knows it."""
    base_url: str = "http://127.0.0.1:8080/v1"
    """Where it is: a server on this machine, such as llama.cpp, Ollama or vLLM, or a hosted one."""
    key_variable: str = "OPENAI_API_KEY"
    """Environment variable that holds its key."""
    record: Path | None = None
    """Folder of recorded answers; what is in it is not asked again."""
    offline: bool = False
    """Ask the record only."""
    rounds: int = 4
    """How often a program may be written: once, and then mended."""
    sample: int = 0
    """Which candidate: each is another answer to the same question."""
    temperature: float = 0.7
    """How different candidates are."""
    seed: int = 0
    """For endpoints that honour one."""
    budget_tokens: int | None = 100_000
    """Most tokens of questions and answers."""
    data: tuple[Path, ...] = ()
    """Datasets with episodes of the task: what does not rank their successes first is sent back too."""
    parameters: Path | None = None
    """A reward program that declares parameters: let the model choose only these numbers, and write no code."""
    subgoals: bool = False
    """Let the model only cut the wish into subgoals, which the program then leads through; it writes no code."""
    dry_run: bool = False
    """Say what the first question could cost, and ask nothing."""
    out: Path | None = None
    """File to write; standard output by default."""
    json: bool = False
    """Print one JSON object with everything that was understood."""


def main(argv: list[str]) -> int:
    """Run the verb."""
    arguments = parse(WriteArguments, argv, "telic reward write")
    return _builtin(arguments) if arguments.writer == "builtin" else _llm(arguments)


def _builtin(arguments: WriteArguments) -> int:
    from telic.launch.understand import understand, understand_for
    from telic.sim.vehicle import load_vehicle

    if arguments.task not in _FLIGHTS:
        written = understand_for(arguments.task, arguments.sentence)
        _give(arguments, written.reward_source, written.to_dict())
        return 0
    with reading("vehicle"):
        vehicle = load_vehicle(arguments.vehicle)
    brief = understand(arguments.sentence, vehicle)
    _give(arguments, brief.reward_source, brief.to_dict())
    return 0


def _llm(arguments: WriteArguments) -> int:
    from telic.rewards.llm.request import ModelError
    from telic.rewards.llm.writer import RewardWriter, WriterConfig

    if arguments.model is None:
        raise UserError("--writer llm needs --model NAME, and --base-url where it is")
    with reading("writer"):
        model = asked_model(
            arguments.base_url, arguments.key_variable, arguments.record, arguments.offline, arguments.budget_tokens
        )
        config = WriterConfig(arguments.model, arguments.temperature, rounds=arguments.rounds, seed=arguments.seed)
    known = known_of(arguments.task, arguments.data, arguments.seed) if arguments.data else None
    check = check_of(arguments.task, known, arguments.seed)
    critic = critic_of(arguments.task, arguments.sentence, known)
    task = described(arguments.task)
    writer = RewardWriter(model, config, task, check, critic)
    if arguments.dry_run:
        usage = model.estimate([_first_request(arguments, writer)])
        print_json(asdict(usage)) if arguments.json else say(f"at most {usage.tokens} tokens for the first answer")
        return 0
    try:
        if arguments.parameters is not None:
            return _fill(arguments, model, config)
        if arguments.subgoals:
            return _decompose(arguments, model, writer, check)
        return _write(arguments, writer, model)
    except ModelError as error:
        raise UserError(str(error), {"usage": asdict(model.usage)}) from error


def _first_request(arguments: WriteArguments, writer: "RewardWriter") -> "Request":
    from telic.rewards.llm import subgoals

    if arguments.subgoals:
        return subgoals.first_request(writer.config, arguments.sentence, writer.task, arguments.sample)
    return writer.first_request(arguments.sentence, arguments.sample)


def _write(arguments: WriteArguments, writer: "RewardWriter", model: "Metered") -> int:
    with Progress() as progress, progress.stage("write") as news:
        written = writer.write(arguments.sentence, arguments.sample)
        news(f"{len(written.attempts)} answers, {model.usage.tokens} tokens")
    details: dict[str, Any] = {
        "attempts": [{"problems": list(each.problems), "doubts": list(each.doubts)} for each in written.attempts],
        "usage": asdict(model.usage),
    }
    if written.program is None:
        tell(f"no answer passed in {len(written.attempts)} rounds; the last was refused:\n{written.problems[0]}")
        if arguments.json:
            print_json({"reward_source": None, **details})
        return EXIT_REFUSED
    _give(arguments, written.program.source, details | {"fingerprint": written.program.fingerprint})
    return 0


def _decompose(arguments: WriteArguments, model: "Metered", writer: "RewardWriter", check: "Check") -> int:
    from telic.rewards.llm.structured import RefusedAnswerError
    from telic.rewards.llm.subgoals import decompose

    try:
        found = decompose(model, writer.config, arguments.sentence, writer.task, check, arguments.sample)
    except RefusedAnswerError as error:
        tell(str(error))
        return EXIT_REFUSED
    details = {"subgoals": [asdict(each) for each in found.subgoals], "problems": list(found.problems)}
    _give(arguments, found.program.source, details | {"usage": asdict(model.usage)})
    return 0


def _fill(arguments: WriteArguments, model: "Metered", config: "WriterConfig") -> int:
    from telic.rewards.llm.fill import FillError, fill

    with reading("parameters"):
        source = Path(str(arguments.parameters)).read_text(encoding="utf-8")
        try:
            filled = fill(model, config, arguments.sentence, source, arguments.sample)
        except FillError as error:
            tell(str(error))
            return EXIT_REFUSED
    details = {"values": filled.values, "description": filled.description, "problems": list(filled.problems)}
    _give(arguments, filled.source, details | {"usage": asdict(model.usage)})
    return 0


def _give(arguments: WriteArguments, source: str, details: dict[str, Any]) -> None:
    """Write or print a program."""
    if arguments.out is not None:
        arguments.out.write_text(source, encoding="utf-8")
    if arguments.json:
        print_json({**details, "reward_source": source})
    elif arguments.out is None:
        say(source.rstrip())
