"""What columns of text mean: numbers with groups, marks and units, and dates."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from fourfold.data import quantities

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
_HEAD = 200
_MONTHS = r"[A-Z][a-z]{2,8}\.?"
_DATES = {
    r"\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d.*)?": ("ISO8601",),
    r"\d{8}T\d{4,6}.*": ("ISO8601",),
    r"\d{4}-\d\d": ("%Y-%m",),
    r"\d{4}/\d{1,2}/\d{1,2}": ("%Y/%m/%d",),
    r"\d{4}/\d{1,2}/\d{1,2} \d\d?:\d\d": ("%Y/%m/%d %H:%M",),
    r"\d{4}/\d{1,2}/\d{1,2} \d\d?:\d\d:\d\d": ("%Y/%m/%d %H:%M:%S",),
    r"\d{1,2}\.\d{1,2}\.\d{4}": ("%d.%m.%Y",),
    r"\d{1,2}\.\d{1,2}\.\d\d": ("%d.%m.%y",),
    r"\d{1,2}\.\d{1,2}\.\d{4} \d\d?:\d\d": ("%d.%m.%Y %H:%M",),
    r"\d{1,2}\.\d{1,2}\.\d{4} \d\d?:\d\d:\d\d": ("%d.%m.%Y %H:%M:%S",),
    **{
        rf"\d{{1,2}}{mark}\d{{1,2}}{mark}{year}{time}": (
            f"%d{mark}%m{mark}{name}{form}",
            f"%m{mark}%d{mark}{name}{form}",
        )
        for mark in "/-"
        for year, name in ((r"\d{4}", "%Y"), (r"\d\d", "%y"))
        for time, form in (
            ("", ""),
            (r" \d\d?:\d\d", " %H:%M"),
            (r" \d\d?:\d\d:\d\d", " %H:%M:%S"),
            (r" \d\d?:\d\d [AP]M", " %I:%M %p"),
            (r" \d\d?:\d\d:\d\d [AP]M", " %I:%M:%S %p"),
        )
    },
    rf"{_MONTHS} \d{{1,2}},? \d{{4}}": ("%b %d %Y", "%B %d %Y"),
    rf"\d{{1,2}}\.? {_MONTHS},? \d{{4}}": ("%d %b %Y", "%d %B %Y"),
    rf"\d{{1,2}}-{_MONTHS}-\d{{4}}": ("%d-%b-%Y", "%d-%B-%Y"),
    rf"\d{{1,2}}-{_MONTHS}-\d\d": ("%d-%b-%y",),
    rf"{_MONTHS} \d{{4}}": ("%b %Y", "%B %Y"),
    rf"{_MONTHS}-\d{{4}}": ("%b-%Y",),
}
_DATED = {re.compile(pattern): forms for pattern, forms in _DATES.items()}
#: A whole number of eight digits that may be a day.
_DAY = re.compile(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])")
#: So many days make a column of such numbers one of days, whatever it is called.
_DAYS = 5
_DAY_NAMES = re.compile(
    r"(?i)(?:^|[^a-z])(?:date|day|datum|tag|dt|ymd|fecha|jour)(?:$|[^a-z])|Date$"
)


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


def typed(frame: pd.DataFrame, decimal: str = ".") -> pd.DataFrame:
    """Return the frame with columns of text as the numbers and dates that they are.

    A column is converted only where every value is one, but for marks of missing values (``?``,
    ``-``, ``n/a``), of which there are few kinds. Numbers: as `quantities.parsed` reads them.
    Dates: in ISO form, ``31.12.2024``, ``Jan 1 2019``, ``20240131`` and the like, also with hours.
    Slashes may mean day/month or month/day: where both fit, the column stays text. What was done
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
        if (plain := _as_dates(texts)) is not None:
            columns[name] = plain.reindex(frame.index)
            continue
        values, marks = _without_marks(texts)
        if values is None:
            continue
        if (dates := _as_dates(values)) is not None:
            columns[name] = dates.reindex(frame.index)
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
    for name in frame.select_dtypes(include="number"):
        if (days := _as_days(frame[name])) is not None:
            columns[name] = days
    made = frame.assign(**{str(name): column for name, column in columns.items()})
    made.attrs = {
        **frame.attrs,
        **({READ: notes} if notes else {}),
        **({UNITS: units} if units else {}),
    }
    return made


def _without_marks(texts: pd.Series) -> tuple[pd.Series | None, dict[str, int]]:
    """Return the values without marks of missing ones, and the marks; None if they are others."""
    head = texts.head(_HEAD).str.strip()
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


def _as_dates(values: pd.Series) -> pd.Series | None:
    import pandas as pd

    head = values.head(_HEAD)
    for pattern, forms in _DATED.items():
        if all(map(pattern.fullmatch, head)):
            plain = values
            if "%b" in forms[0]:
                plain = values.str.replace(r"(?<=[a-z])\.|,|(?<=\d)\.", "", regex=True)
                plain = plain.str.replace("Sept ", "Sep ")
            parsed = [_parsed(plain, form) for form in forms]
            fits = [each for each in parsed if each.notna().all()]
            # May 2019 is the same by its short and its long name.
            if fits and all(each.equals(fits[0]) for each in fits):
                return fits[0]
    if all(map(_DAY.fullmatch, head)) and values.nunique() >= _DAYS:
        days = pd.to_datetime(values, format="%Y%m%d", errors="coerce")
        return days if days.notna().all() else None
    return None


def _as_days(column: pd.Series) -> pd.Series | None:
    """Return whole numbers such as 20240131 as dates, if all are and they are several or named."""
    import pandas as pd

    values = column.dropna()
    if values.empty or column.dtype.kind not in "iuf":
        return None
    if not (values.between(19_000_101, 20_991_231).all() and (values % 1 == 0).all()):
        return None
    if values.nunique() < _DAYS and not _DAY_NAMES.search(str(column.name)):
        return None
    texts = values.astype("int64").astype(str)
    days = pd.to_datetime(texts, format="%Y%m%d", errors="coerce")
    return days.reindex(column.index) if days.notna().all() else None


def _parsed(values: pd.Series, form: str) -> pd.Series:
    """Return dates; where their offsets from UTC differ, as across summer time, in UTC."""
    import pandas as pd

    try:
        return pd.to_datetime(values, format=form, errors="coerce")
    except ValueError:
        return pd.to_datetime(values, format=form, errors="coerce", utc=True)


def _texts(frame: pd.DataFrame) -> Iterator[tuple[Any, pd.Series]]:
    """Yield the columns that hold text only, each with its values that are not missing."""
    from pandas.api.types import infer_dtype

    for name in frame.select_dtypes(include=["object", "string"]):
        values = frame[name].dropna()
        if len(values) and infer_dtype(values, skipna=True) == "string":
            yield name, values
