"""What the guards measure on stored episodes, on a world of one number whose answers can be worked out by hand."""

import numpy as np
import pytest

from telic.control.guard.agreement import disagreement, success_correlation
from telic.control.guard.assess import assess
from telic.control.guard.audit import Audit, AuditConfig, Case, Check, audit
from telic.control.guard.bootstrap import bootstrap
from telic.control.guard.certificate import with_lost
from telic.control.guard.shares import share_shift
from telic.control.guard.survival import survival
from telic.control.guard.visits import Visits, read_by
from telic.replay.action import ActionSpec
from telic.replay.exchange.memory import replay_of
from telic.replay.exchange.recording import Episode, Recording, Report
from telic.replay.schema import Schema
from telic.replay.signal import Signal
from telic.rewards.evidence import Stored, evidence
from telic.rewards.program import parse_reward

SIGNALS = (Signal("place", (1,), "m"),)
SCHEMA = Schema(SIGNALS, ActionSpec(("push",), "1", (-1.0,), (1.0,), (0.0,)))
STEPS = 20


def program(reward, parameters="place"):
    return parse_reward(
        f'"""A test."""\n\n\ndef reward({parameters}):\n    return {{{reward}}}\n\n\n'
        "def success(place):\n    return abs(place[0]) < 1.0\n",
        SIGNALS,
    )


TRUTH = program('"near": -abs(place[0])')
AWAY = program('"away": abs(place[0])')
LASTING = program('"alive": 1.0 - terminated, "near": -0.01 * abs(place[0])', "place, terminated")


def visits(places, lost_at=None, horizon=STEPS, source="policy"):
    """Episodes at given places (E, STEPS + 1); those in `lost_at` end after so many steps."""
    episodes = []
    for row, place in enumerate(np.asarray(places, np.float32)):
        steps = (lost_at or {}).get(row, STEPS)
        signals = {"place": place[: steps + 1, None].copy()}
        lost = steps < STEPS
        episodes.append(Episode(signals, np.zeros((steps, 1), np.float32), lost, not lost, tags={"source": source}))
    replay = replay_of(Recording(SCHEMA, iter(episodes), Report("a test"), {}))
    return Visits(evidence([Stored(replay, source)], TRUTH), horizon)


def around(centre, rng, episodes=24, spread=0.3):
    """Episodes that stay around a place."""
    return centre + spread * rng.normal(size=(episodes, STEPS + 1))


def test_lost_time_earns_nothing_and_counts():
    found = visits(np.ones((2, STEPS + 1)), {1: 5})
    np.testing.assert_array_equal(found.rewards(TRUTH).sum(1), [-20.0, -5.0])
    assert found.alive.sum() == 25
    assert found.counts.all()
    np.testing.assert_array_equal(found.success(TRUTH), np.zeros((2, STEPS)))
    assert found.inputs(["place"])["place"].shape == (25, 1)


def test_what_is_cut_early_is_unknown_afterwards():
    found = visits(np.ones((2, STEPS + 1)), horizon=30)
    assert found.counts.sum() == 2 * STEPS
    with pytest.raises(ValueError, match="longest episode"):
        visits(np.ones((2, STEPS + 1)), horizon=10)


def test_a_bound_needs_what_the_rewards_read_and_no_more():
    assert read_by(TRUTH, LASTING) == ("place", "terminated")


def test_being_lost_is_a_place_by_hand():
    # Occupancies (0.5, 0.5) and (0.75, 0.25): 0.25 / 0.75 + 0.25 / 0.25 - 1.
    assert with_lost(0.0, 0.5, 0.25) == pytest.approx(1 / 3)
    assert with_lost(0.7, 0.0, 0.0) == pytest.approx(0.7)
    assert with_lost(0.0, 0.1, 0.0) == float("inf")
    assert with_lost(0.0, 1.0, 1.0) == 0.0


def test_intervals_come_from_whole_episodes():
    values = np.random.default_rng(0).normal(size=400)
    found = bootstrap(lambda w: float(w @ values / w.sum()), 400, rng=np.random.default_rng(1), resamples=1000)
    assert found.value == pytest.approx(values.mean())
    assert found.high - found.low == pytest.approx(2 * 1.96 * values.std() / 20, rel=0.1)


@pytest.mark.parametrize(("sign", "expected"), [(1.0, 0.0), (-1.0, 1.0)])
def test_disagreement_knows_the_same_and_the_opposite(sign, expected):
    rng = np.random.default_rng(0)
    one = [rng.normal(size=int(steps)) for steps in rng.integers(5, 30, 30)]
    other = [sign * 3.0 * steps for steps in one]
    found = disagreement(one, other)
    assert found.pairs.value == pytest.approx(expected)
    assert found.steps.value == pytest.approx(expected, abs=1e-9)


def test_unrelated_rewards_disagree_by_chance():
    rng = np.random.default_rng(0)
    found = disagreement(*([rng.normal(size=20) for _ in range(80)] for _ in range(2)))
    for share in (found.pairs, found.steps):
        assert share.low < 0.5 < share.high
    with pytest.raises(ValueError, match="at least two"):
        disagreement([np.ones(3)], [np.ones(3)])


def test_correlation_with_success_has_an_interval():
    rng = np.random.default_rng(0)
    reference = visits(around(rng.choice([0.0, 2.0], (24, 1)), rng))
    good, bad = (success_correlation(reward, TRUTH, reference) for reward in (TRUTH, AWAY))
    assert good.low > 0.7
    assert bad.high < -0.7


def test_a_policy_elsewhere_is_measured_bounded_and_found_strange():
    rng = np.random.default_rng(1)
    reference = visits(around(1.0, rng))
    there, here = (
        assess(AWAY, TRUTH, visits(around(at, rng)), reference, learning=steps) for at, steps in ((4.0, 120), (1.0, 30))
    )
    assert there.gain.high < -2.5
    assert there.strange > 0.9
    assert there.outside["place"] > 0.9
    assert here.strange < 0.05
    assert here.gain.low < 0.0 < here.gain.high
    # What is opposed to the truth certifies nothing; the truth itself certifies its own gain.
    assert there.bound.high == -np.inf
    honest = assess(TRUTH, TRUTH, visits(around(0.5, rng)), reference, learning=1)
    assert honest.certificate.bound == pytest.approx(honest.gain.value)
    assert honest.bound.low > 0.0
    with pytest.raises(ValueError, match="same"):
        assess(TRUTH, TRUTH, visits(around(0.5, rng), horizon=30), reference)


def test_laundering_is_to_be_paid_for_lasting_and_to_do_no_more():
    rng = np.random.default_rng(2)
    idle, good = (survival(LASTING, visits(around(at, rng), {0: 5})) for at in (3.0, 0.0))
    assert idle.terms == ("alive",)
    assert idle.share > 0.9
    assert idle.laundered
    assert not good.laundered
    assert survival(TRUTH, visits(around(3.0, rng))).share == 0.0


def test_shares_of_terms_shift():
    rising = np.linspace(0.01, 9.0, 30)
    found = share_shift({"steady": 2.0 * np.ones(30), "rising": rising})
    assert found.grown == "rising"
    assert found.taken_over
    assert found.moved == pytest.approx(found.late["rising"] - found.early["rising"])
    assert share_shift({"one": rising}) is None
    assert share_shift({"one": np.zeros(30), "two": np.zeros(30)}) is None


def case(proxy, centre, **more):
    rng = np.random.default_rng(3)
    policy = visits(around(centre, rng, 48))
    others = visits(around(3.0, rng), source="random")
    known = evidence([*policy.known.stored, *others.known.stored], TRUTH)
    return Case(proxy, TRUTH, policy, known, **more)


def outcomes(found):
    return {check.name: check.outcome for check in found.checks}


def test_an_audit_of_the_task_s_own_reward_passes():
    found = audit(case(TRUTH, 0.0))
    assert found.verdict == "pass"
    assert outcomes(found)["success in training"] == "open"
    assert found.reasons == ()


def test_an_audit_of_the_opposite_fails_for_every_reason():
    rng = np.random.default_rng(4)
    time = np.arange(40.0)
    history = {
        "step": 100.0 * time,
        "reward": time + 0.1 * rng.normal(size=40),
        "success_fraction": np.interp(time, [0, 20, 39], [0.0, 0.9, 0.1]) + 0.02 * rng.normal(size=40),
    }
    reference = visits(around(rng.choice([0.0, 2.0], (24, 1)), rng))
    found = audit(case(AWAY, 3.0, history=history, reference=reference), AuditConfig(learning=150))
    assert found.verdict == "fail"
    said = outcomes(found)
    assert {name for name, outcome in said.items() if outcome == "fail"} >= {
        "success",
        "success in training",
        "disagreement",
        "correlation",
        "gain",
    }
    assert said["certificate"] == "open"
    (fall,) = (check for check in found.checks if check.name == "success in training")
    assert fall.figures["at_step"] == pytest.approx(2000.0, abs=300.0)
    assert "over-optimised" in fall.reason


def test_where_success_never_came_it_could_not_fall():
    time = np.arange(40.0)
    history = {"step": time, "reward": time, "success_fraction": np.zeros(40)}
    assert outcomes(audit(case(TRUTH, 0.0, history=history)))["success in training"] == "open"


def test_a_policy_that_is_only_weaker_than_the_reference_is_a_warning():
    reference = visits(around(0.0, np.random.default_rng(5)))
    found = audit(case(TRUTH, 0.4, reference=reference), AuditConfig(learning=20))
    assert outcomes(found)["gain"] == found.verdict == "warn"
    assert "against 100% successes" in found.reasons[0]


def test_the_verdict_is_the_gravest_outcome():
    def of(*outcomes):
        return Audit(tuple(Check(outcome, outcome, f"because {outcome}") for outcome in outcomes))

    assert of("pass", "open").verdict == "pass"
    assert of("open").verdict == "open"
    assert of("pass", "warn", "open").verdict == "warn"
    assert of("warn", "fail", "pass").reasons == ("because fail", "because warn")
