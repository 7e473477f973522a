import pytest

from telic.replay.signal import Signal
from telic.replay.unit import UnitError


def test_a_signal_reads_like_its_declaration():
    signal = Signal("position", (3,), "m", "world")
    assert str(signal) == "position (3,) m world"
    assert signal.size == 3
    assert Signal("yaw", (), "rad").size == 1
    assert Signal("rotation", (3, 3)).size == 9


@pytest.mark.parametrize("name", ["", "2d", "joint position", "class", "a.b"])
def test_a_name_must_be_able_to_be_an_argument(name):
    with pytest.raises(ValueError, match="not a Python identifier"):
        Signal(name)


def test_an_unknown_frame_names_the_allowed_ones():
    with pytest.raises(ValueError, match="frame 'moon'; allowed: '', 'world', 'body', 'reference'"):
        Signal("position", (3,), "m", "moon")


def test_an_unknown_unit_is_refused():
    with pytest.raises(UnitError, match="furlong"):
        Signal("position", (3,), "furlong")


@pytest.mark.parametrize("dtype", ["object", "str", "float33", "complex64", "datetime64[s]"])
def test_only_numbers_are_stored(dtype):
    with pytest.raises(ValueError, match="allowed: NumPy floats, integers and bool"):
        Signal("position", (3,), dtype=dtype)


@pytest.mark.parametrize("shape", [(0,), (-1,), (2.0,)])
def test_every_axis_is_a_positive_integer(shape):
    with pytest.raises(ValueError, match="positive integer"):
        Signal("position", shape)
