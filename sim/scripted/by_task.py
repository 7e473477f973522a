"""Which policy without learning solves which task."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from telic.sim.scripted import acrobot, arm, cartpole, drive, trot, walk_and_reach

# From the signals of all worlds (N, ...) to actions (N, actuators).
Script = Callable[[Mapping[str, NDArray[Any]]], NDArray[np.float32]]

SCRIPTED: Mapping[str, Script] = {
    "cartpole": cartpole.swing_up_and_balance,
    "cartpole_swing_up": cartpole.swing_up_and_balance,
    "acrobot": acrobot.swing_up,
    "arm_reach": arm.reach,
    "arm_push": arm.push,
    "arm_pick": arm.pick,
    "arm_door": arm.open_door,
    "agv": drive.drive,
    "quadruped": trot.trot,
    "quadruped_arm": walk_and_reach.walk_and_reach,
}
