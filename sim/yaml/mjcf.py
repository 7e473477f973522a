"""An MJCF file with all that it needs, and what is wrong with one in words that help."""

# MuJoCo keeps its classes in compiled modules, which pyright cannot read.
# pyright: reportAttributeAccessIssue=false

import math
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from xml.parsers import expat

import mujoco

from telic.sim.suggest import did_you_mean
from telic.sim.yaml.problem import Problem, TaskFileError

# What MuJoCo says, and what to do about it.
_REMEDIES = (
    ("mass and inertia of moving bodies", "give the body a geom with mass or density, or an <inertial> element"),
    ("repeated name", "rename one of the two: signals and actuators find elements by their names"),
    ("unknown transmission target", "let the actuator drive a joint, tendon or site that exists"),
    ("unrecognized attribute", "check the spelling in MuJoCo's XML reference"),
    ("unrecognized element", "check the spelling, and in which element it may stand"),
    ("size 0 must be positive", "give the geom a positive size"),
    ("should be smaller than", "write the smaller number first"),
    ("invalid qpos size", "a keyframe needs as many numbers as the model has positions (nq)"),
    ("not found", "define it, or correct the name"),
    ("bad format", "write a number"),
    ("Error opening file", "put the file there, or correct its name or the compiler's meshdir, texturedir or assetdir"),
    ("XML parse error", "the file is not well-formed XML: check that every element is closed"),
)


@dataclass(frozen=True)
class Mjcf:
    """A model as text and files.

    Attributes:
        name: What to call the file in messages.
        xml: The MJCF, with all included files in it.
        assets: Contents of meshes, textures, height fields by the names under which MuJoCo looks for them.
    """

    name: str
    xml: str
    assets: Mapping[str, bytes]


def read_mjcf(path: Path, name: str) -> Mjcf:
    """Read an MJCF file with the files that it includes and names.

    Raises:
        TaskFileError: If it or a file that it names cannot be read, or holds a number that is not finite.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except UnicodeDecodeError as error:
        raise TaskFileError([Problem(name, None, "", f"is not UTF-8 text: {error.reason}")]) from None
    except OSError as error:
        near = did_you_mean(path.name, sorted(other.name for other in path.parent.glob("*.xml")))
        message = f"the model cannot be read: {error.strerror}"
        raise TaskFileError(
            [Problem(name, None, "", message, f"name an MJCF file beside the YAML file{near}")]
        ) from None
    problems = list(_scan(text, name))
    if problems:
        raise TaskFileError(problems)
    try:
        spec = mujoco.MjSpec.from_file(str(path))
    except ValueError as error:
        raise TaskFileError([explain(str(error), name, text)]) from None
    assets = {}
    for kind, element, directory, file in _files(spec):
        source = path.parent / directory / file
        try:
            assets[str(Path(directory) / file)] = source.read_bytes()
        except OSError as error:
            message = f"{kind} {element!r} needs the file {source}, which cannot be read: {error.strerror}"
            problems.append(Problem(name, line_of(text, file), element, message, _remedy("Error opening file")))
    if problems:
        raise TaskFileError(problems)
    # MuJoCo's own text has the included files in it; without any, the author's text stays as it is.
    return Mjcf(name, spec.to_xml() if "<include" in text else text, assets)


def explain(error: str, name: str, text: str = "") -> Problem:
    """Turn what MuJoCo says of a model into a problem with its element, its line, and what to do."""
    lines = [line for line in error.strip().splitlines() if line.strip()]
    message = re.sub(r"^((XML )?Error: ?)+", "", lines[0])
    number = re.search(r"[Ll]ine(?: number)?[ =](\d+)", error)
    # The element's own name, else a name in the message, else the kind of element.
    named = re.search(r"Element name '([^']+)'", error) or re.search(r"'([^']+)'", message)
    place = named or re.search(r"Element '([^']+)'", error)
    element = place[1] if place else ""
    line = int(number[1]) if number else line_of(text, element)
    return Problem(name, line, element, f"MuJoCo refuses the model: {message}", _remedy(error))


def _remedy(error: str) -> str:
    return next((remedy for told, remedy in _REMEDIES if told in error), "see MuJoCo's XML reference")


def _files(spec: mujoco.MjSpec) -> Iterator[tuple[str, str, str, str]]:
    """Yield kind, name, directory and file of all files that a model names."""
    for kind, elements, directory in (
        ("mesh", spec.meshes, spec.meshdir),
        ("texture", spec.textures, spec.texturedir),
        ("height field", spec.hfields, spec.meshdir),
        ("skin", spec.skins, spec.meshdir),
    ):
        for element in elements:
            files = [element.file, *(element.cubefiles if kind == "texture" else ())]
            for file in filter(None, files):
                yield kind, element.name or Path(file).stem, directory, Path(file).name if spec.strippath else file


def _scan(text: str, name: str) -> Iterator[Problem]:
    """Find numbers that are not finite, which MuJoCo takes as they are."""
    found: list[Problem] = []
    parser = expat.ParserCreate()
    opened: list[str] = []

    def start(element: str, attributes: dict[str, str]) -> None:
        owner = attributes.get("name", element)
        opened.append(owner)
        for attribute, value in attributes.items():
            bad = next((word for word in value.split() if _is_not_finite(word)), None)
            if bad is not None and not attribute.endswith(("name", "file", "class")):
                message = f"{attribute} of <{element}> is {value!r}: {bad} is not a finite number"
                found.append(Problem(name, parser.CurrentLineNumber, owner, message, "write a finite number"))

    parser.StartElementHandler = start
    parser.EndElementHandler = lambda _: opened.pop()
    try:
        parser.Parse(text, True)
    except expat.ExpatError as error:
        message = f"is not well-formed XML: {expat.ErrorString(error.code)}"
        owner = opened[-1] if opened else ""
        remedy = f"check that every element is closed and every quote ends; {owner!r} is still open here"
        yield Problem(name, error.lineno, owner, message, remedy if owner else remedy.split(";")[0])
    yield from found


def _is_not_finite(word: str) -> bool:
    try:
        return not math.isfinite(float(word))
    except ValueError:
        return False


def line_of(text: str, word: str, attribute: bool = False, behind: str = "") -> int | None:
    """Return the line in which a value in quotes, or an attribute, first stands; behind a text if that is given."""
    skipped = text[: text.find(behind)].count("\n") if behind in text else 0
    pattern = rf"\b{re.escape(word)}\s*=" if attribute else rf"[\"'](?:[^\"']*/)?{re.escape(word)}[\"']"
    for number, line in enumerate(text.splitlines(), 1):
        if number > skipped and word and re.search(pattern, line):
            return number
    return None
