"""What a model takes: its columns with kinds and levels, and how rows become features."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from fourfold.data.yamlfile import strict
from fourfold.errors import DataError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd

MISSING = "missing"
_TRUTHS = {"true": 1.0, "false": 0.0, "1": 1.0, "0": 0.0, "1.0": 1.0, "0.0": 0.0}
#: Ends of a column that a probe and a card name; the smallest value would be somebody's own.
_ENDS = (0.05, 0.5, 0.95)


@strict
@dataclass(frozen=True)
class Column:
    """One column that a model takes.

    Attributes
    ----------
    kind : str
        ``number``, ``yes/no``, ``date`` or ``category``.
    levels : tuple of str
        Of a category: every value that the table of the run had.
    origin : str
        Of a date: the day that counts as 0, as ISO 8601.
    ends : tuple of float
        Of all but categories: the 5th, 50th and 95th percentile of the feature in training rows.
    """

    name: str
    kind: str
    levels: tuple[str, ...] = ()
    origin: str = ""
    ends: tuple[float, ...] = ()


def problem_of(column: Column) -> str:
    """Return what is wrong with the description of a column; empty if nothing is."""
    if column.kind not in _READERS:
        return f"columns: {column.name!r} has no kind that Fourfold knows: {column.kind!r}"
    if column.kind != "category" and len(column.ends) != len(_ENDS):
        return f"columns: {column.name!r} has {len(column.ends)} ends, not {len(_ENDS)}"
    if column.kind == "date":
        try:
            datetime.fromisoformat(column.origin)
        except ValueError:
            return f"columns: {column.name!r} has no date as origin: {column.origin!r}"
    return ""


@dataclass(frozen=True)
class Unknown:
    """A value of a category that the model has never seen."""

    row: int
    column: str
    value: str
    near: str

    def __str__(self) -> str:
        """Return what is wrong, without the file."""
        return f"column {self.column!r}: unknown level {self.value!r}.{self.near}"


@dataclass(frozen=True)
class Features:
    """Features of some rows, in the order of the rows.

    Attributes
    ----------
    frame : DataFrame
        As the model was fitted on: numbers as floats, categories as text; same index as given.
    reasons : Series of str
        Why a row cannot be used; empty for those that can.
    unknown : list of Unknown
        The first row of each level that is not known; these rows have a reason too.
    """

    frame: pd.DataFrame
    reasons: pd.Series
    unknown: list[Unknown]


def columns_of(
    frame: pd.DataFrame, kinds: Mapping[str, str], origins: Mapping[str, Any]
) -> tuple[Column, ...]:
    """Return the columns of features, as `fourfold.columns.select` or a table of numbers has them.

    Parameters
    ----------
    frame : DataFrame
        The features: numbers, or text for categories.
    kinds : mapping of column to kind
        Without one, a column is a number.
    origins : mapping of column to Timestamp
        The first date of each column of dates.
    """

    def column(name: str) -> Column:
        kind, values = kinds.get(name, "number"), frame[name]
        if kind == "category":
            return Column(name, kind, tuple(sorted(map(str, values.dropna().unique()))))
        origin = origins[name].isoformat() if kind == "date" else ""
        ends = values.quantile(list(_ENDS)).fillna(0.0).tolist()
        return Column(name, kind, (), origin, tuple(map(float, ends)))

    return tuple(column(str(name)) for name in frame)


def check_columns(columns: Sequence[Column], frame: pd.DataFrame, source: str) -> None:
    """Check that a table has the columns of a model.

    Parameters
    ----------
    columns : sequence of Column
    frame : DataFrame
    source : str
        Name of the table, for the message.

    Raises
    ------
    DataError
        Naming every column that is missing, with the nearest one that is there.
    """
    names = [str(name) for name in frame.columns]
    spare = [name for name in names if name not in {column.name for column in columns}]
    missing = [
        f"{source}: expected a column {column.name!r} ({column.kind}), got none of this name."
        + did_you_mean(column.name, spare)
        for column in columns
        if column.name not in names
    ]
    if missing:
        raise DataError("\n".join(missing))


def features_of(columns: Sequence[Column], frame: pd.DataFrame, complete: bool = False) -> Features:
    """Return the features of rows, prepared as those that the model was fitted on.

    Parameters
    ----------
    columns : sequence of Column
    frame : DataFrame
        New rows, which have the columns.
    complete : bool
        Whether a row needs a value in each column, as distances do.
    """
    import pandas as pd

    reasons = pd.Series("", index=frame.index, dtype=object)
    made: dict[str, pd.Series] = {}
    unknown: list[Unknown] = []
    for column in columns:
        values = frame[column.name]
        made[column.name], strange = _READERS[column.kind](values, column)
        for where, reason in _reasons(values, strange, column, unknown):
            reasons.loc[where] += reason
        if complete:
            gone = values.isna()
            reasons[gone] += (
                f"column {column.name!r}: expected {_EXPECTED[column.kind]}, got none; "
            )
    wrong = reasons != ""
    reasons[wrong] = reasons[wrong].str.rstrip("; ")
    return Features(pd.DataFrame(made, index=frame.index), reasons, unknown)


def probe(columns: Sequence[Column], rows: int = 12) -> pd.DataFrame:
    """Return made-up features, the same each time: no row of anybody's data.

    They are predicted when a model is kept and when it is loaded, which must give the same.
    """
    import numpy as np
    import pandas as pd

    rng, made = np.random.default_rng(0), {}
    for column in columns:
        choices: Any = column.levels or column.ends
        drawn = [choices[place] for place in rng.integers(0, max(1, len(choices)), rows)]
        made[column.name] = pd.Series(drawn, dtype=object if column.levels else float)
    return pd.DataFrame(made)


def _reasons(
    values: pd.Series, wrong: pd.Series, column: Column, unknown: list[Unknown]
) -> Iterator[tuple[pd.Index, str]]:
    for value, rows in values[wrong].groupby(values[wrong].map(str)).groups.items():
        if column.kind == "category":
            near = did_you_mean(value, column.levels)
            first = Unknown(int(rows[0]), column.name, str(value), near)
            unknown.append(first)
            yield rows, f"{first}; "
        else:
            yield (
                rows,
                f"column {column.name!r}: expected {_EXPECTED[column.kind]}, got {value!r}; ",
            )


_EXPECTED = {"number": "a number", "yes/no": "yes or no (true, false, 1 or 0)", "date": "a date"}


def _number(values: pd.Series, column: Column) -> tuple[pd.Series, pd.Series]:
    import numpy as np
    import pandas as pd

    read = pd.to_numeric(values, errors="coerce").astype(float)
    return read.replace([np.inf, -np.inf], np.nan), read.isna() & values.notna()


def _truth(values: pd.Series, column: Column) -> tuple[pd.Series, pd.Series]:
    from pandas.api.types import is_bool_dtype

    if is_bool_dtype(values) and not values.hasnans:
        return values.astype(float), values.isna()
    texts = values.astype(object).map(lambda value: str(value).lower(), na_action="ignore")
    read = texts.map(_TRUTHS).astype(float)
    return read, read.isna() & values.notna()


def _date(values: pd.Series, column: Column) -> tuple[pd.Series, pd.Series]:
    import pandas as pd

    origin = pd.Timestamp(column.origin)
    read = pd.to_datetime(values, errors="coerce", utc=origin.tzinfo is not None)
    if origin.tzinfo is None and getattr(read.dt, "tz", None) is not None:
        read = read.dt.tz_localize(None)
    return (read - origin) / pd.Timedelta(days=1), read.isna() & values.notna()


def _category(values: pd.Series, column: Column) -> tuple[pd.Series, pd.Series]:
    import numpy as np
    import pandas as pd
    from pandas.api.types import is_float_dtype

    there = values.notna()
    if is_float_dtype(values) and (values[there] % 1 == 0).all():
        values = values.astype("Int64")  # a code, of which some are missing
    text = values.astype(object)
    if values.dtype != "str" and not all(isinstance(value, str) for value in text[there]):
        text = text.where(~there, text.map(str))
    codes = pd.Index(column.levels, dtype=object).get_indexer(pd.Index(text))
    levels = np.array([*column.levels, np.nan], dtype=object)
    return pd.Series(levels[codes], index=values.index), pd.Series(codes < 0, values.index) & there


_READERS = {"number": _number, "yes/no": _truth, "date": _date, "category": _category}
