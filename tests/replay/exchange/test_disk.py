"""Recordings into stores on disk and back."""

from dataclasses import replace

import numpy as np
import pytest

from telic.replay.errors import EmptyReplayError, ReplayError, UnknownNameError
from telic.replay.exchange.disk import recording_of_store, store_of
from telic.replay.exchange.memory import RECORDED, recording_of, replay_of
from telic.replay.exchange.recording import Recording
from telic.replay.store.store import Store


def test_a_store_gives_back_every_episode_to_the_bit(recorded, same, tmp_path):
    sent = recorded()
    store_of(sent, tmp_path / "store")
    store = Store.open(tmp_path / "store")
    assert all(map(same, sent.episodes, recording_of_store(store, RECORDED)))
    assert len(store) == 15 and store.episodes.whole.tolist() == [True] * 4 + [False]


def test_a_store_in_memory_is_the_replay_of_the_recording(recorded, same, tmp_path):
    store = store_of(recorded(), tmp_path / "store")
    assert all(map(same, recording_of(replay_of(recorded()), RECORDED), recording_of(store.replay(), RECORDED)))


def test_tags_and_what_is_known_of_all_go_along(recorded, tmp_path):
    sent = recorded()
    tagged = [replace(episode, tags={"seed": number}) for number, episode in enumerate(sent.episodes)]
    store = store_of(Recording(sent.schema, tagged, sent.report, {"fps": 50}), tmp_path / "store")
    back = recording_of_store(store)
    assert back.about == {"fps": 50}
    assert [episode.tags["seed"] for episode in back] == [0, 1, 2, 3, 4]


def test_a_failed_import_leaves_nothing(recorded, tmp_path):
    sent = recorded()
    broken = replace(sent.episodes[1], action=np.full((3, 2), np.nan, np.float32))
    with pytest.raises(ReplayError, match="action"):
        store_of(Recording(sent.schema, [sent.episodes[0], broken], sent.report), tmp_path / "store")
    with pytest.raises(EmptyReplayError):
        store_of(Recording(sent.schema, [], sent.report), tmp_path / "store")
    assert not list(tmp_path.iterdir())


def test_an_unknown_column_is_named(recorded, tmp_path):
    store = store_of(recorded(), tmp_path / "store")
    with pytest.raises(UnknownNameError, match="did you mean 'recorded'"):
        recording_of_store(store, "recordet")
