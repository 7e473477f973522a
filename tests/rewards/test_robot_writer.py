"""The built-in writer on tasks with MuJoCo models: what sentences become, and what they are worth on real motion."""

import itertools
import json
import re
import tomllib
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from telic.launch.recorder import Shaken, record_episodes
from telic.replay.reward import total
from telic.rewards.check import check_reward
from telic.rewards.gate import check_order
from telic.rewards.program import RewardProgram, parse_reward
from telic.rewards.writer import NotUnderstood, known_tasks, write_for
from telic.rewards.writing.minilm import model_folder
from telic.rewards.writing.robots.repertoire import repertoire
from telic.sim.mujoco.task import MujocoTask
from telic.sim.tasks.registry import TASKS, make_task

CASES = tomllib.loads((Path(__file__).parent / "robot_sentences.toml").read_text())
IN_SCOPE = [(task, sentence) for task, parts in CASES.items() for sentence in parts["in_scope"]]
REFUSED = [(task, sentence) for task, parts in CASES.items() for sentence in parts["refused"]]

needs_model = pytest.mark.skipif(model_folder() is None, reason="the sentence model is not installed")


@lru_cache(maxsize=32)
def task_named(name: str) -> MujocoTask:
    return make_task(name)


def program(task: str, sentence: str) -> RewardProgram:
    return parse_reward(write_for(task, sentence, use_model=False).reward_source, task_named(task).schema)


def constants(source: str) -> dict[str, list[float]]:
    """The numbers of a program's constants, as they are written."""
    lines = re.findall(r"^([A-Z]+) = ([^#\n]*)", source, re.MULTILINE)
    return {name: [float(number) for number in re.findall(r"-?\d+\.?\d*(?:e-?\d+)?", text)] for name, text in lines}


def test_every_task_on_a_mujoco_model_has_a_repertoire_and_cases():
    mujoco = {name for name in TASKS if name not in ("hover", "track")}
    assert set(known_tasks()) == mujoco == set(CASES)


@pytest.mark.parametrize(("task", "sentence"), IN_SCOPE)
def test_a_sentence_becomes_a_program_with_its_numbers(task, sentence):
    brief = write_for(task, sentence, use_model=False)
    wanted = dict(CASES[task]["in_scope"][sentence])
    assert set(brief.intents) == set(wanted.pop("intents"))
    found = constants(brief.reward_source)
    for name, value in wanted.items():
        assert found[name] == pytest.approx(np.atleast_1d(value).tolist(), abs=1e-6)
    written = parse_reward(brief.reward_source, task_named(task).schema)
    assert written.sentence.rstrip(".").lower() == sentence.rstrip(".").lower()
    assert written.success_term is not None
    assert written.unused == ()


@pytest.mark.parametrize("task", known_tasks())
def test_the_sentences_that_a_refusal_shows_work_and_are_finite_on_shaken_episodes(task):
    made = task_named(task)
    replay = record_episodes(made, Shaken(made, np.random.default_rng(0)), seed=0, worlds=8, steps=12)
    rows = replay.read(replay.slots().ravel())
    for sentence in repertoire(task).sentences:
        written = program(task, sentence)
        terms = written.terms(rows.inputs({*written.inputs, *written.success_inputs}))
        # Each is of order one: none drowns the others, unless an event is rewarded once.
        assert all(np.abs(values).max() < 25.0 for values in terms.values()), sentence
        # Where an episode can be lost, to lose it is never better than to go on.
        if made.terminate and "arrive" not in terms:
            assert total(terms)[rows.terminated == 0.0].mean() > 0.0, sentence
        assert written.success(rows.inputs(set(written.success_inputs))) is not None


@pytest.mark.parametrize(
    ("task", "sentence"),
    [
        ("quadruped", "walk forwards at 0.4 m/s and turn right at 20 deg/s"),
        ("arm_pick", "lift the cube to 20 cm"),
    ],
)
def test_written_programs_pass_the_numeric_checks(task, sentence):
    check_on_shaken_episodes(task, sentence)


@pytest.mark.slow
@pytest.mark.parametrize("task", known_tasks())
def test_every_sentence_that_is_shown_passes_the_numeric_checks(task):
    for sentence in repertoire(task).sentences:
        check_on_shaken_episodes(task, sentence)


def check_on_shaken_episodes(task: str, sentence: str) -> None:
    written, made = program(task, sentence), task_named(task)
    replay = record_episodes(made, Shaken(made, np.random.default_rng(0)), seed=0, worlds=8, steps=12)
    names = {*written.inputs, *written.success_inputs}
    report = check_reward(written, replay.read(replay.slots().ravel()).inputs(names))
    assert report.passed, (sentence, report.findings)


@pytest.mark.parametrize("task", known_tasks())
def test_what_may_be_asked_for_together_has_names_of_its_own(task):
    known = repertoire(task)
    for first, second in itertools.combinations(known.abilities, 2):
        if first.subject == second.subject:
            continue
        for part in ("terms", "costs", "locals"):
            one, other = getattr(first, part), getattr(second, part)
            assert all(one[name] == other[name] for name in one.keys() & other.keys()), (first.name, second.name)
    for ability in known.abilities:
        for name in ability.terms.keys() & known.terms.keys():
            assert ability.subject in known.terms[name].unless, (ability.name, name)


def test_a_lost_episode_is_no_success():
    written = program("hopper", "hop forwards at 1 m/s")
    step = {"next_forward_velocity": np.full((2, 1), 1.0, np.float32), "terminated": np.array([0.0, 1.0], np.float32)}
    assert written.success(step).tolist() == [True, False]


@pytest.mark.parametrize(("task", "sentence"), REFUSED)
def test_what_a_task_cannot_do_is_refused_with_sentences_that_work(task, sentence):
    with pytest.raises(NotUnderstood) as refused:
        write_for(task, sentence, use_model=False)
    assert CASES[task]["refused"][sentence] in refused.value.reason
    assert len(refused.value.nearest) == 3
    assert f"into a reward for {task}" in str(refused.value)


@needs_model
@pytest.mark.parametrize(
    ("task", "sentence", "intent"),
    [
        ("half_cheetah", "scoot along in reverse", "race"),
        ("half_cheetah", "rush forward at 2 m/s", "pace"),
        ("half_cheetah", "spring into the air", "jump"),
        ("quadruped", "whirl around", "turn_on"),
        ("cartpole", "make sure that the stick does not topple", "upright"),
        ("arm_pick", "heave the block up", "lift_up"),
        ("arm_pick", "nudge the cube towards the target", "carry"),
    ],
)
def test_paraphrases_are_understood(task, sentence, intent):
    assert write_for(task, sentence).intents[0] == intent


@needs_model
@pytest.mark.parametrize(
    ("task", "sentence"),
    [
        ("half_cheetah", "do the dishes"),
        ("quadruped", "sing a song"),
        ("quadruped", "explode"),
        ("cartpole", "saw the pole in half"),
        ("arm_pick", "paint the cube red"),
        ("arm_pick", "smash the cube"),
    ],
)
def test_the_sentence_model_takes_no_nonsense(task, sentence):
    with pytest.raises(NotUnderstood):
        write_for(task, sentence)


SPEEDS = [
    (task, ability)
    for task in known_tasks()
    for ability in repertoire(task).abilities
    if ability.name == "pace" and ability.scaled == "speed"
]


@settings(max_examples=80, deadline=None)
@given(
    st.sampled_from(SPEEDS),
    st.floats(0.0, 1.0),
    st.sampled_from([(1.0, "m/s"), (1.0, "metres per second"), (3.6, "km/h"), (100.0, "cm/s")]),
    st.sampled_from(["forwards", "backwards"]),
)
def test_any_speed_within_limits_ends_up_in_the_program(task_and_ability, share, unit, direction):
    task, ability = task_and_ability
    low, high = repertoire(task).limits["speed"]
    speed = round(low + share * (high - low), 3)
    verb = sorted(ability.words - {"stand"})[0]
    brief = write_for(task, f"{verb} {direction} at {speed * unit[0]:.6f} {unit[1]}", use_model=False)
    found = constants(brief.reward_source)
    sign = 1.0 if direction == "forwards" else -1.0
    assert (found.get("SPEED") or found["VELOCITY"])[0] == pytest.approx(sign * speed, abs=2e-6)


@given(st.floats(-50.0, 50.0))
def test_no_speed_outside_of_the_limits_gets_through(speed):
    low, high = repertoire("hopper").limits["speed"]
    sentence = f"hop at {speed:.6f} m/s"
    if low <= abs(round(speed, 6)) <= high:
        assert constants(write_for("hopper", sentence, use_model=False).reward_source)["SPEED"][0] == pytest.approx(
            speed, abs=1e-6
        )
    else:
        with pytest.raises(NotUnderstood, match=r"allowed: 0\.1 to 4 m/s"):
            write_for("hopper", sentence, use_model=False)


FRAGMENTS = """
run walk stand keep hold turn jump lean the torso pole cube goal door gripper at by to 1 2.5 -3 m cm m/s degrees rad/s
forward backwards left up and , then not slowly gently without falling in place (1,0,1) x=1 above within away from
"""


@given(st.sampled_from(known_tasks()), st.lists(st.sampled_from(FRAGMENTS.split()), max_size=10))
@settings(max_examples=100, deadline=None)
def test_any_heap_of_known_words_gets_a_program_or_a_reason(task, fragments):
    try:
        brief = write_for(task, " ".join(fragments), use_model=False)
    except NotUnderstood as refused:
        assert refused.reason
    else:
        parse_reward(brief.reward_source, task_named(task).schema)


def test_what_is_not_said_is_said_to_be_assumed():
    understood = write_for("half_cheetah", "walk slowly", use_model=False).understood
    assert any("slowly is 0.5 m/s (assumed)" in remark for remark in understood)
    assert any("2 is in m/s (assumed)" in remark for remark in write_for("ant", "run at a speed of 2").understood)


def test_manners_change_weights():
    plain, gentle = (program("half_cheetah", f"run at 2 m/s{manner}") for manner in ("", " with little effort"))
    step = {
        "next_forward_velocity": np.zeros((1, 1), np.float32),
        "action": np.ones((1, 6), np.float32),
        "previous_action": np.ones((1, 6), np.float32),
    }
    assert gentle.terms(step)["effort"] == pytest.approx(5.0 * plain.terms(step)["effort"])


def test_a_manner_that_changes_nothing_is_said_to_be_ignored():
    assert write_for("cartpole", "quickly balance the pole", use_model=False).ignored == ("fast",)
    assert write_for("half_cheetah", "run quickly", use_model=False).ignored == ()


def test_an_unknown_task_and_a_sentence_that_is_no_text_are_errors():
    with pytest.raises(ValueError, match="known: acrobot"):
        write_for("my_robot", "walk")
    with pytest.raises(TypeError):
        write_for("ant", 3)  # type: ignore[arg-type]


# What the rewards are worth on motion that was simulated.

GAITS, STEPS, SETTLED = 192, 80, 30


@pytest.fixture(scope="module")
def gaits():
    """Cheetahs whose joints swing in random rhythms: transitions (STEPS, GAITS) and mean speeds (GAITS,)."""
    rng = np.random.default_rng(0)
    size, phase, rhythm = (
        rng.uniform(0.2, 1.0, (GAITS, 6)),
        rng.uniform(0.0, 6.3, (GAITS, 6)),
        rng.uniform(4, 16, (GAITS, 1)),
    )
    world = task_named("half_cheetah").make_world(GAITS, 0)
    steps = []
    previous = np.zeros((GAITS, 6), np.float32)
    for k in range(STEPS):
        action = (size * np.sin(rhythm * 0.05 * k + phase)).astype(np.float32)
        world.step(action)
        after = {f"next_{name}": values.copy() for name, values in world.signals.items()}
        steps.append({**after, "action": action, "previous_action": previous})
        previous = action
    transitions = {name: np.stack([step[name] for step in steps[SETTLED:]]).astype(np.float32) for name in steps[0]}
    return transitions, transitions["next_forward_velocity"][..., 0].mean(axis=0)


def returns(sentence, gaits):
    return program("half_cheetah", sentence).total(gaits[0]).mean(axis=0)


def test_the_sign_of_a_speed_decides_which_gait_is_best(gaits):
    backwards, forwards = (returns(f"run {way} at 1 m/s", gaits) for way in ("backwards", "forwards"))
    speed = gaits[1]
    assert speed.min() < -0.9
    assert speed.max() > 0.9
    assert np.median(speed[np.argsort(backwards)[-5:]]) == pytest.approx(-1.0, abs=0.3)
    assert np.median(speed[np.argsort(forwards)[-5:]]) == pytest.approx(1.0, abs=0.3)
    fast_back, fast_ahead = np.argmin(speed), np.argmax(speed)
    assert backwards[fast_back] > backwards[fast_ahead]
    assert forwards[fast_back] < forwards[fast_ahead]


def test_the_size_of_a_speed_decides_which_gait_is_best(gaits):
    best = {speed: gaits[1][np.argsort(returns(f"run backwards at {speed} m/s", gaits))[-5:]] for speed in (0.4, 1.2)}
    assert np.median(best[0.4]) == pytest.approx(-0.4, abs=0.25)
    assert np.median(best[1.2]) < -0.8


def test_success_means_what_the_sentence_says(gaits):
    speed = gaits[0]["next_forward_velocity"][..., 0]
    success = program("half_cheetah", "run backwards at 1 m/s").success(gaits[0])
    np.testing.assert_array_equal(success, np.abs(speed + 1.0) < 0.25)


def test_a_hopper_that_hops_forward_is_good_at_hopping_forward_and_not_at_hopping_backward(hops):
    def forward_against_standing(sentence):
        returns = hops.returns(program("hopper", sentence))
        return returns[hops.source == "forward"].mean() - returns[hops.source == "standing"].mean()

    assert forward_against_standing("hop forwards at 0.8 m/s") > 0.0
    assert forward_against_standing("hop backwards at 0.8 m/s") < 0.0
    assert forward_against_standing("stand still") < 0.0


@pytest.mark.parametrize(
    ("sentence", "known"),
    [
        ("swing the pole up and keep it upright", "swing_up"),
        ("keep the pole upright with little effort", "balance"),
        ("hop forwards as fast as possible without falling", "hops"),
    ],
)
def test_what_is_written_for_the_task_itself_passes_the_ordering_gate(sentence, known, request):
    task = {"swing_up": "cartpole_swing_up", "balance": "cartpole", "hops": "hopper"}[known]
    report = check_order(program(task, sentence), request.getfixturevalue(known))
    assert report.passed, report.findings


def test_a_vehicle_that_drives_backwards_is_good_at_driving_backwards():
    world = replace(task_named("agv"), terminate=()).make_world(2, 0)
    for _ in range(10):
        # Half a metre per second backwards to one and a half forwards: the middle goes forwards.
        world.step(np.array([[-0.8, 0.0], [-0.2, 0.0]], np.float32))
    after = {f"next_{name}": np.asarray(values, np.float32) for name, values in world.signals.items()}
    nothing = {"action": (2, 2), "previous_action": (2, 2), "terminated": (2,)}
    step = after | {name: np.zeros(shape, np.float32) for name, shape in nothing.items()}
    assert after["next_base_linear_velocity"][:, 0] == pytest.approx([-0.3, 0.3], abs=0.05)
    back, ahead = (program("agv", f"drive {way} at 0.3 m/s").total(step) for way in ("backwards", "forwards"))
    assert back[0] > back[1]
    assert ahead[0] < ahead[1]


def test_the_sentences_of_the_page_about_writers_work():
    page = (Path(__file__).parents[2] / "docs" / "writers.md").read_text(encoding="utf-8")
    shown = re.findall(r'^telic (?:reward write|run) "([^"]+)" --task (\w+)(?! --writer)', page, re.MULTILINE)
    offline = [(task, sentence) for sentence, task in shown if not re.search(f"{sentence}.*--writer llm", page)]
    assert len(offline) >= 4
    for task, sentence in offline:
        assert program(task, sentence).success_term is not None


def test_briefs_are_plain_data():
    brief = write_for("arm_door", "open the door by 30 degrees", use_model=False)
    assert json.loads(json.dumps(brief.to_dict()))["intents"] == ["open_by"]
