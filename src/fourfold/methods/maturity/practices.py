"""The practices of MLOps, and the maturity models of AWS, Microsoft and Google that ask for them.

Both are data of the package, ``frameworks/*.yaml``, in our own words with a source each.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Literal

import pandas as pd

from fourfold.data.yamlfile import closed, read_document
from fourfold.errors import DataError, did_you_mean

Quarter = Literal["business", "data", "model", "devops"]
#: Share of each practice that is there, 0 to 1, by its id.
Credit = Mapping[str, float]

#: The four quarters of MLOps.
QUARTERS: Mapping[Quarter, str] = {
    "business": "business framing",
    "data": "DataOps",
    "model": "model improvement",
    "devops": "DevOps",
}
FOLDER = Path(str(files("fourfold.data"))) / "frameworks"
FRAMEWORKS = ("aws", "microsoft", "google")


@closed
@dataclass(frozen=True)
class Practice:
    """Something that an organisation does.

    Attributes
    ----------
    quarter : str
        Key of `QUARTERS`.
    effort : float
        Person-weeks to get there from nothing; a rough judgement.
    after : tuple of str
        Practices that must be there first.
    """

    id: str
    name: str
    quarter: Quarter
    effort: float
    after: tuple[str, ...] = ()


@closed
@dataclass(frozen=True)
class Level:
    """One level of a maturity model; `manual` is what stays work of people there."""

    level: int
    name: str
    manual: tuple[str, ...] = ()


@closed
@dataclass(frozen=True)
class Criterion:
    """What a level asks for: all practices in `needs`.

    Attributes
    ----------
    section : str
        Where in the model's document it stands.
    dimension : str
        As the model has it; empty where it has none.
    """

    id: str
    level: int
    text: str
    section: str
    needs: tuple[str, ...]
    dimension: str = ""

    def share(self, credit: Credit) -> float:
        """Return the share of the criterion that is there: that of its weakest practice."""
        return min(credit[name] for name in self.needs)


@closed
@dataclass(frozen=True)
class Framework:
    """A maturity model: levels from the lowest, and what each asks for.

    Attributes
    ----------
    dimensions : tuple of str
        What the model tells apart, in its order; empty where it has none.
    """

    id: str
    name: str
    title: str
    publisher: str
    url: str
    levels: tuple[Level, ...]
    criteria: tuple[Criterion, ...]
    dimensions: tuple[str, ...] = ()

    def level(self, number: int) -> Level:
        """Return the level of that number."""
        return next(level for level in self.levels if level.level == number)

    def reached(self, credit: Credit) -> int:
        """Return the highest level whose criteria, and those of all levels below, are met.

        Examples
        --------
        >>> nothing, everything = (dict.fromkeys(practices(), share) for share in (0.0, 1.0))
        >>> [(m.reached(nothing), m.reached(everything)) for m in frameworks().values()]
        [(0, 4), (0, 4), (0, 2)]
        """
        missing = [c.level for c in self.criteria if c.share(credit) < 1]
        return min(missing, default=self.levels[-1].level + 1) - 1


@closed
@dataclass(frozen=True)
class _Catalogue:
    practices: tuple[Practice, ...]


@cache
def practices() -> Mapping[str, Practice]:
    """Return all practices by their id, those that others build on first.

    Examples
    --------
    >>> practices()["rollback"].after
    ('model-delivery',)
    """
    listed = read_document(FOLDER / "practices.yaml", _Catalogue).value.practices
    known = {practice.id: practice for practice in listed}

    def depth(practice: Practice) -> int:
        return 1 + max((depth(known[name]) for name in practice.after), default=0)

    return {practice.id: practice for practice in sorted(listed, key=depth)}


@cache
def frameworks() -> Mapping[str, Framework]:
    """Return the maturity models by their id.

    Examples
    --------
    >>> {name: len(model.levels) for name, model in frameworks().items()}
    {'aws': 5, 'microsoft': 5, 'google': 3}
    >>> frameworks()["microsoft"].level(0).name
    'no MLOps'
    """
    return {name: read_document(FOLDER / f"{name}.yaml", Framework).value for name in FRAMEWORKS}


def models_of(table: pd.DataFrame) -> dict[str, Framework]:
    """Return the maturity models with the criteria of a table in place of their own.

    Parameters
    ----------
    table : DataFrame
        Columns of the built-in data set ``mlops_criteria``, a row for each criterion: some of
        them left out, changed or new.

    Raises
    ------
    DataError
        If a model is unknown or has no criterion left, or a criterion has an unknown level or
        practice.

    Examples
    --------
    >>> from fourfold.data.sources import load
    >>> models_of(load("mlops_criteria").frame) == frameworks()
    True
    """
    known = [model.name for model in frameworks().values()]
    for name in table["model"].unique():
        if name not in known:
            raise DataError(
                f"model: expected one of {', '.join(known)}, got {name!r}."
                + did_you_mean(name, known)
            )
    models = {}
    for key, model in frameworks().items():
        rows = table[table["model"] == model.name]
        if rows.empty:
            raise DataError(f"criteria: expected some of {model.name}, got none")
        criteria = tuple(_criterion(model, row) for _, row in rows.iterrows())
        models[key] = replace(model, criteria=criteria)
    return models


def _criterion(model: Framework, row: pd.Series) -> Criterion:
    needs = tuple(name.strip() for name in str(row["needs"]).split(","))
    for name in needs:
        if name not in practices():
            raise DataError(
                f"criterion {row['id']!r}: expected the id of a practice, got {name!r}."
                + did_you_mean(name, practices())
            )
    if row["level"] not in (numbers := [level.level for level in model.levels][1:]):
        raise DataError(
            f"criterion {row['id']!r}: expected one of the levels {numbers}, got {row['level']}"
        )
    text, section = str(row["criterion"]), str(row["section"])
    dimension = "" if pd.isna(row["dimension"]) else str(row["dimension"])
    return Criterion(str(row["id"]), int(row["level"]), text, section, needs, dimension)
