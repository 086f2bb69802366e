"""The model in use beside new rows: its features, its answers, the truth where it is known."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fourfold.data.artifacts import is_artifact
from fourfold.data.profile import Profile, read_profile
from fourfold.data.sources import locate
from fourfold.models.champion import folder_of
from fourfold.models.folder import HELD_OUT, PROFILE, Description, Model, checked, load_model
from fourfold.models.signature import Column, Features, features_of
from fourfold.project import find_root
from fourfold.records.emit import ingested
from fourfold.records.evidence import Criterion


@dataclass(frozen=True)
class InUse:
    """The model in use; without one, each of its tables is empty.

    Attributes
    ----------
    model : Model, optional
        None if there is no champion yet.
    held_out : DataFrame
        What it said of the rows that judged it: ``truth``, its scores, ``group`` if it has some.
    profile : Profile
        Of the features that it was trained and judged on.
    """

    model: Model | None
    held_out: pd.DataFrame
    profile: Profile

    @property
    def description(self) -> Description | None:
        """Return what the model's folder says of it."""
        return self.model.description if self.model else None

    @cached_property
    def answers(self) -> pd.DataFrame:
        """Return the answers to the rows held out, as `NewRows.answers`."""
        return _answers(self.description, self._scores)

    @cached_property
    def losses(self) -> pd.Series:
        """Return the loss of each row held out."""
        if self.held_out.empty or self.description is None:
            return pd.Series(dtype=float)
        truth = self.held_out["truth"].astype(float)
        return losses_of(self.description, truth, self._scores)

    @property
    def groups(self) -> pd.Series | None:
        """Return the day, or whatever groups them, of the rows held out; None if they have none."""
        return self.held_out.get("group")

    @property
    def _scores(self) -> NDArray[Any]:
        chances = [name for name in self.held_out if str(name).startswith("chance ")]
        return self.held_out[chances or "answer"].to_numpy() if len(self.held_out) else np.empty(0)

    @property
    def has_seen_these(self) -> bool:
        """Say whether the model was trained on a table that this notebook has ingested."""
        trained = (
            {table["sha256"] for table in self.description.data} if self.description else set()
        )
        return any(table["sha256"] in trained for table in ingested())

    def meet(self, frame: pd.DataFrame, target: str = "") -> NewRows:
        """Return what the model makes of new rows.

        Parameters
        ----------
        frame : DataFrame
            Unknown levels and missing columns are no error here, but something to report.
        target : str
            Column of the truth; empty: the one that the model was trained on.
        """
        model = self.model
        if model is None:
            none, nothing = pd.DataFrame(), pd.Series(dtype=float)
            return NewRows(none, (), pd.Series("", frame.index), none, none, nothing, nothing)
        columns = model.description.columns
        missing = tuple(column.name for column in columns if column.name not in frame)
        plain = frame.reset_index(drop=True).reindex(columns=[column.name for column in columns])
        features = features_of(columns, plain, model.description.task == "clustering")
        reasons = features.reasons.set_axis(frame.index)
        if missing:
            reasons[:] = f"no column {', '.join(map(repr, missing))}"
        usable = features.frame.set_axis(frame.index)[reasons == ""]
        scores = model.scores(usable) if len(usable) else np.empty((0, 0))
        answers = _answers(model.description, scores).set_axis(usable.index)
        truth = _truth(model.description, frame.loc[usable.index], target)
        known = truth.notna().to_numpy()
        truth = truth[known]
        losses = losses_of(model.description, truth, scores[known]) if known.any() else truth
        comparable = _comparable(columns, features, missing).set_axis(frame.index)
        return NewRows(comparable, missing, reasons, answers, usable[known], truth, losses)


@dataclass(frozen=True)
class NewRows:
    """New rows as the model in use sees them.

    Attributes
    ----------
    features : DataFrame
        As the model takes them, dates left out; an unknown level is ``unknown``.
    missing : tuple of str
        Columns that the model needs and the rows have not.
    reasons : Series of str
        Why it cannot predict a row; empty if it can.
    answers : DataFrame
        Of the rows that it can predict: the probability of the class to be found, or of each; the
        quantity; or the cluster.
    rows : DataFrame
        Of those whose truth is known as well: the features as the model takes them.
    truth : Series of float
        Of the same rows: the number of the class, or the quantity.
    losses : Series of float
        Of the same rows: squared error of the probabilities (Brier), 0 to 1; or absolute error.
    """

    features: pd.DataFrame
    missing: tuple[str, ...]
    reasons: pd.Series
    answers: pd.DataFrame
    rows: pd.DataFrame
    truth: pd.Series
    losses: pd.Series


def in_use(model: str) -> InUse:
    """Return the model in use.

    Parameters
    ----------
    model : str
        Path of ``models/NAME.yaml``, whose champion is meant, or of a model's folder; or
        ``run:CONFIG/RUN/model``.

    Raises
    ------
    DataError
        If there is no such model, or it is refused. If ``models/NAME.yaml`` does not exist
        or names no champion, there is none in use yet, which is no error.
    """
    path = locate(model) if is_artifact(model) else find_root(Path.cwd()) / model
    folder = folder_of(path)
    if folder is None:
        return InUse(None, pd.DataFrame(), Profile({}))
    loaded, held_out, profile = load_model(folder), pd.DataFrame(), Profile({})
    files = loaded.description.files
    if HELD_OUT in files:
        held_out = pd.read_parquet(checked(folder, HELD_OUT, loaded.description))
    if PROFILE in files:
        profile = read_profile(pd.read_csv(checked(folder, PROFILE, loaded.description)))
    return InUse(loaded, held_out, profile)


def _comparable(columns: tuple[Column, ...], features: Features, missing: Any) -> pd.DataFrame:
    """Return features whose distribution can be compared with that of the training rows."""
    made = {}
    for column in columns:
        if column.kind == "date" or column.name in missing:
            continue  # later rows have later dates
        values = features.frame[column.name]
        strange = features.reasons.str.contains(f"column {column.name!r}: unknown", regex=False)
        made[column.name] = (
            values.astype(object).mask(strange, "unknown") if column.levels else values
        )
    return pd.DataFrame(made)


def _answers(description: Description | None, scores: NDArray[Any]) -> pd.DataFrame:
    if description is None:
        return pd.DataFrame()
    names = description.classes
    if len(names) == 2:
        return pd.DataFrame({f"probability of {names[1]}": scores[:, 1] if len(scores) else []})
    if names:
        named = [f"probability of {name}" for name in names]
        return pd.DataFrame(scores.reshape(-1, len(names)), columns=named)
    if description.task == "clustering":
        return pd.DataFrame({"cluster": scores.reshape(-1).astype(int).astype(str)})
    return pd.DataFrame({f"predicted {description.target}": scores.reshape(-1)})


def _truth(description: Description, frame: pd.DataFrame, target: str) -> pd.Series:
    """Return the truth in the numbers of the model's classes, or its unit; missing if unknown."""
    name = target or description.target
    if name not in frame and (split := _condition(name, list(map(str, frame)))):
        column, condition = split
        asked = Criterion.parse(column, condition)
        values = pd.to_numeric(frame[column], errors="coerce")
        return values.between(asked.low, asked.high).astype(float).where(values.notna())
    if not name or name not in frame:
        return pd.Series(np.nan, frame.index)
    if not description.classes:
        return pd.to_numeric(frame[name], errors="coerce").astype(float)
    classes = [Column(name, "category", description.classes)]
    read = features_of(classes, frame[[name]].reset_index(drop=True)).frame[name]
    codes = pd.Index(description.classes, dtype=object).get_indexer(pd.Index(read, dtype=object))
    return pd.Series(codes, frame.index, dtype=float).where(frame[name].notna())


def _condition(target: str, columns: list[str]) -> tuple[str, str] | None:
    """Return the column and the condition of a target such as ``delay > 15``."""
    parts = [(name, target[len(name) :].strip()) for name in columns if target.startswith(name)]
    return next((part for part in parts if part[1][:1] in ("<", ">")), None)


def losses_of(description: Description, truth: pd.Series, scores: NDArray[Any]) -> pd.Series:
    """Return the loss of each row.

    Parameters
    ----------
    description : Description
    truth : Series of float
        Number of the class, or quantity.
    scores : ndarray
        Probabilities, shape (n, classes), or quantities, shape (n,).
    """
    if not description.classes:
        return pd.Series(np.abs(truth.to_numpy() - scores.reshape(-1)), truth.index)
    # Half the sum over classes: (p - y)² of two. A class that the model does not know is last.
    places = truth.to_numpy(int)
    chances = np.column_stack([scores, np.zeros(len(scores))])
    chances[np.arange(len(places)), places] -= 1
    return pd.Series((chances**2).sum(axis=1) / 2, truth.index)
