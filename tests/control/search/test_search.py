"""The search from its recorded session: the same twice, and the same after being killed."""

import json
import os
import signal
import subprocess
import sys
from dataclasses import replace
from html import escape
from pathlib import Path

import numpy as np
import pytest
import writer_model
from searching import SMALL, Drawn, files_of, searched
from writer_model import SENTENCE

from telic.control.search.folder import SearchFolderError
from telic.control.search.search import NothingFoundError
from telic.control.search.session import Session
from telic.launch.report.family import render_family
from telic.rewards.llm.budget import Budget, Metered
from telic.rewards.llm.endpoint import Endpoint, EndpointConfig
from telic.rewards.llm.record import NotRecordedError, Record
from telic.rewards.llm.request import Message, ModelUnavailableError, Reply, Request

SESSION = Path(__file__).parent / "session"


class Scripted:
    """The scripted model without its endpoint."""

    def __init__(self):
        self.requests = []

    def complete(self, request):
        self.requests.append(request)
        messages = [{"role": message.role, "content": message.content} for message in request.messages]
        return Reply(writer_model.answer(messages, request.sample), 100, 50)


@pytest.fixture(scope="module")
def once(task, tmp_path_factory):
    """One search from the recorded session, offline."""
    folder = tmp_path_factory.mktemp("once")
    search = searched(task, Session(SESSION), folder)
    result = search.run()
    (folder / "family.html").write_text(render_family(search.setup, search.config, result, search.book.costs))
    return result, folder


def test_two_offline_searches_from_the_recorded_session_are_equal_to_the_bit(task, once, tmp_path):
    """The session was recorded with the real client from a scripted model: see `record_session.py`."""
    result, folder = once
    again = searched(task, Metered(Session(SESSION), Budget()), tmp_path).run()
    assert again.to_dict() == result.to_dict()
    assert files_of(tmp_path) == files_of(folder)
    # It is a search worth the name: some were refused, all islands had champions, later rounds descend from earlier.
    assert len(result.candidates) == 12
    assert any(candidate.refused for candidate in result.candidates)
    assert {candidate.island for candidate in result.candidates if candidate.parent} == {0, 1}
    assert all(int(c.parent[0]) < c.round + 1 for c in result.candidates if c.parent)


def test_a_search_that_was_stopped_goes_on_and_ends_alike(task, once, tmp_path):
    result, folder = once
    for stops_after in (0, 3, 4):
        with pytest.raises(KeyboardInterrupt):
            searched(task, Session(SESSION), tmp_path, Drawn(stops_after=stops_after)).run()
    trainer = Drawn()
    resumed = searched(task, Session(SESSION), tmp_path, trainer)
    assert resumed.resumed
    assert resumed.run().to_dict() == result.to_dict()
    assert files_of(tmp_path) == files_of(folder)
    # What was trained before is not trained again, and all costs are counted.
    total = len(list((folder / "trials").glob("*.json")))
    assert len(trainer.trainings) == total - 7
    assert json.loads((tmp_path / "costs.json").read_text())["trainings"] == total


KILLED = """
import sys
from dataclasses import replace
from html import escape
from pathlib import Path
sys.path.insert(0, {here!r})
from searching import Drawn, searched
from telic.control.search.session import Session
from telic.sim.tasks.registry import make_task

class Slow(Drawn):
    def __call__(self, *arguments):
        print("training", flush=True)
        return super().__call__(*arguments)

task = make_task("cartpole", duration_s=1.0)
searched(task, Session({session!r}), Path({folder!r}), Slow()).run()
"""


def test_a_search_that_was_killed_goes_on_and_ends_alike(task, once, tmp_path):
    result, folder = once
    code = KILLED.format(here=str(Path(__file__).parent), session=str(SESSION), folder=str(tmp_path))
    process = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    for _ in range(6):
        assert process.stdout.readline() == "training\n"
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    trained = len(list((tmp_path / "trials").glob("*.json")))
    assert 5 <= trained < len(list((folder / "trials").glob("*.json")))
    for path in tmp_path.rglob("*.partial"):
        path.unlink()  # A kill may leave one; it is never read.
    assert searched(task, Session(SESSION), tmp_path).run().to_dict() == result.to_dict()
    assert files_of(tmp_path) == files_of(folder)


def test_every_candidate_asks_for_a_sample_of_its_own(task, tmp_path):
    model = Scripted()
    searched(task, model, tmp_path).run()
    first = [request for request in model.requests if request.messages[-1].role == "user" and len(request.messages) < 4]
    samples = sorted({request.sample for request in first})
    assert samples == list(range(12))


def test_the_winner_is_chosen_by_the_last_policies_of_more_seeds_and_compared_on_others(once):
    result, _ = once
    ended = [s for rungs in result.rungs.values() for s in rungs[-1] if s.steps == 1000 and not s.failed]
    best = sorted({round(s.score, 12) for s in ended}, reverse=True)[:2]
    finalists = result.playoff
    assert {len(standing.trials) for standing in ended} == {2}
    assert {len(standing.trials) for standing in finalists} == {4}
    # The best of the search are in the playoff, with the policies that they had and more.
    first = {round(np.mean([trial.scores.mean() for trial in standing.trials[:2]]), 12) for standing in finalists}
    assert first == set(best)
    assert result.winner.name == max(finalists, key=lambda standing: standing.scores.mean()).name
    # The last comparison is on other seeds and other episodes than the choice.
    compared = result.comparison
    chosen = {trial.seed for trial in finalists[0].trials}
    assert chosen.isdisjoint(trial.seed for trial in compared.winner.trials)
    assert [trial.seed for trial in compared.winner.trials] == [trial.seed for trial in compared.own.trials]
    difference = compared.winner.scores.mean() - compared.own.scores.mean()
    assert compared.difference.value == pytest.approx(difference)
    assert compared.difference.low <= difference <= compared.difference.high


def test_the_worse_half_is_not_trained_with_the_whole_budget(once):
    result, _ = once
    for first, last in (rungs for rungs in result.rungs.values() if len(rungs) == 2):
        assert len(last) == -(-len(first) // 2)
        assert {standing.name for standing in last} == {standing.name for standing in first[: len(last)]}


def test_a_training_that_fails_loses_and_does_not_stop_the_search(task, tmp_path):
    result = searched(task, Scripted(), tmp_path, Drawn(fails_on="middle")).run()
    failed = [s for rungs in result.rungs.values() for rung in rungs for s in rung if s.failed]
    assert failed and all("learning diverged" in standing.failed for standing in failed)
    assert '"middle":' not in (result.winner.source or "")


def test_the_writer_is_told_how_its_program_went(task, tmp_path):
    model = Scripted()
    searched(task, model, tmp_path, analyst=lambda program, weights: "The pole falls to the left.").run()
    asked = [message.content for request in model.requests for message in request.messages]
    shown = next(text for text in asked if "checkpoints" in text)
    assert "share of the episode in success (this is what counts)" in shown
    assert "The pole falls to the left." in shown


def test_another_search_does_not_go_on_in_the_folder(task, once, tmp_path):
    _, folder = once
    with pytest.raises(SearchFolderError, match="another config"):
        searched(task, Session(SESSION), folder, config=replace(SMALL, rounds=3))
    (tmp_path / "notes.txt").write_text("mine")
    with pytest.raises(SearchFolderError, match="holds no search"):
        searched(task, Session(SESSION), tmp_path)


def test_a_budget_that_ends_ends_the_rounds_and_not_the_search(task, tmp_path):
    # Enough for the first round, and for none of the second.
    model = Metered(Scripted(), Budget(calls=9))
    result = searched(task, model, tmp_path).run()
    assert "budget" in result.stopped
    assert {candidate.round for candidate in result.candidates} == {0}
    assert result.comparison.difference is not None


class Unreachable:
    def complete(self, request):
        raise ModelUnavailableError("nobody there")


def test_a_model_out_of_reach_stops_the_search_which_then_goes_on(task, once, tmp_path):
    with pytest.raises(ModelUnavailableError):
        searched(task, Unreachable(), tmp_path).run()
    assert searched(task, Session(SESSION), tmp_path).run().to_dict() == once[0].to_dict()


def test_when_everything_is_refused_nothing_is_found(task, tmp_path):
    with pytest.raises(NothingFoundError, match="12 of 12 candidates were refused; I said no"):
        searched(task, Scripted(), tmp_path, check=lambda program: ["I said no"]).run()


def test_answers_are_found_by_their_place_where_figures_differ(tmp_path):
    with writer_model.serving() as address:
        record = Record(tmp_path, Endpoint(EndpointConfig(address)))
        request = first_request(record)
        reply = record.complete(request)
    session = Session(tmp_path)
    assert session.complete(request) == reply and session.by_place == 0
    other = first_request(record, figures="0.43 0.61")
    assert session.has(other) and session.complete(other) == reply and session.by_place == 1
    with pytest.raises(NotRecordedError):
        session.complete(first_request(record, sample=5))


def first_request(model, figures="", sample=4):
    return Request("scripted", (Message("user", f"Write. {figures}"),), seed=0, sample=sample)


def test_what_is_recorded_came_through_the_real_client(task):
    files = list(SESSION.glob("??/*.json"))
    assert 12 <= len(files) <= 40
    for path in files:
        data = json.loads(path.read_text())
        assert data["request"]["model"] == data["reply"]["model"] == "scripted"
        assert SENTENCE in data["request"]["messages"][1]["content"]


def test_the_page_shows_the_family_without_network(once):
    result, folder = once
    page = (folder / "family.html").read_text()
    assert "http://" not in page and "https://" not in page and "<script" not in page
    for candidate in result.candidates:
        assert f'href="#c-{candidate.name}"' in page and f'id="c-{candidate.name}"' in page
    refused = next(candidate for candidate in result.candidates if "failure: a success" in str(candidate.refused))
    assert escape(refused.refused[0]) in page
    # What a child changed stands beside it, and the scores have intervals.
    assert '<span class="added">+' in page and '<span class="removed">-' in page
    assert "95 %:" in page and "The playoff" in page
    assert page.count('class="leaf winner"') == 1
