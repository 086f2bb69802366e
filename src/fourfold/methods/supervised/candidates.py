"""Candidate models side by side: on the same folds, beside a dummy, and whether one has won."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import comb, nan
from typing import Any

import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.metrics import r2_score, roc_auc_score
from sklearn.pipeline import Pipeline as Plain
from sklearn.pipeline import make_pipeline
from sklearn.utils.metaestimators import available_if

from fourfold.errors import DataError, did_you_mean
from fourfold.methods.columns import preprocessing
from fourfold.methods.intervals import Array, Interval, corrected_interval
from fourfold.methods.supervised.budget import Budget
from fourfold.methods.supervised.evaluation import Task
from fourfold.methods.threads import spared
from fourfold.records.formatting import number

DUMMY = "dummy"
#: Fewer splits choose no model; all splits may take so much of a budget.
FEWEST_SPLITS, PART = 3, 1 / 3
#: What candidates are ranked by: the area under the ROC curve (of each class against the others),
#: which needs no threshold, and the share of variance explained.
SCORING: Mapping[Task, str] = {"classification": "roc_auc_ovr", "regression": "r2"}


def _has(method: str) -> Any:
    return available_if(lambda pipeline: hasattr(pipeline.steps[-1][1], method))


class Pipeline(Plain):  # type: ignore[misc]
    """A pipeline that computes on one thread where its table is small (`threads`)."""

    def fit(self, X: Any, y: Any = None, **params: Any) -> Pipeline:
        """Fit all steps."""
        with spared(len(X)):
            super().fit(X, y, **params)
        return self

    @_has("predict")  # type: ignore[untyped-decorator]
    def predict(self, X: Any, **params: Any) -> Any:
        """Return what the last step predicts."""
        with spared(len(X)):
            return super().predict(X, **params)

    @_has("predict_proba")  # type: ignore[untyped-decorator]
    def predict_proba(self, X: Any, **params: Any) -> Any:
        """Return the probability of each class."""
        with spared(len(X)):
            return super().predict_proba(X, **params)


@dataclass(frozen=True)
class Validation:
    """How models did in cross-validation: a row for each split, a column for each model.

    Attributes
    ----------
    scores : DataFrame
        Area under the ROC curve, or R².
    losses : DataFrame
        Mean absolute error, or mean cost of a row. The dummy's is that of the best constant
        answer: the median, or the class that is cheapest to answer always.
    kind : {'classification', 'regression'}
    """

    scores: pd.DataFrame
    losses: pd.DataFrame
    kind: Task


@dataclass(frozen=True)
class Winner:
    """The best of some models, and by how much.

    Attributes
    ----------
    name, runner_up : str
        The two highest mean scores; `runner_up` is empty where there is one model only.
    lead : Interval
        Mean difference of their scores on the same folds; not a number for one model.
    """

    name: str
    runner_up: str
    lead: Interval

    @property
    def clear(self) -> bool:
        """Whether the lead is more than noise."""
        return self.lead.low > 0


def choose(names: Sequence[str], known: Mapping[str, Any]) -> dict[str, Any]:
    """Return the estimators of some names, in their order.

    Raises
    ------
    DataError
        If a name is unknown, or there is none.

    Examples
    --------
    >>> choose(["b"], {"a": 1, "b": 2})
    {'b': 2}
    """
    for name in names:
        if name not in known:
            raise DataError(
                f"models: expected some of {', '.join(known)}, got {name!r}."
                + did_you_mean(name, known)
            )
    if not names:
        raise DataError(f"models: expected at least one of {', '.join(known)}, got none")
    return {name: known[name] for name in dict.fromkeys(names)}


def pipelines(estimators: Mapping[str, Any], frame: pd.DataFrame, kind: Task) -> dict[str, Any]:
    """Return each estimator behind its preparation of features, the dummy in front of them.

    Parameters
    ----------
    estimators : mapping of name to estimator
        Not fitted.
    frame : DataFrame, shape (n, features)
        As `select` returns it; only names and kinds of its columns are used.
    kind : {'classification', 'regression'}
    """
    dummy = DummyClassifier() if kind == "classification" else DummyRegressor()
    prepared = {name: (preprocessing(frame, kind), each) for name, each in estimators.items()}
    steps = {DUMMY: (dummy,), **prepared}
    return {name: Pipeline(make_pipeline(*each).steps) for name, each in steps.items()}


def cross_validate(
    models: Mapping[str, Pipeline],
    frame: pd.DataFrame,
    goal: pd.Series,
    cv: Any,
    kind: Task,
    prices: tuple[float, float] = (1.0, 1.0),
    budget: Budget | None = None,
) -> Validation:
    """Return the score and the loss of each model in each fold, all on the same folds.

    Parameters
    ----------
    models : mapping of name to Pipeline
    frame, goal : DataFrame and Series, n rows
        Two classes are 0 and 1.
    cv : cross-validation
        As `splits` returns it, or pairs of positions.
    kind : {'classification', 'regression'}
    prices : (float, float)
        What a false alarm and a miss cost; of more than two classes each mistake costs the last.
    budget : Budget, optional
        A third of it may be used. A model whose first fit takes too long is left out; then
        splits are, but for three.

    Raises
    ------
    DataError
        If the budget is too small for three splits of any model.
    """
    budget = budget or Budget()
    limit = PART * budget.left
    end = budget.left - limit
    pairs = list(cv.split(frame, goal) if hasattr(cv, "split") else cv)
    running, rows = dict(models), []
    for split, (learn, test) in enumerate(pairs):
        before, row = budget.left, {}
        for place, (name, model) in enumerate(list(running.items())):
            rest = max(0.01, budget.left - end)
            # The first split shows who is too slow: it has its share of the time of three.
            share = rest / FEWEST_SPLITS / (len(running) - place) if not split else rest
            with budget.step("" if split else f"{name} as a candidate", seconds=share):
                row[name] = _judge(name, model, frame, goal, learn, test, kind, prices)
        if not split:
            running = {name: model for name, model in running.items() if name in row}
        if len(row) < len(running) or set(row) <= {DUMMY} < set(models):
            break
        rows.append(row)
        if len(rows) >= FEWEST_SPLITS and budget.left - (before - budget.left) < end:
            break
    if len(rows) < min(FEWEST_SPLITS, len(pairs)):
        raise DataError(
            f"seconds: expected time for {FEWEST_SPLITS} fits of a model, got {number(limit)} s "
            "for all; take more seconds, fewer rows (sample_rows), columns or models"
        )
    if len(rows) < len(pairs):
        budget.left_out.append(f"{len(pairs) - len(rows)} of {len(pairs)} splits")
    scores, losses = ({n: [row[n][part] for row in rows] for n in running} for part in (0, 1))
    return Validation(pd.DataFrame(scores), pd.DataFrame(losses), kind)


def _judge(
    name: str,
    model: Pipeline,
    frame: pd.DataFrame,
    goal: pd.Series,
    learn: Any,
    test: Any,
    kind: Task,
    prices: tuple[float, float],
) -> tuple[float, float]:
    """Return the score of a model in one split, and its mean loss."""
    fitted = clone(model).fit(frame.iloc[learn], goal.iloc[learn])
    truth = goal.iloc[test].to_numpy()
    if kind == "regression":
        predicted = fitted.predict(frame.iloc[test])
        # Of constants, the mean has the least squared error, the median the least absolute one.
        plain = float(goal.iloc[learn].median()) if name == DUMMY else predicted
        return float(r2_score(truth, predicted)), float(np.abs(truth - plain).mean())
    chances = fitted.predict_proba(frame.iloc[test])
    classes = fitted.classes_
    if len(classes) > 2:
        score = roc_auc_score(truth, chances, multi_class="ovr", labels=classes)
        return float(score), float(prices[1] * (truth != classes[chances.argmax(axis=1)]).mean())
    score = roc_auc_score(truth, chances[:, 1])
    return float(score), _cost(truth == classes[1], chances[:, 1], prices)


def _cost(positive: Any, chances: Array, prices: tuple[float, float]) -> float:
    """Return the mean cost if rows are flagged from the chance on that the prices call for."""
    flagged = chances * sum(prices) >= prices[0]
    return float(np.where(positive, prices[1] * ~flagged, prices[0] * flagged).mean())


def rank(validation: Validation, folds: int) -> pd.DataFrame:
    """Return how good each model is, with 95 % intervals, best first.

    Parameters
    ----------
    validation : Validation
        As `cross_validate` returns it.
    folds : int
        Folds of one repeat.

    Returns
    -------
    DataFrame
        `score`, `low`, `high`; `gain`, `gain low`, `gain high` over the dummy's score; `loss`,
        the mean one of a row, and `by loss`, whether the model beats the baseline in that: the
        cheapest constant answer may beat a model whose score is better. A row for each model.
    """
    scores, losses = validation.scores, validation.losses
    gains = scores.sub(scores[DUMMY], axis=0) if DUMMY in scores else scores
    options: Any = {"folds": folds, "task": validation.kind, "result_type": "expand"}
    both: list[pd.DataFrame] = [
        each.apply(corrected_interval, **options) for each in (scores, gains)
    ]
    names = ["score", "low", "high", "gain", "gain low", "gain high"]
    table = pd.concat(both).set_axis(names).T.assign(loss=losses.mean())
    if DUMMY in losses:
        saved = losses.drop(columns=DUMMY).rsub(losses[DUMMY], axis=0)
        words = {n: _beats(corrected_interval(saved[n], folds)) for n in saved}
        table["by loss"] = pd.Series(words).reindex(table.index).fillna("")
    return table.sort_values("score", ascending=False, kind="stable")


def _beats(saved: Interval) -> str:
    if saved.low > 0:
        return "beats the baseline"
    return "loses to the baseline" if saved.high < 0 else "not shown to beat the baseline"


def winner(scores: pd.DataFrame, folds: int) -> Winner:
    """Return the model with the highest mean score, and whether its lead is more than noise.

    The lead over the second has the corrected interval of differences on the same folds. Its
    confidence is 95 % for all pairs of models together (Bonferroni), since the two were picked
    for their scores. The dummy does not compete.

    Examples
    --------
    >>> scores = pd.DataFrame({"a": [0.8, 0.9, 0.8, 0.9], "b": [0.5, 0.7, 0.5, 0.6]})
    >>> best = winner(scores, folds=2)
    >>> best.name, best.runner_up, best.clear
    ('a', 'b', True)
    """
    means = scores.drop(columns=DUMMY, errors="ignore").mean()
    first, *others = means.sort_values(ascending=False, kind="stable").index
    if not others:
        return Winner(str(first), "", Interval(nan, nan, nan))
    pairs = comb(len(means), 2)
    lead = corrected_interval(scores[first] - scores[others[0]], folds, level=1 - 0.05 / pairs)
    return Winner(str(first), str(others[0]), lead)
