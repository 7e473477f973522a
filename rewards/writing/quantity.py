"""From a sentence to canonical text, in which every quantity stands as one symbol: ``hover L0 above the ground``.

The symbols are a letter for the dimension and a running number: L length, A angle, T time, V speed, R turning rate,
N plain number, P point. Everything after this file matches short patterns over canonical text.
"""

import re
import unicodedata
from dataclasses import dataclass

from telic.rewards.writing.numbers import read_number, with_part, word_at
from telic.rewards.writing.units import SI_WORDS, UNITS, Dimension, read_unit
from telic.rewards.writing.vocabulary import words

Coordinates = tuple[float | None, float | None, float | None]

LETTERS: dict[str, str] = {
    "length": "L",
    "angle": "A",
    "time": "T",
    "speed": "V",
    "rate": "R",
    "number": "N",
    "point": "P",
}
SYMBOL = re.compile(r"\b([LATVRNP])(\d+)\b")


@dataclass(frozen=True)
class Quantity:
    """A number with its unit, or a point.

    Attributes:
        dimension: ``length``, ``angle``, ``time``, ``speed``, ``rate``, ``number`` or ``point``.
        value: In SI units; 0 for a point.
        text: As the sentence says it.
        point: Coordinates [m], world frame, None where the sentence gives none; only for a point.
        converted: Whether the sentence used another unit than the SI one.
    """

    dimension: Dimension | str
    value: float
    text: str
    point: Coordinates = (None, None, None)
    converted: bool = False


@dataclass(frozen=True)
class Canonical:
    """A sentence in canonical form.

    Attributes:
        text: Lower-case words, symbols and the marks ``, ; .`` with single spaces.
        quantities: What each symbol stands for, by its running number.
    """

    text: str
    quantities: tuple[Quantity, ...]

    def __getitem__(self, symbol: str) -> Quantity:
        return self.quantities[int(symbol[1:])]

    def spoken(self, text: str) -> str:
        """A piece of canonical text in the sentence's own words."""
        return re.sub(r" ([,;.])", r"\1", SYMBOL.sub(lambda match: self[match[0]].text, text)).strip(" ,;.")


def canonical(sentence: str) -> Canonical:
    """Replace each quantity of a sentence by its symbol."""
    return _Reader(_tokens(sentence)).read()


_CHARACTERS = {
    "½": " 1/2 ",
    "¼": " 1/4 ",
    "¾": " 3/4 ",
    "⅓": " 1/3 ",
    "⅔": " 2/3 ",
    "−": "-",
    "–": " - ",
    "—": " , ",
    "’": "'",
    "‘": "'",
    "º": "°",
    "˚": "°",
    "×": " x ",
    "%": " percent ",
    "€": " euros ",
    "$": " dollars ",
}
_CONTRACTIONS = (
    (r"\bwon't\b", "will not"),
    (r"\bcan't\b|\bcannot\b", "can not"),
    (r"\bdont\b", "do not"),
    (r"n't\b", " not"),
    (r"'d\b", " would"),
    (r"'(?:ll|m|re|s|ve)\b", ""),
    (r"\blet's\b|\blets\b", "let us"),
)
# Words for one that count nothing, and "in" for inches, must be settled before numbers are read.
_NOT_NUMBERS = (
    (r"\bone (?=(?:and the same )?(?:place|spot|location|position|another)\b)", "a "),
    (r"\bone (?=(?:and the same )?point\b(?! (?:zero|one|two|three|four|five|six|seven|eight|nine)))", "a "),
    (r"\bone (?:after (?:the other|another)|by one|at a time)\b", "in order"),
    (r"\bin one go\b", ""),
    (r"(?<=\d)\"", " inches "),
    (r"(?<=\d)in\b", " inches"),
    (r"\b(ft|feet|foot)( and)? (\w+) in\b", r"\1\2 \3 inches"),
)
# An eight that names a shape must not become the number 8.
_EIGHT = r"(?:eights?|8'?s?|8's)"
_FIGURE_EIGHT = re.compile(
    rf"\b(?:figure?s?|fig\.?)[ -]*(?:of[ -]*|in[ -]*)?(?:an?[ -]*)?{_EIGHT}\b"
    rf"|\b{_EIGHT}[ -]*(?:shape[ds]?|figures?|pattern|loops?|curve|path|track)\b"
    r"(?:[ -]*(?:shape|pattern|path|loop|trajectory)s?\b)?"
    rf"|\b(?:lazy|sideways|horizontal)[ -]*{_EIGHT}\b"
    r"|\beights\b"
    r"|(?<=\bwide )eight\b(?! *-? *(?:m|met|cm|cent|f[eo]*t)\w*\b)"
    rf"|\b(?:number|letter|digit|numeral)[ -]*{_EIGHT}\b"
    rf"|\ban[ -](?:eight|8)\b(?! *-? *(?:m|met|cm|cent|mm|f[eo]*t|inch|deg|sec|s|min|hour|turn|point)\w*\b)"
)
_TOKEN = re.compile(
    r"(?<![\w.)])[-+]?(?:\d+\.\d+|\.\d+|\d+)(?:e[-+]?\d+\b)?|\d+\.\d+|\d+|[^\W\d_]+(?:'[^\W\d_]+)?|[^\s\w]|_"
)
_THOUSANDS = re.compile(r"(?<![\d(\[,.])(\d{1,3}(?:,\d{3})+)(?= *(?:m|met|cm|cent|mm|k|f|in|deg|s|sec|min)[a-z]*\b)")


def _tokens(sentence: str) -> list[str]:
    text = sentence.lower()
    for old, new in _CHARACTERS.items():
        text = text.replace(old, new)
    text = unicodedata.normalize("NFKC", text)
    for pattern, new in _CONTRACTIONS:
        text = re.sub(pattern, new, text)
    text = _THOUSANDS.sub(lambda match: match[1].replace(",", ""), text)
    text = _FIGURE_EIGHT.sub(" figureeight ", text)
    text = re.sub(r"(?<=[a-z0-9])-(?=[a-z])", " ", text)
    for pattern, new in _NOT_NUMBERS:
        text = re.sub(pattern, new, text)
    return _TOKEN.findall(text)


# After "2 metres and 50 centimetres" these say that the second length is another one.
_ANOTHER = words(
    "left right forward forwards ahead back backward backwards up upwards down downwards higher lower to wide long "
    "deep high"
)


class _Reader:
    """Walks over the tokens once, from left to right."""

    def __init__(self, tokens: list[str]) -> None:
        self.tokens = tokens
        self.words: list[str] = []
        self.quantities: list[Quantity] = []

    def read(self) -> Canonical:
        index = 0
        while index < len(self.tokens):
            end = self._bracket(index) or self._axes(index) or self._triple(index) or self._quantity(index)
            if end is None:
                self._word(self.tokens[index])
                end = index + 1
            index = end
        return Canonical(" ".join(self.words), tuple(self.quantities))

    def _word(self, token: str) -> None:
        token = {"!": ".", "?": "."}.get(token, token)
        if token.isalnum() or token in (",", ";", ".", "=") or "'" in token[1:]:
            self.words.append(token)

    def _add(self, quantity: Quantity) -> None:
        self.words.append(f"{LETTERS[quantity.dimension]}{len(self.quantities)}")
        self.quantities.append(quantity)

    def _text(self, start: int, end: int) -> str:
        return re.sub(r"(?<=[(\[/=]) | (?=[)\],/=°])", "", " ".join(self.tokens[start:end]))

    def _length(self, index: int) -> tuple[float, int] | None:
        """A number with a length unit or none: value [m] and next index."""
        found = read_number(self.tokens, index)
        if found is None:
            return None
        unit = read_unit(self.tokens, found[1])
        if unit is None:
            return found
        return (found[0] * unit[1], unit[2]) if unit[0] == "length" else None

    def _bracket(self, start: int) -> int | None:
        """``(1, 0, 1)``, ``[1 0]``, ``(x=1, y=2)``."""
        if self.tokens[start] not in ("(", "["):
            return None
        labelled = self._axes(start + 1)
        if labelled is not None:
            return labelled + (word_at(self.tokens, labelled) in (")", "]"))
        values: list[float] = []
        index = start + 1
        while len(values) < 3 and (found := self._length(index)) is not None:
            values.append(found[0])
            index = found[1] + (word_at(self.tokens, found[1]) in (",", ";"))
        if len(values) < 2 or word_at(self.tokens, index) not in (")", "]"):
            return None
        end, scale = index + 1, 1.0
        unit = read_unit(self.tokens, end)  # "(100, 0, 50) cm".
        if unit is not None and unit[0] == "length":
            _, scale, end = unit
        self._point([scale * value for value in values], start, end)
        return end

    def _axes(self, start: int) -> int | None:
        """``x=1, y=-0.5, z=1.2``, in any order; not the ``x`` of ``2 x 1 m``."""
        values: dict[str, float] = {}
        index = end = start
        while (axis := word_at(self.tokens, index)) in ("x", "y", "z") and axis not in values:
            after_length = index == start and self.words and re.fullmatch(r"[LN]\d+", self.words[-1])
            if after_length and word_at(self.tokens, index + 1) != "=":
                return None
            index += 1
            while word_at(self.tokens, index) in ("=", ":", "is", "of", "at", "equals", "coordinate"):
                index += 1
            found = self._length(index)
            if found is None:
                break
            values[axis] = found[0]
            index = end = found[1]
            while word_at(self.tokens, index) in (",", "and", ";"):
                index += 1
        if not values:
            return None
        self._add(Quantity("point", 0.0, self._text(start, end), (values.get("x"), values.get("y"), values.get("z"))))
        return end

    def _triple(self, start: int) -> int | None:
        """``1, 0, 1``, ``1 m, 0 m, 1 m`` and ``1 0 1``: exactly three numbers in a row."""
        values: list[float] = []
        index = start
        while len(values) < 3:
            found = self._length(index)
            if found is None:
                return None
            values.append(found[0])
            index = found[1]
            if len(values) < 3 and word_at(self.tokens, index) == ",":
                index += 1
                index += word_at(self.tokens, index) == "and"
        if self._length(index) is not None or word_at(self.tokens, index) in UNITS:
            return None
        self._point(values, start, index)
        return index

    def _point(self, values: list[float], start: int, end: int) -> None:
        x, y, z = (*values, None, None)[:3]
        self._add(Quantity("point", 0.0, self._text(start, end), (x, y, z)))

    def _quantity(self, start: int) -> int | None:
        found = read_number(self.tokens, start)
        if found is None:
            return self._one_unit(start)
        value, end = found
        unit_at = end
        while word_at(self.tokens, unit_at) in ("of", "a", "an"):  # "half a metre", "a couple of metres".
            unit_at += 1
        unit = read_unit(self.tokens, unit_at)
        if unit is None or (unit_at > end and unit[0] == "angle" and word_at(self.tokens, unit_at - 1) != "a"):
            self._add(Quantity("number", value, self._text(start, end)))
            return end
        return self._with_unit(value, unit, start)

    def _one_unit(self, start: int) -> int | None:
        """``a metre``, ``another foot``: one of a unit of length or time, but not ``a turn``."""
        if self.tokens[start] not in ("a", "an", "another"):
            return None
        unit = read_unit(self.tokens, start + 1)
        if unit is None or unit[0] not in ("length", "time", "speed") or len(self.tokens[start + 1]) < 3:
            return None
        return self._with_unit(1.0, unit, start)

    def _with_unit(self, value: float, unit: tuple[Dimension, float, int], start: int) -> int:
        dimension, scale, end = unit
        words = self.tokens[start:end]
        with_rest = with_part(value, self.tokens, end)  # "a metre and a half", but not "a metre and a half turn".
        if read_unit(self.tokens, with_rest[1]) is None and word_at(self.tokens, with_rest[1]) not in ("of", "a", "an"):
            value, end = with_rest
        total = value * scale
        smaller = self._smaller(dimension, scale, end)
        if smaller is not None:
            total, end = total + smaller[0], smaller[1]
            words = self.tokens[start:end]
        converted = any(word in UNITS and word not in SI_WORDS for word in words)
        self._add(Quantity(dimension, total, self._text(start, end), converted=converted))
        return end

    def _centimetres(self, value: float, end: int) -> bool:
        """Whether a number after metres counts centimetres, as in ``one metre eighty``."""
        after = word_at(self.tokens, end)
        return value in range(10, 100) and (
            not after[:1].isalnum() or after in ("above", "off", "over", "up", "high", "and")
        )

    def _smaller(self, dimension: str, scale: float, start: int) -> tuple[float, int] | None:
        """The second part of ``5 ft 6 in``, ``1 m 20 cm`` and ``1 minute and 30 seconds``."""
        if dimension not in ("length", "time"):
            return None
        joined = word_at(self.tokens, start) == "and"
        found = read_number(self.tokens, start + joined)
        if found is not None and scale == 1.0 and dimension == "length" and self._centimetres(*found):
            return found[0] / 100.0, found[1]
        unit = found and read_unit(self.tokens, found[1])
        if found is None or unit is None or unit[0] != dimension or unit[1] >= scale or found[0] < 0:
            return None
        if joined and word_at(self.tokens, unit[2]) in _ANOTHER:
            return None
        return found[0] * unit[1], unit[2]
