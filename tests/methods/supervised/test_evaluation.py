"""Targets, folds, the dummy's rival, and the corrected interval."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from scipy.stats import t as student
from sklearn.linear_model import Ridge
from sklearn.model_selection import cross_val_score

from fourfold.errors import DataError
from fourfold.methods import intervals
from fourfold.methods.supervised import evaluation


@pytest.mark.parametrize(
    ("values", "task"),
    [
        ([1, 2, 3] * 4, "classification"),
        (list(range(11)), "regression"),
        ([0.5, 1.5, 0.5], "regression"),
        (["a", "b"], "classification"),
        ([True, False], "classification"),
        ([1.0, 2.0, None], "classification"),
    ],
)
def test_tasks(values, task):
    """Words, yes/no and few whole numbers are classes; the rest is a quantity."""
    assert evaluation.task(pd.Series(values)) == task


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["x", "x"], "target 'y': expected at least two different values, got only 'x'"),
        ([None], "got no value"),
        ([f"v{n}" for n in range(60)], "at most 50 classes, got 60 different"),
    ],
)
def test_targets_that_teach_nothing_are_told(values, message):
    """One value, no value, a text that differs in every row."""
    with pytest.raises(DataError, match=message):
        evaluation.task(pd.Series(values, name="y"))


def test_rows_that_cannot_be_learnt_from_are_left_out():
    """Missing targets, duplicates and classes with fewer rows than folds."""
    frame = pd.DataFrame({"x": [*range(9), 0], "y": [*"aaaabbbb", None, "a"]})
    rows, target = evaluation.learnable_rows(frame, "y", folds=4)
    assert rows.index.tolist() == list(range(8))
    assert target.tolist() == list("aaaabbbb")
    with pytest.raises(DataError, match="two classes of at least 5 rows, got 'a' 4, 'b' 4"):
        evaluation.learnable_rows(frame, "y", folds=5)


@pytest.mark.parametrize(
    ("target", "message"), [("z", "got 'z'"), ("xx", "Did you mean 'x'"), ("x", "at least 16")]
)
def test_a_target_that_is_not_there_or_too_short_is_told(target, message):
    """With the nearest column, or the rows needed."""
    frame = pd.DataFrame({"x": np.arange(15) / 2, "y": [*("ab" * 7), "a"]})
    with pytest.raises(DataError, match=message):
        evaluation.learnable_rows(frame, target, folds=8)


def test_folds_and_repeats():
    """As many scores as folds times repeats; classes keep their shares; seeds differ."""
    target = pd.Series([0] * 30 + [1] * 10)
    cv = evaluation.splits("classification", folds=5, repeats=3, seed=1)
    parts = [test for _, test in cv.split(np.zeros((40, 1)), target)]
    assert len(parts) == 15
    assert all(target.iloc[part].sum() == 2 for part in parts)
    other = evaluation.splits("regression", 5, 3, seed=2)
    assert [t.tolist() for _, t in other.split(np.zeros((40, 1)))] != [p.tolist() for p in parts]


def test_corrected_interval_by_hand():
    """Of 0.7, 0.8, 0.9 in three folds: variance 0.01 times 1/3 + 1/2, Student with 2 df."""
    half = student.ppf(0.975, 2) * np.sqrt(0.01 * (1 / 3 + 1 / 2))
    found = intervals.corrected_interval([0.7, 0.8, 0.9], folds=3)
    assert found == pytest.approx((0.8, 0.8 - half, 0.8 + half))
    wider, narrower = (intervals.corrected_interval([0.7, 0.8, 0.9], f) for f in (2, 10))
    assert wider.low < found.low < narrower.low
    surer = intervals.corrected_interval([0.7, 0.8, 0.9], folds=3, level=0.99)
    assert 0.8 - surer.low == pytest.approx(half * student.ppf(0.995, 2) / student.ppf(0.975, 2))


def test_corrected_interval_holds_where_the_plain_one_fails():
    """A true R² of 0.5 known by formula lies in at least 90 % of 95 % intervals of 60 data sets."""
    inside = []
    for seed in range(60):
        generator = np.random.default_rng(seed)
        x = generator.normal(size=(100, 1))
        y = x[:, 0] + generator.normal(size=100)
        cv = evaluation.splits("regression", 5, 4, seed)
        _, low, high = intervals.corrected_interval(
            cross_val_score(Ridge(alpha=1e-6), x, y, cv=cv, scoring="r2"), 5
        )
        inside.append(low <= 0.5 <= high)
    assert np.mean(inside) >= 0.9


def test_thinning_keeps_rare_classes():
    """About as many rows as asked for, at least `folds` of each class, drawn by seed."""
    target = pd.Series(["a"] * 960 + ["b"] * 40)
    rows = evaluation.thin(target, 100, folds=8)
    assert target.iloc[rows].value_counts().to_dict() == {"a": 96, "b": 8}
    assert (np.diff(rows) > 0).all()
    assert not np.array_equal(rows, evaluation.thin(target, 100, folds=8, seed=1))
    numbers = pd.Series(np.arange(1000) / 3)
    assert len(evaluation.thin(numbers, 100, folds=5)) == 100
