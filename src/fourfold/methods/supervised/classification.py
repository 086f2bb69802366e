"""How well scores tell classes apart on rows that the model has not seen, with intervals.

All intervals are for the fitted model: they say where its figure would lie on endless new rows
from the same source. The uncertainty of training is that of `evaluation.corrected_interval`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from math import sqrt
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.integrate import trapezoid
from scipy.optimize import brentq, minimize_scalar
from scipy.special import expit, logit
from scipy.stats import norm, rankdata
from scipy.stats import t as student

from fourfold.errors import DataError
from fourfold.methods.intervals import Interval, share

Array = NDArray[np.float64]

CONFIDENT = 0.975
Z = float(norm.ppf(CONFIDENT))
_NEAR = 1e-9


def auc(labels: Sequence[Any] | NDArray[Any], scores: Array) -> Interval:
    """Return the area under the ROC curve of two classes, with its 95 % interval.

    The chance that a random positive scores above a random negative, ties counting one half.

    Parameters
    ----------
    labels : array of bool or 0/1, shape (n,)
    scores : array of float, shape (n,)
        Any score that rises with the chance of a positive.

    Returns
    -------
    value, low, high : float
        From 0 to 1.

    Raises
    ------
    DataError
        If a class has no row.

    Notes
    -----
    Variance by DeLong, DeLong & Clarke-Pearson, Biometrics 44 (1988), p. 839, on the logit scale,
    with Student's t of Welch's degrees of freedom. It is 0 where no pair is out of order; then
    the interval starts at the least area of normal scores that are so in 2.5 % of such samples.

    Examples
    --------
    >>> value, low, high = auc([0, 0, 0, 1, 1, 1], np.array([0.1, 0.4, 0.6, 0.35, 0.7, 0.8]))
    >>> round(value, 2), round(low, 2), round(high, 2)
    (0.78, 0.03, 1.0)
    """
    positive = np.asarray(labels, dtype=bool)
    first, second = int(positive.sum()), int((~positive).sum())
    if not first or not second:
        raise DataError(f"auc: expected rows of both classes, got {first} and {second}")
    above = _placements(positive, np.asarray(scores, dtype=float))
    value = float(above[positive].mean())
    if not 0 < value < 1 or min(first, second) < 2:
        least = _least_area(first, second)
        low, high = (least if value > 0.5 else 0.0), (1 - least if value < 0.5 else 1.0)
        return Interval(value, low, high)
    parts = np.array([above[positive].var(ddof=1) / first, above[~positive].var(ddof=1) / second])
    return Interval(value, *_on_logits(value, parts, np.array([first, second]) - 1))


def _placements(positive: NDArray[np.bool_], scores: Array) -> Array:
    """Return for each row the share of the other class that is in order with it."""
    found, ranks = np.empty(len(scores)), rankdata(scores)
    for group, sign in ((positive, 1), (~positive, -1)):
        below = (ranks[group] - rankdata(scores[group])) / (~group).sum()
        found[group] = below if sign == 1 else 1 - below
    return found


def _on_logits(value: float, parts: Array, freedom: NDArray[Any]) -> tuple[float, float]:
    """Return the interval of an area with a variance that is a sum of estimated parts."""
    variance = float(parts.sum())
    if variance == 0:
        return value, value
    quantile = student.ppf(CONFIDENT, variance**2 / float((parts**2 / freedom).sum()))
    half = quantile * sqrt(variance) / (value * (1 - value))
    low, high = expit(logit(value) + np.array([-half, half]))
    return float(low), float(high)


@cache
def _least_area(first: int, second: int) -> float:
    """Return the least area of normal scores that a sample of such sizes separates in 2.5 %."""
    grid = np.linspace(-9, 21, 3001)

    def separated(shift: float) -> float:
        lowest = first * norm.pdf(grid - shift) * norm.sf(grid - shift) ** (first - 1)
        return float(trapezoid(lowest * norm.cdf(grid) ** second, grid))

    if separated(0.0) > 1 - CONFIDENT:
        return 0.5
    shift = brentq(lambda s: separated(s) - (1 - CONFIDENT), 0.0, 12.0)
    return float(norm.cdf(shift / sqrt(2)))


def macro_auc(labels: pd.Series, probabilities: pd.DataFrame) -> Interval:
    """Return the mean over classes of the area of each against the others, with its interval.

    Of two classes it is `auc`. Of more, the variance is that of the mean over classes of the
    rows' influence on the areas, on the logit scale; where no pair is out of order, the interval
    starts as low as that of the class that is hardest to be sure of.

    Parameters
    ----------
    labels : Series, shape (n,)
    probabilities : DataFrame, shape (n, classes)
        Columns are named by the classes.
    """
    names = list(probabilities)
    if len(names) == 2:
        return auc((labels == names[1]).to_numpy(), probabilities[names[1]].to_numpy())
    groups = [(labels == name).to_numpy() for name in names]
    columns = [probabilities[name].to_numpy() for name in names]
    found = [auc(group, column) for group, column in zip(groups, columns, strict=True)]
    influence = np.mean(
        [
            (_placements(group, column) - area) / np.where(group, group.mean(), 1 - group.mean())
            for group, column, (area, _, _) in zip(groups, columns, found, strict=True)
        ],
        axis=0,
    )
    value = float(np.mean([area for area, _, _ in found]))
    if not 0 < value < 1:
        return Interval(value, min(each.low for each in found), max(each.high for each in found))
    count = len(labels)
    parts = np.array([influence.var(ddof=1) / count])
    return Interval(value, *_on_logits(value, parts, np.array([count - 1])))


def balanced_accuracy(labels: pd.Series, predicted: Sequence[Any] | Array) -> Interval:
    """Return the mean recall of the classes, with its 95 % interval.

    Each recall has its interval by Wilson, and their mean combines these: the square of its half
    is the mean of squares over the number of classes (Zou & Donner, Statistics in Medicine 27
    (2008), p. 1693).

    Examples
    --------
    >>> labels = pd.Series(["a"] * 10 + ["b"] * 10)
    >>> [round(figure, 3) for figure in balanced_accuracy(labels, ["a"] * 18 + ["b"] * 2)]
    [0.6, 0.444, 0.755]
    """
    right = labels.to_numpy() == np.asarray(predicted)
    recalls = np.array(
        [share(own.sum(), len(own)) for own in (right[labels == name] for name in _names(labels))]
    )
    value, low, high = recalls.T
    count = len(recalls)
    down, up = (float(np.sqrt(((value - end) ** 2).sum()) / count) for end in (low, high))
    mean = float(value.mean())
    return Interval(mean, mean - down, mean + up)


def _names(labels: pd.Series) -> list[Any]:
    return sorted(labels.unique())


def calibration_slope(labels: Sequence[Any] | NDArray[Any], probabilities: Array) -> Interval:
    """Return the slope of the truth on the log-odds predicted, with its 95 % interval.

    1 for honest probabilities, below 1 for too extreme ones, above 1 for too timid ones.

    Parameters
    ----------
    labels : array of bool or 0/1, shape (n,)
    probabilities : array of float, shape (n,)
        Of a positive, from 0 to 1.

    Notes
    -----
    Logistic regression with intercept (Cox, Biometrika 45 (1958), p. 562). The interval holds the
    slopes that the profile likelihood does not reject (chi-squared, one degree of freedom).

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> chances = rng.uniform(0.02, 0.98, 4000)
    >>> value, low, high = calibration_slope(rng.random(4000) < chances, chances)
    >>> low < 1 < high
    True
    """
    truth = np.asarray(labels, dtype=float)
    odds = logit(np.clip(np.asarray(probabilities, dtype=float), 1e-6, 1 - 1e-6))
    if odds.std() < _NEAR or truth.std() == 0:
        return Interval(float("nan"), float("nan"), float("nan"))
    best = _climb(truth, odds)
    top = _profile(best, truth, odds)

    def excess(slope: float) -> float:
        return 2 * (top - _profile(slope, truth, odds)) - Z * Z

    low, high = (_crossing(excess, best, step) for step in (-1.0, 1.0))
    return Interval(best, low, high)


def _profile(slope: float, truth: Array, odds: Array) -> float:
    """Return the highest log likelihood of a slope, over all intercepts."""
    middle = brentq(lambda a: float((expit(a + slope * odds) - truth).sum()), -900, 900)
    line = middle + slope * odds
    return float((truth * line - np.logaddexp(0, line)).sum())


def _climb(truth: Array, odds: Array) -> float:
    found = minimize_scalar(lambda s: -_profile(s, truth, odds), bounds=(-30, 30), method="bounded")
    return float(found.x)


def _crossing(excess: Any, best: float, step: float) -> float:
    """Return where `excess` turns positive on one side of `best`; infinite if it never does."""
    reach = 0.25
    while reach < 64:
        if excess(best + step * reach) > 0:
            return float(brentq(excess, best, best + step * reach))
        reach *= 2
    return float(np.inf) * step
