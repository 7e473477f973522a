"""Charts of recorded flights: the way through space, and everything over time."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from telic.control.recording import Flight
from telic.launch.report.chart import Chart, Series

# The PID baseline lies behind the policy, the reference behind both.
STYLES = {"reference": "reference", "PID": "c2", "policy": "c1"}
_AXES = ("x", "y", "z")
# Seen from the front left and above: azimuth and elevation of the viewer.
_AZIMUTH, _ELEVATION = math.radians(-55.0), math.radians(28.0)


@dataclass(frozen=True)
class ChartGroup:
    """Charts that share one legend.

    Attributes:
        charts: In reading order.
        legend: Pairs of a name and a line style.
    """

    charts: Sequence[Chart]
    legend: Sequence[tuple[str, str]] = ()


def path_charts(flights: Mapping[str, Flight]) -> ChartGroup:
    """The way through space: in perspective, and from above or from the side, whichever shows more.

    Args:
        flights: By controller name: ``policy`` and ``PID``.
    """
    ways = {"reference": next(iter(flights.values())).reference_position}
    ways |= {name: flights[name].position for name in STYLES if name in flights}
    spread = np.ptp(np.concatenate(list(ways.values())), axis=0)
    flat = (0, 1) if spread[1] > spread[2] else (0, 2)
    view = "from above" if flat == (0, 1) else "from the side"
    seen = {name: _isometric(way) for name, way in ways.items()}
    charts = [
        Chart(
            "Path in space",
            [Series(name, way[:, 0], way[:, 1], STYLES[name]) for name, way in seen.items()],
            "across [m]",
            "up [m]",
            width=520,
            height=250,
            equal=True,
        ),
        Chart(
            f"Path {view}",
            [Series(name, way[:, flat[0]], way[:, flat[1]], STYLES[name]) for name, way in ways.items()],
            f"{_AXES[flat[0]]} [m]",
            f"{_AXES[flat[1]]} [m]",
            width=520,
            height=250,
            equal=True,
        ),
    ]
    return ChartGroup(charts, [(name, STYLES[name]) for name in ways])


def position_charts(flights: Mapping[str, Flight]) -> ChartGroup:
    """Each coordinate over time, beside its reference."""
    first = next(iter(flights.values()))
    names = [name for name in STYLES if name in flights]
    charts = [
        Chart(
            f"Position {axis}",
            [
                Series("reference", first.time, first.reference_position[:, index], "reference"),
                *(Series(name, flights[name].time, flights[name].position[:, index], STYLES[name]) for name in names),
            ],
            "time [s]",
            f"{axis} [m]",
        )
        for index, axis in enumerate(_AXES)
    ]
    return ChartGroup(charts, [("reference", "reference"), *((name, STYLES[name]) for name in names)])


def attitude_charts(flights: Mapping[str, Flight]) -> ChartGroup:
    """Roll, pitch and yaw over time."""
    names = [name for name in STYLES if name in flights]
    angles = {name: roll_pitch_yaw(flights[name].rotation) for name in names}
    charts = [
        Chart(
            title,
            [Series(name, flights[name].time, angles[name][:, index], STYLES[name]) for name in names],
            "time [s]",
            f"{title.lower()} [deg]",
        )
        for index, title in enumerate(("Roll", "Pitch", "Yaw"))
    ]
    return ChartGroup(charts)


def distance_chart(flights: Mapping[str, Flight]) -> ChartGroup:
    """Distance to the reference over time."""
    lines = [
        Series(name, flights[name].time, 100.0 * flights[name].distance, STYLES[name])
        for name in STYLES
        if name in flights
    ]
    title = "Distance to the reference"
    return ChartGroup([Chart(title, lines, "time [s]", "distance [cm]", width=520, height=232, y_from=0.0)])


def rotor_charts(flights: Mapping[str, Flight]) -> ChartGroup:
    """What each controller tells its rotors over time."""
    rotors = [(f"m{index + 1}", f"c{index + 1}") for index in range(4)]
    charts = [
        Chart(
            f"Rotor commands, {name}",
            [Series(rotor, flight.time, flight.action[:, index], style) for index, (rotor, style) in enumerate(rotors)],
            "time [s]",
            "action [-1 to 1]",
            width=520,
            height=200,
            y_from=-1.0,
            y_to=1.0,
        )
        for name, flight in flights.items()
    ]
    return ChartGroup(charts, rotors)


def roll_pitch_yaw(rotation: NDArray[np.float32]) -> NDArray[np.float32]:
    """Angles (T, 3) [deg] of rotations (T, 3, 3): yaw about z, pitch about y, roll about x; yaw without jumps."""
    roll = np.arctan2(rotation[:, 2, 1], rotation[:, 2, 2])
    pitch = -np.arcsin(np.clip(rotation[:, 2, 0], -1.0, 1.0))
    yaw = np.unwrap(np.arctan2(rotation[:, 1, 0], rotation[:, 0, 0]))
    return np.degrees(np.stack([roll, pitch, yaw], axis=1))


def _isometric(points: NDArray[np.float32]) -> NDArray[np.float64]:
    """World points (n, 3) as seen from afar, (n, 2): across and up."""
    x, y, z = np.asarray(points, np.float64).T
    across = -x * math.sin(_AZIMUTH) + y * math.cos(_AZIMUTH)
    depth = x * math.cos(_AZIMUTH) + y * math.sin(_AZIMUTH)
    up = z * math.cos(_ELEVATION) - depth * math.sin(_ELEVATION)
    return np.stack([across, up], axis=1)
