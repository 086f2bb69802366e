"""Candidate models side by side: on the same folds, beside a dummy, and whether one has won."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd
from sklearn.dummy import DummyClassifier, DummyRegressor
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import Pipeline as Plain
from sklearn.pipeline import make_pipeline
from sklearn.utils.metaestimators import available_if

from fourfold.errors import DataError, did_you_mean
from fourfold.methods.columns import preprocessing
from fourfold.methods.intervals import corrected_interval
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
    difference, low, high : float
        Mean difference of their scores on the same folds, and its interval.
    """

    name: str
    runner_up: str = ""
    difference: float = float("nan")
    low: float = float("nan")
    high: float = float("nan")

    @property
    def clear(self) -> bool:
        """Say whether the difference is more than noise."""
        return self.low > 0


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
            told = f"models: expected some of {', '.join(known)}, got {name!r}."
            raise DataError(told + did_you_mean(name, known))
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
    """
    dummy = DummyClassifier() if kind == "classification" else DummyRegressor()
    made = {name: make_pipeline(preprocessing(frame), each) for name, each in estimators.items()}
    return {
        name: Pipeline(each.steps) for name, each in ({DUMMY: make_pipeline(dummy)} | made).items()
    }


def cross_validate(
    models: Mapping[str, Pipeline], frame: pd.DataFrame, goal: pd.Series, cv: Any, kind: Task
) -> pd.DataFrame:
    """Return the score of each model in each fold, all on the same folds.

    Returns
    -------
    DataFrame, shape (folds times repeats, models)
        Area under the ROC curve, or R².
    """
    options = {"cv": cv, "scoring": SCORING[kind]}
    found = {name: cross_val_score(model, frame, goal, **options) for name, model in models.items()}
    return pd.DataFrame(found)


def rank(found: pd.DataFrame, folds: int) -> pd.DataFrame:
    """Return mean score and gain over the dummy of each model, with 95 % intervals, best first.

    Parameters
    ----------
    found : DataFrame
        As `cross_validate` returns it.
    folds : int
        Folds of one repeat.

    Returns
    -------
    DataFrame
        `score`, `low`, `high`, `gain`, `gain low`, `gain high`; a row for each model.
    """
    rows = {}
    for name in found:
        gains = found[name] - found[DUMMY] if DUMMY in found else found[name]
        low, high = corrected_interval(found[name].to_numpy(), folds)
        gain_low, gain_high = corrected_interval(gains.to_numpy(), folds)
        rows[str(name)] = {
            **{"score": found[name].mean(), "low": low, "high": high},
            **{"gain": gains.mean(), "gain low": gain_low, "gain high": gain_high},
        }
    return pd.DataFrame.from_dict(rows, orient="index").sort_values(
        "score", ascending=False, kind="stable"
    )


def winner(found: pd.DataFrame, folds: int) -> Winner:
    """Return the model with the highest mean score, and whether its lead is more than noise.

    The lead over the second has the corrected interval of differences on the same folds. Its
    confidence is 95 % for all pairs of models together (Bonferroni), since the two were picked
    for their scores. The dummy does not compete.

    Examples
    --------
    >>> found = pd.DataFrame({"a": [0.8, 0.9, 0.8, 0.9], "b": [0.5, 0.7, 0.5, 0.6]})
    >>> best = winner(found, folds=2)
    >>> best.name, best.runner_up, best.clear
    ('a', 'b', True)
    """
    means = found.drop(columns=DUMMY, errors="ignore").mean()
    order = means.sort_values(ascending=False, kind="stable").index
    if len(order) < 2:
        return Winner(str(order[0]))
    lead = found[order[0]] - found[order[1]]
    pairs = len(order) * (len(order) - 1) // 2
    low, high = corrected_interval(lead.to_numpy(), folds, level=1 - 0.05 / pairs)
    return Winner(str(order[0]), str(order[1]), float(lead.mean()), low, high)
