"""Errors of predictions with intervals: by hand, and against known truth."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import t as student
from sklearn.metrics import r2_score

from fourfold.errors import DataError
from fourfold.methods import intervals
from fourfold.methods.supervised import regression


def test_the_mean_by_hand():
    """Student's interval where the values are not skew, moved to the side of the tail otherwise."""
    half = student.ppf(0.975, 2) / np.sqrt(3)
    assert intervals.mean_interval(np.array([1.0, 2.0, 3.0])) == pytest.approx(
        (2, 2 - half, 2 + half)
    )
    value, low, high = intervals.mean_interval(np.array([0.0, 0.0, 0.0, 8.0]))
    assert high - value > value - low
    assert intervals.mean_interval(np.ones(5)) == (1.0, 1.0, 1.0)
    wide = intervals.mean_interval(np.array([1.0, 2.0, 3.0]), level=0.99)
    assert wide[1] < 2 - half
    with pytest.raises(DataError, match="at least 3 rows to judge by, got 2"):
        intervals.mean_interval(np.ones(2))


def test_a_mean_of_sizes_is_never_negative():
    """However few and skew they are."""
    value, low, high = intervals.positive_mean(np.array([0.0, 0.0, 0.0, 8.0]))
    assert 0 < low < value == 2 < high
    assert intervals.positive_mean(np.zeros(4)) == (0.0, 0.0, 0.0)
    narrow = intervals.positive_mean(np.array([0.0, 0.0, 0.0, 8.0]), level=0.5)
    assert low < narrow[1]


def test_r2_is_that_of_scikit_learn():
    """Perfect, as good as the mean, worse; more rows and less confidence give shorter intervals."""
    rng = np.random.default_rng(0)
    truth = rng.normal(size=50)
    predicted = truth + rng.normal(0, 0.5, 50)
    value, low, high = regression.r2(truth, predicted)
    assert value == pytest.approx(r2_score(truth, predicted))
    assert low < value < high < 1
    assert regression.r2(truth, truth) == (1.0, 1.0, 1.0)
    assert regression.r2(truth, -truth)[0] < 0
    longer = regression.r2(np.tile(truth, 9), np.tile(predicted, 9))
    less = regression.r2(truth, predicted, level=0.5)
    assert low < longer[1]
    assert low < less[1]
    with pytest.raises(DataError, match="a target that varies"):
        regression.r2(np.ones(5), np.arange(5.0))


@pytest.mark.parametrize("rows", [60, 200])
def test_intervals_cover_the_truth(rows):
    """Normal errors: R² of 0.8, mean absolute error sqrt(2/pi), mean 0."""
    inside = np.zeros(3)
    for seed in range(400):
        rng = np.random.default_rng(seed)
        line, errors = 2 * rng.normal(size=rows), rng.normal(size=rows)
        for place, ((_, low, high), truth) in enumerate(
            [
                (regression.r2(line + errors, line), 0.8),
                (intervals.positive_mean(np.abs(errors)), np.sqrt(2 / np.pi)),
                (intervals.mean_interval(errors), 0.0),
            ]
        ):
            inside[place] += low <= truth <= high
    assert ((inside / 400 >= 0.92) & (inside / 400 <= 0.98)).all(), inside / 400


def test_nine_in_ten_new_errors_lie_within_the_margin():
    """On average over many samples, whatever the distribution (here skew); by hand for four."""
    assert regression.margin(np.array([3.0, -1.0, 2.0, 4.0]), level=0.8) == 4.0
    assert regression.margin(np.ones(4), level=0.9) == np.inf
    rng = np.random.default_rng(0)
    shares = [
        (rng.exponential(size=200) <= regression.margin(rng.exponential(size=99))).mean()
        for _ in range(300)
    ]
    assert np.mean(shares) == pytest.approx(0.9, abs=0.01)
