"""What columns of text mean: numbers with groups, marks and units, and dates."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from math import nan
from typing import TYPE_CHECKING, Any

from fourfold.data import quantities
from fourfold.data.dates import HEAD, as_dates, as_days, as_hours, may_be_days

if TYPE_CHECKING:
    import pandas as pd

#: Attribute of a frame: for columns whose values are not as they were written, what was done.
READ = "read"
#: Attribute of a frame: units that were written beside the numbers, by column.
UNITS = "units"
#: What stands in a column of numbers or dates where there is none; in lower case.
MARKS = frozenset(
    re.split(
        r"\s",
        "? ?? - -- --- . .. ... … – — * n/a na n.a. n.a n/d k.a. k.a nil none null nan missing "
        "unknown unbekannt #n/a #na #null! #div/0! #value! <na> (null) ",
    )
)
#: More different marks are no marks; at least this share of the values must be what is meant.
_MOST_MARKS, _MEANT = 3, 0.5


def named(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with column names that are text and differ: ``a``, ``a.1``, ``a.2``.

    Examples
    --------
    >>> import pandas as pd
    >>> named(pd.DataFrame([[1, 2, 3]], columns=["a", "a", 7])).columns.tolist()
    ['a', 'a.1', '7']
    """
    names: dict[str, None] = {}
    for name in map(str, frame.columns):
        free = (f"{name}.{n}" if n else name for n in range(len(frame.columns) + 1))
        names[next(each for each in free if each not in names)] = None
    return frame.set_axis(list(names), axis=1)


def with_columns(frame: pd.DataFrame, columns: Mapping[Any, Any]) -> pd.DataFrame:
    """Return the frame with columns of any name replaced or added; `assign` takes no ``self``."""
    made = frame.copy(deep=False)
    for name, column in columns.items():
        made[name] = column
    return made


def typed(frame: pd.DataFrame, decimal: str = ".") -> pd.DataFrame:
    """Return the frame with columns of text as the numbers and dates that they are.

    A column is converted only where every value is one, but for marks of missing values (``?``,
    ``-``, ``n/a``), of which there are few kinds. Numbers: as `quantities.parsed` reads them.
    Dates: in ISO form, ``31.12.2024``, ``Jan 1 2019``, ``20240131`` and the like, also with hours.
    Slashes may mean day/month or month/day: where both fit, the column stays text. Times of day
    are hours. What was done
    is in ``frame.attrs["read"]``, and units are in ``frame.attrs["units"]``.

    Parameters
    ----------
    frame : DataFrame
        Names of columns differ.
    decimal : {'.', ','}
        The mark before decimals, where a column itself does not tell it.
    """
    columns: dict[Any, Any] = {}
    notes: dict[str, str] = dict(frame.attrs.get(READ, {}))
    units: dict[str, str] = dict(frame.attrs.get(UNITS, {}))
    for name, texts in _texts(frame):
        if (plain := as_dates(texts)) is not None:
            columns[name] = plain.reindex(frame.index)
            continue
        values, marks = _without_marks(texts)
        if values is None:
            continue
        if (dates := as_dates(values)) is not None:
            columns[name] = dates.reindex(frame.index)
        elif (hours := as_hours(values)) is not None:
            columns[name], units[str(name)] = hours.reindex(frame.index), "h"
            notes[str(name)] = "times of day are read as hours"
        elif (quantity := quantities.parsed(values, decimal)) is not None:
            columns[name] = quantity.numbers.reindex(frame.index)
            if quantity.unit:
                units[str(name)] = quantity.unit
            if quantity.note:
                notes[str(name)] = quantity.note
        else:
            continue
        if marks:
            counts = ", ".join(
                f"{mark!r} in {n:,}" if mark else f"blanks in {n:,}" for mark, n in marks.items()
            )
            note = f"read as missing: {counts} row{'s' * (sum(marks.values()) != 1)}"
            notes[str(name)] = "; ".join(filter(None, [notes.get(str(name), ""), note]))
    numbers = frame.loc[:, [dtype.kind in "iuf" for dtype in frame.dtypes]]
    ends = (numbers.agg(end).to_numpy(float, na_value=nan) for end in ("min", "max"))
    for name in numbers.columns[may_be_days(*ends)]:  # each by itself takes its time
        if (days := as_days(frame[name])) is not None:
            columns[name] = days
    made = with_columns(frame, {str(name): column for name, column in columns.items()})
    made.attrs = {
        **frame.attrs,
        **({READ: notes} if notes else {}),
        **({UNITS: units} if units else {}),
    }
    return made


def _without_marks(texts: pd.Series) -> tuple[pd.Series | None, dict[str, int]]:
    """Return the values without marks of missing ones, and the marks; None if they are others."""
    head = texts.head(HEAD).str.strip()
    plausible = head.str.contains(r"\d", regex=True) | head.str.lower().isin(MARKS)
    if not plausible.all():
        return None, {}
    values = texts.str.strip()
    marked = ~values.str.contains(r"\d", regex=True) | values.str.lower().isin(MARKS)
    if not marked.any():
        return values, {}
    counts = values[marked].value_counts()
    known = len(counts) <= _MOST_MARKS and counts.index.str.lower().isin(MARKS).all()
    if not known or marked.mean() > _MEANT:
        return None, {}
    return values[~marked], {str(mark): int(n) for mark, n in counts.items()}


def _texts(frame: pd.DataFrame) -> Iterator[tuple[Any, pd.Series]]:
    """Yield the columns that hold text only, each with its values that are not missing."""
    from pandas.api.types import infer_dtype

    for name in frame.select_dtypes(include=["object", "string"]):
        values = frame[name].dropna()
        if len(values) and infer_dtype(values, skipna=True) == "string":
            yield name, values
