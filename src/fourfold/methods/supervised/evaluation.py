"""The rows and folds on which models are compared."""

from collections.abc import Iterator, Mapping, Sequence
from math import ceil
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
    train_test_split,
)

from fourfold.errors import DataError
from fourfold.methods.columns import require

Task = Literal["classification", "regression"]

#: Whole numbers with at most so many different values are classes.
FEW = 10
MOST_CLASSES = 50
#: Fewer folds choose no model; numbers of more values are no categories.
FEWEST_FOLDS, MOST_CATEGORIES = 3, 20
#: Such a share of rows can be in one fold with their equals, without making folds that differ.
FEW_COPIES = 0.1
#: Rows of a combination of categories, on average, for it to come often.
OFTEN = 5
#: Pairs of equal rows are copies if they are so many times as many as columns without any relation
#: would have.
BEYOND_CHANCE = 10
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


def learnable_rows(
    frame: pd.DataFrame, target: str, folds: int, held_out: float = 0.25
) -> tuple[pd.DataFrame, pd.Series]:
    """Return the rows whose target can be learnt, and the target; classes are text.

    Rows without a target are left out, and classes with so few rows that a part of them, held
    out, is none, or leaves fewer than three to learn from. Equal rows stay: they may well be
    different things (`twins`).

    Parameters
    ----------
    frame : DataFrame
    target : str
        The column to predict.
    folds : int
    held_out : float
        Share of rows that will not be learnt from.

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
    rows = frame.dropna(subset=[target])
    values = rows[target]
    if task(values) == "classification":
        whole = is_numeric_dtype(values) and not is_bool_dtype(values)
        values = (values.astype("int64") if whole else values).astype(str)
        counts, least = values.value_counts(), _least(held_out)
        values = values[values.map(counts) >= least]
        if values.nunique() < 2:
            got = ", ".join(f"{name!r} {count:,}" for name, count in counts.head(5).items())
            raise DataError(
                f"target {target!r}: expected two classes of at least {least} rows, got {got}; "
                "take more rows"
            )
    elif len(values) < 2 * folds:
        raise DataError(
            f"target {target!r}: expected at least {2 * folds} rows for {folds} folds, "
            f"got {len(values)}; take fewer folds or more rows"
        )
    return rows.loc[values.index], values


def _least(held_out: float) -> int:
    """Return the fewest rows of a class: one of them is held out, and three are learnt from."""
    return max(ceil(round(FEWEST_FOLDS / (1 - held_out), 9)), ceil(round(1 / held_out, 9)))


def twins(features: pd.DataFrame, target: pd.Series) -> pd.Series:
    """Return a number for each row, the same for rows that are copies of each other.

    Rows that are equal in all features may be one thing that was written twice, which a model
    must not meet on both sides of a split, or different things: many people give the same two
    answers. Copies agree in the target too. So rows are taken for copies unless equal ones differ
    in the target about as often as others do, or unless the features are a few categories, of
    which every combination comes often.

    Parameters
    ----------
    features : DataFrame, shape (n, features)
        Those that the model sees.
    target : Series, length n

    Examples
    --------
    >>> frame = pd.DataFrame({"x": [0.1, 0.2, 0.2, 0.4]})
    >>> twins(frame, pd.Series(["a", "b", "b", "a"])).tolist()
    [0, 1, 1, 3]
    >>> twins(frame, pd.Series(["a", "b", "a", "a"])).tolist()
    [0, 1, 2, 3]
    """
    alone = pd.Series(np.arange(len(features)), features.index)
    keys = pd.util.hash_pandas_object(features, index=False).to_numpy()
    different = len(np.unique(keys))
    if different == len(keys):
        return _written_again(features, target, alone)
    if _are_categories(features, different):
        return alone
    mixed, by_chance = _agreement(target, keys)
    if mixed < by_chance / 2:
        return alone.groupby(keys).transform("min")
    # A few rows that are equal in the target too may be copies among those that are not.
    same = alone.groupby([keys, target.to_numpy()]).transform("min")
    return same if (same.duplicated(keep=False)).mean() <= FEW_COPIES else alone


def _agreement(target: pd.Series, keys: NDArray[Any]) -> tuple[int, float]:
    """Return how many sets of equal rows differ in the target, and how many would by chance."""
    sizes = target.groupby(keys).size()
    shares = target.value_counts(normalize=True).to_numpy(float)
    by_size = zip(*np.unique(sizes[sizes > 1], return_counts=True), strict=True)
    by_chance = sum(count * (1 - (shares**size).sum()) for size, count in by_size)
    return int((target.groupby(keys).agg("nunique") > 1).sum()), float(by_chance)


def _written_again(features: pd.DataFrame, target: pd.Series, alone: pd.Series) -> pd.Series:
    """Return copies that differ in columns of which no value comes twice, such as a time received.

    The others must be equal in more rows than columns without any relation would be, and in the
    target: a number of years and a sex are shared by people who have nothing else in common.
    """
    rows = len(features)
    twice = [name for name in features if features[name].nunique(dropna=False) < 0.99 * rows]
    rest = features[twice]
    if not twice or len(twice) == features.shape[1]:
        return alone
    keys = pd.util.hash_pandas_object(rest, index=False).to_numpy()
    sizes = np.unique(keys, return_counts=True)[1]
    if len(sizes) == rows or _are_categories(rest, len(sizes)):
        return alone
    shares = (rest[name].value_counts(normalize=True, dropna=False) for name in rest)
    expected = rows * (rows - 1) / 2 * np.prod([float((share**2).sum()) for share in shares])
    pairs = float((sizes * (sizes - 1)).sum() / 2)
    mixed, by_chance = _agreement(target, keys)
    if pairs > BEYOND_CHANCE * expected and mixed < by_chance / 2:
        return alone.groupby(keys).transform("min")
    return alone


def _are_categories(features: pd.DataFrame, different: int) -> bool:
    """Say whether features are few categories, whose combinations nearly all come often."""
    counts = [features[name].nunique(dropna=False) for name in features]
    words = [not is_numeric_dtype(features[name]) for name in features]
    few = all(word or n <= MOST_CATEGORIES for word, n in zip(words, counts, strict=True))
    often = len(features) >= OFTEN * different
    return often and few and different >= 0.5 * float(np.prod(counts, dtype=float))


def _representatives(groups: NDArray[Any]) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the number of each row's group, and the position of the first row of each group."""
    numbers = pd.factorize(groups)[0]
    return numbers, np.unique(numbers, return_index=True)[1]


def affordable_folds(target: pd.Series, folds: int, held_out: float, groups: pd.Series) -> int:
    """Return how many folds the smallest class has rows for, at most `folds`.

    Parameters
    ----------
    target : Series, length n
    folds : int
    held_out : float
        Share of rows that will not be learnt from.
    groups : Series, length n
        As `twins` returns it.

    Raises
    ------
    DataError
        If there are fewer than three different rows for the folds.
    """
    first = target.iloc[_representatives(groups.to_numpy())[1]]
    classes = task(target) == "classification"
    rows = int(first.value_counts().min()) if classes else len(first) // 2
    left = rows - ceil(held_out * rows)
    if left < FEWEST_FOLDS:
        scarce = f" of class {first.value_counts().index[-1]!r}" if classes else ""
        raise DataError(
            f"target {target.name!r}: expected at least {_least(held_out)} different rows{scarce} "
            f"that are not copies of each other, got {len(first) if not classes else rows}"
        )
    return min(folds, left)


def hold_out(
    features: pd.DataFrame, target: pd.Series, share: float, seed: int, groups: pd.Series
) -> tuple[pd.DataFrame, pd.DataFrame, pd.Series, pd.Series]:
    """Return features to learn from and held out, and the target of both; copies stay together.

    Parameters
    ----------
    features, target : DataFrame and Series, n rows
        Classes keep their shares.
    share : float
        Of the rows to hold out.
    seed : int
    groups : Series
        As `twins` returns it.
    """
    groups, classes = groups.loc[features.index], task(target) == "classification"
    if classes:
        # A class of copies of one row has to be on both sides all the same.
        several = groups.groupby(target.to_numpy()).transform("nunique") > 1
        groups = groups.where(several, -1 - np.arange(len(groups)))
    numbers, first = _representatives(groups.to_numpy())
    strata = target.iloc[first] if classes else None
    options = {"test_size": share, "random_state": seed, "stratify": strata}
    parts = train_test_split(np.arange(len(first)), **options)
    if strata is not None:
        parts = _each_class_in(parts, strata.to_numpy())
    rows = []
    for part in parts:
        places = np.full(len(first), -1)
        places[part] = np.arange(len(part))
        chosen = np.flatnonzero(places[numbers] >= 0)
        rows.append(chosen[np.argsort(places[numbers][chosen], kind="stable")])
    train, test = rows
    return features.iloc[train], features.iloc[test], target.iloc[train], target.iloc[test]


def _each_class_in(parts: Sequence[NDArray[Any]], strata: NDArray[Any]) -> list[NDArray[Any]]:
    """Return two parts, in which a class of two or more that has none in one has one there."""
    made = [part.tolist() for part in parts]
    for part, other in (made, made[::-1]):
        for label in sorted(set(strata) - set(strata[part])):
            there = [place for place in other if strata[place] == label]
            if len(there) > 1:
                other.remove(there[-1])
                part.append(there[-1])
    return [np.array(part) for part in made]


class Together:
    """A cross-validation that has the rows of one group in one fold.

    Parameters
    ----------
    cv : cross-validation
        Of groups, each by its first row.
    groups : Series
        Of all rows that may be split, by their index.
    """

    def __init__(self, cv: Any, groups: pd.Series) -> None:
        self.cv, self.groups = cv, groups

    def get_n_splits(self, *_: Any) -> int:
        """Return the number of splits."""
        return int(self.cv.get_n_splits())

    def split(
        self, X: pd.DataFrame, y: Any = None, groups: Any = None
    ) -> Iterator[tuple[NDArray[np.intp], NDArray[np.intp]]]:
        """Return positions to learn from and to judge by, for each split.

        Parameters
        ----------
        X : DataFrame
            Its index is looked up in the groups.
        y : Series, optional
        groups
            Not used: the groups are known.
        """
        numbers, first = _representatives(self.groups.loc[X.index].to_numpy())
        for _, test in self.cv.split(first, None if y is None else np.asarray(y)[first]):
            held = np.isin(numbers, test)
            yield np.flatnonzero(~held), np.flatnonzero(held)


def splits(
    kind: Task, folds: int = 5, repeats: int = 5, seed: int = 0, groups: pd.Series | None = None
) -> Any:
    """Return the repeated cross-validation for a task; classes keep their shares.

    Parameters
    ----------
    kind : {'classification', 'regression'}
    folds, repeats, seed : int
        No repeats (0) are other folds than those of one.
    groups : Series, optional
        Rows with the same value are in one fold; as `twins` returns it.
    """
    strata = kind == "classification"
    if repeats:
        repeated = RepeatedStratifiedKFold if strata else RepeatedKFold
        cv = repeated(n_splits=folds, n_repeats=repeats, random_state=seed)
    else:
        once = StratifiedKFold if strata else KFold
        cv = once(folds, shuffle=True, random_state=seed)
    return cv if groups is None else Together(cv, groups)


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
