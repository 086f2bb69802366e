"""How well each feature predicts the target by itself, whatever its distribution."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import is_numeric_dtype
from scipy.stats import rankdata

from fourfold.errors import DataError
from fourfold.methods.supervised.budget import Budget
from fourfold.methods.supervised.evaluation import Task, task, thin
from fourfold.methods.supervised.sides import RANDOM, Sides

Array = NDArray[np.float64]
Parts = list[tuple[NDArray[np.intp], NDArray[np.intp]]]

#: The name of the score in each task: mean over classes of the area of each against the others;
#: share of variance explained.
MEASURES: Mapping[Task, str] = {"classification": "AUC alone", "regression": "R² alone"}
#: Levels of a number, and weight of the overall mean in each level: few and steady, many and sharp.
_COARSE, _FINE, _MOST_LEVELS = (8, 5.0), 0.1, 100
#: Fewer rows that have a value are not looked at by themselves.
_ENOUGH = 30


def score_alone(
    frame: pd.DataFrame,
    target: pd.Series,
    folds: int = 5,
    seed: int = 0,
    most: int = 3000,
    sides: Sides = RANDOM,
    budget: Budget | None = None,
) -> pd.Series:
    """Return how well each feature alone predicts the target on other rows, best first.

    A feature predicts by the mean of the target (the shares of the classes) in each of its
    levels: its words or values, or intervals of equal counts. The score is the AUC, of several
    classes the mean of each against the others, or the R² of values or of ranks, whichever is
    larger: ranks see through a long tail. A number may also order the rows as it is, upwards or
    downwards. Rows that have a value are scored by themselves too, so that a feature that is
    known for some rows only is found. 1: it gives the target away. 0.5, or 0: nothing.

    Parameters
    ----------
    frame : DataFrame, shape (n, features)
        As `select` returns it.
    target : Series, length n
    folds, seed, most : int
        Of the cross-validation, of its draws, and rows to use.
    sides : Sides
        Which rows may be on both sides of a fold.
    budget : Budget, optional
        A quarter of it may be used; the features that are left out then are not in the result.

    Raises
    ------
    DataError
        If there is no feature.
    """
    if frame.columns.empty:
        raise DataError(
            f"features: expected at least one column that can predict {target.name!r}, got none; "
            "name fewer columns in leave_out, or other data"
        )
    kind = task(target)
    rows = thin(target, most, folds, seed)
    goal = target.iloc[rows]
    cv = sides.folds(kind, goal, folds, 0, seed)
    parts = list(cv.split(goal, goal)) if hasattr(cv, "split") else cv
    truth, scores = truth_of(goal, kind), dict[str, float]()
    end = 0.75 * budget.left if budget else 0.0
    for name in frame:
        if budget and scores and budget.left < end:
            lacking = (
                f"{frame.shape[1] - len(scores):,} of {frame.shape[1]:,} features by themselves"
            )
            budget.left_out.append(f"{lacking}: whether one gives the target away is not known")
            break
        scores[str(name)] = _strength(frame[name].iloc[rows], truth, parts)
    strengths = pd.Series(scores, name=MEASURES[kind])
    return strengths.sort_values(ascending=False, kind="stable")


def truth_of(goal: pd.Series, kind: Task) -> Array:
    """Return a column for each class, 1 where a row is of it; or values and ranks of a quantity."""
    if kind == "classification":
        return pd.get_dummies(goal).to_numpy(float)
    values = goal.to_numpy(float)
    return np.column_stack([values, rankdata(values)])


def _strength(column: pd.Series, truth: Array, parts: Parts) -> float:
    """Return the best score of a feature, on all rows and on those that have a value."""
    known = column.notna().to_numpy()
    scores = [_best(column, truth, parts)]
    if not known.all() and known.sum() >= _ENOUGH:
        place = np.cumsum(known) - 1
        inside = [(place[a[known[a]]], place[b[known[b]]]) for a, b in parts]
        scores.append(_best(column[known], truth[known], inside))
    return max(scores)


def _best(column: pd.Series, truth: Array, parts: Parts) -> float:
    numbers = is_numeric_dtype(column)
    fine = int(np.clip(len(column) // 10, _COARSE[0], _MOST_LEVELS)), _FINE
    plans = [_COARSE, fine] if numbers else [(0, _COARSE[1]), (0, _FINE)]
    judged = [_score(*_unseen(_levels(column, n), truth, parts, w)) for n, w in plans]
    if numbers and column.notna().all():
        judged.append(_score(column.to_numpy(float)[:, None], truth, direct=True))
    return max(judged)


def _levels(column: pd.Series, most: int) -> NDArray[np.intp]:
    """Return the level of each row, from 0; missing values are one."""
    codes, different = pd.factorize(column, use_na_sentinel=False)
    if most and len(different) > most:
        ranks = rankdata(column, method="min", nan_policy="omit")
        codes = np.where(np.isnan(ranks), most, np.nan_to_num(ranks - 1) * most // len(column))
    return codes.astype(np.intp)


def _unseen(
    levels: NDArray[np.intp], truth: Array, parts: Parts, weight: float
) -> tuple[Array, Array]:
    """Return predictions of rows by the level's mean in other rows, and the truth of those rows.

    Parameters
    ----------
    levels : array of int, shape (n,)
    truth : array of float, shape (n, m)
    parts : list of pairs
        Rows to learn from and to predict.
    weight : float
        Rows that the mean of all rows counts for in each level.
    """
    size, given, real = int(levels.max(initial=0)) + 1, [], []
    for learn, test in parts:
        if not (len(learn) and len(test)):
            continue
        counts = np.bincount(levels[learn], minlength=size)
        sums = np.column_stack(
            [np.bincount(levels[learn], each, minlength=size) for each in truth[learn].T]
        )
        means = (sums + weight * truth[learn].mean(axis=0)) / (counts + weight)[:, None]
        given.append(means[levels[test]])
        real.append(truth[test])
    return np.concatenate(given), np.concatenate(real)


def _score(given: Array, truth: Array, direct: bool = False) -> float:
    """Return R² or AUC of predictions, at least that of a feature that says nothing.

    Parameters
    ----------
    given : array of float, shape (n, m) or (n, 1)
    truth : array of float, shape (n, m)
        As `truth_of` returns it.
    direct : bool
        Whether they are values of the feature itself, of which only the order counts.
    """
    if set(np.unique(truth)) <= {0.0, 1.0}:
        areas = _areas(given, truth)
        areas = np.maximum(areas, 1 - areas) if direct else areas
        return max(0.5, float(np.nanmean(areas))) if np.isfinite(areas).any() else 0.5
    if direct:
        order = np.corrcoef(rankdata(given[:, 0]), rankdata(truth[:, 1]))[0, 1]
        return float(order**2) if np.isfinite(order) else 0.0
    spread = ((truth - truth.mean(axis=0)) ** 2).sum(axis=0)
    explained = 1 - ((truth - given) ** 2).sum(axis=0) / np.where(spread > 0, spread, np.inf)
    return max(0.0, float(explained.max())) if (spread > 0).all() else 0.0


def _areas(given: Array, truth: Array) -> Array:
    """Return the area of each class against the others; not a number for an absent one."""
    ranks = rankdata(given, axis=0)
    inside = truth.sum(axis=0)
    outside = len(truth) - inside
    with np.errstate(divide="ignore", invalid="ignore"):
        above = (ranks * truth).sum(axis=0) - inside * (inside + 1) / 2
        return np.asarray(above / (inside * outside))
