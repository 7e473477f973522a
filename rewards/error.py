"""The one error of the reward language: where, what and what to do instead."""


class RuleError(Exception):
    """A broken rule, found by code that does not know the source position; turned into a `RewardError`.

    Attributes:
        message: What was wrong, with the offending value.
        hint: What to write instead; may be empty.
    """

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class RewardError(ValueError):
    """A reward program that was refused, or whose values are not finite.

    Attributes:
        path: File of the program, or ``<text>``.
        line: Line of the offending code, from 1; 0 if the file as a whole is at fault.
        column: Column of the offending code, from 1; 0 if a whole line is at fault.
        message: What was wrong, with the offending value.
        hint: What to write instead; may be empty.
        source_line: The text of that line; may be empty.
        length: How many characters are at fault, at least 1.
    """

    def __init__(
        self,
        message: str,
        *,
        path: str = "<text>",
        line: int = 0,
        column: int = 0,
        hint: str = "",
        source_line: str = "",
        length: int = 1,
    ) -> None:
        super().__init__(message)
        self.path = path
        self.line = line
        self.column = column
        self.message = message
        self.hint = hint
        self.source_line = source_line
        self.length = max(1, length)

    def __str__(self) -> str:
        place = ":".join(str(part) for part in (self.path, self.line, self.column) if part)
        lines = [f"{place}: {self.message}"]
        if self.source_line.strip():
            lines += _excerpt(self.source_line, self.column, self.length)
        if self.hint:
            lines.append(f"hint: {self.hint}")
        return "\n".join(lines)


# The longest piece of a source line that an error shows.
_WIDTH = 100


def _excerpt(text: str, column: int, length: int) -> list[str]:
    start = max(0, min(column - 1 - _WIDTH // 2, len(text) - _WIDTH))
    piece = text[start : start + _WIDTH].replace("\t", " ")
    if column <= 0:
        return [f"    {piece}"]
    caret = column - 1 - start
    return [f"    {piece}", "    " + " " * caret + "^" + "~" * min(length - 1, len(piece) - caret - 1)]
