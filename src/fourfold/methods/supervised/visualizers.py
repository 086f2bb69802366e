"""Yellowbrick's figures of classifiers and regressors on today's scikit-learn and matplotlib.

Only those that scikit-learn lacks. Estimators are taken as they are; titles describe the data
instead of naming the class of the model; axes have units; legends are beside the data.
"""

import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import seaborn as sns
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray
from sklearn.utils.multiclass import type_of_target

from fourfold.methods.yellowbrick import expect, load

_regressor: Any = load("yellowbrick.regressor")
_classifier: Any = load("yellowbrick.classifier")
_errors: Any = load("yellowbrick.classifier.class_prediction_error")


def _same_length(truth: Any, predicted: Any) -> tuple[str, NDArray[Any], NDArray[Any]]:
    """Return the kind of target with both, as scikit-learn's private check once did."""
    return str(type_of_target(truth)), np.asarray(truth), np.asarray(predicted)


_errors._check_targets = _same_length
# Formulas in yellowbrick's legends, which `fourfold.style` shows as plain text.
_WORDS = {"$R^2": "R²", "$f_1": "F1", "$t_f=": "best F1 at ", "queue rate": "share flagged"}


def _in_words(legend: Any) -> None:
    for text in legend.get_texts():
        label = text.get_text()
        for formula, words in _WORDS.items():
            label = label.replace(formula, words)
        text.set_text(" ".join(label.replace("$", "").split()))


class ResidualsPlot(_regressor.ResidualsPlot):  # type: ignore[misc]
    """The residuals against the predictions, of training rows and of others.

    Parameters
    ----------
    estimator : regressor
        Fitted before, or fitted by `fit`.
    unit : str
        Of the target, for the axes.
    **options
        As for ``yellowbrick.regressor.ResidualsPlot``.
    """

    def __init__(self, estimator: Any, unit: str = "", **options: Any) -> None:
        self.unit = f", {unit}" if unit else ""
        settings = {"force_model": True, "train_alpha": 0.4} | options
        super().__init__(expect("regressor", estimator), **settings)

    def finalize(self, **options: Any) -> None:
        """Write title and labels."""
        super().finalize(**options)
        self.set_title("Residuals: no shape is left in them where the model is right")
        self.ax.set(xlabel=f"predicted{self.unit}", ylabel=f"truth less prediction{self.unit}")
        _in_words(self.ax.get_legend())
        if self.hist:
            self.hax.set_xlabel("rows")


class _Classifies:
    """What the figures of classifiers share."""

    title_ = across = up = ""

    def __init__(self, estimator: Any, **options: Any) -> None:
        settings = {"force_model": True} | options
        super().__init__(expect("classifier", estimator), **settings)  # type: ignore[call-arg]

    def finalize(self, **options: Any) -> None:
        """Write title and labels, and put the legend to the right of the data."""
        ax = self.ax  # type: ignore[attr-defined]
        layout = ax.figure.get_layout_engine()
        with warnings.catch_warnings():  # one of them changes the layout of the figure
            warnings.simplefilter("ignore")
            super().finalize(**options)  # type: ignore[misc]
        ax.figure.set_layout_engine(layout)
        ax.set(title=self.title_, xlabel=self.across, ylabel=self.up)
        sns.move_legend(ax, "upper left", bbox_to_anchor=(1.01, 1), frameon=False)
        _in_words(ax.get_legend())


class ClassPredictionError(_Classifies, _classifier.ClassPredictionError):  # type: ignore[misc]
    """How many rows of each class got which prediction, stacked by true class."""

    title_, across, up = "What each prediction holds", "predicted class", "rows, by true class"

    def __init__(
        self, estimator: Any, classes: Sequence[str] | None = None, **options: Any
    ) -> None:
        colors = list(sns.color_palette("colorblind", len(classes or estimator.classes_)))
        super().__init__(estimator, classes=classes, **{"colors": colors} | options)

    def finalize(self, **options: Any) -> None:
        """Write title and labels."""
        super().finalize(**options)
        self.ax.get_legend().set_title("true class")


class DiscriminationThreshold(_Classifies, _classifier.DiscriminationThreshold):  # type: ignore[misc]
    """Precision, recall and share flagged over the threshold, from repeated random splits."""

    title_ = "What moving the threshold trades (median and 80 % of splits)"
    across, up = "threshold on the probability", "share"

    def finalize(self, **options: Any) -> None:
        """Write title and labels."""
        super().finalize(**options)
        self.ax.yaxis.set_major_formatter(PercentFormatter(1.0))
