"""Yellowbrick's pictures of classifiers and regressors, mended like those of `visualizers`.

What all share: estimators are taken as they are, since yellowbrick asks them for an attribute that
scikit-learn dropped in 1.8; titles say what is seen instead of the class of the model; axes say
their units; legends stand beside the data where they would hide it.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Sequence
from typing import Any

import numpy as np
import seaborn as sns
from matplotlib.ticker import PercentFormatter
from numpy.typing import NDArray
from sklearn.base import is_classifier, is_regressor
from sklearn.utils.multiclass import type_of_target

from fourfold.methods.yellowbrick import _quietly

_regressor: Any = _quietly("yellowbrick.regressor")
_classifier: Any = _quietly("yellowbrick.classifier")
_curves: Any = _quietly("yellowbrick.model_selection")
_errors: Any = _quietly("yellowbrick.classifier.class_prediction_error")


def _same_length(truth: Any, predicted: Any) -> tuple[str, NDArray[Any], NDArray[Any]]:
    """Return the kind of target with both, as scikit-learn's private check once did."""
    return str(type_of_target(truth)), np.asarray(truth), np.asarray(predicted)


_errors._check_targets = _same_length


def _asked(estimator: Any, right: bool, what: str) -> Any:
    """Return an estimator of the right kind.

    Raises
    ------
    TypeError
        If it is of another kind.
    """
    if not right:
        raise TypeError(f"expected a {what}, got {estimator!r}")
    return estimator


# What stands in yellowbrick's legends as a formula, which `fourfold.style` does not read.
_SPOKEN = {"$R^2": "R²", "$f_1": "F1", "$t_f=": "best F1 at ", "queue rate": "share flagged"}


def _beside(ax: Any) -> None:
    """Put the legend to the right of the data, in words."""
    if ax.get_legend() is not None:
        sns.move_legend(ax, "upper left", bbox_to_anchor=(1.01, 1), frameon=False)
        _in_words(ax)


def _in_words(ax: Any) -> None:
    for text in ax.get_legend().get_texts():
        told = text.get_text()
        for formula, words in _SPOKEN.items():
            told = told.replace(formula, words)
        text.set_text(" ".join(told.replace("$", "").split()))


class ResidualsPlot(_regressor.ResidualsPlot):  # type: ignore[misc]
    """What is left over, against what was predicted.

    Parameters
    ----------
    estimator : regressor
        Fitted before, or fitted by `fit`.
    unit : str
        Of the target; stands at the axes.
    **options
        As for ``yellowbrick.regressor.ResidualsPlot``.
    """

    def __init__(self, estimator: Any, unit: str = "", **options: Any) -> None:
        self.unit = f", {unit}" if unit else ""
        right = _asked(estimator, is_regressor(estimator), "regressor")
        super().__init__(right, **{"force_model": True, "train_alpha": 0.4} | options)

    def finalize(self, **options: Any) -> None:
        """Write title and labels."""
        super().finalize(**options)
        self.set_title("Residuals: no shape is left in them where the model is right")
        self.ax.set_xlabel(f"predicted{self.unit}")
        self.ax.set_ylabel(f"truth less prediction{self.unit}")
        _in_words(self.ax)
        if self.hist:
            self.hax.set_xlabel("rows")


class PredictionError(_regressor.PredictionError):  # type: ignore[misc]
    """The prediction against the truth, with the line on which they are equal.

    Parameters
    ----------
    estimator : regressor
        Fitted before, or fitted by `fit`.
    unit : str
        Of the target; stands at the axes.
    **options
        As for ``yellowbrick.regressor.PredictionError``.
    """

    def __init__(self, estimator: Any, unit: str = "", **options: Any) -> None:
        self.unit = f", {unit}" if unit else ""
        right = _asked(estimator, is_regressor(estimator), "regressor")
        super().__init__(right, **{"force_model": True, "alpha": 0.5} | options)

    def finalize(self, **options: Any) -> None:
        """Write title and labels."""
        super().finalize(**options)
        self.set_title("Prediction against truth")
        self.ax.set_xlabel(f"truth{self.unit}")
        self.ax.set_ylabel(f"predicted{self.unit}")
        _beside(self.ax)


class LearningCurve(_curves.LearningCurve):  # type: ignore[misc]
    """The score against the number of rows learnt from.

    Parameters
    ----------
    estimator : estimator
    score : str
        Name of the score, for the axis.
    **options
        As for ``yellowbrick.model_selection.LearningCurve``.
    """

    def __init__(self, estimator: Any, score: str = "score", **options: Any) -> None:
        self.named = score
        super().__init__(estimator, **options)

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return yellowbrick's own parameters, which it looks up while it fits."""
        names = inspect.signature(_curves.LearningCurve.__init__).parameters
        return {name: getattr(self, name) for name in names if hasattr(self, name)}

    def finalize(self, **options: Any) -> None:
        """Write title and labels."""
        super().finalize(**options)
        self.set_title("Would more rows help? Mean score and its standard deviation over folds")
        self.ax.set(xlabel="rows learnt from", ylabel=self.named)
        lines = {"Training Score": "rows learnt from", "Cross Validation Score": "other rows"}
        handles, labels = self.ax.get_legend_handles_labels()
        self.ax.legend(handles, [lines[label] for label in labels], frameon=False)
        _beside(self.ax)


class _Classifies:
    """What the pictures of classifiers share."""

    heading = ""
    across = ""
    up = ""

    def __init__(self, estimator: Any, **options: Any) -> None:
        right = _asked(estimator, is_classifier(estimator), "classifier")
        super().__init__(right, **{"force_model": True} | options)  # type: ignore[call-arg]

    def finalize(self, **options: Any) -> None:
        """Write title and labels."""
        ax = self.ax  # type: ignore[attr-defined]
        layout = ax.figure.get_layout_engine()
        with warnings.catch_warnings():  # one of them changes the layout of the figure
            warnings.simplefilter("ignore")
            super().finalize(**options)  # type: ignore[misc]
        ax.figure.set_layout_engine(layout)
        self.set_title(self.heading)  # type: ignore[attr-defined]
        ax.set(xlabel=self.across or ax.get_xlabel(), ylabel=self.up or ax.get_ylabel())
        _beside(ax)


class ClassPredictionError(_Classifies, _classifier.ClassPredictionError):  # type: ignore[misc]
    """How many rows of each class got which prediction, stacked by true class."""

    heading, across, up = "What each prediction holds", "predicted class", "rows, by true class"

    def __init__(
        self, estimator: Any, classes: Sequence[str] | None = None, **options: Any
    ) -> None:
        count = len(classes or estimator.classes_)
        colors = list(sns.color_palette("colorblind", count))
        super().__init__(estimator, classes=classes, **{"colors": colors} | options)

    def finalize(self, **options: Any) -> None:
        """Write title and labels."""
        super().finalize(**options)
        self.ax.get_legend().set_title("true class")


class ROCAUC(_Classifies, _classifier.ROCAUC):  # type: ignore[misc]
    """True positives against false positives over all thresholds.

    Targets must be numbers from 0: yellowbrick hands other labels to a function of scikit-learn
    that asks which is positive.
    """

    heading = "How well scores tell the classes apart (ROC)"
    across, up = "false positive rate", "true positive rate"


class PrecisionRecallCurve(_Classifies, _classifier.PrecisionRecallCurve):  # type: ignore[misc]
    """Precision against recall over all thresholds; targets must be numbers from 0."""

    heading = "How many of those found are right, as more are found"
    across, up = "recall", "precision"


class DiscriminationThreshold(_Classifies, _classifier.DiscriminationThreshold):  # type: ignore[misc]
    """Precision, recall and share flagged over the threshold, from repeated random splits."""

    heading = "What moving the threshold trades (median and 80 % of splits)"
    across, up = "threshold on the probability", "score"

    def finalize(self, **options: Any) -> None:
        """Write title and labels."""
        super().finalize(**options)
        self.ax.yaxis.set_major_formatter(PercentFormatter(1.0))
        self.ax.set_ylabel("share")
