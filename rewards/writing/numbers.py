"""Numbers in digits and in English words, read from a list of tokens."""

from collections.abc import Sequence

_SMALL_WORDS = (
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"),
    *("thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"),
)
_TENS_WORDS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_SMALL = {word: float(value) for value, word in enumerate(_SMALL_WORDS)} | {"nought": 0.0, "nil": 0.0}
_TENS = {word: 10.0 * value for value, word in enumerate(_TENS_WORDS, start=2)}
_SCALES = {"hundred": 100.0, "thousand": 1000.0, "million": 1e6, "dozen": 12.0, "couple": 2.0}
_PARTS = {
    "half": 0.5,
    "halves": 0.5,
    "third": 1 / 3,
    "thirds": 1 / 3,
    "quarter": 0.25,
    "quarters": 0.25,
    "fifth": 0.2,
    "fifths": 0.2,
    "tenth": 0.1,
    "tenths": 0.1,
}
_ARTICLES = ("a", "an")
_SIGNS = {"minus": -1.0, "negative": -1.0, "plus": 1.0}

Found = tuple[float, int]
"""A value, and the index of the first token after it."""


def read_number(tokens: Sequence[str], start: int) -> Found | None:
    """The number that begins at a token: ``-0.5``, ``1 1/2``, ``minus three``, ``one and a half``, ``three quarters``.

    Returns:
        The value and the index of the token after it, or None if no number begins there.
    """
    if word_at(tokens, start) in _SIGNS:
        found = read_number(tokens, start + 1)
        return found and (_SIGNS[tokens[start]] * found[0], found[1])
    whole = _digits(tokens, start) or _cardinal(tokens, start)
    if whole is None:
        return _part(tokens, start)
    value, end = whole
    if word_at(tokens, end) in _PARTS and value == int(value):  # "three quarters", "one half".
        return value * _PARTS[tokens[end]], end + 1
    return with_part(value, tokens, end)


def with_part(value: float, tokens: Sequence[str], end: int) -> Found:
    """Add a following ``and a half`` or ``and three quarters``, if there is one."""
    if word_at(tokens, end) != "and":
        return value, end
    part = _part(tokens, end + 1)
    if part is None:
        count = _cardinal(tokens, end + 1)
        if count is None or word_at(tokens, count[1]) not in _PARTS:
            return value, end
        part = count[0] * _PARTS[tokens[count[1]]], count[1] + 1
    return value + part[0], part[1]


def word_at(tokens: Sequence[str], index: int) -> str:
    """The token at an index, or nothing after the end."""
    return tokens[index] if 0 <= index < len(tokens) else ""


def _part(tokens: Sequence[str], start: int) -> Found | None:
    """``half``, ``a quarter``."""
    start += word_at(tokens, start) in _ARTICLES
    return (_PARTS[tokens[start]], start + 1) if word_at(tokens, start) in _PARTS else None


def _digits(tokens: Sequence[str], start: int) -> Found | None:
    """``1.5``, ``1/2``, ``1 1/2``, ``2 hundred``."""
    value, end = _decimal(tokens, start), start + 1
    if value is None:
        return None
    if word_at(tokens, end) == "/" and (below := _decimal(tokens, end + 1)):
        return value / below, end + 2
    above = _decimal(tokens, end)
    if above is not None and word_at(tokens, end + 1) == "/" and (below := _decimal(tokens, end + 2)):
        return value + above / below, end + 3
    if word_at(tokens, end) in _SCALES:
        return value * _SCALES[tokens[end]], end + 1
    return value, end


def _decimal(tokens: Sequence[str], index: int) -> float | None:
    word = word_at(tokens, index)
    signed = word[:1] in ("-", "+", ".") and word[-1:].isdecimal()
    return float(word) if word[:1].isdecimal() or signed else None


def _cardinal(tokens: Sequence[str], start: int) -> Found | None:
    """``twenty five``, ``a hundred and twenty``, ``two thousand``, ``one point five``."""
    total, current, end, seen = 0.0, 0.0, start, False
    if word_at(tokens, start) in _ARTICLES and word_at(tokens, start + 1) in _SCALES:
        current, end, seen = 1.0, start + 1, True
    room = 100.0  # What may still be added: after "twenty" only 1 to 9, after "five" nothing.
    while True:
        word = word_at(tokens, end)
        if word in _SMALL and (_SMALL[word] < room if seen else True) and not (seen and _SMALL[word] == 0):
            current, room = current + _SMALL[word], 0.0
        elif word in _TENS and room >= 100.0:
            current, room = current + _TENS[word], 10.0
        elif word in _SCALES and seen:
            scale = _SCALES[word]
            current, room = current * scale, 100.0
            if scale >= 1000.0:
                total, current = total + current, 0.0
        elif word == "and" and seen and word_at(tokens, end - 1) in _SCALES and _adds(tokens, end + 1):
            pass
        else:
            break
        seen, end = True, end + 1
    if seen and word_at(tokens, end) == "point" and (decimals := _point_digits(tokens, end + 1)):
        return total + current + float(f"0.{decimals}"), end + 1 + len(decimals)
    return (total + current, end) if seen else None


def _adds(tokens: Sequence[str], index: int) -> bool:
    return word_at(tokens, index) in _SMALL or word_at(tokens, index) in _TENS


def _point_digits(tokens: Sequence[str], start: int) -> str:
    """The digits after ``point``: ``seven five`` is ``75``."""
    digits = ""
    while (value := _SMALL.get(word_at(tokens, start + len(digits)))) is not None and value < 10:
        digits += str(int(value))
    return digits
