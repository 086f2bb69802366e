"""Leaks: a feature that knows, the same row twice, the future."""

from __future__ import annotations

import numpy as np
import pandas as pd
from sklearn.linear_model import Ridge

from fourfold.methods.supervised import leakage
from fourfold.methods.supervised.evaluation import score_alone


def test_a_feature_that_knows_the_answer_is_named():
    """A copy of the target with other words; not one that is only good."""
    rng = np.random.default_rng(0)
    goal = pd.Series(rng.choice(["no", "yes"], 200))
    good = (goal == "yes") + rng.normal(0, 0.5, 200)
    clear = leakage.single_feature(score_alone(pd.DataFrame({"good": good}), goal))
    assert (clear.verdict, clear.result[:17]) == (leakage.CLEAR, "good alone scores")
    copies = pd.DataFrame({"good": good, "copy": goal.map({"no": 3, "yes": 4}), "twin": goal})
    leak = leakage.single_feature(score_alone(copies, goal))
    assert leak.verdict == leakage.LEAK
    assert leak.result == "copy and twin alone score 1.00"


def test_rows_on_both_sides_are_counted():
    """Exact repeats, whatever their index; missing values are equal."""
    train = pd.DataFrame({"x": [1.0, None, 3.0] * 40, "w": ["a", "b", "c"] * 40})
    same = pd.DataFrame({"x": [None, 5.0], "w": ["b", "b"]}, index=[7, 8])
    found = leakage.duplicates(train, same)
    assert found.result == "1 of 2 rows held out (50 %) are learnt from as well"
    assert found.verdict == leakage.LOOK
    assert leakage.duplicates(train, same.iloc[1:]).verdict == leakage.CLEAR


def test_a_drift_over_time_is_seen():
    """A random split hides that the relation moves; without it, or without dates, all is clear."""
    rng = np.random.default_rng(0)
    rows = 400
    days = pd.date_range("2024-01-01", periods=rows)
    features = pd.DataFrame({"x": rng.normal(size=rows), "day": np.arange(rows) % 7.0})
    steady = 2 * features["x"] + rng.normal(0, 0.3, rows)
    moving = steady * np.linspace(2, -1, rows)
    frame = pd.DataFrame({"when": days, "x": features["x"]})
    checks = [
        leakage.time_split(Ridge(), features, goal, table, "regression", seed=0)
        for goal, table in ((moving, frame), (steady, frame), (moving, frame[["x"]]))
    ]
    assert [check.verdict for check in checks] == [leakage.LOOK, leakage.CLEAR, leakage.CLEAR]
    assert checks[0].result.startswith("by when: the last quarter scores -")
    assert checks[2].result == "no column of dates"
    other = leakage.time_split(Ridge(), features, moving, frame, "regression", seed=5)
    assert other.result != checks[0].result
    assert leakage.leak_table(checks).shape == (1, 2)
