"""What columns of text mean: numbers in groups of digits, and dates."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

_DATES = {
    re.compile(r"\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d.*)?"): ("ISO8601",),
    re.compile(r"\d{4}/\d{1,2}/\d{1,2}"): ("%Y/%m/%d",),
    re.compile(r"\d{1,2}\.\d{1,2}\.\d{4}"): ("%d.%m.%Y",),
    re.compile(r"\d{1,2}\.\d{1,2}\.\d{4} \d\d?:\d\d"): ("%d.%m.%Y %H:%M",),
    re.compile(r"\d{1,2}/\d{1,2}/\d{4}"): ("%d/%m/%Y", "%m/%d/%Y"),
    re.compile(r"\d{1,2}/\d{1,2}/\d{4} \d\d?:\d\d"): ("%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M"),
}


def named(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with column names that are text and differ: ``a``, ``a.1``, ``a.2``.

    Examples
    --------
    >>> import pandas as pd
    >>> named(pd.DataFrame([[1, 2, 3]], columns=["a", "a", 7])).columns.tolist()
    ['a', 'a.1', '7']
    """
    names: list[str] = []
    for name in map(str, frame.columns):
        free = (f"{name}.{n}" if n else name for n in range(len(frame.columns) + 1))
        names.append(next(each for each in free if each not in names))
    return frame.set_axis(names, axis=1)


def ungrouped(frame: pd.DataFrame, decimal: str) -> pd.DataFrame:
    """Return the frame with columns of numbers such as ``1,234.50`` as numbers.

    A column is converted where every value is a number. The ``thousands`` option of pandas
    would read the date 31.12.2024 as 31122024.

    The decimal mark is point or comma; the other one parts groups of three digits.
    """
    import pandas as pd

    mark, point = ("." if decimal == "," else ","), re.escape(decimal)
    number = rf"[-+]?(?:\d{{1,3}}(?:{re.escape(mark)}\d{{3}})+|\d+)(?:{point}\d+)?"
    numbers = {}
    for column, values in _texts(frame).items():
        if all(values.head(50).str.fullmatch(number)) and all(values.str.fullmatch(number)):
            # Codes, not numbers: with zeros before them, or more digits than a float holds.
            if values.str.fullmatch(r"[-+]?0\d.*|.*\d{16}.*").any():
                continue
            plain = values.str.replace(mark, "").str.replace(decimal, ".")
            numbers[column] = pd.to_numeric(plain).reindex(frame.index)
    return frame.assign(**numbers)


def with_dates(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with columns of dates as datetimes.

    A column is converted where every value is a date in ISO form, as ``2024/12/31``, as
    ``31.12.2024`` or with slashes, the latter two also with hours. Slashes may mean day/month or
    month/day: where both fit, the column stays text.
    """

    dates = {}
    for column, values in _texts(frame).items():
        for pattern, formats in _DATES.items():
            if all(map(pattern.fullmatch, values.head(50))):
                parsed = [_parsed(values, form) for form in formats]
                fits = [each for each in parsed if each.notna().all()]
                if len(fits) == 1:
                    dates[column] = fits[0].reindex(frame.index)
    return frame.assign(**dates)


def _parsed(values: pd.Series, form: str) -> pd.Series:
    """Return dates; where their offsets from UTC differ, as across summer time, in UTC."""
    import pandas as pd

    try:
        return pd.to_datetime(values, format=form, errors="coerce")
    except ValueError:
        return pd.to_datetime(values, format=form, errors="coerce", utc=True)


def _texts(frame: pd.DataFrame) -> dict[str, pd.Series]:
    """Return the values of the columns that hold text only."""
    from pandas.api.types import infer_dtype

    texts = frame.select_dtypes(include=["object", "string"])
    only = [name for name in texts if infer_dtype(texts[name], skipna=True) == "string"]
    return {str(name): values for name in only if len(values := texts[name].dropna())}
