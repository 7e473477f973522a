"""Everything that a reward program must not be able to do, each attempt refused as a `RewardError`."""

import sys

import pytest

from telic.rewards.error import RewardError
from telic.rewards.program import load_reward, parse_reward

START = '"""An attack."""\n'


def body(*lines: str) -> str:
    return START + "def reward(position, action):\n" + "".join(f"    {line}\n" for line in lines)


def term(expression: str) -> str:
    return body(f'return {{"a": {expression}}}')


REWARD = 'def reward(position):\n    return {"a": norm(position)}\n'

ATTACKS = {
    # Reaching outside.
    "import": ("imports are not part", START + "import os\n" + REWARD),
    "import inside": ("imports are not part", body("import os", 'return {"a": norm(position)}')),
    "import from": ("imports are not part", START + "from os import system\n" + REWARD),
    "star import": ("imports are not part", START + "from os import *\n" + REWARD),
    "__import__": ("attributes are not part", term("__import__('os').system('true')")),
    "importlib": ("attributes are not part", term("importlib.import_module('os')")),
    "open": ("there is no function 'open'", term("open('/etc/passwd')")),
    "file write": ("attributes are not part", term("open('x', 'w').write('x')")),
    "socket": ("attributes are not part", term("socket.create_connection(('127.0.0.1', 80))")),
    "url": ("there is no function 'urlopen'", term("urlopen('http://127.0.0.1')")),
    "exec": ("there is no function 'exec'", term("exec('1')")),
    "eval": ("there is no function 'eval'", term("eval('1')")),
    "compile": ("there is no function 'compile'", term("compile('1', '', 'eval')")),
    "input": ("there is no function 'input'", term("input()")),
    "print": (
        "a function holds assignments and `if`, and ends with one return",
        body("print(position)", 'return {"a": norm(position)}'),
    ),
    "breakpoint": ("there is no function 'breakpoint'", term("breakpoint()")),
    "exit": ("there is no function 'exit'", term("exit()")),
    # Climbing through objects.
    "class of tuple": ("attributes are not part", term("().__class__.__bases__[0].__subclasses__()")),
    "attribute of function": ("attributes are not part", term("norm.__globals__")),
    "attribute of signal": ("attributes are not part", term("position.sum()")),
    "numpy": ("attributes are not part", term("np.linalg.norm(position)")),
    "getattr": ("there is no function 'getattr'", term("getattr(position, 'sum')")),
    "setattr": ("there is no function 'setattr'", term("setattr(position, 'x', 1)")),
    "vars": ("there is no function 'vars'", term("vars()")),
    "globals": ("there is no function 'globals'", term("globals()['x']")),
    "type": ("there is no function 'type'", term("type(position)")),
    "dunder name": ("there is no name '__builtins__'", term("__builtins__")),
    "dunder assignment": ("name '__builtins__' is not allowed", START + "__builtins__ = 1.0\n" + REWARD),
    "dunder index": ("there is no name '__builtins__'", term("__builtins__['open']")),
    "underscore name": ("name '_x' is not allowed", body("_x = 1.0", 'return {"a": norm(position)}')),
    "name of a function": ("'norm' has a meaning", body("norm = 1.0", 'return {"a": position[0]}')),
    "constant named like a signal": ("'position' is a signal", START + "position = 1.0\n" + REWARD),
    "call of a call": ("only functions of the reward language can be called", term("norm(position)(1)")),
    "call of an element": ("only functions of the reward language can be called", term("(norm, sum)[0](position)")),
    "function as value": ("'norm' is a function", term("norm")),
    # Running forever, or growing without end.
    "while": ("loops are not part", body("while True:", "    x = 1.0", 'return {"a": norm(position)}')),
    "for": ("loops are not part", body("for i in range(10**9):", "    x = 1.0", 'return {"a": norm(position)}')),
    "recursion": (
        "reward returns a dictionary of named terms",
        START + "def reward(position):\n    return reward(position)\n",
    ),
    "helper recursion": (
        "f calls itself",
        START + "def f(x):\n    return f(x)\n" + body('return {"a": f(norm(position))}').removeprefix(START),
    ),
    "mutual recursion": (
        "f calls itself",
        START
        + "def f(x):\n    return g(x)\ndef g(x):\n    return f(x)\n"
        + body('return {"a": f(norm(position))}').removeprefix(START),
    ),
    "calls that double": (
        "more than 400 calls",
        START
        + "def f0(x):\n    return x\n"
        + "".join(f"def f{i}(x):\n    return f{i - 1}(x) + f{i - 1}(x)\n" for i in range(1, 40))
        + body('return {"a": f39(norm(position))}').removeprefix(START),
    ),
    "code in a default": (
        "there is no function 'exec'",
        START + 'def f(x=exec("1")):\n    return x\n' + body('return {"a": f() + norm(position)}').removeprefix(START),
    ),
    "return in a branch": (
        "a function holds assignments and `if`",
        body("if norm(position) < 1:", '    return {"a": 1.0}', 'return {"a": 2.0}'),
    ),
    "condition of three": (
        "a condition is one truth value",
        body("x = 1.0", "if position < 1:", "    x = 2.0", 'return {"a": x * norm(position)}'),
    ),
    "name of one branch": (
        "'x' has no value here",
        body("if norm(position) < 1:", "    x = 2.0", 'return {"a": x * norm(position)}'),
    ),
    "memory without a start": (
        "memory keeps nothing",
        START + 'def memory(position):\n    return {"a": norm(position)}\n' + REWARD,
    ),
    "memory of another unit": (
        "cannot keep as 'far'",
        START + 'def memory(position, far=0.0):\n    return {"far": norm(position)}\n' + REWARD,
    ),
    "memory of what is not declared": (
        "'near' is not kept",
        START + 'def memory(position, far=0.0):\n    return {"far": far, "near": far}\n' + REWARD,
    ),
    "memory named as a signal": (
        "'velocity' is a signal",
        START + 'def memory(position, velocity=0.0):\n    return {"velocity": velocity}\n' + REWARD,
    ),
    "list comprehension": ("comprehensions are not part", term("sum([x for x in position])")),
    "set comprehension": ("comprehensions are not part", term("sum({x for x in position})")),
    "dict comprehension": ("comprehensions are not part", body("return {str(i): 1.0 for i in range(10**9)}")),
    "generator": ("generators are not part", term("sum(x for x in range(10**9))")),
    "huge power": ("exponent 9 is not allowed", term("9**9**9")),
    "huge power of a signal": ("exponent 1e+06 is not allowed", term("norm(position)**1000000")),
    "power of a tower": ("this constant is 1.85e+15: too large", term("((((9.0**8)**8)**8)**8)**8")),
    "growing power": ("an exponent is a constant number", term("2 ** norm(position)")),
    "huge integer": ("a number of 5000 characters", term("9" * 5000)),
    "long number": ("a number of 3003 characters", term("0." + "0" * 3000 + "1")),
    "infinite constant": ("this constant is inf", term("1e999 * norm(position)")),
    "huge constant": ("this constant is 1e+200: too large", term("1e200 * norm(position)")),
    "tiny constant": ("this constant is 1e-300: too small", term("norm(position) / 1e-300")),
    "shift": ("`lshift` is not part", term("1 << 100000000")),
    "string multiplication": ("str is not a value", term("'a' * 1000000000")),
    "list multiplication": (
        "term 'a' is (1,) bare number: a term is one number for each sample",
        term("[0.0] * 1000000000"),
    ),
    "wide vector": ("a vector of 1000 numbers", term(f"norm(({', '.join(['1.0'] * 1000)}))")),
    "many terms": ("500 terms", body("return {" + ", ".join(f'"t{i}": norm(position)' for i in range(500)) + "}")),
    "many operations": (
        "the program has more than 8000 tokens",
        body("x = norm(position)", *(f"x = sin(x + {i}.5) * cos(x - {i}.25)" for i in range(800)), 'return {"a": x}'),
    ),
    "many operations on wide vectors": (
        "more than 5000 operations on numbers",
        body(
            f"x = norm(action) * ({', '.join(f'{i}.5' for i in range(100))})",
            *(f"x = sin(x) * {i}.5" for i in range(60)),
            'return {"a": sum(x) + norm(position) / metre}',
        ),
    ),
    # Syntax with room for surprises.
    "walrus": ("`:=` is not part", term("(x := 1.0) + norm(position)")),
    "lambda": ("lambda is not part", term("(lambda: 1.0)()")),
    "f-string": ("strings are not values", body('return {f"{position}": 1.0}')),
    "format": ("attributes are not part", term("'{0.__class__}'.format(position)")),
    "percent format": ("`%` is not part", term("'%s' % position")),
    "bytes": ("bytes is not a value", term("b'a'")),
    "string": ("str is not a value", term("'a'")),
    "decorator": ("decorators are not part", START + "@norm\n" + REWARD),
    "class": ("classes are not part", START + "class A:\n    x = 1\n" + REWARD),
    "global": ("`global` is not part", body("global x", 'return {"a": norm(position)}')),
    "nonlocal": ("`nonlocal` is not part", body("nonlocal x", 'return {"a": norm(position)}')),
    "try": (
        "`try` is not part",
        body("try:", "    x = 1.0", "except Exception:", "    x = 2.0", 'return {"a": norm(position)}'),
    ),
    "raise": ("`raise` is not part", body("raise SystemExit")),
    "assert": ("`assert` is not part", body("assert False", 'return {"a": norm(position)}')),
    "with": ("`with` is not part", body("with position as x:", '    return {"a": norm(x)}')),
    "yield": ("`yield` is not part", body('yield {"a": norm(position)}')),
    "yield from": ("`yieldfrom` is not part", body("x = yield from position", 'return {"a": norm(position)}')),
    "async def": (
        "async functions are not part",
        START + 'async def reward(position):\n    return {"a": norm(position)}\n',
    ),
    "await": (
        "async functions are not part",
        START + 'async def reward(position):\n    return {"a": await norm(position)}\n',
    ),
    "match": (
        "`match` is not part",
        body("match position:", "    case _:", "        x = 1.0", 'return {"a": norm(position)}'),
    ),
    "del": ("`del` is not part", body("del position", 'return {"a": 1.0}')),
    "annotation": (
        "annotations are not part",
        START + 'def reward(position: exec("1")):\n    return {"a": norm(position)}\n',
    ),
    "return annotation": (
        "annotations are not part",
        START + 'def reward(position) -> exec("1"):\n    return {"a": norm(position)}\n',
    ),
    "default argument": (
        "parameters of `reward` have no defaults: each is the name of a signal",
        START + 'def reward(position, x=exec("1")):\n    return {"a": norm(position)}\n',
    ),
    "star parameters": (
        "parameters are plain names, without `*` and `/`",
        START + 'def reward(*args):\n    return {"a": norm(args)}\n',
    ),
    "star star parameters": (
        "parameters are plain names, without `*` and `/`",
        START + 'def reward(**kwargs):\n    return {"a": norm(kwargs)}\n',
    ),
    "star arguments": ("`*` arguments are not part", term("norm(*position)")),
    "star star arguments": ("norm has no argument '**'", term("norm(**{'x': position})")),
    "dictionary unpacking": ("the name of a term is a word in quotes", body("return {**position}")),
    "augmented element": (
        "an assignment writes to one name",
        body("position[0] += 1.0", 'return {"a": norm(position)}'),
    ),
    "element assignment": (
        "an assignment writes to one name",
        body("position[0] = 1.0", 'return {"a": norm(position)}'),
    ),
    "tuple assignment": ("an assignment writes to one name", body("x, y, z = position", 'return {"a": x}')),
    "chained assignment": ("an assignment writes to one name", body("x = y = norm(position)", 'return {"a": x}')),
    "assignment to attribute": ("attributes are not part", body("position.x = 1.0", 'return {"a": norm(position)}')),
    "second function": (
        "function 'hack' is never called",
        START + REWARD + "def hack(position):\n    return position\n",
    ),
    "two rewards": ("function 'reward' is written twice", START + REWARD + REWARD),
    "nested function": (
        "a function holds assignments and `if`, and ends with one return",
        body("def f(x):", "    return x", 'return {"a": norm(position)}'),
    ),
    "code after return": (
        "a function holds assignments and `if`, and ends with one return",
        body('return {"a": norm(position)}', 'return {"b": norm(position)}'),
    ),
    "code at the top": ("this statement does nothing here", START + "norm((1.0, 2.0))\n" + REWARD),
    "two files in one": ("this statement does nothing here", START + REWARD + '"""Another."""\n' + REWARD),
    "matrix product": ("`@` is not part", term("position @ position")),
    "ellipsis as value": ("... is not a value", term("... + norm(position)")),
    "none": ("None is not a value", term("None")),
    "true": ("bool is not a value", term("True")),
    "complex number": ("complex is not a value", term("1j * norm(position)")),
    # Text that is not what it seems, or not text.
    "homoglyph name": (
        "name 'pоsition' holds 'о'",
        body("pоsition = 1.0", 'return {"a": norm(position)}'),
    ),  # Cyrillic o.
    "homoglyph call": ("name 'nоrm' holds 'о'", term("nоrm(position)")),  # Cyrillic o.
    "full-width name": ("name 'ｎorm' holds 'ｎ'", term("ｎorm(position)")),
    "right-to-left override": ("character U+202E is not allowed", START + "# \u202e hidden\n" + REWARD),
    "zero-width space": ("character U+200B is not allowed", term("norm(posi\u200btion)")),
    "null byte": ("character U+0000 is not allowed", term("norm(position)\0")),
    "lone surrogate": ("character U+D800 is not allowed", term("norm(position) # \ud800")),
    "escape sequence": ("character U+001B is not allowed", START + "# \x1b[2J\n" + REWARD),
    "form feed": ("character U+000C is not allowed", START + "\x0c" + REWARD),
    "empty": ("the program does not begin with a docstring", ""),
    "blank": ("the program does not begin with a docstring", "   \n\n"),
    "prose": ("this is not Python", "Here is the reward you asked for:\n```python\nx = 1\n```\n"),
    "no docstring": ("the program does not begin with a docstring", REWARD),
    "no function": ("the program has no function `reward`", START),
    "unclosed bracket": (
        "this is not Python",
        START + "def reward(position):\n    return {",
    ),
    "unclosed string": ("this is not Python", '"""An attack.\n'),
    "wrong indentation": (
        "this is not Python",
        START + "def reward(position):\nreturn 1\n",
    ),
    "mixed tabs": (
        "this is not Python",
        START + "def reward(position):\n\tx = 1.0\n        return {'a': x}\n",
    ),
    # Overloading the parser.
    "100k parentheses": ("the program has 200022 characters", START + "x = " + "(" * 100_000 + "1" + ")" * 100_000),
    "1k parentheses": ("brackets are nested deeper than 20", START + "x = " + "(" * 1_000 + "1" + ")" * 1_000),
    "nested brackets": ("brackets are nested deeper than 20", START + "x = " + "[" * 90 + "]" * 90),
    "nested braces": ("brackets are nested deeper than 20", START + "x = " + "{" * 90),
    "nested calls": ("brackets are nested deeper than 20", term("sin(" * 500 + "norm(position)" + ")" * 500)),
    "minus signs": ("the program is nested too deeply to be read", term("-" * 7_000 + "1.0")),
    "nots": ("the program is nested too deeply to be read", term("not " * 7_000 + "1.0")),
    "long sum": ("expressions are nested deeper than 80", term("+".join(["norm(position)"] * 1_500))),
    "long power": ("the program is nested too deeply to be read", term("**".join(["2"] * 3_000))),
    "long conditional": (
        "expressions are nested deeper than 80",
        term("1.0 if norm(position) < 1 else " * 700 + "0.0"),
    ),
    "many subscripts": ("expressions are nested deeper than 80", term("position" + "[0]" * 2_000)),
    "many lines": ("the program has 400017 characters", START + "x = 1.0\n" * 50_000),
    "10 MB file": ("the program has 10000017 characters", START + "#" * 10_000_000),
    "10 MB of brackets": ("the program has 10000000 characters", "(" * 10_000_000),
    "deep indentation": (
        "this is not Python",
        START + "".join(" " * i + "if 1:\n" for i in range(150)),
    ),
    "long name": ("a name of 50000 characters", START + "x" * 50_000 + " = 1.0\n" + REWARD),
    "long term name": (
        "the name of a term has 5000 characters",
        body('return {"' + "x" * 5_000 + '": norm(position)}'),
    ),
    "odd term name": ("the name of a term is a word in quotes", body('return {"a b; c": norm(position)}')),
    "backslashes": ("this is not Python", START + "\\\n" * 20_000),
    "spaces before an odd character": ("unexpected '!'", START + "x = 1.0" + " " * 60_000 + "!\n" + REWARD),
    "spaces before an open quote": ("unexpected '\"'", START + "x = (" + " " * 60_000 + '"\n' + REWARD),
    "many odd characters": ("unexpected '?'", START + "?" * 60_000),
    "decimal bomb": ("a number of 40001 characters", START + "x = " + "1_" * 20_000 + "1"),
}


@pytest.mark.timeout(10)
@pytest.mark.parametrize("name", ATTACKS)
def test_attack_is_refused_with_the_reason(name, signals):
    reason, source = ATTACKS[name]
    with pytest.raises(RewardError) as caught:
        parse_reward(source, signals, path="attack.py")
    error = caught.value
    assert reason in error.message
    assert error.path == "attack.py"
    assert len(str(error)) < 2_000
    assert 0 <= error.line <= source.count("\n") + 1


def test_refusals_leave_the_interpreter_as_it_was(signals):
    before = set(sys.modules)
    for _, source in ATTACKS.values():
        with pytest.raises(RewardError):
            parse_reward(source, signals)
    assert not {"socket", "urllib.request", "importlib.import_module"} & (set(sys.modules) - before)


@pytest.mark.parametrize(
    ("name", "line", "column"),
    [
        ("import", 2, 1),
        ("class of tuple", 3, 18),
        ("while", 3, 5),
        ("huge power", 3, 21),
        ("homoglyph call", 3, 18),
        ("null byte", 3, 32),
        ("1k parentheses", 2, 25),
        ("growing power", 3, 18),
        ("decorator", 2, 2),
        ("return in a branch", 4, 9),
    ],
)
def test_refusal_points_at_the_place(name, line, column, signals):
    with pytest.raises(RewardError) as caught:
        parse_reward(ATTACKS[name][1], signals)
    assert (caught.value.line, caught.value.column) == (line, column)


def test_error_shows_the_line_and_a_caret(signals):
    with pytest.raises(RewardError) as caught:
        parse_reward(term("norm(positon)"), signals, path="reward.py")
    assert str(caught.value).splitlines() == [
        "reward.py:3:23: there is no name 'positon'",
        '        return {"a": norm(positon)}',
        "                          ^~~~~~~",
        "hint: did you mean position or next_position?",
    ]


def test_huge_file_is_refused_without_reading_it_all(tmp_path, signals):
    path = tmp_path / "reward.py"
    path.write_bytes(b"#" * 10_000_000)
    with pytest.raises(RewardError, match="characters"):
        load_reward(path, signals)


def test_file_that_is_not_text_is_refused(tmp_path, signals):
    path = tmp_path / "reward.py"
    path.write_bytes(b"\xff\xfe\x00\x01")
    with pytest.raises(RewardError, match="not UTF-8"):
        load_reward(path, signals)
