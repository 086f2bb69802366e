"""How well a model does on rows that it has not seen: classes first, then quantities.

All intervals are for the fitted model: they show where its score would be on endless new rows
from the same source. The uncertainty of training is that of `intervals.corrected_interval`.
"""

from collections.abc import Sequence
from functools import cache, partial
from math import ceil, inf, nan, sqrt
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray
from scipy.integrate import trapezoid
from scipy.optimize import brentq, minimize_scalar
from scipy.special import expit, logit
from scipy.stats import norm, rankdata
from scipy.stats import t as student

from fourfold.errors import DataError
from fourfold.methods.intervals import Array, Interval, Z, at_least_three, weighted_sum

CONFIDENT = 0.975
#: Rows with which quantiles are drawn; with more the mean of squared errors is near to normal.
_DRAWN, _DRAWS = range(20, 2001), 1999


def auc(labels: ArrayLike, scores: Array) -> Interval:
    """Return the area under the ROC curve of two classes, with its 95 % interval.

    The chance that a random positive scores above a random negative, ties counting one half.

    Parameters
    ----------
    labels : array of bool or 0/1, shape (n,)
    scores : array of float, shape (n,)
        Any score that rises with the chance of a positive.

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
    if not 0 < value < 1:
        least = _least_area(first, second)
        return Interval(value, least if value > 0.5 else 0.0, 1 - least if value < 0.5 else 1.0)
    if min(first, second) < 2:
        return Interval(value, 0.0, 1.0)  # one row says next to nothing of its class
    return _on_logits(value, [above[positive], above[~positive]])


def _placements(positive: NDArray[np.bool_], scores: Array) -> Array:
    """Return for each row the share of the other class that is in order with it."""
    below, ranks = np.empty(len(scores)), rankdata(scores)
    for group in (positive, ~positive):
        below[group] = (ranks[group] - rankdata(scores[group])) / (~group).sum()
    return np.where(positive, below, 1 - below)


def _on_logits(value: float, samples: list[Array]) -> Interval:
    """Return an area with its interval; its variance is the sum of those of the samples' means."""
    parts = np.array([sample.var(ddof=1) / len(sample) for sample in samples])
    variance = float(parts.sum())
    if variance == 0:
        return Interval(value, value, value)
    freedom = np.array([len(sample) - 1 for sample in samples])
    quantile = student.ppf(CONFIDENT, variance**2 / float((parts**2 / freedom).sum()))
    half = quantile * sqrt(variance) / (value * (1 - value))
    low, high = expit(logit(value) + np.array([-half, half]))
    return Interval(value, float(low), float(high))


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
    areas, influences = [], []
    for name in names:
        group, column = (labels == name).to_numpy(), probabilities[name].to_numpy()
        area = auc(group, column)
        off = _placements(group, column) - area.value
        areas.append(area)
        influences.append(off / np.where(group, group.mean(), 1 - group.mean()))
    value = float(np.mean([area.value for area in areas]))
    if not 0 < value < 1:
        return Interval(value, min(each.low for each in areas), max(each.high for each in areas))
    return _on_logits(value, [np.mean(influences, axis=0)])


def balanced_accuracy(labels: pd.Series, predicted: Sequence[Any] | Array) -> Interval:
    """Return the mean recall of the classes, with its 95 % interval.

    The mean of the recalls has its interval by `weighted_sum`.

    Examples
    --------
    >>> labels = pd.Series(["a"] * 10 + ["b"] * 10)
    >>> [round(figure, 3) for figure in balanced_accuracy(labels, ["a"] * 18 + ["b"] * 2)]
    [0.6, 0.444, 0.755]
    """
    right = (labels == np.asarray(predicted)).groupby(labels).agg(["sum", "count"])
    return weighted_sum(np.full(len(right), 1 / len(right)), right["sum"], right["count"])


def calibration_slope(labels: ArrayLike, probabilities: Array) -> Interval:
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
    if odds.std() < 1e-9 or truth.std() == 0:
        return Interval(nan, nan, nan)
    likelihood = partial(_profile, truth=truth, odds=odds)
    best = float(minimize_scalar(lambda s: -likelihood(s), bounds=(-30, 30), method="bounded").x)
    top = likelihood(best)

    def excess(slope: float) -> float:
        return 2 * (top - likelihood(slope)) - Z * Z

    low, high = (_crossing(excess, best, step) for step in (-1.0, 1.0))
    return Interval(best, low, high)


def _profile(slope: float, truth: Array, odds: Array) -> float:
    """Return the highest log likelihood of a slope, over all intercepts."""
    middle = brentq(lambda a: float((expit(a + slope * odds) - truth).sum()), -900, 900)
    line = middle + slope * odds
    return float((truth * line - np.logaddexp(0, line)).sum())


def _crossing(excess: Any, best: float, step: float) -> float:
    """Return where `excess` turns positive on one side of `best`; infinite if it never does."""
    for end in best + step * 2.0 ** np.arange(-2, 6):
        if excess(end) > 0:
            return float(brentq(excess, best, end))
    return inf * step


def r2(truth: Array, predicted: Array, level: float = 0.95) -> Interval:
    """Return the share of variance explained, with its interval.

    1 is perfect, 0 as good as the mean of these rows, below 0 worse.

    Parameters
    ----------
    truth, predicted : array of float, shape (n,)
    level : float
        Confidence, between 0 and 1.

    Raises
    ------
    DataError
        If there are fewer than three rows, or the truth does not vary.

    Notes
    -----
    The delta method on log(1 - R²), the difference of two log means: each row moves it by its
    squared error over their mean, less its squared deviation over theirs. With 20 to 2,000 rows
    the quantiles are not Student's but drawn, since squared errors are skew: bootstrap-t, Efron &
    Tibshirani (1993), An Introduction to the Bootstrap, p. 160.

    Examples
    --------
    >>> truth = np.arange(8.0)
    >>> value, low, high = r2(truth, truth + np.array([1.0, -1.0] * 4))
    >>> round(value, 3), low < value < high < 1
    (0.81, True)
    """
    count = at_least_three(truth)
    if np.ptp(truth) == 0:
        raise DataError("r2: expected a target that varies, got one value")
    if np.array_equal(truth, predicted):
        return Interval(1.0, 1.0, 1.0)
    rest, error = _log_rest(truth, truth - predicted)
    tails = (1 - level) / 2, (1 + level) / 2
    if count in _DRAWN:
        rows = np.random.default_rng(0).integers(0, count, (_DRAWS, count))
        drawn, errors = _log_rest(truth[rows], (truth - predicted)[rows])
        known = errors > 0
        ends = np.quantile((drawn[known] - rest) / errors[known], tails)
    else:
        ends = np.asarray(student.ppf(tails, count - 2))
    low, high = (float(1 - np.exp(rest - end * error)) for end in ends)
    return Interval(float(1 - np.exp(rest)), low, high)


def _log_rest(truth: Array, errors: Array) -> tuple[Array, Array]:
    """Return log(1 - R²) and its standard error, along the last axis."""
    squares = errors**2
    deviations = (truth - truth.mean(axis=-1, keepdims=True)) ** 2
    means = [each.mean(axis=-1, keepdims=True) for each in (squares, deviations)]
    with np.errstate(divide="ignore", invalid="ignore"):
        influence = squares / means[0] - deviations / means[1]
        rest = np.log(means[0] / means[1])[..., 0]
        return rest, influence.std(axis=-1, ddof=2) / np.sqrt(truth.shape[-1])


def margin(errors: Array, level: float = 0.9) -> float:
    """Return by how much a prediction may be off, in `level` of all new rows.

    Parameters
    ----------
    errors : array of float, shape (n,)
        Of rows that the model had not seen; only their size counts.
    level : float
        Share of new rows whose error is at most the margin.

    Returns
    -------
    float
        Infinite where there are too few errors for the level.

    Notes
    -----
    Split conformal prediction: Lei, G'Sell, Rinaldo, Tibshirani & Wasserman, JASA 113 (2018),
    p. 1096, algorithm 2.

    Examples
    --------
    >>> margin(np.array([3.0, -1.0, 2.0, 4.0]), level=0.6)
    3.0
    """
    place = ceil((len(errors) + 1) * level)
    if place > len(errors):
        return float("inf")
    return float(np.sort(np.abs(errors))[place - 1])
