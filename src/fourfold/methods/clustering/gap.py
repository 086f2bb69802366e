"""The gap statistic, including one cluster."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans

from fourfold.methods.clustering.null_models import uniform_box
from fourfold.methods.clustering.stability import RESTARTS
from fourfold.methods.intervals import Array, Interval
from fourfold.methods.threads import one_thread


@dataclass(frozen=True)
class Gap:
    """The gap statistic for 1 to k_max clusters.

    Attributes
    ----------
    gap : array of shape (k_max,)
        How much tighter the data cluster than a uniform box, in natural logarithms of the
        within-cluster sum of squares; first entry for k = 1.
    error : array of shape (k_max,)
        Simulation error s of each gap (one standard deviation, with the factor sqrt(1 + 1/B)).
    """

    gap: Array
    error: Array

    @property
    def k(self) -> int:
        """The smallest k whose gap reaches the next one less its error (1-SE rule)."""
        reached = self.gap[:-1] >= self.gap[1:] - self.error[1:]
        return int(reached.argmax()) + 1 if reached.any() else len(self.gap)

    def table(self) -> pd.DataFrame:
        """Return gap and error, one row for each k from 1."""
        numbers = pd.RangeIndex(1, len(self.gap) + 1, name="k")
        return pd.DataFrame({"gap": self.gap, "error": self.error}, index=numbers)

    def interval(self, k: int) -> Interval:
        """Return the gap at `k` with its simulation interval, which is normal."""
        value, half = float(self.gap[k - 1]), 1.96 * float(self.error[k - 1])
        return Interval(value, value - half, value + half)


@one_thread
def gap_statistic(points: Array, k_max: int = 8, references: int = 25, seed: int = 0) -> Gap:
    """Return how much tighter the data cluster than a uniform box around them, for each k.

    Parameters
    ----------
    points : array of shape (n, d)
        Scaled data; a sample of about 1,000 rows is enough. At least `k_max` rows differ.
    k_max : int
        Most clusters to try; from 2.
    references : int
        Reference data sets, B; at least 2.
    seed : int
        Seed of all draws.

    Notes
    -----
    Tibshirani, Walther & Hastie, "Estimating the number of clusters in a data set via the gap
    statistic", J. R. Stat. Soc. B 63 (2001), p. 411, with the box along the principal axes. With
    squared Euclidean distances their W_k is the inertia of K-means.

    Examples
    --------
    >>> generator = np.random.default_rng(0)
    >>> groups = [generator.normal(centre, 1, size=(30, 2)) for centre in (0, 9)]
    >>> gap_statistic(np.concatenate(groups), k_max=4).k
    2
    """
    generator = np.random.default_rng(seed)
    draw = uniform_box(points)
    numbers = range(1, k_max + 1)
    observed = _log_inertia(points, numbers, seed)
    drawn = np.array([_log_inertia(draw(generator), numbers, b) for b in range(references)])
    error = drawn.std(axis=0) * np.sqrt(1 + 1 / references)
    return Gap(drawn.mean(axis=0) - observed, error)


def _log_inertia(points: Array, numbers: range, seed: int) -> Array:
    """Return the log of the within-cluster sum of squares for each number of clusters."""
    fits = [KMeans(k, n_init=RESTARTS, random_state=seed).fit(points) for k in numbers]
    return np.log(np.maximum([fit.inertia_ for fit in fits], np.finfo(float).tiny))
