"""Yellowbrick's figures of classifiers and regressors on today's scikit-learn and matplotlib.

Only those that scikit-learn lacks. Estimators are taken as they are; titles describe the data
instead of naming the class of the model; axes have units; legends are beside the data.
"""

import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import seaborn as sns
from matplotlib.ticker import PercentFormatter

from fourfold.methods.yellowbrick import expect, load, offer

_regressor: Any = load("yellowbrick.regressor")
_classifier: Any = load("yellowbrick.classifier")
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
        self.set_title("Residuals: look for a pattern")
        self.ax.set(xlabel=f"predicted{self.unit}", ylabel=f"truth minus prediction{self.unit}")
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


class DiscriminationThreshold(_Classifies, _classifier.DiscriminationThreshold):  # type: ignore[misc]
    """Precision, recall and share flagged over the threshold, from repeated random splits.

    Parameters
    ----------
    estimator : classifier
    threshold : float, optional
        The one that was chosen, which is marked instead of that of the best F1.
    **options
        As for ``yellowbrick.classifier.DiscriminationThreshold``.
    """

    title_ = "What moving the threshold trades (median and 80 % of splits)"
    across, up = "threshold on the probability", "share"

    def __init__(self, estimator: Any, threshold: float | None = None, **options: Any) -> None:
        self.threshold = threshold
        marked = {} if threshold is None else {"argmax": None}
        super().__init__(estimator, **marked | options)

    def _split_fit_score_trial(self, *args: Any, **options: Any) -> Iterator[dict[str, Any]]:
        """Of no hit, precision and recall are 0 and F1 is 0 / 0: it is 0, not the best of all."""
        with warnings.catch_warnings():  # of a rare class a split may hold no row
            warnings.simplefilter("ignore", UserWarning)
            trials = list(super()._split_fit_score_trial(*args, **options))
        for trial in trials:
            yield trial | {"fscore": np.nan_to_num(trial["fscore"])}

    def finalize(self, **options: Any) -> None:
        """Write title and labels, and mark the threshold."""
        if self.threshold is not None:
            label = f"chosen: {100 * self.threshold:.0f} %"
            self.ax.axvline(self.threshold, linestyle="--", color="0.3", label=label)
        super().finalize(**options)
        self.ax.yaxis.set_major_formatter(PercentFormatter(1.0))


offer("yellowbrick.regressor", ResidualsPlot=ResidualsPlot)
offer("yellowbrick.classifier", DiscriminationThreshold=DiscriminationThreshold)
