"""Whether a score may be too good: checks for what a model cannot know when it is used."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn.base import clone, is_classifier
from sklearn.metrics import get_scorer
from sklearn.model_selection import cross_val_score

from fourfold.errors import DataError, did_you_mean
from fourfold.methods.supervised.alone import MEASURES
from fourfold.methods.supervised.candidates import SCORING, pipelines
from fourfold.methods.supervised.entities import entities, times
from fourfold.methods.supervised.evaluation import Task
from fourfold.methods.supervised.formulas import formula
from fourfold.methods.supervised.sides import RANDOM, Sides, sides
from fourfold.records.formatting import number, short

CLEAR = "clear"
LEAK = "leak likely"
LOOK = "have a look"
STATED = "stated to be legitimate"
#: Verdicts that conclusions name, besides that of a leak.
TOLD = (LOOK, STATED)
#: The word for all features, in reasons.
ALL = "all"

#: Limits: the score of a feature alone, that of a model on rows held out, the share of repeated
#: rows, and how much better a random split scores than one by time or by group.
TOO_GOOD, PERFECT, MANY, FLATTERED = 0.985, 0.999, 0.01, 0.05
#: By so many standard errors or deviations, and with so many folds and draws.
_BEYOND, _FOLDS, _DRAWS = 2.5, 4, 4
_REMEDY = (
    "Find out when the feature is known: if after the target, put it into leave_out; if before, "
    "state the reason in legitimate."
)
_SPLIT = "Set {}: {}, or state in legitimate why the model will know such rows when it is used."
_LOST = "Find the change: the latest rows do not follow the earlier ones."


class Check(NamedTuple):
    """One check: its name, its result in words, the verdict, and the columns it is about.

    `remedy` is what to do about a leak; empty: find out when the columns are known.
    """

    name: str
    result: str
    verdict: str
    about: tuple[str, ...] = ()
    remedy: str = _REMEDY


def single_feature(alone: pd.Series) -> Check:
    """Return whether a feature gives the target away by itself.

    By R², a feature that is the target in heavy tails or few rows has 0.985. An AUC of 0.99 is that
    of a feature whose means lie 3.3 standard deviations apart, which may well be known before; it
    is worth a look.

    Parameters
    ----------
    alone : Series
        Score of each feature alone, best first, as `score_alone` returns it.

    Examples
    --------
    >>> alone = pd.Series({"delay": 1.0, "hour": 0.6}, name="AUC alone")
    >>> single_feature(alone).result
    'delay alone has an AUC of 1.00'
    """
    measure = str(alone.name).split()[0]
    given = tuple(alone.index[_knows(alone)])
    strong = given or tuple(alone.index[alone >= TOO_GOOD])
    best = " and ".join(map(short, strong or alone.index[:1]))
    verb = "have" if len(strong) > 1 else "has"
    result = f"{best} alone {verb} an {measure} of {number(float(alone.iloc[0]))}"
    verdict = LEAK if given else LOOK if strong else CLEAR
    return Check("one feature knows the answer", result, verdict, strong)


def _knows(alone: pd.Series) -> pd.Series:
    """Return which features give the target away alone."""
    return alone >= (PERFECT if str(alone.name).startswith("AUC") else TOO_GOOD)


def several_features(
    features: pd.DataFrame, goal: pd.Series, alone: pd.Series, kind: Task, seed: int = 0
) -> Check:
    """Return whether columns give the target away together, as parts do their sum.

    Parameters
    ----------
    features, goal : DataFrame and Series, n rows
    alone : Series
        As for `single_feature`; features that give the target away alone are not combined.
    kind : {'classification', 'regression'}
    seed : int
    """
    name = "several features know the answer"
    given = formula(features[list(alone.index[~_knows(alone)])], goal, kind, seed)
    if given is None:
        return Check(name, "no sum, difference, product or ratio gives the target", CLEAR)
    return Check(name, f"{given.text} gives {short(goal.name)}", LEAK, given.columns)


def perfect_model(
    score: float, model: Any, parts: Sequence[Any], legitimate: Mapping[str, str]
) -> Check:
    """Return whether a score on rows held out is too good to be true.

    Where reasons are stated for some features, the model is fitted once more without them: what
    it still knows, they do not explain.

    Parameters
    ----------
    score : float
        AUC or R² on rows held out.
    model : Pipeline
    parts : sequence
        Features to learn from and held out, goals of both.
    legitimate : mapping of feature to reason
    """
    name, kind = "too good to be true", _kind(model)
    measure = MEASURES[kind].split()[0]
    result = f"{measure} {number(score)} on {len(parts[1]):,} rows held out"
    if not score > PERFECT:
        return Check(name, result, CLEAR)
    stated = [each for each in parts[0] if each in legitimate]
    rest = [each for each in parts[0] if each not in legitimate]
    if stated and rest:
        train, test, goal, truth = parts
        fitted = _without(model, train[rest]).fit(train[rest], goal)
        still = float(get_scorer(SCORING[kind])(fitted, test[rest], truth))
        result += f", without {_some(stated)} {number(still)}"
        stated = [] if still > PERFECT else stated
    return Check(name, result, LEAK, tuple(stated) or (ALL,))


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
    '1 of 1 rows held out (100 %) are training rows as well'
    """
    seen = set(pd.util.hash_pandas_object(train, index=False))
    again = int(pd.util.hash_pandas_object(held_out, index=False).isin(seen).sum())
    share = again / max(1, len(held_out))
    part = f"{again:,} of {len(held_out):,} rows held out ({100 * share:.0f} %)"
    verdict = LOOK if share > MANY else CLEAR
    return Check("the same row on both sides", f"{part} are training rows as well", verdict)


def group_split(
    model: Any, features: pd.DataFrame, goal: pd.Series, frame: pd.DataFrame, by: Sides, seed: int
) -> Check:
    """Return whether the model recognises things that it has met before, such as a patient.

    If rows of a thing are on both sides of a split, its score is that for the same things, not
    for new ones. Without the column itself, the model is compared on folds drawn at random and by
    group.

    Parameters
    ----------
    model : Pipeline
        Not fitted; it is copied.
    features, goal : DataFrame and Series, n rows
    frame : DataFrame
        All columns of the same rows, in which a column of things is looked for.
    by : Sides
        How rows are divided already.
    seed : int
    """
    name, kind = "rows of one thing on both sides", _kind(model)
    if by.groups is not None:
        return Check(name, by.words, CLEAR)
    things = entities(frame, str(goal.name))
    others = features.drop(columns=things[:1], errors="ignore")
    if not things or others.columns.empty:
        return Check(name, "no column repeats a thing", CLEAR)
    scores, bare = [], _without(model, others)
    try:
        for division in (RANDOM, sides(frame, groups=things[0])):
            cv = division.folds(kind, goal, _FOLDS, 0, seed)
            scores.append(cross_val_score(bare, others, goal, cv=cv, scoring=SCORING[kind]))
    except DataError:
        return Check(name, f"{short(things[0])} has too few values to compare", CLEAR)
    by_chance, by_group = (float(each.mean()) for each in scores)
    thing = short(things[0])
    result = f"by {thing} {number(by_group)}, at random {number(by_chance)}"
    gap = by_chance - by_group
    # Both have judged the same rows, so that their difference varies less than folds do.
    sure = gap > 2 * (sum(each.var(ddof=1) for each in scores) / _FOLDS) ** 0.5
    verdict = CLEAR if gap <= FLATTERED else LEAK if sure else LOOK
    return Check(name, result, verdict, (things[0],), _SPLIT.format("groups", things[0]))


def time_split(
    model: Any, features: pd.DataFrame, goal: pd.Series, frame: pd.DataFrame, by: Sides, seed: int
) -> Check:
    """Return whether the model predicts later rows worse than rows drawn at random.

    If rows have a date, a model that is used tomorrow is judged by a random split as if it knew
    of tomorrow. It is fitted on three quarters of the rows, the earliest and some at random. A
    leak is that less than half of what it knows beyond chance is left for later rows; if rows are
    divided by time, that nothing is.

    Parameters
    ----------
    model, features, goal, frame, by, seed
        As for `group_split`.
    """
    name, kind = "later rows are harder", _kind(model)
    dates = [by.name] if by.time is not None else times(frame, str(goal.name))
    if not dates:
        return Check(name, "no column orders the rows in time", CLEAR)
    rng, scorer, scores = np.random.default_rng(seed), get_scorer(SCORING[kind]), []
    order = np.argsort(frame[dates[0]].to_numpy(), kind="stable")
    for rows in (order, *(rng.permutation(len(frame)) for _ in range(_DRAWS))):
        first, last = np.split(rows, [3 * len(rows) // 4])
        if (
            kind == "classification"
            and len({goal.iloc[p].nunique() for p in (rows, first, last)}) > 1
        ):
            return Check(name, f"by {short(dates[0])}: not each class early and late", LOOK)
        fitted = clone(model).fit(features.iloc[first], goal.iloc[first])
        scores.append(float(scorer(fitted, features.iloc[last], goal.iloc[last])))
    later, drawn = scores[0], float(np.mean(scores[1:]))
    ends = f"the last 25 % score {number(later)}, a random one {number(drawn)}"
    result = f"by {short(dates[0])}: {ends}"
    gap, chance = drawn - later, 0.5 if kind == "classification" else 0.0
    beyond = gap > max(FLATTERED, _BEYOND * float(np.std(scores[1:], ddof=1)))
    # Rows that are divided by time are judged for what is left; nothing left is no basis at all.
    left = 0.0 if by.time is not None else (drawn - chance) / 2
    lost = beyond and drawn - chance > FLATTERED and later - chance <= left
    verdict = LEAK if lost else CLEAR if gap <= FLATTERED or by.time is not None else LOOK
    remedy = _LOST if by.time is not None else _SPLIT.format("time", dates[0])
    return Check(name, result, verdict, (dates[0],), remedy)


def explained(
    checks: Sequence[Check], legitimate: Mapping[str, str], names: Sequence[object]
) -> list[Check]:
    """Return the checks; a leak whose columns all have a stated reason shows it instead.

    Parameters
    ----------
    checks : sequence of Check
    legitimate : mapping of column to reason
        Why it may be known when the target is to be predicted; `all` stands for all features.
    names : sequence of str
        Columns that there are.

    Raises
    ------
    DataError
        If a column does not exist, or a reason is empty.

    Examples
    --------
    >>> leak = Check("one feature knows", "odour alone has an AUC of 0.99", LEAK, ("odour",))
    >>> explained([leak], {"odour": "smelt before eaten"}, ["odour"])[0].result
    'odour alone has an AUC of 0.99; legitimate, because: smelt before eaten'
    """
    for name, reason in legitimate.items():
        if name not in names and name != ALL:
            near = did_you_mean(name, map(str, names))
            raise DataError(
                f"legitimate: expected columns of the data, or all, got {name!r}.{near}"
            )
        if not str(reason).strip():
            raise DataError(f"legitimate: expected a reason for {name!r}, got an empty text")
    return list(_explained(checks, legitimate))


def _explained(checks: Sequence[Check], legitimate: Mapping[str, str]) -> Iterator[Check]:
    for check in checks:
        reasons = [legitimate.get(name, legitimate.get(ALL, "")) for name in check.about]
        if check.verdict == LEAK and all(reasons):
            because = "; ".join(dict.fromkeys(reasons))
            result = f"{check.result}; legitimate, because: {because}"
            check = check._replace(result=result, verdict=STATED)
        yield check


def _kind(model: Any) -> Task:
    return "classification" if is_classifier(model) else "regression"


def _without(model: Any, features: pd.DataFrame) -> Any:
    """Return a model with the same last step for other features."""
    return pipelines({"model": clone(model.steps[-1][1])}, features, _kind(model))["model"]


def _some(names: Sequence[str]) -> str:
    return ", ".join(map(short, names[:3])) + (f" and {len(names) - 3} more" * (len(names) > 3))
