"""A language model as one who cuts wishes into subgoals, and as one who proposes environments."""

import json

import numpy as np
import pytest

from telic.replay.signal import Signal
from telic.rewards.llm.environments import Family, propose
from telic.rewards.llm.prompt import TaskDescription
from telic.rewards.llm.record import Record
from telic.rewards.llm.request import Reply
from telic.rewards.llm.structured import RefusedAnswerError
from telic.rewards.llm.subgoals import decompose, subgoal_schema
from telic.rewards.llm.writer import WriterConfig
from telic.rewards.memory import scan
from telic.sim.context import Dimension, OnJoint, OnModel, TaskFamily
from telic.sim.environments import json_schema, parse_environments
from telic.sim.tasks.registry import make_task

SIGNALS = (
    Signal("hand", (3,), "m", "world"),
    Signal("cube", (3,), "m", "world"),
    Signal("cube_seen", (3,), "m", "body"),
    Signal("rotation", (3, 3), "1", "world"),
    Signal("opening", (), "m"),
    Signal("previous_action", (4,)),
)
TASK = TaskDescription("pick", "Pick a cube up", SIGNALS)
CONFIG = WriterConfig("scripted", rounds=3)

LASTS = {"lasts": True}
REACH = {
    "name": "reach",
    "kind": "near",
    "signal": "hand",
    "other": "cube",
    "within": 0.02,
    "scale": 0.3,
    "lasts": True,
}
GRASP = {"name": "grasp", "kind": "below", "signal": "opening", "target": [0.04], "scale": 0.04, "lasts": True}
LIFT = {"name": "lift", "kind": "above", "signal": "cube", "element": 2, "target": [0.2], "scale": 0.2, "lasts": True}


class Scripted:
    """Answers with the items of a list, and keeps the questions."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.requests = []

    def complete(self, request):
        self.requests.append(request)
        answer = self.answers.pop(0)
        return Reply(answer if isinstance(answer, str) else json.dumps(answer), 10, 10)


def subgoals(*items):
    return {"subgoals": list(items)}


def steps(hand, cube, opening):
    """One sample for each row."""
    given = {"next_hand": hand, "next_cube": cube, "next_opening": opening}
    return {name: np.asarray(values, np.float32) for name, values in given.items()}


def test_subgoals_become_a_staged_program():
    model = Scripted(subgoals(REACH, GRASP, LIFT))
    found = decompose(model, CONFIG, "lift the cube to 20 cm", TASK)
    assert [subgoal.name for subgoal in found.subgoals] == ["reach", "grasp", "lift"]
    assert found.problems == ()
    assert found.program.sentence == "Lift the cube to 20 cm."
    assert not found.program.memory
    afar, cube = [0.3, 0.0, 0.5], [0.5, 0.0, 0.02]
    inputs = steps(
        [afar, [0.45, 0, 0.02], cube, cube, [0.5, 0, 0.1], [0.5, 0, 0.21]],
        [cube, cube, cube, cube, [0.5, 0, 0.1], [0.5, 0, 0.21]],
        [0.08, 0.08, 0.08, 0.03, 0.03, 0.03],
    )
    level = found.program.total(inputs)
    assert (np.diff(level) > 0.0).all()
    # Reached in a row: none, none, the first, the first two, ..., all.
    assert np.floor(level).tolist() == [0, 0, 1, 2, 2, 3]
    assert found.program.success(inputs).tolist() == [False] * 5 + [True]


def test_the_question_names_the_signals_and_holds_the_model_to_them():
    model = Scripted(subgoals(REACH))
    decompose(model, CONFIG, "touch the cube", TASK)
    (request,) = model.requests
    assert "cube_seen: Vector[3]  # [m], body frame" in request.messages[-1].content
    assert request.schema == subgoal_schema([signal.name for signal in SIGNALS])
    properties = request.schema["properties"]["subgoals"]["items"]["properties"]
    assert properties["signal"]["enum"][:2] == ["hand", "cube"]


def test_places_to_pass_through_are_remembered():
    corner = {"kind": "at", "signal": "hand", "within": 0.05, "scale": 1.0}
    model = Scripted(
        subgoals(
            {**corner, "name": "first", "target": [1, 0, 0], "lasts": False},
            {**corner, "name": "second", "target": [1, 1, 0], "lasts": False},
            {**corner, "name": "home", "target": [0, 0, 0], "lasts": True},
        )
    )
    program = decompose(model, CONFIG, "visit two corners and come home", TASK).program
    assert [kept.signal.name for kept in program.memory] == ["stage"]
    path = [[0, 0, 0], [0.5, 0, 0], [1, 0, 0], [1, 0.5, 0], [1, 1, 0], [0.5, 0.5, 0], [0, 0, 0]]
    inputs = {"next_hand": np.asarray(path, np.float32)[:, None]}
    first = np.zeros((len(path), 1), bool)
    first[0] = True
    terms, _ = scan(program, inputs, first)
    level = terms["stages"][:, 0]
    # Home at the start counts for nothing: it comes last.
    assert np.floor(level).tolist() == [0, 0, 1, 1, 2, 2, 3]
    assert (np.diff(level) > 0.0).all()


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        ("I would reach first.", "not one JSON object"),
        ({"steps": []}, "wanted"),
        (subgoals(), "allowed: 1 to 8"),
        (subgoals(*[{**REACH, "name": f"reach_{chr(97 + i)}"} for i in range(9)]), "there are 9"),
        (subgoals({**REACH, "signal": "hnd"}), "did you mean hand"),
        (subgoals({**REACH, "other": "cube_seen"}), "cannot be near"),
        (subgoals({**REACH, "other": ""}), "needs other"),
        (subgoals({**REACH, "within": 0}), "within is 0"),
        (subgoals({**REACH, "scale": -1}), "scale is -1"),
        (subgoals({**REACH, "kind": "on"}), "no kind 'on'"),
        (subgoals({**REACH, "signal": "rotation"}), "matrix"),
        (subgoals({**LIFT, "element": 3}), "no element 3"),
        (subgoals({**LIFT, "target": [1, 2]}), "2 numbers"),
        (subgoals({**LIFT, "target": ["high"]}), "finite"),
        (subgoals({**LIFT, "lasts": 1}), "wrong type"),
        (subgoals({**LIFT, "colour": "red"}), "unknown"),
        (subgoals({"name": "x"}), "lacks kind"),
        (subgoals(REACH, REACH), "twice"),
        (subgoals({**REACH, "name": "Reach It"}), "small letters"),
        (subgoals({**REACH, "name": "norm"}, LIFT), ""),
    ],
)
def test_subgoals_that_do_not_fit_the_task_go_back(bad, reason):
    model = Scripted(bad, subgoals(REACH, LIFT))
    found = decompose(model, CONFIG, "lift the cube", TASK)
    if reason:
        assert reason in found.problems[0]
        assert reason in model.requests[1].messages[-1].content
        with pytest.raises(RefusedAnswerError, match="in 3 rounds"):
            decompose(Scripted(*[bad] * 3), CONFIG, "lift the cube", TASK)


def test_what_the_caller_finds_goes_back_too():
    seen = []

    def check(program):
        seen.append(program)
        return ["a success earns less than a failure"] if len(seen) == 1 else []

    model = Scripted(subgoals(LIFT), subgoals(REACH, LIFT))
    found = decompose(model, CONFIG, "lift the cube", TASK, check)
    assert found.program is seen[1]
    assert "earns less" in model.requests[1].messages[-1].content


def test_a_decomposition_replays_offline(tmp_path):
    def session(model):
        return decompose(model, CONFIG, "lift the cube", TASK, sample=1)

    recorded = session(Record(tmp_path, Scripted("No.", subgoals(REACH, LIFT))))
    replayed = session(Record(tmp_path, mode="replay"))
    assert replayed.program.fingerprint == recorded.program.fingerprint
    assert (replayed.subgoals, replayed.problems) == (recorded.subgoals, recorded.problems)


@pytest.fixture(scope="module")
def family():
    return TaskFamily(
        make_task("cartpole_swing_up"),
        (
            Dimension("load", 0.5, 3.0, (OnModel("mass", ("pole",)),), description="How heavy the pole is"),
            Dimension("begin", -2.0, 2.0, (OnJoint("cart"),), unit="m", description="Where the cart starts"),
        ),
    )


def environments(**context):
    return {"environments": [{"name": "light", "context": context, "purpose": "swing"}]}


def asked(model, family, **options):
    told = Family(family.base.name, family.base.description, json_schema(family))
    return propose(model, CONFIG, "swing the pole up", told, lambda text: parse_environments(text, family), **options)


def test_environments_are_proposed_within_the_familys_schema(family):
    model = Scripted(f"Here they are:\n```json\n{json.dumps(environments(load=[0.5, 1.0]))}\n```")
    proposed = asked(model, family)
    (environment,) = proposed.environments
    assert environment.context == {"load": (0.5, 1.0)}
    assert family.within(environment.context) is not None
    (request,) = model.requests
    assert request.schema == json_schema(family)
    assert "How heavy the pole is" in request.messages[-1].content
    assert json.loads(proposed.text) == environments(load=[0.5, 1.0])


@pytest.mark.parametrize(
    ("bad", "reason"),
    [
        (environments(load=9.0), "allowed: 0.5 to 3"),
        (environments(lod=1.0), "load"),
        (environments(begin=[1.0, -1.0]), "the smaller number comes first"),
        ({"environments": []}, "allowed: 1 to 32"),
        ("make the pole lighter", "not JSON"),
    ],
)
def test_environments_that_are_not_allowed_go_back_until_the_rounds_end(family, bad, reason):
    model = Scripted(bad, environments(load=1.0))
    assert reason in asked(model, family).problems[0]
    assert reason in model.requests[1].messages[-1].content
    with pytest.raises(RefusedAnswerError):
        asked(Scripted(*[bad] * 3), family)


def test_how_the_robot_did_goes_back(family):
    report = [
        {"name": "light", "purpose": "swing", "episodes": 40, "success_rate": 0.25},
        {"name": "original", "purpose": "", "episodes": 0, "success_rate": None},
    ]
    model = Scripted(environments(load=1.0))
    asked(model, family, report=report)
    told = model.requests[0].messages[-1].content
    assert "- light (swing): 25% of 40 episodes" in told
    assert "- original: not tried" in told
