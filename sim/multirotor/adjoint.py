"""Reverse-mode derivatives of the equations of motion, as functions of scalars.

For a scalar objective L, each function here takes the gradient of L with respect to the outputs of its namesake in
`telic.sim.multirotor.dynamics` and returns the gradient with respect to the inputs. The Runge-Kutta stages are computed
again on the way back, so that nothing but the states themselves needs to be stored.

Notation: ``g_x`` is the gradient of L with respect to x.
"""

# Every argument that is not named by its type is a float32 scalar, or a tuple of them.
# ruff: noqa: ANN001, ANN201, ANN202, D417

import numpy as np

from telic.sim.multirotor.dynamics import (
    HALF,
    ONE,
    SIXTH,
    TWO,
    Airframe,
    Load,
    State,
    derivative,
    device,
    rotor_way,
    thrust,
)

FOUR = np.float32(4.0)


@device
def thrust_slope(n, body: Airframe):
    """Change of a rotor's thrust [N] with its normalised speed."""
    return TWO * body.thrust_2 * n + body.thrust_1


@device
def lift_of(n1, n2, n3, n4, body: Airframe):
    """Acceleration by the rotors along body z [m/s^2]."""
    return (thrust(n1, body) + thrust(n2, body) + thrust(n3, body) + thrust(n4, body)) * body.inverse_mass


@device
def derivative_vjp(qw, qx, qy, qz, wx, wy, wz, lift, g_q, g_v, g_w, body: Airframe):
    """Gradients with respect to attitude (4), angular velocity (3) and lift.

    Args:
        lift: Acceleration by the rotors along body z [m/s^2].
        g_q, g_v, g_w: Gradients with respect to the derivatives of attitude, velocity and angular velocity.
    """
    aw, ax, ay, az = HALF * g_q[0], HALF * g_q[1], HALF * g_q[2], HALF * g_q[3]
    vx, vy, vz = g_v
    tilt_x, tilt_y = TWO * (qx * qz + qw * qy), TWO * (qy * qz - qw * qx)
    upright = ONE - TWO * (qx * qx + qy * qy)
    double_lift = TWO * lift
    return (
        (
            ax * wx + ay * wy + az * wz + double_lift * (vx * qy - vy * qx),
            -aw * wx - ay * wz + az * wy + double_lift * (vx * qz - vy * qw - TWO * vz * qx),
            -aw * wy + ax * wz - az * wx + double_lift * (vx * qw + vy * qz - TWO * vz * qy),
            -aw * wz - ax * wy + ay * wx + double_lift * (vx * qx + vy * qy),
        ),
        (
            -aw * qx + ax * qw + ay * qz - az * qy + body.gyro_y * g_w[1] * wz + body.gyro_z * g_w[2] * wy,
            -aw * qy - ax * qz + ay * qw + az * qx + body.gyro_x * g_w[0] * wz + body.gyro_z * g_w[2] * wx,
            -aw * qz + ax * qy - ay * qx + az * qw + body.gyro_x * g_w[0] * wy + body.gyro_y * g_w[1] * wx,
        ),
        vx * tilt_x + vy * tilt_y + vz * upright,
    )


@device
def rotor_share(n, u, body: Airframe):
    """Shares of the way from n to u that a rotor has gone at stages two to four and at the end of a step."""
    if u >= n:
        return body.rise_half, body.rise_late, body.rise_full, body.rise_end
    return body.fall_half, body.fall_late, body.fall_full, body.fall_end


@device
def rotor_vjp(n, u, alpha_x, alpha_y, alpha_z, g_lifts, g_ws, g_end, body: Airframe):
    """Gradients with respect to one rotor's speed and command.

    Args:
        n, u: Speed at the start of the step, and command.
        alpha_x, alpha_y, alpha_z: Angular acceleration by this rotor per newton [rad/s^2/N].
        g_lifts: Gradient with respect to the lift of each of the four stages.
        g_ws: The same for the angular acceleration (3) of each stage.
        g_end: Gradient with respect to the speed at the end of the step.
    """
    half, late, full, end = rotor_share(n, u, body)
    way = u - n
    g1 = thrust_slope(n, body) * _thrust_gradient(g_lifts[0], g_ws[0], alpha_x, alpha_y, alpha_z, body)
    g2 = thrust_slope(n + way * half, body) * _thrust_gradient(g_lifts[1], g_ws[1], alpha_x, alpha_y, alpha_z, body)
    g3 = thrust_slope(n + way * late, body) * _thrust_gradient(g_lifts[2], g_ws[2], alpha_x, alpha_y, alpha_z, body)
    g4 = thrust_slope(n + way * full, body) * _thrust_gradient(g_lifts[3], g_ws[3], alpha_x, alpha_y, alpha_z, body)
    g_u = g2 * half + g3 * late + g4 * full + g_end * end
    return g1 + g2 + g3 + g4 + g_end - g_u, g_u


@device
def _thrust_gradient(g_lift, g_w, alpha_x, alpha_y, alpha_z, body: Airframe):
    return g_lift * body.inverse_mass + g_w[0] * alpha_x + g_w[1] * alpha_y + g_w[2] * alpha_z


@device
def _add3(a, b):
    return a[0] + b[0], a[1] + b[1], a[2] + b[2]


@device
def _add4(a, b):
    return a[0] + b[0], a[1] + b[1], a[2] + b[2], a[3] + b[3]


@device
def _scale3(factor, a):
    return factor * a[0], factor * a[1], factor * a[2]


@device
def _scale4(factor, a):
    return factor * a[0], factor * a[1], factor * a[2], factor * a[3]


@device
def _along(s: State, h, k):
    """Attitude and angular velocity at s plus h times the derivatives k."""
    return (
        s.qw + h * k[0], s.qx + h * k[1], s.qy + h * k[2], s.qz + h * k[3],
        s.wx + h * k[7], s.wy + h * k[8], s.wz + h * k[9],
    )  # fmt: skip


@device
def step_vjp(s: State, u1, u2, u3, u4, load: Load, body: Airframe, dt, g: State):
    """Gradients with respect to the state before a step and the action, from the gradient g after the step."""
    half, sixth = HALF * dt, SIXTH * dt
    third, square = TWO * sixth, sixth * dt
    a1, b1, c1, _ = rotor_way(s.n1, u1, body)
    a2, b2, c2, _ = rotor_way(s.n2, u2, body)
    a3, b3, c3, _ = rotor_way(s.n3, u3, body)
    a4, b4, c4, _ = rotor_way(s.n4, u4, body)

    # The stages of the forward step.
    x1 = (s.qw, s.qx, s.qy, s.qz, s.wx, s.wy, s.wz)
    k1 = derivative(*x1, s.n1, s.n2, s.n3, s.n4, load, body)
    x2 = _along(s, half, k1)
    k2 = derivative(*x2, s.n1 + a1, s.n2 + a2, s.n3 + a3, s.n4 + a4, load, body)
    x3 = _along(s, half, k2)
    k3 = derivative(*x3, s.n1 + b1, s.n2 + b2, s.n3 + b3, s.n4 + b4, load, body)
    x4 = _along(s, dt, k3)
    k4 = derivative(*x4, s.n1 + c1, s.n2 + c2, s.n3 + c3, s.n4 + c4, load, body)
    lift1 = lift_of(s.n1, s.n2, s.n3, s.n4, body)
    lift2 = lift_of(s.n1 + a1, s.n2 + a2, s.n3 + a3, s.n4 + a4, body)
    lift3 = lift_of(s.n1 + b1, s.n2 + b2, s.n3 + b3, s.n4 + b4, body)
    lift4 = lift_of(s.n1 + c1, s.n2 + c2, s.n3 + c3, s.n4 + c4, body)

    # Back through q / |q|.
    qw = s.qw + sixth * (k1[0] + TWO * (k2[0] + k3[0]) + k4[0])
    qx = s.qx + sixth * (k1[1] + TWO * (k2[1] + k3[1]) + k4[1])
    qy = s.qy + sixth * (k1[2] + TWO * (k2[2] + k3[2]) + k4[2])
    qz = s.qz + sixth * (k1[3] + TWO * (k2[3] + k3[3]) + k4[3])
    unit = ONE / np.sqrt(qw * qw + qx * qx + qy * qy + qz * qz)
    along = (qw * g.qw + qx * g.qx + qy * g.qy + qz * g.qz) * unit * unit
    g_q = (
        (g.qw - along * qw) * unit,
        (g.qx - along * qx) * unit,
        (g.qy - along * qy) * unit,
        (g.qz - along * qz) * unit,
    )
    g_p, g_v, g_w = (g.px, g.py, g.pz), (g.vx, g.vy, g.vz), (g.wx, g.wy, g.wz)

    # Back through the stages, the last first. The position holds the velocity derivatives of the first three.
    g_kv_end, g_kv_middle = _scale3(sixth, g_v), _add3(_scale3(third, g_v), _scale3(square, g_p))
    g_kv_start = _add3(g_kv_end, _scale3(square, g_p))
    q4, w4, g_lift4 = derivative_vjp(*x4, lift4, _scale4(sixth, g_q), g_kv_end, _scale3(sixth, g_w), body)
    g_w4 = _scale3(sixth, g_w)
    g_w3 = _add3(_scale3(third, g_w), _scale3(dt, w4))
    q3, w3, g_lift3 = derivative_vjp(*x3, lift3, _add4(_scale4(third, g_q), _scale4(dt, q4)), g_kv_middle, g_w3, body)
    g_w2 = _add3(_scale3(third, g_w), _scale3(half, w3))
    q2, w2, g_lift2 = derivative_vjp(*x2, lift2, _add4(_scale4(third, g_q), _scale4(half, q3)), g_kv_middle, g_w2, body)
    g_w1 = _add3(_scale3(sixth, g_w), _scale3(half, w2))
    q1, w1, g_lift1 = derivative_vjp(*x1, lift1, _add4(_scale4(sixth, g_q), _scale4(half, q2)), g_kv_start, g_w1, body)
    q = _add4(_add4(_add4(_add4(g_q, q1), q2), q3), q4)
    w = _add3(_add3(_add3(_add3(g_w, w1), w2), w3), w4)

    lifts, ws = (g_lift1, g_lift2, g_lift3, g_lift4), (g_w1, g_w2, g_w3, g_w4)
    n1, m1 = rotor_vjp(s.n1, u1, body.alpha_x_1, body.alpha_y_1, body.alpha_z_1, lifts, ws, g.n1, body)
    n2, m2 = rotor_vjp(s.n2, u2, body.alpha_x_2, body.alpha_y_2, body.alpha_z_2, lifts, ws, g.n2, body)
    n3, m3 = rotor_vjp(s.n3, u3, body.alpha_x_3, body.alpha_y_3, body.alpha_z_3, lifts, ws, g.n3, body)
    n4, m4 = rotor_vjp(s.n4, u4, body.alpha_x_4, body.alpha_y_4, body.alpha_z_4, lifts, ws, g.n4, body)
    return (
        State(
            g.px, g.py, g.pz, q[0], q[1], q[2], q[3],
            g.vx + dt * g.px, g.vy + dt * g.py, g.vz + dt * g.pz, w[0], w[1], w[2], n1, n2, n3, n4,
        ),
        (m1, m2, m3, m4),
    )  # fmt: skip


@device
def rotation_vjp(qw, qx, qy, qz, g):
    """Gradient with respect to a quaternion from that (9) with respect to its rotation matrix, row by row."""
    return (
        TWO * (qx * (g[7] - g[5]) + qy * (g[2] - g[6]) + qz * (g[3] - g[1])),
        TWO * (qy * (g[1] + g[3]) + qz * (g[2] + g[6]) + qw * (g[7] - g[5])) - FOUR * qx * (g[4] + g[8]),
        TWO * (qx * (g[1] + g[3]) + qz * (g[5] + g[7]) + qw * (g[2] - g[6])) - FOUR * qy * (g[0] + g[8]),
        TWO * (qx * (g[2] + g[6]) + qy * (g[5] + g[7]) + qw * (g[3] - g[1])) - FOUR * qz * (g[0] + g[4]),
    )
