"""Which rows learn and which judge: drawn at random, by group, or forward in time."""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import is_datetime64_any_dtype, is_numeric_dtype
from scipy.stats import t as student
from sklearn.base import clone
from sklearn.model_selection import StratifiedGroupKFold, cross_val_predict, train_test_split

from fourfold.errors import DataError
from fourfold.methods.columns import plain, require
from fourfold.methods.intervals import Interval
from fourfold.methods.supervised.evaluation import Task, hold_out, splits
from fourfold.records.formatting import short

Pair = tuple[NDArray[np.intp], NDArray[np.intp]]
#: Draws of groups before it is said that no draw has each class on both sides.
_TRIES = 20
#: Parts without which a figure is computed once more, for its interval.
_JACKKNIFE = 30


@dataclass(frozen=True)
class Sides:
    """How rows are divided into those that learn and those that judge.

    Attributes
    ----------
    name : str
        Of the column that divides them; empty: at random.
    groups : Series, optional
        Rows of one value are on one side. Its index holds that of all rows.
    time : Series, optional
        Rows of later values judge what was learnt from earlier ones.
    copies : Series, optional
        Rows of one value are copies of each other (`twins`), and on one side of a draw.
    """

    name: str = ""
    groups: pd.Series | None = None
    time: pd.Series | None = None
    copies: pd.Series | None = None

    @property
    def words(self) -> str:
        """Return how the rows are divided."""
        if self.groups is not None:
            return f"rows of one {short(self.name)} are on one side"
        return f"later rows judge, by {short(self.name)}" if self.name else "drawn at random"

    def hold_out(
        self, kind: Task, frame: pd.DataFrame, goal: pd.Series, share: float, seed: int
    ) -> list[Any]:
        """Return features to learn from, features held out, and the goals of both.

        Parameters
        ----------
        kind : {'classification', 'regression'}
            Of classes, each side has the same shares, as far as groups allow.
        frame, goal : DataFrame and Series, n rows
        share : float
            Of the rows to hold out; whole groups and times come near to it.
        seed : int

        Raises
        ------
        DataError
            If the groups or times do not divide the rows so that each side has each class.
        """
        if self.groups is not None:
            learn, test = self._by_group(kind, goal, max(2, round(1 / share)), seed)[0]
        elif self.time is not None:
            places = self._places(goal)
            ends = np.unique(places)[1:]
            off = [abs(float((places >= end).mean()) - share) for end in ends]
            learn, test = _before(places, ends[int(np.argmin(off))] if len(ends) else 0)
            self._each_class(kind, goal, [(learn, test)])
        else:
            strata = goal if kind == "classification" else None
            options = {"test_size": share, "random_state": seed, "stratify": strata}
            if self.copies is not None:
                return list(hold_out(frame, goal, share, seed, self.copies))
            return list(train_test_split(frame, goal, **options))
        return [side.iloc[part] for side in (frame, goal) for part in (learn, test)]

    def folds(self, kind: Task, goal: pd.Series, folds: int, repeats: int, seed: int) -> Any:
        """Return a cross-validation for these rows, as scikit-learn takes one.

        In time, each of `folds` steps through the second half of the rows is predicted from all
        rows before it, once.

        Parameters
        ----------
        kind : {'classification', 'regression'}
        goal : Series, n rows
        folds, repeats, seed : int
            As for `splits`.

        Raises
        ------
        DataError
            As `hold_out`.
        """
        if self.groups is not None:
            seeds = range(seed, seed + max(1, repeats))
            return [pair for each in seeds for pair in self._by_group(kind, goal, folds, each)]
        if self.time is None:
            return splits(kind, folds, repeats, seed, self.copies)
        places = self._places(goal)
        order = np.sort(places)
        starts = np.unique(order[[len(order) * (folds + n) // (2 * folds) for n in range(folds)]])
        pairs = []
        for start, end in zip(starts, [*starts[1:], places.max() + 1], strict=True):
            learn, later = _before(places, start)
            pairs.append((learn, later[places[later] < end]))
        return self._each_class(kind, goal, pairs)

    def once(self, kind: Task, goal: pd.Series, folds: int, seed: int) -> Any:
        """Return a cross-validation in which no row is predicted twice.

        Parameters
        ----------
        kind, goal, folds, seed
            As for `folds`.
        """
        return self.folds(kind, goal, folds, 0, seed)

    def unseen(
        self, model: Any, frame: pd.DataFrame, goal: pd.Series, cv: Any, method: str = "predict"
    ) -> tuple[pd.Series, Any]:
        """Return the goals of the rows that a fold predicts, and what it predicts.

        Parameters
        ----------
        model : Pipeline
            Not fitted; it is copied.
        frame, goal : DataFrame and Series, n rows
        cv : cross-validation
            As `once` returns it.
        method : {'predict', 'predict_proba'}
        """
        if self.time is None:
            return goal, cross_val_predict(model, frame, goal, cv=cv, method=method)
        parts = []
        for learn, test in cv:
            fitted = clone(model).fit(frame.iloc[learn], goal.iloc[learn])
            parts.append(getattr(fitted, method)(frame.iloc[test]))
        return goal.iloc[np.concatenate([test for _, test in cv])], np.concatenate(parts)

    def interval(
        self, measure: Callable[..., Interval], rows: pd.Index, *values: Any, top: float = np.inf
    ) -> Interval:
        """Return a figure of rows held out, with an interval that counts groups, not rows.

        Without groups it is what `measure` returns. With them, its interval is widened to that
        of the jackknife over groups: a hundred rows of one patient are one patient.

        Parameters
        ----------
        measure : callable
            Returns an `Interval` from some values.
        rows : Index, length n
        *values : Series, DataFrame or array, n rows
        top : float
            Highest value that the figure can have.

        Notes
        -----
        Grouped jackknife: Shao & Tu (1995), The Jackknife and Bootstrap, section 2.3.
        """
        whole = measure(*values)
        if self.groups is None:
            return whole
        codes = pd.factorize(self.groups.loc[rows].astype(str))[0] % _JACKKNIFE
        parts = [codes != code for code in range(int(codes.max()) + 1)]
        half = np.inf
        with suppress(DataError):  # a class that one part alone has: anything may be
            without = [measure(*(each[part] for each in values)).value for part in parts]
            squares = float(((np.asarray(without) - np.mean(without)) ** 2).sum())
            error = np.sqrt((len(parts) - 1) / len(parts) * squares)
            half = float(student.ppf(0.975, len(parts) - 1) * error) if len(parts) > 1 else np.inf
        low, high = min(whole.low, whole.value - half), max(whole.high, whole.value + half)
        return Interval(whole.value, low, min(high, max(top, whole.high)))

    def _places(self, goal: pd.Series) -> NDArray[np.intp]:
        """Return the place of each row in time, from 0; rows without a time come first."""
        assert self.time is not None
        return np.asarray(self.time.loc[goal.index].rank(method="dense").fillna(0).astype(int))

    def _by_group(self, kind: Task, goal: pd.Series, folds: int, seed: int) -> list[Pair]:
        assert self.groups is not None
        groups = self.groups.loc[goal.index]
        codes = pd.factorize(groups.astype(str))[0]
        if codes.max(initial=0) + 1 < folds:
            raise DataError(
                f"groups: expected at least {folds} different values in {self.name!r} for as many "
                f"parts, got {codes.max(initial=-1) + 1}; take fewer folds or another column"
            )
        strata = goal.to_numpy() if kind == "classification" else np.zeros(len(goal))
        for draw in range(_TRIES):
            cv = StratifiedGroupKFold(folds, shuffle=True, random_state=seed + 1000 * draw)
            pairs = list(cv.split(goal.to_numpy(), strata, codes))
            if draw + 1 == _TRIES:
                self._each_class(kind, goal, pairs)
            if all(not _lacking(kind, goal, part) for pair in pairs for part in pair):
                break
        return pairs

    def _each_class(self, kind: Task, goal: pd.Series, pairs: list[Pair]) -> list[Pair]:
        """Return the pairs that have each class on both sides, of which there must be one."""
        whole = [p for p in pairs if not any(_lacking(kind, goal, part) for part in p)]
        # A step in time may be left out; a group is in one part of each division.
        enough = len(pairs) if self.groups is not None else min(2, len(pairs))
        if whole and len(whole) >= enough:
            return whole
        lacking = next(filter(None, (_lacking(kind, goal, p) for pair in pairs for p in pair)), "")
        by = "groups" if self.groups is not None else "time"
        got = f"a side without {lacking}" if lacking else "one division"
        raise DataError(
            f"{by} {self.name!r}: expected each class on both sides of every division, "
            f"got {got}; take fewer folds or another column"
        )


RANDOM = Sides()


def sides(
    frame: pd.DataFrame, groups: str = "", time: str = "", copies: pd.Series | None = None
) -> Sides:
    """Return how the rows of a table are divided.

    Parameters
    ----------
    frame : DataFrame
    groups : str
        Column whose values are whole on one side, such as a patient; empty: none.
    time : str
        Column of dates or numbers; later rows judge. Not with `groups`.
    copies : Series, optional
        As `twins` returns it: copies of one row stay together in what is drawn at random.

    Raises
    ------
    DataError
        If a column does not exist, cannot order rows, or both are named.

    Examples
    --------
    >>> frame = pd.DataFrame({"patient": ["a", "a", "b", "b"], "x": range(4)})
    >>> sides(frame, groups="patient").words
    'rows of one patient are on one side'
    """
    if groups and time:
        raise DataError(f"expected groups or time, got both: {groups!r} and {time!r}")
    if groups:
        require(frame, [groups], "groups")
        return Sides(groups, groups=plain(frame[groups]))
    if time:
        require(frame, [time], "time")
        column = frame[time]
        if not (is_numeric_dtype(column) or is_datetime64_any_dtype(column)):
            got = str(next(iter(column.dropna()), "nothing"))[:40]
            raise DataError(f"time: expected dates or numbers in {time!r}, got {got!r}")
        return Sides(time, time=column)
    return Sides(copies=copies)


def _before(places: NDArray[np.intp], start: int) -> Pair:
    return np.flatnonzero(places < start), np.flatnonzero(places >= start)


def _lacking(kind: Task, goal: pd.Series, part: NDArray[np.intp]) -> str:
    """Return the first class that some rows lack; `rows` if there are none; empty: none."""
    if not len(part):
        return "rows"
    if kind == "regression":
        return ""
    missing = set(goal.unique()) - set(goal.iloc[part].unique())
    return f"class {min(map(str, missing))!r}" if missing else ""
