"""The gap statistic: how much tighter data cluster than an even box."""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from sklearn.cluster import KMeans

from fourfold.methods.clustering.stability import RESTARTS
from fourfold.methods.intervals import Array, Interval
from fourfold.methods.threads import one_thread

#: Reference data sets below which the gap statistic has no error worth the name.
FEWEST_REFERENCES = 10


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
    numbers = range(1, k_max + 1)
    observed = _log_inertia(points, numbers, seed)
    boxes = [uniform_box(points, generator) for _ in range(references)]
    drawn = np.array([_log_inertia(box, numbers, b) for b, box in enumerate(boxes)])
    error = drawn.std(axis=0) * np.sqrt(1 + 1 / references)
    return Gap(drawn.mean(axis=0) - observed, error)


def _log_inertia(points: Array, numbers: range, seed: int) -> Array:
    """Return the log of the within-cluster sum of squares for each number of clusters."""
    fits = [KMeans(k, n_init=RESTARTS, random_state=seed).fit(points) for k in numbers]
    return np.log(np.maximum([fit.inertia_ for fit in fits], np.finfo(float).tiny))


def uniform_box(points: Array, generator: np.random.Generator) -> Array:
    """Draw as many points evenly from the box around the data along their principal axes.

    Examples
    --------
    >>> square = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    >>> uniform_box(square, np.random.default_rng(0)).shape
    (4, 2)
    """
    centre = points.mean(axis=0)
    axes = np.linalg.svd(points - centre, full_matrices=False)[2]
    turned = (points - centre) @ axes.T
    low, high = turned.min(axis=0), turned.max(axis=0)
    return np.asarray(generator.uniform(low, high, turned.shape) @ axes + centre)
