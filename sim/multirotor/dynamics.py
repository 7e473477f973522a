"""The equations of motion of one multirotor, as functions of scalars.

Nothing here knows of batches, arrays or threads. The CPU kernels call these functions for each lane of a tile, where
LLVM turns them into vector code; `numba.cuda.jit` kernels can call the same functions, which Numba then compiles for
the GPU. All numbers are float32: a bare ``0.5`` would be a float64 and would promote every product, hence the named
constants.

Model (Eschmann et al. 2024, "Learning to Fly in Seconds", section III), with rotor speeds and actions normalised to
-1..1:

    p' = v                                  q' = 1/2 q * (0, w)
    v' = g + R(q) (0, 0, sum T_i) / m + f / m
    w' = J^-1 (sum (r_i x T_i e_z + s_i kappa T_i e_z) - w x J w + tau)
    n_i' = (u_i - n_i) / t,  t = rise time where u_i >= n_i, else fall time
    T_i = c0 + c1 n_i + c2 n_i^2

integrated by one classic Runge-Kutta step of fourth order with the action held, all states together.
"""

# Every argument is a float32 scalar or one of the tuples below; annotations would only repeat it.
# ruff: noqa: ANN001, ANN201

from typing import NamedTuple

import numpy as np
from numba import njit

# No reassociation: results may then not depend on how a loop was vectorised. Contraction (fused multiply-add) is the
# same for every lane.
FAST = {"contract", "nsz", "arcp"}

device = njit(error_model="numpy", fastmath=FAST, forceinline=True)

HALF = np.float32(0.5)
ONE = np.float32(1.0)
TWO = np.float32(2.0)
SIXTH = np.float32(1.0 / 6.0)
GRAVITY_Z = np.float32(-9.81)


class Airframe(NamedTuple):
    """What the equations need to know of a vehicle: 30 numbers, prepared by `telic.sim.multirotor.parameters`.

    ``alpha_x_1`` is the angular acceleration about body x per newton of thrust of rotor 1 [rad/s^2/N], and
    ``gyro_x = (J_y - J_z) / J_x``. ``rise_half``, ``rise_late``, ``rise_full`` and ``rise_end`` are the shares of the
    way to the commanded speed that a rising rotor has gone at the second, third and fourth stage and at the end of a
    Runge-Kutta step; ``fall_*`` the same for a falling one.
    """

    inverse_mass: float
    thrust_0: float
    thrust_1: float
    thrust_2: float
    alpha_x_1: float
    alpha_x_2: float
    alpha_x_3: float
    alpha_x_4: float
    alpha_y_1: float
    alpha_y_2: float
    alpha_y_3: float
    alpha_y_4: float
    alpha_z_1: float
    alpha_z_2: float
    alpha_z_3: float
    alpha_z_4: float
    gyro_x: float
    gyro_y: float
    gyro_z: float
    inverse_inertia_x: float
    inverse_inertia_y: float
    inverse_inertia_z: float
    rise_half: float
    rise_late: float
    rise_full: float
    rise_end: float
    fall_half: float
    fall_late: float
    fall_full: float
    fall_end: float


class State(NamedTuple):
    """The 17 numbers that move.

    Position [m] and velocity [m/s] in the world frame, attitude (w, x, y, z) body to world, angular velocity [rad/s] in
    the body frame, and normalised rotor speeds.
    """

    px: float
    py: float
    pz: float
    qw: float
    qx: float
    qy: float
    qz: float
    vx: float
    vy: float
    vz: float
    wx: float
    wy: float
    wz: float
    n1: float
    n2: float
    n3: float
    n4: float


class Load(NamedTuple):
    """Acceleration from disturbances and gravity: linear [m/s^2] world frame, angular [rad/s^2] body frame."""

    ax: float
    ay: float
    az: float
    alpha_x: float
    alpha_y: float
    alpha_z: float


@device
def load_from_wrench(fx, fy, fz, tx, ty, tz, body: Airframe):
    """Return the accelerations by gravity, a force (world frame) [N] and a torque (body frame) [N m]."""
    return Load(
        fx * body.inverse_mass,
        fy * body.inverse_mass,
        fz * body.inverse_mass + GRAVITY_Z,
        tx * body.inverse_inertia_x,
        ty * body.inverse_inertia_y,
        tz * body.inverse_inertia_z,
    )


@device
def thrust(n, body: Airframe):
    """Return the thrust of a rotor [N] at normalised speed n."""
    return (body.thrust_2 * n + body.thrust_1) * n + body.thrust_0


@device
def rotor_acceleration(n1, n2, n3, n4, load: Load, body: Airframe):
    """Return the acceleration along body z [m/s^2] and the angular ones [rad/s^2] by thrusts and disturbance."""
    t1, t2, t3, t4 = thrust(n1, body), thrust(n2, body), thrust(n3, body), thrust(n4, body)
    return (
        (t1 + t2 + t3 + t4) * body.inverse_mass,
        load.alpha_x + body.alpha_x_1 * t1 + body.alpha_x_2 * t2 + body.alpha_x_3 * t3 + body.alpha_x_4 * t4,
        load.alpha_y + body.alpha_y_1 * t1 + body.alpha_y_2 * t2 + body.alpha_y_3 * t3 + body.alpha_y_4 * t4,
        load.alpha_z + body.alpha_z_1 * t1 + body.alpha_z_2 * t2 + body.alpha_z_3 * t3 + body.alpha_z_4 * t4,
    )


@device
def derivative(qw, qx, qy, qz, wx, wy, wz, n1, n2, n3, n4, load: Load, body: Airframe):
    """Return the time derivatives of attitude (4), velocity (3) and angular velocity (3)."""
    lift, alpha_x, alpha_y, alpha_z = rotor_acceleration(n1, n2, n3, n4, load, body)
    hx, hy, hz = HALF * wx, HALF * wy, HALF * wz
    double_lift = TWO * lift
    return (
        -(qx * hx) - qy * hy - qz * hz,
        qw * hx + qy * hz - qz * hy,
        qw * hy + qz * hx - qx * hz,
        qw * hz + qx * hy - qy * hx,
        load.ax + double_lift * (qx * qz + qw * qy),
        load.ay + double_lift * (qy * qz - qw * qx),
        load.az + lift - double_lift * (qx * qx + qy * qy),
        alpha_x + body.gyro_x * wy * wz,
        alpha_y + body.gyro_y * wz * wx,
        alpha_z + body.gyro_z * wx * wy,
    )


@device
def rotor_way(n, u, body: Airframe):
    """Return how far a rotor moves by the second, third and fourth stage and by the end of the step.

    The lag is linear and the action is held, so its Runge-Kutta stages have a closed form; the sign of ``u - n``, which
    chooses the time constant, cannot change within a step shorter than that constant.
    """
    way = u - n
    rising = way >= np.float32(0.0)
    return (
        way * (body.rise_half if rising else body.fall_half),
        way * (body.rise_late if rising else body.fall_late),
        way * (body.rise_full if rising else body.fall_full),
        way * (body.rise_end if rising else body.fall_end),
    )


@device
def step(s: State, u1, u2, u3, u4, load: Load, body: Airframe, dt):
    """Return the state after dt [s] under the action u (normalised rotor speed commands), by one Runge-Kutta step.

    The position needs no stages of its own, since nothing depends on it: its increments are those of the velocity.
    """
    half = HALF * dt
    a1, b1, c1, d1 = rotor_way(s.n1, u1, body)
    a2, b2, c2, d2 = rotor_way(s.n2, u2, body)
    a3, b3, c3, d3 = rotor_way(s.n3, u3, body)
    a4, b4, c4, d4 = rotor_way(s.n4, u4, body)

    kqw1, kqx1, kqy1, kqz1, kvx1, kvy1, kvz1, kwx1, kwy1, kwz1 = derivative(
        s.qw, s.qx, s.qy, s.qz, s.wx, s.wy, s.wz, s.n1, s.n2, s.n3, s.n4, load, body
    )
    kqw2, kqx2, kqy2, kqz2, kvx2, kvy2, kvz2, kwx2, kwy2, kwz2 = derivative(
        s.qw + half * kqw1, s.qx + half * kqx1, s.qy + half * kqy1, s.qz + half * kqz1,
        s.wx + half * kwx1, s.wy + half * kwy1, s.wz + half * kwz1,
        s.n1 + a1, s.n2 + a2, s.n3 + a3, s.n4 + a4, load, body,
    )  # fmt: skip
    kqw3, kqx3, kqy3, kqz3, kvx3, kvy3, kvz3, kwx3, kwy3, kwz3 = derivative(
        s.qw + half * kqw2, s.qx + half * kqx2, s.qy + half * kqy2, s.qz + half * kqz2,
        s.wx + half * kwx2, s.wy + half * kwy2, s.wz + half * kwz2,
        s.n1 + b1, s.n2 + b2, s.n3 + b3, s.n4 + b4, load, body,
    )  # fmt: skip
    kqw4, kqx4, kqy4, kqz4, kvx4, kvy4, kvz4, kwx4, kwy4, kwz4 = derivative(
        s.qw + dt * kqw3, s.qx + dt * kqx3, s.qy + dt * kqy3, s.qz + dt * kqz3,
        s.wx + dt * kwx3, s.wy + dt * kwy3, s.wz + dt * kwz3,
        s.n1 + c1, s.n2 + c2, s.n3 + c3, s.n4 + c4, load, body,
    )  # fmt: skip

    sixth = SIXTH * dt
    square = sixth * dt
    qw = s.qw + sixth * (kqw1 + TWO * (kqw2 + kqw3) + kqw4)
    qx = s.qx + sixth * (kqx1 + TWO * (kqx2 + kqx3) + kqx4)
    qy = s.qy + sixth * (kqy1 + TWO * (kqy2 + kqy3) + kqy4)
    qz = s.qz + sixth * (kqz1 + TWO * (kqz2 + kqz3) + kqz4)
    unit = ONE / np.sqrt(qw * qw + qx * qx + qy * qy + qz * qz)
    return State(
        s.px + dt * s.vx + square * (kvx1 + kvx2 + kvx3),
        s.py + dt * s.vy + square * (kvy1 + kvy2 + kvy3),
        s.pz + dt * s.vz + square * (kvz1 + kvz2 + kvz3),
        qw * unit,
        qx * unit,
        qy * unit,
        qz * unit,
        s.vx + sixth * (kvx1 + TWO * (kvx2 + kvx3) + kvx4),
        s.vy + sixth * (kvy1 + TWO * (kvy2 + kvy3) + kvy4),
        s.vz + sixth * (kvz1 + TWO * (kvz2 + kvz3) + kvz4),
        s.wx + sixth * (kwx1 + TWO * (kwx2 + kwx3) + kwx4),
        s.wy + sixth * (kwy1 + TWO * (kwy2 + kwy3) + kwy4),
        s.wz + sixth * (kwz1 + TWO * (kwz2 + kwz3) + kwz4),
        s.n1 + d1,
        s.n2 + d2,
        s.n3 + d3,
        s.n4 + d4,
    )


@device
def rotation_matrix(qw, qx, qy, qz):
    """Return the body-to-world rotation of a unit quaternion, row by row."""
    xx, yy, zz = qx * qx, qy * qy, qz * qz
    return (
        ONE - TWO * (yy + zz), TWO * (qx * qy - qw * qz), TWO * (qx * qz + qw * qy),
        TWO * (qx * qy + qw * qz), ONE - TWO * (xx + zz), TWO * (qy * qz - qw * qx),
        TWO * (qx * qz - qw * qy), TWO * (qy * qz + qw * qx), ONE - TWO * (xx + yy),
    )  # fmt: skip
