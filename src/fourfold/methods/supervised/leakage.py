"""Whether a score may be too good: checks for what a model cannot know when it is used."""

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.metrics import get_scorer

from fourfold.methods.supervised.evaluation import ALONE_SCORING, Task
from fourfold.records.formatting import number, short

CLEAR = "clear"
LEAK = "leak likely"
LOOK = "have a look"

#: Limits: the score of a feature alone, the share of repeated rows, and how much better a random
#: split scores than one by time.
TOO_GOOD, MANY, FLATTERED = 0.98, 0.01, 0.05


class Check(NamedTuple):
    """One check: its name, its result in words, and the verdict."""

    name: str
    result: str
    verdict: str


def single_feature(alone: pd.Series) -> Check:
    """Return whether a feature gives the target away by itself.

    Parameters
    ----------
    alone : Series
        Score of each feature alone, best first, as `score_alone` returns it.

    Examples
    --------
    >>> single_feature(pd.Series({"delay": 1.0, "hour": 0.6})).verdict
    'leak likely'
    """
    named = [short(name) for name in alone.index[alone >= TOO_GOOD]]
    best = " and ".join(named or [short(alone.index[0])])
    result = f"{best} alone score{'' if len(named) > 1 else 's'} {number(float(alone.iloc[0]))}"
    return Check("one feature knows the answer", result, LEAK if named else CLEAR)


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
    >>> duplicates(frame, frame.iloc[[0]]).result
    '1 of 1 rows held out (100 %) are learnt from as well'
    """
    seen = set(pd.util.hash_pandas_object(train, index=False))
    again = int(pd.util.hash_pandas_object(held_out, index=False).isin(seen).sum())
    share = again / max(1, len(held_out))
    part = f"{again:,} of {len(held_out):,} rows held out ({100 * share:.0f} %)"
    verdict = LOOK if share > MANY else CLEAR
    return Check("the same row on both sides", f"{part} are learnt from as well", verdict)


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
    kind : {'classification', 'regression'}
    seed : int
    """
    name = "later rows are harder"
    dated = frame.select_dtypes(["datetime", "datetimetz"])
    dates = [column for column in dated if dated[column].max() > dated[column].min()]
    if not dates:
        return Check(name, "no column of dates", CLEAR)
    order = np.argsort(frame[dates[0]].to_numpy(), kind="stable")
    drawn = np.random.default_rng(seed).permutation(len(frame))
    scores = []
    for rows in (order, drawn):
        first, last = np.split(rows, [3 * len(rows) // 4])
        fitted = clone(model).fit(features.iloc[first], goal.iloc[first])
        scorer = get_scorer(ALONE_SCORING[kind])
        scores.append(float(scorer(fitted, features.iloc[last], goal.iloc[last])))
    by_time, by_chance = map(number, scores)
    result = f"by {short(dates[0])}: the last quarter scores {by_time}, a random one {by_chance}"
    return Check(name, result, LOOK if scores[1] - scores[0] > FLATTERED else CLEAR)


def leak_table(checks: list[Check]) -> pd.DataFrame:
    """Return checks as a table, a row for each.

    Examples
    --------
    >>> leak_table([Check("a", "nothing", CLEAR)]).columns.tolist()
    ['found', 'verdict']
    """
    return pd.DataFrame({c.name: {"found": c.result, "verdict": c.verdict} for c in checks}).T
