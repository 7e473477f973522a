"""The reward programs that the writer leaves: they pass the checker, and say what the sentence says."""

import importlib.resources

import numpy as np
import pytest
import torch

from telic.rewards.program import RewardProgram, parse_reward
from telic.rewards.writer import HOVER_ACTION, write
from telic.rewards.writing.template import WEIGHTS, packaged
from telic.sim.tasks.hover import hover

TERMS = ("alive", "place", "away", "still", "upright", "heading", "spin", "effort", "smooth")
SENTENCES = (
    "hover one metre above the ground and hold still",
    "hover gently and precisely at (1, -2, 3), facing right",
    "spin clockwise at 45 degrees per second",
    "climb quickly to 2 m",
    "fly a figure eight two metres wide",
    "fly a square, slowly",
)


def program(sentence: str, **options) -> RewardProgram:
    return parse_reward(write(sentence, use_model=False, **options).reward_source, hover().schema)


def flight(position=(0.0, 0.0, 1.0), yaw=0.0, **changes) -> dict[str, np.ndarray]:
    """One sample: upright at a point, at rest, holding its own weight."""
    cos, sin = np.cos(yaw), np.sin(yaw)
    arrays = {
        "position": position,
        "velocity": (0.0, 0.0, 0.0),
        "rotation": ((cos, -sin, 0.0), (sin, cos, 0.0), (0.0, 0.0, 1.0)),
        "angular_velocity": (0.0, 0.0, 0.0),
        "action": (HOVER_ACTION,) * 4,
        "previous_action": (HOVER_ACTION,) * 4,
        "reference_position": position,
        "reference_velocity": (0.0, 0.0, 0.0),
        "reference_yaw": yaw,
        **changes,
    }
    return {name: np.asarray([value], np.float32) for name, value in arrays.items()}


@pytest.mark.parametrize("sentence", SENTENCES)
def test_every_program_passes_the_checker_and_keeps_the_sentence(sentence):
    reward = program(sentence)
    assert reward.term_names == TERMS
    assert reward.unused == ()
    assert reward.sentence.rstrip(".").lower() == sentence.lower()
    assert reward.success(flight()) is not None


def test_a_held_point_stands_in_the_program_as_numbers():
    source = write("hover half a metre up and face left", use_model=False).reward_source
    assert "TARGET = (0.0, 0.0, 0.5)" in source
    assert "NOSE = (0.0, 1.0)" in source
    assert "reference" not in source


def test_a_moving_reference_is_followed_by_its_signals():
    inputs = program("fly a circle").inputs
    assert "reference_position" in inputs
    assert "reference_velocity" in inputs


def test_at_the_target_the_reward_is_best_and_of_order_one():
    reward = program("hover at 1 m")
    best = reward.total(flight())[0]
    assert 1.0 <= best <= 2.0
    worse = {
        "place": flight((0.05, 0.0, 1.0)),
        "still": flight(velocity=(0.3, 0.0, 0.0)),
        "heading": flight(yaw=0.5),
        "spin": flight(angular_velocity=(0.0, 1.0, 0.0)),
        "effort": flight(action=(0.5,) * 4, previous_action=(0.5,) * 4),
        "smooth": flight(previous_action=(0.1,) * 4),
    }
    for term, sample in worse.items():
        assert reward.total(sample)[0] < best
        assert reward.terms(sample)[term][0] < reward.terms(flight())[term][0]


def test_to_end_an_episode_is_never_better_than_to_fly_on():
    reward = program("hover at 1 m")
    # As far out as episodes go, fast, tilted by 90 degrees and with full thrust on two rotors.
    sideways = ((0.0, 0.0, 1.0), (0.0, 1.0, 0.0), (-1.0, 0.0, 0.0))
    sample = flight((0.3, 0.3, 1.3), velocity=(0.5, 0.5, 0.5), rotation=sideways, action=(1.0, 1.0, -1.0, -1.0))
    assert reward.total(sample)[0] > -2.0
    assert reward.total(flight((0.2, 0.2, 1.2)))[0] > 0.0


def test_a_small_offset_still_has_a_slope():
    reward = program("hover at 1 m")
    for offset in (1e-1, 1e-2, 1e-3):
        tensors = {name: torch.tensor(array) for name, array in flight((offset, 0.0, 1.0)).items()}
        tensors["position"].requires_grad_()
        sum(reward.torch_terms(tensors).values()).sum().backward()
        assert tensors["position"].grad[0, 0] <= -WEIGHTS["hover"].place


def test_a_spin_is_rewarded_at_its_rate():
    reward = program("spin at 90 degrees per second")
    turning = flight(angular_velocity=(0.0, 0.0, np.pi / 2))
    assert reward.terms(turning)["spin"][0] == pytest.approx(0.0, abs=1e-6)
    assert reward.terms(flight())["spin"][0] < -0.01


def test_success_is_within_twenty_centimetres():
    reward = program("hover at (1, 1, 1)")
    assert reward.success(flight((1.0, 1.1, 1.1)))[0]
    assert not reward.success(flight((1.0, 1.0, 1.25)))[0]


def test_manners_change_weights():
    plain, smooth = program("hover"), program("hover smoothly")
    sample = flight(previous_action=(0.0,) * 4)
    assert smooth.terms(sample)["smooth"][0] == pytest.approx(3.0 * plain.terms(sample)["smooth"][0])
    precise, off = program("hover precisely"), flight((0.1, 0.0, 1.0))
    assert precise.terms(off)["place"][0] == pytest.approx(1.5 * plain.terms(off)["place"][0])


def test_the_hover_action_is_the_vehicles():
    reward = program("hover", hover_action=0.612)
    assert reward.terms(flight(action=(0.612,) * 4))["effort"][0] == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize("sentence", ["hover at 1 m \\", "hover\nat\t1 m", 'hover 12" up', "hover at 1 m “now”"])
def test_no_sentence_breaks_the_docstring(sentence):
    source = write(sentence, use_model=False).reward_source
    assert parse_reward(source, hover().schema).term_names == TERMS


@pytest.mark.parametrize("name", ["hover", "track"])
def test_the_packaged_programs_are_the_template_and_pass_the_checker(name):
    library = importlib.resources.files("telic.rewards") / "library"
    text = (library / f"{name}.py.txt").read_text(encoding="utf-8")
    reward = parse_reward(text, hover().schema)
    assert reward.term_names == TERMS
    assert text == packaged(name), f"the template changed: write packaged({name!r}) of writing/template.py to this file"
