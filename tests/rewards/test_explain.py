from telic.rewards.explain import explain
from telic.rewards.program import parse_reward


def test_explanation_says_what_is_read_and_added_and_where_it_is_written(hover):
    assert (
        explain(hover)
        == f"""Hover one metre above the ground and hold still.

reads
  position  (3,) m world
  velocity  (3,) m/s world
  rotation  (3, 3) 1 world
  action    (4,) 1

adds
  place    [1]        line 9   2.0 * tolerance(error, bound=0.02, margin=0.6)  of position
  still    [m^2/s^2]  line 10  -0.1 * square(norm(velocity))                   of velocity
  upright  [1]        line 11  rotation[..., 2, 2]                             of rotation
  effort   [1]        line 12  -0.02 * square(norm(action - HOVER))            of action

succeeds when
  norm(position - (0.0, 0.0, 1.0)) < 0.2  line 17

fingerprint {hover.fingerprint}
"""
    )


def test_constant_term_is_called_constant(signals):
    source = '"""A test."""\ndef reward(position):\n    return {"alive": 1.0, "place": norm(position)}\n'
    assert "alive  [1]  line 3  1.0             constant" in explain(parse_reward(source, signals))


def test_ranges_on_stored_data_stand_beside_the_terms(hover, flight_data):
    terms = hover.terms(flight_data(50))
    text = explain(hover, terms)
    low, high, mean = (float(value) for value in (terms["still"].min(), terms["still"].max(), terms["still"].mean()))
    assert f"{low:.4g} to {high:.4g}, mean {mean:.4g}" in text


def test_memory_and_costs_are_told(signals):
    source = '''"""Nearest."""
def memory(next_position, nearest=9.0 * metre):
    return {"nearest": minimum(nearest, norm(next_position))}
def reward(next_nearest):
    return {"near": -next_nearest}
def cost(velocity):
    return {"fast": norm(velocity)}
'''
    text = explain(parse_reward(source, signals))
    assert "remembers within an episode\n  nearest  () m  9 at the start" in text
    assert "keeps apart, as costs\n  fast  [m/s]  line 7  norm(velocity)  of velocity" in text
