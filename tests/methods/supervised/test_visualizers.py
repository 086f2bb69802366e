"""Yellowbrick's supervised pictures on the current stack."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression, Ridge

from fourfold.methods.supervised import visualizers

RNG = np.random.default_rng(0)
X = RNG.normal(size=(150, 3))
Y = X @ [1, 2, 3] + RNG.normal(size=150)
TWO = (Y > 0).astype(int)


@pytest.fixture(autouse=True)
def _close():
    yield
    plt.close("all")


def drawn(picture, goal, score=True):
    picture.fit(X, goal)
    if score:
        picture.score(X, goal)
    picture.finalize()
    picture.fig.canvas.draw()
    return picture.ax


def legend(ax):
    return [text.get_text() for text in ax.get_legend().get_texts()]


def test_residuals_say_their_unit():
    """Title, axes and legend hold words, no formulas."""
    picture = visualizers.ResidualsPlot(Ridge(), unit="kg")
    ax = drawn(picture, Y)
    assert ax.get_xlabel() == "predicted, kg"
    assert ax.get_ylabel() == "truth minus prediction, kg"
    assert legend(ax)[0].startswith("Train R² = 0.9")


def test_threshold():
    """Two classes; shares and thresholds in words."""
    options = {"n_trials": 3, "random_state": 0}
    ax = drawn(visualizers.DiscriminationThreshold(LogisticRegression(), **options), TWO, False)
    assert legend(ax)[:3] == ["precision", "recall", "F1"]
    assert "share flagged" in legend(ax)
    assert legend(ax)[3].startswith("best F1 at")


def test_no_threshold_is_best_by_an_f1_that_is_undefined():
    """Flagging nobody finds nobody, F1 is 0 / 0: it was marked as the best."""
    options = {"n_trials": 3, "random_state": 0, "cv": 0.3}
    rare = (np.quantile(Y, 0.93) < Y).astype(int)
    picture = visualizers.DiscriminationThreshold(LogisticRegression(), **options)
    drawn(picture, rare, False)
    scores = picture.cv_scores_["fscore"]
    assert np.isfinite(scores).all()
    assert scores[scores.argmax()] > 0.3


def test_the_threshold_chosen_is_marked():
    """Instead of that of the best F1."""
    options = {"n_trials": 2, "random_state": 0, "threshold": 0.17}
    ax = drawn(visualizers.DiscriminationThreshold(LogisticRegression(), **options), TWO, False)
    assert "chosen: 17 %" in legend(ax)
    assert not [text for text in legend(ax) if "F1 at" in text]


def test_estimators_of_the_wrong_kind_are_told():
    """With what was expected."""
    with pytest.raises(TypeError, match="expected a regressor, got LogisticRegression"):
        visualizers.ResidualsPlot(LogisticRegression())
    with pytest.raises(TypeError, match="expected a classifier, got Ridge"):
        visualizers.DiscriminationThreshold(Ridge())
