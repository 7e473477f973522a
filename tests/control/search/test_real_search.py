"""The search with real budgets, offline from its recorded session: minutes of training."""

import json

import pytest

pytest.importorskip("stable_baselines3", reason="needs telic[baselines]")

from record_session import OPTIONS
from searching import files_of
from writer_model import SENTENCE

from telic.launch.main import main

# Both rewards may balance the pole from start to end: a hundredth of an episode is a tie.
TIE = 0.01


@pytest.mark.slow
@pytest.mark.timeout(7200)
def test_two_searches_are_equal_to_the_bit_and_the_winner_is_as_good_as_the_own_reward(tmp_path, capsys):
    """The session was recorded with the real client from a scripted model: see `record_session.py`."""
    folders = tmp_path / "one", tmp_path / "two"
    for folder in folders:
        assert main(["reward", "search", SENTENCE, *OPTIONS, "--offline", "--out", str(folder), "--json"]) == 0
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    one, two = (files_of(folder) for folder in folders)
    assert one == two
    compared = found["comparison"]
    assert len(compared["winner"]["by_seed"]) == len(compared["own"]["by_seed"]) == 5
    assert compared["difference"]["low"] <= compared["difference"]["value"] <= compared["difference"]["high"]
    assert compared["difference"]["value"] >= -TIE
    assert found["costs"]["tokens"] == 0
