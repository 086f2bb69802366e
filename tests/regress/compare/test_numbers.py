"""When two numbers are the same."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fourfold.plan.rules import USUAL, Tolerance
from fourfold.regress.compare.numbers import (
    close,
    close_as_shown,
    digits,
    is_integer,
    last_place,
    value,
)


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ("3", "3", True),
        ("3", "4", False),
        ("1000000", "1000001", False),  # integers are exact, however large
        ("1,234", "1234", True),
        ("3", "3.0", False),  # a change of type is a change
        ("0.30000000000000004", "0.3", True),
        ("0.53", "0.54", False),
        ("12.345", "12.346", True),  # one in the last place of five digits: a rounding
        ("12.345", "12.347", False),
        ("1.0e-17", "-3.2e-16", True),  # the noise of rounding around zero
        ("6.626e-34", "5.0e-10", False),
        ("-0.5", "0.5", False),
    ],
)
def test_numbers_as_they_are_shown(before, after, same):
    """Integers are exact, floats to a relative 1e-5 or one in the last of five digits."""
    assert close_as_shown(before, after, USUAL) is same
    assert close_as_shown(after, before, USUAL) is same


def test_tolerances_are_used():
    """A larger rtol or atol lets through what the usual ones do not."""
    assert not close(100.0, 101.0, USUAL)
    assert close(100.0, 101.0, Tolerance(rtol=0.02))
    assert close(100.0, 101.0, Tolerance(atol=2.0))


def test_nan_is_nan():
    """NaN is the same as NaN, and no number."""
    assert close(math.nan, math.nan, USUAL)
    assert not close(math.nan, 0.0, USUAL)


def test_how_a_number_is_written():
    """Digits, last place and value, of thousands and exponents too."""
    assert (digits("0.00120"), digits("-1,234.5"), digits("1.5e10")) == (3, 5, 2)
    assert (last_place("12.34"), last_place("1.5e3"), last_place("7")) == (0.01, 100.0, 1.0)
    assert value("-1,234.5") == -1234.5
    assert is_integer("1,234")
    assert not is_integer("1e3")


@given(st.floats(1e-6, 1e6), st.sampled_from([-0.01, 0.01]))
def test_one_percent_is_always_seen(number, by):
    """A metric off by 1 % is never the same, written with three digits or more."""
    before, after = f"{number:.4g}", f"{number * (1 + by):.4g}"
    if not is_integer(before) and not is_integer(after):
        assert not close_as_shown(before, after, USUAL)


@given(st.floats(1e-6, 1e6))
def test_the_last_digit_never_matters(number):
    """A float off by 1e-12 of itself is the same, as Python writes it."""
    before, after = repr(number + 0.5), repr((number + 0.5) * (1 + 1e-12))
    assert close_as_shown(before, after, USUAL)
