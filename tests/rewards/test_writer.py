"""What sentences become: numbers worked out by hand, refusals, and what a brief promises."""

import json
import math
import subprocess
import sys

import numpy as np
import pytest

from telic.rewards.writer import Brief, NotUnderstood, write
from telic.sim.reference import make_reference

PI = math.pi
CENTER = [0.0, 0.0, 1.0]

HOLDS = {
    # sentence: position, yaw [degrees], yaw rate [degrees/s]
    "hover": ([0, 0, 1], 0, 0),
    "hover one metre above the ground and hold still": ([0, 0, 1], 0, 0),
    "hold position at x=1, y=-0.5, z=1.2": ([1, -0.5, 1.2], 0, 0),
    "stay at (0.5, 0, 1)": ([0.5, 0, 1], 0, 0),
    "Hover at 1.5 m.": ([0, 0, 1.5], 0, 0),
    "hover at 1.5": ([0, 0, 1.5], 0, 0),
    "hover two hundred centimetres up": ([0, 0, 2], 0, 0),
    "hover 3 feet above the ground": ([0, 0, 0.9144], 0, 0),
    "hover five feet six inches above the floor": ([0, 0, 1.6764], 0, 0),
    "hover one and a half metres off the ground": ([0, 0, 1.5], 0, 0),
    "hover at three quarters of a metre": ([0, 0, 0.75], 0, 0),
    "hover at a metre and a half": ([0, 0, 1.5], 0, 0),
    "hover at 1½ m": ([0, 0, 1.5], 0, 0),
    "stay half a metre to the left of the start": ([0, 0.5, 1], 0, 0),
    "hover one metre to the right at 1.5 m": ([0, -1, 1.5], 0, 0),
    "hover at (1, 2) one and a half metres above the ground": ([1, 2, 1.5], 0, 0),
    "fly at a height of 1.5 m and stay there": ([0, 0, 1.5], 0, 0),
    "take off and hover at 1.2 m": ([0, 0, 1.2], 0, 0),
    "hover at 1 m and face left": ([0, 0, 1], 90, 0),
    "hover facing right at 1.2 m": ([0, 0, 1.2], -90, 0),
    "face backwards": ([0, 0, 1], 180, 0),
    "yaw 90 degrees": ([0, 0, 1], 90, 0),
    "turn 45 degrees to the right": ([0, 0, 1], -45, 0),
    "rotate 30 degrees clockwise": ([0, 0, 1], -30, 0),
    "make a quarter turn to the left": ([0, 0, 1], 90, 0),
    "turn left by 0.5 rad": ([0, 0, 1], math.degrees(0.5), 0),
    "spin slowly at 30 degrees per second": ([0, 0, 1], 0, 30),
    "hover at 1.5 m and spin clockwise at 20 degrees per second": ([0, 0, 1.5], 0, -20),
    "keep turning to the left at 20 degrees per second": ([0, 0, 1], 0, 20),
    "rotate once every 10 seconds": ([0, 0, 1], 0, 36),
    "spin at 5 rpm": ([0, 0, 1], 0, 30),
    "rotate so that you face right": ([0, 0, 1], -90, 0),
    "hover at one metre eighty": ([0, 0, 1.8], 0, 0),
}

WAYS = {
    # sentence: points, highest speed [m/s]
    "climb to 2 m": ([[0, 0, 1], [0, 0, 2]], 0.5),
    "climb half a metre": ([[0, 0, 1], [0, 0, 1.5]], 0.5),
    "take the drone up to 2 m": ([[0, 0, 1], [0, 0, 2]], 0.5),
    "rise by 40 cm": ([[0, 0, 1], [0, 0, 1.4]], 0.5),
    "levitate one metre higher": ([[0, 0, 1], [0, 0, 2]], 0.5),
    "increase your altitude by 50 cm": ([[0, 0, 1], [0, 0, 1.5]], 0.5),
    "climb to half a metre": ([[0, 0, 0.3], [0, 0, 0.5]], 0.5),
    "hover one metre above the start": ([[0, 0, 1], [0, 0, 2]], 0.5),
    "descend to 0.5 m": ([[0, 0, 1], [0, 0, 0.5]], 0.5),
    "descend by 20 cm": ([[0, 0, 1], [0, 0, 0.8]], 0.5),
    "come down to 2 m": ([[0, 0, 2.5], [0, 0, 2]], 0.5),
    "go forward 1 m": ([[0, 0, 1], [1, 0, 1]], 0.5),
    "fly two metres to the left": ([[0, 0, 1], [0, 2, 1]], 0.5),
    "back up 50 cm": ([[0, 0, 1], [-0.5, 0, 1]], 0.5),
    "move 1 m forward and 1 m up": ([[0, 0, 1], [1, 0, 2]], 0.5),
    "move 1 m to the right, then 2 m up": ([[0, 0, 1], [0, -1, 1], [0, -1, 3]], 0.5),
    "go to (1, 0, 1) at 1 m/s": ([[0, 0, 1], [1, 0, 1]], 1.0),
    "fly to x=1, y=2 at 3.6 km/h": ([[0, 0, 1], [1, 2, 1]], 1.0),
    "hover at 1.5 m, then climb 1 m": ([[0, 0, 1.5], [0, 0, 2.5]], 0.5),
    "climb to 2 m and then descend to 1 m": ([[0, 0, 1], [0, 0, 2], [0, 0, 1]], 0.5),
    "climb one metre in 4 s": ([[0, 0, 1], [0, 0, 2]], 15 / 8 / 4),
    "slowly climb to 2 m": ([[0, 0, 1], [0, 0, 2]], 0.3),
    "visit (0,0,1), (1,0,1) and (1,1,1.5)": ([[0, 0, 1], [1, 0, 1], [1, 1, 1.5]], 0.5),
    "go to (100, 0, 150) cm": ([[0, 0, 1], [1, 0, 1.5]], 0.5),
    "fly from (0,0,1) to (1,1,1)": ([[0, 0, 1], [1, 1, 1]], 0.5),
    "fly to (1,0,1), then to (1,1,1) and return to the start": (
        [[0, 0, 1], [1, 0, 1], [1, 1, 1], [0, 0, 1]],
        0.5,
    ),
    "fly a square with 1 m sides": ([[0, 0, 1], [1, 0, 1], [1, 1, 1], [0, 1, 1], [0, 0, 1]], 0.5),
    "fly a clockwise square with sides of 2 m at 1 m/s": (
        [[0, 0, 1], [2, 0, 1], [2, -2, 1], [0, -2, 1], [0, 0, 1]],
        1.0,
    ),
    "fly a triangle with 1 m sides": ([[0, 0, 1], [1, 0, 1], [0.5, math.sqrt(3) / 2, 1], [0, 0, 1]], 0.5),
    "fly a rectangle 2 m by 1 m": ([[0, 0, 1], [2, 0, 1], [2, 1, 1], [0, 1, 1], [0, 0, 1]], 0.5),
}

EIGHT = {"frequency": [1, 2, 1], "phase": [PI, PI, 0.0]}
CIRCLE = {"frequency": [1, 1, 1], "phase": [PI / 2, 0.0, 0.0]}
CURVES = {
    # sentence: centre, amplitude, period [s], shape
    "fly a figure eight two metres wide, one metre above the ground": (CENTER, [1, 0.5, 0], 5.5, EIGHT),
    "fly a figure eight": (CENTER, [1, 0.5, 0], 5.5, EIGHT),
    "fly a figure-8, 3 m wide, at 1.5 m": ([0, 0, 1.5], [1.5, 0.75, 0], 8.5, EIGHT),
    "fly a figure eight 2 m by 2 m in 6.5 s per lap": (CENTER, [1, 1, 0], 6.5, EIGHT),
    "draw an 8 one metre wide in 5 seconds": (CENTER, [0.5, 0.25, 0], 5.0, EIGHT),
    "fly an infinity sign, one lap every 6 seconds": (CENTER, [1, 0.5, 0], 6.0, EIGHT),
    "climb to 2 m and fly a figure eight": ([0, 0, 2], [1, 0.5, 0], 5.5, EIGHT),
    "fly a circle with a radius of 1 m at 1 m/s": (CENTER, [1, 1, 0], 2 * PI, CIRCLE),
    "fly a circle with a diameter of 3 m in 8 s": (CENTER, [1.5, 1.5, 0], 8.0, CIRCLE),
    "fly a circle 2 m across clockwise at 1.5 m": ([0, 0, 1.5], [1, -1, 0], 5.5, CIRCLE),
    "circle around (1, 0, 1) with a radius of half a metre": ([1, 0, 1], [0.5, 0.5, 0], 5.5, CIRCLE),
    "fly circles at 30 degrees per second": (CENTER, [0.5, 0.5, 0], 12.0, CIRCLE),
    "fly an ellipse 2 m by 1 m": (CENTER, [1, 0.5, 0], 5.5, CIRCLE),
}

REFUSED = {
    # sentence: what the reason must name
    "make me a sandwich": "a sandwich",
    "": "empty",
    "hover " * 100: "characters",
    "hover and then juggle": "juggle",
    "hover while singing": "singing",
    "fly to the kitchen": "to the kitchen",
    "hover above the table": "above the table",
    "hover next to me": "to me",
    "hover at minus 3 metres": "not above the ground",
    "hover 2 m below the ground": "below the ground",
    "hover 500 metres up": "0.3 to 20 m",
    "hover at 10 cm": "0.3 to 20 m",
    "fly to (100, 0, 1)": "-20 to 20 m",
    "fly a figure eight in 0.1 s per lap": "at least 3.8 s",
    "fly a circle at 20 m/s": "0.02 to 3 m/s",
    "fly a square at 30 m/s": "0.02 to 3 m/s",
    "fly 10 cm forward at 3 m/s": "6 m/s\\^2",
    "spin at 1000 rpm": "up to 180",
    "turn by 270 degrees": "-180 to 180",
    "hover for ten hours": "2 to 120 s",
    "do not hover": "what not to do",
    "never fly a circle": "what not to do",
    "hover instead of climbing": "what not to do",
    "do not move forward": "what not to do",
    "stop hovering": "what not to do",
    "hover or climb": "leaves a choice",
    "hover until the bell rings": "depends",
    "hover at 1 m and at 2 m": "two values for the altitude",
    "fly a figure eight 2 m wide and 3 m wide": "two values for the width",
    "fly a circle and a square": "one flight cannot be",
    "hover for 3 s, then climb to 2 m": "waiting",
    "fly a circle and then hover": "one flight cannot be",
    "spin and then stop": "one flight cannot be",
    "climb 1 m, hover for 5 s, then descend 1 m": "waiting",
    "climb to 2 m, then face left": "after something else",
    "fly a spinning circle": "one flight cannot be",
    "turn left and fly forward 1 m": "ambiguous",
    "hover at 3 volts": "volts",
    "hover at 20 %": "percent",
    "hover at 1 m with 3 laps": "lap",
    "fly": "where to go",
    "turn": "how far",
    "visit": "which points",
    "(1, 0, 1)": "what to do",
    "what is a drone": "question",
    "can drones hover?": "question",
    "land": "ground is not simulated",
    "do a flip": "90 degrees",
    "fly a vertical circle": "vertical",
    "hover at 1.5 m tilted by 30 degrees": "tilted",
}


@pytest.mark.parametrize("sentence", HOLDS)
def test_a_point_to_hold_is_read_with_its_heading(sentence):
    position, yaw, yaw_rate = HOLDS[sentence]
    brief = write(sentence, use_model=False)
    assert brief.task == "hover"
    assert brief.reference["kind"] == "hold"
    assert brief.reference["position"] == pytest.approx(position)
    assert math.degrees(brief.reference["yaw"]) == pytest.approx(yaw)
    assert math.degrees(brief.reference["yaw_rate"]) == pytest.approx(yaw_rate)


@pytest.mark.parametrize("sentence", WAYS)
def test_a_way_is_read_with_its_points_and_speed(sentence):
    points, speed = WAYS[sentence]
    brief = write(sentence, use_model=False)
    assert brief.task == "track"
    assert brief.reference["kind"] == "waypoints"
    np.testing.assert_allclose(brief.reference["points"], points, atol=1e-9)
    assert brief.reference["speed"] == pytest.approx(speed)


@pytest.mark.parametrize("sentence", CURVES)
def test_a_curve_is_read_with_its_size_and_lap_time(sentence):
    center, amplitude, period, shape = CURVES[sentence]
    brief = write(sentence, use_model=False)
    assert brief.task == "track"
    assert brief.reference["kind"] == "lissajous"
    assert brief.reference["center"] == pytest.approx(center)
    assert brief.reference["amplitude"] == pytest.approx(amplitude)
    assert brief.reference["period_s"] == pytest.approx(period)
    assert {name: brief.reference[name] for name in shape} == shape


def test_the_figure_eight_is_that_of_the_l2f_paper():
    reference = write("fly a figure eight two metres wide", use_model=False).reference
    phi = np.linspace(0.0, 1.0, 50)
    amplitude, frequency, phase = (np.array(reference[name]) for name in ("amplitude", "frequency", "phase"))
    curve = amplitude * np.sin(2 * PI * phi[:, None] * frequency + phase)
    np.testing.assert_allclose(curve[:, 0], np.cos(2 * PI * phi + PI / 2), atol=1e-12)
    np.testing.assert_allclose(curve[:, 1], 0.5 * np.sin(2 * (2 * PI * phi + PI / 2)), atol=1e-12)


@pytest.mark.parametrize("sentence", REFUSED)
def test_what_cannot_be_flown_is_refused_with_the_reason(sentence):
    with pytest.raises(NotUnderstood, match=REFUSED[sentence]) as refused:
        write(sentence, use_model=False)
    assert len(refused.value.nearest) == 3
    json.dumps(refused.value.to_dict())


def test_a_refusal_says_what_was_understood_before_it():
    with pytest.raises(NotUnderstood) as refused:
        write("hover at 2 m and then juggle", use_model=False)
    assert refused.value.understood == ('"hover at 2 m" is to hover',)
    assert '"hover at 2 m" is to hover' in str(refused.value)


def test_refusing_a_sentence_shows_the_supported_one_that_is_nearest():
    with pytest.raises(NotUnderstood) as refused:
        write("visit (0, 0, 1) or (1, 0, 1)", use_model=False)
    sentence, similarity = refused.value.nearest[0]
    assert sentence.startswith("visit (0, 0, 1)")
    assert 0.0 < similarity <= 1.0


def test_assumptions_are_marked_and_conversions_said():
    brief = write("fly a figure eight 6 feet wide", use_model=False)
    assert "6 feet is 1.829 m" in brief.understood
    assert "altitude 1 m (assumed)" in brief.understood
    assert "5.5 s per lap (assumed)" in brief.understood
    assert not any("assumed" in remark for remark in write("hover at (0, 0, 1)", use_model=False).understood)


def test_words_without_a_use_are_reported():
    assert write("hover like a hummingbird at 1 m", use_model=False).ignored == ("like a hummingbird",)


def test_a_low_flight_warns_of_the_ground():
    assert any("ground" in remark for remark in write("hover at 50 cm", use_model=False).understood)
    assert not any("ground, which" in remark for remark in write("hover at 1 m", use_model=False).understood)


@pytest.mark.parametrize("sentence", ["hover for 12 s", "climb to 2 m", "fly a figure eight three times", "spin"])
def test_a_brief_is_plain_data_that_survives_json(sentence):
    brief = write(sentence, use_model=False)
    data = json.loads(json.dumps(brief.to_dict()))
    again = Brief(**{**data, "understood": tuple(data["understood"]), "ignored": tuple(data["ignored"])})
    assert again == brief


def test_durations_follow_from_the_sentence():
    assert write("hover for 12 s", use_model=False).duration_s == 12.0
    assert write("hover", use_model=False).duration_s == 5.0
    # Three laps, and half of the two seconds in which the curve gathers speed.
    assert write("fly a figure eight in 6 s, three laps", use_model=False).duration_s == 3 * 6.0 + 1.0
    # 1 m at 0.5 m/s peak takes 15/8 / 0.5 = 3.75 s, then 10 s of rest.
    assert write("climb 1 m and hold for 10 s", use_model=False).duration_s == 14.0


def test_slugs_name_folders():
    assert write("Hover at 1.5 m!", use_model=False).slug == "hover-at-1-5-m"
    slug = write("hover one metre above the ground and hold still and face left", use_model=False).slug
    assert slug == "hover-one-metre-above-the-ground-and-hold-still"


@pytest.mark.parametrize("sentence", [*HOLDS, *WAYS, *CURVES])
def test_references_can_be_flown_within_the_limits(sentence):
    brief = write(sentence, use_model=False)
    sample = make_reference(brief.reference).sample(np.linspace(0.0, brief.duration_s, 2000))
    assert np.linalg.norm(sample.velocity, axis=1).max() <= 3.0 + 1e-3
    assert np.linalg.norm(sample.acceleration, axis=1).max() <= 6.0 + 1e-2
    assert sample.position[:, 2].min() >= 0.3 - 1e-6
    if brief.reference["kind"] == "waypoints":
        np.testing.assert_allclose(sample.position[-1], brief.reference["points"][-1], atol=1e-5)


def test_the_same_sentence_gives_the_same_brief():
    sentence = "fly a figure eight 1.3 m wide at 2 ft/s, gently"
    assert write(sentence) == write(sentence)
    assert write(sentence.upper().replace("M ", "m ")).reference == write(sentence).reference


def test_a_clear_sentence_needs_neither_torch_nor_the_sentence_model():
    program = (
        "import sys; from telic.rewards.writer import write; write('hover one metre above the ground and hold still');"
        "print([name for name in ('torch', 'transformers', 'sentence_transformers') if name in sys.modules])"
    )
    printed = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout
    assert printed.strip() == "[]"


def test_only_text_is_taken():
    with pytest.raises(TypeError, match="allowed: text"):
        write(3)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="allowed: -1 to 1"):
        write("hover", hover_action=2.0)
