"""Candidate models side by side: on the same folds, beside a dummy, and whether one has won."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import comb, nan
from typing import Any

import pandas as pd
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import Pipeline as Plain
from sklearn.pipeline import make_pipeline
from sklearn.utils.metaestimators import available_if

from fourfold.errors import DataError, did_you_mean
from fourfold.methods.columns import preprocessing
from fourfold.methods.intervals import Interval, corrected_interval
from fourfold.methods.supervised.evaluation import Task
from fourfold.methods.threads import spared

DUMMY = "dummy"
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
    prepared = {name: (preprocessing(frame), each) for name, each in estimators.items()}
    steps = {DUMMY: (dummy,), **prepared}
    return {name: Pipeline(make_pipeline(*each).steps) for name, each in steps.items()}


def cross_validate(
    models: Mapping[str, Pipeline], frame: pd.DataFrame, goal: pd.Series, cv: Any, kind: Task
) -> pd.DataFrame:
    """Return the score of each model in each fold, all on the same folds.

    Parameters
    ----------
    models : mapping of name to Pipeline
    frame, goal : DataFrame and Series, n rows
    cv : cross-validation
        As `splits` returns it.
    kind : {'classification', 'regression'}

    Returns
    -------
    DataFrame, shape (folds times repeats, models)
        Area under the ROC curve, or R².
    """
    options = {"cv": cv, "scoring": SCORING[kind]}
    return pd.DataFrame({n: cross_val_score(m, frame, goal, **options) for n, m in models.items()})


def rank(scores: pd.DataFrame, folds: int) -> pd.DataFrame:
    """Return mean score and gain over the dummy of each model, with 95 % intervals, best first.

    Parameters
    ----------
    scores : DataFrame
        As `cross_validate` returns it.
    folds : int
        Folds of one repeat.

    Returns
    -------
    DataFrame
        `score`, `low`, `high`, `gain`, `gain low`, `gain high`; a row for each model.
    """
    gains = scores.sub(scores[DUMMY], axis=0) if DUMMY in scores else scores
    both = [
        scores.apply(corrected_interval, folds=folds, result_type="expand"),
        gains.apply(corrected_interval, folds=folds, result_type="expand"),
    ]
    names = ["score", "low", "high", "gain", "gain low", "gain high"]
    table = pd.concat(both).set_axis(names).T
    return table.sort_values("score", ascending=False, kind="stable")


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
