"""A scorecard: alternatives, weighted criteria and scores, from YAML and from measurements."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import isfinite
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import t as student

from fourfold.data.sources import locate
from fourfold.data.yamlfile import Document, closed, read_document
from fourfold.errors import ConfigError, DataError, Violation, did_you_mean
from fourfold.methods.intervals import Array

Basis = Literal["judgement", "document", "measurement"]
Z = 1.959964
#: Columns of a table of measurements.
MEASURED = ("platform", "criterion", "value")


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
    source : str
        Who judged, or which document or measurement says it.
    """

    platform: str
    criterion: str
    score: float
    plus_minus: float
    basis: Basis
    source: str

    @property
    def cell(self) -> tuple[str, str]:
        """Return the platform and the criterion."""
        return self.platform, self.criterion


@closed
@dataclass(frozen=True)
class _File:
    about: str
    criteria: dict[str, Criterion]
    scores: tuple[Score, ...] = ()


@dataclass(frozen=True)
class Decision:
    """Alternatives and criteria as arrays.

    Attributes
    ----------
    weights : array of shape (criteria,)
        Shares, sum 1.
    points, error : array of shape (platforms, criteria)
        Scores from 0 (worst) to 100 (best), and their standard deviations.
    scores : tuple of Score
        The same in their units, with their sources; by platform, then by criterion.
    scales : mapping of str to Criterion
        Each criterion with its meaning and its unit.
    """

    platforms: tuple[str, ...]
    criteria: tuple[str, ...]
    weights: Array
    points: Array
    error: Array
    about: str = ""
    scores: tuple[Score, ...] = ()
    scales: Mapping[str, Criterion] = field(default_factory=dict)

    @property
    def totals(self) -> Array:
        """Return the weighted points of each platform, 0 to 100."""
        return np.asarray(self.points @ self.weights)

    @property
    def order(self) -> NDArray[np.intp]:
        """Return the platforms from the highest value to the lowest; of ties the first."""
        return np.argsort(-self.totals, kind="stable")

    def table(self, cells: Array) -> pd.DataFrame:
        """Return an array of shape (platforms, criteria) with its names."""
        return pd.DataFrame(cells, index=list(self.platforms), columns=list(self.criteria))


def read_decision(
    path: str,
    measurements: pd.DataFrame | None = None,
    weights: Mapping[str, float] | None = None,
) -> Decision:
    """Read criteria with weights, and the scores of platforms.

    Parameters
    ----------
    path : str
        YAML file, looked for here and upwards in the project.
    measurements : DataFrame, optional
        Columns `platform`, `criterion` and `value`, a row for each measurement. Their mean, with
        its 95 % interval by Student, takes the place of what the file says.
    weights : mapping of criterion to weight, optional
        Take the place of those in the file, such as the weights of another person.

    Raises
    ------
    DataError
        If there is no such file, the measurements lack a column or are fewer than two of a kind,
        or they or the weights name another criterion.
    ConfigError
        If a key is unknown or of the wrong type, a weight is negative, a score lies outside its
        scale, or a platform has no score, or two, in a criterion.
    """
    document = read_document(locate(path), _File, path)
    criteria = document.value.criteria
    measured = [] if measurements is None else _measured(measurements, list(criteria))
    cells = {score.cell for score in measured}
    scores = [*(each for each in document.value.scores if each.cell not in cells), *measured]
    if violations := [*_weights(document), *_scores(document), *_complete(document, scores)]:
        raise ConfigError(violations)
    return _decision(_reweighted(criteria, weights or {}), scores, document.value.about)


def _reweighted(
    criteria: Mapping[str, Criterion], weights: Mapping[str, float]
) -> dict[str, Criterion]:
    for name, weight in weights.items():
        _known("weights", name, list(criteria))
        if not (weight >= 0 and isfinite(weight)):
            raise DataError(f"weights: expected 0 or more for {name!r}, got {weight:g}")
    changed = {n: replace(each, weight=weights.get(n, each.weight)) for n, each in criteria.items()}
    if not sum(each.weight for each in changed.values()) > 0:
        raise DataError("weights: expected a criterion with a weight above 0, got none")
    return changed


def _known(what: str, name: str, criteria: Sequence[str]) -> None:
    if name not in criteria:
        raise DataError(
            f"{what}: expected a criterion of the scorecard ({', '.join(criteria)}), got {name!r}."
            + did_you_mean(name, criteria)
        )


def _decision(criteria: Mapping[str, Criterion], scores: Sequence[Score], about: str) -> Decision:
    platforms = tuple(dict.fromkeys(score.platform for score in scores))
    cells = {score.cell: score for score in scores}
    ordered = tuple(cells[platform, name] for platform in platforms for name in criteria)
    weights, worst, best = np.array([(c.weight, c.worst, c.best) for c in criteria.values()]).T
    value, half = (
        np.reshape([getattr(score, name) for score in ordered], (len(platforms), len(criteria)))
        for name in ("score", "plus_minus")
    )
    span = best - worst
    points, error = 100 * (value - worst) / span, 100 * half / np.abs(span) / Z
    return Decision(
        platforms, tuple(criteria), weights / weights.sum(), points, error, about, ordered, criteria
    )


def _measured(frame: pd.DataFrame, criteria: Sequence[str]) -> list[Score]:
    """Return a score for the measurements of each platform in each criterion."""
    if missing := [name for name in MEASURED if name not in frame]:
        got = ", ".join(map(str, frame.columns[:10]))
        raise DataError(f"measurements: expected the columns {', '.join(missing)}, got {got}")
    for name in frame["criterion"].unique():
        _known("measurements", str(name), criteria)
    scores = []
    for names, values in frame.groupby(["platform", "criterion"], sort=False)["value"]:
        platform, criterion = map(str, names)
        if (count := int(values.count())) < 2:
            raise DataError(
                f"measurements: expected at least two of {platform!r} in {criterion!r}, got {count}"
            )
        # The deviation of equal numbers is not always exactly 0.
        deviation = values.std() if values.max() > values.min() else 0.0
        half = float(student.ppf(0.975, count - 1) * deviation / np.sqrt(count))
        source = f"mean of {count} measurements"
        mean = float(values.mean())
        scores.append(Score(platform, criterion, mean, half, "measurement", source))
    return scores


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


def _complete(document: Document[_File], scores: Sequence[Score]) -> Iterator[Violation]:
    key, given = ("scores",), [score.cell for score in scores]
    platforms = list(dict.fromkeys(platform for platform, _ in given))
    if len(platforms) < 2:
        got = ", ".join(platforms) or "none"
        yield document.violation(key, f"expected at least two platforms, got {got}")
    for platform in platforms:
        for name in document.value.criteria:
            if (count := given.count((platform, name))) != 1:
                message = f"expected one score of {platform!r} in {name!r}, got {count or 'none'}"
                yield document.violation(key, message)
