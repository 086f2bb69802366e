"""Means and shares with their intervals, and correction for many comparisons."""

from collections.abc import Iterable
from math import exp, sqrt
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import ndtri
from scipy.stats import t as student

from fourfold.errors import DataError
from fourfold.records.evidence import Interval as Interval

Array = NDArray[np.float64]
#: Quantile of the normal distribution for 95 % intervals.
Z = float(ndtri(0.975))


def wilson(hits: ArrayLike, count: ArrayLike, z: float = Z) -> NDArray[Any]:
    """Return the limits of shares, `low` and `high`, by Wilson (1927, JASA 22, p. 209).

    Parameters
    ----------
    hits, count : array_like, length n
        Rows that are as they should be; all rows.
    z : float
        Quantile of the normal distribution; its default gives 95 % intervals.

    Returns
    -------
    ndarray of shape (2, n)

    Examples
    --------
    >>> wilson(8, 10).round(3).tolist()
    [0.49, 0.943]
    """
    share, rows = np.asarray(hits, float) / count, np.asarray(count, float)
    middle = (share + z * z / rows / 2) / (1 + z * z / rows)
    half = z * np.sqrt(share * (1 - share) / rows + z * z / rows**2 / 4) / (1 + z * z / rows)
    return np.array([np.maximum(0, middle - half), np.minimum(1, middle + half)])


def share(hits: float, count: float) -> Interval:
    """Return a share with its interval by `wilson`.

    Examples
    --------
    >>> [round(end, 3) for end in share(8, 10)]
    [0.8, 0.49, 0.943]
    """
    low, high = wilson(hits, count)
    return Interval(hits / count, float(low), float(high))


def weighted_sum(
    weights: ArrayLike, hits: ArrayLike, count: ArrayLike, together: bool = False
) -> Interval:
    """Return a weighted sum of shares with its interval.

    Parameters
    ----------
    weights, hits, count : array_like of one length
        Of each share its weight, and the counts that `wilson` takes.
    together : bool
        The shares are of the same rows, and a row is a hit of at most one of them.

    Notes
    -----
    Each half is made of the weighted halves by Wilson, which point the other way for a weight
    below 0, and of their correlation (Zou & Donner, Statistics in Medicine 27 (2008), p. 1693):
    right for a handful of hits too.

    Examples
    --------
    >>> [round(end, 3) for end in weighted_sum([0.5, 0.5], [10, 2], [10, 10])]
    [0.6, 0.444, 0.755]
    """
    weights, hits, count = (np.asarray(each, float) for each in (weights, hits, count))
    shares = hits / count
    value = float((weights * shares).sum())
    ends = np.sort(weights * wilson(hits, count), axis=0)
    related = np.eye(len(shares))
    if together:
        # Of two shares of one sample, the more of the one, the less of the other.
        odds = np.sign(weights) * np.sqrt(shares / np.where(shares < 1, 1 - shares, 1.0))
        related = np.clip(-np.outer(odds, odds), -1, 1)
        np.fill_diagonal(related, 1)
    low, high = (sqrt(max(0.0, float(half @ related @ half))) for half in weights * shares - ends)
    return Interval(value, value - low, value + high)


def dispersion(failed: NDArray[Any], rows: NDArray[Any]) -> float:
    """Return how much more batches differ than rows that fail by themselves would: at least 1."""
    share = failed.sum() / rows.sum()
    if len(rows) < 2 or not 0 < share < 1:
        return 1.0
    squares = (failed - share * rows) ** 2 / (rows * share * (1 - share))
    return max(1.0, float(squares.sum() / (len(rows) - 1)))


def holm(p: Iterable[float]) -> NDArray[np.float64]:
    """Return probabilities corrected for their number, so that one in twenty *tables* errs.

    Holm, "A simple sequentially rejective multiple test procedure" (1979), Scand J Stat 6, p. 67.

    Examples
    --------
    >>> holm([0.01, 0.04, 0.03]).tolist()
    [0.03, 0.06, 0.06]
    """
    values = np.asarray(list(p), float)
    order = np.argsort(values, kind="stable")
    corrected = np.empty_like(values)
    steps = np.maximum.accumulate(values[order] * np.arange(len(values), 0, -1))
    corrected[order] = np.minimum(1.0, steps)
    return corrected


def corrected_interval(
    scores: ArrayLike, folds: int, level: float = 0.95, task: str | None = None
) -> Interval:
    """Return the mean score of repeated cross-validation with its interval.

    Folds share most of their training rows, so that the plain interval is far too short. The
    variance is that of one score times 1/J + 1/(folds - 1), for J scores.

    Parameters
    ----------
    scores : sequence of float, length J
        Score of each fold of each repeat, or differences of two models on the same folds.
    folds : int
        Folds of one repeat.
    level : float
        Confidence, between 0 and 1.
    task : str, optional
        Of a ``"regression"``, 1/J is left out.

    Notes
    -----
    Nadeau & Bengio, "Inference for the generalization error", Machine Learning 52 (2003), p. 248,
    with the test share of repeated cross-validation as in Bouckaert & Frank (2004), p. 5. Their
    1/J is that of J test parts drawn independently; those of one repeat have no row in common,
    and of R² 97 to 99 % of the intervals with it held the truth. Of areas under the ROC curve
    95 to 96 % do, and without it noise is called predictable in more than 5 % of draws
    (``benchmarks/truth/supervised.py``).

    Examples
    --------
    >>> [round(end, 3) for end in corrected_interval([0.7, 0.8, 0.9], folds=3)]
    [0.8, 0.407, 1.193]
    """
    values = np.asarray(scores, dtype=float)
    count, mean = len(values), float(values.mean())
    factor = 1 / (folds - 1) + (task != "regression") / count
    error = np.sqrt(values.var(ddof=1) * factor)
    half = float(student.ppf((1 + level) / 2, count - 1) * error)
    return Interval(mean, mean - half, mean + half)


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
    count = at_least_three(values)
    middle, spread = float(values.mean()), float(values.std(ddof=1))
    if spread == 0:
        return Interval(middle, middle, middle)
    unseen = 1.0 if of is None else 1 - count / of
    shift = unseen * float(((values - middle) ** 3).mean()) / (6 * spread**2 * count)
    half = float(student.ppf((1 + level) / 2, count - 1)) * spread * sqrt(unseen / count)
    return Interval(middle, min(middle, middle + shift - half), max(middle, middle + shift + half))


def positive_mean(values: Array, level: float = 0.95) -> Interval:
    """Return the mean of positive values, such as absolute errors, with its interval.

    Student's interval on the log scale, where the mean of skew values is nearer to normal.

    Examples
    --------
    >>> [round(figure, 2) for figure in positive_mean(np.array([1.0, 2.0, 3.0]))]
    [2.0, 0.58, 6.93]
    """
    count = at_least_three(values)
    middle = float(values.mean())
    if middle <= 0:
        return Interval(middle, middle, middle)
    error = float(values.std(ddof=1)) / sqrt(count) / middle
    reach = exp(float(student.ppf((1 + level) / 2, count - 1)) * error)
    return Interval(middle, middle / reach, middle * reach)


def at_least_three(values: Array) -> int:
    """Return how many values there are; raise a `DataError` for fewer than three."""
    if len(values) < 3:
        raise DataError(f"expected at least 3 rows to judge by, got {len(values)}")
    return len(values)
