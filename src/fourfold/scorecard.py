"""A scorecard: alternatives, weighted criteria and scores, read from YAML as arrays."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import isfinite
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fourfold.data import locate
from fourfold.document import Document, closed, read_document
from fourfold.errors import ConfigError, Violation, did_you_mean

Array = NDArray[np.float64]
Basis = Literal["judgement", "document", "measurement"]
Z = 1.959964


@closed
@dataclass(frozen=True)
class Criterion:
    """What counts, and how much.

    Attributes
    ----------
    weight : float
        In any unit; only shares of the sum count.
    worst, best : float
        Scores that are worth 0 and 100 points; `best` is the smaller one where less is better.
    """

    meaning: str
    weight: float
    worst: float = 1.0
    best: float = 5.0
    unit: str = "of 5"


@closed
@dataclass(frozen=True)
class Score:
    """What one platform scores in one criterion.

    Attributes
    ----------
    plus_minus : float
        Half-width of the range in which the score lies with 95 % probability, in its unit.
    basis : str
        ``judgement``, ``document`` or ``measurement``; `source` says which.
    """

    platform: str
    criterion: str
    score: float
    plus_minus: float
    basis: Basis
    source: str


@closed
@dataclass(frozen=True)
class _File:
    about: str
    criteria: dict[str, Criterion]
    scores: tuple[Score, ...]


@dataclass(frozen=True)
class Decision:
    """Alternatives and criteria as arrays.

    Attributes
    ----------
    weights : array of shape (criteria,)
        Shares, sum 1.
    points, error : array of shape (platforms, criteria)
        Scores from 0 (worst) to 100 (best), and their standard deviations.
    """

    platforms: tuple[str, ...]
    criteria: tuple[str, ...]
    weights: Array
    points: Array
    error: Array
    about: str = ""

    @property
    def values(self) -> Array:
        """Return the weighted points of each platform, 0 to 100."""
        return np.asarray(self.points @ self.weights)

    def table(self, cells: Array) -> pd.DataFrame:
        """Return an array of shape (platforms, criteria) with its names."""
        return pd.DataFrame(cells, index=list(self.platforms), columns=list(self.criteria))

    @property
    def order(self) -> NDArray[np.intp]:
        """Return the platforms from the highest value to the lowest; of ties the first."""
        return np.argsort(-self.values, kind="stable")


def read_decision(path: str) -> Decision:
    """Read criteria with weights, and the scores of platforms.

    Parameters
    ----------
    path : str
        YAML file, looked for here and upwards in the project.

    Raises
    ------
    DataError
        If there is no such file.
    ConfigError
        If a key is unknown or of the wrong type, a weight is negative, a score lies outside its
        scale, or a platform has no score, or two, in a criterion.
    """
    document = read_document(locate(path), _File, path)
    found = [*_weights(document), *_scores(document), *_complete(document)]
    if found:
        raise ConfigError(found)
    names, scores = document.value.criteria, document.value.scores
    platforms = list(dict.fromkeys(score.platform for score in scores))
    points, error = np.zeros((2, len(platforms), len(names)))
    for score in scores:
        scale = names[score.criterion]
        place = platforms.index(score.platform), list(names).index(score.criterion)
        span = scale.best - scale.worst
        points[place] = 100 * (score.score - scale.worst) / span
        error[place] = 100 * score.plus_minus / abs(span) / Z
    weights = np.array([each.weight for each in names.values()])
    about = document.value.about
    return Decision(tuple(platforms), tuple(names), weights / weights.sum(), points, error, about)


def _weights(document: Document[_File]) -> Iterator[Violation]:
    criteria = document.value.criteria
    for name, each in criteria.items():
        key = ("criteria", name)
        if not (each.weight >= 0 and isfinite(each.weight)):
            yield document.violation((*key, "weight"), f"expected 0 or more, got {each.weight:g}")
        if not isfinite(each.best - each.worst) or each.best == each.worst:
            message = f"expected two different numbers, got best and worst {each.best:g}"
            yield document.violation((*key, "best"), message)
    if not sum(each.weight for each in criteria.values()) > 0:
        yield document.violation(("criteria",), "expected a criterion with a weight above 0")


def _scores(document: Document[_File]) -> Iterator[Violation]:
    criteria = document.value.criteria
    for index, each in enumerate(document.value.scores):
        key = ("scores", index)
        if each.criterion not in criteria:
            message = f"expected one of {', '.join(criteria)}, got {each.criterion!r}."
            message += did_you_mean(each.criterion, criteria)
            yield document.violation((*key, "criterion"), message)
            continue
        low, high = sorted([criteria[each.criterion].worst, criteria[each.criterion].best])
        if not low <= each.score <= high:
            message = f"expected a score from {low:g} to {high:g}, got {each.score:g}"
            yield document.violation((*key, "score"), message)
        if not (each.plus_minus >= 0 and isfinite(each.plus_minus)):
            message = f"expected 0 or more, got {each.plus_minus:g}"
            yield document.violation((*key, "plus_minus"), message)


def _complete(document: Document[_File]) -> Iterator[Violation]:
    scores, key = document.value.scores, ("scores",)
    given = [(score.platform, score.criterion) for score in scores]
    platforms = list(dict.fromkeys(platform for platform, _ in given))
    if len(platforms) < 2:
        got = ", ".join(platforms) or "none"
        yield document.violation(key, f"expected at least two platforms, got {got}")
    for platform in platforms:
        for name in document.value.criteria:
            if (count := given.count((platform, name))) != 1:
                message = f"expected one score of {platform!r} in {name!r}, got {count or 'none'}"
                yield document.violation(key, message)
