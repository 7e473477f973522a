"""Which acts can follow each other in one flight: only ways from point to point."""

from telic.rewards.writing.brief import Refusal
from telic.rewards.writing.clause import Clause
from telic.rewards.writing.vocabulary import Act
from telic.rewards.writing.wish import FIGURES, Wish

STAYING: tuple[Act | None, ...] = ("hover", "hold", "takeoff", None)
TRAVELLING: tuple[Act | None, ...] = ("move", "climb", "descend", "visit", "return")

_ONE = "ask for one manoeuvre; only ways from point to point can follow each other"


def check_sequence(wish: Wish, clause: Clause) -> None:
    """Refuse a turn after something else, and anything after a spin: headings hold for a whole flight."""
    if clause.joiner != "then":
        return
    turns = clause.act in ("turn", "spin") or clause.has("yaw", "face", "rate", "angle_rate")
    if turns and (wish.legs or wish.figure or wish.duration is not None):
        raise Refusal(
            "a turn after something else is not supported", 'say how to face all the time, as in "facing left"'
        )
    if wish.spinning and clause.act is not None and not turns:
        raise _one("spin", clause.act)


def check_order(wish: Wish, before: Act | None, clause: Clause) -> None:
    """Refuse a clause whose act cannot follow what was asked for before it.

    Args:
        wish: What the clauses before it ask for.
        before: The act of the last of them.
        clause: The clause; it has an act.
    """
    act = clause.act
    assert act is not None
    figures = [other for other in clause.acts if other in FIGURES]
    # "spin in circles" only spins; "fly a spinning circle" asks for two things.
    if (
        act in ("spin", "turn")
        and figures
        and (figures != ["circle"] or "move" in clause.acts or "trace" in clause.acts)
    ):
        raise _one(act, figures[0])
    if act in FIGURES:
        _check_figure(wish, before, clause)
    elif wish.figure:
        # "... and keep it smooth" is a manner; "... then hover" is another manoeuvre.
        remark = act == "hold" and clause.joiner != "then" and (clause.slots or _manner_only(clause))
        if act in TRAVELLING or act in ("hover", "takeoff") or (act == "hold" and not remark):
            raise _one(wish.figure, act)
    goes = act in TRAVELLING or act in FIGURES
    if (goes and wish.spinning) or (act == "spin" and (wish.figure or wish.legs)):
        raise Refusal("turning all the time while flying somewhere is not supported", "ask for one of the two")
    if act in TRAVELLING and wish.duration is not None:
        raise Refusal("waiting before a move is not supported", "leave out how long to wait")


def _check_figure(wish: Wish, before: Act | None, clause: Clause) -> None:
    act = clause.act
    assert act is not None
    if any(other in clause.acts for other in ("climb", "descend")):
        raise Refusal("climbing or descending along a figure is not supported", "give the figure one altitude")
    if "vertical" in clause.text or "vertically" in clause.text:
        raise Refusal("a vertical figure is not supported; figures lie level")
    figures = [other for other in clause.acts if other in FIGURES]
    if len(figures) > 1:
        raise _one(*figures[:2])
    if wish.figure not in (None, act):
        raise _one(str(wish.figure), act)
    if before == "hover" or (before == "hold" and (clause.joiner == "then" or wish.duration is not None)):
        raise _one("hover", act)
    if not all(leg.vertical for leg in wish.legs):
        raise _one("move", act)


def _manner_only(clause: Clause) -> bool:
    return bool(clause.manners) and "still" not in clause.manners


def _one(first: str, second: str) -> Refusal:
    return Refusal(f"one flight cannot be a {first.replace('_', ' ')} and a {second.replace('_', ' ')}", _ONE)
