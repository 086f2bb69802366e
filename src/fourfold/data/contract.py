"""Contracts: what a data set must look like, as pandera YAML."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from inspect import signature
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fourfold.data.listing import text_of
from fourfold.data.yamlfile import nested, too_large
from fourfold.errors import DataError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Checked:
    """A data set after its contract.

    Attributes
    ----------
    frame : pandas.DataFrame
        The accepted rows, in the types of the contract; their index is that of the input.
    rejected : pandas.DataFrame
        The rejected rows as they came, and as last column ``reason`` (`reason_in`).
    rules : pandas.DataFrame
        One row a rule that is broken: ``column``, ``rule``, ``failed`` (rows) and ``valid``
        (share of rows that keep it, 0 to 1).
    """

    frame: pd.DataFrame
    rejected: pd.DataFrame
    rules: pd.DataFrame


def check(frame: pd.DataFrame, path: Path, schema: Any = None, part: bool = False) -> Checked:
    """Split a data set into the rows that keep its contract and those that break it.

    All rules are tried on all rows, and a rejected row has every rule it breaks. The frame has an
    index of distinct values; the contract is a schema as `pandera` writes it to YAML.

    Parameters
    ----------
    frame : DataFrame
    path : Path
        Of the contract.
    schema : DataFrameSchema, optional
        By default, that of `read_contract`.
    part : bool
        Whether the rows are some of a data set, of which it is no error that none is left.

    Raises
    ------
    DataError
        If the contract cannot be read; if a column is missing, unexpected, or holds no single
        value of the type that the contract names; if no row is left.
    """
    schema = schema or read_contract(path)
    _check_columns(frame, schema, path)
    failures = _failures(frame, schema)
    _check_whole(frame, schema, failures, path, part)
    # A check raises on a column of mixed types, so that it is tried again without those rows.
    if any(failure.mistyped for failure in failures):
        rest = frame.drop(index=list({f.row for f in failures}))
        failures += _failures(rest, schema) if len(rest) else []
    reasons: dict[Any, list[str]] = {}
    for failure in failures:
        reasons.setdefault(failure.row, []).append(failure.reason)
    accepted, rejected = frame.drop(index=list(reasons)), frame[frame.index.isin(list(reasons))]
    rules = _rules(failures, len(frame))
    why = ["; ".join(reasons[row]) for row in rejected.index]
    # Copied, since pandas warns of each new column of a table that it has not put together.
    rejected = rejected.copy().assign(**{reason_in(frame): why})
    if accepted.empty:
        if part:
            return Checked(accepted, rejected, rules)
        worst = [f"{r.failed} rows break {r.column}: {r.rule}" for r in rules[:3].itertuples()]
        raise DataError(f"{path.name}: expected rows that keep it, got none; {'; '.join(worst)}")
    return Checked(schema.validate(accepted), rejected, rules)


def reason_in(frame: pd.DataFrame) -> str:
    """Return the name of a last column for reasons, which is none of the table's own."""
    return "reason" if "reason" not in frame else "reason of the contract"


def read_contract(path: Path) -> Any:
    """Return the pandera schema of a contract.

    Raises
    ------
    DataError
        If the file is no such schema; an unknown key, which pandera would skip, is one reason.
    """
    import yaml
    from pandera.pandas import DataFrameSchema

    try:
        text = text_of(path)
        loader = yaml.SafeLoader(text)
        tree = None if (deep := nested(text)) else loader.get_single_node()
        if deep or too_large(tree):
            raise DataError(f"{path.name}: expected a contract, got aliases that hold each other")
        content = loader.construct_document(tree) if tree else None
    except OSError as error:
        raise DataError(f"{path.name}: cannot be read: {error.strerror}") from error
    except DataError:
        raise
    except Exception as error:  # a date that there is not, a key that is a list, 300 brackets
        raise DataError(f"{path.name}: expected YAML: {error}") from error
    if problems := list(_key_problems(content)):
        raise DataError("\n".join(f"{path.name}: {problem}" for problem in problems))
    try:
        return DataFrameSchema.from_yaml(path)
    except Exception as error:
        raise DataError(f"{path.name}: expected a pandera schema: {error}") from error


def rules_of(schema: Any) -> list[tuple[str, str]]:
    """Return each rule of a contract, as of `read_contract`: its column, and what it expects."""
    unique = schema.unique or []
    return [
        (str(name), rule)
        for name, column in schema.columns.items()
        for rule, holds in (
            (f"type {column.dtype}", column.dtype),
            ("a value", not column.nullable),
            ("a value of its own", column.unique),
            *((_in_words(str(check.error)), True) for check in column.checks),
            ("a combination of its own", name in unique),
        )
        if holds
    ]


def _key_problems(content: Any) -> Iterator[str]:
    from pandera.pandas import Check, Column, DataFrameSchema

    columns = content.get("columns") if isinstance(content, Mapping) else None
    if not isinstance(columns, Mapping) or not columns:
        yield "expected a mapping with 'columns', each with its rules"
        return
    checks = [name for name in dir(Check) if not name.startswith("_")]
    whole = ["schema_type", "version", "api", *signature(DataFrameSchema).parameters]
    levels: list[tuple[str, Iterable[str], Sequence[str]]] = [("", content, whole)]
    for column, rules in ((name, each or {}) for name, each in columns.items()):
        if not isinstance(rules, Mapping):
            yield f"columns.{column}: expected a mapping of rules, got {rules!r}"
            continue
        levels.append((f"columns.{column}.", rules, list(signature(Column).parameters)))
        levels.append((f"columns.{column}.checks.", rules.get("checks") or {}, checks))
    for where, keys, known in levels:
        for key in keys:
            if key not in known:
                yield f"{where}{key}: unknown key.{did_you_mean(key, known)}"


@dataclass(frozen=True)
class _Failure:
    """One rule that one row breaks."""

    row: Any
    column: str
    rule: str
    value: Any

    @property
    def mistyped(self) -> bool:
        return self.rule.startswith("type ")

    @property
    def reason(self) -> str:
        if self.rule == "a value":
            return f"{self.column}: expected a value, got none"
        return f"{self.column}: expected {self.rule}, got {self.value!r}"


def _check_columns(frame: pd.DataFrame, schema: Any, path: Path) -> None:
    names = [str(name) for name in frame.columns]
    problems = [
        f"{path.name}: columns.{name}: expected a column {name!r} of type {column.dtype}, "
        f"got none of this name.{did_you_mean(name, names)}"
        for name, column in schema.columns.items()
        if column.required and not column.regex and name not in names
    ]
    if schema.strict is True:
        problems += [
            f"{path.name}: expected only its columns, got {name!r}."
            + did_you_mean(name, schema.columns)
            for name in names
            if name not in schema.columns
        ]
    if problems:
        raise DataError("\n".join(problems))


def _failures(frame: pd.DataFrame, schema: Any) -> list[_Failure]:
    """Return each rule that each row breaks, once: pandera repeats a failed coercion."""
    from pandera.errors import SchemaErrors

    try:
        schema.validate(frame, lazy=True)
        return []
    except SchemaErrors as error:
        cases = error.failure_cases[["index", "column", "check", "failure_case"]]
    values = {
        # A numpy scalar as Python writes it.
        (row, str(column), _in_words(rule)): value.item() if hasattr(value, "item") else value
        for row, column, rule, value in cases.itertuples(index=False)
    }
    failures = [_Failure(*where, value) for where, value in values.items()]
    mistyped = {failure.column for failure in failures if failure.mistyped}
    return [f for f in failures if f.row is not None or f.mistyped or f.column not in mistyped]


#: Rules of pandera by their pattern, and what each expects.
_WORDS = {
    "not_nullable": "a value",
    "field_uniqueness": "a value of its own",
    "multiple_fields_uniqueness": "a combination of its own",
    r"(?:coerce_)?dtype\('(.+)'\)": r"type \1",
    r"in_range\((.+), (.+)\)": r"\1 to \2",
    r"greater_than\((.+)\)": r"> \1",
    r"greater_than_or_equal_to\((.+)\)": r">= \1",
    r"less_than\((.+)\)": r"< \1",
    r"less_than_or_equal_to\((.+)\)": r"<= \1",
    r"isin\(\[(.+)\]\)": r"one of \1",
}


def _in_words(rule: str) -> str:
    """Return a rule of pandera as what was expected."""
    matches = ((re.fullmatch(pattern, rule), words) for pattern, words in _WORDS.items())
    return next((match.expand(words) for match, words in matches if match), rule)


def _check_whole(
    frame: pd.DataFrame, schema: Any, failures: Sequence[_Failure], path: Path, part: bool
) -> None:
    """Raise where the contract fails for a column as a whole, so that no row is to blame."""
    problems = []
    for column in schema.columns:
        wrong = [f for f in failures if f.column == column and f.mistyped]
        if wrong and (
            wrong[0].row is None or (len(wrong) >= frame[column].notna().sum() and not part)
        ):
            problems.append(
                f"{path.name}: columns.{column}: expected {wrong[0].rule}, got "
                f"{frame[column].dtype}, such as {wrong[0].value!r}; correct the data or the "
                "contract"
            )
    if not problems:
        problems = [f"{path.name}: {f.reason}" for f in failures if f.row is None]
    if problems:
        raise DataError("\n".join(problems))


def _rules(failures: Sequence[_Failure], rows: int) -> pd.DataFrame:
    import pandas as pd

    columns = ["column", "rule", "failed", "valid"]
    broken = pd.DataFrame([(f.column, f.rule) for f in failures], columns=columns[:2])
    table = broken.value_counts(sort=False).rename("failed").reset_index()
    table = table.assign(valid=1 - table["failed"] / rows)
    return table.sort_values(["failed", "column"], ascending=[False, True], ignore_index=True)
