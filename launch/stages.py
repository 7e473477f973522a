"""The stages of a run, each a function from a run to what it found. Everything they hand on lies in the run folder."""

import shutil
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import Any

import numpy as np

from telic.control.policy import PolicyWeights
from telic.control.train import TrainProgress, train
from telic.launch.flight import Flight
from telic.launch.folder import read_json, write_json
from telic.launch.metrics import flat, write_csv, write_tensorboard
from telic.launch.progress import Progress
from telic.launch.recorder import record_episodes, record_flight
from telic.launch.run import Run

News = Callable[[str], None]
Found = dict[str, Any]
