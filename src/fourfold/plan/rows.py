"""A table with a run for each of its rows."""

import csv
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from fourfold.data.listing import text_of
from fourfold.errors import did_you_mean
from fourfold.plan.conditions import read
from fourfold.plan.kind import Kind, Problem, mapping, value

_TEXT = value("expected a text, got …", lambda given: isinstance(given, str), type="string")
_KEYS = {
    "file": _TEXT,
    "name": _TEXT,
    "columns": mapping("Columns of parameters that have other names", {}, lambda name: _TEXT),
}


class Row(NamedTuple):
    """One row: its parameters, the name of its run (empty if none is asked for), all its cells."""

    values: dict[str, Any]
    name: str
    cells: dict[str, str]


def _check(given: Any) -> list[Problem]:
    if isinstance(given, str) or (isinstance(given, Mapping) and "file" in given):
        return []
    form = "expected a CSV file, or {file: students.csv, name: student, columns: {seed: number}}"
    return [Problem((), f"{form}, got {given!r}")]


def _schema() -> dict[str, Any]:
    about = "A CSV file with a run for each row; columns named as parameters are their values"
    return {"type": ["string", "object"], "required": ["file"], "description": about}


TABLE = Kind(_check, _schema, _KEYS)


def read_rows(
    given: Any, root: Path, kinds: Mapping[str, Kind], swept: set[str]
) -> tuple[list[Row], list[Problem], list[Problem]]:
    """Return the rows of a table, what is wrong in it, and what should be known.

    Parameters
    ----------
    given : str or mapping
        The file, relative to `root`; as mapping with ``name``, the column that names the runs, and
        ``columns``, those of parameters that have other names.
    kinds : mapping
        What each parameter takes. A cell that is empty leaves the parameter as the config has it.
    swept : set of str
        Parameters that the sweep varies otherwise.
    """
    block: dict[str, Any] = {"file": given} if isinstance(given, str) else given
    file, naming = block["file"], block.get("name")
    try:
        text = text_of(root / file, "utf-8-sig")
    except (OSError, ValueError) as error:
        near = did_you_mean(file, (path.name for path in root.glob("*.csv")))
        reason = "no such file" if isinstance(error, FileNotFoundError) else str(error)
        return (
            [],
            [Problem(("table",), f"{file}: expected a CSV file in UTF-8; {reason}.{near}")],
            [],
        )
    lines = text.splitlines(keepends=True)
    head = lines[0] if lines else ""
    reader = csv.DictReader(lines, delimiter=max(",;\t", key=head.count), restval="")
    columns = [name for name in reader.fieldnames or [] if name]
    renamed = block.get("columns", {})
    asked: list[tuple[tuple[str, ...], str]] = [
        (("table", "columns", name), column) for name, column in renamed.items()
    ]
    asked += [(("table", "name"), naming)] if naming else []
    problems = [
        Problem(key, f"{file} has no column {column!r}.{did_you_mean(column, columns)}")
        for key, column in asked
        if column not in columns
    ]
    sources = {name: name for name in columns if name in kinds} | renamed
    strange = [name for name in renamed if kinds and name not in kinds]
    problems += [
        Problem(
            ("table", "columns", n), f"unknown parameter of the template.{did_you_mean(n, kinds)}"
        )
        for n in strange
    ]
    problems += [
        Problem(
            ("table",), f"column {n!r} of {file} is already swept; expected each parameter once"
        )
        for n in sources.keys() & swept
    ]
    if not sources and not naming:
        known = f"expected a column named as a parameter, got {', '.join(columns) or 'none'}"
        problems.append(Problem(("table",), f"{file}: {known}"))
    strays = [name for name in columns if name not in (*sources.values(), naming)]
    remarks = [
        Problem(("table",), f"column {name!r} of {file} is no parameter.{near}")
        for name in strays
        if (near := did_you_mean(name, kinds))
    ]
    rows: list[Row] = []
    names: dict[str, int] = {}
    for cells in reader if not problems else ():
        where, line = f"{file}, line {reader.line_num}", reader.line_num
        if not any(cells.values()):
            continue
        values = {}
        for name, column in sources.items():
            if cells[column]:
                values[name] = _cell(cells[column], kinds[name])
                problems += [
                    Problem(("table",), f"{where}, column {column!r}: {message}")
                    for _, message in kinds[name].problems(values[name])
                ]
        label = (cells[naming] or "").strip() if naming else ""
        if naming and (not label or label in names):
            other = f"that of line {names[label]}" if label else "none"
            message = f"{where}, column {naming!r}: expected a name of its own, got {other}"
            problems.append(Problem(("table",), message))
        names.setdefault(label, line)
        rows.append(Row(values, label, {name: cells[name] or "" for name in columns}))
    if not rows and not problems:
        problems.append(Problem(("table",), f"{file}: expected rows, got none"))
    return rows, problems, remarks


def _cell(text: str, of: Kind) -> Any:
    """Return a cell as a parameter takes it: as text, or what the text says."""
    says = {"true": True, "false": False}.get(text.lower())
    says = read(text) if says is None else says
    ways = (text, says) if "string" in of.types else (says, text)
    return next((each for each in ways if not of.problems(each)), ways[0])
