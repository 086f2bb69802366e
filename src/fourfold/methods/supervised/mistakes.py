"""What a model gets wrong, class by class, and which features it needs."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from sklearn.inspection import permutation_importance
from sklearn.metrics import confusion_matrix, get_scorer

from fourfold.methods.intervals import Array
from fourfold.methods.supervised.budget import Budget
from fourfold.methods.supervised.scores import auc
from fourfold.records.formatting import short

#: Columns that are shuffled between two looks at the clock.
AT_ONCE = 3


def class_table(truth: Array, answers: Array, chances: Array, names: Sequence[str]) -> pd.DataFrame:
    """Return how each class fares, the worst found first.

    Parameters
    ----------
    truth, answers : array of int, shape (n,)
        Classes by number.
    chances : array of float, shape (n, classes)
    names : sequence of str

    Returns
    -------
    DataFrame
        `rows`; `recall`, the share of them that is answered so; `precision`, the share of such
        answers that is right (missing if there is none); `area` against the others; and the class
        that it is `taken for` most often, if any.
    """
    matrix = confusion_matrix(truth, answers, labels=range(len(names)))
    rows, answered = matrix.sum(axis=1), matrix.sum(axis=0)
    right, wrong = np.diag(matrix), matrix - np.diag(np.diag(matrix))
    areas, taken = [], []
    for number, row in enumerate(wrong):
        judged = 0 < rows[number] < len(truth)
        areas.append(auc(truth == number, chances[:, number]).value if judged else np.nan)
        taken.append(short(names[row.argmax()]) if row.any() else "")
    table = pd.DataFrame(
        {
            "rows": rows,
            "recall": np.where(rows > 0, right / np.maximum(1, rows), np.nan),
            "precision": np.where(answered > 0, right / np.maximum(1, answered), np.nan),
            "area": areas,
            "taken for": taken,
        },
        index=[short(name) for name in names],
    )
    return table.sort_values("recall", kind="stable")


def importance(
    model: Any,
    frame: pd.DataFrame,
    goal: pd.Series,
    scoring: str,
    order: Sequence[Any],
    seed: int = 0,
    budget: Budget | None = None,
) -> pd.DataFrame:
    """Return what a model's score loses if a feature is shuffled, the largest loss first.

    Parameters
    ----------
    model : Pipeline
        Fitted.
    frame, goal : DataFrame and Series, n rows
        That the model has not seen.
    scoring : str
        As scikit-learn names it.
    order : sequence
        Of the features: the first are the last to be left out.
    seed : int
    budget : Budget, optional
        Half of what is left of it may be used.

    Returns
    -------
    DataFrame
        `loss` and its standard deviation `spread` over five shuffles; a row for each feature
        that there was time for.
    """
    budget, scorer = budget or Budget(), get_scorer(scoring)
    end = budget.left / 2
    rows: list[tuple[Any, float, float]] = []

    def score(_: Any, part: pd.DataFrame, truth: pd.Series) -> float:
        whole = frame.copy()
        whole[part.columns] = part
        return float(scorer(model, whole, truth))

    names = [name for name in order if name in frame]
    for first in range(0, len(names), AT_ONCE):
        part = frame[names[first : first + AT_ONCE]]
        with budget.step("", seconds=max(0.01, budget.left - end)):
            drop = permutation_importance(
                model, part, goal, scoring=score, n_repeats=5, random_state=seed
            )
            rows += zip(part, drop.importances_mean, drop.importances_std, strict=True)
        if len(rows) < min(len(names), first + AT_ONCE):
            lacking = len(names) - len(rows)
            budget.left_out.append(f"the importance of {lacking:,} of {len(names):,} features")
            break
    table = pd.DataFrame(rows, columns=["feature", "loss", "spread"]).set_index("feature")
    return table.sort_values("loss", ascending=False, kind="stable")
