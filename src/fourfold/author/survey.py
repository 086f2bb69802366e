"""A first look at a table nobody has described: what its columns are, and what to ask of it."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from fourfold.data import database, formats, sources
from fourfold.data.coerce import named
from fourfold.errors import DataError, did_you_mean
from fourfold.methods import columns as features
from fourfold.methods.supervised import evaluation

if TYPE_CHECKING:
    from collections.abc import Iterable

#: A larger text table is not loaded: its beginning is looked at.
LARGE = 300_000_000
#: Bytes of that beginning.
HEAD = 64 << 20
#: Fewer rows than these are no ground for clusters.
FEWEST_ROWS = 50
FOLDS = 5
#: Templates that a table can be drafted for.
KINDS = ("clustering", "starter", "classification", "regression", "quality", "routes")
_UP = ("latitude_deg", "latitude", "lat", "breite", "breitengrad", "geo_lat", "y_lat")
_ACROSS = ("longitude_deg", "longitude", "lon", "lng", "long", "laenge", "länge", "längengrad")
_MARKS = {
    codecs.BOM_UTF16_LE: "\n".encode("utf-16-le"),
    codecs.BOM_UTF16_BE: "\n".encode("utf-16-be"),
}


@dataclass(frozen=True)
class Survey:
    """What a first look at a table found.

    Attributes
    ----------
    source, query : str
        As a config names them.
    frame : DataFrame
        All rows, or the first ones of a large file.
    share : float
        Of the bytes of the source that were read; 1 if these are all rows.
    columns : DataFrame
        As `features.describe` returns it.
    useless : dict of str to str
        Columns that cannot help a model, with the reason.
    target : str
        What is to be predicted; empty: nothing.
    """

    source: str
    query: str
    frame: pd.DataFrame
    share: float
    columns: pd.DataFrame
    useless: dict[str, str]
    target: str = ""

    def of_kind(self, *kinds: str) -> list[str]:
        """Return the columns of these kinds that can help a model."""
        found = self.columns.index[self.columns["kind"].isin(kinds)]
        return [str(name) for name in found if name not in self.useless]

    @property
    def whole(self) -> bool:
        """Say whether the rows are all that there are."""
        return self.share == 1

    @property
    def seen(self) -> str:
        """Return in words which rows were looked at."""
        rows = f"{len(self.frame):,} rows"
        return rows if self.whole else f"the first {rows} of a large file"

    @cached_property
    def goal(self) -> pd.Series:
        """The values of the target, of which there are enough.

        Raises
        ------
        DataError
            As `evaluation.learnable_rows`; if the target is a date; if there is no other column.
        """
        target = self.target
        if target in self.columns.index and self.columns.loc[target, "kind"] == "date":
            raise DataError(f"target {target!r}: expected a quantity or a few classes, got dates")
        values = evaluation.learnable_rows(self.frame, target, FOLDS)[1]
        if not [n for n in self.columns.index if n != target and n not in self.useless]:
            why = "; ".join(f"{n}: {why}" for n, why in self.useless.items() if n != target)
            told = f"expected a column that can help to predict {target!r}, got none"
            raise DataError(f"{told} ({why})")
        return values

    @property
    def memory_gb(self) -> float:
        """Return about how much memory all rows take, once they are loaded."""
        return float(self.frame.memory_usage(deep=True).sum()) / self.share / 1e9

    @property
    def coordinates(self) -> tuple[str, str] | None:
        """Return the columns of longitude and latitude, if there are such."""
        numbers = self.of_kind("number")
        across, up = (_first(numbers, names) for names in (_ACROSS, _UP))
        if not (across and up):
            return None
        fits = self.frame[across].abs().max() <= 180 and self.frame[up].abs().max() <= 90
        return (across, up) if fits else None


def survey(source: str, query: str = "", root: Path | None = None, target: str = "") -> Survey:
    """Look at a data set.

    Parameters
    ----------
    source, query, root
        As for `data.load`. A database with one table needs no query.
    target : str
        What is to be predicted; empty: nothing.

    Raises
    ------
    DataError
        If the data cannot be read, or a database has more than one table and no query is given.
    """
    if database.is_database(source) and (wrong := database.unsafe(source)):
        raise DataError(wrong)
    query = query or _only_table(source, root)
    frame, share = _rows(source, query, root)
    found = features.describe(frame)
    return Survey(source, query, frame, share, found, features.select(frame).left_out, target)


def template_for(found: Survey) -> str:
    """Return the template that suits a table, and its target if it has one.

    Raises
    ------
    DataError
        If the target is no column, or one that nothing can learn to predict.
    """
    if found.target:
        return evaluation.task(found.goal)
    groups = len(found.of_kind("number")) >= 2 and len(found.frame) >= FEWEST_ROWS
    return "clustering" if groups else "starter"


def suits(template: str, found: Survey) -> None:
    """Raise what stands against this template for this table.

    Raises
    ------
    DataError
        If the template is none that can be drafted, needs a target and has none, or columns
        that the table has not.
    """
    if template not in KINDS:
        told = f"--template: expected one of {', '.join(KINDS)}, got {template!r}."
        near = did_you_mean(template, KINDS)
        raise DataError(told + near + ("" if near else " For others, copy a config of params/."))
    target = found.target
    if template in ("classification", "regression") and not target:
        raise DataError(f"--target: expected a column for template {template!r}, got none")
    if target and template in ("clustering", "quality", "routes"):
        raise DataError(f"--target: template {template!r} takes none, got {target!r}")
    if template == "regression" and evaluation.task(found.goal) != template:
        raise DataError(f"target {target!r}: expected a quantity for a regression, got classes")
    if template == "clustering" and len(found.of_kind("number")) < 2:
        raise DataError("expected two columns of numbers to find groups in, got fewer")
    if template == "routes" and not found.coordinates:
        raise DataError("expected columns of longitude and latitude, such as lon and lat; got none")


def _first(names: Iterable[str], wanted: Iterable[str]) -> str:
    lower = {name.lower(): name for name in names}
    return next((lower[each] for each in wanted if each in lower), "")


def _only_table(source: str, root: Path | None) -> str:
    """Return the query for all of a database that has one table; else an empty text."""
    tables = (
        database.tables(sources.located(source, root)) if sources.keeps_tables(source) else None
    )
    if tables is None:
        return ""
    if len(tables) != 1:
        told = ", ".join(tables[:20]) or "none"
        example = tables[0] if tables else "TABLE"
        raise DataError(
            f"{database.masked(source)}: expected one table, or a query, "
            f"such as --query 'SELECT * FROM {example}'; the tables are: {told}"
        )
    return f'SELECT * FROM "{tables[0]}"'


def _rows(source: str, query: str, root: Path | None) -> tuple[pd.DataFrame, float]:
    if not query and (path := _large_text(source, root)):
        head = _beginning(path)
        frame = named(formats.read_table(BytesIO(head), path.name))
        return frame, len(head) / path.stat().st_size
    return sources.load(source, query, root).frame, 1.0


def _large_text(source: str, root: Path | None) -> Path | None:
    """Return the path of a text table that is too large to be loaded for a look."""
    if (
        "://" in source
        or sources.GLOB.search(source)
        or Path(source).suffix.lower() not in formats.LINES
    ):
        return None
    path = sources.locate(source, root)
    return path if path.stat().st_size > LARGE else None


def _beginning(path: Path) -> bytes:
    """Return the first bytes of a text table, up to the end of a line."""
    with path.open("rb") as handle:
        head = handle.read(HEAD)
    end = _MARKS.get(head[:2], b"\n")
    cut = head.rfind(end)
    while len(end) == 2 and cut % 2:
        cut = head.rfind(end, 0, cut + 1)
    return head[: cut + len(end)]
