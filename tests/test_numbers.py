"""One way to write a number: nothing is lost, what is missing is a dash, and no zero has a minus."""

import math

import pytest

from mibench.tables.numbers import interval, number, short, signed


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.12345, "0.123"), (-0.0004, "0.000"), (-0.0, "0.000"), (-0.0006, "-0.001"), (math.nan, "–"),
        (12345.6, "1.23e+04"), (-12345.6, "-1.23e+04"), (math.inf, "inf"),
    ],
)  # fmt: skip
def test_a_number_is_written_plainly(value, text):
    assert number(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(0.5, "+0.500"), (-0.5, "-0.500"), (0.0, "0.000"), (-0.0001, "0.000"), (0.0001, "0.000"), (math.nan, "–")],
)
def test_a_difference_has_a_sign_unless_it_is_nothing(value, text):
    assert signed(value) == text


def test_an_interval_has_two_ends_or_none():
    assert interval(-0.25, 1e-5) == "-0.250 to 0.000"
    assert interval(math.nan, math.nan) == "–"


@pytest.mark.parametrize(("value", "text"), [(12.3456, "12.3"), (-1e-9, "-1e-09"), (-0.0, "0"), (math.nan, "–")])
def test_a_short_number_has_no_idle_zeros(value, text):
    assert short(value) == text
