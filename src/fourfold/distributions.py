"""The distributions of a table's columns as counts, small enough to keep until the next run."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_datetime64_any_dtype, is_numeric_dtype

from fourfold.errors import DataError
from fourfold.features import frequencies, plain

#: A number is divided into so many bins, with about as many rows each.
BINS = 10
#: The most frequent values have a bin each; the rest share one.
VALUES = 20
_TABLE = ("column", "type", "kind", "bin", "up_to", "rows")
OTHER, MISSING = "other", "missing"


@dataclass(frozen=True)
class Column:
    """How often each kind of value stands in a column.

    Attributes
    ----------
    type : str
        Type of the values, such as ``int64``.
    kind : str
        ``number``, whose bins end with `edges`, or ``value``.
    edges : tuple of float
        Upper ends, inclusive, of all bins of a number but the last.
    words : tuple of str
        The values that have a bin each.
    rows : tuple of int
        Rows of each bin; then, for values, of all others; and of the missing.
    """

    type: str
    kind: str
    edges: tuple[float, ...]
    words: tuple[str, ...]
    rows: tuple[int, ...]

    @property
    def missing(self) -> float:
        """Return the share of missing values, 0 to 1."""
        return self.rows[-1] / max(1, sum(self.rows))


@dataclass(frozen=True)
class Profile:
    """What a table looked like: one `Column` for each of its columns."""

    columns: dict[str, Column]

    @property
    def rows(self) -> int:
        """Return the rows of the table."""
        return max((sum(column.rows) for column in self.columns.values()), default=0)

    def table(self) -> pd.DataFrame:
        """Return the profile as a table of bins, to be kept until the next run."""
        lines = []
        for name, column in self.columns.items():
            ends: list[float] = [*column.edges, np.inf] if column.kind == "number" else []
            # Quoted, so that no reader of the file takes the word NA for a missing value.
            labels = [*(f"bin {n}" for n in range(len(ends))), *map(json.dumps, column.words)]
            labels += [OTHER] * (column.kind == "value")
            ends += [np.nan] * (len(labels) + 1 - len(ends))
            for bin_, end, rows in zip([*labels, MISSING], ends, column.rows, strict=True):
                lines.append((name, column.type, column.kind, bin_, end, rows))
        return pd.DataFrame(lines, columns=list(_TABLE))


def profile(frame: pd.DataFrame, leave_out: Sequence[str] = ()) -> Profile:
    """Return what a table looks like; dates are left out, since they change by themselves.

    Parameters
    ----------
    frame : DataFrame
        One row is one thing.
    leave_out : sequence of str
        Columns to leave out, such as the one that tells the period.

    Examples
    --------
    >>> found = profile(pd.DataFrame({"sex": ["f", "m", "f", None]}))
    >>> found.columns["sex"].words, found.columns["sex"].rows
    (('f', 'm'), (2, 1, 0, 1))
    """
    used = [n for n in frame if n not in leave_out and not is_datetime64_any_dtype(frame[n])]
    return Profile({str(name): _column(frame[name]) for name in used})


def _column(column: pd.Series) -> Column:
    if is_numeric_dtype(column) and not is_bool_dtype(column):
        values = column.dropna().to_numpy(float)
        steps = np.linspace(0, 1, BINS + 1)[1:-1]
        known = len(values) > 0
        edges = np.unique(np.quantile(values, steps, method="inverted_cdf")) if known else values
        # The last bin holds what is larger; an edge at the largest value would leave it empty.
        inner = tuple(float(edge) for edge in edges if edge < values.max())
        shape = Column(str(column.dtype), "number", inner, (), ())
    else:
        common = tuple(map(str, frequencies(column).index[:VALUES]))
        shape = Column(str(column.dtype), "value", (), common, ())
    return Column(shape.type, shape.kind, shape.edges, shape.words, tuple(count(shape, column)))


def count(shape: Column, column: pd.Series) -> list[int]:
    """Return the rows of a column in the bins of another time."""
    missing = column.isna().to_numpy()
    if shape.kind == "number":
        values = pd.to_numeric(column[~missing], errors="coerce").to_numpy(float)
        places = np.searchsorted(shape.edges, values, side="left").astype(int)
        size = len(shape.edges) + 1
    else:
        place = {value: n for n, value in enumerate(shape.words)}
        size = len(place) + 1
        words = plain(column)[~missing].astype(str)
        places = words.map(place).fillna(size - 1).to_numpy(int)
    return [*map(int, np.bincount(places, minlength=size)), int(missing.sum())]


def read_profile(table: pd.DataFrame) -> Profile:
    """Return the profile that `Profile.table` wrote.

    Raises
    ------
    DataError
        If the table is none.
    """
    if missing := [name for name in _TABLE if name not in table]:
        raise DataError(
            f"last_profile: expected the columns {', '.join(_TABLE)}, as a run saves them in "
            f"profile.csv; got none named {missing[0]!r}"
        )
    found = {}
    for name, part in table.groupby("column", sort=False):
        kind, rows = str(part["kind"].iloc[0]), tuple(part["rows"].astype(int))
        edges = part["up_to"][np.isfinite(part["up_to"].astype(float))]
        words = part["bin"].iloc[:-2] if kind == "value" else part["bin"].iloc[:0]
        shape = (tuple(edges.astype(float)), tuple(map(json.loads, words)), rows)
        found[str(name)] = Column(str(part["type"].iloc[0]), kind, *shape)
    return Profile(found)
