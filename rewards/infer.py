"""The typing rules: which shapes, units and frames fit together, and what comes out.

Units. A bare number (a literal, or arithmetic of literals) has no unit of its own: added to metres it is metres, and
multiplied with metres it is a weight and leaves metres. Two quantities are added or compared only in the same unit.
The radian is a unit. exp, log and tanh take pure numbers; sin and cos take radians or pure numbers.

Frames. Components measured in different frames are not added, compared or multiplied. A quantity without a frame fits
every frame.

Shapes. Elementwise operations take equal shapes, or a scalar and an array; nothing else is broadcast.
"""

from telic.replay.unit import Unit, UnitError
from telic.rewards.error import RuleError
from telic.rewards.ir import Type

NUMBER = Unit()
RADIAN = Unit.parse("rad")


def common_shape(a: Type, b: Type, verb: str) -> tuple[int, ...]:
    """The shape of an elementwise operation.

    Raises:
        RuleError: If neither is a scalar and the shapes differ.
    """
    if a.shape and b.shape and a.shape != b.shape:
        raise RuleError(
            f"cannot {verb} shapes {a.shape} and {b.shape}", "take a part first, as in position[:2] or rotation[..., 2]"
        )
    return a.shape or b.shape


def common_frame(a: Type, b: Type, verb: str) -> str:
    """The frame of a sum, a choice or a dot product.

    Raises:
        RuleError: If the two are measured in different frames.
    """
    if a.frame and b.frame and a.frame != b.frame:
        raise RuleError(
            f"cannot {verb} components in the {a.frame} frame and the {b.frame} frame",
            "turn one first: to_world(rotation, v) or to_body(rotation, v)",
        )
    return a.frame or b.frame


def common_unit(a: Type, b: Type, verb: str) -> Unit | None:
    """The unit of a sum, a choice or a comparison; a bare number takes the other's.

    Raises:
        RuleError: If both have units and they differ.
    """
    if a.unit is not None and b.unit is not None and a.unit != b.unit:
        raise RuleError(
            f"cannot {verb} a quantity in {_named(a.unit)} and one in {_named(b.unit)}",
            "make them two terms, or divide each by a scale with its unit, as in norm(position) / (0.5 * metre)",
        )
    return a.unit if a.unit is not None else b.unit


def alike(a: Type, b: Type, verb: str) -> Type:
    """The type of a sum, a difference, a minimum or a choice of two numbers."""
    return Type(common_shape(a, b, verb), common_unit(a, b, verb), common_frame(a, b, verb))


def product(a: Type, b: Type) -> Type:
    """The type of an elementwise product."""
    unit = a.unit * b.unit if a.unit is not None and b.unit is not None else a.unit or b.unit
    return Type(common_shape(a, b, "multiply"), unit, _product_frame(a, b, "multiply"))


def quotient(a: Type, b: Type) -> Type:
    """The type of an elementwise quotient."""
    unit = a.unit if b.unit is None else (a.unit or NUMBER) / b.unit
    return Type(common_shape(a, b, "divide"), unit, _product_frame(a, b, "divide"))


def _product_frame(a: Type, b: Type, verb: str) -> str:
    if a.frame and b.frame and not (a.shape and b.shape):
        # A product of two single components (x * y) belongs to no frame; a vector times a component keeps its own.
        return a.frame if a.shape else b.frame if b.shape else ""
    return common_frame(a, b, verb)


def root(a: Type) -> Type:
    """The type of a square root.

    Raises:
        RuleError: If the unit has an odd power.
    """
    try:
        return Type(a.shape, None if a.unit is None else a.unit.root(), a.frame)
    except UnitError as error:
        raise RuleError(str(error), "divide by a scale with its unit first, as in sqrt(x / (1.0 * metre))") from None


def pure(a: Type, function: str, *, radians: bool = False) -> Type:
    """The type of exp, log, tanh, sin or cos.

    Args:
        a: Type of the argument.
        function: Its name, for the message.
        radians: Whether an angle is welcome.

    Raises:
        RuleError: If the argument has a unit.
    """
    welcome = a.unit is None or a.unit.dimensionless or (radians and a.unit == RADIAN)
    if not welcome:
        takes = "radians or a pure number" if radians else "a pure number"
        raise RuleError(
            f"{function} takes {takes}, not a quantity in {a.unit}",
            f"divide by a scale with its unit, as in {function}(norm(error) / (0.2 * metre)), or use tolerance",
        )
    return Type(a.shape, None if a.unit is None else NUMBER)


def _named(unit: Unit) -> str:
    return "1 (a pure number)" if unit.dimensionless else str(unit)
