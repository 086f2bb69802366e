"""When two numbers are the same."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from fourfold.plan.rules import USUAL, Tolerance
from fourfold.regress.compare.text import compare
from fourfold.regress.compare.tokens import close


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        ("3", "3", True),
        ("3", "4", False),
        ("1000000", "1000001", False),  # integers are exact, however large
        ("1,234", "1234", False),
        ("3", "3.0", False),  # a change of type is a change
        ("0.30000000000000004", "0.3", True),
        ("0.53", "0.54", False),
        ("12.345", "12.346", False),  # few digits are read
        ("12.345", "12.347", False),
        ("1.0e-17", "-3.2e-16", True),  # the noise of rounding around zero
        ("6.626e-34", "5.0e-10", False),
        ("-0.5", "0.5", False),
        ("9007199254740993", "9007199254740992", False),  # which are one float
        ("0.0012", "0.0013", False),
        ("0.0012345", "0.0012346", False),
        ("-1,234.5", "-1,234.6", False),
        ("-1,234.5", "-1,234.7", False),
        ("1.2345e10", "1.2346e10", False),
        ("1.2345e10", "1.23461e10", False),
        ("0.1234567", "0.1234571", True),  # more than four decimals are noise within 1e-5
        ("1234.56789", "1234.56790", True),
        ("123456.78", "123456.79", False),
        ("12345e400", "12346e400", True),
        ("1e99999999999999999999", "2e99999999999999999999", False),  # a hash, perhaps
    ],
)
def test_numbers_as_they_are_shown(before, after, same):
    """Integers and floats of four decimals are exact, others to a relative 1e-5."""
    assert (compare(before, after, USUAL) == []) is same
    assert (compare(after, before, USUAL) == []) is same


def test_tolerances_are_used():
    """A larger rtol or atol lets through what the usual ones do not."""
    assert not close(100.0, 101.0, USUAL)
    assert close(100.0, 101.0, Tolerance(rtol=0.02))
    assert close(100.0, 101.0, Tolerance(atol=2.0))


def test_nan_is_nan():
    """NaN is the same as NaN, and no number."""
    assert close(math.nan, math.nan, USUAL)
    assert not close(math.nan, 0.0, USUAL)


@given(st.floats(1e-6, 1e6), st.sampled_from([-0.01, 0.01]))
def test_one_percent_is_always_seen(number, by):
    """A metric off by 1 % is never the same, written with three digits or more."""
    before, after = f"{number:.4g}", f"{number * (1 + by):.4g}"
    if set(before) & set(".e") and set(after) & set(".e"):
        assert compare(before, after, USUAL) != []


@given(st.floats(1e-6, 1e6))
def test_the_last_digit_never_matters(number):
    """A float off by 1e-12 of itself is the same, as Python writes it."""
    before, after = repr(number + 0.5), repr((number + 0.5) * (1 + 1e-12))
    assert compare(before, after, USUAL) == []
