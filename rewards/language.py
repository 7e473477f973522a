"""What the reward language is made of: its limits, its syntax and its constants. Plain data, nothing is executed here.

A reward program is a file of real Python, but only the syntax listed here is let in: an allow-list, so that what a
future Python adds stays out until somebody thinks about it. `docs/reward_language.md` is the user's description.
"""

import ast
from math import pi

from telic.replay.unit import Unit

# Part of every fingerprint: raise it when the same text starts to mean other values.
VERSION = 1

# Limits that no honest reward comes near. They are checked before the next, costlier stage: characters before tokens,
# tokens and brackets before the parser, syntax depth before the recursive reader, nodes while the graph is built.
MAX_CHARACTERS = 65_536
MAX_TOKENS = 8_000
MAX_BRACKET_DEPTH = 20
MAX_SYNTAX_DEPTH = 80
MAX_NUMBER_LENGTH = 40
MAX_NAME_LENGTH = 64
MAX_NODES = 2_000
MAX_SCALARS = 5_000
MAX_VECTOR = 256
MAX_TERMS = 64
MAX_EXPONENT = 8
MAX_CALLS = 400

# Constants outside of this range say nothing in float32 arithmetic.
LARGEST_CONSTANT = 1e15
SMALLEST_CONSTANT = 1e-15

# Names with a value. A unit's name turns a bare number into a quantity: `norm(error) / (0.2 * metre)` is a pure number.
CONSTANTS: dict[str, tuple[float, Unit | None]] = {
    "pi": (pi, None),
    "metre": (1.0, Unit.parse("m")),
    "second": (1.0, Unit.parse("s")),
    "kilogram": (1.0, Unit.parse("kg")),
    "newton": (1.0, Unit.parse("N")),
    "radian": (1.0, Unit.parse("rad")),
    "degree": (pi / 180, Unit.parse("rad")),
}

# Everything the parser may hand on. Operators are checked where they are read.
SYNTAX: frozenset[type[ast.AST]] = frozenset(
    {
        ast.Module,
        ast.FunctionDef,
        ast.arguments,
        ast.arg,
        ast.Return,
        ast.Assign,
        ast.Expr,
        ast.Name,
        ast.Load,
        ast.Store,
        ast.Constant,
        ast.Dict,
        ast.Tuple,
        ast.List,
        ast.BinOp,
        ast.Add,
        ast.Sub,
        ast.Mult,
        ast.Div,
        ast.Pow,
        ast.UnaryOp,
        ast.USub,
        ast.UAdd,
        ast.Not,
        ast.BoolOp,
        ast.And,
        ast.Or,
        ast.Compare,
        ast.Lt,
        ast.LtE,
        ast.Gt,
        ast.GtE,
        ast.Eq,
        ast.NotEq,
        ast.If,
        ast.AugAssign,
        ast.IfExp,
        ast.Call,
        ast.keyword,
        ast.Subscript,
        ast.Slice,
    }
)

# Reasons for what people and language models try most; everything else is refused by the name of its syntax.
_FUNCTIONS_ONLY = "a reward program holds number constants and functions, nothing else"
_NO_LOOPS = "write the arithmetic on whole vectors: sum, norm, all and any reduce them"
REFUSED: dict[type[ast.AST], tuple[str, str]] = {
    ast.Import: (
        "imports are not part of the reward language",
        "the functions of the language are there without import",
    ),
    ast.ImportFrom: (
        "imports are not part of the reward language",
        "the functions of the language are there without import",
    ),
    ast.Attribute: (
        "attributes are not part of the reward language",
        "write norm(x), not np.linalg.norm(x) or x.norm()",
    ),
    ast.ClassDef: ("classes are not part of the reward language", _FUNCTIONS_ONLY),
    ast.AsyncFunctionDef: ("async functions are not part of the reward language", _FUNCTIONS_ONLY),
    ast.Lambda: ("lambda is not part of the reward language", "assign the expression to a name"),
    ast.For: ("loops are not part of the reward language", _NO_LOOPS),
    ast.While: ("loops are not part of the reward language", _NO_LOOPS),
    ast.ListComp: ("comprehensions are not part of the reward language", _NO_LOOPS),
    ast.SetComp: ("comprehensions are not part of the reward language", _NO_LOOPS),
    ast.DictComp: ("comprehensions are not part of the reward language", _NO_LOOPS),
    ast.GeneratorExp: ("generators are not part of the reward language", _NO_LOOPS),
    ast.NamedExpr: ("`:=` is not part of the reward language", "assign on a line of its own"),
    ast.AnnAssign: ("annotations are not part of the reward language", "write `NAME = value`"),
    ast.JoinedStr: ("strings are not values in the reward language", ""),
    ast.Starred: ("`*` arguments are not part of the reward language", "name every argument"),
    ast.BitAnd: ("`&` is not part of the reward language", "write `a and b`: it works on whole arrays here"),
    ast.BitOr: ("`|` is not part of the reward language", "write `a or b`: it works on whole arrays here"),
    ast.Invert: ("`~` is not part of the reward language", "write `not a`: it works on whole arrays here"),
    ast.MatMult: (
        "`@` is not part of the reward language",
        "use dot(a, b), to_world(rotation, v) or to_body(rotation, v)",
    ),
    ast.Mod: ("`%` is not part of the reward language", "for angles, use wrap_angle(x)"),
    ast.FloorDiv: ("`//` is not part of the reward language", "use `/`"),
    ast.Pass: ("`pass` is not part of the reward language", "return a dictionary of terms"),
    ast.Delete: ("`del` is not part of the reward language", ""),
    ast.Global: (
        "`global` is not part of the reward language",
        "what a reward remembers within an episode is declared in `memory`",
    ),
    ast.Nonlocal: (
        "`nonlocal` is not part of the reward language",
        "what a reward remembers within an episode is declared in `memory`",
    ),
}
