"""What the clustering template prepares: features, scales, samples, and fits for each k."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd
from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score, silhouette_score
from sklearn.preprocessing import FunctionTransformer, MinMaxScaler, RobustScaler, StandardScaler

from fourfold.errors import DataError, did_you_mean
from fourfold.methods.clustering.stability import Labels
from fourfold.methods.columns import measures, require, varies
from fourfold.methods.intervals import Array

SCALERS: Mapping[str, Callable[[], Any]] = {
    "standard": StandardScaler,
    "robust": RobustScaler,
    "minmax": MinMaxScaler,
    "none": partial(FunctionTransformer, validate=True),  # validated, a table becomes an array
}


def scaler(name: str) -> Any:
    """Return a scikit-learn transformer by its short name.

    Parameters
    ----------
    name : {'standard', 'robust', 'minmax', 'none'}
        Standard: mean 0, standard deviation 1. Robust: median 0, interquartile range 1. Minmax:
        from 0 to 1. None: as measured, so that the feature with the largest numbers decides.

    Raises
    ------
    DataError
        If there is no such scaler.

    Examples
    --------
    >>> scaler("minmax").fit_transform([[10.0], [20.0], [15.0]]).ravel().tolist()
    [0.0, 1.0, 0.5]
    """
    if name not in SCALERS:
        raise DataError(
            f"scaler: expected one of {', '.join(SCALERS)}, got {name!r}."
            + did_you_mean(name, SCALERS)
        )
    return SCALERS[name]()


def select_features(
    frame: pd.DataFrame, names: Sequence[str] = (), leave_out: Sequence[str] = ()
) -> pd.DataFrame:
    """Return the features to cluster by, without the rows in which one is missing.

    Parameters
    ----------
    frame : DataFrame
        One row per thing.
    names : sequence of str
        Columns to use; empty for the numeric ones among `measures`.
    leave_out : sequence of str
        Columns never used where `names` is empty, such as a known label; an empty name is none.

    Returns
    -------
    DataFrame
        Floats, with the row labels of `frame`.

    Raises
    ------
    DataError
        If a column does not exist, is not numeric or is constant, or no row is complete.

    Examples
    --------
    >>> frame = pd.DataFrame({"a": [1, 2, None], "b": [3.0, 4.0, 5.0], "c": ["x", "y", "z"]})
    >>> select_features(frame).index.tolist()
    [0, 1]
    """
    known = list(filter(None, leave_out))
    require(frame, known, "label")
    wanted = list(names) or measures(frame.drop(columns=known).select_dtypes("number"))
    if not wanted:
        kinds = ", ".join(f"{name} ({frame[name].dtype})" for name in frame.columns[:20])
        raise DataError(f"features: expected numeric columns that vary, got {kinds or 'none'}")
    require(frame, wanted, "features")
    for name in wanted:
        if not pd.api.types.is_numeric_dtype(frame[name]) or not varies(frame[name]):
            kind = f"{frame[name].dtype}, {frame[name].nunique()} different values"
            raise DataError(
                f"features: expected a numeric column that varies, got {name!r} ({kind}); "
                "leave it out"
            )
    complete = frame[wanted].astype(float).dropna().copy()  # one block: columns may be added
    if complete.empty:
        raise DataError(f"features: no row has all of {', '.join(wanted)}")
    return complete


def sample(count: int, most: int, seed: int = 0) -> Labels:
    """Return the positions of at most `most` of `count` rows, sorted.

    Parameters
    ----------
    count, most : int
        Rows there are, and rows to draw without replacement.
    seed : int

    Examples
    --------
    >>> sample(3, 10).tolist(), len(sample(10, 3))
    ([0, 1, 2], 3)
    """
    if count <= most:
        return np.arange(count)
    return np.sort(np.random.default_rng(seed).choice(count, most, replace=False))


def with_each(rows: Labels, labels: Labels) -> Labels:
    """Return the positions of a sample, and of one row of each cluster that it missed, sorted.

    Examples
    --------
    >>> with_each(np.array([0, 1]), np.array([0, 0, 1, 1])).tolist()
    [0, 1, 2]
    """
    first = np.unique(labels, return_index=True)[1]
    missed = ~np.isin(labels[first], labels[rows])
    return np.sort(np.concatenate([rows, first[missed]]))


def most_clusters(points: Array, k_max: int) -> int:
    """Return `k_max`, or one less than the number of different rows where that is fewer.

    Examples
    --------
    >>> most_clusters(np.array([[1.0], [2.0], [3.0], [3.0]]), 8)
    2
    """
    return min(k_max, max(2, len(np.unique(points, axis=0)) - 1))


def compare_k(models: Mapping[int, Any], points: Array, rows: Labels) -> pd.DataFrame:
    """Return how good fitted K-means models with different k are, one row for each k.

    Parameters
    ----------
    models : mapping of k to fitted KMeans
        Fitted to `points`.
    points : array of shape (n, d)
        Scaled data.
    rows : array of int
        Positions of the rows on which the silhouette is measured: it compares every pair.

    Returns
    -------
    DataFrame
        `inertia` the sum of squared distances to the centres (falls with k), `silhouette` the
        mean over `rows` (-1 to 1, higher is better), `calinski_harabasz` (higher is better) and
        `davies_bouldin` (lower is better) over all rows. Undefined for k = 1 but for inertia.

    Examples
    --------
    >>> from sklearn.cluster import KMeans
    >>> points = np.array([[0.0], [1.0], [9.0], [10.0]])
    >>> models = {2: KMeans(2, n_init=10, random_state=0).fit(points)}
    >>> compare_k(models, points, np.arange(4)).loc[2].round(3).tolist()
    [1.0, 0.889, 162.0, 0.111]
    """
    table: dict[int, dict[str, float]] = {}
    for k, model in models.items():
        labels = model.labels_
        table[k] = {"inertia": model.inertia_}
        if len(np.unique(labels[rows])) > 1:
            table[k] |= {
                "silhouette": silhouette_score(points[rows], labels[rows]),
                "calinski_harabasz": calinski_harabasz_score(points, labels),
                "davies_bouldin": davies_bouldin_score(points, labels),
            }
    return pd.DataFrame.from_dict(table, orient="index").rename_axis("k")
