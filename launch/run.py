"""A run: a folder, and what its configuration makes."""

import os
import platform
import shlex
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from telic.launch.describe import facts
from telic.launch.errors import UserError, reading
from telic.launch.folder import RunFolder
from telic.launch.recipe import Recipe, check
from telic.rewards.program import RewardProgram, load_reward
from telic.sim.task import Task
from telic.sim.vehicle import vehicle_names


@dataclass(frozen=True)
class Run:
    """A run that has begun.

    Attributes:
        folder: Where everything lies.
        recipe: What was asked for.
        task: What is flown.
        reward: What is good.
    """

    folder: RunFolder
    recipe: Recipe
    task: Task
    reward: RewardProgram


def begin(recipe: Recipe, reward_source: str, slug: str, out: Path, about: Mapping[str, Any] | None = None) -> Run:
    """Check a recipe and make its run folder.

    Args:
        recipe: What was asked for.
        reward_source: Text of the reward program.
        slug: For the folder's name.
        out: Where the folder is made.
        about: More for ``config.yaml``.

    Raises:
        UserError: If something is refused, or the folder cannot be made; no folder is left then.
    """
    task, reward = check(recipe, reward_source)
    vehicle_file = None if recipe.vehicle in vehicle_names() else Path(recipe.vehicle)
    command = shlex.join(["telic", *sys.argv[1:]])
    config = {
        **recipe.to_config(),
        # The absolute path is for this machine only; the copy in the folder goes wherever the folder goes.
        **({"vehicle": "vehicle.toml"} if vehicle_file else {}),
        "facts": facts(task),
        "created": time.strftime("%d %B %Y, %H:%M"),
        "command": command,
        "machine": machine(),
        **(about or {}),
    }
    files = {"prompt.txt": f"{recipe.sentence}\n", "reward.py": reward_source, "command.txt": f"{command}\n"}
    if vehicle_file:
        files["vehicle.toml"] = vehicle_file.read_text(encoding="utf-8")
    folder = RunFolder.create(out, slug, config, files)
    return Run(folder, recipe, task, reward)


def machine() -> str:
    """What a run was made on, in words."""
    return f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}"


def reopen(path: Path) -> Run:
    """Open an existing run.

    Raises:
        UserError: If this is not a run folder, or what is in it was damaged.
    """
    folder = RunFolder.open(path)
    if "learner" in folder.config and "sentence" not in folder.config:
        world = folder.config["learner"].get("world")
        raise UserError(f"{path} is a run on {world}, which no multirotor flies: telic eval and telic play are for it")
    recipe = Recipe.from_config(folder.config)
    if folder.vehicle.is_file():
        recipe = replace(recipe, vehicle=str(folder.vehicle))
    task = recipe.make_task()
    with reading("reward"):
        reward = load_reward(folder.reward, task.schema)
    return Run(folder, recipe, task, reward)
