"""The parts of a search on their own: halving, islands, reflection."""

from dataclasses import replace

import numpy as np
import pytest
from searching import SMALL

from telic.control.search.candidate import Candidate
from telic.control.search.config import SearchConfig
from telic.control.search.island import Champion, Island, migrate
from telic.control.search.reflection import reflection
from telic.control.search.standing import Standing, halve
from telic.control.search.trial import Trial


def trial(scores, curve=(), seed=0, failed=""):
    return Trial("name", seed, 100, np.array(scores, np.float64), tuple(curve), 100, failed)


def standing(name, *scores, steps=100):
    return Standing(name, steps, tuple(trial([score, score]) for score in scores))


def test_halving_trains_fewer_and_fewer_with_more_and_more():
    worth = {"a": 0.1, "b": 0.9, "c": 0.5, "d": 0.2, "e": 0.3}
    asked = []

    def assess(name, steps):
        asked.append((name, steps))
        return standing(name, worth[name], steps=steps)

    rungs = halve(list(worth), (100, 200, 400), 2, assess)
    assert [[each.name for each in rung] for rung in rungs] == [["b", "c", "e", "d", "a"], ["b", "c", "e"], ["b", "c"]]
    assert asked[-2:] == [("b", 400), ("c", 400)]


def test_halving_ends_where_every_training_failed():
    failed = Standing("a", 100, (trial([], failed="it diverged"),))
    (only,) = halve(["a"], (100, 200), 2, lambda name, steps: failed)
    assert only[0].failed == "it diverged" and only[0].score == -np.inf


def test_budgets_and_seeds_are_what_the_configuration_says():
    config = SearchConfig(steps=900, rungs=3, keep=3, seeds=2, playoff_seeds=2, final_seeds=4)
    assert config.budgets == (100, 300, 900)
    assert config.finalist_seeds[:2] == config.training_seeds
    assert len({*config.finalist_seeds, *config.fresh_seeds}) == 8
    assert config.training_seeds != replace(config, seed=1).training_seeds
    with pytest.raises(ValueError, match="rounds is 0; allowed: 1 and more"):
        replace(SMALL, rounds=0)


def champion(name, score):
    round_, island, number = (int(part) - 1 for part in name.split("."))
    return Champion(Candidate(round_, island, number, None, (), "", ()), None, standing(name, score))


def test_islands_look_at_their_neighbour_all_at_once():
    islands = [Island(0, champion("1.1.1", 0.2)), Island(1, champion("1.2.1", 0.9)), Island(2, champion("1.3.1", 0.1))]
    after, moves = migrate(islands, 0)
    assert [island.champion.candidate.name for island in after] == ["1.1.1", "1.2.1", "1.2.1"]
    assert [(move.name, move.source, move.target) for move in moves] == [("1.2.1", 1, 2)]
    # Nobody has a neighbour on a single island, and nobody comes from an empty one.
    assert migrate([Island(0, champion("1.1.1", 0.2))], 0)[1] == []
    assert migrate([Island(0, champion("1.1.1", 0.2)), Island(1)], 0)[1][0].target == 1


def test_of_equals_the_older_champion_stays():
    island = Island(0).challenged(champion("1.1.1", 0.5)).challenged(champion("2.1.1", 0.5))
    assert island.champion.candidate.name == "1.1.1"


def rows(fitness, length, **terms):
    return [
        {
            "step": 10 * (row + 1),
            "fitness": fitness[row],
            "length": length[row],
            "terms": {n: t[row] for n, t in terms.items()},
        }
        for row in range(len(fitness))
    ]


def test_a_reflection_has_the_curves_and_advice_with_names():
    curve = rows([0.0, 0.2, 0.1], [100, 300, 200], upright=[0.5, 0.7, 0.9], flat=[0.01, 0.01, 0.01], loud=[50, 80, 90])
    text = reflection(Standing("1.1.1", 100, (trial([0.0, 0.0], curve), trial([0.02, 0.02], curve))), "success", 0.02)
    assert "share of the episode in success (this is what counts): 0 0.2 0.1; mean 0.1, least 0, most 0.2" in text
    assert "episode length [s]: 2 6 4" in text
    assert "term 'upright', mean per step: 0.5 0.7 0.9" in text
    # The last policies count, not the best checkpoint.
    assert "In the end the share of the episode in success is 0.01 on 4 held-out episodes." in text
    assert "There is hardly any success" in text
    assert "Episodes became shorter again" in text
    assert "Term 'flat' hardly changed" in text
    assert "Term 'loud' is 99% of the reward" in text
    assert "Term 'upright'" not in text.partition("In the end")[2]


def test_a_long_training_is_told_in_ten_values():
    many = rows(np.linspace(0.0, 1.0, 37), np.full(37, 50), upright=np.linspace(0.0, 1.0, 37))
    text = reflection(Standing("1.1.1", 100, (trial([1.0], many),)), "success", 0.02)
    told = next(line for line in text.splitlines() if "'upright'" in line)
    values = told.partition("step: ")[2].partition(";")[0].split()
    assert len(values) == 10 and values[0] == "0" and values[-1] == "1"


def test_an_interval_is_over_policies_first():
    """Four policies that differ, with many equal episodes each: the episodes say nothing about another policy."""
    from telic.control.statistics import nested_mean

    differing = np.repeat([[0.0], [0.0], [1.0], [1.0]], 100, axis=1)
    found = nested_mean(differing, np.random.default_rng(0))
    assert found.value == 0.5 and found.low <= 0.0 + 1e-9 and found.high >= 1.0 - 1e-9
    equal = nested_mean(np.tile([0.0, 1.0], (4, 50)), np.random.default_rng(0))
    assert 0.4 < equal.low < 0.5 < equal.high < 0.6
    with pytest.raises(ValueError, match="policies, episodes"):
        nested_mean(np.zeros(3), np.random.default_rng(0))
