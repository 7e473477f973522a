"""SI units as exponents, so that adding metres to radians is an error and not a reward."""

import re
from dataclasses import dataclass

# The base quantities a robot speaks of. The radian is kept as a base of its own: it is dimensionless in SI, but an
# angle added to a length is always a mistake.
BASES = ("m", "kg", "s", "rad", "A", "K")

_DERIVED: dict[str, tuple[int, ...]] = {
    "1": (0, 0, 0, 0, 0, 0),
    "N": (1, 1, -2, 0, 0, 0),
    "Hz": (0, 0, -1, 0, 0, 0),
    "J": (2, 1, -2, 0, 0, 0),
    "W": (2, 1, -3, 0, 0, 0),
    "V": (2, 1, -3, 0, -1, 0),
    **{base: tuple(int(base == other) for other in BASES) for base in BASES},
}

_FACTOR = re.compile(r"(?P<symbol>[A-Za-z]+|1)(?:\^(?P<power>-?\d+))?")


class UnitError(ValueError):
    """A unit that cannot be read, or two that do not fit together."""


@dataclass(frozen=True)
class Unit:
    """A product of powers of the base units, without a scale factor: Telic stores SI values only.

    Attributes:
        powers: Exponents in the order of `BASES`.
    """

    powers: tuple[int, ...] = (0,) * len(BASES)

    @classmethod
    def parse(cls, text: str) -> "Unit":
        """Read a unit such as ``m/s^2``, ``N m`` or ``1``.

        Raises:
            UnitError: If a symbol is unknown, a side is empty, or a second ``/`` makes the text ambiguous.
        """
        numerator, slash, denominator = text.partition("/")
        if "/" in denominator:
            raise UnitError(f"unit {text!r} has more than one '/'; put all that divides after one, as in 'kg/m s'")
        powers = _product(numerator, text)
        if slash:
            powers = tuple(a - b for a, b in zip(powers, _product(denominator, text), strict=True))
        return cls(powers)

    @property
    def dimensionless(self) -> bool:
        """Whether this is a pure number."""
        return not any(self.powers)

    def __mul__(self, other: "Unit") -> "Unit":
        return Unit(tuple(a + b for a, b in zip(self.powers, other.powers, strict=True)))

    def __truediv__(self, other: "Unit") -> "Unit":
        return Unit(tuple(a - b for a, b in zip(self.powers, other.powers, strict=True)))

    def __pow__(self, exponent: int) -> "Unit":
        return Unit(tuple(a * exponent for a in self.powers))

    def root(self) -> "Unit":
        """Unit of a square root.

        Raises:
            UnitError: If an exponent is odd.
        """
        if any(a % 2 for a in self.powers):
            raise UnitError(f"the square root of a quantity in {self} has no unit")
        return Unit(tuple(a // 2 for a in self.powers))

    def __str__(self) -> str:
        def side(sign: int) -> str:
            factors = ((base, sign * power) for base, power in zip(BASES, self.powers, strict=True) if sign * power > 0)
            return " ".join(base if power == 1 else f"{base}^{power}" for base, power in factors)

        above, below = side(1) or "1", side(-1)
        return f"{above}/{below}" if below else above


def _product(text: str, whole: str) -> tuple[int, ...]:
    """Sum of the powers of the factors on one side of the ``/``."""
    powers = [0] * len(BASES)
    factors = text.replace("*", " ").split()
    if not factors:
        raise UnitError(f"unit {whole!r} has an empty side; write '1' for a pure number")
    for factor in factors:
        match = _FACTOR.fullmatch(factor)
        if match is None or match["symbol"] not in _DERIVED:
            raise UnitError(f"unit {whole!r} has an unknown symbol {factor!r}; known: {', '.join(_DERIVED)}")
        for axis, power in enumerate(_DERIVED[match["symbol"]]):
            powers[axis] += power * int(match["power"] or 1)
    return tuple(powers)
