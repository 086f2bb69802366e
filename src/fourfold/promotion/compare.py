"""Two models on the same rows: the loss of each row by both, and what the differences show."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from scipy.stats import t as student

from fourfold.data import contract as contracts
from fourfold.data import sources
from fourfold.errors import DataError, did_you_mean
from fourfold.methods.intervals import Interval
from fourfold.methods.supervised.thresholds import is_condition, yes_no
from fourfold.models.folder import CONTRACT, HELD_OUT, Model, checked
from fourfold.models.segments import FEWEST, parts_of
from fourfold.models.signature import check_columns, features_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from fourfold.promotion.gate import Measure
    from fourfold.records.record import RunRecord

#: Fewer rows than this show nothing of two models.
FEWEST_ROWS = 50
#: How far a model may be from what it said of the same rows when it was kept.
_SAME = 1e-6
_OF = {"classification": ("brier", "log", "error"), "regression": ("absolute", "squared")}


@dataclass(frozen=True)
class Rows:
    """Rows whose truth is known, and which neither model was fitted on as far as that is known.

    Attributes
    ----------
    frame : DataFrame
        As the models take it, n rows.
    truth : ndarray of shape (n,)
        Places of classes, in the order of the candidate's; or quantities.
    groups : ndarray of shape (n,), optional
        Rows of one value depend on each other.
    words : str
        Where they come from.
    digest : str
        Of where they come from and which they are.
    """

    frame: pd.DataFrame
    truth: NDArray[Any]
    groups: NDArray[Any] | None
    words: str
    digest: str


@dataclass(frozen=True)
class Compared:
    """What came of a comparison.

    Attributes
    ----------
    losses : DataFrame
        Columns ``champion`` and ``candidate``; a row of the data each.
    better : Interval
        The champion's mean loss minus the candidate's.
    segments : DataFrame
        By part of the rows: ``rows``, both losses, and ``worse`` by the candidate.
    left_out : int
        Rows that one of the two cannot answer.
    """

    measure: str
    losses: pd.DataFrame
    better: Interval
    segments: pd.DataFrame
    left_out: int
    level: float


def measure_for(model: Model, asked: Measure | None) -> str:
    """Return the measure of a comparison.

    Raises
    ------
    DataError
        If the model has no truth to be compared with, or the measure is of another task.
    """
    task = model.description.task
    if task not in _OF:
        raise DataError(f"{model.folder}: expected classes or quantities, got {task}: no truth")
    if asked is not None and asked not in _OF[task]:
        fit = " or ".join(_OF[task])
        near = did_you_mean(asked, _OF[task])
        raise DataError(f"measure: expected {fit} for {task}, got {asked!r}.{near}")
    return asked or _OF[task][0]


def rows_held_out(candidate: Model, champion: Model | None, record: RunRecord, root: Path) -> Rows:
    """Return the rows that the candidate was judged by, read again from their source.

    If both models come from the same data, they are the rows that both have held out.

    Parameters
    ----------
    candidate : Model
    champion : Model, optional
    record : RunRecord
        Of the candidate's run.
    root : Path
        Of the project.

    Raises
    ------
    DataError
        If the rows cannot be read again as they were then.
    """
    said, folder = candidate.description, candidate.folder
    other = f"{folder}: compare on rows with a known truth of their own (--on DATA)"
    if HELD_OUT not in said.files or len(said.data) != 1:
        raise DataError(f"{other}; it held out no rows of one table")
    kept = pd.read_parquet(checked(folder, HELD_OUT, said))
    words = f"rows of {said.data[0]['source']} that it held out"
    if champion is not None and (rows := _kept_rows(champion, said.data[0]["sha256"])) is not None:
        kept, words = kept[kept["row"].isin(rows)], f"{words}, as did the champion"
    source = str(record.parameters.get("data", said.data[0]["source"]))
    loaded = sources.load(source, str(record.parameters.get("query", "") or ""), root)
    if loaded.sha256 != said.data[0]["sha256"]:
        raise DataError(f"{other}; {source} has changed since the run")
    frame = loaded.frame
    if CONTRACT in said.files:
        frame = contracts.check(frame, checked(folder, CONTRACT, said)).frame
    if not kept["row"].isin(frame.index).all():
        raise DataError(f"{other}; the rows of {source} cannot be distinguished")
    frame = frame.loc[kept["row"]]
    _check_same(candidate, frame, kept, f"{other}; the rows of {source} are not those of the run")
    groups = kept["group"].to_numpy() if "group" in kept else None
    content = f"{loaded.sha256} {kept['row'].tolist()}"
    return Rows(frame, kept["truth"].to_numpy(), groups, words, _short(content))


def _kept_rows(champion: Model, sha256: str) -> pd.Series | None:
    """Return the rows that the champion held out, if it comes from the same data."""
    said = champion.description
    if HELD_OUT not in said.files or [each["sha256"] for each in said.data] != [sha256]:
        return None
    return pd.read_parquet(checked(champion.folder, HELD_OUT, said), columns=["row"])["row"]


def _check_same(model: Model, frame: pd.DataFrame, kept: pd.DataFrame, message: str) -> None:
    """Check that a model says of rows what it said of them when it was kept."""
    scores, usable = _scores(model, frame)
    names = [name for name in kept if str(name).startswith("chance ")] or ["answer"]
    then = kept[names].to_numpy(float)
    now = np.asarray(scores, float).reshape(len(then), -1) if usable.all() else np.empty((0, 0))
    scale = np.maximum(1.0, np.abs(then)) * _SAME
    if now.shape != then.shape or (np.abs(now - then) > scale).any():
        raise DataError(message)


def rows_of(candidate: Model, data: str, query: str, record: RunRecord) -> Rows:
    """Return the rows of a data set in which the truth is known.

    Parameters
    ----------
    candidate : Model
    data, query : str
        As `ff.ingest` takes them.
    record : RunRecord
        Of the candidate's run, which says what the target is.

    Raises
    ------
    DataError
        If there is no column of the target, or no row of a class that the model knows.
    """
    said, loaded = candidate.description, sources.load(data, query)
    frame = loaded.frame
    if CONTRACT in said.files:
        frame = contracts.check(frame, checked(candidate.folder, CONTRACT, said)).frame
    target = str(record.parameters.get("target", said.target))
    if target not in frame:
        near = did_you_mean(target, frame.columns)
        raise DataError(f"{data}: expected a column {target!r} with the truth, found none.{near}")
    values, positive = frame[target], str(record.parameters.get("positive", ""))
    if said.classes and is_condition(frame, target, positive):
        values = yes_no(values, positive)
    if said.classes:
        places = {name: place for place, name in enumerate(said.classes)}
        truth = values.map(lambda value: places.get(_text(value)))
    else:
        truth = pd.to_numeric(values, errors="coerce")
    known = truth.notna().to_numpy()
    if not known.any():
        expected = f"{', '.join(said.classes)}" if said.classes else "numbers"
        raise DataError(f"{data}: expected {expected} in {target!r}, found none")
    chosen = truth[known].to_numpy(int if said.classes else float)
    column = str(record.parameters.get("groups", "") or "")
    groups = pd.factorize(frame.loc[known, column])[0] if column in frame else None
    words = f"rows of {loaded.source}"
    return Rows(frame[known], chosen, groups, words, _short(f"{loaded.sha256} {query}"))


def _text(value: Any) -> str:
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)


def _short(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()[:16]


def _scores(model: Model, frame: pd.DataFrame) -> tuple[NDArray[Any], NDArray[np.bool_]]:
    """Return what a model says of the rows it can answer, and which rows these are."""
    columns = model.description.columns
    check_columns(columns, frame, "the rows")
    complete = model.description.task == "clustering"
    features = features_of(columns, frame[[column.name for column in columns]], complete)
    usable = (features.reasons == "").to_numpy()
    return model.scores(features.frame[usable]), usable


def loss(
    model: Model, scores: NDArray[Any], truth: NDArray[Any], measure: str, classes: tuple[str, ...]
) -> NDArray[np.float64]:
    """Return the loss of each row: lower is better.

    Parameters
    ----------
    model : Model
    scores : ndarray
        What the model says of the rows.
    truth : ndarray of shape (n,)
        Places in `classes`, or quantities.
    measure : str
        ``brier``: squared distance of the probabilities from 0 and 1, 0 to 1 (Brier 1950, divided
        by 2); ``log``: minus the logarithm of the probability of the truth, at most 10;
        ``error``: 1 if the answer is wrong; ``absolute``, ``squared``.
    classes : tuple of str
    """
    if measure in ("absolute", "squared"):
        apart = np.abs(np.asarray(scores, float).reshape(-1) - truth)
        return np.asarray(apart if measure == "absolute" else apart**2)
    order = [model.description.classes.index(name) for name in classes]
    if measure == "error":
        answers = np.asarray(model.decisions(scores))
        return np.asarray(np.argsort(order)[answers] != truth, dtype=float)
    chances = np.asarray(scores, float)[:, order]
    if measure == "log":
        given = np.maximum(chances[np.arange(len(truth)), truth], 1e-9)
        return np.asarray(np.minimum(10.0, -np.log(given)))
    return np.asarray(((chances - np.eye(len(classes))[truth]) ** 2).sum(axis=1) / 2)


def paired(
    differences: NDArray[Any], groups: NDArray[Any] | None = None, level: float = 0.95
) -> Interval:
    """Return the mean of differences of pairs, with its interval.

    Parameters
    ----------
    differences : ndarray of shape (n,)
    groups : ndarray of shape (n,), optional
        Rows of one value are one observation: the interval is by the sums of their residuals
        (Cochran, Sampling Techniques, 1977, section 9A.2, clusters of unequal size).
    level : float
        Confidence.

    Notes
    -----
    Half a pair of the largest difference is added each way, so that the interval holds for
    differences that are mostly 0 too (Agresti & Min 2005, Statistics in Medicine 24, p. 729).
    """
    values = np.asarray(differences, float)
    mean, codes = float(values.mean()), np.arange(len(values))
    if groups is not None:
        codes = np.unique(groups, return_inverse=True)[1]
    sums = np.bincount(codes, values - mean)
    count, most = len(sums), float(np.abs(np.bincount(codes, values)).max(initial=0.0))
    if count < 2:
        return Interval(mean, -np.inf, np.inf)
    squares = float((sums**2).sum()) + most**2
    error = np.sqrt(count / (count - 1) * squares) / len(values)
    half = float(student.ppf((1 + level) / 2, count - 1) * error)
    return Interval(mean, mean - half, mean + half)


def level_after(tries: int) -> float:
    """Return the confidence that an interval needs after others were refused on the same rows.

    The chances to be lucky are 1/20 of 1/2, 1/6, 1/12 …, which add up to 1/20 however many come.

    Examples
    --------
    >>> [round(level_after(tries), 4) for tries in range(3)]
    [0.95, 0.9833, 0.9917]
    """
    return 1 - 0.1 / ((tries + 1) * (tries + 2))


def compare(
    candidate: Model, champion: Model, rows: Rows, measure: str, level: float = 0.95
) -> Compared:
    """Return what two models do on the same rows.

    Parameters
    ----------
    candidate, champion : Model
        Of the same task and, in any order, the same classes.
    rows : Rows
    measure : str
        As for `loss`.
    level : float
        Confidence of the interval.

    Raises
    ------
    DataError
        If the models answer other questions, or too few rows are left.
    """
    ours, theirs = candidate.description, champion.description
    for what in ("task", "target", "unit"):
        if getattr(ours, what) != getattr(theirs, what):
            raise DataError(
                f"{candidate.folder}: expected a model of the champion's {what} "
                f"{getattr(theirs, what)!r}, got {getattr(ours, what)!r}"
            )
    if sorted(ours.classes) != sorted(theirs.classes):
        raise DataError(
            f"{candidate.folder}: expected the champion's classes {', '.join(theirs.classes)}, "
            f"got {', '.join(ours.classes)}"
        )
    kept = np.ones(len(rows.frame), dtype=bool)
    parts = {}
    for name, model in (("champion", champion), ("candidate", candidate)):
        scores, usable = _scores(model, rows.frame)
        values = np.full(len(kept), np.nan)
        values[usable] = loss(model, scores, rows.truth[usable], measure, ours.classes)
        parts[name], kept = values, kept & usable
    if kept.sum() < FEWEST_ROWS:
        raise DataError(
            f"{candidate.folder}: expected at least {FEWEST_ROWS} rows that both models can be "
            f"compared on, got {kept.sum()}"
        )
    losses = pd.DataFrame(parts, index=rows.frame.index)[kept]
    groups = None if rows.groups is None else rows.groups[kept]
    apart = (losses["champion"] - losses["candidate"]).to_numpy()
    columns = [column.name for column in ours.columns]
    features = features_of(ours.columns, rows.frame.loc[kept, columns]).frame
    segments = _segments(features, losses, candidate)
    better = paired(apart, groups, level)
    return Compared(measure, losses, better, segments, int((~kept).sum()), level)


def _segments(features: pd.DataFrame, losses: pd.DataFrame, model: Model) -> pd.DataFrame:
    made: dict[str, Mapping[str, float]] = {}
    for name, chosen in parts_of(features, model.description):
        if chosen.all() or chosen.sum() < FEWEST:
            continue
        part = losses[chosen]
        better = paired((part["candidate"] - part["champion"]).to_numpy())
        means = part.mean()
        made[name] = {"rows": len(part), "champion": means["champion"],
                      "candidate": means["candidate"], "worse": better.value,
                      "low": better.low, "high": better.high}  # fmt: skip
    return pd.DataFrame.from_dict(made, orient="index")
