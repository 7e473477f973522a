"""Out of Telic and back through every format: the same bits, the same ends."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from telic.replay.errors import ReplayError
from telic.replay.exchange.memory import RECORDED, recording_of, replay_of


@pytest.mark.parametrize("schema", ["mixed", "plain"])
def test_everything_comes_back_to_the_bit(form, schema, schemas, recorded, same, tmp_path):
    sent = recorded(schemas[schema])
    report = form.write(sent, tmp_path / form.path)
    got = form.read(tmp_path / form.path)
    assert got.schema == sent.schema
    episodes = list(got)
    assert all(map(same, sent.episodes, episodes)) and len(episodes) == len(sent.episodes)
    assert (report.episodes, report.transitions) == (got.report.episodes, got.report.transitions) == (5, 15)
    assert not got.report.dropped and not got.report.notes


def test_time_limits_and_final_states_survive_into_the_next_replay(form, recorded, tmp_path):
    replay = replay_of(recorded())
    form.write(recording_of(replay, RECORDED), tmp_path / form.path)
    again = replay_of(form.read(tmp_path / form.path))
    for name, array in replay.state_dict().items():
        np.testing.assert_array_equal(again.state_dict()[name], array, name)
    batch = again.at(np.arange(len(again)), reward=RECORDED, n_step=3, gamma=0.9)
    # The time limit at slot 7 keeps its discount, the terminations at slots 4 and 8 do not.
    assert batch.discount[[4, 7, 8]].tolist() == pytest.approx([0.0, 0.9, 0.0])


OPEN = "episode without an end mark: truncated, as what is cut off is"

lengths = st.lists(st.tuples(st.integers(1, 6), st.booleans(), st.booleans()), min_size=1, max_size=6)


# Without shrinking, which writes hundreds of files.
@settings(max_examples=8, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])
@given(ends=lengths, seed=st.integers(0, 2**32 - 1))
def test_any_episodes_come_back(form, recorded, same, ends, seed):
    # Only the last may be open: D4RL's format has no mark for others.
    ends = [(steps, a, b or not a) for steps, a, b in ends[:-1]] + ends[-1:]
    sent = recorded(ends=ends, seed=seed)
    with TemporaryDirectory() as folder:
        form.write(sent, Path(folder) / form.path)
        episodes = list(form.read(Path(folder) / form.path))
    assert len(episodes) == len(sent.episodes) and all(map(same, sent.episodes, episodes))


def test_open_episodes_in_between_stay_open_where_the_format_can_say_so(form, recorded, tmp_path):
    report = form.write(recorded(ends=((3, False, False), (2, False, False))), tmp_path / form.path)
    first, second = form.read(tmp_path / form.path)
    assert not second.ended
    if form.name == "hdf5":
        assert first.truncated and report.notes == {OPEN: 1}
    else:
        assert not first.ended


def test_what_exists_is_never_overwritten(form, recorded, tmp_path):
    form.write(recorded(), tmp_path / form.path)
    with pytest.raises(ReplayError, match="never overwritten"):
        form.write(recorded(), tmp_path / form.path)
    assert len(list(form.read(tmp_path / form.path))) == 5


def test_a_failed_export_leaves_nothing(form, recorded, tmp_path):
    sent = recorded()
    episodes = [*sent.episodes, recorded(rewards=False).episodes[0]]
    with pytest.raises(ReplayError, match="rewards"):
        form.write(type(sent)(sent.schema, episodes, sent.report), tmp_path / form.path)
    assert not list(tmp_path.iterdir())


def test_relative_paths_are_paths_too(form, recorded, same, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    sent = recorded()
    form.write(sent, form.path)
    assert all(map(same, sent.episodes, form.read(form.path)))


def test_missing_data_is_said_with_its_place(form, tmp_path):
    with pytest.raises(FileNotFoundError) as refused:
        form.read(tmp_path / "nothing")
    assert "nothing" in str(refused.value)
