"""Batches of rows by time: which period each row belongs to, and how old the newest is."""

from dataclasses import dataclass
from zoneinfo import ZoneInfo, available_timezones

import pandas as pd
from pandas.api.types import is_datetime64_any_dtype, is_numeric_dtype

from fourfold.errors import DataError, did_you_mean

_FREQUENCIES = {"day": "D", "week": "W", "month": "M", "quarter": "Q", "year": "Y", "decade": "Y"}
#: Years that a column of whole numbers may hold.
_YEARS = (1000, 9999)


@dataclass(frozen=True)
class Batches:
    """The batch that each row came with.

    Attributes
    ----------
    of : Series of str
        Label of each row's batch; missing where its date is.
    order : dict of str to int
        Position in time of each batch, from 0; a period without rows leaves a gap.
    dates : Series of datetime, optional
        Of each row; None where batches have names only.
    """

    of: pd.Series
    order: dict[str, int]
    dates: pd.Series | None


def by_period(frame: pd.DataFrame, time: str, period: str = "month", zone: str = "UTC") -> Batches:
    """Return the batch of each row: its period, or where the column holds no dates, its name.

    Parameters
    ----------
    frame : DataFrame
        One row is one thing.
    time : str
        Column of dates, of whole numbers that are years, or of names such as ``source_file``.
        Empty: all rows are one batch.
    period : str
        ``day``, ``week``, ``month``, ``quarter``, ``year`` or ``decade``.
    zone : str
        Whose clock divides days, such as ``America/New_York``, for times that name a zone.

    Raises
    ------
    DataError
        If there is no such column, period or zone, or the column holds nothing.

    Examples
    --------
    >>> batches = by_period(pd.DataFrame({"year": [1999, 1987, 1991]}), "year", "decade")
    >>> batches.of.tolist(), batches.order
    (['1990s', '1980s', '1990s'], {'1980s': 0, '1990s': 1})
    """
    if not time:
        return Batches(pd.Series("all rows", frame.index), {"all rows": 0}, None)
    if time not in frame:
        raise DataError(
            f"time: expected one of {', '.join(map(str, frame.columns[:12]))}, got {time!r}."
            + did_you_mean(time, frame)
        )
    if period not in _FREQUENCIES:
        raise DataError(
            f"period: expected one of {', '.join(_FREQUENCIES)}, got {period!r}."
            + did_you_mean(period, _FREQUENCIES)
        )
    if frame[time].notna().sum() == 0:
        raise DataError(f"time: expected dates or names in {time!r}, got none")
    dates = _dates(frame[time], _zone(zone))
    if dates is None:
        return _by_name(frame[time])
    return _by_period(dates, period)


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError) as error:
        near = did_you_mean(name, available_timezones())
        raise DataError(f"zone: expected a time zone such as UTC, got {name!r}.{near}") from error


def _dates(column: pd.Series, zone: ZoneInfo) -> pd.Series | None:
    """Return a column as dates of the zone's clock; None if it holds no dates."""
    if is_datetime64_any_dtype(column):
        return column if column.dt.tz is None else column.dt.tz_convert(zone).dt.tz_localize(None)
    values = column.dropna()
    if is_numeric_dtype(column):
        if not ((values == values.round()) & values.between(*_YEARS)).all():
            return None
        return pd.to_datetime(column.astype("Int64").astype("string"), format="%Y")
    read = pd.to_datetime(column.astype("string"), format="ISO8601", errors="coerce")
    # A few dates that cannot be read are dirt; where most cannot, the column holds names.
    return read if read.notna().sum() > len(values) / 2 else None


def _by_name(column: pd.Series) -> Batches:
    names = column.astype(object).where(column.isna(), column.astype(str))
    known = sorted(column.dropna().unique(), key=lambda value: (str(type(value)), value))
    return Batches(names, {str(name): place for place, name in enumerate(known)}, None)


def _by_period(dates: pd.Series, period: str) -> Batches:
    periods = dates.dt.to_period(_FREQUENCIES[period])
    if period == "decade":
        start = dates.dt.year // 10
        labels, place = (start * 10).astype("Int64").astype("string") + "s", start
    else:
        labels = periods.astype("string").str.replace(r"/.*", "", regex=True)
        place = pd.Series(periods.array.asi8, dates.index)
    known = dates.notna()
    positions = (place[known] - place[known].min()).astype(int)
    pairs = sorted(set(zip(positions, labels[known], strict=True)))
    of = labels.astype(object).where(known, None)
    return Batches(of, {str(label): int(position) for position, label in pairs}, dates)


def age_days(batches: Batches, as_of: str = "") -> float | None:
    """Return the age of the newest row in days at a date; None without dates.

    Parameters
    ----------
    batches : Batches
    as_of : str
        Date or time in ISO form, by the same clock; empty: now, of the universal clock. A newest
        row of a later date has a negative age.

    Raises
    ------
    DataError
        If `as_of` is no date.
    """
    if batches.dates is None:
        return None
    try:
        now = pd.Timestamp(as_of) if as_of else pd.Timestamp.now(tz="UTC").tz_localize(None)
    except ValueError as error:
        raise DataError(f"as_of: expected a date such as 2014-01-02, got {as_of!r}") from error
    return float((now.tz_localize(None) - batches.dates.max()) / pd.Timedelta(days=1))
