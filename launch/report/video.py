"""A video on a page."""

import base64
from pathlib import Path

# A larger video stays beside the page, so that the page opens at once.
_EMBED_BELOW_BYTES = 6_000_000


def video_address(path: Path) -> str | None:
    """The video as an address: its bytes where they are few, its file otherwise; None without one."""
    if not path.is_file():
        return None
    content = path.read_bytes()
    if len(content) >= _EMBED_BELOW_BYTES:
        return path.name
    return f"data:video/mp4;base64,{base64.b64encode(content).decode()}"
