"""Recorded flights and observations."""

from dataclasses import replace

import numpy as np
import pytest

from telic.control.flights import fly_episodes
from telic.control.pid import CascadedPid
from telic.control.recording import Flight, record, record_observations
from telic.sim.reference import Lissajous
from telic.sim.tasks.hover import hover
from telic.sim.tasks.track import track

HISTORY = slice(18, 146)


@pytest.fixture(scope="module")
def flight():
    task = hover(duration_s=0.5)
    return record(task, CascadedPid(task), seed=2)


def test_recorded_flight_is_the_first_episode_of_the_evaluation(flight):
    task = hover(duration_s=0.5)
    episodes = fly_episodes(task, CascadedPid(task), 4, seed=2)
    np.testing.assert_allclose(flight.distance, episodes.distance[:-1, 0], atol=1e-4)


def test_rows_of_a_flight_belong_together(flight):
    assert len(flight.time) == 50
    np.testing.assert_allclose(np.diff(flight.time), 0.01, atol=1e-6)
    np.testing.assert_allclose(np.linalg.norm(flight.quaternion, axis=1), 1, atol=1e-5)
    # The newest action that a row has seen is that of the row before.
    np.testing.assert_array_equal(flight.observation[1:, HISTORY][:, :4], flight.action[:-1])
    # Noise of 1 mm in the error, and of 0.001 in the attitude, which at yaw 0 is the rotation.
    np.testing.assert_allclose(flight.observation[:, :3], flight.position - flight.reference_position, atol=6e-3)
    np.testing.assert_allclose(flight.observation[:, 3:12], flight.rotation.reshape(-1, 9), atol=6e-3)


def test_reference_goes_on_for_as_long_as_the_recording():
    task = replace(track(Lissajous(period_s=1.0, amplitude=(0.01, 0, 0), ramp_s=0.0)), truncate_after_s=0.2)
    flight = record(task, CascadedPid(task), duration_s=0.6)
    assert len(flight.time) == 60
    assert np.ptp(flight.reference_position[30:, 0]) > 0.005


def test_flight_survives_saving(flight, tmp_path):
    flight.save(tmp_path / "flight.npz")
    loaded = Flight.load(tmp_path / "flight.npz")
    for name, values in vars(flight).items():
        np.testing.assert_array_equal(getattr(loaded, name), values)


def test_file_that_is_no_flight_is_refused(tmp_path):
    path = tmp_path / "flight.npz"
    path.write_bytes(b"nothing")
    with pytest.raises(ValueError, match="is not a recorded flight"):
        Flight.load(path)


def test_recorded_observations_are_of_every_kind():
    task = hover(duration_s=1.0)
    observations = record_observations(task, CascadedPid(task), count=300)
    assert observations.shape == (300, 146)
    assert observations.dtype == np.float32
    assert np.isfinite(observations).all()
    fresh = (observations[:, HISTORY] == 0).all(axis=1)
    assert fresh[:30].all()
    far = np.abs(observations[:, :3]).max(axis=1) > task.terminate.half_width
    assert far.sum() > 20
    assert (observations[:, 11] < 0).sum() > 10  # Upside down.
    at_limit = np.abs(observations[:, HISTORY]) == 1
    assert at_limit.any(axis=1).sum() > 50
    settled = (np.abs(observations[:, :3]).max(axis=1) < 0.1) & ~fresh
    assert settled.sum() > 20


@pytest.mark.parametrize("count", [1, 2, 7, 1000])
def test_as_many_observations_as_asked_for(count):
    task = hover(duration_s=0.1)
    assert len(record_observations(task, CascadedPid(task), count)) == count


def test_no_observations_are_refused():
    with pytest.raises(ValueError, match="count is 0; allowed: at least 1"):
        record_observations(hover(), CascadedPid(hover()), 0)
