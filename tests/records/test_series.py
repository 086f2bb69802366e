"""Series of numbers as JSON: short, and telling of each change."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fourfold.records.figures.series import WHOLE, series, shown, words

LONG = np.random.default_rng(7).normal(10, 3, 100_000)


def test_short_series_are_kept_whole():
    """Six significant digits; integers stay integers; a minus before zero goes."""
    assert series([1 / 3, 2e-7, -0.0, 123456789.0]) == [0.333333, 2e-07, 0.0, 123457000.0]
    assert series(np.arange(3)) == [0, 1, 2]
    assert len(series(np.zeros(WHOLE))) == WHOLE


def test_strange_values_are_strings():
    """NaN, infinities and masked values are strict JSON."""
    masked = np.ma.array([1, 2], mask=[False, True])
    assert series([math.nan, math.inf, -math.inf]) == ["nan", "inf", "-inf"]
    assert series(masked) == [1.0, "nan"]


@given(st.floats())
def test_a_shown_number_is_strict_json(value):
    """Every float can be written as JSON without NaN, and shown again is the same."""
    found = shown(value)
    json.dumps(found, allow_nan=False)
    assert shown(float(found)) == found


def test_a_long_series_is_summarised():
    """By hand: 0..399 in 16 blocks of 25, whose means are 12, 37, ..."""
    found = series(np.arange(400))
    assert {name: found[name] for name in ("count", "min", "max", "mean")} == {
        "count": 400,
        "min": 0.0,
        "max": 399.0,
        "mean": 199.5,
    }
    assert found["means"] == [12.0 + 25 * block for block in range(16)]
    assert len(found["order"]) == 32


def test_a_summary_counts_what_is_no_number():
    """NaN and infinities are counted, and the rest is summarised as if they were not there."""
    values = np.arange(400.0)
    values[[0, 399]], values[5] = np.nan, np.inf
    found = series(values)
    assert (found["missing"], found["infinite"], found["min"], found["max"]) == (2, 1, 1.0, 398.0)
    assert found["mean"] == shown((np.arange(400).sum() - 0 - 399 - 5) / 397)
    assert series(np.full(300, np.nan)) == {"count": 300, "missing": 300}


def far(before: dict, after: dict) -> bool:
    """Whether two summaries differ by more than a tolerance of 1e-5 anywhere."""
    flat = [
        [v for k in ("min", "max", "mean", "means", "order") for v in np.atleast_1d(s[k])]
        for s in (before, after)
    ]
    return not np.allclose(*flat, rtol=1e-5, atol=1e-9 * max(map(abs, flat[0])))


@pytest.mark.parametrize("place", [0, 777, 50_000, 99_999])
@pytest.mark.parametrize("step", [0.03, -3.0])
def test_one_moved_point_shows(place, step):
    """One of 100,000 that moves by a hundredth of a standard deviation, or by one."""
    moved = LONG.copy()
    moved[place] += step
    assert far(series(LONG), series(moved))


def test_two_swapped_values_show():
    """Of 200 random pairs that change places, near or far, every one shows."""
    draw = np.random.default_rng(1)
    for _ in range(200):
        i, j = draw.choice(len(LONG), 2, replace=False)
        if draw.random() < 0.5:
            j = (i + draw.integers(1, 50)) % len(LONG)
        if abs(LONG[i] - LONG[j]) < 0.1:
            continue
        swapped = LONG.copy()
        swapped[[i, j]] = swapped[[j, i]]
        assert far(series(LONG), series(swapped)), (i, j)


@pytest.mark.parametrize(
    "values",
    [LONG, LONG - LONG.mean(), np.full(5000, 0.8), 1e9 * LONG, np.cumsum(LONG)],
    ids=["plain", "centred", "constant", "large", "growing"],
)
def test_noise_does_not_show(values):
    """Noise of 1e-12 of each value leaves every digit as it is."""
    noise = 1 + 1e-12 * np.random.default_rng(3).uniform(-1, 1, len(values))
    assert series(values) == series(values * noise)


def test_a_constant_series_is_quiet():
    """The noise of a mean is not written out as if it were a figure."""
    found = series(np.full(5000, 0.1))
    assert found["order"] == [0.0] * 32
    assert found["mean"] == 0.1


def test_many_words_are_digested():
    """Up to 200 texts as they are; of more a digest, which a changed one changes."""
    few, many = ["a"] * WHOLE, ["a"] * WHOLE + ["z"]
    assert words(few) == few
    assert words(many)["count"] == WHOLE + 1
    assert words(many) != words(["a", "b", *many[2:]])


@pytest.mark.parametrize("values", [["a", "b"], [1 + 2j], [None, object()]])
def test_what_is_no_number_is_refused(values):
    """Words, complex numbers and objects raise; the caller leaves them out."""
    with pytest.raises((TypeError, ValueError)):
        series(values)
