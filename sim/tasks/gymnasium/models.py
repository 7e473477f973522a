"""The models of Gymnasium's MuJoCo environments, from the installed package."""

from importlib.resources import files


def mjcf(name: str) -> str:
    """Return the MJCF of a model such as ``half_cheetah``."""
    return (files("gymnasium") / "envs" / "mujoco" / "assets" / f"{name}.xml").read_text(encoding="utf-8")
