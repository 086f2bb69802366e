"""What clusters are like: their sizes, means in original units, traits, and known groups."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fourfold.methods.clustering.stability import Labels
from fourfold.methods.intervals import Array, Interval
from fourfold.records.formatting import count

#: A mean nearer than this to that of all rows, in standard deviations, is no trait.
_NOTABLE = 0.25


def ordered(model: Any) -> Any:
    """Return a fitted K-means model with its clusters renumbered: 0 the largest, 1 the next.

    K-means numbers clusters by chance; so every table and picture of a notebook agrees.

    Parameters
    ----------
    model : fitted KMeans
        Changed in place: `labels_` and `cluster_centers_`.

    Examples
    --------
    >>> from sklearn.cluster import KMeans
    >>> model = KMeans(2, n_init=10, random_state=0).fit([[0.0], [9.0], [9.5]])
    >>> ordered(model).labels_.tolist(), model.predict([[9.2]]).tolist()
    ([1, 0, 0], [0])
    """
    order = np.argsort(-np.bincount(model.labels_), kind="stable")
    model.labels_ = np.argsort(order)[model.labels_].astype(model.labels_.dtype)
    model.cluster_centers_ = model.cluster_centers_[order]
    return model


def profile_clusters(features: pd.DataFrame, labels: Labels) -> pd.DataFrame:
    """Return the size of each cluster and its mean in each feature, in original units.

    Parameters
    ----------
    features : DataFrame of n rows
        Unscaled features.
    labels : array of int, shape (n,)
        The partition.

    Returns
    -------
    DataFrame
        One row for each cluster: `rows`, `share` (0 to 1), then the means.

    Examples
    --------
    >>> profile_clusters(pd.DataFrame({"g": [1.0, 3.0, 8.0]}), np.array([0, 0, 1])).values.tolist()
    [[2.0, 0.6666666666666666, 2.0], [1.0, 0.3333333333333333, 8.0]]
    """
    means = features.groupby(labels).mean().rename_axis("cluster")
    rows = np.bincount(labels)
    means.insert(0, "rows", rows)
    means.insert(1, "share", rows / len(labels))
    return means


def traits(features: pd.DataFrame, labels: Labels, most: int = 2) -> list[str]:
    """Return a phrase for each cluster: its size, and the features in which it stands out.

    Parameters
    ----------
    features : DataFrame of n rows
        Unscaled features.
    labels : array of int, shape (n,)
        The partition.
    most : int
        Features named for each cluster: those whose mean in the cluster is farthest from the
        mean of all rows, and by a quarter of a standard deviation of all rows at least.

    Examples
    --------
    >>> frame = pd.DataFrame({"a": [1.0, 1.0, 1.0, 9.0], "b": [5.0, 6.0, 5.0, 6.0]})
    >>> traits(frame, np.array([0, 0, 0, 1]), most=1)
    ['cluster 0 (3 rows): low a', 'cluster 1 (1 row): high a']
    """
    phrases = []
    for number, means in deviations(features, labels).iterrows():
        farthest = means.sort_values(key=lambda away: -away.abs(), kind="stable").head(most)
        notable = farthest[farthest.abs() >= _NOTABLE]
        names = [f"{'high' if away > 0 else 'low'} {name}" for name, away in notable.items()]
        size = count(int((labels == number).sum()), "row")
        phrases.append(f"cluster {number} ({size}): {', '.join(names) or 'near the mean'}")
    return phrases


def deviations(features: pd.DataFrame, labels: Labels) -> pd.DataFrame:
    """Return how far each cluster's means lie from the means of all rows.

    Returns
    -------
    DataFrame
        One row for each cluster, one column for each feature, in standard deviations of all rows.

    Examples
    --------
    >>> frame = pd.DataFrame({"g": [1.0, 1.0, 3.0, 3.0]})
    >>> deviations(frame, np.array([0, 0, 1, 1])).values.tolist()
    [[-1.0], [1.0]]
    """
    away = (features.groupby(labels).mean() - features.mean()) / features.std(ddof=0)
    return away.rename_axis("cluster")


def agreement(
    labels: Sequence[Any], known: Sequence[Any], seed: int = 0, resamples: int = 200
) -> Interval:
    """Return how two groupings of the same rows agree, with a 95 % bootstrap interval.

    Parameters
    ----------
    labels, known : sequence of length n
        The groups of each row.
    seed : int
    resamples : int
        Resamples of the rows.

    Returns
    -------
    Interval
        The adjusted Rand index, 1 the same grouping, 0 what chance gives (Hubert & Arabie,
        "Comparing partitions", J. Classif. 2, 1985, p. 198); and where 95 % of the resamples lie.

    Notes
    -----
    The index depends on the counts of pairs of groups only, and these are multinomial when rows
    are resampled: so the counts are drawn, not the rows.

    Examples
    --------
    >>> agreement([0, 0, 1, 1], ["x", "x", "y", "y"])
    Interval(value=1.0, low=1.0, high=1.0)
    """
    counts = pd.crosstab(np.asarray(labels), np.asarray(known)).to_numpy()
    rows = int(counts.sum())
    generator = np.random.default_rng(seed)
    drawn = generator.multinomial(rows, counts.ravel() / rows, resamples)
    low, high = np.quantile(_rand_index(drawn.reshape(-1, *counts.shape)), [0.025, 0.975])
    return Interval(float(_rand_index(counts[None])[0]), float(low), float(high))


def _rand_index(counts: NDArray[np.int64]) -> Array:
    """Return the adjusted Rand index of each table of counts, shape (tables, groups, groups)."""
    table = counts.astype(float)
    pairs, rows, columns = (
        (part * (part - 1) / 2).sum(axis=-1)
        for part in (table.reshape(len(table), -1), table.sum(axis=2), table.sum(axis=1))
    )
    total = table.sum(axis=(1, 2))
    expected = rows * columns / (total * (total - 1) / 2)
    most = (rows + columns) / 2
    same = most == expected
    return np.where(same, 1.0, (pairs - expected) / np.where(same, 1.0, most - expected))
