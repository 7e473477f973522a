"""`telic reward search`: a language model writes candidates, and training decides."""

import shlex
import threading
import time
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import tyro

from telic.control.baselines.learner import Algorithm, Sb3Config
from telic.control.search.config import SearchConfig
from telic.launch.arguments import parse
from telic.launch.errors import UserError, reading
from telic.launch.folder import slugify
from telic.launch.output import print_json, say, tell
from telic.launch.progress import Progress
from telic.launch.reward.known import known_episodes

if TYPE_CHECKING:
    from collections.abc import Sequence

    from telic.control.controller import Controller
    from telic.control.policy import PolicyWeights
    from telic.control.search.folder import SearchFolder
    from telic.control.search.result import SearchResult
    from telic.control.search.search import Analyst, SearchSetup
    from telic.control.search.session import Session
    from telic.control.search.trainer import Trainer
    from telic.rewards.llm.budget import Metered
    from telic.rewards.llm.writer import Check
    from telic.rewards.program import RewardProgram
    from telic.sim.world import AnyTask

EXIT_NOTHING_FOUND = 1
# Of the episodes that the analyst looks at.
_ANALYSED_SEED = 0


@dataclass(frozen=True)
class SearchArguments:
    """Search for a reward: a language model writes candidates, and the task's own success decides between them.

    What fails the checks goes back to the model and is never trained. The others train policies with the same seeds and
    growing budgets, and the model is told how the best went. The winner is trained afresh beside the task's own
    reward. An interrupted search goes on when it is started again with the same --out.
    """

    sentence: Annotated[str, tyro.conf.Positional, tyro.conf.arg(metavar="SENTENCE")]
    """What the robot should do."""
    task: str = "hover"
    """The task that is trained on."""
    search: Annotated[SearchConfig, tyro.conf.arg(name="")] = field(default_factory=SearchConfig)
    """How the search goes."""
    writer: Literal["llm"] = "llm"
    """Who writes: a language model."""
    model: str | None = None
    """Its name, as its endpoint knows it."""
    base_url: str = "http://127.0.0.1:8080/v1"
    """Where it is: a server on this machine, such as llama.cpp, Ollama or vLLM, or a hosted one."""
    key_variable: str = "OPENAI_API_KEY"
    """Environment variable that holds its key."""
    temperature: float = 1.0
    """How different candidates are."""
    attempts: int = 3
    """How often a candidate may be written: once, and then mended."""
    workers: int = 4
    """Candidates that are asked for at a time."""
    record: Path | None = None
    """Folder of recorded answers; what is in it is not asked again. By default in the search's own folder."""
    offline: bool = False
    """Ask the record only."""
    budget_tokens: int | None = 1_000_000
    """Most tokens of questions and answers, over all interruptions."""
    data: tuple[Path, ...] = ()
    """Datasets with episodes of the task, for the ordering gate; a policy of the task's own reward is in it anyway."""
    algo: Algorithm | None = None
    """Who learns; by default shac on multirotors, else sb3-ppo."""
    sb3: Sb3Config = field(default_factory=Sb3Config)
    """How the learners of Stable-Baselines3 learn; steps and seed are those of the search."""
    share_experience: bool = False
    """For sb3-sac and sb3-td3: let every policy begin with the steps of the reference policy, relabelled."""
    out: Path | None = None
    """The search's folder; by default a new one in runs/."""
    json: bool = False
    """Print one JSON object."""


def main(argv: list[str]) -> int:
    """Run the verb."""
    with reading("search"):
        arguments = parse(SearchArguments, argv, "telic reward search")
    if arguments.model is None:
        raise UserError("--writer llm needs --model NAME, and --base-url where it is")
    out = arguments.out or Path("runs") / f"{time.strftime('%Y%m%d-%H%M%S')}-search-{slugify(arguments.sentence)}"
    arguments = replace(arguments, out=out, record=arguments.record or out / "session")
    try:
        return _search(arguments)
    except KeyboardInterrupt:
        tell(f"interrupted; the same command goes on with --out {shlex.quote(str(out))}")
        raise


def _search(arguments: SearchArguments) -> int:
    from telic.control.search.folder import SearchFolder, SearchFolderError
    from telic.control.search.search import NothingFoundError, Search
    from telic.launch.report.family import render_family
    from telic.rewards.llm.request import ModelError

    folder = SearchFolder(arguments.out or Path())
    start = time.monotonic()
    with Progress() as progress:
        session = _session(arguments) if arguments.offline else None
        model = _model(arguments, folder, session)
        setup = _setup(arguments, folder, model, progress)
        try:
            search = Search(setup, arguments.search, folder, progress.stage, lambda: model.usage)
            if search.resumed:
                tell(f"going on with the search in {folder.path}")
            result = search.run()
        except NothingFoundError as error:
            tell(str(error))
            if arguments.json:
                print_json({"winner": None, "reason": str(error), "run_dir": str(folder.path)})
            return EXIT_NOTHING_FOUND
        # A learner that is not installed says how to install it.
        except (SearchFolderError, ImportError) as error:
            raise UserError(str(error)) from error
        except ModelError as error:
            usage: dict[str, object] = {"usage": asdict(model.usage), "run_dir": str(folder.path)}
            raise UserError(f"{error}; the same command with --out {folder.path} goes on", usage) from error
        with progress.stage("page"):
            page = render_family(setup, arguments.search, result, search.book.costs)
            folder.page.write_text(page, encoding="utf-8")
    _tell_of_places(session)
    found = {**result.to_dict(), "costs": asdict(search.book.costs), "run_dir": str(folder.path)}
    print_json({**found, "run_s": time.monotonic() - start}) if arguments.json else _show(result, folder)
    return 0


def _session(arguments: SearchArguments) -> "Session":
    """The recorded session of a search offline."""
    from telic.control.search.session import Session

    record = arguments.record
    if record is None or not record.is_dir():
        raise UserError(f"--offline asks a record only, and there is none at {record}; name one with --record DIR")
    return Session(record)


def _model(arguments: SearchArguments, folder: "SearchFolder", session: "Session | None") -> "Metered":
    """The model within what is left of its budget."""
    from telic.control.search.costs import Costs
    from telic.control.search.folder import read_json
    from telic.launch.reward.asking import asked_model
    from telic.rewards.llm.budget import Budget, Metered

    left = arguments.budget_tokens
    if left is not None and folder.costs.is_file():
        left = max(0, left - Costs(**read_json(folder.costs)).tokens)
    with reading("writer"):
        if session is not None:
            return Metered(session, Budget(tokens=left))
        return asked_model(arguments.base_url, arguments.key_variable, arguments.record, False, left)


def _setup(arguments: SearchArguments, folder: "SearchFolder", model: "Metered", progress: Progress) -> "SearchSetup":
    from telic.control.make import reward_for
    from telic.control.search.fitness import TaskFitness
    from telic.control.search.search import SearchSetup
    from telic.control.search.trainer import trainer_for
    from telic.launch.reward.asking import described
    from telic.rewards.llm.writer import RewardWriter, WriterConfig
    from telic.rewards.program import RewardProgram
    from telic.sim.tasks.registry import make_task

    with reading("task"):
        task = make_task(arguments.task)
        own = reward_for(task)
    if not isinstance(own, RewardProgram) or own.success_term is None:
        raise UserError(f"the reward of task {task.name!r} does not say what success is: there is nothing to choose by")
    with reading("search"):
        experience = folder.experience if arguments.share_experience else None
        trainer = trainer_for(task, arguments.algo, arguments.sb3, experience)
        config = WriterConfig(
            arguments.model or "", arguments.temperature, rounds=arguments.attempts, seed=arguments.search.seed
        )
    gate = _Gate(arguments, task, own, trainer, folder, progress)
    writer = RewardWriter(model, config, described(arguments.task), gate)
    return SearchSetup(
        arguments.sentence,
        task,
        own,
        TaskFitness(task, own),
        writer,
        trainer,
        _analyst(task),
        arguments.workers,
        about={"data": [str(path) for path in arguments.data]},
    )


class _Gate:
    """What a candidate must pass before it is trained.

    Its successes are those of a policy of the task's own reward, which is trained when the first candidate comes: a
    search that is resumed after its last answer needs none.
    """

    def __init__(
        self,
        arguments: SearchArguments,
        task: "AnyTask",
        own: "RewardProgram",
        trainer: "Trainer",
        folder: "SearchFolder",
        progress: Progress,
    ) -> None:
        self._arguments, self._task, self._own, self._trainer = arguments, task, own, trainer
        self._folder, self._progress = folder, progress
        self._lock = threading.Lock()
        self._check: Check | None = None

    def __call__(self, program: "RewardProgram") -> "Sequence[str]":
        """The problems of a program, in words for its writer."""
        with self._lock:
            if self._check is None:
                self._check = self._made()
        return self._trainer.objections(program) or self._check(program)

    def _made(self) -> "Check":
        from telic.control.search.reference import reference_policy
        from telic.launch.data.refusals import refusals
        from telic.launch.reward.asking import check_of

        arguments, task = self._arguments, self._task
        with self._progress.stage("reference") as news, refusals():
            news("training a policy of the task's own reward")
            weights = reference_policy(self._trainer, self._own, arguments.search, self._folder.reference)
            known = known_episodes(
                task, arguments.data, True, arguments.search.seed, news, {"reference": _acting(task, weights)}
            )
            news(f"{known.success.sum()} of {len(known)} known episodes succeeded")
        if not known.success.any():
            tell(
                "no known episode is a success: candidates are not ranked before training. More --steps, or --data "
                "with successes, would have it"
            )
            return check_of(arguments.task, None, arguments.search.seed)
        return check_of(arguments.task, known, arguments.search.seed)


def _analyst(task: "AnyTask") -> "Analyst":
    """Says how a policy fails."""
    from telic.control.analysis.analyse import analyse

    def analysed(program: "RewardProgram", weights: "PolicyWeights") -> str:
        known = known_episodes(task, (), False, _ANALYSED_SEED, lambda _: None, {"policy": _acting(task, weights)})
        return analyse(program, known, task).text()

    return analysed


def _acting(task: "AnyTask", weights: "PolicyWeights") -> "Controller":
    from telic.control.controller import PolicyController
    from telic.control.within_limits import WithinLimits

    return WithinLimits(PolicyController(weights), task.actions)


def _tell_of_places(model: "Session | None") -> None:
    """Say so where answers were recorded for other figures."""
    if model is not None and model.by_place:
        tell(
            f"{model.by_place} answers were recorded for questions with other figures, as trainings differ between "
            "machines; they were taken by their place in the search"
        )


def _show(result: "SearchResult", folder: "SearchFolder") -> None:
    compared = result.comparison
    for name, standing, score in (
        (f"winner {result.winner.name}", compared.winner, compared.winner_score),
        ("the task's own reward", compared.own, compared.own_score),
    ):
        found = standing.failed if score is None else f"{score.value:.4f} ({score.low:.4f} to {score.high:.4f})"
        say(f"{name}: {found}")
    if compared.difference is not None:
        difference = compared.difference
        say(f"difference: {difference.value:+.4f} ({difference.low:+.4f} to {difference.high:+.4f})")
    say(f"{folder.reward}\n{folder.page}")
