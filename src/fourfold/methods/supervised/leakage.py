"""Whether a score may be too good: checks for what a model cannot know when it is used."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import is_datetime64_any_dtype
from sklearn.base import clone
from sklearn.metrics import get_scorer

from fourfold.methods.supervised.evaluation import ALONE_SCORING, Task
from fourfold.records.formatting import number, short

CLEAR = "clear"
LEAK = "leak likely"
LOOK = "have a look"

#: A feature that alone scores this much knows the answer.
TOO_GOOD = 0.98
#: A share of rows beyond which repeats make a score better than it is.
MANY = 0.01
#: A random split that scores this much better than a split by time.
FLATTERED = 0.05


@dataclass(frozen=True)
class Check:
    """One check: what was looked for, what was found, and what it means."""

    name: str
    found: str
    verdict: str


def single_feature(alone: pd.Series) -> Check:
    """Return whether a feature gives the target away by itself.

    Parameters
    ----------
    alone : Series
        Score of each feature alone, best first, as `alone` returns it.

    Examples
    --------
    >>> single_feature(pd.Series({"delay": 1.0, "hour": 0.6})).verdict
    'leak likely'
    """
    named = [short(name) for name in alone.index[alone >= TOO_GOOD]]
    told = " and ".join(named or [short(alone.index[0])])
    found = f"{told} alone score{'' if len(named) > 1 else 's'} {number(float(alone.iloc[0]))}"
    return Check("one feature knows the answer", found, LEAK if named else CLEAR)


def duplicates(train: pd.DataFrame, held_out: pd.DataFrame) -> Check:
    """Return whether rows held out are among those learnt from.

    Parameters
    ----------
    train, held_out : DataFrame
        All columns but the target, so that two things that are alike in the features only are
        not taken for one.

    Examples
    --------
    >>> frame = pd.DataFrame({"x": [1, 2, 3], "y": ["a", "b", "c"]})
    >>> duplicates(frame, frame.iloc[[0]]).found
    '1 of 1 rows held out (100 %) are learnt from as well'
    """
    seen = set(pd.util.hash_pandas_object(train, index=False))
    again = int(pd.util.hash_pandas_object(held_out, index=False).isin(seen).sum())
    share = again / max(1, len(held_out))
    told = f"{again:,} of {len(held_out):,} rows held out ({100 * share:.0f} %)"
    found = f"{told} are learnt from as well"
    return Check("the same row on both sides", found, LOOK if share > MANY else CLEAR)


def time_split(
    model: Any, features: pd.DataFrame, goal: pd.Series, frame: pd.DataFrame, kind: Task, seed: int
) -> Check:
    """Return whether the model predicts later rows worse than rows drawn at random.

    Where rows have a date, a model that is used tomorrow is judged by a random split as if it
    knew of tomorrow. It is fitted twice on three quarters of the rows.

    Parameters
    ----------
    model : Pipeline
        Not fitted; it is copied.
    features, goal : DataFrame and Series, n rows
    frame : DataFrame
        All columns of the same rows, in which a date is looked for.
    """
    name = "later rows are harder"
    dates = [c for c in frame if is_datetime64_any_dtype(frame[c])]
    dates = [c for c in dates if frame[c].max() > frame[c].min()]
    if not dates:
        return Check(name, "no column of dates", CLEAR)
    order = np.argsort(frame[dates[0]].to_numpy(), kind="stable")
    drawn = np.random.default_rng(seed).permutation(len(frame))
    by_time, by_chance = (_score(model, features, goal, rows, kind) for rows in (order, drawn))
    found = (
        f"by {short(dates[0])}: the last quarter scores {number(by_time)}, a random one "
        f"{number(by_chance)}"
    )
    return Check(name, found, LOOK if by_chance - by_time > FLATTERED else CLEAR)


def _score(model: Any, features: pd.DataFrame, goal: pd.Series, order: Any, kind: Task) -> float:
    cut = 3 * len(order) // 4
    first, last = order[:cut], order[cut:]
    fitted = clone(model).fit(features.iloc[first], goal.iloc[first])
    return float(get_scorer(ALONE_SCORING[kind])(fitted, features.iloc[last], goal.iloc[last]))


def leak_table(checks: list[Check]) -> pd.DataFrame:
    """Return checks as a table, a row for each.

    Examples
    --------
    >>> leak_table([Check("a", "nothing", CLEAR)]).columns.tolist()
    ['found', 'verdict']
    """
    rows = {check.name: {"found": check.found, "verdict": check.verdict} for check in checks}
    return pd.DataFrame.from_dict(rows, orient="index")


def count_leaks(checks: list[Check]) -> int:
    """Return the number of checks that found a likely leak.

    Examples
    --------
    >>> count_leaks([Check("a", "nothing", CLEAR), Check("b", "all", LEAK)])
    1
    """
    return sum(check.verdict == LEAK for check in checks)
