"""The search for a model and its settings within a budget, by Optuna."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
from sklearn.base import clone
from sklearn.model_selection import KFold, StratifiedKFold, cross_val_score

from fourfold.errors import DataError
from fourfold.methods.supervised.candidates import SCORING
from fourfold.methods.supervised.evaluation import Task
from fourfold.records.formatting import number

Space = Callable[[Any], dict[str, Any]]


@dataclass(frozen=True)
class Search:
    """What a search found.

    Attributes
    ----------
    name : str
        Of the candidate that won.
    settings : dict
        Its parameters.
    score : float
        Its mean score in cross-validation on the rows of the search: flattering, since it is the
        best of many on the same rows.
    model : Pipeline
        With these settings, not fitted.
    trials : DataFrame
        `candidate`, `score` and `settings` of each trial, in order.
    """

    name: str
    settings: Mapping[str, Any]
    score: float
    model: Any
    trials: pd.DataFrame


def _penalty(trial: Any) -> dict[str, Any]:
    return {"alpha": trial.suggest_float("alpha", 1e-3, 1e3, log=True)}


def _logistic(trial: Any) -> dict[str, Any]:
    return {"C": trial.suggest_float("C", 1e-3, 1e2, log=True)}


def _forest(trial: Any) -> dict[str, Any]:
    return {
        "min_samples_leaf": trial.suggest_int("min_samples_leaf", 1, 30, log=True),
        "max_features": trial.suggest_float("max_features", 0.2, 1.0),
    }


def _boosting(trial: Any) -> dict[str, Any]:
    return {
        "learning_rate": trial.suggest_float("learning_rate", 0.02, 0.3, log=True),
        "max_leaf_nodes": trial.suggest_int("max_leaf_nodes", 3, 31, log=True),
        "min_samples_leaf": trial.suggest_int("min_samples_leaf", 5, 50, log=True),
        "l2_regularization": trial.suggest_float("l2_regularization", 1e-3, 10.0, log=True),
    }


def _neighbours(trial: Any) -> dict[str, Any]:
    return {
        "n_neighbors": trial.suggest_int("n_neighbors", 3, 50, log=True),
        "weights": trial.suggest_categorical("weights", ["uniform", "distance"]),
    }


#: What is searched, by the candidate's name.
SPACES: Mapping[str, Space] = {
    "ridge": _penalty,
    "logistic": _logistic,
    "forest": _forest,
    "boosting": _boosting,
    "neighbours": _neighbours,
}


def tune(
    models: Mapping[str, Any],
    frame: pd.DataFrame,
    goal: pd.Series,
    kind: Task,
    trials: int = 20,
    seconds: float | None = None,
    folds: int = 3,
    seed: int = 0,
) -> Search:
    """Return the best candidate with its best settings.

    Parameters
    ----------
    models : mapping of name to Pipeline
        Candidates; those without a space in `SPACES`, such as the dummy, are left out.
    frame, goal : DataFrame and Series, n rows
        Rows to learn from; never those that judge the winner.
    trials : int
        Settings to try.
    seconds : float, optional
        The search ends after so many seconds too; it is then not repeatable to the digit.
    folds : int
        Of the cross-validation of each trial, at least 2.

    Raises
    ------
    DataError
        If no candidate can be searched.

    Notes
    -----
    Tree-structured Parzen estimator: Bergstra et al., "Algorithms for hyper-parameter
    optimization", NIPS 24 (2011), section 4, as in Optuna.
    """
    import optuna

    names = [name for name in models if name in SPACES]
    if not names:
        raise DataError(f"auto: expected a candidate of {', '.join(SPACES)}, got {list(models)}")
    parted = StratifiedKFold if kind == "classification" else KFold
    cv = parted(folds, shuffle=True, random_state=seed)

    def score(trial: Any) -> float:
        name = trial.suggest_categorical("candidate", names)
        model = _set(models[name], SPACES[name](trial))
        found = cross_val_score(model, frame, goal, cv=cv, scoring=SCORING[kind])
        return float(found.mean())

    optuna.logging.set_verbosity(logging.WARNING)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed))
    study.optimize(score, n_trials=trials, timeout=seconds)
    return _found(study, models)


def _set(model: Any, settings: Mapping[str, Any]) -> Any:
    """Return a copy of a pipeline whose last step has these settings."""
    copy = clone(model)
    copy.steps[-1][1].set_params(**settings)
    return copy


def _found(study: Any, models: Mapping[str, Any]) -> Search:
    rows = [
        {
            "candidate": trial.params["candidate"],
            "score": trial.value,
            "settings": _told(trial.params),
        }
        for trial in study.trials
    ]
    settings = dict(study.best_params)
    name = settings.pop("candidate")
    model = _set(models[name], settings)
    return Search(name, settings, float(study.best_value), model, pd.DataFrame(rows))


def _told(settings: Mapping[str, Any]) -> str:
    """Return ``alpha 0.5, weights uniform``."""
    return ", ".join(
        f"{name} {number(value) if isinstance(value, float) else value}"
        for name, value in settings.items()
        if name != "candidate"
    )
