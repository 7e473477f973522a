"""The words that every task with a robot shares, and what a clause says that no list holds."""

from collections.abc import Sequence

from telic.rewards.writing.robots.repertoire import Repertoire
from telic.rewards.writing.slots import CUT
from telic.rewards.writing.vocabulary import CONDITIONS, COURTESIES, NEGATIONS, words

# Verbs that only help where another word says what to do: "stay upright", "keep running".
HELPERS = words(
    "keep keeps keeping stay stays staying hold holds holding remain remains remaining maintain maintains maintaining "
    "be being make makes making get gets getting start starts starting begin do does doing continue continues bring"
)
PRONOUNS = words("it there them this that")
# Words beside slots and verbs that carry nothing.
_FILLERS = COURTESIES | words(
    "theground inplace centred straighton up speed pace side possible time only both there them air water "
    "red blue green small little big"
)
# Numbers that say themselves what they are.
TELLING = ("speed", "at_most", "at_least", "rate", "point")
# How much, without a number.
DEGREES = words("halfway half partly partially slightly somewhat ajar mostly nearly almost")
# After these stands a thing.
_DETERMINERS = words("the a an your my his her our their its this that some any every each no")
_PLACES = words("to at on onto into over under behind beside near around through across along past towards toward from")


def unknown_words(rest: str, known: Repertoire) -> tuple[str, ...]:
    """Words that no list holds."""
    spoken = rest.replace(CUT, " ").split()
    lists = (_FILLERS, HELPERS, known.words, NEGATIONS, CONDITIONS)
    return tuple(word for word in spoken if word.replace("'", "").isalpha() and not any(word in one for one in lists))


def unknown_thing(spoken: Sequence[str], unknown: Sequence[str], known: Repertoire) -> str:
    """The first phrase that names an unknown thing; an unknown word before a known thing is only an adjective."""
    for index, word in enumerate(spoken[1:], start=1):
        after = spoken[index + 1] if index + 1 < len(spoken) else ""
        before = spoken[index - 1]
        if word in unknown and before in _DETERMINERS | _PLACES and after not in known.words and after not in unknown:
            start = index - 1
            while start > 0 and spoken[start - 1] in _PLACES:
                start -= 1
            return " ".join(spoken[start : index + 1])
    return ""


_ENGLISH = {
    "nofall": "do not fall",
    "nocollide": "touch nothing",
    "straighton": "keep the heading",
    "theground": "the ground",
    "getup": "get up",
    "swingup": "swing up",
    "centred": "in the middle",
    "inplace": "in place",
    "fastest": "as fast as possible",
    "highest": "as high as possible",
}


def english(text: str) -> str:
    """Plain text with the writer's own words as English ones."""
    return " ".join(_ENGLISH.get(word, word) for word in text.split()).replace(" ,", ",").strip(" ,")
