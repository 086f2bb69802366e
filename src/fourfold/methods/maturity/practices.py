"""The practices of MLOps, and the maturity models of AWS, Microsoft and Google that ask for them.

Both are data of the package, ``frameworks/*.yaml``, in our own words with a source each.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Literal

import pandas as pd
from pandas import isna

from fourfold.data.yamlfile import Document, closed, read_document
from fourfold.errors import ConfigError, DataError, Violation, did_you_mean

Quarter = Literal["business", "data", "model", "devops"]

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

    def source(self, criterion: Criterion) -> str:
        """Return title, section and address of the source of a criterion."""
        return f"{self.title}, {criterion.section}, {self.url}"

    def level(self, number: int) -> Level:
        """Return the level of that number."""
        return next(level for level in self.levels if level.level == number)


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
    return read_practices(FOLDER / "practices.yaml")


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
    return {name: read_framework(FOLDER / f"{name}.yaml", practices()) for name in FRAMEWORKS}


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
        If a model has no criterion left, or a criterion has a level or a practice that is none.

    Examples
    --------
    >>> from fourfold.data.sources import load
    >>> models_of(load("mlops_criteria").frame) == frameworks()
    True
    """
    kept = {model.id: _with_criteria(model, table) for model in frameworks().values()}
    for name in table["model"].unique():
        if name not in (known := [model.name for model in kept.values()]):
            raise DataError(
                f"model: expected one of {', '.join(known)}, got {name!r}."
                + did_you_mean(name, known)
            )
    return kept


def _with_criteria(model: Framework, table: pd.DataFrame) -> Framework:
    rows = table[table["model"] == model.name]
    if rows.empty:
        raise DataError(f"criteria: expected some of {model.name}, got none")
    return replace(model, criteria=tuple(_criterion(model, row) for _, row in rows.iterrows()))


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
    dimension = "" if isna(row["dimension"]) else str(row["dimension"])
    return Criterion(str(row["id"]), int(row["level"]), text, section, needs, dimension)


def read_practices(path: Path) -> dict[str, Practice]:
    """Read practices, and put each behind those that it needs.

    Raises
    ------
    ConfigError
        If the file is not a list of practices, an id is there twice, `after` names none of
        them, or practices wait for each other.
    """
    document = read_document(path, _Catalogue)
    listed = document.value.practices
    known = {practice.id: practice for practice in listed}
    found = [*_twice(document, "practices", [practice.id for practice in listed])]
    for index, practice in enumerate(listed):
        found += _unknown(document, ("practices", index, "after"), practice.after, list(known))
        if not practice.effort > 0:
            key = ("practices", index, "effort")
            found.append(document.violation(key, f"expected weeks > 0, got {practice.effort:g}"))
    if found:
        raise ConfigError(found)
    return {name: known[name] for name in _ordered(document, known)}


def _ordered(document: Document[_Catalogue], known: Mapping[str, Practice]) -> list[str]:
    """Return the ids such that each stands behind what it comes after."""
    order: list[str] = []
    waiting = list(known)
    while waiting:
        ready = [name for name in waiting if set(known[name].after) <= set(order)]
        if not ready:
            message = f"expected an order, but these wait for each other: {', '.join(waiting)}"
            raise ConfigError([document.violation(("practices",), message)])
        order += ready
        waiting = [name for name in waiting if name not in ready]
    return order


def read_framework(path: Path, known: Mapping[str, Practice]) -> Framework:
    """Read a maturity model whose criteria need practices in `known`.

    Raises
    ------
    ConfigError
        If the file is no maturity model; levels do not rise by one; a criterion's id is there
        twice, its level or dimension is none of the model's, or it needs no practice or an
        unknown one.
    """
    document = read_document(path, Framework)
    model = document.value
    numbers = [level.level for level in model.levels]
    found = [*_twice(document, "criteria", [criterion.id for criterion in model.criteria])]
    if numbers != list(range(len(numbers))) or not numbers:
        message = f"expected levels 0, 1, 2 and so on, got {numbers}"
        found.append(document.violation(("levels",), message))
    for index, criterion in enumerate(model.criteria):
        key = ("criteria", index)
        if criterion.level not in numbers[1:]:
            message = f"expected one of the levels {numbers[1:]}, got {criterion.level}"
            found.append(document.violation((*key, "level"), message))
        if criterion.dimension not in (model.dimensions or ("",)):
            message = f"expected one of {', '.join(model.dimensions)}, got {criterion.dimension!r}."
            message += did_you_mean(criterion.dimension, model.dimensions)
            found.append(document.violation((*key, "dimension"), message))
        if not criterion.needs:
            found.append(document.violation((*key, "needs"), "expected at least one practice"))
        found += _unknown(document, (*key, "needs"), criterion.needs, list(known))
    if found:
        raise ConfigError(found)
    return model


def _twice(document: Document[object], key: str, names: Sequence[str]) -> Iterator[Violation]:
    for index, name in enumerate(names):
        if name in names[:index]:
            yield document.violation((key, index), f"expected each id once, got {name!r} again")


def _unknown(
    document: Document[object], key: tuple[object, ...], names: Sequence[str], known: Sequence[str]
) -> Iterator[Violation]:
    for index, name in enumerate(names):
        if name not in known:
            message = f"expected the id of a practice, got {name!r}." + did_you_mean(name, known)
            yield document.violation((*key, index), message)
