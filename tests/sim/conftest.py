"""A small reward for the environments: this package must not know the real ones."""

import numpy as np
import pytest
from numba import njit


class Near:
    """Near the point, still, and calm; lost is bad."""

    inputs = ("position", "velocity", "action", "next_position", "terminated")
    fingerprint = "near"

    def terms(self, inputs):
        height = inputs["position"][..., 2] - np.float32(1.0)
        return {
            "place": -np.abs(height),
            "still": -np.square(inputs["velocity"]).sum(axis=-1),
            "effort": np.float32(-0.1) * np.square(inputs["action"]).sum(axis=-1),
            "climb": inputs["next_position"][..., 2] - inputs["position"][..., 2],
            "lost": np.float32(-10.0) * inputs["terminated"],
        }


@njit(nogil=True)
def near_kernel(inputs, out):
    position, velocity, action, after, terminated = inputs
    for i in range(out.shape[0]):
        out[i, 0] = -abs(position[i, 2] - np.float32(1.0))
        out[i, 1] = -(velocity[i, 0] ** 2 + velocity[i, 1] ** 2 + velocity[i, 2] ** 2)
        effort = np.float32(0.0)
        for j in range(4):
            effort += action[i, j] ** 2
        out[i, 2] = np.float32(-0.1) * effort
        out[i, 3] = after[i, 2] - position[i, 2]
        out[i, 4] = np.float32(-10.0) * terminated[i, 0]


class CompiledNear(Near):
    """The same reward with a compiled form."""

    kernel = staticmethod(near_kernel)


@pytest.fixture
def near():
    return Near()


@pytest.fixture
def compiled_near():
    return CompiledNear()
