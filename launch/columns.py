"""Labels and texts in two columns."""

from collections.abc import Sequence


def columns(rows: Sequence[tuple[str, str]]) -> str:
    """Return one line for each row; nothing for no rows."""
    width = max((len(label) for label, _ in rows), default=0)
    return "\n".join(f"  {label:<{width}}  {text}" for label, text in rows)
