"""Evaluation: what counts as what on flights made by hand, and that all controllers meet the same episodes."""

import json
from dataclasses import replace

import numpy as np
import pytest

from telic.control.evaluate import evaluate, judge
from telic.control.flights import HELD_OUT_SEEDS, Flights, fly_episodes, held_out
from telic.control.pid import CascadedPid
from telic.control.statistics import Share, Spread
from telic.control.tracking import judge_tracking, moves, steady_part, track_at_periods, tracking_task
from telic.rewards.program import parse_reward
from telic.sim.multirotor.world import MultirotorWorld
from telic.sim.reference import Hold, Lissajous, Waypoints
from telic.sim.tasks.hover import hover
from telic.sim.tasks.track import track


class Constant:
    """The same action for ever."""

    def __init__(self, action):
        self.action = action
        self.resets = []

    def reset(self, ids=None):
        self.resets.append(ids)

    def act(self, observation, signals):
        return np.full((len(observation), 4), self.action, np.float32)


def flights_of(distance, survived, settled, dt=0.5):
    distance = np.asarray(distance, np.float32)
    return Flights(dt, distance, distance * 2, distance * 3, np.array(survived), np.array(settled))


# Figures of flights made by hand.


def test_errors_are_of_surviving_episodes_and_shares_of_all():
    distance = np.array([[0.5, 0.5, 0.5], [0.3, 0.5, 9.0], [0.1, 0.4, 9.0], [0.2, 0.3, 9.0], [0.1, 0.3, 9.0]])
    figures = judge(flights_of(distance, [True, True, False], [True, False, False])).as_dict()
    assert figures["episodes"] == 3
    assert figures["settle_fraction"] == pytest.approx(1 / 3)
    assert figures["survival_fraction"] == pytest.approx(2 / 3)
    assert figures["error_1s_m"] == pytest.approx(0.25)
    assert figures["error_1s_std_m"] == pytest.approx(0.15)
    assert figures["error_2s_m"] == pytest.approx(0.2)
    # The last second is two rows of half a second.
    assert figures["steady_error_m"] == pytest.approx((0.15 + 0.3) / 2)
    assert figures["worst_distance_after_1s_m"] == pytest.approx(0.3)
    assert figures["worst_tilt_after_1s_rad"] == pytest.approx(0.6)
    assert figures["worst_speed_after_2s_m_s"] == pytest.approx(0.6)


def test_what_was_not_measured_is_none():
    figures = judge(flights_of([[0.1], [0.2], [9.0]], [False], [False])).as_dict()
    assert figures["settle_fraction"] == 0.0
    assert figures["error_1s_m"] is None
    assert figures["error_2s_m"] is None
    assert figures["success_fraction"] is None
    json.dumps(figures, allow_nan=False)


def test_tracking_error_is_over_the_steady_part_of_surviving_episodes():
    task = replace(track(Waypoints(((0, 0, 1), (1, 0, 1)), speed=0.625)), truncate_after_s=5.0)
    assert steady_part(task) == (1.0, pytest.approx(3.0))
    distance = np.full((11, 3), 9.0)
    distance[2:7, 0], distance[2:7, 1] = 0.3, [0.4, 0.4, 0.4, 0.4, 0.5]
    tracking = judge_tracking(flights_of(distance, [True, True, False], [True, True, False]), task)
    each = np.array([0.3, np.sqrt((4 * 0.16 + 0.25) / 5)])
    assert tracking.rmse_m == pytest.approx(np.sqrt((each**2).mean()), rel=1e-6)
    assert tracking.largest.mean == pytest.approx(0.4)
    assert tracking.survival == Share(2, 3)


def test_steady_part_of_a_curve_is_whole_laps_after_its_start():
    task = track(Lissajous(period_s=5.5, ramp_s=2.0))
    assert steady_part(task) == (3.0, pytest.approx(8.5))
    assert steady_part(tracking_task(task)) == (3.0, pytest.approx(14.0))


def test_intervals_are_wilsons():
    """Values from Wilson's formula, worked out by hand for n = 10."""
    assert Share(10, 10).interval == (pytest.approx(0.72247, abs=1e-5), 1.0)
    assert Share(0, 10).interval == (0.0, pytest.approx(0.27753, abs=1e-5))
    assert Share(5, 10).interval == (pytest.approx(0.23659, abs=1e-5), pytest.approx(0.76341, abs=1e-5))


def test_spread_of_nothing_is_none():
    assert Spread.of([]) is None
    assert Spread.of([1.0, 3.0]) == Spread(2.0, 1.0, pytest.approx(2.9))


# Flown episodes.


def test_lost_episodes_count_as_failures_wherever_they_end():
    task = hover()
    controller = Constant(-1.0)
    evaluation = evaluate(task, controller, episodes=8)
    assert controller.resets == [None]
    assert evaluation.survival_fraction == 0.0
    assert evaluation.settle_fraction == 0.0
    assert evaluation.steady is None


def test_an_episode_that_was_lost_once_stays_lost():
    """A cube so small that the vehicles leave it on their way to the reference, at which they end."""
    task = hover()
    strict = replace(task, terminate=replace(task.terminate, half_width=0.15))
    flights = fly_episodes(strict, CascadedPid(strict), 16, seed=0)
    ends_near = flights.distance[-1] < 0.05
    assert ends_near.any()
    assert not flights.survived[ends_near].all()
    np.testing.assert_array_equal(flights.settled, flights.survived & ends_near)


def test_equal_seeds_give_equal_numbers_and_others_do_not():
    task = hover(duration_s=1.5)
    first, again, other = (evaluate(task, CascadedPid(task), 8, seed) for seed in (3, 3, 4))
    assert first == again
    assert first.error_1s != other.error_1s


def test_all_controllers_meet_the_same_episodes():
    task = hover(duration_s=0.5)
    flights = [fly_episodes(task, controller, 8, seed=0) for controller in (CascadedPid(task), Constant(0.3))]
    np.testing.assert_array_equal(flights[0].distance[0], flights[1].distance[0])
    np.testing.assert_array_equal(flights[0].speed[0], flights[1].speed[0])


def test_evaluation_flies_no_episode_of_training():
    task = hover()
    trained = MultirotorWorld(task, 4, 5).signals["position"]
    flown = MultirotorWorld(task, 4, held_out(5)).signals["position"]
    assert (trained != flown).any(axis=1).all()
    for seed in (-1, HELD_OUT_SEEDS):
        with pytest.raises(ValueError, match=f"seed is {seed}; allowed"):
            held_out(seed)


def test_success_is_what_the_reward_program_says_at_the_end():
    task = hover(duration_s=2.0)
    source = (
        '"""Hold."""\n\n\n'
        "def reward(position):\n"
        '    return {"place": -square(position[..., 0] / 1.0)}\n\n\n'
        "def success(next_position, action):\n"
        "    return norm(next_position - (0.0, 0.0, 1.0)) < LIMIT and action[..., 0] < 2.0\n"
    )
    shares = []
    for limit in ("0.2", "0.0"):
        reward = parse_reward(source.replace("LIMIT", limit), task.schema)
        shares.append(evaluate(task, CascadedPid(task), 8, reward=reward).success)
    assert shares == [Share(8, 8), Share(0, 8)]


def test_no_episodes_are_refused():
    with pytest.raises(ValueError, match="episodes is 0; allowed: at least 1"):
        evaluate(hover(), Constant(0.0), episodes=0)


def test_progress_rises_to_the_end():
    told = []
    task = track(Lissajous(period_s=1.0, ramp_s=0.0, amplitude=(0.05, 0.0, 0.0)), duration_s=0.5)
    evaluate(task, CascadedPid(task), 2, progress=told.append)
    assert told == sorted(told)
    assert told[-1] == pytest.approx(1.0)
    assert len(told) > 10


def test_tracking_is_measured_where_the_reference_moves():
    assert moves(track())
    assert not moves(hover())
    assert not moves(replace(hover(), reference=Hold(yaw_rate=1.0)))
    task = hover(duration_s=0.2)
    assert "tracking_rmse_m" not in evaluate(task, CascadedPid(task), 2).as_dict()


def test_slower_laps_are_tracked_better():
    task = track()
    laps = track_at_periods(task, CascadedPid(task), periods=(5.5, 6.5), episodes=4)
    assert list(laps) == [5.5, 6.5]
    assert laps[6.5].rmse_m < laps[5.5].rmse_m
    with pytest.raises(ValueError, match="reference is Hold; laps need a Lissajous curve"):
        track_at_periods(hover(), CascadedPid(hover()))


def test_evaluation_of_a_moving_reference_is_plain_data():
    task = track(duration_s=1.0)
    evaluation = evaluate(task, CascadedPid(task), 4)
    assert evaluation.tracking is not None
    figures = json.loads(json.dumps(evaluation.as_dict(), allow_nan=False))
    assert figures["tracking_rmse_m"] == pytest.approx(evaluation.tracking.rmse_m)
    assert figures["tracking_survival_fraction"] == 1.0
