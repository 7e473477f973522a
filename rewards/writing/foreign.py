"""Places, things and persons that a clause names and no flight can refer to: "above the table", "the cup", "to me"."""

from collections.abc import Sequence

from telic.rewards.writing.vocabulary import MANNERS, SHAPES, VERBS, words

# What stands after one of these is a place.
_PLACE = words(
    "above over under below beneath underneath behind beside near around round inside outside into onto across past "
    "between beyond against through toward towards along up down"
)
# What stands after one of these may be a place: it is one if the word is unknown.
_MAYBE_PLACE = words("to from in on at off of by within via")
# The places that the writer knows, and what may follow a word of place that stands alone: "fly around in circles".
_PLACES = words(
    "theground thestart inplace point points position positions location spot coordinates waypoint waypoints "
    "x y z axis center centre path pattern figure shape route course track trajectory sides vertical following "
    "each all and with for about continuously"
)
_PARTS = words("edge edges corner corners outline perimeter border boundary")
_SUBJECTS = words("he she they")
_PERSONS = words("me him her us them")
_OTHERS = words("my his her our their")
_DETERMINERS = _OTHERS | words("the a an your this that its some own")


def foreign_phrase(clause: Sequence[str], unknown: Sequence[str]) -> str:
    """The first phrase of a clause that names something unknown, or nothing.

    Args:
        clause: Its words.
        unknown: Those of them that no list holds.
    """
    phrases = (_phrase(clause, index, unknown) for index in range(len(clause)))
    return next(filter(None, phrases), "")


def is_figure_part(word: str) -> bool:
    """Whether a word names a part of a figure: "along the edges of a square"."""
    return word in _PARTS


def _phrase(clause: Sequence[str], index: int, unknown: Sequence[str]) -> str:
    first = clause[index]
    if first in _SUBJECTS:
        return first
    if first in SHAPES and index + 1 < len(clause) and clause[index + 1] in unknown:
        return " ".join(clause[index : index + 2])  # "a square root".
    start = index + (first in _PLACE or first in _MAYBE_PLACE)
    end = start
    while end < len(clause) and clause[end] in _DETERMINERS:
        end += 1
    if end == index or end == len(clause):
        return ""
    word, phrase = clause[end], " ".join(clause[index : end + 1])
    if not word.isalpha() or word in SHAPES or word in MANNERS or word in _PARTS:
        return ""
    if word in _PERSONS or any(determiner in _OTHERS for determiner in clause[start:end]):
        return phrase
    if first in _PLACE:
        return "" if word in _PLACES | _MAYBE_PLACE else phrase
    # An unknown word before a known noun is only an adjective: "a perfect circle".
    adjective = end + 1 < len(clause) and (
        clause[end + 1] in SHAPES or clause[end + 1] in VERBS or clause[end + 1] in _PLACES
    )
    return phrase if word in unknown and not adjective else ""
