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
TWO, THREE = (Y > 0).astype(int), np.digitize(Y, [-2, 2])


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
    assert ax.get_ylabel() == "truth less prediction, kg"
    assert legend(ax)[0].startswith("Train R² = 0.9")


@pytest.mark.parametrize(("goal", "names"), [(TWO, ["no", "yes"]), (THREE, list("abc"))])
def test_class_prediction_error(goal, names):
    """Bars for each answer, as high as the rows that got it."""
    picture = visualizers.ClassPredictionError(LogisticRegression(), classes=names)
    ax = drawn(picture, goal)
    heights = sum(patch.get_height() for patch in ax.patches)
    assert heights == len(goal)
    assert legend(ax) == names


def test_threshold():
    """Two classes; shares and thresholds in words."""
    options = {"n_trials": 3, "random_state": 0}
    ax = drawn(visualizers.DiscriminationThreshold(LogisticRegression(), **options), TWO, False)
    assert legend(ax)[:3] == ["precision", "recall", "F1"]
    assert "share flagged" in legend(ax)


def test_estimators_of_the_wrong_kind_are_told():
    """With what was expected."""
    with pytest.raises(TypeError, match="expected a regressor, got LogisticRegression"):
        visualizers.ResidualsPlot(LogisticRegression())
    with pytest.raises(TypeError, match="expected a classifier, got Ridge"):
        visualizers.DiscriminationThreshold(Ridge())
