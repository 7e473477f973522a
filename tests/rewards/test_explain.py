from telic.rewards.explain import explain


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
    from telic.rewards.program import parse_reward

    source = '"""A test."""\ndef reward(position):\n    return {"alive": 1.0, "place": norm(position)}\n'
    assert "alive  [1]  line 3  1.0             constant" in explain(parse_reward(source, signals))
