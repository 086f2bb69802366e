"""What is wrong, class by class, and which features matter."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.inspection import permutation_importance
from sklearn.linear_model import Ridge

from fourfold.methods.supervised import mistakes
from fourfold.methods.supervised.budget import Budget


def test_each_class_by_hand():
    """Recall and precision; the class it is taken for; missing where nothing was answered so."""
    truth, answers = np.array([0, 0, 0, 1, 1, 2]), np.array([0, 1, 1, 1, 1, 1])
    chances = np.eye(3)[answers]
    table = mistakes.class_table(truth, answers, chances, ["a", "b", "c"])
    assert table.index.tolist() == ["c", "a", "b"]
    assert table["recall"].tolist() == pytest.approx([0, 1 / 3, 1])
    assert table.loc["a", "precision"] == 1
    assert np.isnan(table.loc["c", "precision"])
    assert table["taken for"].tolist() == ["b", "b", ""]
    assert table.loc["c", "area"] == 0.5
    assert table["rows"].tolist() == [1, 3, 2]


def test_importance_is_that_of_scikit_learn_in_parts():
    """In any order the same figures; without time for all, the first ones and a sentence."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.normal(size=(80, 25)), columns=[f"x{n}" for n in range(25)])
    goal = 3 * frame["x7"] + frame["x20"] + rng.normal(size=80)
    model = Ridge().fit(frame, goal)
    table = mistakes.importance(model, frame, goal, "r2", frame.columns[::-1], seed=1)
    whole = permutation_importance(model, frame, goal, scoring="r2", random_state=1)
    assert table.index[:2].tolist() == ["x7", "x20"]
    assert table.loc[list(frame), "loss"].to_numpy() == pytest.approx(whole.importances_mean)
    assert table.loc[list(frame), "spread"].to_numpy() == pytest.approx(whole.importances_std)
    budget = Budget(0.02)
    short = mistakes.importance(model, frame, goal, "r2", frame.columns, 1, budget)
    assert len(short) < 25
    assert budget.left_out[0].startswith("the importance of")
