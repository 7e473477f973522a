"""Line charts as inline SVG whose colours come from the page's style sheet, so that they follow light and dark."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

_MAX_POINTS = 500
_Y_TICKS = 5
# Pixels for the label of the y axis and the gaps beside it, and for each character of its numbers.
_LABEL, _DIGIT = 32.0, 6.6


@dataclass(frozen=True)
class Series:
    """One line of a chart.

    Attributes:
        name: For the legend; empty for none.
        x: Shape (n,).
        y: Shape (n,); NaN leaves a gap.
        style: Class of the style sheet: ``c1`` ... ``c6``, ``reference``.
    """

    name: str
    x: ArrayLike
    y: ArrayLike
    style: str


@dataclass(frozen=True)
class Chart:
    """A chart and how it is drawn.

    Attributes:
        title: Above the plot.
        series: The lines, first at the back.
        x_label: With the unit, such as ``time [s]``.
        y_label: Likewise.
        width: In CSS pixels, before scaling to the column.
        height: Likewise.
        equal: Same scale on both axes, for paths in space.
        y_from: A value that the y axis shows in any case, or None.
        y_to: Likewise, at the upper end.
    """

    title: str
    series: Sequence[Series]
    x_label: str
    y_label: str
    width: int = 380
    height: int = 220
    equal: bool = False
    y_from: float | None = None
    y_to: float | None = None

    def svg(self) -> str:
        """The chart as one ``<svg>`` element."""
        return _draw(self)


@dataclass(frozen=True)
class _Axis:
    """One axis: data values low..high on pixels start..end."""

    low: float
    high: float
    start: float
    end: float

    def pixel(self, value: Any) -> Any:
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)

    def ticks(self, count: int) -> list[float]:
        step = nice_step((self.high - self.low) / count)
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [index * step for index in range(first, last + 1)]


def nice_step(step: float) -> float:
    """The least of 1, 2, 5 times a power of ten that is not below `step`."""
    power = 10.0 ** math.floor(math.log10(step))
    return next(factor * power for factor in (1.0, 2.0, 5.0, 10.0) if factor * power >= step * (1.0 - 1e-9))


def _draw(chart: Chart) -> str:
    right, top, bottom = 12, 10, 38
    xs = _finite([series.x for series in chart.series])
    ys = _finite([series.y for series in chart.series])
    y = _Axis(*_range(_with(ys, chart.y_from, chart.y_to), 0.06), chart.height - bottom, top)
    widest = max(len(_number(value)) for value in y.ticks(_Y_TICKS))
    x = _Axis(*_range(xs, 0.0), _LABEL + _DIGIT * widest, chart.width - right)
    if chart.equal:
        x, y = _equal(x, y)
    parts = [
        f'<svg class="chart" viewBox="0 0 {chart.width} {chart.height}" role="img" aria-label="{escape(chart.title)}">',
        *_grid(chart, x, y),
        # What stands still is a dot, and lies above the lines.
        *sorted((_line(series, x, y) for series in chart.series), key=lambda mark: mark.startswith("<circle")),
        "</svg>",
    ]
    return "".join(parts)


def _grid(chart: Chart, x: _Axis, y: _Axis) -> list[str]:
    parts = []
    for value in y.ticks(_Y_TICKS):
        at = y.pixel(value)
        parts.append(f'<line class="grid" x1="{x.start:.1f}" x2="{x.end:.1f}" y1="{at:.1f}" y2="{at:.1f}"/>')
        parts.append(
            f'<text class="tick" x="{x.start - 6:.1f}" y="{at + 4:.1f}" text-anchor="end">{_number(value)}</text>'
        )
    for value in x.ticks(max(3, int((x.end - x.start) // 70))):
        at = x.pixel(value)
        parts.append(f'<line class="grid" x1="{at:.1f}" x2="{at:.1f}" y1="{y.start:.1f}" y2="{y.end:.1f}"/>')
        parts.append(
            f'<text class="tick" x="{at:.1f}" y="{y.start + 15:.1f}" text-anchor="middle">{_number(value)}</text>'
        )
    x_at = f'x="{(x.start + x.end) / 2:.1f}" y="{chart.height - 5}"'
    y_at = f'transform="translate(12 {(y.start + y.end) / 2:.1f}) rotate(-90)"'
    for at, label in ((x_at, chart.x_label), (y_at, chart.y_label)):
        parts.append(f'<text class="label" {at} text-anchor="middle">{escape(label)}</text>')
    return parts


def _line(series: Series, x: _Axis, y: _Axis) -> str:
    across, up = _thin(np.asarray(series.x, np.float64), np.asarray(series.y, np.float64))
    commands, pen_down = [], False
    for px, py in zip(x.pixel(across), y.pixel(up), strict=True):
        if not (math.isfinite(px) and math.isfinite(py)):
            pen_down = False
            continue
        commands.append(f"{'L' if pen_down else 'M'}{px:.1f} {py:.1f}")
        pen_down = True
    if commands and len(set(commands)) <= 2 and len({command[1:] for command in commands}) == 1:
        return f'<circle class="dot" cx="{x.pixel(across[-1]):.1f}" cy="{y.pixel(up[-1]):.1f}" r="4"/>'
    title = f"<title>{escape(series.name)}</title>" if series.name else ""
    return f'<path class="line {series.style}" d="{"".join(commands)}">{title}</path>'


def _thin(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """At most `_MAX_POINTS` points, evenly picked, the last one among them."""
    if len(x) <= _MAX_POINTS:
        return x, y
    chosen = np.unique(np.linspace(0, len(x) - 1, _MAX_POINTS).astype(int))
    return x[chosen], y[chosen]


def _finite(columns: Sequence[ArrayLike]) -> NDArray[np.float64]:
    values = np.concatenate([np.asarray(column, np.float64).ravel() for column in columns] or [np.zeros(0)])
    return values[np.isfinite(values)]


def _with(values: NDArray[np.float64], *more: float | None) -> NDArray[np.float64]:
    return np.concatenate([values, [value for value in more if value is not None]])


def _range(values: NDArray[np.float64], margin: float) -> tuple[float, float]:
    if not values.size:
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    if high - low < 1e-9 * max(1.0, abs(high)):
        return low - 0.5, high + 0.5
    return low - margin * (high - low), high + margin * (high - low)


def _equal(x: _Axis, y: _Axis) -> tuple[_Axis, _Axis]:
    """Widen the range of one axis until a metre is as long on both."""
    per_pixel = max((x.high - x.low) * 1.08 / (x.end - x.start), (y.high - y.low) / (y.start - y.end))

    def widened(axis: _Axis) -> _Axis:
        middle, half = (axis.low + axis.high) / 2, per_pixel * abs(axis.end - axis.start) / 2
        return _Axis(middle - half, middle + half, axis.start, axis.end)

    return widened(x), widened(y)


def _number(value: float) -> str:
    """A tick label: no trailing zeros, thousands as k and M, a proper minus sign."""
    for size, suffix in ((1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.4g}{suffix}".replace("-", "\N{MINUS SIGN}")
    return f"{round(value, 10):.4g}".replace("-", "\N{MINUS SIGN}")
