"""The rows and folds on which models are compared."""

from collections.abc import Mapping
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import is_bool_dtype, is_numeric_dtype
from sklearn.model_selection import (
    KFold,
    RepeatedKFold,
    RepeatedStratifiedKFold,
    StratifiedKFold,
)

from fourfold.errors import DataError
from fourfold.methods.columns import require

Task = Literal["classification", "regression"]

#: Whole numbers with at most so many different values are classes.
FEW = 10
MOST_CLASSES = 50
#: What each task is scored by: mean recall of the classes; share of variance explained.
ALONE_SCORING: Mapping[Task, str] = {"classification": "balanced_accuracy", "regression": "r2"}


def task(target: pd.Series) -> Task:
    """Return whether a target is a class or a quantity.

    Raises
    ------
    DataError
        If the target has no two different values, or is text with too many.

    Examples
    --------
    >>> task(pd.Series(["yes", "no", "yes"])), task(pd.Series([0.5, 1.5, 2.5]))
    ('classification', 'regression')
    """
    values = target.dropna()
    different = values.nunique()
    if different < 2:
        got = f"only {values.iloc[0]!r}" if len(values) else "no value"
        raise DataError(
            f"target {target.name!r}: expected at least two different values, got {got}"
        )
    if is_numeric_dtype(values) and not is_bool_dtype(values):
        whole = bool((values == values.round()).all())
        return "classification" if whole and different <= FEW else "regression"
    if different > MOST_CLASSES:
        raise DataError(
            f"target {target.name!r}: expected numbers or at most {MOST_CLASSES} classes, "
            f"got {different:,} different values"
        )
    return "classification"


def learnable_rows(frame: pd.DataFrame, target: str, folds: int) -> tuple[pd.DataFrame, pd.Series]:
    """Return the rows whose target can be learnt, and the target.

    Rows without a target, duplicates (which could be on both sides of a split) and classes with
    fewer rows than folds are left out.

    Parameters
    ----------
    frame : DataFrame
    target : str
        The column to predict.
    folds : int

    Raises
    ------
    DataError
        If there is no such column, or too few rows or classes are left.

    Examples
    --------
    >>> frame = pd.DataFrame({"x": range(9), "y": ["a"] * 4 + ["b"] * 4 + ["c"]})
    >>> rows, labels = learnable_rows(frame, "y", folds=4)
    >>> len(rows), sorted(set(labels))
    (8, ['a', 'b'])
    """
    require(frame, [target], "target")
    rows = frame.dropna(subset=[target]).drop_duplicates()
    values = rows[target]
    if task(values) == "classification":
        values = values.astype(str)
        counts = values.value_counts()
        values = values[values.map(counts) >= folds]
        if values.nunique() < 2:
            got = ", ".join(f"{name!r} {count:,}" for name, count in counts.head(5).items())
            raise DataError(
                f"target {target!r}: expected two classes of at least {folds} rows, got {got}; "
                "take fewer folds or more rows"
            )
    elif len(values) < 2 * folds:
        raise DataError(
            f"target {target!r}: expected at least {2 * folds} different rows for {folds} folds, "
            f"got {len(values)}; take fewer folds or more rows"
        )
    return rows.loc[values.index], values


def splits(kind: Task, folds: int = 5, repeats: int = 5, seed: int = 0) -> Any:
    """Return the repeated cross-validation for a task; classes keep their shares.

    Parameters
    ----------
    kind : {'classification', 'regression'}
    folds, repeats, seed : int
        No repeats (0) are other folds than those of one.
    """
    strata = kind == "classification"
    if not repeats:
        once = StratifiedKFold if strata else KFold
        return once(folds, shuffle=True, random_state=seed)
    repeated = RepeatedStratifiedKFold if strata else RepeatedKFold
    return repeated(n_splits=folds, n_repeats=repeats, random_state=seed)


def thin(target: pd.Series, most: int, folds: int, seed: int = 0) -> NDArray[np.intp]:
    """Return positions of about `most` rows, with at least `folds` of each class.

    Parameters
    ----------
    target : Series
    most, folds : int
    seed : int

    Examples
    --------
    >>> target = pd.Series(["a"] * 96 + ["b"] * 4)
    >>> target.iloc[thin(target, 20, folds=3)].value_counts().tolist()
    [20, 3]
    """
    order = np.random.default_rng(seed).permutation(len(target))
    if task(target) == "regression":
        return np.sort(order[:most])
    shuffled = target.iloc[order]
    quota = (target.value_counts() * most / len(target)).clip(lower=folds)
    kept = shuffled.groupby(shuffled).cumcount() < shuffled.map(quota)
    return np.sort(order[kept.to_numpy()])
