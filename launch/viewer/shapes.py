"""MuJoCo's shapes as triangles, for a browser."""

# MuJoCo keeps its classes in compiled modules, which pyright cannot read.
# pyright: reportAttributeAccessIssue=false

from collections.abc import Iterator
from dataclasses import dataclass

import mujoco
import numpy as np
from numpy.typing import NDArray

_SEGMENTS = 24
_SMALLEST = 1e-6
# MuJoCo's viewer shows the first three groups; the others are for collisions.
_SHOWN_GROUPS = 3
_Mesh = tuple[NDArray[np.float32], NDArray[np.uint32]]


@dataclass(frozen=True)
class Shape:
    """A shape that is fixed to a body.

    Attributes:
        name: Unique in the model.
        body: Number of the body.
        vertices: (V, 3) [m], in the frame of the shape.
        faces: (F, 3) indices of vertices.
        position: (3,) of the shape in the body's frame [m].
        wxyz: (4,) its quaternion there.
        rgba: (4,), 0 to 1.
    """

    name: str
    body: int
    vertices: NDArray[np.float32]
    faces: NDArray[np.uint32]
    position: NDArray[np.float64]
    wxyz: NDArray[np.float64]
    rgba: NDArray[np.float64]


def shapes_of(model: mujoco.MjModel) -> Iterator[Shape]:
    """Yield all shapes of a model that can be seen, floors apart."""
    for index in range(model.ngeom):
        rgba = _colour(model, model.geom_rgba[index], int(model.geom_matid[index]))
        mesh = _geom(model, index)
        if mesh is not None and rgba[3] > 0.0 and model.geom_group[index] < _SHOWN_GROUPS:
            yield Shape(
                f"geom_{index}", int(model.geom_bodyid[index]), *mesh, model.geom_pos[index].copy(),
                model.geom_quat[index].copy(), rgba,
            )  # fmt: skip
    for index in range(model.nsite):
        rgba = _colour(model, model.site_rgba[index], int(model.site_matid[index]))
        mesh = _primitive(int(model.site_type[index]), model.site_size[index])
        if mesh is not None and rgba[3] > 0.0 and model.site_group[index] < _SHOWN_GROUPS:
            yield Shape(
                f"site_{index}", int(model.site_bodyid[index]), *mesh, model.site_pos[index].copy(),
                model.site_quat[index].copy(), rgba,
            )  # fmt: skip


def floors_of(model: mujoco.MjModel) -> list[float]:
    """Return the heights of the level floors of a model [m]."""
    level = (model.geom_type == mujoco.mjtGeom.mjGEOM_PLANE) & (model.geom_bodyid == 0)
    return sorted({float(model.geom_pos[index, 2]) for index in np.flatnonzero(level)})


def _colour(model: mujoco.MjModel, rgba: NDArray, material: int) -> NDArray[np.float64]:
    """Return the colour of a shape: its own, or that of its material, tinted by the mean of the texture."""
    own = np.array(rgba, np.float64)
    if material < 0:
        return own
    # MuJoCo's default colour means: that of the material.
    colour = np.array(model.mat_rgba[material], np.float64) if np.allclose(own, (0.5, 0.5, 0.5, 1.0)) else own
    texture = int(model.mat_texid[material, mujoco.mjtTextureRole.mjTEXROLE_RGB])
    if texture >= 0:
        first = int(model.tex_adr[texture])
        count = int(model.tex_width[texture] * model.tex_height[texture])
        channels = int(model.tex_nchannel[texture])
        pixels = model.tex_data[first : first + count * channels].reshape(count, channels)
        colour[:3] *= pixels[:, :3].mean(axis=0) / 255.0
    return colour


def _geom(model: mujoco.MjModel, index: int) -> _Mesh | None:
    kind, data = int(model.geom_type[index]), int(model.geom_dataid[index])
    if kind == mujoco.mjtGeom.mjGEOM_MESH:
        first, count = model.mesh_vertadr[data], model.mesh_vertnum[data]
        begin, faces = model.mesh_faceadr[data], model.mesh_facenum[data]
        return (
            np.array(model.mesh_vert[first : first + count], np.float32),
            np.array(model.mesh_face[begin : begin + faces], np.uint32),
        )
    if kind == mujoco.mjtGeom.mjGEOM_HFIELD:
        return _height_field(model, data)
    return _primitive(kind, model.geom_size[index])


def _primitive(kind: int, size: NDArray) -> _Mesh | None:
    """Return a sphere, ellipsoid, capsule, cylinder or box; None for what has no surface of its own."""
    import trimesh

    shape = mujoco.mjtGeom
    x, y, z = np.maximum(size, _SMALLEST)
    if kind == shape.mjGEOM_SPHERE:
        mesh = trimesh.creation.icosphere(3, x)
    elif kind == shape.mjGEOM_ELLIPSOID:
        mesh = trimesh.creation.icosphere(3, 1.0)
        mesh.vertices *= (x, y, z)
    elif kind == shape.mjGEOM_CAPSULE:
        mesh = trimesh.creation.capsule(2.0 * y, x, count=(_SEGMENTS, _SEGMENTS))
        mesh.vertices -= mesh.bounds.mean(axis=0)
    elif kind == shape.mjGEOM_CYLINDER:
        mesh = trimesh.creation.cylinder(x, 2.0 * y, sections=_SEGMENTS)
        mesh.unmerge_vertices()
    elif kind == shape.mjGEOM_BOX:
        mesh = trimesh.creation.box((2.0 * x, 2.0 * y, 2.0 * z))
        # Corners that belong to one face each keep the edges sharp.
        mesh.unmerge_vertices()
    else:
        return None
    return np.array(mesh.vertices, np.float32), np.array(mesh.faces, np.uint32)


def _height_field(model: mujoco.MjModel, data: int) -> _Mesh:
    """Return the surface of a height field."""
    rows, columns = int(model.hfield_nrow[data]), int(model.hfield_ncol[data])
    first = int(model.hfield_adr[data])
    half_x, half_y, height, _ = model.hfield_size[data]
    x, y = np.meshgrid(np.linspace(-half_x, half_x, columns), np.linspace(-half_y, half_y, rows))
    z = height * model.hfield_data[first : first + rows * columns].reshape(rows, columns)
    vertices = np.stack([x, y, z], axis=-1).reshape(-1, 3)
    corner = (np.arange(rows - 1)[:, None] * columns + np.arange(columns - 1)).ravel()
    lower = np.stack([corner, corner + 1, corner + columns], axis=1)
    upper = np.stack([corner + 1, corner + columns + 1, corner + columns], axis=1)
    return vertices.astype(np.float32), np.concatenate([lower, upper]).astype(np.uint32)
