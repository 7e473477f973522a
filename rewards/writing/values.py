"""Values of a sentence's quantities, with a record of which were used: a number is never dropped silently."""

import math

from telic.rewards.writing.brief import Refusal
from telic.rewards.writing.quantity import SYMBOL, Canonical, Coordinates
from telic.rewards.writing.units import SI_UNITS


class Values:
    """Reads the symbols of one sentence.

    Attributes:
        text: The canonical sentence.
        remarks: Assumed units and converted ones.
    """

    def __init__(self, text: Canonical) -> None:
        self.text = text
        self.remarks: list[str] = []
        self._used: set[str] = set()

    def length(self, symbol: str) -> float:
        """[m]; a bare number is taken as metres."""
        return self._value(symbol, "m")

    def angle(self, symbol: str) -> float:
        """[rad]; a bare number is taken as degrees."""
        value = self._value(symbol, "degrees")
        return math.radians(value) if self.text[symbol].dimension == "number" else value

    def speed(self, symbol: str) -> float:
        """[m/s]."""
        return self._value(symbol, "m/s")

    def rate(self, symbol: str) -> float:
        """[rad/s], not 0."""
        value = self._value(symbol, "rad/s")
        if value == 0.0:
            raise Refusal(f"a turning rate of {self.text[symbol].text!r} is no turning; allowed: above 0")
        return value

    def positive(self, symbol: str) -> float:
        """A time [s] or a count, above 0."""
        value = self._value(symbol, "")
        if value <= 0.0:
            raise Refusal(f"{self.text[symbol].text!r} is not possible here; allowed: above 0")
        return value

    def point(self, symbol: str) -> Coordinates:
        """Coordinates [m]."""
        self._used.add(symbol)
        return self.text[symbol].point

    def spoken(self, text: str) -> str:
        """A piece of canonical text in the sentence's words."""
        return self.text.spoken(text)

    def used(self, symbol: str) -> bool:
        """Whether a symbol's value has been read."""
        return symbol in self._used

    def check_all_used(self, text: str) -> None:
        """Refuse if a quantity of a canonical text was not used."""
        unused = [self.text[match[0]].text for match in SYMBOL.finditer(text) if match[0] not in self._used]
        if unused:
            raise Refusal(f"the sentence gives {' and '.join(map(repr, unused))}, and it is not clear what for")

    def _value(self, symbol: str, assumed_unit: str) -> float:
        quantity = self.text[symbol]
        if symbol not in self._used:
            self._used.add(symbol)
            if quantity.dimension == "number" and assumed_unit:
                self.remarks.append(f"{quantity.text} is in {assumed_unit} (assumed)")
            elif quantity.converted:
                self.remarks.append(f"{quantity.text} is {quantity.value:.4g} {SI_UNITS[quantity.dimension]}")
        return quantity.value
