"""System identification recovers what a log was made with."""

import mujoco
import numpy as np
import pytest

pytest.importorskip("mujoco.sysid", reason="needs telic[identify]")

from telic.sim.errors import TaskError
from telic.sim.identify import Log, identify
from telic.sim.mujoco.randomise import Randomise

XML = """
<mujoco>
  <option timestep="0.002"/>
  <worldbody>
    <body name="upper" pos="0 0 1">
      <joint name="shoulder" axis="0 1 0" damping="{damping}"/>
      <geom type="capsule" fromto="0 0 0 0 0 -0.3" size="0.03" mass="1"/>
      <body name="lower" pos="0 0 -0.3">
        <joint name="elbow" axis="0 1 0" damping="0.1"/>
        <geom type="capsule" fromto="0 0 0 0 0 -0.3" size="0.02" mass="{mass}"/>
      </body>
    </body>
  </worldbody>
  <actuator>
    <motor name="shoulder" joint="shoulder"/>
    <motor name="elbow" joint="elbow"/>
  </actuator>
</mujoco>
"""

BALL = """
<mujoco>
  <option timestep="0.002" gravity="0 0 0"/>
  <worldbody>
    <body name="ball">
      <freejoint/>
      <geom type="ellipsoid" size="0.1 0.2 0.3" mass="1"/>
      <site name="top" pos="0 0 0.1"/>
    </body>
  </worldbody>
  <actuator>
    <motor name="push" site="top" gear="1 0 0 0 0 0"/>
    <motor name="turn" site="top" gear="0 0 0 0.1 0.2 0.3"/>
  </actuator>
</mujoco>
"""


def record(model, seconds=6.0, every=5, noise=0.0, seed=0):
    """Return the log of a model under slowly changing random controls."""
    rng = np.random.default_rng(seed)
    data = mujoco.MjData(model)
    rows = round(seconds / (every * model.opt.timestep))
    ctrl = np.repeat(rng.uniform(-1.5, 1.5, (rows // 10 + 1, model.nu)), 10, axis=0)[:rows]
    qpos, qvel = np.zeros((rows, model.nq)), np.zeros((rows, model.nv))
    for t in range(rows):
        qpos[t], qvel[t] = data.qpos, data.qvel
        data.ctrl[:] = ctrl[t]
        mujoco.mj_step(model, data, every)
    qpos += noise * rng.normal(size=qpos.shape)
    qvel += 10.0 * noise * rng.normal(size=qvel.shape)
    return Log(every * model.opt.timestep, qpos, qvel, ctrl)


def arm(mass=0.5, damping=0.1):
    return mujoco.MjModel.from_xml_string(XML.format(mass=mass, damping=damping))


UNKNOWNS = (Randomise("mass", (0.3, 3.0), ("lower",)), Randomise("damping", (0.0, 2.0), ("shoulder",), kind="set"))


def test_mass_and_damping_are_recovered_from_a_clean_log():
    found = identify(arm(), record(arm(mass=0.8, damping=0.35)), UNKNOWNS)
    assert found.value("mass:lower")[0] * 0.5 == pytest.approx(0.8, rel=1e-4)
    assert found.value("damping:shoulder")[0] == pytest.approx(0.35, rel=1e-3)
    assert found.error_after < 1e-4 < found.error_before


def test_with_noise_the_truth_lies_near_and_the_intervals_say_how_near():
    found = identify(arm(), record(arm(mass=0.8, damping=0.35), noise=0.002), UNKNOWNS)
    mass, damping = found.estimates
    assert mass.values[0] * 0.5 == pytest.approx(0.8, rel=0.05)
    assert damping.values[0] == pytest.approx(0.35, rel=0.1)
    assert 0.0 < mass.intervals[0] < 0.1
    narrower = identify(arm(), record(arm(mass=0.8, damping=0.35), noise=0.0002), UNKNOWNS)
    assert narrower.estimates[0].intervals[0] < mass.intervals[0]


def test_a_floating_body_with_quaternions():
    heavy = mujoco.MjModel.from_xml_string(BALL.replace('mass="1"', 'mass="1.7"'))
    found = identify(mujoco.MjModel.from_xml_string(BALL), record(heavy), [Randomise("mass", (0.5, 3.0))])
    assert found.value("mass")[0] == pytest.approx(1.7, rel=1e-3)


def test_what_was_found_becomes_a_narrow_randomisation():
    found = identify(arm(), record(arm(mass=0.8, damping=0.35)), UNKNOWNS)
    mass, damping = found.randomisation(at_least=0.1)
    assert mass.elements == ("lower",) and damping.kind == "set"
    assert mass.range == pytest.approx((1.44, 1.76), rel=1e-2)


def test_a_quantity_that_the_log_does_not_show_has_no_certainty():
    found = identify(arm(), record(arm(mass=0.8)), [UNKNOWNS[0], Randomise("friction", (0.5, 2.0), kind="set")])
    assert found.estimates[1].intervals[0] > 1.0
    assert found.value("mass:lower")[0] * 0.5 == pytest.approx(0.8, rel=1e-3)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (
            lambda log: Log(log.dt, log.qpos[:, :1], log.qvel, log.ctrl),
            "qpos of the log has 1 columns; the model has 2",
        ),
        (lambda log: Log(0.003, log.qpos, log.qvel, log.ctrl), "whole multiples"),
        (lambda log: Log(log.dt, log.qpos[:20], log.qvel[:20], log.ctrl[:20]), "at least one window"),
        (lambda log: Log(log.dt, log.qpos * np.nan, log.qvel, log.ctrl), "qpos[0, 0] of the log is nan"),
        (lambda log: Log(log.dt, log.qpos * 0.0, log.qvel * 0.0, log.ctrl), "nothing moves"),
    ],
)
def test_a_log_that_does_not_fit_is_refused(change, told):
    log = record(arm(), seconds=1.0)
    with pytest.raises(TaskError) as error:
        identify(arm(), change(log), UNKNOWNS)
    assert told in str(error.value)
