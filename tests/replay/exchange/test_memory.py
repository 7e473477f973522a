"""Recordings into replays and back, through rings that have wrapped and streams side by side."""

from itertools import pairwise

import numpy as np
import pytest

from telic.replay.errors import EmptyReplayError
from telic.replay.exchange.memory import RECORDED, recording_of, replay_of
from telic.replay.exchange.recording import Recording, Report


def test_a_replay_of_a_recording_holds_each_step_with_its_next_state(recorded, same):
    sent = recorded()
    replay = replay_of(sent)
    assert len(replay) == replay.capacity == 15
    step = 0
    for episode in sent.episodes:
        found = replay.read(np.arange(step, step + len(episode)))
        np.testing.assert_array_equal(found.signals["position"], episode.signals["position"][:-1])
        np.testing.assert_array_equal(found.next_signals["position"], episode.signals["position"][1:])
        step += len(episode)
    assert all(map(same, sent.episodes, recording_of(replay, RECORDED)))


def test_many_blocks_are_stored_like_one(recorded, monkeypatch):
    whole = replay_of(recorded()).state_dict()
    monkeypatch.setattr("telic.replay.exchange.memory._BLOCK", 4)
    parts = replay_of(recorded()).state_dict()
    for name, array in whole.items():
        np.testing.assert_array_equal(parts[name], array, name)


def test_an_open_episode_in_between_is_truncated_and_said(recorded):
    sent = recorded(ends=((3, False, False), (2, True, False), (2, False, False)))
    replay = replay_of(sent)
    assert replay.episodes().truncated.tolist() == [True, False, False]
    assert sent.report.notes == {"episode without an end mark: truncated, as what is cut off is": 1}


def test_streams_and_a_wrapped_ring_come_out_episode_by_episode(walk):
    replay = walk(capacity=8, streams=2, steps=6, ends={(1, 0): "terminated", (3, 1): "truncated"})
    recording = recording_of(replay)
    episodes = list(recording)
    # Four steps of each stream are left. Stream 0 ended before them; the beginning of stream 1's first was overwritten.
    assert [(len(episode), episode.terminated, episode.truncated) for episode in episodes] == [
        (4, False, False),
        (2, False, True),
        (2, False, False),
    ]
    assert recording.report.notes == {"episode of which the beginning was overwritten": 1}
    # Each state is distinct, so that the pairs of neighbours say whether every step has its own next state.
    pairs = {pair for episode in episodes for pair in pairwise(episode.signals["clock"].tolist())}
    stored = replay.read(np.arange(len(replay)))
    assert pairs == set(zip(stored.signals["clock"].tolist(), stored.next_signals["clock"].tolist(), strict=True))


def test_nothing_to_store_is_an_error_with_the_reason(recorded):
    report = Report("an empty file")
    report.drop("torn steps", 3)
    with pytest.raises(EmptyReplayError, match=r"an empty file .* torn steps \(3\)"):
        replay_of(Recording(recorded().schema, [], report))


def test_episodes_without_rewards_have_no_column(recorded):
    assert not replay_of(recorded(rewards=False)).columns
