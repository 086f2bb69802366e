"""The search for a model and its settings within a budget, by Optuna."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd
from sklearn.base import clone
from sklearn.model_selection import cross_val_score

from fourfold.errors import DataError
from fourfold.methods.supervised.budget import Budget
from fourfold.methods.supervised.candidates import SCORING
from fourfold.methods.supervised.evaluation import Task, splits
from fourfold.records.formatting import number

Space = Callable[[Any], dict[str, Any]]


@dataclass(frozen=True)
class Search:
    """The result of a search.

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


#: The settings to search, by the candidate's name.
SPACES: Mapping[str, Space] = {
    "ridge": lambda trial: {"alpha": trial.suggest_float("alpha", 1e-3, 1e3, log=True)},
    "logistic": lambda trial: {"C": trial.suggest_float("C", 1e-3, 1e2, log=True)},
    "forest": lambda trial: {
        "min_samples_leaf": trial.suggest_int("min_samples_leaf", 1, 30, log=True),
        "max_features": trial.suggest_float("max_features", 0.2, 1.0),
    },
    "boosting": lambda trial: {
        "learning_rate": trial.suggest_float("learning_rate", 0.02, 0.3, log=True),
        "max_leaf_nodes": trial.suggest_int("max_leaf_nodes", 3, 31, log=True),
        "min_samples_leaf": trial.suggest_int("min_samples_leaf", 5, 50, log=True),
        "l2_regularization": trial.suggest_float("l2_regularization", 1e-3, 10.0, log=True),
    },
    "neighbours": lambda trial: {
        "n_neighbors": trial.suggest_int("n_neighbors", 3, 50, log=True),
        "weights": trial.suggest_categorical("weights", ["uniform", "distance"]),
    },
}


def tune(
    models: Mapping[str, Any],
    frame: pd.DataFrame,
    goal: pd.Series,
    kind: Task,
    trials: int = 20,
    budget: Budget | None = None,
    folds: int = 3,
    seed: int = 0,
    groups: pd.Series | None = None,
    cv: Any = None,
) -> Search | None:
    """Return the best candidate with its best settings; None if there was no time for one.

    Parameters
    ----------
    models : mapping of name to Pipeline
        Candidates; those without a space in `SPACES`, such as the dummy, are left out.
    frame, goal : DataFrame and Series, n rows
        Rows to learn from; never those that judge the winner.
    kind : {'classification', 'regression'}
    trials : int
        Settings to try.
    budget : Budget, optional
        The search ends after half of what is left of it too; it is then not repeatable.
    folds : int
        Of the cross-validation of each trial, at least 2.
    seed : int
    groups : Series, optional
        As for `splits`.
    cv : cross-validation, optional
        Instead of `folds` drawn at random, as `Sides.folds` returns it.

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
    cv = cv or splits(kind, folds, 0, seed, groups)
    budget = budget or Budget()

    def score(trial: Any) -> float:
        name = trial.suggest_categorical("candidate", names)
        model = _set(models[name], SPACES[name](trial))
        return float(cross_val_score(model, frame, goal, cv=cv, scoring=SCORING[kind]).mean())

    optuna.logging.set_verbosity(logging.WARNING)
    study = optuna.create_study(direction="maximize", sampler=optuna.samplers.TPESampler(seed=seed))
    # Not caught within a trial, so that the last one is ended as well.
    with budget.step("the rest of the search for settings", part=0.5):
        study.optimize(score, n_trials=trials)
    rows, done = [], [trial for trial in study.trials if trial.value is not None]
    if not done:
        return None
    for trial in done:
        name, settings = _parts(trial.params)
        texts = {n: number(v) if isinstance(v, float) else v for n, v in settings.items()}
        text = ", ".join(f"{setting} {value}" for setting, value in texts.items())
        rows.append({"candidate": name, "score": trial.value, "settings": text})
    name, settings = _parts(study.best_params)
    best = _set(models[name], settings)
    return Search(name, settings, float(study.best_value), best, pd.DataFrame(rows))


def _parts(params: Mapping[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the candidate, and its settings."""
    return params["candidate"], {n: value for n, value in params.items() if n != "candidate"}


def _set(model: Any, settings: Mapping[str, Any]) -> Any:
    """Return a copy of a pipeline whose last step has these settings."""
    last = model.steps[-1][0]
    return clone(model).set_params(**{f"{last}__{name}": it for name, it in settings.items()})
