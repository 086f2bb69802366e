"""Whether a model does worse than on the rows held out, and what follows from that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, inf, isnan, log, nan, sqrt

import numpy as np
import pandas as pd
from scipy.stats import t as student

from fourfold.methods.intervals import Interval

#: Without labels, nobody knows how a model does.
UNKNOWN = Interval(nan, nan, nan)


@dataclass(frozen=True)
class _Mean:
    """A mean with its variance: that of rows by themselves, and that of the groups they are in."""

    value: float
    of_rows: float
    of_groups: float
    df: float

    @property
    def variance(self) -> float:
        return max(self.of_rows, self.of_groups)


def rise(
    new: pd.Series,
    held_out: pd.Series,
    new_groups: pd.Series | None = None,
    held_out_groups: pd.Series | None = None,
) -> Interval:
    """Return by how many percent the mean loss has risen above that of the rows held out.

    Rows of one day say less than as many of different days, so groups are counted, not rows. If
    those of the rows held out are not known, these get the variance between the new groups too.

    Parameters
    ----------
    new, held_out : Series of float
        Loss of each row; at least 0.
    new_groups, held_out_groups : Series, optional
        Day or the like of each row. None: each row stands for itself.

    Returns
    -------
    Interval
        Not a number if there are no rows on a side, or the loss held out is 0.

    Notes
    -----
    Welch's interval for the difference of two logarithms, of ratio estimates from cluster samples
    (Cochran 1977, Sampling Techniques, section 9A.4; Welch 1938, Biometrika 29, p. 350).

    Examples
    --------
    >>> [round(end) for end in rise(pd.Series([2.0, 4.0] * 50), pd.Series([1.0, 2.0] * 50))]
    [100, 82, 120]
    """
    if not len(new) or not len(held_out):
        return UNKNOWN
    after, before = _mean(new, new_groups), _mean(held_out, held_out_groups)
    if before.value <= 0 or after.value <= 0:
        same = after.value == before.value
        return Interval(0.0, 0.0, 0.0) if same else UNKNOWN
    spreads = [after.variance / after.value**2, before.variance / before.value**2]
    df = [after.df, before.df]
    if new_groups is not None and held_out_groups is None:
        spreads[1] += max(0.0, after.of_groups - after.of_rows) / after.value**2
        df[1] = min(df)
    ratio, variance = log(after.value / before.value), sum(spreads)
    if not variance < inf:
        return Interval(100 * (exp(ratio) - 1), -100.0, inf)
    parts = sum(spread**2 / each for spread, each in zip(spreads, df, strict=True))
    half = float(student.ppf(0.975, variance**2 / parts)) * sqrt(variance) if parts else 0.0
    value, low, high = (100 * (exp(ratio + step) - 1) for step in (0, -half, half))
    return Interval(value, low, high)


def _mean(values: pd.Series, groups: pd.Series | None) -> _Mean:
    """Return a mean; infinitely uncertain if there is one group only."""
    mean = float(values.mean())
    of_rows, df = variance_of(values - mean)
    if groups is None:
        return _Mean(mean, of_rows, 0.0, df)
    of_groups, df = variance_of(values - mean, groups)
    return _Mean(mean, of_rows, of_groups, df)


def variance_of(rest: pd.Series, groups: pd.Series | None = None) -> tuple[float, int]:
    """Return the variance of a mean and its degrees of freedom; infinite for a single group.

    Parameters
    ----------
    rest : Series of float
        What is left of each row without the mean.
    groups : Series, optional
        Group of each row, by the same index; None: each stands for itself.
    """
    sums = rest.to_numpy()
    if groups is not None:
        codes, _ = pd.factorize(groups.loc[rest.index], use_na_sentinel=False)
        sums = np.bincount(codes, sums)
    count = len(sums)
    if count < 2:
        return inf, 1
    return count / (count - 1) * float((sums**2).sum()) / len(rest) ** 2, count - 1


def decide(
    gain: Interval,
    rise: Interval,
    worth: float,
    allowed: float,
    changed: Sequence[Interval],
    broken: bool = False,
    missing: bool = False,
) -> Interval:
    """Return whether to train again: 1 is yes, 0 is no, 0.5 with 0 to 1 that somebody has to look.

    Performance decides where it is known: it is time if training again is shown to gain more than
    `worth`; or if the loss is shown to have risen by more than `allowed`, and such a gain is not
    excluded. Where it is not known, changes of features and answers are a reason to look, never
    one to train again: a model may do well on rows of another kind.

    Parameters
    ----------
    gain : Interval
        By training again, in percent of the loss; not a number if unknown.
    rise : Interval
        Of the mean loss, in percent; not a number if unknown.
    worth : float
        Gain that is no reason to train again, in percent.
    allowed : float
        Rise that is no reason to train again, in percent.
    changed : sequence of Interval
        How many columns of features and of answers have changed.
    broken : bool
        Whether more rows than allowed cannot be predicted.
    missing : bool
        Whether there is no model in use.

    Examples
    --------
    >>> decide(Interval(6, 4, 8), Interval(30, 12, 50), 3, 10, [])
    Interval(value=1.0, low=1, high=1)
    >>> decide(UNKNOWN, UNKNOWN, 3, 10, [Interval(2, 1, 3)])
    Interval(value=0.5, low=0, high=1)
    """
    if missing:
        return Interval(1, 1, 1)
    futile, worse = gain.high <= worth, rise.low > allowed
    sure = gain.low > worth or (worse and not futile)
    if isnan(gain.value) and isnan(rise.value):
        look = any(each.high > 0 for each in changed)
    else:
        look = worse or not (futile or (isnan(gain.value) and rise.high <= allowed))
    high = int(sure or look or broken)
    return Interval((sure + high) / 2, int(sure), high)
