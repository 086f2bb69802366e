"""Does the distance matter? K-medoids under several distances, compared."""

from collections.abc import Sequence

import numpy as np
import pandas as pd
from sklearn.metrics import adjusted_rand_score, pairwise_distances

from fourfold.methods.clustering.stability import Labels, mean_silhouette
from fourfold.methods.intervals import Array
from fourfold.methods.threads import one_thread


def k_medoids(distances: Array, k: int, seed: int = 0, restarts: int = 10) -> Labels:
    """Return the partition around the `k` rows that are nearest to all others.

    Parameters
    ----------
    distances : array of shape (n, n)
        Distances between rows, of any kind.
    k : int
        Number of clusters, at most n.
    seed : int
        Seed of the starting medoids.
    restarts : int
        Starts; the one with the smallest sum of distances wins.

    Returns
    -------
    array of int, shape (n,)
        Labels 0 to k - 1.

    Notes
    -----
    Alternates assignment and medoid update (Park & Jun, "A simple and fast algorithm for
    K-medoids clustering", Expert Syst. Appl. 36, 2009, p. 3336) from starts spread out as in
    k-means++. K-means itself is only defined for squared Euclidean distances.

    Examples
    --------
    >>> points = np.array([[0.0], [1.0], [9.0], [10.0]])
    >>> labels = k_medoids(pairwise_distances(points, metric="manhattan"), 2)
    >>> bool(labels[0] == labels[1] != labels[2] == labels[3])
    True
    """
    generator = np.random.default_rng(seed)
    fits = [_settle(distances, _spread_out(distances, k, generator)) for _ in range(restarts)]
    costs = [distances[:, medoids].min(axis=1).sum() for medoids in fits]
    return _nearest(distances, fits[int(np.argmin(costs))])


def _spread_out(distances: Array, k: int, generator: np.random.Generator) -> Labels:
    """Draw `k` rows, each with a probability that grows with its distance to those drawn."""
    medoids = [int(generator.integers(len(distances)))]
    while len(medoids) < k:
        far = distances[:, medoids].min(axis=1) ** 2
        far[medoids] = 0
        chance = far if far.sum() > 0 else np.where(np.isin(np.arange(len(far)), medoids), 0.0, 1.0)
        medoids.append(int(generator.choice(len(distances), p=chance / chance.sum())))
    return np.array(medoids)


def _settle(distances: Array, medoids: Labels, steps: int = 100) -> Labels:
    """Move each medoid to the row nearest to all of its cluster, until none moves."""
    for _ in range(steps):
        labels = _nearest(distances, medoids)
        groups = [np.flatnonzero(labels == label) for label in range(len(medoids))]
        moved = np.array([g[distances[np.ix_(g, g)].sum(axis=1).argmin()] for g in groups])
        if (moved == medoids).all():
            break
        medoids = moved
    return medoids


def _nearest(distances: Array, medoids: Labels) -> Labels:
    labels: Labels = distances[:, medoids].argmin(axis=1)
    labels[medoids] = np.arange(len(medoids))  # with equal rows, a medoid stays in its cluster
    return labels


@one_thread
def compare_distances(
    points: Array, labels: Labels, metrics: Sequence[str], seed: int = 0
) -> pd.DataFrame:
    """Return how K-medoids under each distance agrees with a partition.

    Parameters
    ----------
    points : array of shape (n, d)
        Scaled data, up to about 2,000 rows.
    labels : array of int, shape (n,)
        The partition to compare with, as of K-means.
    metrics : sequence of str
        Distances as `sklearn.metrics.pairwise_distances` names them.
    seed : int
        Seed of K-medoids.

    Returns
    -------
    DataFrame
        One row for each distance: `agreement` is the adjusted Rand index with `labels` (1 the
        same partition, 0 chance); ``silhouette, <metric>`` the mean silhouette under each metric.

    Examples
    --------
    >>> points = np.array([[1.0, 0.0], [9.0, 0.1], [0.0, 1.0], [0.1, 9.0]])
    >>> by_length = np.array([0, 1, 0, 1])
    >>> compare_distances(points, by_length, ["cosine"]).loc["cosine", "agreement"]
    np.float64(-0.5)
    """
    k = int(labels.max()) + 1
    between = {metric: pairwise_distances(points, metric=metric) for metric in metrics}
    rows = []
    for matrix in between.values():
        other = k_medoids(matrix, k, seed)
        scores = {f"silhouette, {m}": mean_silhouette(d, other) for m, d in between.items()}
        rows.append({"agreement": adjusted_rand_score(labels, other), **scores})
    return pd.DataFrame(rows, index=pd.Index(list(metrics), name="distance"))
