"""The part of a file that a request asks for (RFC 9110, section 14)."""

import re

_ONE_RANGE = re.compile(r"bytes=(\d*)-(\d*)")


class BadRangeError(ValueError):
    """A part that the file does not have."""


def byte_range(header: str | None, size: int) -> tuple[int, int] | None:
    """The first byte and the one after the last of the part that is asked for.

    Args:
        header: The request's ``Range``; None without one.
        size: Of the file [bytes].

    Returns:
        None for the whole file: without a header, and for what is not one range of bytes, which may be ignored.

    Raises:
        BadRangeError: If the file has no such part.
    """
    match = _ONE_RANGE.fullmatch(header.strip()) if header else None
    if match is None or not (match[1] or match[2]):
        return None
    if not match[1]:
        start, stop = max(0, size - int(match[2])), size
    else:
        start, stop = int(match[1]), min(int(match[2]) + 1, size) if match[2] else size
    if start >= stop:
        raise BadRangeError(f"{header} of {size} bytes")
    return start, stop
