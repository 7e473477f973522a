"""One page with several rewards against each other."""

from typing import Any

import numpy as np

from telic.launch.report.template import fill
from telic.rewards.compare import Agreement


def render_agreement(found: Agreement) -> str:
    """The page: matrices as tables whose cells are the darker, the more two rewards agree."""
    # An EPIC distance of 0, and a correlation of 1, are full agreement.
    matrices = {
        "EPIC distance": _cells(found.epic, 1.0 - found.epic),
        "Spearman's rank correlation of returns": _cells(found.spearman, found.spearman),
        "Kendall's rank correlation of returns": _cells(found.kendall, found.kendall),
    }
    scores = [
        {
            "name": name,
            "auc": "-" if score.success_auc is None else f"{score.success_auc.value:.3f}",
            "interval": ""
            if score.success_auc is None
            else f"{score.success_auc.low:.3f} to {score.success_auc.high:.3f}",
            "success": _number(score.success_return),
            "other": _number(score.other_return),
        }
        for name, score in zip(found.names, found.scores, strict=True)
    ]
    return fill("agreement.html", {"names": found.names, "matrices": matrices, "scores": scores})


def _cells(values: np.ndarray, agreement: np.ndarray) -> list[list[dict[str, Any]]]:
    """Text of each cell, and how much of the colour is in it, in percent."""
    shade = np.nan_to_num(np.clip(60.0 * agreement, 0.0, 60.0)).round().astype(int)
    return [
        [{"text": _number(value), "shade": int(part)} for value, part in zip(row, parts, strict=True)]
        for row, parts in zip(values, shade, strict=True)
    ]


def _number(value: float) -> str:
    return "-" if np.isnan(value) else f"{value:.4g}"
