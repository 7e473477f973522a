"""Charts as SVG."""

import re
import xml.etree.ElementTree as ET

import numpy as np
import pytest

from telic.launch.report.chart import Chart, Series, nice_step

TIME = np.linspace(0.0, 5.0, 501)


def lines(chart):
    return [element.get("d") for element in ET.fromstring(chart.svg()).iter("path")]


def points(path):
    return np.array([[float(a), float(b)] for a, b in re.findall(r"[ML]([-\d.]+) ([-\d.]+)", path)])


@pytest.mark.parametrize(("step", "nice"), [(0.13, 0.2), (1.0, 1.0), (2.4, 5.0), (70.0, 100.0), (0.0011, 0.002)])
def test_ticks_are_round_numbers(step, nice):
    assert nice_step(step) == pytest.approx(nice)


def test_the_line_spans_the_axes_and_stays_inside():
    chart = Chart("x", [Series("a", TIME, np.sin(TIME), "c1")], "time [s]", "x [m]", width=500, height=200)
    drawn = points(lines(chart)[0])
    assert 30.0 < drawn[:, 0].min() < 80.0
    assert drawn[:, 0].max() == pytest.approx(488.0)
    assert ((drawn[:, 1] > 0) & (drawn[:, 1] < 200)).all()


def test_upwards_is_upwards():
    drawn = points(lines(Chart("x", [Series("a", [0, 1], [0, 1], "c1")], "t", "x"))[0])
    assert drawn[1, 1] < drawn[0, 1]


def test_not_a_number_leaves_a_gap():
    y = np.where((TIME > 2) & (TIME < 3), np.nan, TIME)
    assert lines(Chart("x", [Series("a", TIME, y, "c1")], "t", "x"))[0].count("M") == 2


@pytest.mark.parametrize("values", [[], [np.nan, np.nan], [3.0, 3.0]])
def test_nothing_to_draw_is_still_a_chart(values):
    chart = Chart("x", [Series("a", np.arange(len(values)), values, "c1")], "t", "x")
    assert "nan" not in chart.svg()


def test_long_records_are_thinned_but_end_where_they_end():
    y = np.arange(100_000.0)
    drawn = points(lines(Chart("x", [Series("a", y, y, "c1")], "t", "x"))[0])
    assert len(drawn) <= 500
    assert drawn[-1, 0] == pytest.approx(368.0)


def test_equal_axes_draw_a_circle_round():
    angle = np.linspace(0.0, 2.0 * np.pi, 100)
    drawn = points(lines(Chart("p", [Series("a", np.cos(angle), np.sin(angle), "c1")], "x", "y", equal=True))[0])
    assert np.ptp(drawn[:, 0]) == pytest.approx(np.ptp(drawn[:, 1]), abs=0.5)


def test_names_are_escaped():
    assert "<b>" not in Chart("<b>", [Series("<b>", [0, 1], [0, 1], "c1")], "<b>", "<b>").svg()


def test_a_line_that_never_moves_is_a_dot():
    chart = Chart("p", [Series("a", [1.0, 1.0], [2.0, 2.0], "c1"), Series("b", [0, 1], [0, 3], "c2")], "x", "y")
    assert chart.svg().count("<circle") == 1
