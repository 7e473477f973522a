"""Tasks as plain data: sizes, limits and did-you-mean."""

from dataclasses import replace

import pytest

from telic.sim.reference import Hold, Lissajous, Waypoints
from telic.sim.task import Disturbance, Observe, OutsideCube, Randomisation, TaskError, UprightWithin
from telic.sim.tasks.registry import TASKS, make_task


def test_hover_shows_what_the_paper_shows():
    task = make_task("hover")
    assert task.observation_size == 3 + 9 + 3 + 3 + 32 * 4 == 146
    assert task.privileged_size == 28
    assert [item.noise for item in task.observation] == [0.001, 0.001, 0.002, 0.002, 0.0]
    assert task.episode_steps == 500
    assert task.actions.names == ("m1", "m2", "m3", "m4")


def test_track_also_shows_the_acceleration_ahead():
    task = make_task("track")
    assert task.observation_size == 149 and task.privileged_size == 31
    assert [item.signal for item in task.observation][-2:] == ["acceleration_ahead", "previous_action"]
    assert task.truncate_after_s == pytest.approx(2.0 + 2 * 5.5)


def test_privileged_disturbances_are_in_units_of_their_spread():
    task = make_task("hover", vehicle="x500")
    scale = {item.signal: item.scale for item in task.privileged}
    assert scale["disturbance_force"] == pytest.approx(20 / (2.0 * 9.81))
    assert scale["disturbance_torque"] == pytest.approx(10_000 / (2.0 * 9.81))


def test_plain_data_makes_a_task():
    task = make_task("track", vehicle="x500", reference={"kind": "waypoints", "points": [[0, 0, 1], [1, 1, 2]]})
    assert task.vehicle.name == "x500" and task.reference == Waypoints(((0, 0, 1), (1, 1, 2)))
    assert task.truncate_after_s == pytest.approx(task.reference.duration_s + 2.0)
    assert make_task("hover", position=[0, 0, 2], yaw=0.5).reference == Hold((0, 0, 2), 0.5)
    assert make_task("track").reference == Lissajous()


def test_all_tasks_are_registered_under_their_own_name():
    assert all(factory().name == name for name, factory in TASKS.items())


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: make_task("hoover"), r"unknown task 'hoover'; did you mean 'hover'\?"),
        (lambda: make_task("hover", positon=(0, 0, 1)), r"no parameter 'positon'; did you mean 'position'\?"),
        (
            lambda: replace(make_task("hover"), observation=(Observe("velocty"),)),
            r"unknown signal 'velocty'; did you mean 'velocity",
        ),
        (lambda: Observe("velocity", noise=-1.0), r"noise of velocity is -1.0; allowed: 0 to"),
        (lambda: Observe("velocity", history=0), r"history of velocity is 0; allowed: whole numbers 1 to 1024"),
        (lambda: Disturbance(force_std_mg=float("nan")), r"force_std_mg is nan"),
        (lambda: UprightWithin(degrees=200), r"degrees is 200; allowed: 0 to 180"),
        (lambda: OutsideCube(0.0), r"half_width is 0.0; allowed"),
        (lambda: Randomisation(mass=1.5), r"mass is 1.5; allowed: 0 to 0.9"),
        (lambda: replace(make_task("hover"), dt=0.2), r"dt of task hover .* is 0.2; allowed: 1e-05 to 0.15"),
        (lambda: replace(make_task("hover"), observation=()), r"observes nothing"),
        (
            lambda: replace(make_task("hover"), observation=(Observe("velocity", history=2), Observe("attitude"))),
            r"velocity has history 2 but is not the last item",
        ),
        (lambda: replace(make_task("hover"), privileged=(Observe("velocity", noise=0.1),)), r"exact and current"),
    ],
)
def test_bad_tasks_are_refused_with_the_reason(make, message):
    with pytest.raises(TaskError, match=message):
        make()
