"""What a signal is about, seen from its name."""

import re

# Words that say how a thing is measured, not which thing it is.
_MEASURES = re.compile(
    "position|velocity|rotation|direction|angle|angular|linear|force|torque|acceleration|rate|speed|offset|distance|"
    "bearing|contact|previous|reference|command|base|joint|body|next|action|elapsed|time|load|mass"
)


def things(name: str) -> set[str]:
    """The things in a name: ``pole_velocity`` is about the pole; ``velocity`` is about nothing but itself."""
    parts = name.split("_")
    return {part.removesuffix("s") for part in parts if len(part) > 2 and not _MEASURES.fullmatch(part)}
