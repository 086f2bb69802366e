"""Scores with intervals, of classes and of quantities: by hand, by known truth, at the edges."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit
from scipy.stats import norm
from scipy.stats import t as student
from sklearn.metrics import balanced_accuracy_score, r2_score, roc_auc_score

from fourfold.errors import DataError
from fourfold.methods import intervals
from fourfold.methods.supervised import scores


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=4, max_size=30))
def test_the_area_is_that_of_scikit_learn(rows):
    """Ties count one half; the interval holds the value."""
    labels, ranked = np.array([r[0] for r in rows]), np.array([r[1] for r in rows], dtype=float)
    if labels.all() or not labels.any():
        with pytest.raises(DataError, match="rows of both classes"):
            scores.auc(labels, ranked)
        return
    value, low, high = scores.auc(labels, ranked)
    assert value == pytest.approx(roc_auc_score(labels, ranked))
    assert 0 <= low <= value <= high <= 1


def test_no_pair_out_of_order_is_no_certainty():
    """The fewer rows, the lower the interval starts; and upside down."""
    bounds = [scores.auc([0] * n + [1] * n, np.arange(2.0 * n))[1] for n in (3, 10, 50, 500)]
    assert bounds == sorted(bounds)
    assert bounds[1] == pytest.approx(0.866, abs=0.01)  # of 20,000 samples drawn from there
    value, low, high = scores.auc([1] * 10 + [0] * 10, np.arange(20.0))
    assert (value, low) == (0.0, 0.0)
    assert high == pytest.approx(1 - bounds[1])


@pytest.mark.parametrize(("rows", "shift"), [(60, 0.5), (60, 2.3), (150, 2.5)])
def test_the_interval_of_the_area_covers_the_truth(rows, shift):
    """Two normal classes: the area is known by formula."""
    truth, inside = norm.cdf(shift / np.sqrt(2)), 0
    for seed in range(300):
        rng = np.random.default_rng(seed)
        labels = rng.random(rows) < 0.4
        _, low, high = scores.auc(labels, rng.normal(size=rows) + shift * labels)
        inside += low <= truth <= high
    assert 0.91 <= inside / 300 <= 0.99


def test_the_area_of_three_classes():
    """The mean of each against the others; of two classes the plain area."""
    rng = np.random.default_rng(0)
    labels = pd.Series(rng.integers(0, 3, 200))
    chances = rng.dirichlet(np.ones(3), 200) + 0.5 * np.eye(3)[labels]
    chances /= chances.sum(axis=1, keepdims=True)
    value, low, high = scores.macro_auc(labels, pd.DataFrame(chances))
    assert value == pytest.approx(roc_auc_score(labels, chances, multi_class="ovr"))
    assert low < value < high < low + 0.1
    two = labels.clip(upper=1)
    table = pd.DataFrame({0: chances[:, 0], 1: 1 - chances[:, 0]})
    assert scores.macro_auc(two, table) == scores.auc(two, 1 - chances[:, 0])
    perfect = pd.DataFrame(np.eye(3)[labels])
    value, low, high = scores.macro_auc(labels, perfect)
    assert (value, high) == (1.0, 1.0)
    assert 0.9 < low < 1


def test_recalls_are_averaged():
    """As scikit-learn does it; more rows give a shorter interval."""
    labels = pd.Series(["a"] * 30 + ["b"] * 10)
    told = ["a"] * 25 + ["b"] * 12 + ["a"] * 3
    value, low, high = scores.balanced_accuracy(labels, told)
    assert value == pytest.approx(balanced_accuracy_score(labels, told))
    many = scores.balanced_accuracy(pd.concat([labels] * 9), told * 9)
    assert low < many[1] < value < many[2] < high


def test_a_model_too_sure_of_itself_has_a_slope_below_one():
    """Twice the log-odds that are true: a slope of one half."""
    rng = np.random.default_rng(0)
    odds = rng.normal(0, 1.2, 2000)
    value, low, high = scores.calibration_slope(rng.random(2000) < expit(odds), expit(2 * odds))
    assert low < 0.5 < high < 0.7
    assert value == pytest.approx(0.5, abs=0.08)


def test_a_slope_that_cannot_be_told():
    """One probability for all, or one class only."""
    assert np.isnan(scores.calibration_slope([0, 1], np.array([0.5, 0.5]))[0])
    assert np.isnan(scores.calibration_slope([1, 1], np.array([0.4, 0.6]))[0])
    separated = scores.calibration_slope([0, 0, 1, 1], np.array([0.1, 0.2, 0.8, 0.9]))
    assert separated[2] == np.inf


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
    value, low, high = scores.r2(truth, predicted)
    assert value == pytest.approx(r2_score(truth, predicted))
    assert low < value < high < 1
    assert scores.r2(truth, truth) == (1.0, 1.0, 1.0)
    assert scores.r2(truth, -truth)[0] < 0
    longer = scores.r2(np.tile(truth, 9), np.tile(predicted, 9))
    less = scores.r2(truth, predicted, level=0.5)
    assert low < longer[1]
    assert low < less[1]
    with pytest.raises(DataError, match="a target that varies"):
        scores.r2(np.ones(5), np.arange(5.0))


@pytest.mark.parametrize("rows", [60, 200])
def test_intervals_cover_the_truth(rows):
    """Normal errors: R² of 0.8, mean absolute error sqrt(2/pi), mean 0."""
    inside = np.zeros(3)
    for seed in range(400):
        rng = np.random.default_rng(seed)
        line, errors = 2 * rng.normal(size=rows), rng.normal(size=rows)
        for place, ((_, low, high), truth) in enumerate(
            [
                (scores.r2(line + errors, line), 0.8),
                (intervals.positive_mean(np.abs(errors)), np.sqrt(2 / np.pi)),
                (intervals.mean_interval(errors), 0.0),
            ]
        ):
            inside[place] += low <= truth <= high
    assert ((inside / 400 >= 0.92) & (inside / 400 <= 0.98)).all(), inside / 400


def test_nine_in_ten_new_errors_lie_within_the_margin():
    """On average over many samples, whatever the distribution (here skew); by hand for four."""
    assert scores.margin(np.array([3.0, -1.0, 2.0, 4.0]), level=0.8) == 4.0
    assert scores.margin(np.ones(4), level=0.9) == np.inf
    rng = np.random.default_rng(0)
    shares = [
        (rng.exponential(size=200) <= scores.margin(rng.exponential(size=99))).mean()
        for _ in range(300)
    ]
    assert np.mean(shares) == pytest.approx(0.9, abs=0.01)
