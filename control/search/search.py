"""The search: write, refuse, halve, migrate, reflect; and in the end compare on fresh seeds.

Eureka's loop (Y. Ma et al. 2024, arXiv 2310.12931) with islands, as REvolve has them (R. Hazra et al. 2024, arXiv
2406.01309). What its released code does and this does not: choose by the best checkpoint of one seed, lose candidates
between lists, wait for processes that died, judge a program by its own figures.
"""

import hashlib
import logging
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from telic.control.policy import PolicyWeights
from telic.control.search.candidate import Candidate
from telic.control.search.config import SearchConfig
from telic.control.search.costs import CostBook
from telic.control.search.fitness import Fitness
from telic.control.search.folder import SearchFolder, read_json, write_json
from telic.control.search.island import Champion, Island, Migration, migrate
from telic.control.search.reflection import reflection
from telic.control.search.result import OWN, Comparison, SearchResult
from telic.control.search.standing import Standing, halve
from telic.control.search.trainer import Trainer
from telic.control.search.trial import Trials
from telic.control.search.writing import orders, write
from telic.control.statistics import nested_mean
from telic.rewards.llm.budget import Usage
from telic.rewards.llm.writer import RewardWriter
from telic.rewards.program import RewardProgram, parse_reward
from telic.sim.world import AnyTask

logger = logging.getLogger(__name__)

# Shows a stage while it runs, and takes its latest news.
Stages = Callable[[str], AbstractContextManager[Callable[[str], None]]]
# Says in words how a policy fails.
Analyst = Callable[[RewardProgram, PolicyWeights], str]


class NothingFoundError(ValueError):
    """A search in which no program passed the checks and was trained to the end."""


@dataclass(frozen=True)
class SearchSetup:
    """What is searched for, and by whom.

    Attributes:
        sentence: What the robot should do.
        task: Where.
        own: The task's own reward program, with which the winner is compared.
        fitness: What counts.
        writer: Who writes programs and checks them before anything is trained.
        trainer: Who trains policies.
        analyst: Says how a champion's policy fails, for its reflection; None for the curves alone.
        workers: How many programs are asked for at a time.
        about: What else must be the same for a search to be resumed, as plain data.
    """

    sentence: str
    task: AnyTask
    own: RewardProgram
    fitness: Fitness
    writer: RewardWriter
    trainer: Trainer
    analyst: Analyst | None = None
    workers: int = 4
    about: Mapping[str, Any] | None = None


class Search:
    """A search for a reward, which goes on where it was interrupted.

    Attributes:
        setup: What is searched for, and by whom.
        config: How.
        resumed: Whether the folder holds a beginning of it.
        book: What it took so far.
    """

    def __init__(
        self,
        setup: SearchSetup,
        config: SearchConfig,
        folder: SearchFolder,
        stages: Stages,
        usage: Callable[[], Usage] = Usage,
    ) -> None:
        """Begin or resume a search; nothing is written or trained yet.

        Args:
            setup: What is searched for, and by whom.
            config: How.
            folder: Where everything is kept.
            stages: Shows what is being done.
            usage: What was asked of the writer so far.

        Raises:
            SearchFolderError: If the folder belongs to another search.
            OSError: If it cannot be written.
        """
        self.setup, self.config, self._folder, self._stages = setup, config, folder, stages
        self.resumed = folder.begin(
            {
                "sentence": setup.sentence,
                "task": setup.task.name,
                "own": hashlib.sha256(setup.own.source.encode()).hexdigest(),
                "writer": asdict(setup.writer.config),
                "trainer": dict(setup.trainer.identity),
                "config": asdict(config),
                **(setup.about or {}),
            }
        )
        self.book = CostBook(folder.costs, usage)
        self._trials = Trials(setup.trainer, setup.fitness, config.episodes, folder, self.book)
        self._programs: dict[str, RewardProgram] = {OWN: setup.own}
        self._candidates: list[Candidate] = []
        self._rungs: dict[tuple[int, int], tuple[tuple[Standing, ...], ...]] = {}
        self._migrations: list[Migration] = []

    def run(self) -> SearchResult:
        """Search, and write the result.

        Raises:
            NothingFoundError: If no candidate was trained to the end.
            ModelError: If the model is out of reach; searching again goes on from there.
            ValueError: If the task's own reward cannot be trained.
        """
        config = self.config
        islands, stopped = [Island(number) for number in range(config.islands)], ""
        for round_ in range(config.rounds):
            candidates = self._written(round_, islands)
            stopped = _unwritten(candidates)
            if stopped:
                logger.warning("the search ends after %d rounds: %s", round_, stopped)
                break
            islands = [self._evolved(island, round_, candidates) for island in islands]
            if (round_ + 1) % config.migrate_every == 0 and round_ + 1 < config.rounds:
                islands, moves = migrate(islands, round_)
                self._migrations += moves
        playoff = self._played_off()
        if not playoff:
            raise NothingFoundError(_nothing_found(self._candidates, stopped))
        winner = next(candidate for candidate in self._candidates if candidate.name == playoff[0].name)
        result = SearchResult(
            tuple(self._candidates),
            self._rungs,
            tuple(self._migrations),
            playoff,
            winner,
            self._compared(winner),
            stopped,
        )
        self._keep(result)
        return result

    def _written(self, round_: int, islands: list[Island]) -> list[Candidate]:
        """The candidates of a round, from its file or from the writer."""
        path, setup = self._folder.round(round_), self.setup
        if path.is_file():
            candidates = [Candidate.from_dict(each) for each in read_json(path)]
        else:
            with self._stages(f"round {round_ + 1}: write") as news:
                asked = orders(islands, round_, self.config, self._feedback)
                news(f"{len(asked)} candidates")
                candidates = write(
                    setup.writer,
                    setup.sentence,
                    asked,
                    round_,
                    setup.workers,
                    lambda done: news(f"{done} of {len(asked)} candidates"),
                )
                self.book.keep()
                passed = sum(not candidate.refused for candidate in candidates)
                news(f"{passed} of {len(asked)} passed the checks; {self.book.costs.text()}")
            # With a larger budget, a round that nobody wrote can still be had.
            if not _unwritten(candidates):
                write_json(path, [candidate.to_dict() for candidate in candidates])
        return candidates

    def _evolved(self, island: Island, round_: int, candidates: list[Candidate]) -> Island:
        """An island after its candidates of a round were trained."""
        here = []
        for candidate in candidates:
            if candidate.island != island.number:
                continue
            island, candidate = self._introduced(island, candidate)
            self._candidates.append(candidate)
            if not candidate.refused:
                here.append(candidate)
        if not here:
            return island
        with self._stages(f"round {round_ + 1}: train island {island.number + 1}") as news:

            def assess(name: str, steps: int) -> Standing:
                return self._assessed(name, steps, self.config.training_seeds, self.config.held_out[0], news)

            names = [candidate.name for candidate in here]
            rungs = halve(names, self.config.budgets, self.config.keep, assess)
            best = rungs[-1][0]
            news(f"{best.name} scores {best.score:.3g}; {self.book.costs.text()}")
        self._rungs[round_, island.number] = rungs
        if best.steps < self.config.budgets[-1] or best.failed:
            return island
        candidate = next(each for each in here if each.name == best.name)
        return island.challenged(Champion(candidate, self._programs[best.name], best))

    def _introduced(self, island: Island, candidate: Candidate) -> tuple[Island, Candidate]:
        """An island that knows a candidate's program, and the candidate, refused if it was known already."""
        if candidate.source is None:
            return island, candidate
        program = parse_reward(candidate.source, self.setup.task.schema, f"{candidate.name}.py")
        if program.fingerprint in island.known:
            return island, replace(candidate, refused=("the island has had the same program before",))
        self._programs[candidate.name] = program
        return replace(island, known=island.known | {program.fingerprint}), candidate

    def _assessed(
        self, name: str, steps: int, seeds: tuple[int, ...], held_out: int, news: Callable[[str], None]
    ) -> Standing:
        """Train a program with several seeds."""
        trials = []
        for number, seed in enumerate(seeds):
            news(f"{name}: {steps:,} steps, policy {number + 1} of {len(seeds)}; {self.book.costs.text()}")
            trials.append(self._trials(self._programs[name], seed, steps, held_out))
        return Standing(name, steps, tuple(trials))

    def _feedback(self, island: Island) -> str:
        """What the writer is told of an island's champion."""
        champion, task = island.champion, self.setup.task
        if champion is None:
            return ""
        text = reflection(champion.standing, self.setup.fitness.kind, task.dt)
        if self.setup.analyst is None:
            return text
        weights = self._trials.weights(champion.standing.trials[0])
        return f"{text}\n\nEpisodes of the first policy:\n{self.setup.analyst(champion.program, weights)}"

    def _played_off(self) -> tuple[Standing, ...]:
        """The best candidates on more seeds, the best first: the winner of many on few seeds owes much to luck."""
        config = self.config
        # Islands may have had the same program: the first to have it stands for it.
        ended: dict[str, Standing] = {}
        for rungs in self._rungs.values():
            for standing in rungs[-1]:
                if standing.steps == config.budgets[-1] and not standing.failed:
                    ended.setdefault(self._programs[standing.name].fingerprint, standing)
        finalists = sorted(ended.values(), key=lambda standing: -standing.score)[: config.finalists]
        if not finalists:
            return ()
        with self._stages("playoff") as news:
            seeds, held_out = config.finalist_seeds, config.held_out[0]
            playoff = [self._assessed(each.name, config.steps, seeds, held_out, news) for each in finalists]
            playoff.sort(key=lambda standing: -standing.score)
            news(f"{playoff[0].name} scores {playoff[0].score:.3g}; {self.book.costs.text()}")
        return tuple(playoff)

    def _compared(self, winner: Candidate) -> Comparison:
        """The winner beside the task's own reward: fresh seeds, fresh episodes, the same for both."""
        config = self.config
        with self._stages("compare") as news:
            mine, own = (
                self._assessed(name, config.steps, config.fresh_seeds, config.held_out[1], news)
                for name in (winner.name, OWN)
            )
            if own.failed:
                raise ValueError(f"the task's own reward cannot be trained: {own.failed}")
            difference = None
            if not mine.failed:
                difference = nested_mean(mine.scores - own.scores, np.random.default_rng(config.seed))
            news(f"{winner.name} {mine.score:.3g}, own reward {own.score:.3g}; {self.book.costs.text()}")
        return Comparison(mine, own, mine.interval(config.seed), own.interval(config.seed), difference)

    def _keep(self, result: SearchResult) -> None:
        """Write the outcome, the winner's program, and its best policy."""
        self._folder.reward.write_text(result.winner.source or "", encoding="utf-8")
        trials = [trial for trial in result.comparison.winner.trials if not trial.failed]
        if trials:
            best = max(trials, key=lambda trial: float(trial.scores.mean()))
            self._trials.weights(best).save(self._folder.policy)
        write_json(self._folder.result, result.to_dict())


def _unwritten(candidates: list[Candidate]) -> str:
    """Why a whole round was not written; empty if it was."""
    if any(candidate.attempts for candidate in candidates):
        return ""
    return candidates[0].refused[0]


def _nothing_found(candidates: list[Candidate], stopped: str) -> str:
    refused = [candidate for candidate in candidates if candidate.refused]
    reasons = stopped or (refused[-1].refused[0] if refused else "every training failed")
    return f"no reward was found: {len(refused)} of {len(candidates)} candidates were refused; {reasons}"
