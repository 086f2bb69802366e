"""The terms of a contract, drafted from a table: what the next delivery must look like as well."""

import re
from math import ceil, floor, log10

import numpy as np
import pandas as pd
from pandas.api import types

from fourfold.author.survey import Survey
from fourfold.data.yamltext import scalar
from fourfold.methods.columns import plain

#: A column with more different values has no list of them.
MOST_VALUES = 20
#: Each value must have come so often on average for the list to be taken for complete.
OFTEN = 5
#: Ranges are wider than what was seen by this share of it.
ROOM = 0.1
_LISTED = (str, bool, np.bool_, int, float, np.number)
#: Larger whole numbers have no exact float.
_EXACT = 2.0**53
_KEY = re.compile(r"(?i)(?:^|_|\b)(?:id|key|nr|no|number|nummer|uuid|code)$")


def terms(column: pd.Series, kind: str, whole: bool = True) -> dict[str, str]:
    """Return what a column keeps, and would keep with a little more of the same: rules in YAML.

    Parameters
    ----------
    column : Series
    kind : str
        As `fourfold.methods.columns.kind` says.
    whole : bool
        Whether these are all rows; if not, nothing is said of values that were not seen.

    Examples
    --------
    >>> terms(pd.Series([12.5, 40.25, 99.0]), "number")
    {'dtype': 'float64', 'checks': '{in_range: {min_value: 3, max_value: 108}}'}
    >>> terms(pd.Series(["red", "blue"] * 5 + [None]), "category")
    {'dtype': 'str', 'nullable': 'true', 'checks': '{isin: [blue, red]}'}
    """
    values = plain(column).dropna()
    nullable = bool(column.isna().any()) or not whole
    dtype = _dtype(column, kind)
    listed = kind in ("category", "constant", "yes/no")
    key, check = False, ""
    if dtype and whole and not values.empty:
        key = not listed and not nullable and _is_key(column, dtype)
        check = _list(values) if listed else _range(values) if kind == "number" else ""
    rules = {"dtype": dtype, "nullable": "true" * nullable, "unique": "true" * key}
    rules["checks"] = f"{{{check}}}" if check else ""
    return {rule: text for rule, text in rules.items() if text}


def contract_text(table: Survey, title: str) -> str:
    """Return a contract that a table keeps, as pandera's YAML, with comments for its editor."""
    seen = table.seen + ("" if table.whole else " (no ranges, therefore)")
    lines = [
        f"# Drafted by fourfold new from {seen}. Correct it by your knowledge:",
        "# narrow a range, name what may be missing. Rows that break a rule are set aside in",
        "# rejected.csv with the reason, and the run goes on with the others.",
        "schema_type: dataframe",
        f"title: {scalar(title)}",
        "coerce: true",
        "strict: false  # true: no other columns may come",
        "columns:",
    ]
    for name, column in table.frame.items():
        rules = terms(column, str(table.columns.loc[str(name), "kind"]), table.whole)
        lines.append(f"  {scalar(name)}:{'' if rules else ' {}'}")
        lines += [f"    {rule}: {text}" for rule, text in rules.items()]
    return "\n".join(lines) + "\n"


def _dtype(column: pd.Series, kind: str) -> str:
    """Return the type that a contract names; empty for columns of several types."""
    if kind == "empty":
        return ""
    if types.is_bool_dtype(column):
        return "bool"
    if types.is_numeric_dtype(column):
        return "int64" if types.is_integer_dtype(column) and not column.isna().any() else "float64"
    if types.is_datetime64_dtype(column):
        return "datetime64[ns]"
    return "str" if all(isinstance(value, str) for value in plain(column).dropna()) else ""


def _is_key(column: pd.Series, dtype: str) -> bool:
    """Say whether a column names rows: by what it is called, and no value comes twice."""
    named = bool(_KEY.search(str(column.name)))
    return named and dtype in ("int64", "str") and bool(column.is_unique)


def _list(values: pd.Series) -> str:
    different = sorted(values.unique(), key=str)
    complete = len(different) <= MOST_VALUES and len(values) >= OFTEN * len(different)
    listed = complete and all(isinstance(each, _LISTED) for each in different)
    return f"isin: [{', '.join(map(scalar, different))}]" if listed else ""


def _range(values: pd.Series) -> str:
    """Return the range of numbers, with some room and rounded outwards; zero stays a bound."""
    low, high = float(values.min()), float(values.max())
    if not max(abs(low), abs(high)) < _EXACT:
        return ""
    room = ROOM * (high - low) or ROOM * abs(high) or 1.0
    step = 10.0 ** floor(log10(max(high - low, room)) - 1)
    # Rounded before and after, against the noise of binary fractions.
    least = floor(round((low - room) / step, 6)) * step
    most = ceil(round((high + room) / step, 6)) * step
    least, most = float(f"{least:.12g}"), float(f"{most:.12g}")
    least = 0.0 if low >= 0 > least else min(least, low)
    most = 0.0 if high <= 0 < most else max(most, high)
    return f"in_range: {{min_value: {scalar(least)}, max_value: {scalar(most)}}}"
