"""The signals of the multirotor world, and the rows in which it keeps them.

The world stores structure of arrays: one row of float32 per number, one column per vehicle. A signal is a few
neighbouring rows, so that ``signals["position"]`` is a view and no copy.
"""

from telic.replay.signal import Signal

# What the world stores, and what a replay stores of it.
STORED = (
    Signal("position", (3,), "m", "world", "position of the centre of mass"),
    Signal("velocity", (3,), "m/s", "world", "velocity of the centre of mass"),
    Signal("rotation", (3, 3), "1", "world", "rotation matrix from body to world"),
    Signal("angular_velocity", (3,), "rad/s", "body", "angular velocity"),
    Signal("rotor_speed", (4,), "1", "", "rotor speeds, -1 at the lowest and 1 at the highest"),
    Signal("disturbance_force", (3,), "N", "world", "force that the vehicle does not know of, constant in an episode"),
    Signal(
        "disturbance_torque", (3,), "N m", "body", "torque that the vehicle does not know of, constant in an episode"
    ),
    Signal("reference_position", (3,), "m", "world", "where to be"),
    Signal("reference_velocity", (3,), "m/s", "world", "how fast to be there"),
    Signal("reference_acceleration", (3,), "m/s^2", "world", "how the reference velocity changes"),
    Signal("reference_yaw", (), "rad", "", "heading to have"),
    Signal("previous_action", (4,), "1", "", "action of the step before; 0, half rotor speed, at the start"),
)

# What follows from the stored signals: used in observations, never stored.
DERIVED = (
    Signal("position_error", (3,), "m", "reference", "position seen from the reference"),
    Signal("velocity_error", (3,), "m/s", "reference", "velocity relative to the reference"),
    Signal("attitude", (3, 3), "1", "reference", "rotation matrix from body to the heading of the reference"),
    Signal("acceleration_ahead", (3,), "m/s^2", "reference", "acceleration of the reference"),
)

SIGNALS = {signal.name: signal for signal in (*STORED, *DERIVED)}

# Rows of the tile in which a kernel works; the first `STORED_ROWS` of them are also the rows of the world's memory.
# The state comes first, in the order of `telic.sim.multirotor.dynamics.State`.
_ORDER = {
    "position": 3,
    "quaternion": 4,
    "velocity": 3,
    "angular_velocity": 3,
    "rotor_speed": 4,
    "disturbance_force": 3,
    "disturbance_torque": 3,
    "rotation": 9,
    "previous_action": 4,
    "reference_position": 3,
    "reference_velocity": 3,
    "reference_acceleration": 3,
    "reference_yaw": 1,
    "reference_heading": 2,  # Cosine and sine of the reference yaw.
    "position_error": 3,
    "velocity_error": 3,
    "attitude": 9,
    "acceleration_ahead": 3,
}


def _rows() -> dict[str, slice]:
    rows, start = {}, 0
    for name, size in _ORDER.items():
        rows[name] = slice(start, start + size)
        start += size
    return rows


ROWS = _rows()
STATE_ROWS = ROWS["rotor_speed"].stop
FLIGHT_ROWS = ROWS["disturbance_torque"].stop
STORED_ROWS = ROWS["position_error"].start
TILE_ROWS = ROWS["acceleration_ahead"].stop
