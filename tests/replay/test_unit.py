import pytest
from hypothesis import given
from hypothesis import strategies as st

from telic.replay.unit import BASES, Unit, UnitError

units = st.builds(Unit, st.tuples(*[st.integers(-4, 4)] * len(BASES)))


@given(units)
def test_text_of_a_unit_reads_back_as_the_same_unit(unit):
    assert Unit.parse(str(unit)) == unit


@given(units, units)
def test_division_undoes_multiplication(a, b):
    assert a * b / b == a
    assert a * b == b * a


@given(units, st.integers(-3, 3))
def test_powers_are_repeated_products(unit, exponent):
    product = Unit()
    for _ in range(abs(exponent)):
        product = product * unit
    assert unit**exponent == (product if exponent >= 0 else Unit() / product)


@given(units)
def test_root_undoes_a_square(unit):
    assert (unit**2).root() == unit


@pytest.mark.parametrize(
    ("text", "same_as"),
    [
        ("N", "kg m/s^2"),
        ("N m", "kg m^2/s^2"),
        ("J", "N m"),
        ("W", "J/s"),
        ("V", "W/A"),
        ("Hz", "1/s"),
        ("m*m", "m^2"),
        ("m s^-1", "m/s"),
        ("kg/m s", "kg m^-1 s^-1"),
        ("1", "m/m"),
    ],
)
def test_derived_units_are_products_of_base_units(text, same_as):
    assert Unit.parse(text) == Unit.parse(same_as)


def test_an_angle_is_not_a_pure_number():
    assert Unit.parse("1").dimensionless
    assert not Unit.parse("rad").dimensionless
    assert Unit.parse("rad") != Unit.parse("1")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("furlong", "unknown symbol 'furlong'; known: 1, N"),
        ("m/s/s", "more than one '/'"),
        ("", "empty side"),
        ("m/", "empty side"),
        ("/s", "empty side"),
        ("m^", "unknown symbol"),
        ("m^1.5", "unknown symbol"),
    ],
)
def test_what_is_no_unit_is_refused_with_the_reason(text, reason):
    with pytest.raises(UnitError, match=reason.replace("^", r"\^")):
        Unit.parse(text)


def test_the_root_of_an_odd_power_is_refused():
    with pytest.raises(UnitError, match="square root of a quantity in m/s has no unit"):
        Unit.parse("m/s").root()
