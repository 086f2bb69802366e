"""The search for settings within a budget."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import HistGradientBoostingRegressor, RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsRegressor

from fourfold.errors import DataError
from fourfold.methods.supervised.budget import Budget
from fourfold.methods.supervised.candidates import pipelines
from fourfold.methods.supervised.tuning import SPACES, tune

RNG = np.random.default_rng(1)
FRAME = pd.DataFrame(RNG.normal(size=(90, 12)), columns=[f"x{n}" for n in range(12)])
GOAL = FRAME["x0"] + RNG.normal(0, 1.0, 90)
MODELS = pipelines({"ridge": Ridge(), "neighbours": KNeighborsRegressor()}, FRAME, "regression")


def test_the_best_trial_is_the_model():
    """Its settings are those of the best of the trials, and it is not fitted yet."""
    found = tune(MODELS, FRAME, GOAL, "regression", trials=8)
    assert len(found.trials) == 8
    assert list(found.trials) == ["candidate", "score", "settings"]
    assert found.score == found.trials["score"].max()
    last = found.model.steps[-1][1].get_params()
    assert {name: last[name] for name in found.settings} == dict(found.settings)
    assert not hasattr(found.model.steps[-1][1], "coef_")


def test_a_seed_repeats_the_search_and_another_does_not():
    """Trial by trial; folds count too."""
    first, again, other, folds = (
        tune(MODELS, FRAME, GOAL, "regression", trials=4, seed=seed, folds=count).trials
        for seed, count in ((0, 3), (0, 3), (1, 3), (0, 4))
    )
    assert first.equals(again)
    assert not first.equals(other)
    assert not first["score"].equals(folds["score"])


# The end of a budget is an exception that may come while hypothesis counts collections of garbage.
@pytest.mark.filterwarnings(
    "ignore:Exception ignored.*gc_callback:pytest.PytestUnraisableExceptionWarning"
)
def test_seconds_end_the_search():
    """Long before the trials are used up."""
    found = tune(MODELS, FRAME, GOAL, "regression", trials=100_000, budget=Budget(8))
    assert len(found.trials) < 10_000


@pytest.mark.parametrize(
    ("name", "kind", "estimator"),
    [
        ("logistic", "classification", LogisticRegression()),
        ("forest", "classification", RandomForestClassifier(5)),
        ("boosting", "regression", HistGradientBoostingRegressor(max_iter=5)),
    ],
)
def test_each_space_fits_its_estimator(name, kind, estimator):
    """Names of settings are those of scikit-learn."""
    goal = (GOAL > 0).astype(int) if kind == "classification" else GOAL
    found = tune(pipelines({name: estimator}, FRAME, kind), FRAME, goal, kind, trials=2, folds=2)
    assert found.name == name
    assert set(SPACES) == {"ridge", "logistic", "forest", "boosting", "neighbours"}


def test_nothing_to_search_is_told():
    """The dummy has no settings."""
    with pytest.raises(DataError, match=r"expected a candidate of ridge, .*got \['dummy'\]"):
        tune({"dummy": MODELS["dummy"]}, FRAME, GOAL, "regression")
