"""What training again on the new rows would gain, tried out on rows that it does not learn from."""

from __future__ import annotations

from math import inf, sqrt

import numpy as np
import pandas as pd
from scipy.stats import t as student
from sklearn.base import clone

from fourfold.methods.intervals import Interval
from fourfold.methods.monitoring.in_use import InUse, NewRows, losses_of
from fourfold.methods.monitoring.performance import UNKNOWN, variance_of

#: Parts of the new rows, each predicted by a model that has learnt from the others.
FOLDS = 5
#: With fewer rows than this share of those that the model learnt from, a new one proves nothing.
ENOUGH = 0.5


def gain(champion: InUse, new: NewRows, groups: pd.Series | None = None, seed: int = 0) -> Interval:
    """Return by how many percent the mean loss falls if the same model learns from the new rows.

    The settings of the model are kept, and rows of one day are in one part of the
    cross-validation. Both models predict the same rows, so that a day that is hard for any model
    counts for little.

    Parameters
    ----------
    champion : InUse
    new : NewRows
    groups : Series, optional
        Day or the like of each row.
    seed : int
        Of the parts.

    Returns
    -------
    Interval
        Not a number if there is no truth, or one group. If there are far fewer rows than the model
        learnt from, a gain is not excluded, and the interval has no upper end.

    Notes
    -----
    Interval of a ratio of sums over a cluster sample (Cochran 1977, Sampling Techniques, 9A.4).
    """
    model, truth = champion.model, new.truth
    if model is None or truth.empty:
        return UNKNOWN
    described = model.description
    classes = len(described.classes)
    days = groups.loc[truth.index] if groups is not None else None
    codes = np.arange(len(truth)) if days is None else pd.factorize(days, use_na_sentinel=False)[0]
    count = int(codes.max()) + 1
    folds = min(FOLDS, count)
    if folds < 2 or new.losses.sum() == 0:
        return UNKNOWN
    again = np.zeros((len(truth), max(1, classes)))
    part = np.random.default_rng(seed).permutation(count)[codes] % folds
    for fold in range(folds):
        learn, judge = np.flatnonzero(part != fold), np.flatnonzero(part == fold)
        known = learn[truth.iloc[learn] < classes] if classes else learn
        goal = truth.iloc[known].astype(int if classes else float)
        if classes and goal.nunique() < 2:
            return UNKNOWN
        fitted = clone(model.estimator).fit(new.rows.iloc[known], goal)
        scores = (fitted.predict_proba if classes else fitted.predict)(new.rows.iloc[judge])
        places = np.asarray(fitted.classes_) if classes else np.zeros(1, int)
        again[np.ix_(judge, places)] = scores.reshape(len(judge), -1)
    saved = new.losses - losses_of(described, truth, again)
    value = float(saved.sum() / new.losses.sum())
    variance, df = variance_of(saved - value * new.losses, days)
    half = float(student.ppf(0.975, df)) * sqrt(variance) / float(new.losses.mean())
    few = len(truth) < ENOUGH * described.rows.get("fitted", 0)
    return Interval(100 * value, 100 * (value - half), inf if few else 100 * (value + half))
