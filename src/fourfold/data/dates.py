"""Columns of dates as people write them."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from functools import cache
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

#: So many values say which form a column has.
HEAD = 200
_MONTHS = r"[^\W\d_]{3,10}\.?"
#: Before a date: Monday, or Mo.
_WEEKDAY = r"(?:[^\W\d_]{2,12}\.?, )?"
#: How the names of months begin in English, German, French, Spanish, Italian, Portuguese, Dutch.
_BEGIN = (
    "jan gen ene janv",
    "feb fev fevr",
    "mar mrt maa mars",
    "apr avr abr",
    "may mai mag mei maj",
    "jun juin giu",
    "jul juil lug",
    "aug aou ago",
    "sep set",
    "oct okt ott out",
    "nov",
    "dec dez dic",
)
_ENGLISH = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
_MONTH = {
    begin: name for name, begins in zip(_ENGLISH, _BEGIN, strict=True) for begin in begins.split()
}
#: Two digits are a year of 1930 to 2029, as spreadsheets have it: few tables look far ahead.
_FIRST_YEAR = 2030
_TIMES = (
    ("", ""),
    (r" \d\d?:\d\d", " %H:%M"),
    (r" \d\d?:\d\d:\d\d", " %H:%M:%S"),
    (r" \d\d?:\d\d [AP]M", " %I:%M %p"),
    (r" \d\d?:\d\d:\d\d [AP]M", " %I:%M:%S %p"),
)
_DATES = {
    r"\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d.*)?": ("ISO8601",),
    r"\d{8}T\d{4,6}.*": ("ISO8601",),
    r"\d{4}-\d\d": ("%Y-%m",),
    **{rf"\d{{4}}/\d{{1,2}}/\d{{1,2}}{time}": (f"%Y/%m/%d{form}",) for time, form in _TIMES},
    **{
        rf"\d{{1,2}}\.\d{{1,2}}\.{year}{time}": (f"%d.%m.{name}{form}",)
        for year, name in ((r"\d{4}", "%Y"), (r"\d\d", "%y"))
        for time, form in _TIMES
    },
    **{
        rf"\d{{1,2}}{mark}\d{{1,2}}{mark}{year}{time}": (
            f"%d{mark}%m{mark}{name}{form}",
            f"%m{mark}%d{mark}{name}{form}",
        )
        for mark in "/-"
        for year, name in ((r"\d{4}", "%Y"), (r"\d\d", "%y"))
        for time, form in _TIMES
    },
    **{
        pattern + time: (words + form,)
        for pattern, words in (
            (rf"{_WEEKDAY}{_MONTHS} \d{{1,2}},? \d{{4}},?", "%b %d %Y"),
            (rf"{_WEEKDAY}\d{{1,2}}\.?(?: de)? {_MONTHS}(?: de|,)? \d{{4}},?", "%d %b %Y"),
            (rf"\d{{1,2}}-{_MONTHS}-\d{{4}}", "%d-%b-%Y"),
            (rf"\d{{1,2}}-{_MONTHS}-\d\d", "%d-%b-%y"),
            (rf"\d{{1,2}}{_MONTHS}\d{{4}}", "%d%b%Y"),
        )
        for time, form in _TIMES
    },
    rf"{_MONTHS}(?: de)? \d{{4}}": ("%b %Y",),
    rf"{_MONTHS}-\d{{4}}": ("%b-%Y",),
}
_DATED = {re.compile(pattern): forms for pattern, forms in _DATES.items()}
#: A quarter, month or week of a year: what else it is written as, and its form.
_PARTS: dict[re.Pattern[str], tuple[str, str | Callable[[re.Match[str]], str]]] = {
    re.compile(r"(\d{4})[- ]?Q([1-4])"): ("%Y-%m", lambda part: _quarter(part[1], part[2])),
    re.compile(r"Q([1-4])[- /]?(\d{4})"): ("%Y-%m", lambda part: _quarter(part[2], part[1])),
    re.compile(r"(\d{4})[- ]?M(\d\d?)"): ("%Y-%m", r"\1-\2"),
    re.compile(r"(\d{4})-?W(\d\d)"): ("%G-W%V-%u", r"\1-W\2-1"),
}
#: A whole number of eight digits that may be a day.
_DAY = re.compile(r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])")
#: So many days make a column of such numbers one of days, whatever it is called.
_DAYS = 5
_DAY_NAMES = re.compile(
    r"(?i)(?:^|[^a-z])(?:date|day|datum|tag|dt|ymd|fecha|jour)(?:$|[^a-z])|Date$"
)
#: Hours, minutes and seconds; where there are no seconds, the name must say that it is a clock.
_CLOCK = re.compile(r"(\d\d?)([:.])([0-5]\d)(?:\2([0-5]\d))?")
_CLOCK_NAMES = re.compile(
    r"(?i)hour|clock|uhr|heure|hora|depart|arriv|open|clos|start|begin|(?:^|[^a-z])end(?:$|[^a-z])"
)


def as_dates(values: pd.Series) -> pd.Series | None:
    """Return a column of text as dates, if every value is one by the same form; else None.

    Days before months or after them: where both are possible, it is text. Weeks and quarters are
    their first days.
    """
    import pandas as pd

    head = values.head(HEAD)
    for pattern, (form, first_day) in _PARTS.items():
        if all(map(pattern.fullmatch, head)):
            days = _parsed(values.str.replace(pattern, first_day, regex=True), form)
            return days if days.notna().all() else None
    for pattern, forms in _DATED.items():
        if all(map(pattern.fullmatch, head)):
            plain = _in_english(values) if "%b" in forms[0] else values
            parsed = [_parsed(plain, form) for form in forms]
            fits = [each for each in parsed if each.notna().all()]
            if fits and all(each.equals(fits[0]) for each in fits):
                return fits[0]
    if all(map(_DAY.fullmatch, head)) and values.nunique() >= _DAYS:
        days = pd.to_datetime(values, format="%Y%m%d", errors="coerce")
        return days if days.notna().all() else None
    return None


def _quarter(year: str, quarter: str) -> str:
    return f"{year}-{3 * int(quarter) - 2:02}"


def _in_english(values: pd.Series) -> pd.Series:
    """Return dates whose months have their short English names, without what stands between."""
    plain = values.str.replace(rf"^{_WEEKDAY}", "", regex=True)
    plain = plain.str.replace(r"\.|,| de\b", "", regex=True)
    return plain.str.replace(r"[^\W\d_]{3,}", lambda word: _month(word[0]), regex=True)


@cache
def _month(word: str) -> str:
    letters = unicodedata.normalize("NFKD", word.lower()).encode("ascii", "ignore").decode()
    return _MONTH.get(letters[:4]) or _MONTH.get(letters[:3], word)


def as_hours(values: pd.Series) -> pd.Series | None:
    """Return times of day, ``18:30:00`` or ``18.30.00``, as hours; None if one is none.

    ``18:30`` may be minutes and seconds: it is a time of day where the column's name says so.
    """
    if not all(map(_CLOCK.fullmatch, values.head(HEAD))):
        return None
    parts = values.str.extract(rf"^{_CLOCK.pattern}$").drop(columns=1)
    if parts[[0, 2]].isna().any(axis=None) or (parts[0].astype(int) > 23).any():
        return None
    named = bool(_CLOCK_NAMES.search(str(values.name))) and values.str.contains(":").all()
    if not named and parts[3].isna().any():
        return None
    hours, minutes, seconds = (parts[n].fillna("0").astype(int) for n in (0, 2, 3))
    return hours + minutes / 60 + seconds / 3600


def may_be_days(lowest: Any, highest: Any) -> Any:
    """Say of the ends of a column, or of arrays of them, whether they are like 20240131."""
    return (lowest >= 19_000_101) & (highest <= 20_991_231)


def as_days(column: pd.Series) -> pd.Series | None:
    """Return whole numbers such as 20240131 as dates, if all are and they are several or named."""
    import pandas as pd

    values = column.dropna()
    if values.empty or column.dtype.kind not in "iuf":
        return None
    if not (may_be_days(values.min(), values.max()) and (values % 1 == 0).all()):
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
        days = pd.to_datetime(values, format=form, errors="coerce")
    except ValueError:
        days = pd.to_datetime(values, format=form, errors="coerce", utc=True)
    if "%y" in form and (later := days.dt.year >= _FIRST_YEAR).any():
        days = days.where(~later, days - pd.DateOffset(years=100))
    return days
