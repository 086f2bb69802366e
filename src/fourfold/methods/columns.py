"""The columns of any table: what each holds, which can help a model, and how they are prepared."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from inspect import signature
from typing import Any

import numpy as np
import pandas as pd
from pandas.api.types import (
    is_bool_dtype,
    is_datetime64_any_dtype,
    is_float_dtype,
    is_numeric_dtype,
)
from sklearn.compose import ColumnTransformer
from sklearn.impute import SimpleImputer
from sklearn.model_selection import KFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler, TargetEncoder

from fourfold.data.profile import frequencies as frequencies
from fourfold.data.profile import plain as plain
from fourfold.errors import DataError, did_you_mean
from fourfold.records.formatting import short

#: A text column in which a larger share of values differ identifies rows.
IDENTIFIES = 0.5
#: A category has at most so many columns of its own.
MOST_COLUMNS = 20
#: Words in the name of a column that names things; so do these if nearly every value differs.
_NAMES = {"id", "ids", "uuid", "guid", "isbn", "ean", "sku", "iban", "phone", "telephone"}
_COUNTS = {"no", "nr", "num", "number", "nummer", "code", "key", "index", "serial", "account"}
_PLACES = {"zip", "zipcode", "postcode", "postal", "plz", "postleitzahl"}
#: Of the values of a column that names each row.
UNIQUE = 0.95
_NAMING = "it names things and measures nothing"
#: More points in one picture hide each other.
MOST_POINTS = 2000
#: So many rows in equal steps are no coincidence.
STEPS = 10


def require(frame: pd.DataFrame, names: Iterable[str], parameter: str) -> None:
    """Check that a table has some columns.

    Parameters
    ----------
    frame : DataFrame
    names : iterable of str
    parameter : str
        The parameter that names the columns, for the message.

    Raises
    ------
    DataError
        If a column does not exist.
    """
    for name in names:
        if name not in frame:
            known = ", ".join(map(str, frame.columns[:20]))
            raise DataError(
                f"{parameter}: expected a column of the data ({known}), got {name!r}."
                + did_you_mean(name, frame.columns)
            )


def describe(frame: pd.DataFrame) -> pd.DataFrame:
    """Return what each column is, one row for each.

    Returns
    -------
    DataFrame
        `kind` (number, category, text, date, yes/no, constant, empty), `missing` (share of rows,
        0 to 1), `different` (number of different values) and `example` (the most frequent value).

    Examples
    --------
    >>> describe(pd.DataFrame({"a": [1.5, 2.5, None], "b": ["x", "x", "x"]}))["kind"].tolist()
    ['number', 'constant']
    """
    rows = {}
    for name, column in frame.items():
        values = frequencies(column).index
        example = values[0] if len(values) else ""
        rows[str(name)] = {
            "kind": kind(column),
            "missing": float(column.isna().mean()) if len(frame) else 0.0,
            "different": len(values),
            "example": f"{example:.4g}" if isinstance(example, float) else str(example)[:40],
        }
    return pd.DataFrame.from_dict(rows, orient="index")


def kind(column: pd.Series) -> str:
    """Return what a column holds, in a word."""
    values = plain(column).dropna()
    if values.empty:
        return "empty"
    different = values.nunique()
    if different == 1:
        return "constant"
    if is_bool_dtype(values) or set(values.unique()) <= {True, False}:
        return "yes/no"
    if is_datetime64_any_dtype(values):
        return "date"
    if is_numeric_dtype(values):
        return "number"
    return "text" if different > max(20, IDENTIFIES * len(values)) else "category"


@dataclass(frozen=True)
class Features:
    """The columns that can help a model, and why the others cannot.

    Attributes
    ----------
    frame : DataFrame
        Dates as days since the first, yes/no as 0 and 1, categories as text, infinite as missing.
    left_out : dict of str to str
        Each other column, with the reason.
    kinds : dict of str to str
        Of each column of `frame`: number, category, date or yes/no.
    origins : dict of str to Timestamp
        Of each date, the first.
    """

    frame: pd.DataFrame
    left_out: dict[str, str] = field(default_factory=dict)
    kinds: dict[str, str] = field(default_factory=dict)
    origins: dict[str, Any] = field(default_factory=dict)


def select(frame: pd.DataFrame, leave_out: Sequence[str] = ()) -> Features:
    """Return the columns that a model can use.

    Parameters
    ----------
    frame : DataFrame
        One row per thing.
    leave_out : sequence of str
        Columns not to be used, such as the target.

    Raises
    ------
    DataError
        If a column to leave out does not exist.

    Examples
    --------
    >>> select(pd.DataFrame({"id": ["a", "b", "c"], "x": [1, 2, 2], "k": [5, 5, 5]})).left_out
    {'k': 'constant'}
    """
    for name in leave_out:
        if name not in frame:
            raise DataError(
                f"leave_out: expected columns of the data, got {name!r}."
                + did_you_mean(name, frame.columns)
            )
    reasons = {str(n): _useless(frame[n]) for n in frame if n not in leave_out}
    left_out = {name: reason for name, reason in reasons.items() if reason}
    used = [n for n in frame if str(n) in reasons.keys() - left_out]
    features = {name: _as_feature(frame[name]) for name in used}
    kinds = {str(n): kind(frame[n]).replace("text", "category") for n in used}
    origins = {n: frame[n].min() for n, what in kinds.items() if what == "date"}
    return Features(pd.DataFrame(features, index=frame.index), left_out, kinds, origins)


def measures(numbers: pd.DataFrame) -> list[str]:
    """Return the columns that can tell groups; those of two values only if there are no others.

    A column of two values divides any rows into two groups: whoever wants these has them.

    Examples
    --------
    >>> measures(pd.DataFrame({"a": [1, 2, 3], "b": [0, 1, 1], "c": [2.5, 1.0, 4.0]}))
    ['a', 'c']
    """
    many = [str(name) for name in numbers if numbers[name].nunique() > 2]
    return many if len(many) > 1 else [str(name) for name in numbers if varies(numbers[name])]


def varies(column: pd.Series) -> bool:
    """Say whether a column has two different values."""
    values = column.dropna().to_numpy()
    return bool((values[1:] != values[:1]).any())


def words_of(name: object) -> set[str]:
    """Return the words of a column's name: of `PatientID` patient and id."""
    parts = re.sub(r"(?<=[a-zß-ÿ])(?=[A-ZÄÖÜ])", " ", str(name))
    return set(re.findall(r"[^\W\d_]+", parts.lower()))


def _names_things(column: pd.Series) -> bool:
    """Say whether numbers or codes are names: by what the column is called, and many values."""
    words, values = words_of(column.name), column.dropna()
    different = int(plain(values).nunique())
    if different <= MOST_COLUMNS:
        return False
    if words & _PLACES and not is_float_dtype(values):
        return True
    if not is_numeric_dtype(values) or not (values % 1 == 0).all():
        return False
    return bool(words & _NAMES) or (bool(words & _COUNTS) and different >= UNIQUE * len(values))


def _useless(column: pd.Series) -> str:
    """Return why a column cannot help; an empty text if it can."""
    match kind(column):
        case "empty" | "constant" as reason:
            return reason
        case "text":
            return "nearly every value differs: an identifier or free text"
        case "number":
            # A row number rises by one, but for rows that were left out.
            steps = column.diff().iloc[1:]
            if len(steps) > STEPS and (steps >= 1).all() and steps.median() == 1:
                return "counts the rows"
            if _names_things(column):
                return _NAMING
        case "category" if _names_things(column):
            return _NAMING
    return ""


def _as_feature(column: pd.Series) -> pd.Series:
    match kind(column):
        case "date":
            days: pd.Series = (column - column.min()) / pd.Timedelta(days=1)
            return days
        case "yes/no":
            return column.astype(object).map({True: 1.0, False: 0.0}).astype(float)
        case "number":
            return column.astype(float).replace([np.inf, -np.inf], np.nan)
    return column.astype(object).where(column.isna(), column.astype(str))


def is_wide(column: pd.Series) -> bool:
    """Say whether a feature is a category with more values than have a column each."""
    return not is_numeric_dtype(column) and int(column.nunique()) > MOST_COLUMNS


def preprocessing(frame: pd.DataFrame, task: str = "") -> ColumnTransformer:
    """Return the transformer for the columns of `Features.frame`, to be fitted in a pipeline.

    Numbers: missing ones take the median, with a column that says so, then mean 0 and standard
    deviation 1. Categories: one column for each of up to 20 that 1 % of the rows have. With more
    than 20, and a task, each value becomes the mean of the target among its rows, drawn towards
    that of all if they are few; within a fit from other rows than the one it stands for.

    Parameters
    ----------
    frame : DataFrame
    task : {'classification', 'regression', ''}
        What the target is; empty: there is none.

    Notes
    -----
    Target encoding: Micci-Barreca, SIGKDD Explorations 3 (2001), p. 27, as in scikit-learn.
    """
    numbers = [name for name in frame if is_numeric_dtype(frame[name])]
    wide = [name for name in frame if task and is_wide(frame[name])]
    categories = [name for name in frame if name not in (*numbers, *wide)]
    scaled = make_pipeline(SimpleImputer(strategy="median", add_indicator=True), StandardScaler())
    often = {"handle_unknown": "infrequent_if_exist", "min_frequency": 0.01}
    encoder = OneHotEncoder(sparse_output=False, max_categories=MOST_COLUMNS, **often)
    encoded = make_pipeline(SimpleImputer(strategy="constant", fill_value="missing"), encoder)
    parts = [("number", scaled, numbers), ("category", encoded, categories)]
    if wide:
        filled = SimpleImputer(strategy="constant", fill_value="missing")
        parts.append(("wide", make_pipeline(filled, _target_encoder(task)), wide))
    return ColumnTransformer(parts)


def _target_encoder(task: str) -> TargetEncoder:
    kind = "continuous" if task == "regression" else "auto"
    # scikit-learn before 1.9 takes a seed instead of folds.
    seed = signature(TargetEncoder).parameters.get("random_state")
    if seed and seed.default is None:
        return TargetEncoder(target_type=kind, random_state=0)
    return TargetEncoder(target_type=kind, cv=KFold(5, shuffle=True, random_state=0))


def most_common(column: pd.Series, most: int = 3) -> str:
    """Return the most frequent values with their share of the rows that have one.

    Examples
    --------
    >>> most_common(pd.Series(["x", "x", "y", None]))
    'x 67 %, y 33 %'
    """
    counts = frequencies(column)
    shares = (counts / counts.sum()).head(most)
    return ", ".join(f"{short(value)} {100 * share:.0f} %" for value, share in shares.items())


def bins(column: pd.Series, most: int = 30) -> int:
    """Return how many bins a histogram needs: no more than there are different values."""
    return max(1, min(most, int(column.nunique())))


def show_relation(feature: pd.Series, target: pd.Series, ax: Any, most: int = 6) -> None:
    """Draw a feature against a target in the way that their kinds ask for.

    Numbers against numbers are points, against classes boxes; classes against classes are shares.

    Parameters
    ----------
    feature, target : Series
        Columns of one table.
    ax : matplotlib.axes.Axes
    most : int
        Of many classes, the most frequent to show.
    """
    import seaborn as sns

    name, goal = short(feature.name), short(target.name)
    frame = pd.DataFrame({name: feature, f"{goal} ": target}).dropna()
    measured = {label: is_numeric_dtype(frame[label]) for label in frame}
    for label in frame:
        if not measured[label]:
            frame = frame[frame[label].isin(frequencies(frame[label]).index[:most])]
            frame[label] = frame[label].map(short)
    across, up = frame
    if all(measured.values()):
        # At random: the first rows of a sorted or growing table are not like the others.
        drawn = frame.sample(min(len(frame), MOST_POINTS), random_state=0)
        sns.scatterplot(drawn, x=across, y=up, s=12, alpha=0.5, linewidth=0, ax=ax)
    elif any(measured.values()):
        number, word = (across, up) if measured[across] else (up, across)
        order = sorted(frame[word].unique())
        sns.boxplot(frame, x=number, y=word, order=order, orient="h", fliersize=2, ax=ax)
    else:
        shares = pd.crosstab(frame[across], frame[up], normalize="index")
        sns.heatmap(shares, annot=len(shares) <= most, fmt=".1f", cmap="Blues", ax=ax)
