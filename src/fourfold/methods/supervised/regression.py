"""How far predictions of a quantity are off on rows that the model has not seen, with intervals.

All intervals are for the fitted model: they say where its figure would lie on endless new rows
from the same source.
"""

from __future__ import annotations

from math import ceil, exp, sqrt

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student

from fourfold.errors import DataError

Array = NDArray[np.float64]
Interval = tuple[float, float, float]

FEWEST = 3
#: Rows with which quantiles are drawn; with more the mean of squared errors is near to normal.
_DRAWN, _DRAWS = range(20, 2001), 1999


def mean_interval(values: Array, level: float = 0.95, of: int | None = None) -> Interval:
    """Return the mean of values, positive or negative, with its interval.

    Parameters
    ----------
    values : array of float, shape (n,)
    level : float
        Confidence, between 0 and 1.
    of : int or None
        How many there are in all, if these were drawn from them, none twice.

    Raises
    ------
    DataError
        If there are fewer than three values.

    Notes
    -----
    Student's interval, moved for the skew of the values (Johnson, JASA 73 (1978), p. 536), and
    narrower where they are much of all there are (Cochran, Sampling Techniques (1977), p. 24).

    Examples
    --------
    >>> [round(figure, 2) for figure in mean_interval(np.array([1.0, 2.0, 3.0]))]
    [2.0, -0.48, 4.48]
    >>> [round(figure, 2) for figure in mean_interval(np.array([1.0, 2.0, 3.0]), of=4)]
    [2.0, 0.76, 3.24]
    """
    count = _enough(values)
    middle, spread = float(values.mean()), float(values.std(ddof=1))
    if spread == 0:
        return middle, middle, middle
    unseen = 1.0 if of is None else 1 - count / of
    shift = unseen * float(((values - middle) ** 3).mean()) / (6 * spread**2 * count)
    half = float(student.ppf((1 + level) / 2, count - 1)) * spread * sqrt(unseen / count)
    return middle, min(middle, middle + shift - half), max(middle, middle + shift + half)


def positive_mean(values: Array, level: float = 0.95) -> Interval:
    """Return the mean of positive values, such as absolute errors, with its interval.

    Student's interval on the log scale, where the mean of skew values is nearer to normal.

    Examples
    --------
    >>> [round(figure, 2) for figure in positive_mean(np.array([1.0, 2.0, 3.0]))]
    [2.0, 0.58, 6.93]
    """
    count = _enough(values)
    middle = float(values.mean())
    if middle <= 0:
        return middle, middle, middle
    error = float(values.std(ddof=1)) / sqrt(count) / middle
    reach = exp(float(student.ppf((1 + level) / 2, count - 1)) * error)
    return middle, middle / reach, middle * reach


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
    count = _enough(truth)
    if np.ptp(truth) == 0:
        raise DataError("r2: expected a target that varies, got one value")
    if np.array_equal(truth, predicted):
        return 1.0, 1.0, 1.0
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
    return float(1 - np.exp(rest)), low, high


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


def _enough(values: Array) -> int:
    if len(values) < FEWEST:
        raise DataError(f"expected at least {FEWEST} rows to judge by, got {len(values)}")
    return len(values)
