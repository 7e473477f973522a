"""The draws of every episode stand in the episode table of a store."""

from pathlib import Path

import numpy as np

from telic.control.episode_notes import EpisodeNotes
from telic.control.make import make_vec
from telic.replay.schema import Schema
from telic.replay.store.store import Store

EXAMPLE = Path(__file__).parents[2] / "examples/my_robot/my_robot.yaml"
WORLDS = 3


def test_randomised_masses_and_delays_are_in_the_episode_table(tmp_path):
    env = make_vec(str(EXAMPLE), num_envs=WORLDS, seed=4)
    world = env.world
    store = Store.create(tmp_path / "store", Schema(env.task.schema, env.task.actions))
    env.reset()
    with store.writer("sim", streams=WORLDS) as writer:
        env.watchers.append(EpisodeNotes(world, writer))
        drawn = []
        for _ in range(2):
            world.reset()
            drawn.append((world.episodes[0], {name: array.copy() for name, array in world.episode_values.items()}))
            for step in range(4):
                signals = {name: values.copy() for name, values in world.signals.items()}
                action = np.zeros((WORLDS, 2), np.float32)
                env.step(action)
                over = np.full(WORLDS, step == 3)
                following = {name: values.copy() for name, values in world.signals.items()}
                writer.add(signals, action, following, np.zeros(WORLDS, bool), over)
    episodes = Store.open(tmp_path / "store").episodes
    tags = [(episodes.stream[i], episodes.tags(i)) for i in range(len(episodes))]
    assert len(tags) == 2 * WORLDS
    for number, values in drawn:
        for stream in range(WORLDS):
            (noted,) = [found for at, found in tags if at == stream and found["episode"] == number]
            assert noted["mass:chassis"] == values["mass:chassis"][stream, 0]
            assert noted["delay:wheel_speed"] == values["delay:wheel_speed"][stream]
            assert noted["bias:gyro[2]"] == values["bias:gyro"][stream, 2]
            assert noted["seed"] == 4
