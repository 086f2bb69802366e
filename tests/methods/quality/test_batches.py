"""Batches by time: periods, clocks, years, names, and the age of the newest row."""

from __future__ import annotations

import pandas as pd
import pytest

from fourfold.errors import DataError
from fourfold.methods.quality.batches import age_days, by_period

DAYS = pd.to_datetime(["2024-01-31 23:30", "2024-02-01 00:30", None, "2024-04-15 00:00"])


@pytest.mark.parametrize(
    ("period", "labels"),
    [
        ("day", ["2024-01-31", "2024-02-01", "2024-04-15"]),
        ("week", ["2024-01-29", "2024-04-15"]),
        ("month", ["2024-01", "2024-02", "2024-04"]),
        ("quarter", ["2024Q1", "2024Q2"]),
        ("year", ["2024"]),
        ("decade", ["2020s"]),
    ],
)
def test_periods(period, labels):
    """In order of time; a row without a date is in no batch."""
    found = by_period(pd.DataFrame({"t": DAYS}), "t", period)
    assert list(found.order) == labels
    assert found.of.isna().tolist() == [False, False, True, False]


def test_a_period_without_rows_leaves_a_gap():
    """January, February and April stand at 0, 1 and 3."""
    assert list(by_period(pd.DataFrame({"t": DAYS}), "t").order.values()) == [0, 1, 3]


def test_the_clock_of_a_zone_divides_the_days():
    """Half past four in London on the first of June is still May in New York."""
    frame = pd.DataFrame({"t": pd.to_datetime(["2024-06-01 03:30+00:00"])})
    assert list(by_period(frame, "t").order) == ["2024-06"]
    found = by_period(frame, "t", zone="America/New_York")
    assert list(found.order) == ["2024-05"]
    assert age_days(found, "2024-06-01") == pytest.approx(0.5 / 24)


def test_years_and_dirty_dates_are_dates():
    """Whole numbers are years; text that mostly holds dates keeps the rest without one."""
    assert list(by_period(pd.DataFrame({"t": [1999, 2003]}), "t", "year").order) == ["1999", "2003"]
    found = by_period(pd.DataFrame({"t": ["2024-01-02", "2024-01-03", "soon"]}), "t", "day")
    assert found.of.tolist() == ["2024-01-02", "2024-01-03", None]


def test_names_of_batches():
    """What is no date is a name; numbers in their own order, not that of text."""
    assert list(by_period(pd.DataFrame({"t": ["b.csv", "a.csv"]}), "t").order) == ["a.csv", "b.csv"]
    assert list(by_period(pd.DataFrame({"t": [10, 9]}), "t").order) == ["9", "10"]
    assert by_period(pd.DataFrame({"t": [1, 2]}), "").order == {"all rows": 0}


def test_age():
    """Days from the newest row; negative where it is from the future; none without dates."""
    found = by_period(pd.DataFrame({"t": DAYS}), "t")
    assert age_days(found, "2024-04-16 12:00") == 1.5
    assert age_days(found, "2024-04-14") == -1
    assert age_days(found) > 365
    assert age_days(by_period(pd.DataFrame({"t": ["x"]}), "t"), "2024-01-01") is None


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"time": "tt"}, "time: expected one of t, got 'tt'"),
        ({"time": "t", "period": "mont"}, "period: .*got 'mont'. Did you mean 'month'"),
        ({"time": "t", "zone": "Europe/Pariss"}, "zone: .*Did you mean 'Europe/Paris'"),
        ({"time": "empty"}, "time: expected dates or names in 'empty', got none"),
    ],
)
def test_what_cannot_be_a_batch_is_told(options, message):
    """With the nearest name."""
    frame = pd.DataFrame({"t": DAYS, "empty": [None] * 4})
    if options["time"] == "tt":
        frame = frame[["t"]]
    with pytest.raises(DataError, match=message):
        by_period(frame, **options)
    with pytest.raises(DataError, match=r"as_of: expected a date .* got 'soon'"):
        age_days(by_period(frame, "t"), "soon")
