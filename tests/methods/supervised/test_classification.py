"""Areas, recalls and slopes with intervals: by hand, by known truth, at the edges."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit
from scipy.stats import norm
from sklearn.metrics import balanced_accuracy_score, roc_auc_score

from fourfold.errors import DataError
from fourfold.methods.supervised import classification


@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=4, max_size=30))
def test_the_area_is_that_of_scikit_learn(rows):
    """Ties count one half; the interval holds the value."""
    labels, scores = np.array([r[0] for r in rows]), np.array([r[1] for r in rows], dtype=float)
    if labels.all() or not labels.any():
        with pytest.raises(DataError, match="rows of both classes"):
            classification.auc(labels, scores)
        return
    value, low, high = classification.auc(labels, scores)
    assert value == pytest.approx(roc_auc_score(labels, scores))
    assert 0 <= low <= value <= high <= 1


def test_no_pair_out_of_order_is_no_certainty():
    """The fewer rows, the lower the interval starts; and upside down."""
    bounds = [
        classification.auc([0] * n + [1] * n, np.arange(2.0 * n))[1] for n in (3, 10, 50, 500)
    ]
    assert bounds == sorted(bounds)
    assert bounds[1] == pytest.approx(0.866, abs=0.01)  # of 20,000 samples drawn from there
    value, low, high = classification.auc([1] * 10 + [0] * 10, np.arange(20.0))
    assert (value, low) == (0.0, 0.0)
    assert high == pytest.approx(1 - bounds[1])


@pytest.mark.parametrize(("rows", "shift"), [(60, 0.5), (60, 2.3), (150, 2.5)])
def test_the_interval_of_the_area_covers_the_truth(rows, shift):
    """Two normal classes: the area is known by formula."""
    truth, inside = norm.cdf(shift / np.sqrt(2)), 0
    for seed in range(300):
        rng = np.random.default_rng(seed)
        labels = rng.random(rows) < 0.4
        _, low, high = classification.auc(labels, rng.normal(size=rows) + shift * labels)
        inside += low <= truth <= high
    assert 0.91 <= inside / 300 <= 0.99


def test_the_area_of_three_classes():
    """The mean of each against the others; of two classes the plain area."""
    rng = np.random.default_rng(0)
    labels = pd.Series(rng.integers(0, 3, 200))
    chances = rng.dirichlet(np.ones(3), 200) + 0.5 * np.eye(3)[labels]
    chances /= chances.sum(axis=1, keepdims=True)
    value, low, high = classification.macro_auc(labels, pd.DataFrame(chances))
    assert value == pytest.approx(roc_auc_score(labels, chances, multi_class="ovr"))
    assert low < value < high < low + 0.1
    two = labels.clip(upper=1)
    table = pd.DataFrame({0: chances[:, 0], 1: 1 - chances[:, 0]})
    assert classification.macro_auc(two, table) == classification.auc(two, 1 - chances[:, 0])
    perfect = pd.DataFrame(np.eye(3)[labels])
    value, low, high = classification.macro_auc(labels, perfect)
    assert (value, high) == (1.0, 1.0)
    assert 0.9 < low < 1


def test_recalls_are_averaged():
    """As scikit-learn does it; more rows give a shorter interval."""
    labels = pd.Series(["a"] * 30 + ["b"] * 10)
    told = ["a"] * 25 + ["b"] * 12 + ["a"] * 3
    value, low, high = classification.balanced_accuracy(labels, told)
    assert value == pytest.approx(balanced_accuracy_score(labels, told))
    many = classification.balanced_accuracy(pd.concat([labels] * 9), told * 9)
    assert low < many[1] < value < many[2] < high


def test_a_model_too_sure_of_itself_has_a_slope_below_one():
    """Twice the log-odds that are true: a slope of one half."""
    rng = np.random.default_rng(0)
    odds = rng.normal(0, 1.2, 2000)
    value, low, high = classification.calibration_slope(
        rng.random(2000) < expit(odds), expit(2 * odds)
    )
    assert low < 0.5 < high < 0.7
    assert value == pytest.approx(0.5, abs=0.08)


def test_a_slope_that_cannot_be_told():
    """One probability for all, or one class only."""
    assert np.isnan(classification.calibration_slope([0, 1], np.array([0.5, 0.5]))[0])
    assert np.isnan(classification.calibration_slope([1, 1], np.array([0.4, 0.6]))[0])
    separated = classification.calibration_slope([0, 0, 1, 1], np.array([0.1, 0.2, 0.8, 0.9]))
    assert separated[2] == np.inf
