"""Films of flights: what is drawn, what is written, and what a machine without graphics is told."""

from itertools import pairwise

import imageio_ffmpeg
import numpy as np
import pytest

from telic.sim import gl
from telic.sim.multirotor.model import vehicle_spec
from telic.sim.render import render_flight, save_flight_video
from telic.sim.tasks.registry import make_task
from telic.sim.vehicle import load_vehicle, vehicle_names

SIZE = (160, 90)


@pytest.fixture(scope="module")
def flight():
    """A second of a turning flight along the figure eight."""
    task = make_task("track")
    time = np.arange(100) * task.dt
    path = task.reference.sample(time).position
    quaternions = np.stack([np.cos(time), 0 * time, 0 * time, np.sin(time)], axis=1)
    return task, path + np.array([0.1, 0.0, 0.0]), quaternions, path


def is_orange(frame):
    red, green, blue = frame[..., 0].astype(int), frame[..., 1].astype(int), frame[..., 2].astype(int)
    return (red > 120) & (red - blue > 60) & (red - green > 20)


def is_blue(frame):
    red, blue = frame[..., 0].astype(int), frame[..., 2].astype(int)
    return blue - red > 90


def test_frames_show_the_vehicle_and_the_reference(flight):
    frames = render_flight(*flight, fps=10, size=SIZE)
    assert len(frames) == 10
    for frame in frames:
        assert frame.shape == (90, 160, 3) and frame.dtype == np.uint8
        assert is_orange(frame).sum() > 5
        assert is_blue(frame).sum() > 5
    assert any((one != two).any() for one, two in pairwise(frames))


def test_without_a_reference_none_is_drawn(flight):
    task, positions, quaternions, _ = flight
    (frame,) = render_flight(task, positions[:10], quaternions[:10], fps=10, size=SIZE)
    # The sky is blue too, but it is at the top.
    assert is_blue(frame[30:]).sum() == 0


def test_sky_is_up(flight):
    task, positions, quaternions, _ = flight
    (frame,) = render_flight(task, positions[:1], quaternions[:1], fps=10, size=SIZE)
    top, bottom = frame[0].mean(axis=0), frame[45].mean(axis=0)
    assert top[2] - top[0] > bottom[2] - bottom[0]


def test_progress_counts_every_frame(flight):
    seen = []
    render_flight(*flight, fps=5, size=SIZE, progress=lambda done, total: seen.append((done, total)))
    assert seen == [(1, 5), (2, 5), (3, 5), (4, 5), (5, 5)]


def test_video_holds_all_frames_at_the_stated_size(flight, tmp_path):
    path = save_flight_video(tmp_path / "flight.mp4", *flight, fps=20, size=SIZE)
    reader = imageio_ffmpeg.read_frames(str(path))
    meta = next(reader)
    assert meta["size"] == SIZE and meta["fps"] == 20 and meta["codec"] == "h264"
    assert sum(1 for _ in reader) == 20


@pytest.mark.parametrize("name", vehicle_names())
def test_models_weigh_what_the_vehicle_weighs(name):
    vehicle = load_vehicle(name)
    model = vehicle_spec(vehicle).compile()
    assert model.body_mass.sum() == pytest.approx(vehicle.mass)
    np.testing.assert_allclose(model.body_inertia[model.body("vehicle").id], vehicle.inertia)
    assert model.nu == 4 and model.nv == 6


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda p, q, r: (p[:, :2], q, r), r"positions has shape \(100, 2\); allowed: \(T, 3\)"),
        (lambda p, q, r: (p, q[:50], r), r"quaternions has shape \(50, 4\); allowed: \(100, 4\)"),
        (
            lambda p, q, r: (np.where(np.arange(100)[:, None] == 7, np.nan, p), q, r),
            r"positions is not finite in row 7",
        ),
        (lambda p, q, r: (p[:0], q[:0], r[:0]), r"at least one row"),
    ],
)
def test_bad_recordings_are_refused_with_the_reason(flight, change, message):
    task, *arrays = flight
    with pytest.raises(ValueError, match=message):
        render_flight(task, *change(*arrays), size=SIZE)


def test_a_machine_without_graphics_is_told_what_helps(flight, monkeypatch):
    def broken(_):
        raise ImportError("no libEGL")

    monkeypatch.setattr(gl, "import_module", broken)
    monkeypatch.delenv("MUJOCO_GL", raising=False)
    with pytest.raises(
        gl.NoGraphicsError, match=r"apt-get install libegl1 .*\n.*libosmesa6(.|\n)*Tried: egl: no libEGL"
    ):
        render_flight(*flight, size=SIZE)


def test_the_environment_variable_chooses_the_backend(monkeypatch):
    monkeypatch.setenv("MUJOCO_GL", "osmesa")
    assert gl.backends() == ("osmesa",)
    monkeypatch.delenv("MUJOCO_GL")
    monkeypatch.setattr(gl.platform, "system", lambda: "Linux")
    assert gl.backends() == ("egl", "osmesa")
    monkeypatch.setattr(gl.platform, "system", lambda: "Darwin")
    assert gl.backends() == ("cgl", "glfw")
