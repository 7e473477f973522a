"""References: consistent derivatives, known points, and plain data."""

import json
import math

import numpy as np
import pytest

from telic.sim.reference import Hold, Lissajous, Reference, Waypoints, make_reference, reference_spec

CURVES = [
    Hold((0.1, -0.2, 1.5), yaw=0.4, yaw_rate=0.7),
    Lissajous(),
    Lissajous((0.0, 0.0, 2.0), (1.0, 1.0, 0.2), (1, 1, 2), (0.0, math.pi / 2, 0.3), period_s=4.0, yaw=1.0, ramp_s=0.0),
    Waypoints(((0, 0, 1), (1, 0, 1), (1, 0, 1), (1, 2, 0.5)), speed=0.8),
]


@pytest.mark.parametrize("reference", CURVES, ids=lambda r: r.kind)
def test_velocity_and_acceleration_are_the_derivatives_of_position(reference):
    time, h = np.linspace(0.05, 9.0, 2001), 1e-3
    late, now, early = (reference.sample(time + shift).position.astype(np.float64) for shift in (h, 0.0, -h))
    sample = reference.sample(time)
    # Float32 positions limit the differences; joints between pieces spread over one step.
    assert np.abs((late - early) / (2 * h) - sample.velocity).max() < 2e-3
    numeric = (reference.sample(time + h).velocity - reference.sample(time - h).velocity) / (2 * h)
    joints = np.abs(numeric - sample.acceleration).max(axis=1) > 2e-3
    assert joints.mean() < 0.01
    assert np.isfinite(now).all()


@pytest.mark.parametrize("reference", CURVES, ids=lambda r: r.kind)
def test_plain_data_round_trip(reference):
    assert make_reference(json.loads(json.dumps(reference_spec(reference)))) == reference
    assert isinstance(reference, Reference)
    assert hash(reference) == hash(make_reference(reference_spec(reference)))


def test_default_figure_eight_is_two_metres_wide_and_starts_at_rest():
    reference = Lissajous()
    time = np.arange(0.0, 13.0, 0.01)
    position, velocity, _, _ = reference.sample(time)
    assert np.ptp(position[:, 0]) == pytest.approx(2.0, abs=1e-3)
    assert np.ptp(position[:, 1]) == pytest.approx(1.0, abs=1e-3)
    np.testing.assert_array_equal(position[:, 2], 1.0)
    np.testing.assert_array_equal(velocity[0], 0.0)
    # One lap later it is at the same place.
    np.testing.assert_allclose(position[700], position[1250], atol=1e-5)
    assert np.linalg.norm(velocity, axis=1).max() == pytest.approx(1.6, abs=0.05)


def test_waypoints_visit_every_point_and_rest_at_the_last():
    reference = Waypoints(((0, 0, 1), (3, 0, 1), (3, 4, 1)), speed=2.0)
    assert reference.duration_s == pytest.approx(15 / 8 * 7 / 2)
    arrival = 15 / 8 * 3 / 2
    position, velocity, acceleration, _ = reference.sample(np.array([0.0, arrival, reference.duration_s, 99.0]))
    np.testing.assert_allclose(position, [(0, 0, 1), (3, 0, 1), (3, 4, 1), (3, 4, 1)], atol=1e-6)
    np.testing.assert_allclose(velocity, 0.0, atol=1e-6)
    np.testing.assert_allclose(acceleration[-1], 0.0, atol=1e-6)
    speed = np.linalg.norm(reference.sample(np.linspace(0, 7, 5001)).velocity, axis=1)
    assert speed.max() == pytest.approx(2.0, rel=1e-4)


def test_turning_hold_has_a_period():
    assert Hold(yaw_rate=-math.pi).period_s == pytest.approx(2.0)
    assert Hold().period_s is None and Hold().duration_s == 0.0
    assert Hold(yaw=0.5, yaw_rate=2.0).sample(np.array([0.25])).yaw == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: Hold((0.0, 1.0)), r"Hold position is \(0.0, 1.0\); allowed: three finite numbers"),
        (lambda: Hold(yaw=math.inf), r"Hold yaw is inf; allowed: a finite number"),
        (lambda: Lissajous(period_s=0.0), r"Lissajous period_s is 0.0; allowed: above 0"),
        (lambda: Lissajous(frequency=(1, 1.5, 1)), r"frequency .* allowed: three whole numbers"),
        (lambda: Lissajous(ramp_s=-1.0), r"ramp_s is -1.0; allowed: 0 s or more"),
        (lambda: Waypoints(((0, 0, 1),)), r"points .* allowed: at least two points"),
        (lambda: Waypoints(((0, 0, 1), (0, 0, "up"))), r"points\[1\] is .* allowed: three finite numbers"),
        (lambda: Waypoints(speed=-1.0), r"speed is -1.0; allowed: above 0"),
        (lambda: make_reference({"kind": "lissajou"}), r"'lissajou'; did you mean 'lissajous'\?"),
        (lambda: make_reference({"kind": "hold", "yaww": 1}), r"no field 'yaww'; did you mean 'yaw'\?"),
    ],
)
def test_bad_references_are_refused_with_the_reason(make, message):
    with pytest.raises(ValueError, match=message):
        make()
