"""Numbers and units: whatever the form, the value survives."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from telic.rewards.writer import NotUnderstood, write
from telic.rewards.writing.quantity import canonical

SMALL = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
LENGTHS = {
    "m": 1.0,
    "metres": 1.0,
    "meters": 1.0,
    "cm": 0.01,
    "centimetres": 0.01,
    "mm": 0.001,
    "km": 1000.0,
    "ft": 0.3048,
    "feet": 0.3048,
    "inches": 0.0254,
    "yards": 0.9144,
}


def words(number: int) -> str:
    """A whole number below a thousand in English words, the long way round."""
    if number < 20:
        return SMALL[number]
    if number < 100:
        tens = TENS[number // 10 - 2]
        return f"{tens} {SMALL[number % 10]}" if number % 10 else tens
    rest = f" and {words(number % 100)}" if number % 100 else ""
    return f"{SMALL[number // 100]} hundred{rest}"


def only_quantity(text: str):
    reading = canonical(text)
    assert len(reading.quantities) == 1, reading
    return reading.quantities[0]


@given(st.integers(0, 999))
def test_number_words_are_read_back(number):
    assert only_quantity(f"hover at {words(number)} metres").value == number
    assert only_quantity(f"hover at minus {words(number)} metres").value == -number
    assert only_quantity(f"hover at {words(number).replace(' ', '-')} metres").value == number


@given(st.integers(0, 20), st.sampled_from([("half", 0.5), ("quarter", 0.25), ("third", 1 / 3)]))
def test_number_words_with_a_part_are_read_back(number, part):
    name, value = part
    assert only_quantity(f"climb {words(number)} and a {name} metres").value == pytest.approx(number + value)
    assert only_quantity(f"climb {name} a metre").value == pytest.approx(value)
    assert only_quantity(f"climb a {name} of a metre").value == pytest.approx(value)


@given(st.decimals(-500, 500, places=2, allow_nan=False), st.sampled_from(sorted(LENGTHS)), st.booleans())
def test_lengths_in_digits_are_read_back_in_metres(number, unit, space):
    quantity = only_quantity(f"hover at {number}{' ' if space else ''}{unit}")
    assert quantity.dimension == "length"
    assert quantity.value == pytest.approx(float(number) * LENGTHS[unit])


@given(st.integers(30, 2000), st.sampled_from(["cm", "centimetres", "centimeters"]))
def test_an_altitude_in_centimetres_is_the_same_in_digits_words_and_metres(number, unit):
    altitude = number / 100
    for sentence in (
        f"hover at {number} {unit}",
        f"hover {altitude} m above the ground",
        f"hover at an altitude of {altitude:.2f} metres",
        f"stay at z={altitude}",
    ):
        assert write(sentence, use_model=False).reference["position"] == pytest.approx([0, 0, altitude])
    if number < 1000:
        sentence = f"hover {words(number)} {unit} above the ground"
        assert write(sentence, use_model=False).reference["position"][2] == pytest.approx(altitude)


@given(st.floats(-1000, 1000).filter(lambda value: not 0.3 <= value <= 20.0))
def test_no_altitude_outside_of_the_limits_gets_through(altitude):
    with pytest.raises(NotUnderstood, match=r"allowed: 0\.3 to 20 m"):
        write(f"hover at {altitude:.6f} m", use_model=False)


@given(st.integers(-180, 180))
def test_angles_are_read_back_with_their_sense(degrees):
    assert write(f"yaw {degrees} degrees", use_model=False).reference["yaw"] == pytest.approx(math.radians(degrees))
    size = abs(degrees)
    left = write(f"turn {size}° to the left", use_model=False).reference["yaw"]
    right = write(f"rotate clockwise by {words(size)} deg", use_model=False).reference["yaw"]
    assert left == pytest.approx(math.radians(size))
    assert right == pytest.approx(-math.radians(size))


@given(st.tuples(*[st.decimals(-19, 19, places=2) for _ in range(2)], st.decimals("0.3", 19, places=2)))
def test_points_are_read_back_in_every_notation(point):
    x, y, z = point
    for text in (
        f"({x}, {y}, {z})",
        f"[{x} {y} {z}]",
        f"x={x}, y={y}, z={z}",
        f"x {x} y {y} and z {z}",
        f"{x}, {y}, {z}",
    ):
        position = write(f"hover at {text}", use_model=False).reference["position"]
        assert position == pytest.approx([float(value) for value in point])


JOINERS = st.sampled_from([" ", ", ", " and ", ", and "])


@given(st.permutations(range(4)), JOINERS, st.integers(5, 30), st.integers(3, 30), st.integers(60, 200))
def test_the_parts_of_a_figure_may_come_in_any_order(order, joiner, altitude, width, period):
    altitude, width, period = altitude / 10, width / 10, period / 10
    parts = [f"{width} m wide", f"{altitude} m above the ground", f"{period} s per lap", "facing left"]
    reference = write("fly a figure eight " + joiner.join(parts[index] for index in order), use_model=False).reference
    assert reference["center"] == pytest.approx([0, 0, altitude])
    assert reference["amplitude"] == pytest.approx([width / 2, width / 4, 0])
    assert reference["period_s"] == pytest.approx(period)
    assert reference["yaw"] == pytest.approx(math.pi / 2)


@given(
    st.permutations(range(5)),
    JOINERS,
    st.tuples(st.integers(5, 20), st.integers(5, 50), st.integers(5, 12), st.integers(-5, 5), st.integers(-5, 5)),
    st.sampled_from(
        ["with a radius of {r} m", "{r} m in radius", "with a {r} m radius", "of radius {r} m", "{d} m across"]
    ),
    st.sampled_from(["at {z} m", "{z} m above the ground", "at an altitude of {z} m", "at {z} metres altitude"]),
    st.sampled_from(["around ({x}, {y})", "centred on ({x}, {y})", "around x={x}, y={y}"]),
)
def test_the_parts_of_a_circle_may_come_in_any_order_and_wording(order, joiner, numbers, size, height, center):
    radius, altitude, speed = (number / 10 for number in numbers[:3])
    x, y = numbers[3:]
    parts = [
        text.format(r=radius, d=2 * radius, z=altitude, x=x, y=y)
        for text in (size, height, center, f"at {speed} m/s", "clockwise")
    ]
    reference = write("fly a circle " + joiner.join(parts[index] for index in order), use_model=False).reference
    assert reference["center"] == pytest.approx([x, y, altitude])
    assert reference["amplitude"] == pytest.approx([radius, -radius, 0])
    assert reference["period_s"] == pytest.approx(2 * math.pi * radius / speed, rel=1e-3)


@given(st.permutations(range(4)), JOINERS, st.integers(3, 200), st.integers(-180, 180), st.integers(2, 120))
def test_the_parts_of_a_hover_may_come_in_any_order(order, joiner, altitude, degrees, duration):
    parts = [f"at {altitude} dm", f"yaw {degrees} degrees", f"for {duration} s", "x = 2"]
    brief = write("hover " + joiner.join(parts[index] for index in order), use_model=False)
    assert brief.reference["position"] == pytest.approx([2, 0, altitude / 10])
    assert brief.reference["yaw"] == pytest.approx(math.radians(degrees))
    assert brief.duration_s == duration


@given(st.permutations(["forward", "left", "up"]), st.lists(st.integers(20, 80), min_size=3, max_size=3), st.booleans())
def test_offsets_add_up_in_any_order(directions, centimetres, first):
    legs = [
        f"{size} cm {direction}" if first else f"{direction} {size} cm"
        for direction, size in zip(directions, centimetres, strict=True)
    ]
    end = dict(zip(directions, centimetres, strict=True))
    for joiner in (", ", " and ", ", then "):
        points = write("move " + joiner.join(legs), use_model=False).reference["points"]
        assert points[0] == [0, 0, 1]
        assert points[-1] == pytest.approx([end["forward"] / 100, end["left"] / 100, 1 + end["up"] / 100])


@given(st.text(max_size=60))
def test_any_text_gets_a_brief_or_a_reason(text):
    try:
        brief = write(text, use_model=False)
    except NotUnderstood as refused:
        assert refused.reason
    else:
        assert brief.reference["kind"] in ("hold", "waypoints", "lissajous")


FRAGMENTS = """
hover climb descend fly spin turn circle square figure eight left right up down forward then and , . not to at by for in
1 2.5 -3 half a metre m cm s degrees m/s per lap second (1,0,1) (2 x=1 the ground start wide radius visit hold still
slowly small or between 1e9 rpm every N0 L1 | '
"""


@given(st.lists(st.sampled_from(FRAGMENTS.split()), max_size=14))
def test_any_heap_of_known_words_gets_a_brief_or_a_reason(fragments):
    try:
        brief = write(" ".join(fragments), use_model=False)
    except NotUnderstood as refused:
        assert refused.reason
    else:
        assert brief.duration_s <= 120.0


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("5 ft 6 in", 1.6764),
        ("5 feet and 6 inches", 1.6764),
        ('12"', 0.3048),
        ("1 m 20 cm", 1.2),
        ("a metre and twenty centimetres", 1.2),
        ("one and three quarters of a metre", 1.75),
        ("1 1/2 m", 1.5),
        ("¾ m", 0.75),
        ("a couple of metres", 2.0),
        ("one point two five metres", 1.25),
        ("1,500 mm", 1.5),
        ("1.2e1 dm", 1.2),
        ("two hundred and fifty cm", 2.5),
        ("a hundred centimetres", 1.0),
    ],
)
def test_lengths_people_write(text, value):
    assert only_quantity(f"climb {text}").value == pytest.approx(value)


@pytest.mark.parametrize(
    ("text", "dimension", "value"),
    [
        ("3.6 km/h", "speed", 1.0),
        ("one metre per second", "speed", 1.0),
        ("two feet a second", "speed", 0.6096),
        ("10 mph", "speed", 4.4704),
        ("180 deg/s", "rate", math.pi),
        ("30 degrees every second", "rate", math.pi / 6),
        ("6 revolutions per minute", "rate", 0.2 * math.pi),
        ("a minute and thirty seconds", "time", 90.0),
        ("half a minute", "time", 30.0),
        ("a quarter turn", "angle", math.pi / 2),
        ("1.5 rad", "angle", 1.5),
    ],
)
def test_other_quantities_people_write(text, dimension, value):
    quantity = only_quantity(f"fly {text}")
    assert quantity.dimension == dimension
    assert quantity.value == pytest.approx(value)


def test_an_eight_that_is_a_shape_is_no_number():
    assert canonical("fly a figure 8").quantities == ()
    assert canonical("draw an eight in the air").quantities == ()
    assert only_quantity("climb an eight metre tower").value == 8.0
