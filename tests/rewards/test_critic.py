"""The reward critic: every rule finds what it is for, with its line, and is silent about honest rewards."""

import importlib.util
import sys
from importlib.resources import files
from pathlib import Path

import numpy as np
import pytest

from telic.rewards.bounds import ANYTHING, Bounds, bounds_of, signal_bounds
from telic.rewards.critic.critic import criticise
from telic.rewards.critic.terms import Kinds
from telic.rewards.program import parse_reward
from telic.rewards.signals import readable_signals
from telic.sim.tasks.registry import make_task

_spec = importlib.util.spec_from_file_location("gamed", Path(__file__).with_name("test_gate.py"))
gate = importlib.util.module_from_spec(_spec)
sys.modules["gamed"] = gate
_spec.loader.exec_module(gate)


def written(signals, parameters, *terms, sentence="A test.", success=""):
    """A program of some terms, a line for each; the first is in line 4."""
    lines = [f'"""{sentence}"""', f"def reward({parameters}):", "    return {", *(f"        {term}," for term in terms)]
    tail = f"\n    }}\ndef success({parameters}):\n    return {success}\n" if success else "\n    }\n"
    return parse_reward("\n".join(lines) + tail, signals)


def rules(program, **given):
    return [(each.rule, each.line) for each in criticise(program, **given)]


def stored(program, data):
    return {name: data[name] for name in (*program.inputs, *program.success_inputs)}


# From the graph alone: parameters, terms, and what must be found.
DOUBTFUL = {
    "costs only": ("position", ['"far": -norm(position)'], [("early end pays", None)]),
    "costs and a bounded gain": (
        "position, action",
        ['"far": -1.0 - norm(position) / metre', '"effort": 0.5 * tolerance(norm(action), margin=1.0)'],
        [("early end pays", None)],
    ),
    "end is paid": (
        "position, terminated",
        ['"far": -norm(position)', '"end": 10.0 * terminated'],
        [("end is paid", 5)],
    ),
    "survival": (
        "position, terminated",
        ['"near": tolerance(norm(position), margin=1.0)', '"alive": 0.0 if terminated else 3.0'],
        [("survival dominates", 5)],
    ),
    "only sparse": (
        "position, terminated",
        ['"there": 1.0 * (norm(position) < 0.1)', '"alive": 0.1 * (1.0 - terminated)'],
        [("only sparse", 4)],
    ),
    "uneven difference": (
        "position, next_position, velocity",
        ['"way": 2.0 * norm(position) - norm(next_position)', '"speed": norm(velocity)'],
        [("no difference", 4)],
    ),
    "progress that is a level": (
        "position, velocity",
        ['"progress": tolerance(norm(position), margin=1.0)', '"speed": norm(velocity)'],
        [("no difference", 4)],
    ),
}

HONEST = {
    "a difference": ("position, next_position", ['"progress": 3.0 * (norm(position) - norm(next_position))']),
    "a discounted difference": (
        "position, next_position",
        ['"progress": 0.99 * norm(next_position - (1.0, 0.0, 0.0)) - norm(position - (1.0, 0.0, 0.0))'],
    ),
    "a step's length": ("position, next_position", ['"length": norm(next_position - position)']),
    "alive and near": (
        "position, terminated",
        ['"alive": 1.0 - terminated', '"near": 3.0 * tolerance(norm(position), margin=1.0)'],
    ),
    "a fine for the end": (
        "position, terminated",
        ['"near": tolerance(norm(position), margin=1.0)', '"end": -10.0 * terminated'],
    ),
    "bonus at the goal": (
        "position",
        ['"near": tolerance(norm(position), margin=1.0)', '"there": 1.0 * (norm(position) < 0.1)'],
    ),
}


@pytest.mark.parametrize("name", DOUBTFUL)
def test_graph_is_doubted(name, signals):
    parameters, terms, expected = DOUBTFUL[name]
    assert rules(written(signals, parameters, *terms)) == expected


@pytest.mark.parametrize("name", HONEST)
def test_honest_graph_is_not(name, signals):
    parameters, terms = HONEST[name]
    assert rules(written(signals, parameters, *terms)) == []


@pytest.mark.parametrize("task", ["hover", "track", "cartpole", "quadruped", "agv", "arm_pick", "hopper", "humanoid"])
def test_packaged_rewards_are_not_doubted(task):
    source = (files("telic.rewards") / "library" / f"{task}.py.txt").read_text()
    assert criticise(parse_reward(source, make_task(task).schema)) == ()


def test_what_the_sentence_names_must_be_read():
    signals = make_task("cartpole").schema
    source = '"""Keep the pole upright and the cart in the middle."""\ndef reward(pole_direction):\n'
    (doubt,) = criticise(parse_reward(source + '    return {"up": pole_direction[0]}\n', signals))
    assert doubt.rule == "unread" and "'cart'" in doubt.reason and "cart_position, cart_velocity" in doubt.reason
    both = source.replace("(pole_direction)", "(pole_direction, cart_position)")
    program = parse_reward(both + '    return {"up": pole_direction[0], "mid": -abs(cart_position[0])}\n', signals)
    assert criticise(program) == ()
    assert [each.rule for each in criticise(program, sentence="slowly, with little effort")] == ["unread"]


def test_survival_that_hides_what_the_state_makes(signals, flight_data):
    program = written(signals, "position, terminated", '"all": 1.0 - terminated - 0.001 * norm(position) / metre')
    (doubt,) = criticise(program, stored=stored(program, flight_data(500)))
    assert doubt.rule == "survival dominates" and "every step that goes on earns 1, and what the state" in doubt.reason
    louder = written(signals, "position, terminated", '"all": 1.0 - terminated - 0.1 * norm(position) / metre')
    assert rules(louder, stored=stored(louder, flight_data(500))) == []


def test_what_success_is_about_must_be_read(signals):
    program = written(signals, "velocity", '"still": tolerance(norm(velocity), margin=1.0)')
    assert rules(program, goal=("next_position", "terminated")) == [("goal unread", None)]
    assert rules(program, goal=("next_velocity", "position")) == []
    assert rules(program, goal=("terminated",)) == []
    cart = make_task("cartpole").schema
    by_angle = written(cart, "pole_angle", '"up": tolerance(pole_angle[0], margin=1.0)')
    assert rules(by_angle, goal=("pole_direction",)) == []
    assert rules(by_angle, goal=("cart_position",)) == [("goal unread", None)]


def test_term_that_is_not_heard(signals, flight_data):
    program = written(signals, "position, velocity", '"a": norm(position)', '"b": 1e-6 * norm(velocity)')
    assert rules(program, stored=stored(program, flight_data(500))) == [("unheard", 5)]
    later = written(signals, "position, velocity", '"a": norm(position)', '"b": tolerance(norm(velocity), margin=0.2)')
    assert rules(later, stored=stored(later, flight_data(500, scale=10.0))) == [("saturated", 5)]


def test_bonus_that_no_step_reached_and_nothing_leads_to(signals, flight_data):
    terms = '"speed": norm(velocity)', '"there": 5.0 * (norm(position) < 0.001)'
    program = written(signals, "position, velocity", *terms)
    data = stored(program, flight_data(500))
    (doubt,) = criticise(program, stored=data)
    assert (doubt.rule, doubt.line) == ("never reached", 5) and "0 in all of 500 steps" in doubt.reason
    led = written(signals, "position, velocity", *terms, '"near": norm(position)')
    assert rules(led, stored=data) == []


def test_margin_that_is_too_small(signals, flight_data):
    program = written(signals, "position", '"near": tolerance(norm(position), margin=0.01)')
    (doubt,) = criticise(program, stored=stored(program, flight_data(500)))
    assert (doubt.rule, doubt.line) == ("saturated", 4) and "100% of the steps" in doubt.reason
    wide = written(signals, "position", '"near": tolerance(norm(position), margin=2.0)')
    assert rules(wide, stored=stored(wide, flight_data(500))) == []


def test_success_that_earns_less(signals, flight_data):
    program = written(signals, "position", '"far": norm(position)', success="norm(position) < 1.0")
    (doubt,) = criticise(program, stored=stored(program, flight_data(500)))
    assert (doubt.rule, doubt.line) == ("success contradicts", 7)
    right = written(signals, "position", '"near": 9.0 - norm(position)', success="norm(position) < 1.0")
    assert rules(right, stored=stored(right, flight_data(500))) == []


def episodes_doubt(known, line, line_of=None):
    parameters, _, terms = line.partition(": ")
    schema = known.stored[0].replay.schema
    program = written((*schema.signals, schema.action), parameters, *terms.split("; "))
    return (
        [each for each in criticise(program, known=known) if each.rule == line_of]
        if line_of
        else rules(program, known=known)
    )


def test_episodes_show_that_only_lasting_is_paid(balance):
    (doubt,) = episodes_doubt(
        balance,
        'pole_direction, terminated: "alive": 1.0 - terminated; "up": 0.01 * exp(pole_direction[0])',
        "survival dominates",
    )
    assert doubt.line == 4 and "is for lasting, by alive" in doubt.reason


def test_episodes_show_that_success_earns_less(swing_up):
    (doubt,) = episodes_doubt(swing_up, 'pole_direction: "up": 0.1; "down": -pole_direction[0]', "success contradicts")
    assert doubt.line == 5 and "by term 'down'" in doubt.reason


def test_episodes_show_that_rest_pays(swing_up):
    (doubt,) = episodes_doubt(swing_up, 'pole_angle: "hang": abs(wrap_angle(pole_angle[0]))', "rest pays")
    assert "a step of doing nothing earns 3.06" in doubt.reason


def test_episodes_show_that_an_early_end_pays(flights):
    (doubt,) = episodes_doubt(
        flights,
        'position, reference_position: "a": 0.1 - norm(position - reference_position) / (0.1 * metre)',
        "early end pays",
    )
    assert "of the episodes without success" in doubt.reason


@pytest.mark.parametrize(("name", "reward"), [(name, reward) for name in gate.GAMED for reward in gate.GAMED[name]])
def test_every_gamed_reward_is_doubted(name, reward, request):
    known = request.getfixturevalue(name)
    program = gate.program(gate.GAMED[name][reward][1], known)
    replay = known.stored[-1].replay
    steps = replay.read(replay.slots().ravel()).inputs(program.inputs)
    goal = gate.packaged(gate.TASKS[name], known).success_inputs
    assert criticise(program, goal=goal, stored=steps, known=known)


@pytest.mark.parametrize(("name", "task"), [("swing_up", "cartpole"), ("balance", "cartpole"), ("flights", "hover")])
def test_episodes_do_not_doubt_the_reward_of_the_task(name, task, request):
    known = request.getfixturevalue(name)
    source = (files("telic.rewards") / "library" / f"{task}.py.txt").read_text()
    schema = known.stored[0].replay.schema
    assert criticise(parse_reward(source, (*schema.signals, schema.action)), known=known) == ()


@pytest.mark.parametrize(
    ("expression", "low", "high"),
    [
        ("norm(position)", 0.0, np.inf),
        ("tolerance(norm(position), margin=0.5, sigmoid='long_tail')", 0.0, 1.0),
        ("tolerance(position[0], bound=1.0, margin=0.5, sigmoid='cosine')", 0.0, 1.0),
        ("2.0 - 3.0 * rotation[2, 2]", -1.0, 5.0),
        ("square(rotation[2, 2]) - 0.5", -0.5, 0.5),
        ("rotation[0, 0] * rotation[0, 1]", -1.0, 1.0),
        ("clip(position[0], -1.0, 2.0)", -1.0, 2.0),
        ("1.0 * (position[0] < 1.0)", 0.0, 1.0),
        ("tanh(position[0] / metre)", -1.0, 1.0),
        ("sqrt(maximum(4.0 - rotation[0, 0], 0.0))", np.sqrt(3.0), np.sqrt(5.0)),
        ("1.0 / (2.0 + rotation[0, 0])", 1.0 / 3.0, 1.0),
        ("position[0] / (position[1] + 0.0 * metre)", -np.inf, np.inf),
    ],
)
def test_bounds_hold_and_are_these(reward_of, flight_data, expression, low, high):
    program = reward_of(expression)
    inputs = {signal.name: signal_bounds(signal) for signal in readable_signals(program.signals).values()}
    found = bounds_of(program.term_list[0].node, inputs)
    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))
    data = stored(program, flight_data(300))
    if "rotation" in data:
        data["rotation"] = np.clip(data["rotation"], -1.0, 1.0)
    values = program.total(data)
    assert low - 1e-5 <= values.min() and values.max() <= high + 1e-5


def random_values(signal, rows, rng):
    if signal.name == "terminated":
        return rng.integers(2, size=rows).astype(np.float32)
    if signal.shape == (3, 3) and signal.unit == "1":
        return np.linalg.qr(rng.normal(size=(rows, 3, 3)))[0].astype(np.float32)
    return (3.0 * rng.normal(size=(rows, *signal.shape))).astype(np.float32)


@pytest.mark.parametrize(
    "path", sorted((files("telic.rewards") / "library").glob("*.py.txt")), ids=lambda path: path.name
)
def test_packaged_rewards_stay_within_their_bounds(path):
    name = path.name.removesuffix(".py.txt").removesuffix("_sparse")
    program = parse_reward(path.read_text(), make_task(name).schema)
    signals = readable_signals((*program.signals, *program.remembered)).values()
    rng = np.random.default_rng(0)
    data = {signal.name: random_values(signal, 500, rng) for signal in signals}
    terms, kinds = program.terms(data), Kinds(program)
    ended = data["terminated"] > 0.0
    for term, values in terms.items():
        for bounds, found in ((kinds.going_on[term], values[~ended]), (kinds.ending[term], values[ended])):
            slack = 1e-5 * max(1.0, float(np.abs(found).max()))
            assert bounds.low - slack <= found.min() and found.max() <= bounds.high + slack, (term, bounds)


def test_bounds_follow_a_known_condition(reward_of):
    node = reward_of("0.0 * norm(position) + (5.0 if terminated else 1.0)").term_list[0].node
    assert bounds_of(node, {"terminated": Bounds(0.0, 0.0)}) == Bounds(1.0, 1.0)
    assert bounds_of(node, {"terminated": Bounds(1.0, 1.0)}) == Bounds(5.0, 5.0)
    assert bounds_of(node, {}) == Bounds(1.0, 5.0)
    assert bounds_of(reward_of("position[0]").term_list[0].node, {}) == ANYTHING
