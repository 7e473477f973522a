"""The reward program as an object: fingerprint, inputs, success, and errors that name the culprit."""

import pickle
import re
from pathlib import Path

import numpy as np
import pytest

from telic.replay.reward import Reward
from telic.replay.signal import Signal
from telic.rewards.error import RewardError
from telic.rewards.program import load_reward, parse_reward

SAME = {
    "comments": lambda text: text.replace("    return", "    # Why not.\n    return"),
    "whitespace": lambda text: text.replace("    error =", "\n\n    error  = "),
    "docstring": lambda text: text.replace("hold still", "be still"),
    "names of variables": lambda text: re.sub(r"\berror\b", "distance", text),
    "names of constants": lambda text: text.replace("HOVER", "MIDDLE"),
    "order of parameters": lambda text: text.replace(
        "position, velocity, rotation, action", "action, velocity, position, rotation"
    ),
    "line ends": lambda text: text.replace("\n", "\r\n"),
    "another way to write a square": lambda text: text.replace("square(norm(velocity))", "norm(velocity) ** 2"),
    "success": lambda text: text.replace("< 0.2", "< 0.3"),
}
OTHER = {
    "a weight": lambda text: text.replace("-0.1 *", "-0.2 *"),
    "a constant": lambda text: text.replace("0.667", "0.668"),
    "the name of a term": lambda text: text.replace('"still"', '"calm"'),
    "a signal": lambda text: text.replace("velocity", "reference_velocity"),
    "a function": lambda text: text.replace("square(norm(velocity))", "norm(velocity)"),
}


@pytest.mark.parametrize("change", SAME)
def test_fingerprint_does_not_depend_on(change, hover, hover_source, signals):
    changed = SAME[change](hover_source)
    assert changed != hover_source
    assert parse_reward(changed, signals).fingerprint == hover.fingerprint


@pytest.mark.parametrize("change", OTHER)
def test_fingerprint_depends_on(change, hover, hover_source, signals):
    assert parse_reward(OTHER[change](hover_source), signals).fingerprint != hover.fingerprint


def test_fingerprint_depends_on_the_signals_that_are_read(hover, hover_source, signals):
    in_body = tuple(Signal("velocity", (3,), "m/s", "body") if s.name == "velocity" else s for s in signals)
    more = (*signals, Signal("battery", (), "V"))
    assert parse_reward(hover_source, in_body).fingerprint != hover.fingerprint
    assert parse_reward(hover_source, more).fingerprint == hover.fingerprint


def test_satisfies_the_protocol_of_the_replay(hover):
    assert isinstance(hover, Reward)
    assert hover.inputs == ("position", "velocity", "rotation", "action")
    assert hover.term_names == ("place", "still", "upright", "effort")


def test_sentence_is_the_first_paragraph_of_the_docstring(signals):
    source = '"""Hover\n   still.\n\n   And more.\n"""\ndef reward(position):\n    return {"a": norm(position)}\n'
    assert parse_reward(source, signals).sentence == "Hover still."


def test_source_is_kept_as_written(hover, hover_source):
    assert hover.source == hover_source


def test_total_is_the_sum_of_the_terms(hover, flight_data):
    data = flight_data(10)
    np.testing.assert_allclose(hover.total(data), sum(hover.terms(data).values()), rtol=1e-6)


def test_success_is_a_truth_for_each_sample(hover):
    at = np.float32([[0, 0, 1], [0, 0, 1.1], [0.3, 0, 1]])
    np.testing.assert_array_equal(hover.success({"position": at}), [True, True, False])
    assert hover.success_inputs == ("position",)


def test_without_a_success_function_there_is_none(reward_of, flight_data):
    assert reward_of("norm(position)").success(flight_data(3)) is None


def test_signals_that_are_named_but_not_read_are_no_inputs(signals):
    source = '"""A test."""\ndef reward(position, velocity):\n    return {"a": norm(position)}\n'
    program = parse_reward(source, signals)
    assert program.inputs == ("position",)
    assert program.unused == ("velocity",)


def test_missing_input_is_named(hover, flight_data):
    data = flight_data(3)
    data["positions"] = data.pop("position")
    with pytest.raises(ValueError, match=r"reads 'position', which is not among the inputs; did you mean positions"):
        hover.terms(data)


def test_input_of_the_wrong_shape_is_named(hover, flight_data):
    data = flight_data(3)
    data["velocity"] = data["velocity"][:, :2]
    with pytest.raises(ValueError, match=r"'velocity' has shape \(3, 2\); expected \(batch..., 3"):
        hover.terms(data)


def test_inputs_of_different_batch_shapes_are_named(hover, flight_data):
    data = flight_data(3)
    data["velocity"] = data["velocity"][:2]
    with pytest.raises(ValueError, match=r"'velocity' has batch shape \(2,\), but 'position' has \(3,\)"):
        hover.terms(data)


def test_non_finite_term_is_named_with_row_inputs_and_line(signals, flight_data):
    source = (
        '"""A test."""\ndef reward(position, velocity):\n    return {\n        "fine": norm(velocity),\n'
        '        "near": log(norm(position) / metre),\n    }\n'
    )
    data = flight_data(8)
    data["position"][5] = 0
    with pytest.raises(RewardError) as caught:
        parse_reward(source, signals).terms(data)
    assert caught.value.line == 5
    assert caught.value.message == "term 'near' is -inf at row 5, where position = [0.0, 0.0, 0.0]"


def test_non_finite_input_is_named(hover, flight_data):
    data = flight_data(2, 3)
    data["action"][1, 2, 0] = np.nan
    with pytest.raises(RewardError, match=r"term 'effort' is nan at row \(1, 2\), where action = \[nan"):
        hover.terms(data)


def test_a_large_but_finite_sum_is_not_refused(reward_of):
    data = {"position": np.full((10, 3), 1.5e38, np.float32)}
    assert np.isfinite(reward_of("position[0]").terms(data)["term"]).all()


def test_file_is_loaded_with_its_path_in_errors(tmp_path, hover, hover_source, signals):
    path = tmp_path / "reward.py"
    path.write_text(hover_source)
    assert load_reward(path, signals).fingerprint == hover.fingerprint
    path.write_text(hover_source.replace("error = norm", "error = nrom"))
    with pytest.raises(RewardError, match=rf"^{re.escape(str(path))}:7:13: there is no function 'nrom'"):
        load_reward(path, signals)


def test_missing_file_is_an_os_error(tmp_path, signals):
    with pytest.raises(FileNotFoundError):
        load_reward(tmp_path / "none.py", signals)


def test_a_copy_in_another_process_is_the_same_reward(hover):
    assert pickle.loads(pickle.dumps(hover)).fingerprint == hover.fingerprint


def test_program_over_signals_with_one_name_twice_is_refused(hover_source, signals):
    with pytest.raises(ValueError, match="listed twice"):
        parse_reward(hover_source, (*signals, signals[0]))


def test_pack_does_not_copy_what_fits(hover, flight_data):
    data = flight_data(5)
    packed = hover.pack(data)
    assert [array.shape for array in packed] == [(5, 3), (5, 3), (5, 9), (5, 4)]
    assert np.shares_memory(packed[0], data["position"])


def test_documentation_shows_a_reward_and_an_error_as_they_are(signals):
    page = (Path(__file__).parents[2] / "docs" / "reward_language.md").read_text()
    example = re.findall(r"```python\n(.*?)```", page, re.DOTALL)[0]
    assert parse_reward(example, signals).term_names == ("place", "still", "upright", "effort")
    wrong = '"""A."""\n\n\n\n\ndef reward(position, velocity):\n    error = norm(position) + norm(velocity)\n'
    with pytest.raises(RewardError) as caught:
        parse_reward(wrong + '    return {"a": error}\n', signals, path="reward.py")
    assert str(caught.value) in page
