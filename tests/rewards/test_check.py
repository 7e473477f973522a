import numpy as np
import pytest

from telic.rewards.check import check_reward
from telic.rewards.program import parse_reward


def kinds(report) -> list[tuple[str, str]]:
    return [(finding.severity, finding.check) for finding in report.findings]


def test_honest_reward_passes_without_findings(hover, flight_data):
    report = check_reward(hover, flight_data(200))
    assert report.passed
    assert report.findings == ()
    assert report.rows == 200
    assert [term.name for term in report.terms] == list(hover.term_names)
    assert sum(term.share for term in report.terms) == pytest.approx(1)
    assert report.success_share == pytest.approx(np.mean(hover.success(flight_data(200))))


def test_statistics_are_those_of_the_terms(hover, flight_data):
    data = flight_data(3, 50)
    still = hover.terms(data)["still"]
    found = check_reward(hover, data).terms[1]
    assert (found.mean, found.std) == pytest.approx((still.mean(), still.std()), rel=1e-5)
    assert (found.minimum, found.maximum) == pytest.approx((still.min(), still.max()), rel=1e-6)


def test_stored_value_that_is_not_finite_is_named(hover, flight_data):
    data = flight_data(20)
    data["velocity"][7, 1] = np.inf
    report = check_reward(hover, data)
    assert not report.passed
    assert report.findings[0].check == "inputs"
    assert "stored 'velocity'" in report.findings[0].message and "row 7" in report.findings[0].message


def test_term_that_is_not_finite_on_stored_data_is_an_error(reward_of, flight_data):
    report = check_reward(reward_of("log(position[0] / metre)"), flight_data(20))
    assert kinds(report) == [("error", "finite")]
    assert "line 3: term 'term' is nan at row" in report.findings[0].message


def test_term_that_is_not_finite_on_extreme_states_is_an_error(reward_of, flight_data):
    data = flight_data(20)
    data["position"][:, 0] = 1
    report = check_reward(reward_of("1.0 / position[0]"), data)
    assert ("error", "extremes") in kinds(report)
    assert not report.passed


def test_rotations_are_taken_to_the_extreme_as_rotations(reward_of, flight_data):
    data = flight_data(20)
    data["rotation"][:] = np.eye(3)
    report = check_reward(reward_of("sqrt(1.0 + trace(rotation)) * norm(position)"), data)
    assert report.passed


def test_dead_term_is_a_warning(signals, flight_data):
    source = '"""A test."""\ndef reward(position):\n    return {"place": norm(position), "alive": 1.0}\n'
    report = check_reward(parse_reward(source, signals), flight_data(20))
    assert report.passed
    assert kinds(report) == [("warning", "dead term")]
    assert report.findings[0].message == "term 'alive' is always 1 on stored data"


def test_dominating_term_is_a_warning(signals, flight_data):
    source = (
        '"""A test."""\ndef reward(position, action):\n    return {"place": 99 * norm(position), "act": norm(action)}\n'
    )
    report = check_reward(parse_reward(source, signals), flight_data(20))
    assert kinds(report) == [("warning", "dominating term")]
    assert "'place' holds" in report.findings[0].message


def test_unused_signal_is_a_warning(signals, flight_data):
    source = '"""A test."""\ndef reward(position, action):\n    return {"place": norm(position)}\n'
    report = check_reward(parse_reward(source, signals), flight_data(20))
    assert kinds(report) == [("warning", "unused")]


def test_gradient_that_is_not_finite_is_a_warning(reward_of, flight_data):
    # The value is finite at zero, the derivative of the branch that is not taken is not.
    data = flight_data(20)
    data["position"][3] = 0
    report = check_reward(reward_of("log(x) if x > 1e-6 else 0.0", before="x = position[0] / metre"), data)
    assert ("warning", "gradient") in kinds(report)
    assert report.passed


def test_empty_batch_is_refused(hover, flight_data):
    with pytest.raises(ValueError, match="empty batch"):
        check_reward(hover, flight_data(0))


def test_back_ends_that_disagree_are_an_error(reward_of, flight_data, monkeypatch):
    program = reward_of("norm(position)")
    monkeypatch.setitem(program.__dict__, "kernel", lambda inputs, out: out.fill(0))
    assert ("error", "back ends agree") in kinds(check_reward(program, flight_data(20)))
