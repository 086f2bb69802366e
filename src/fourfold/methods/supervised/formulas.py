"""Whether a sum, difference, product or ratio of columns gives the target.

No column alone need be strong: casual and registered riders add up to all riders.
"""

from collections.abc import Callable
from functools import partial
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import is_numeric_dtype
from scipy.stats import rankdata

from fourfold.methods.supervised.evaluation import Task
from fourfold.methods.threads import spared

Array = NDArray[np.float64]
#: From so much of the variance (of values or ranks) explained on, columns give a quantity.
EXACT = 0.999
#: Fewer rows, or fewer of a class, divide by chance.
_ENOUGH, _ENOUGH_OF_CLASS = 60, 5
#: Rows on which formulas are tried, on which they are compared, and on which all are checked.
_FEW, _SEARCHED, _CHECKED = 80, 400, 2000
#: Columns that are combined, and tried in threes; candidates that are checked, and how alike they
#: must be to the target.
_MOST, _MOST_IN_THREES, _BEST, _NEAR = 40, 12, 200, 0.99
#: Values nearer than this share of the largest are one value.
_SAME = 1e-9
_SIGNS = ("+", "-", "×", "/")


class Formula(NamedTuple):
    """A formula that gives the target: its text, and its columns."""

    text: str
    columns: tuple[str, ...]


def formula(frame: pd.DataFrame, goal: pd.Series, kind: Task, seed: int = 0) -> Formula | None:
    """Return a formula of two or three columns, or a weighted sum or product, for the target.

    Any rising or falling function of the formula counts; classes are given by a formula that
    has each of them in one interval.

    Parameters
    ----------
    frame : DataFrame, shape (n, features)
        As `select` returns it, its strongest columns first; without those that give the target
        away by themselves.
    goal : Series, length n
    kind : {'classification', 'regression'}
    seed : int
        Of the draw of rows.

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> frame = pd.DataFrame(rng.lognormal(size=(200, 3)), columns=list("abc"))
    >>> formula(frame, frame["a"] / frame["c"], "regression").text
    'a / c'
    """
    numbers = frame[[n for n in frame if is_numeric_dtype(frame[n])]].astype(float)
    often = numbers.columns[numbers.notna().mean() > 0.5]
    complete = numbers[often].dropna()
    if complete.shape[1] < 2 or len(complete) < _ENOUGH:
        return None
    rows = np.random.default_rng(seed).permutation(len(complete))[:_CHECKED]
    values, names = complete.to_numpy()[rows], [str(name) for name in often]
    target = goal.loc[complete.index].iloc[rows]
    with np.errstate(all="ignore"), spared(len(values)):
        if kind == "regression":
            truth = target.to_numpy(float)
            simple = _tried(values, names, partial(_orders, truth))
            return simple or _undone(values, truth, names) or _weighted(values, truth, names)
        codes = pd.factorize(target)[0]
        if len(np.unique(codes)) < 2 or np.bincount(codes).min() < _ENOUGH_OF_CLASS:
            return None
        return _tried(values, names, partial(_divides, codes))


def _combined(left: Array, right: Array) -> Array:
    """Return sum, difference, product and both ratios, shape (5, ...); not finite as missing."""
    made = np.stack([left + right, left - right, left * right, left / right, right / left])
    return np.where(np.isfinite(made), made, np.nan)


def _text(left: str, right: str, place: int) -> str:
    if place == 4:
        left, right = right, left
    return f"{left} {_SIGNS[place % 4 if place < 4 else 3]} {right}"


def _weighted(values: Array, truth: Array, names: list[str]) -> Formula | None:
    """Return a weighted sum of columns, or product of powers, that gives other rows' target."""
    half = len(values) // 2
    for logs in (False, True):
        given, wanted = (np.log(np.abs(each)) if logs else each for each in (values, truth))
        usable = np.isfinite(given).all(axis=0) & (given.std(axis=0) > 0)
        if not (usable.any() and np.isfinite(wanted).all() and wanted[half:].std() > 0):
            continue
        given, known = given[:, usable], [n for n, yes in zip(names, usable, strict=True) if yes]
        given = (given - given.mean(axis=0)) / given.std(axis=0)
        weights = np.ones(0)
        for _ in range(2):  # the second time with the columns that matter only
            if len(weights):
                matters = np.abs(weights) > 0.005 * np.abs(weights).max()
                given, known = (
                    given[:, matters],
                    [n for n, m in zip(known, matters, strict=True) if m],
                )
            if given.shape[1] > half // 3:
                break
            design = np.column_stack([np.ones(len(given)), given])
            solved = np.linalg.lstsq(design[:half], wanted[:half], rcond=None)[0]
            weights, score = solved[1:], _explained(wanted[half:], design[half:] @ solved)
            if score < EXACT:
                break
        else:
            if len(known) > 1:
                sign = " × " if logs else " + "
                more = f" and {len(known) - 4} more" if len(known) > 4 else ""
                about = "a product of powers of " if logs else "a weighted sum of "
                return Formula(about + sign.join(known[:4]) + more, tuple(known))
    return None


def _undone(values: Array, truth: Array, names: list[str]) -> Formula | None:
    """Return a formula of three of many columns for a quantity.

    The target is undone by one column and compared with all formulas of two others, so that
    a hundred thousand formulas are two matrices.
    """
    names, values = names[:_MOST], values[:, :_MOST]
    few = values[:_SEARCHED].T
    pairs = list(combinations(range(len(names)), 2))
    first, second = np.array(pairs).T
    made = _ranked(_combined(few[first], few[second])).reshape(-1, few.shape[1])
    undone = _ranked(_combined(truth[:_SEARCHED], few)).reshape(-1, few.shape[1])
    likeness = np.abs(made @ undone.T).ravel()
    near = np.flatnonzero(likeness > _NEAR)
    for flat in near[np.argsort(-likeness[near], kind="stable")][:_BEST]:
        inner, outer = divmod(int(flat), 5 * len(names))
        (place, pair), (undo, c) = divmod(inner, len(pairs)), divmod(outer, len(names))
        a, b = pairs[pair]
        two = _combined(values[:, a], values[:, b])[place]
        # What was added is taken away again; a ratio may have been turned over.
        for back in {0: (1,), 1: (0, 1), 2: (3,), 3: (2,), 4: (3, 4)}[undo]:
            if c not in (a, b) and _orders(truth, _combined(two, values[:, c])[back]):
                text = _text(f"({_text(names[a], names[b], place)})", names[c], back)
                return Formula(text, (names[a], names[b], names[c]))
    return None


def _tried(values: Array, names: list[str], suits: Callable[[Array], Any]) -> Formula | None:
    """Return the first formula of two columns, or of three of the first columns, that suits.

    Parameters
    ----------
    values : array of float, shape (n, columns)
    names : list of str
    suits : callable
        Says of formulas, rows along the last axis, maybe the first rows only, which may do.
    """
    few = values[:_FEW].T
    for size in (_MOST, _MOST_IN_THREES):
        count = min(size, len(names))
        pairs = list(combinations(range(count), 2))
        first, second = np.array(pairs).T
        made = _combined(few[first], few[second])
        if size == _MOST:
            for place, pair in np.argwhere(suits(made)):
                a, b = pairs[pair]
                if suits(_combined(values[:, a], values[:, b])[place]):
                    return Formula(_text(names[a], names[b], place), (names[a], names[b]))
            continue
        for c in range(count):
            for outer, place, pair in np.argwhere(suits(_combined(made, few[c]))):
                a, b = pairs[pair]
                two = _combined(values[:, a], values[:, b])[place]
                if c not in (a, b) and suits(_combined(two, values[:, c])[outer]):
                    text = _text(f"({_text(names[a], names[b], place)})", names[c], outer)
                    return Formula(text, (names[a], names[b], names[c]))
    return None


def _divides(codes: NDArray[np.intp], made: Array) -> Any:
    """Say of each formula, rows along the last axis, whether each class is one interval of it."""
    codes = codes[: made.shape[-1]]
    order = np.argsort(made, axis=-1, kind="stable")
    ordered = np.take_along_axis(made, order, axis=-1)
    changed = np.diff(codes[order], axis=-1) != 0
    reach = _SAME * np.abs(ordered).max(axis=-1, keepdims=True)
    apart = np.diff(ordered, axis=-1) > reach  # not so if one is missing
    few = changed.sum(axis=-1) < len(np.unique(codes))
    return few & ~np.isnan(ordered[..., -1]) & ~(changed & ~apart).any(axis=-1)


def _orders(truth: Array, made: Array) -> Any:
    """Say of each formula, rows along the last axis, whether it has the order of the target."""
    count = made.shape[-1]
    likeness = (_ranked(made) @ _ranked(truth[:count])) ** 2
    known = np.isfinite(made).mean(axis=-1) > 0.9
    return known & (likeness > (EXACT if count == len(truth) else _NEAR))


def _ranked(made: Array) -> Array:
    """Return ranks along the last axis as directions of length 1; missing values count as 0."""
    ranks = rankdata(np.nan_to_num(np.round(made, 12)), axis=-1)
    ranks -= ranks.mean(axis=-1, keepdims=True)
    length = np.linalg.norm(ranks, axis=-1, keepdims=True)
    return np.asarray(ranks / np.where(length > 0, length, np.inf))


def _explained(truth: Array, given: Array) -> float:
    return float(1 - ((truth - given) ** 2).sum() / ((truth - truth.mean()) ** 2).sum())
