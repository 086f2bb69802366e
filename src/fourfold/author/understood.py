"""What a survey understood of each column: type, unit, role, and the reason for it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pandas as pd
from pandas.api.types import is_numeric_dtype

from fourfold.author.survey import Survey
from fourfold.data.coerce import READ, UNITS
from fourfold.methods.supervised import evaluation
from fourfold.records.formatting import number

#: A value must come so often, lie as many ranges of the others away, and so many others be there.
_OFTEN, _FAR, _LEAST = 2, 1.0, 4


@dataclass(frozen=True)
class Understood:
    """One column, as a careful reader would describe it.

    Attributes
    ----------
    kind : str
        As `fourfold.methods.columns.kind` says.
    unit : str
        As the file has it.
    missing : float
        Share of rows, 0 to 1.
    role : {'target', 'feature', 'group', 'time', 'identifier', 'left out', 'not used', 'column'}
    why : str
        The reason for the role.
    notes : tuple of str
        What was done while reading, and what is uncertain.
    """

    name: str
    kind: str
    unit: str
    missing: float
    role: str
    why: str
    notes: tuple[str, ...] = ()

    @property
    def said(self) -> str:
        """Return reason and notes in one text; empty if there is nothing to say."""
        return "; ".join(filter(None, (self.why, *self.notes)))


def understood(table: Survey, template: str) -> list[Understood]:
    """Return what was understood of each column, in their order.

    Parameters
    ----------
    table : Survey
    template : str
        That the table is drafted for: groups are sought among numbers only, say.
    """
    notes, units = table.frame.attrs.get(READ, {}), table.frame.attrs.get(UNITS, {})
    parameter, divides = table.division if table.target else ("", "")
    made = []
    for name, facts in table.columns.iterrows():
        column = str(name)
        role, why = _role(table, template, column, parameter if column == divides else "")
        said = tuple(
            filter(None, [notes.get(column, ""), *doubts(table.frame[column], str(facts["kind"]))])
        )
        what, unit, missing = str(facts["kind"]), units.get(column, ""), float(facts["missing"])
        made.append(Understood(column, what, unit, missing, role, why, said))
    return made


def _role(table: Survey, template: str, name: str, divides: str) -> tuple[str, str]:
    if name == table.target:
        task = evaluation.task(table.goal)
        different = number(table.goal.nunique())
        return "target", f"{different} {'classes' if task == 'classification' else 'values'}"
    if divides == "groups":
        return "group", "its values come again: tested on others than those learned from"
    if divides == "time":
        return "time", "orders the rows: tested on later ones"
    if why := table.useless.get(name):
        return ("identifier" if "names" in why or "identifier" in why else "left out"), why
    if template in ("quality", "routes"):
        return "column", ""
    if template == "clustering" and name not in table.measures:
        numbers = table.columns.loc[name, "kind"] == "number"
        why = "two values: each would be a group" if numbers else "groups are sought among numbers"
        return "not used", why
    return "feature", ""


def doubts(column: pd.Series, kind: str) -> Iterator[str]:
    """Yield what only somebody who knows the data can tell of a column.

    Examples
    --------
    >>> list(doubts(pd.Series([3.5, 4.0, 7.25, -200, 5.0, -200]), "number"))
    ['-200 in 2 rows lies far from the others (3.50 to 7.25): does it stand for a missing value?']
    """
    if kind == "number" and is_numeric_dtype(column):
        for value in sentinels(column):
            rest = column[column.notna() & (column != value)]
            rows = int((column == value).sum())
            inside = f"{number(float(rest.min()))} to {number(float(rest.max()))}"
            yield (
                f"{value:g} in {rows:,} rows lies far from the others ({inside}): does it stand "
                "for a missing value?"
            )
    elif kind in ("text", "category") and _two_ways(column):
        yield "dates that may be day/month or month/day: kept as text"


def sentinels(column: pd.Series) -> list[float]:
    """Return values that look like marks of missing ones: -200, 999, 9999 far outside the rest.

    At most one at either end: a whole number that comes more than once, negative where all others
    are not, or of nines, eights or sevens; further from the others than they lie apart.
    """
    values = column.dropna().to_numpy(dtype=float)
    values = values[np.isfinite(values)]
    marks: list[float] = []
    for end in (np.min, np.max, np.min):
        if not len(values):
            break
        value = float(end(values))
        rest = values[values != value]
        if len(rest) < _LEAST or len(values) - len(rest) < _OFTEN or not value.is_integer():
            continue
        usual = value < 0 <= rest.min() or re.fullmatch(r"-?(9{2,}|8{2,}|7{2,})", f"{value:.0f}")
        if usual and np.abs(rest - value).min() > _FAR * float(np.ptp(rest)) > 0:
            marks.append(value)
            values = rest
    return sorted(marks)


def _two_ways(column: pd.Series) -> bool:
    values = column.dropna()
    texts = values.astype(str).head(50)
    return bool(len(texts)) and bool(texts.str.fullmatch(r"\d{1,2}[/-]\d{1,2}[/-]\d{2,4}.*").all())
