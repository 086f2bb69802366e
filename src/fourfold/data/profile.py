"""The distributions of a table's columns as counts, small enough to keep until the next run."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from zlib import crc32

import numpy as np
import pandas as pd
from pandas.api.types import is_bool_dtype, is_datetime64_any_dtype, is_numeric_dtype

from fourfold.errors import DataError

#: A number is divided into so many bins, with about as many rows each.
BINS = 10
#: Values beyond so many are not kept one by one, but spread over buckets by a checksum. To keep
#: the most frequent ones would not do: a value that is frequent by luck is rarer the next time.
MOST_VALUES, BUCKETS = 1000, 20
_TABLE = ("column", "type", "kind", "bin", "up_to", "rows")
_MISSING = "missing"


@dataclass(frozen=True)
class Column:
    """How often each kind of value stands in a column.

    Attributes
    ----------
    type : str
        Type of the values, such as ``int64``.
    kind : str
        ``number``, whose bins end with `edges`; ``value``, one bin for each of `words`; or
        ``bucket``, where there are too many of them.
    edges : tuple of float
        Upper ends, inclusive, of all bins of a number but the last.
    words : tuple of str
        The values; empty for other kinds.
    rows : tuple of int
        Rows of each bin, and of the missing.
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
            # Quoted, so that no reader of the file takes the word NA for a missing value.
            bins = [json.dumps(word) for word in column.words]
            bins = bins or [f"bin {n}" for n in range(len(column.rows) - 1)]
            ends = [*column.edges, *[np.inf] * (len(column.rows) - len(column.edges))]
            for bin_, end, rows in zip([*bins, _MISSING], ends, column.rows, strict=True):
                lines.append((name, column.type, column.kind, bin_, end, rows))
        return pd.DataFrame(lines, columns=list(_TABLE))


def profile_columns(frame: pd.DataFrame, leave_out: Sequence[str] = ()) -> Profile:
    """Return what a table looks like; dates are left out, since they change by themselves.

    Parameters
    ----------
    frame : DataFrame
        One row is one thing.
    leave_out : sequence of str
        Columns to leave out, such as the one that tells the period.

    Examples
    --------
    >>> sex = profile_columns(pd.DataFrame({"sex": ["f", "m", "f", None]})).columns["sex"]
    >>> sex.words, sex.rows
    (('f', 'm'), (2, 1, 1))
    """
    used = [n for n in frame if n not in leave_out and not is_datetime64_any_dtype(frame[n])]
    return Profile({str(name): _column(frame[name]) for name in used})


def _column(column: pd.Series) -> Column:
    if is_numeric_dtype(column) and not is_bool_dtype(column):
        values = column.dropna().to_numpy(float)
        steps = np.arange(1, BINS) / BINS
        known = len(values) > 0
        edges = np.unique(np.quantile(values, steps, method="inverted_cdf")) if known else values
        # The last bin holds what is larger; an edge at the largest value would leave it empty.
        inner = tuple(float(edge) for edge in edges if edge < values.max())
        if known and values.min() == values.max():  # a bin of its own, or another value is in it
            only = float(values[0])
            inner = (only - 1e-9 * max(1.0, abs(only)), only)
        shape = Column(str(column.dtype), "number", inner, (), ())
        return replace(shape, rows=count(shape, column))
    counts = frequencies(column)
    words, rows = tuple(map(str, counts.index)), (*map(int, counts), int(column.isna().sum()))
    whole = Column(str(column.dtype), "value", (), words, rows)
    return whole if len(words) <= MOST_VALUES else bucketed(whole)


def plain(column: pd.Series) -> pd.Series:
    """Return a column whose values can be compared: lists and mappings as text."""
    if column.dtype == object and any(isinstance(v, list | dict | set) for v in column):
        return column.where(column.isna(), column.map(str))
    return column


def frequencies(column: pd.Series) -> pd.Series:
    """Return how many rows have each value, the most frequent first, of ties the first to come.

    Examples
    --------
    >>> frequencies(pd.Series(["b", "a", "c", "a", "c"])).index.tolist()
    ['a', 'c', 'b']
    """
    # pandas before 3 sorts the counts with an order of ties that is nobody's.
    counts = plain(column).value_counts(sort=False)
    return counts.sort_values(ascending=False, kind="stable")


def count(shape: Column, column: pd.Series) -> tuple[int, ...]:
    """Return the rows of numbers in the bins of another time, and of the missing."""
    values = pd.to_numeric(column, errors="coerce").to_numpy(float)
    known = values[~np.isnan(values)]
    places = np.searchsorted(shape.edges, known, side="left").astype(int)
    rows = np.bincount(places, minlength=len(shape.edges) + 1)
    return (*map(int, rows), len(values) - len(known))


def bucketed(column: Column) -> Column:
    """Return a column of values with these in buckets, the same in every run."""
    if column.kind == "bucket":
        return column
    rows = [0] * BUCKETS
    for word, number in zip(column.words, column.rows, strict=False):
        rows[crc32(word.encode()) % BUCKETS] += number
    return Column(column.type, "bucket", (), (), (*rows, column.rows[-1]))


def aligned(before: Column, now: Column) -> tuple[list[int], list[int], list[str]]:
    """Return the rows of two columns of values in the same bins, the missing last, and the bins."""
    if before.kind != now.kind:
        before, now = bucketed(before), bucketed(now)
    if before.kind == "bucket":
        return list(before.rows), list(now.rows), [f"bucket {n}" for n in range(BUCKETS)]
    # In an order that has nothing to do with time, since rare words are put together in it.
    words = sorted({*before.words, *now.words}, key=lambda word: (crc32(word.encode()), word))
    old, new = (dict(zip(each.words, each.rows, strict=False)) for each in (before, now))
    first, second = ([each.get(word, 0) for word in words] for each in (old, new))
    return [*first, before.rows[-1]], [*second, now.rows[-1]], words


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
    columns = {}
    for name, part in table.groupby("column", sort=False):
        kind, rows = str(part["kind"].iloc[0]), tuple(map(int, part["rows"]))
        edges = part["up_to"].astype(float)
        words = map(json.loads, part["bin"].iloc[:-1] if kind == "value" else [])
        shape = (tuple(edges[np.isfinite(edges)]), tuple(words), rows)
        columns[str(name)] = Column(str(part["type"].iloc[0]), kind, *shape)
    return Profile(columns)
