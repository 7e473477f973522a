"""From text to a syntax tree that holds only allowed syntax; nothing is evaluated, and no text can hang or crash it.

Three gates, each of which bounds the work of the next: characters, tokens, syntax.
"""

import ast
import io
import tokenize
import unicodedata
import warnings
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import NoReturn

from telic.rewards import language
from telic.rewards.error import RewardError

# The functions with a meaning of their own; all others are helpers.
ENTRIES = ("reward", "success", "cost", "memory")

_OPENING, _CLOSING = "([{", ")]}"


@dataclass(frozen=True)
class Text:
    """A program's text, and the way to point at a place in it.

    Attributes:
        source: The text with line ends normalised to newlines.
        path: Where it came from, for messages.
    """

    source: str
    path: str

    def refuse(self, message: str, hint: str = "", *, line: int = 0, column: int = 0, length: int = 1) -> NoReturn:
        """Raise a `RewardError` at a line and column, both from 1."""
        lines = self.source.split("\n")
        line = min(line, len(lines))
        shown = lines[line - 1] if line else ""
        raise RewardError(
            message, path=self.path, line=line, column=column, hint=hint, source_line=shown, length=length
        ) from None

    def refuse_node(self, node: ast.AST, message: str, hint: str = "") -> NoReturn:
        """Raise a `RewardError` at a syntax node."""
        line, column = self.position(node)
        end_line, end = getattr(node, "end_lineno", line), getattr(node, "end_col_offset", 0)
        length = self._character(line, end) - column if end_line == line else 1
        self.refuse(message, hint, line=line, column=column, length=length)

    def position(self, node: ast.AST) -> tuple[int, int]:
        """Line and column of a node, both from 1."""
        line = getattr(node, "lineno", 1)
        return line, self._character(line, getattr(node, "col_offset", 0))

    def segment(self, node: ast.AST) -> str:
        """The text of a node, on one line."""
        return " ".join((ast.get_source_segment(self.source, node) or "").split())

    def _character(self, line: int, offset: int) -> int:
        """A byte offset of the parser as a column from 1."""
        text = self.source.split("\n")[line - 1]
        return len(text.encode()[:offset].decode(errors="replace")) + 1


@dataclass(frozen=True)
class Parsed:
    """A program whose syntax is allowed, cut into its parts.

    Attributes:
        text: The text it came from.
        sentence: First paragraph of the docstring: what the reward asks for, in words.
        constants: Module-level assignments, name and value expression, in order.
        reward: The function `reward`.
        success: The function `success`, if there is one.
        cost: The function `cost`, if there is one.
        memory: The function `memory`, if there is one.
        helpers: All other functions, by name.
    """

    text: Text
    sentence: str
    constants: tuple[tuple[ast.Name, ast.expr], ...]
    reward: ast.FunctionDef
    success: ast.FunctionDef | None
    cost: ast.FunctionDef | None
    memory: ast.FunctionDef | None
    helpers: Mapping[str, ast.FunctionDef]


def parse(source: str, path: str = "<text>") -> Parsed:
    """Read a reward program's syntax.

    Raises:
        RewardError: If the text is not Python, or uses syntax outside of the reward language.
    """
    text = _checked_characters(source, path)
    _check_tokens(text)
    tree = _syntax_tree(text)
    _check_syntax(tree, text)
    return _parts(tree, text)


def _checked_characters(source: str, path: str) -> Text:
    """Gate one: size, encoding and control characters."""
    if len(source) > language.MAX_CHARACTERS:
        Text("", path).refuse(
            f"the program has {len(source)} characters; at most {language.MAX_CHARACTERS} are allowed",
            "a reward is a page of code: split it into several rewards and add them",
        )
    source = source.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    text = Text(source, path)
    for number, line in enumerate(source.split("\n"), start=1):
        for column, character in enumerate(line, start=1):
            if unicodedata.category(character) in ("Cc", "Cf", "Cs", "Co", "Zl", "Zp") and character != "\t":
                shown = Text(source.replace(character, "?"), path)
                shown.refuse(f"character U+{ord(character):04X} is not allowed", line=number, column=column)
    return text


def _check_tokens(text: Text) -> None:
    """Gate two: what could overload the parser, and names that look like other names."""
    depth = 0
    for count, token in enumerate(_tokens(text)):
        if count > language.MAX_TOKENS:
            _refuse_token(token, text, f"the program has more than {language.MAX_TOKENS} tokens")
        if token.type == tokenize.OP:
            depth += (token.string in _OPENING) - (token.string in _CLOSING)
        if depth > language.MAX_BRACKET_DEPTH:
            message = f"brackets are nested deeper than {language.MAX_BRACKET_DEPTH}"
            _refuse_token(token, text, message, "assign inner expressions to names")
        _check_token(token, text)


def _tokens(text: Text) -> Iterator[tokenize.TokenInfo]:
    tokens = tokenize.generate_tokens(io.StringIO(text.source).readline)
    while True:
        try:
            token = next(tokens, None)
        except (tokenize.TokenError, SyntaxError, ValueError) as error:
            _refuse_unreadable(error, text)
        if token is None:
            return
        yield token


def _check_token(token: tokenize.TokenInfo, text: Text) -> None:
    if token.type == tokenize.ERRORTOKEN:
        # Going on could take time quadratic in the rest of the line.
        unexpected = token.line[token.start[1] :].lstrip()[:1]
        _refuse_token(token, text, f"this is not Python: unexpected {unexpected!r}")
    if token.type == tokenize.NUMBER and len(token.string) > language.MAX_NUMBER_LENGTH:
        _refuse_token(token, text, f"a number of {len(token.string)} characters; write it shorter")
    if token.type == tokenize.NAME and len(token.string) > language.MAX_NAME_LENGTH:
        _refuse_token(token, text, f"a name of {len(token.string)} characters; write it shorter")
    if token.type == tokenize.NAME and not token.string.isascii():
        letter = next(character for character in token.string if not character.isascii())
        name = unicodedata.name(letter, f"U+{ord(letter):04X}")
        message = f"name {token.string!r} holds {letter!r} ({name})"
        _refuse_token(token, text, message, "names are written in ASCII letters, digits and underscores")


def _refuse_token(token: tokenize.TokenInfo, text: Text, message: str, hint: str = "") -> NoReturn:
    line, offset = token.start
    text.refuse(message, hint, line=line, column=offset + 1, length=min(len(token.string), 40))


def _syntax_tree(text: Text) -> ast.Module:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return ast.parse(text.source)
    except (RecursionError, MemoryError):
        text.refuse("the program is nested too deeply to be read", "assign inner expressions to names")
    except (SyntaxError, ValueError, OverflowError) as error:
        _refuse_unreadable(error, text)


def _refuse_unreadable(error: Exception, text: Text) -> NoReturn:
    line, column = 0, 0
    if isinstance(error, SyntaxError):
        line, column, message = error.lineno or 0, error.offset or 0, error.msg
    elif isinstance(error, tokenize.TokenError):
        message, (line, column) = error.args
    else:
        message = str(error)
    text.refuse(f"this is not Python: {message}", line=line, column=max(column, 0))


def _check_syntax(tree: ast.Module, text: Text) -> None:
    """Gate three: only allowed syntax, not too deep for a recursive reader."""
    refused: list[tuple[int, int, ast.AST, ast.AST]] = []
    pending: list[tuple[ast.AST, ast.AST, int]] = [(tree, tree, 0)]
    while pending:
        node, place, depth = pending.pop()
        if depth > language.MAX_SYNTAX_DEPTH:
            text.refuse_node(
                place,
                f"expressions are nested deeper than {language.MAX_SYNTAX_DEPTH}",
                "assign inner expressions to names",
            )
        if hasattr(node, "lineno"):
            place = node
        if type(node) not in language.SYNTAX:
            refused.append((*text.position(place), node, place))
        pending += [(child, place, depth + 1) for child in ast.iter_child_nodes(node)]
    if refused:
        *_, node, place = min(refused, key=lambda entry: entry[:2])
        kind = type(node).__name__.lower()
        message, hint = language.REFUSED.get(type(node), (f"`{kind}` is not part of the reward language", ""))
        text.refuse_node(place, message, hint)


def _parts(tree: ast.Module, text: Text) -> Parsed:
    body = list(tree.body)
    docstring = ast.get_docstring(tree)
    if not docstring or not docstring.strip():
        text.refuse("the program does not begin with a docstring", 'begin with """What the robot should do."""', line=1)
    sentence = " ".join(docstring.strip().split("\n\n")[0].split())
    constants: list[tuple[ast.Name, ast.expr]] = []
    functions: dict[str, ast.FunctionDef] = {}
    for statement in body[1:]:
        if isinstance(statement, ast.Assign):
            constants.append((assigned_name(statement, text), statement.value))
        elif isinstance(statement, ast.FunctionDef):
            _check_function(statement, functions, text)
            functions[statement.name] = statement
        else:
            text.refuse_node(statement, "this statement does nothing here", "keep constants and functions")
    if "reward" not in functions:
        text.refuse("the program has no function `reward`", "write def reward(position, action): return {...}")
    success, cost, memory = (functions.get(name) for name in ("success", "cost", "memory"))
    helpers = {name: function for name, function in functions.items() if name not in ENTRIES}
    return Parsed(text, sentence, tuple(constants), functions["reward"], success, cost, memory, helpers)


def assigned_name(statement: ast.Assign, text: Text) -> ast.Name:
    """The one name that an assignment writes to.

    Raises:
        RewardError: If it writes to several names, to a tuple, or to an element.
    """
    target = statement.targets[0]
    if len(statement.targets) > 1 or not isinstance(target, ast.Name):
        text.refuse_node(target, "an assignment writes to one name", "write `name = value`, one line for each")
    return target


def _check_function(function: ast.FunctionDef, earlier: dict[str, ast.FunctionDef], text: Text) -> None:
    if function.name in earlier:
        text.refuse_node(function, f"function {function.name!r} is written twice", "keep one of them")
    if function.decorator_list:
        text.refuse_node(function.decorator_list[0], "decorators are not part of the reward language")
    arguments = function.args
    if arguments.vararg or arguments.kwarg or arguments.kwonlyargs or arguments.posonlyargs:
        text.refuse_node(function, "parameters are plain names, without `*` and `/`")
    if arguments.defaults and function.name in ENTRIES and function.name != "memory":
        text.refuse_node(
            function,
            f"parameters of `{function.name}` have no defaults: each is the name of a signal",
            "use a module constant",
        )
    annotated = next((argument for argument in arguments.args if argument.annotation), None)
    if function.returns or annotated or getattr(function, "type_params", None):
        text.refuse_node(
            annotated or function, "annotations are not part of the reward language", "signals have types already"
        )
