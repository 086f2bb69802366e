"""Columns of text that mean numbers or dates."""

from __future__ import annotations

import pandas as pd
import pytest

from fourfold.data.coerce import typed


def frame(*values):
    return pd.DataFrame({"x": list(values)})


@pytest.mark.parametrize(
    ("values", "decimal", "expected"),
    [
        (("1,234.50", "7"), ".", [1234.5, 7.0]),
        (("1.234,50", "-7"), ",", [1234.5, -7.0]),
        (("1.234", "5.678.901"), ",", [1234, 5678901]),
        (("1.234", "5.678.901"), ".", [1234, 5678901]),
        (("1,23", "4"), ".", [1.23, 4]),
        (("4.70", "1,234"), ",", [4.7, 1234]),
        (("1 234,5", "7"), ".", [1234.5, 7]),
        (("1'234.5", "-7"), ".", [1234.5, -7]),
        (("(1,234.50)", "+7", "8-", "\u22129"), ".", [-1234.5, 7, -8, -9]),
    ],
)
def test_groups_of_digits_become_numbers(values, decimal, expected):
    """The decimal mark decides what the other mark means."""
    assert typed(frame(*values), decimal)["x"].tolist() == expected


@pytest.mark.parametrize("values", [("1,23,4", "4"), ("1,234", "x"), ("",)])
def test_what_is_not_all_numbers_stays_text(values):
    """One value that is no number keeps its column as it is, and no list is a number."""
    for decimal in ".,":
        assert typed(frame(*values), decimal)["x"].tolist() == list(values)


@pytest.mark.parametrize(
    ("text", "day"),
    [
        ("2024-12-31", "2024-12-31"),
        ("2024-12-31 10:30", "2024-12-31 10:30"),
        ("2024-12-31T10:30:00", "2024-12-31 10:30"),
        ("31.12.2024", "2024-12-31"),
        ("31.12.2024 7:05", "2024-12-31 07:05"),
        ("2024/12/31", "2024-12-31"),
        ("12/31/2024 17:05", "2024-12-31 17:05"),
        ("31/12/2024", "2024-12-31"),
        ("12/31/2024", "2024-12-31"),
    ],
)
def test_dates_of_one_meaning_become_datetimes(text, day):
    """Missing values stay missing."""
    found = typed(frame(text, None))["x"]
    assert found[0] == pd.Timestamp(day)
    assert pd.isna(found[1])


@pytest.mark.parametrize("values", [("01/02/2024",), ("2024-12-31", "soon"), ("2024-02-30",)])
def test_dates_of_two_meanings_or_none_stay_text(values):
    """Day/month and month/day are not guessed, and no value is lost to a conversion."""
    assert typed(frame(*values))["x"].tolist() == list(values)


def test_one_decisive_date_settles_the_column():
    """13/02 cannot be a month first, so 01/02 is the first of February."""
    assert typed(frame("01/02/2024", "13/02/2024"))["x"][0] == pd.Timestamp("2024-02-01")
