"""Pictures of skies, floors and stuffs, computed: nothing to download and nobody's rights to mind.

A texture for a sky or a body is a cube of six square faces, in OpenGL's order: +x, -x, +y, -y, +z, -z; y is up.
"""

from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray
from scipy.ndimage import map_coordinates

Sky = Literal["clouds", "clear", "studio"]
Floor = Literal["tiles", "concrete", "wood", "grass"]
Stuff = Literal["skin", "cloth", "leather", "plastic"]
Rgb = tuple[float, float, float]
Points = NDArray[np.float64]
Picture = NDArray[np.uint8]

_LATTICE = 16
# Zenith, horizon and below the horizon.
_SKIES: dict[str, tuple[Rgb, Rgb, Rgb]] = {
    "clouds": ((0.22, 0.42, 0.75), (0.72, 0.82, 0.92), (0.55, 0.57, 0.55)),
    "clear": ((0.25, 0.47, 0.80), (0.80, 0.88, 0.95), (0.60, 0.62, 0.62)),
    "studio": ((0.85, 0.86, 0.88), (0.80, 0.81, 0.83), (0.70, 0.71, 0.73)),
}


def sky(kind: Sky, width: int = 256, seed: int = 0) -> Picture:
    """Paint a sky all around, (6 * width, width, 3).

    Raises:
        ValueError: If there is no such sky.
    """
    _check("sky", kind, get_args(Sky))
    rng = np.random.default_rng(seed)
    way = _cube(width)
    height = way[..., 1:2]
    zenith, horizon, below = (np.array(rgb) for rgb in _SKIES[kind])
    rise = np.clip(height, 0.0, 1.0) ** 0.5
    colour = np.where(height > 0.0, horizon + (zenith - horizon) * rise, below)
    if kind == "clouds":
        # Clouds lie in a plane overhead: they are drawn out towards the horizon.
        plane = way / np.maximum(height, 0.05)
        cover = np.clip(2.4 * (_noise(1.2 * plane, rng, octaves=5)[..., None] - 0.50), 0.0, 1.0)
        cover *= np.clip(8.0 * (height - 0.02), 0.0, 1.0)
        colour = colour + cover * (np.array([0.97, 0.97, 0.98]) - colour)
    return _bytes(colour)


def floor(kind: Floor, width: int = 512, seed: int = 0) -> Picture:
    """Paint one square metre of floor, (width, width, 3), which repeats without a seam.

    Raises:
        ValueError: If there is no such floor.
    """
    _check("floor", kind, get_args(Floor))
    rng = np.random.default_rng(seed)
    u, v = np.meshgrid(*2 * [(np.arange(width) + 0.5) / width])
    grain = _noise(_LATTICE * np.stack([u, v, 0 * u], axis=-1), rng, octaves=3)[..., None] - 0.5
    if kind == "tiles":
        # Two by two tiles, each of its own shade, with 6 mm of grout between.
        shade = np.kron(rng.uniform(0.62, 0.74, (2, 2)), np.ones((width // 2, width // 2)))[..., None]
        from_middle = np.maximum(np.abs(2.0 * u % 1.0 - 0.5), np.abs(2.0 * v % 1.0 - 0.5))
        grout = (from_middle > 0.488)[..., None]
        return _bytes(np.where(grout, 0.42, shade + 0.06 * grain) * np.array([1.0, 0.985, 0.95]))
    if kind == "wood":
        plank = (8.0 * v).astype(int) % 8
        shade = rng.uniform(0.80, 1.0, 8)[plank][..., None]
        streak = _noise(_LATTICE * np.stack([0.25 * u, 4.0 * v, 0 * u], axis=-1), rng, octaves=3)[..., None] - 0.5
        gap = (8.0 * v % 1.0 < 0.03)[..., None]
        return _bytes(np.where(gap, 0.25, shade + 0.3 * streak) * np.array([0.66, 0.47, 0.30]))
    if kind == "grass":
        blades = rng.uniform(-0.5, 0.5, (width, width, 1))
        return _bytes((0.75 + 0.5 * blades + 0.5 * grain) * np.array([0.33, 0.48, 0.20]))
    return _bytes((0.62 + 0.15 * grain + 0.03 * rng.uniform(-1.0, 1.0, grain.shape)) * np.ones(3))


def stuff(kind: Stuff, rgb: Rgb, width: int = 64, seed: int = 0) -> Picture:
    """Paint what a body is made of, (6 * width, width, 3).

    Raises:
        ValueError: If there is no such stuff.
    """
    _check("stuff", kind, get_args(Stuff))
    rng = np.random.default_rng(seed)
    way = _cube(width)
    blotches = _noise(3.0 * way, rng, octaves=4)[..., None] - 0.5
    fine = rng.uniform(-0.5, 0.5, blotches.shape)
    if kind == "cloth":
        # Threads over and under, and folds.
        weave = np.indices(way.shape[:2]).sum(axis=0)[..., None] % 2 - 0.5
        shade = 1.0 + 0.35 * blotches + 0.08 * weave + 0.06 * fine
    else:
        rough = {"skin": (0.22, 0.04), "leather": (0.40, 0.10), "plastic": (0.04, 0.01)}[kind]
        shade = 1.0 + rough[0] * blotches + rough[1] * fine
    return _bytes(shade * np.array(rgb))


def _cube(width: int) -> Points:
    """Return the directions (6 * width, width, 3) of the pixels of a cube's faces, of length 1."""
    centres = (np.arange(width) + 0.5) / width * 2.0 - 1.0
    s, t = np.meshgrid(centres, centres)
    one = np.ones_like(s)
    faces = [(one, -t, -s), (-one, -t, s), (s, one, t), (s, -one, -t), (s, -t, one), (-s, -t, -one)]
    way = np.concatenate([np.stack(face, axis=-1) for face in faces])
    return way / np.linalg.norm(way, axis=-1, keepdims=True)


def _noise(points: Points, rng: np.random.Generator, octaves: int) -> Points:
    """Return smooth noise from 0 to 1 at points (..., 3), which repeats every `_LATTICE` units."""
    lattice = rng.random((_LATTICE, _LATTICE, _LATTICE))
    total = np.zeros(points.shape[:-1])
    for octave in range(octaves):
        total += 0.5**octave * map_coordinates(
            lattice, np.moveaxis(2.0**octave * points, -1, 0), order=1, mode="grid-wrap"
        )
    return total / (2.0 - 0.5 ** (octaves - 1))


def _bytes(colour: Points) -> Picture:
    return np.ascontiguousarray(255.0 * np.clip(colour, 0.0, 1.0) + 0.5).astype(np.uint8)


def _check(what: str, kind: str, allowed: tuple[str, ...]) -> None:
    if kind not in allowed:
        raise ValueError(f"{what} is {kind!r}; allowed: {', '.join(allowed)}")
