"""How well a K-means partition survives resampling: Jaccard similarity, silhouette interval."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import t as student
from sklearn.cluster import KMeans
from sklearn.metrics import pairwise_distances

from fourfold.methods.intervals import Array, Interval
from fourfold.methods.threads import one_thread

Labels = NDArray[np.intp]

#: Restarts of K-means inside resampling and reference draws; a final fit has ten.
RESTARTS = 3
#: Hennig (2007): below 0.6 no trust, from 0.75 a valid cluster, from 0.85 highly stable.
VALID = 0.75


@dataclass(frozen=True)
class Stability:
    """What resampling says of one partition.

    Attributes
    ----------
    jaccard : array of shape (resamples, k)
        Similarity of each cluster to its best match in each resample, 0 to 1.
    silhouettes : array of shape (resamples,)
        Mean silhouette of the partition found in each resample, -1 to 1.
    """

    jaccard: Array
    silhouettes: Array

    @property
    def means(self) -> Array:
        """Mean Jaccard similarity of each cluster, shape (k,)."""
        return np.asarray(self.jaccard.mean(axis=0))

    @property
    def weakest(self) -> int:
        """Number of the cluster with the lowest mean similarity."""
        return int(self.means.argmin())

    @property
    def ranges(self) -> Array:
        """Between which similarities 95 % of the resamples of each cluster lie, shape (2, k)."""
        return np.asarray(np.quantile(self.jaccard, [0.025, 0.975], axis=0))

    def mean_interval(self, cluster: int) -> Interval:
        """Return the mean similarity of one cluster with its interval: Student's t, 0 to 1."""
        drawn = self.jaccard[:, cluster]
        mean = float(drawn.mean())
        half = student.ppf(0.975, len(drawn) - 1) * drawn.std(ddof=1) / np.sqrt(len(drawn))
        return Interval(mean, max(0.0, float(mean - half)), min(1.0, float(mean + half)))

    def silhouette_interval(self, value: float) -> Interval:
        """Return a mean silhouette with its bootstrap interval, centred on `value`.

        Recentred, since a partition fitted to a resample flatters that resample a little.
        """
        low, high = np.quantile(self.silhouettes, [0.025, 0.975]) - self.silhouettes.mean()
        return Interval(value, float(value + low), float(value + high))


@one_thread
def resample(points: Array, labels: Labels, resamples: int = 50, seed: int = 0) -> Stability:
    """Return how a partition survives the bootstrap.

    Parameters
    ----------
    points : array of shape (n, d)
        Scaled data.
    labels : array of int, shape (n,)
        The partition, 0 to k - 1, no cluster empty.
    resamples : int
        Number of bootstrap resamples, each of n rows with replacement.
    seed : int
        Seed of the resamples.

    Notes
    -----
    Hennig, "Cluster-wise assessment of cluster stability", Comput. Stat. Data Anal. 52 (2007),
    p. 258: clusters are compared on the rows that the resample holds. K-means starts from the
    centres of the partition, since the question is whether it comes back, not whether another one
    has less inertia. Stable does not mean valid: half of a long Gaussian is stable too.

    Examples
    --------
    >>> points = np.array([[0.0], [0.1], [0.2], [9.0], [9.1], [9.2]])
    >>> resample(points, np.array([0, 0, 0, 1, 1, 1]), resamples=5, seed=1).means.tolist()
    [1.0, 1.0]
    """
    k = int(labels.max()) + 1
    distances, start = pairwise_distances(points), centres(points, labels)
    generator = np.random.default_rng(seed)
    similarity, widths = [], []
    for _ in range(resamples):
        rows = _rows_with(k, points, generator)
        again = KMeans(k, init=start, n_init=1).fit(points[rows]).predict(points)
        weights = np.bincount(rows, minlength=len(points))
        inside = weights > 0
        similarity.append(jaccard(labels[inside], again[inside], k))
        widths.append(mean_silhouette(distances, again, weights.astype(float)))
    return Stability(np.array(similarity), np.array(widths))


def _rows_with(k: int, points: Array, generator: np.random.Generator) -> Labels:
    """Draw rows with replacement until at least `k` different points are among them."""
    while True:
        rows = generator.integers(0, len(points), len(points))
        if len(np.unique(points[rows], axis=0)) >= k:
            return rows


def centres(points: Array, labels: Labels) -> Array:
    """Return the mean of each cluster, shape (k, d).

    Examples
    --------
    >>> centres(np.array([[0.0], [2.0], [9.0]]), np.array([0, 0, 1])).tolist()
    [[1.0], [9.0]]
    """
    return np.array([points[labels == number].mean(axis=0) for number in np.unique(labels)])


def jaccard(original: Labels, again: Labels, k: int) -> Array:
    """Return the similarity of each original cluster to the cluster of `again` most like it.

    Parameters
    ----------
    original, again : arrays of int, shape (n,)
        Two partitions of the same rows, numbered 0 to k - 1.
    k : int
        Number of clusters.

    Returns
    -------
    array of shape (k,)
        Rows shared over rows in either, 0 to 1; 0 for an original cluster without rows.

    Examples
    --------
    >>> jaccard(np.array([0, 0, 0, 1]), np.array([1, 1, 0, 0]), 2).round(2).tolist()
    [0.67, 0.5]
    """
    shared = np.zeros((k, k))
    np.add.at(shared, (original, again), 1)
    either = shared.sum(axis=1)[:, None] + shared.sum(axis=0) - shared
    return np.asarray((shared / np.maximum(either, 1)).max(axis=1))


def mean_silhouette(distances: Array, labels: Labels, weights: Array | None = None) -> float:
    """Return the mean silhouette, counting each row `weights` times.

    Parameters
    ----------
    distances : array of shape (n, n)
        Distances between rows, zero on the diagonal.
    labels : array of int, shape (n,)
        The partition.
    weights : array of shape (n,), optional
        How often each row counts; one each by default. Copies of a row are not its neighbours,
        or each resample would look tighter than the data.

    Returns
    -------
    float
        -1 to 1. A row alone in its cluster counts 0; a single cluster has 0 throughout.

    Notes
    -----
    Rousseeuw, "Silhouettes", J. Comput. Appl. Math. 20 (1987), p. 55.

    Examples
    --------
    >>> points = np.array([[0.0], [1.0], [9.0], [10.0]])
    >>> round(mean_silhouette(pairwise_distances(points), np.array([0, 0, 1, 1])), 4)
    0.8885
    """
    weight = np.ones(len(labels)) if weights is None else weights
    member = np.eye(int(labels.max()) + 1)[labels] * weight[:, None]
    total, rows = distances @ member, np.arange(len(labels))
    size = member.sum(axis=0)
    others = size[labels] - weight
    own = total[rows, labels] / np.maximum(others, 1)
    away = np.where(size > 0, total / np.maximum(size, 1), np.inf)
    away[rows, labels] = np.inf
    nearest = away.min(axis=1)
    known = (others > 0) & np.isfinite(nearest) & (np.maximum(own, nearest) > 0)
    width = np.zeros(len(labels))
    width[known] = (nearest[known] - own[known]) / np.maximum(own, nearest)[known]
    return float(np.average(width, weights=weight))
