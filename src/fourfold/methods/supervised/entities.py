"""Columns that say which rows belong together: an entity that comes again, and time."""

import numpy as np
import pandas as pd
from pandas.api.types import (
    is_bool_dtype,
    is_datetime64_any_dtype,
    is_float_dtype,
    is_numeric_dtype,
)
from sklearn.neighbors import NearestNeighbors

from fourfold.methods import columns
from fourfold.methods.columns import kind, plain, words_of


def _listed(words: str) -> frozenset[str]:
    return frozenset(words.split())


#: What has rows of its own, in the names of columns.
_THINGS = _listed(
    "patient subject participant person proband customer client user member household family "
    "country nation machine device sensor engine turbine pump vehicle animal pupil student child "
    "player athlete employee worker citizen tenant firm company account donor borrower speaker "
    "author respondent land kunde kundin patientin gerät geraet subj rat mouse chick tree litter "
    "herd cow sheep dog monkey couple hospital clinic village plant"
)
#: Names of things that do not say of which; so many rows at most are one thing's.
_IDS = _listed("id ids uid pid sid hhid subjid caseid")
_NAMED = _listed("id code key name label iso")
_NUMBERED = _NAMED | _listed("no nr number num nummer")
_YEARS = _listed("year jahr")
_STEPS = _YEARS | _listed(
    "date datum timestamp time zeit day tag week woche month monat t step period quarter hour cycle"
)
#: A date or year of these says something about a thing, and orders no rows.
_NOT_OF_ROWS = _listed(
    "birth born birthday dob geburt geburtsdatum built build founded model expiry expires due "
    "renovated remodeled remod established"
)
#: Values that come again, below which no rows are divided by them; the same for moments.
FEWEST, _FEWEST_TIMES, _FEWEST_YEARS = 10, 10, 5
#: A column whose name says nothing: least values, most rows of one, share of rows whose most
#: similar row has the same value, and how many times chance that is.
_MANY, _MOST_ROWS, _ALIKE, _BEYOND = 20, 100, 0.5, 5
#: Share of the variance of a column that is between things, for it to tell them apart.
_TELLING = 0.5
_LOOKED_AT = 1500


def entities(frame: pd.DataFrame, target: str = "") -> list[str]:
    """Return columns whose values come again and belong to one thing, the surest first.

    Either the name says so (`patient_id`, `country`), or the rows of a value are so alike in the
    other columns that a model can recognise them.

    Parameters
    ----------
    frame : DataFrame
    target : str
        Column that is none of them, and does not count as alike.

    Examples
    --------
    >>> frame = pd.DataFrame({"patient": [*range(20)] * 3, "x": np.arange(60) % 7})
    >>> entities(frame)
    ['patient']
    """
    again = [n for n in frame if n != target and _comes_again(frame[n])]
    named = [n for n in again if _is_thing(frame[n])]
    others = [n for n in again if n not in named and not words_of(n) & (_STEPS | _NOT_OF_ROWS)]
    alike = [] if named else [n for n in others if _recognised(frame, n, target)]
    return [
        str(n)
        for n in sorted(named, key=lambda n: _sureness(pd.Series(frame[n])), reverse=True) + alike
    ]


def times(frame: pd.DataFrame, target: str = "") -> list[str]:
    """Return columns that order the rows in time, dates first.

    Dates; years; and numbers with a name of time that never fall from row to row.

    Examples
    --------
    >>> times(pd.DataFrame({"year": [2001, 2002, 2003, 2004, 2005], "x": [3, 1, 4, 1, 5]}))
    ['year']
    """
    names = [n for n in frame if n != target and not words_of(n) & _NOT_OF_ROWS]
    dates = [n for n in names if is_datetime64_any_dtype(frame[n])]
    dates = [n for n in dates if frame[n].nunique() >= _FEWEST_TIMES]
    return [str(n) for n in [*dates, *(n for n in names if _counts_time(frame[n]))]]


def _counts_time(column: pd.Series) -> bool:
    words, values = words_of(column.name), column.dropna()
    if not is_numeric_dtype(column) or is_bool_dtype(column) or not words & _STEPS:
        return False
    written = values.between(1800, 2100).all() or values.between(50, 99).all()
    years = words & _YEARS and written
    if years and values.nunique() >= _FEWEST_YEARS and (values == values.round()).all():
        return True
    return values.nunique() >= _FEWEST_TIMES and bool(values.is_monotonic_increasing)


def _comes_again(column: pd.Series) -> bool:
    """Say whether a column of words or whole numbers has many values, most of them repeated."""
    values = plain(column).dropna()
    if is_datetime64_any_dtype(values) or is_bool_dtype(values) or not len(values):
        return False
    if is_float_dtype(values) and not (values == values.round()).all():
        return False
    counts = values.value_counts()
    return len(counts) >= FEWEST and counts[counts > 1].sum() >= len(values) / 2


def _is_thing(column: pd.Series) -> bool:
    words = words_of(column.name)
    if words & _IDS and len(column) <= _MOST_ROWS * column.nunique():
        return True
    if not words & _THINGS:
        return False
    # "patient" may count patients where it is a number: then it says which only as a number.
    return not is_numeric_dtype(column) or words <= _THINGS | _NUMBERED


def _sureness(column: pd.Series) -> tuple[bool, bool, bool, int]:
    """Return what puts one thing before another; a number may count, as of a family's children."""
    words = words_of(column.name)
    named = bool(words & _NAMED)
    return bool(words & _THINGS), named, len(words) <= 2, int(plain(column).nunique())


def _recognised(frame: pd.DataFrame, name: object, target: str) -> bool:
    """Say whether the most similar row, by the other columns, mostly has the same value."""
    column = frame[name]
    if kind(column) == "number" and (column.diff() != 0).sum() > 1.5 * column.nunique():
        return False  # a quantity, unless rows of one value stand together
    counts = column.value_counts()
    if len(counts) < _MANY or len(frame) / len(counts) > _MOST_ROWS:
        return False
    drawn = counts.sample(frac=1, random_state=0)
    rows = frame[column.isin(drawn.index[drawn.cumsum() <= max(_LOOKED_AT, drawn.iloc[0])])]
    others = columns.select(rows, [str(n) for n in (name, target) if n in rows]).frame
    if others.columns.empty or rows[name].nunique() < FEWEST:
        return False
    numbers = others.apply(_as_numbers)
    spread = numbers.var(ddof=0)
    means = numbers.groupby(rows[name].to_numpy()).transform("mean")
    telling = numbers.columns[means.var(ddof=0) > _TELLING * spread.where(spread > 0)]
    if telling.empty:
        return False
    scaled = ((numbers - numbers.mean()) / spread**0.5)[telling].fillna(0.0)
    nearest = NearestNeighbors(n_neighbors=1).fit(scaled).kneighbors(return_distance=False)[:, 0]
    codes = pd.factorize(rows[name])[0]
    chance = float(((np.bincount(codes) / len(codes)) ** 2).sum())
    same = float((codes == codes[nearest]).mean())
    return same >= max(_ALIKE, _BEYOND * chance)


def _as_numbers(column: pd.Series) -> pd.Series:
    if is_numeric_dtype(column):
        return column.astype(float)
    return pd.Series(pd.factorize(column)[0], column.index, dtype=float)
