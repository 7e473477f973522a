"""How the terms of a reward share what is paid, and how that shifts while a policy trains."""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

# Share of the history at each end that is compared.
_END = 0.1


@dataclass(frozen=True)
class ShareShift:
    """What part of a reward, counted by size, each term is.

    Attributes:
        early: In the first tenth of training, by term; they add up to one.
        late: In the last tenth.
        moved: Half the sum of the differences: the part of the pay that changed its term.
        grown: The term whose share grew most.
    """

    early: dict[str, float]
    late: dict[str, float]
    moved: float
    grown: str

    @property
    def taken_over(self) -> bool:
        """Whether one term is now more than half of all, and was less than a quarter."""
        return self.late[self.grown] > 0.5 and self.early[self.grown] < 0.25


def share_shift(terms: Mapping[str, np.ndarray]) -> ShareShift | None:
    """Compare both ends of a history of terms.

    Args:
        terms: Mean of each term per step, a row for each report, (T,). Rows with NaN are left out.

    Returns:
        The shift; None with fewer than two rows or terms, or where nothing is paid at one end.
    """
    if len(terms) < 2:
        return None
    table = np.abs(np.stack([np.asarray(values, np.float64) for values in terms.values()], axis=1))
    table = table[np.isfinite(table).all(axis=1)]
    rows = max(1, round(_END * len(table)))
    if len(table) < 2:
        return None
    ends = table[:rows].mean(axis=0), table[-rows:].mean(axis=0)
    if not all(end.sum() > 0.0 for end in ends):
        return None
    early, late = (dict(zip(terms, (end / end.sum()).tolist(), strict=True)) for end in ends)
    moved = sum(abs(late[name] - early[name]) for name in terms) / 2.0
    return ShareShift(early, late, moved, max(terms, key=lambda name: late[name] - early[name]))
