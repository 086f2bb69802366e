"""How far predictions of a quantity are off on rows that the model has not seen, with intervals.

All intervals are for the fitted model: they say where its figure would lie on endless new rows
from the same source.
"""

from __future__ import annotations

from math import ceil

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from fourfold.errors import DataError
from fourfold.methods.intervals import Interval, at_least_three

Array = NDArray[np.float64]

#: Rows with which quantiles are drawn; with more the mean of squared errors is near to normal.
_DRAWN, _DRAWS = range(20, 2001), 1999


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
