"""Compile all kernels once for this machine, so that the first run starts at once.

``python -m telic.launch.warm_up``, a part of the set-up.
"""

import logging
import time
from dataclasses import replace

from telic.control.evaluate import evaluate
from telic.control.make import packaged_reward
from telic.control.pid import CascadedPid
from telic.control.train import TrainConfig, compile_kernels
from telic.rewards.program import parse_reward
from telic.sim.tasks.registry import make_flight

logger = logging.getLogger(__name__)


def warm_up() -> float:
    """Fill the cache of compiled kernels, and return how long it took [s]."""
    start = time.perf_counter()
    for name in ("hover", "track"):
        task = replace(make_flight(name), truncate_after_s=0.1)
        logger.info("compiling the kernels of task %s", name)
        compile_kernels(task, parse_reward(packaged_reward(task.reward), task.schema), TrainConfig().shac)
        evaluate(task, CascadedPid(task), episodes=2)
    return time.perf_counter() - start


if __name__ == "__main__":
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    logger.info("compiled in %.0f s, once for this machine", warm_up())
