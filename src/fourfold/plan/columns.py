"""Columns that a config names, looked for in the heads of its files before anything runs."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from fourfold.data import formats, sources
from fourfold.data.yamlfile import read_positions
from fourfold.errors import ConfigError, DataError, did_you_mean
from fourfold.plan.parameters import Parameter

#: A parameter whose comment starts with one of these holds names of columns of the data.
_NAMES_OF = ("column ", "columns ", "column: ")
#: So are these, whatever their comment says.
_TARGETS = ("target", "label")
_SHOWN = 12


def columns_in(parameters: Mapping[str, Parameter]) -> list[str]:
    """Return the parameters that hold names of columns of the data."""
    return [
        name
        for name, parameter in parameters.items()
        if name != "data" and (parameter.help.startswith(_NAMES_OF) or name in _TARGETS)
    ]


def column_problems(
    parameters: Mapping[str, Parameter],
    values: Mapping[str, Any],
    own: Collection[str],
    root: Path,
) -> Iterator[tuple[str, str]]:
    """Yield the parameters that name a column which the data do not have, and what is wrong.

    Only where the columns can be known by a look at the head of one file: not for a database, a
    URL, a built-in data set, the result of a query, or the artifact of another run.

    Parameters
    ----------
    parameters : mapping of name to Parameter
        Of the template.
    values : mapping of name to value
        Of a run.
    own : collection of str
        What the config gives. A default of the template is for the template's own data.
    root : Path
        The project.
    """
    data = values.get("data")
    if not isinstance(data, str) or not data or values.get("query"):
        return
    known = file_columns(data, root)
    if not known:
        return
    for name in columns_in(parameters):
        given = values.get(name) if name in own else None
        for column in given if isinstance(given, list) else [given]:
            if isinstance(column, str) and column and column not in known:
                yield name, _missing(column, data, known)
    if isinstance(contract := values.get("contract"), str) and contract and "contract" in own:
        for column in _required(root / contract):
            if column not in known:
                yield "contract", f"{contract}: {_missing(column, data, known)}"


def _missing(column: str, data: str, known: Sequence[str]) -> str:
    more = ", …" if len(known) > _SHOWN else ""
    listed = ", ".join(known[:_SHOWN]) + more
    near = did_you_mean(column, known)
    return f"expected a column of {data} ({listed}), got {column!r}.{near}"


def file_columns(data: str, root: Path) -> tuple[str, ...]:
    """Return the columns of the one file that `data` names; none where only a run would tell."""
    source = sources.parse(data, root)
    if source.has_tables or source.problem():
        return ()
    files = source.files()
    if len(files) != 1:
        return ()
    stat = files[0].stat()
    return _head(files[0], stat.st_mtime_ns, stat.st_size)


@lru_cache(maxsize=256)
def _head(file: Path, changed: int, size: int) -> tuple[str, ...]:
    """Return the names of the columns of a file; none where only reading it would tell."""
    try:
        return formats.columns_of(file)
    except (DataError, OSError, ValueError):
        return ()  # its run says what is wrong


@lru_cache(maxsize=256)
def _document(file: Path, changed: int) -> Mapping[str, Any]:
    try:
        content, _ = read_positions(file, file.name, "contract")
    except ConfigError:
        return {}  # its run says what is wrong
    columns = content.get("columns")
    return columns if isinstance(columns, Mapping) else {}


def contract_columns(contract: Path) -> Mapping[str, Any]:
    """Return the columns of a contract with their rules; none if it cannot be read."""
    if not os.path.isfile(contract):  # whose name may be too long to be one
        return {}
    return _document(contract, contract.stat().st_mtime_ns)


def _required(contract: Path) -> Iterator[str]:
    for name, rules in contract_columns(contract).items():
        free = isinstance(rules, Mapping) and (rules.get("regex") or rules.get("required") is False)
        if isinstance(name, str) and not free:
            yield name
