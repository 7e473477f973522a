"""The trajectory analyser on flights and carts that were made up, so that every number is known beforehand."""

import json
from dataclasses import asdict, replace

import numpy as np
import pytest

from telic.control.analysis.analyse import analyse
from telic.control.analysis.endings import CUT_SHORT, OUT_OF_TIME, TERMINATED, Limit, ending, limits_of
from telic.control.analysis.tenths import tenths
from telic.replay.replay import Replay
from telic.replay.schema import Schema
from telic.rewards.evidence import Stored, evidence
from telic.rewards.program import parse_reward
from telic.sim.tasks.registry import make_task

HOVER = make_task("hover")
REWARD = '''"""Stay."""
def reward(position, terminated):
    return {
        "alive": 0.0 if terminated else 1.0,
        "near": tolerance(position[0], margin=0.5, sigmoid="linear", value_at_margin=0.0),
        "quiet": 0.01 * (position[1] < 5.0),
    }
def success(next_position):
    return norm(next_position) < 0.2
'''


def flights(*paths, source=""):
    """A replay of flights: each a path (T + 1, 3) [m] of the position and how it ended; all other signals are zero."""
    schema = Schema(HOVER.schema, HOVER.actions)
    replay = Replay(schema, sum(len(path) - 1 for path, _ in paths))
    for path, terminated in paths:
        for step in range(len(path) - 1):
            last = step == len(path) - 2
            states = []
            for at in (step, step + 1):
                state = {signal.name: np.zeros((1, *signal.shape), np.float32) for signal in schema.signals}
                state["position"] = np.asarray(path[at : at + 1], np.float32)
                states.append(state)
            over = np.array([last and terminated]), np.array([last and not terminated])
            replay.add(states[0], np.zeros((1, 4), np.float32), states[1], *over)
    return Stored(replay, source)


def known(*stored):
    return evidence(stored, parse_reward(REWARD, HOVER.schema))


def line(end, steps):
    """A straight way along x."""
    path = np.zeros((steps + 1, 3))
    path[:, 0] = np.linspace(0.0, end, steps + 1)
    return path


def summary_of(*stored):
    return analyse(parse_reward(REWARD, HOVER.schema), known(*stored), HOVER)


@pytest.fixture(scope="module")
def mixed():
    """Two flights that stay, three that go to the left until they are lost, and one that hovers in the wrong place."""
    away = np.zeros((101, 3))
    away[:, 2] = 0.5
    stay = np.zeros((101, 3))
    lost = [(line(-0.8, steps), True) for steps in (40, 50, 80)]
    return summary_of(flights((stay, False), (stay, False), source="good"), flights(*lost, (away, False), source="bad"))


def test_tenths_are_means_of_the_parts_of_an_episode():
    assert tenths(np.arange(20.0)).tolist() == [0.5, 2.5, 4.5, 6.5, 8.5, 10.5, 12.5, 14.5, 16.5, 18.5]
    assert tenths(np.array([1.0, 2.0])).tolist() == [1.0] * 5 + [2.0] * 5
    assert tenths(np.ones((30, 2))).shape == (10, 2)


def test_episodes_are_counted_by_what_ended_them_and_when(mixed):
    assert (mixed.episodes, mixed.successes) == (6, 2)
    lost, late = mixed.causes
    assert lost.what == "position[0] - reference_position[0] below -0.6 m"
    assert (lost.episodes, lost.earliest_s, lost.median_s, lost.latest_s) == (3, 0.4, 0.5, 0.8)
    assert (late.what, late.episodes, late.median_s) == (OUT_OF_TIME, 1, 1.0)


def test_signal_that_drifts_is_named_with_where_it_ends(mixed):
    (drift,) = mixed.drifts
    assert drift.signal == "position[0] - reference_position[0]"
    assert (drift.agreeing, drift.episodes, drift.unit) == (3, 3, "m")
    # The last tenth of 50 steps from 0 to -0.8 m: the states after steps 46 to 50, -0.736 to -0.8 m.
    assert drift.end == pytest.approx(-0.768, abs=1e-6)
    assert drift.start == pytest.approx(-0.048, abs=1e-6)
    # A quarter of the way, -0.2285 m, lies in the third tenth: that one, -0.208 m on average, is not yet away.
    assert drift.since == 3


def test_terms_that_shrink_or_never_change_are_named_from_when_on(mixed):
    stories = {story.term: story for story in mixed.terms}
    assert stories["near"].what == "shrinks"
    # The term is 1 - |x| / 0.5: 0.92 on average of the first tenth of 40 steps, and 0 beyond half a metre.
    assert stories["near"].values[-1] == 0.0
    assert stories["near"].within_reach == 1.0
    assert stories["near"].since == 1
    assert stories["quiet"].what == "constant" and stories["quiet"].values[0] == pytest.approx(0.01)
    assert "alive" not in stories or stories["alive"].what == "dominates"


def test_typical_failure_is_the_middle_one_of_the_commonest_cause(mixed):
    typical = mixed.typical
    assert (typical.episode, typical.dataset, typical.source, typical.seconds) == (3, 1, "bad", 0.5)
    assert typical.first_slot == 40


def test_text_says_it_in_words_and_json_holds_all_of_it(mixed):
    text = mixed.text()
    assert text.startswith("2 of 6 episodes succeeded.\n")
    assert "- 3: position[0] - reference_position[0] below -0.6 m, after 0.5 s (0.4 to 0.8 s)" in text
    assert "drifts from -0.048 to -0.768 m, from 30% of the episode on (about 0.15 s), in 3 of 3 episodes" in text
    assert "term 'near' shrinks from" in text
    assert "The typical failure is episode 3 by bad: 0.5 s" in text
    assert json.loads(json.dumps(asdict(mixed)))["causes"][0]["episodes"] == 3


def test_what_moves_in_successes_as_well_is_no_drift():
    # All of them climb; those that fail go to the left too.
    def climbing(end):
        path = line(end, 50)
        path[:, 2] = np.linspace(-0.15, 0.15, 51)
        return path

    found = summary_of(flights((climbing(0.0), False), (climbing(0.0), False), (climbing(-0.8), True)))
    assert [drift.signal for drift in found.drifts] == ["position[0] - reference_position[0]"]


def test_noise_is_no_drift():
    rng = np.random.default_rng(0)
    assert summary_of(flights((0.3 + rng.normal(0.0, 0.1, (101, 3)), False))).drifts == ()


def test_term_that_stays_below_what_successes_reach_stalls():
    half = np.zeros((101, 3))
    half[:, 0] = 0.35
    half[:30, 0] = np.linspace(0.5, 0.35, 30)
    found = summary_of(flights((np.zeros((101, 3)), False), (half, False)))
    (near,) = [story for story in found.terms if story.term == "near"]
    # It goes from 0 to 0.3 within 30 steps, and stays there; in the third tenth it is 0.0466 below. Successes have 1.
    assert near.values[2] == pytest.approx(0.2534, abs=1e-4)
    assert (near.what, near.since) == ("stalls", 2)
    assert near.values[-1] == pytest.approx(0.3) and near.within_reach == 1.0


def test_term_that_holds_nearly_everything_dominates():
    far = np.zeros((51, 3))
    far[:, 0] = 0.55
    found = summary_of(flights((far, False), (far, False)))
    (alive,) = [story for story in found.terms if story.what == "dominates"]
    assert alive.term == "alive" and alive.share == pytest.approx(1.0 / 1.01)


def test_episode_that_is_shorter_than_its_time_was_cut():
    far = np.ones((101, 3))
    found = summary_of(flights((far, False), (far, False), (far[:31], False)))
    assert [(cause.what, cause.episodes) for cause in found.causes] == [(OUT_OF_TIME, 2), (CUT_SHORT, 1)]


def test_nothing_failed():
    found = summary_of(flights((np.zeros((11, 3)), False)))
    assert found.causes == () and found.typical is None and found.text() == "1 of 1 episodes succeeded."


def test_limits_of_a_mujoco_task_are_its_terminations():
    limits = limits_of(make_task("quadruped"))
    final = {"projected_gravity": np.array([0.0, 0.9, -0.4]), "base_height": np.array(0.1)}
    both = ending(limits, final, terminated=True, is_cut=False)
    assert both == "projected_gravity[2] above -0.5 and base_height below 0.14 m"
    assert ending(limits, final | {"base_height": np.array(0.2)}, terminated=True, is_cut=False).endswith("-0.5")
    fine = {"projected_gravity": np.array([0.0, 0.0, -1.0]), "base_height": np.array(0.3)}
    assert ending(limits, fine, terminated=True, is_cut=False) == TERMINATED


def test_open_limits_and_numbers_that_are_none():
    open_ = Limit("height", low=0.7, open=True)
    assert open_.exceeded({"height": np.array([0.7])}) == "height[0] below 0.7"
    assert replace(open_, open=False).exceeded({"height": np.array([0.7])}) == ""
    assert open_.exceeded({"height": np.array([np.nan])}) == "height[0] not a number"
    assert open_.exceeded({}) == ""
