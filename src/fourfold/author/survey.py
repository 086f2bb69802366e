"""A first look at a table nobody has described: what its columns are, and what to ask of it."""

import codecs
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from functools import cached_property
from io import BytesIO
from pathlib import Path

import pandas as pd

from fourfold.data import formats, sources
from fourfold.data.sources import Source
from fourfold.errors import DataError, did_you_mean
from fourfold.methods import columns as features
from fourfold.methods.supervised import evaluation
from fourfold.methods.supervised.entities import entities, times
from fourfold.methods.supervised.sides import sides

#: A larger text table is not loaded: its beginning is looked at.
LARGE = 300_000_000
#: Bytes of that beginning.
HEAD = 64 << 20
#: Fewer rows than these are no ground for clusters.
FEWEST_ROWS = 50
FOLDS, HELD_OUT = 5, 0.25
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
    grouped : bool
        Whether rows of a thing that comes again are kept together.
    positive : str
        Of two classes the one to be found; empty: the rarer one.
    """

    source: str
    query: str
    frame: pd.DataFrame
    share: float
    columns: pd.DataFrame
    useless: dict[str, str]
    target: str = ""
    grouped: bool = True
    positive: str = ""

    def of_kind(self, *kinds: str) -> list[str]:
        """Return the columns of these kinds that can help a model."""
        names = self.columns.index[self.columns["kind"].isin(kinds)]
        return [str(name) for name in names if name not in self.useless]

    @cached_property
    def measures(self) -> list[str]:
        """Return the columns that groups can be sought by."""
        return features.measures(self.frame[self.of_kind("number")])

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
            message = f"expected a column that can help to predict {target!r}, got none"
            raise DataError(f"{message} ({why})")
        return values

    @cached_property
    def division(self) -> tuple[str, str]:
        """Return the parameter that divides the rows, and its column; or two empty texts.

        It is `groups` for a thing that comes again, `time` for an order in time; neither if a
        class is only on one side.
        """
        things = entities(self.frame, self.target) if self.grouped else []
        known = [("groups", name) for name in things]
        for parameter, name in known + [("time", n) for n in times(self.frame, self.target)]:
            with suppress(DataError):
                by = sides(self.frame, *((name, "") if parameter == "groups" else ("", name)))
                kind = evaluation.task(self.goal)
                parts = by.hold_out(kind, self.goal.to_frame(), self.goal, HELD_OUT, 0)
                by.folds(kind, parts[2], FOLDS, 1, 0)
                return parameter, name
        return "", ""

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
    parsed = sources.parse(source, root)
    if parsed.has_tables and not query:
        query = _only_table(parsed)
    file = next(iter(parsed.files()), None)
    large = file and file.suffix.lower() in formats.LINES and file.stat().st_size > LARGE
    if file and large and not query and source.endswith(file.name):
        head, size = _beginning(file), file.stat().st_size
        frame, share = formats.read_table(BytesIO(head), file.name), len(head) / size
    else:
        frame, share = sources.load(source, query, root).frame, 1.0
    useless = features.select(frame).left_out
    return Survey(source, query, frame, share, features.describe(frame), useless, target)


def template_for(table: Survey) -> str:
    """Return the template that suits a table, and its target if it has one.

    Raises
    ------
    DataError
        If the target is no column, or one that nothing can learn to predict.
    """
    if table.target:
        return evaluation.task(table.goal)
    groups = len(table.of_kind("number")) >= 2 and len(table.frame) >= FEWEST_ROWS
    return "clustering" if groups else "starter"


def suits(template: str, table: Survey) -> None:
    """Raise what stands against this template for this table.

    Raises
    ------
    DataError
        If the template is none that can be drafted, needs a target and has none, or columns
        that the table has not.
    """
    target, message = table.target, ""
    if template not in KINDS:
        near = did_you_mean(template, KINDS) or " For others, copy a config of params/."
        message = f"--template: expected one of {', '.join(KINDS)}, got {template!r}.{near}"
    elif template in ("classification", "regression") and not target:
        message = f"--target: expected a column for template {template!r}, got none"
    elif target and template in ("clustering", "quality", "routes"):
        raise DataError(f"--target: template {template!r} takes none, got {target!r}")
    elif template == "regression" and evaluation.task(table.goal) != template:
        message = f"target {target!r}: expected a quantity for a regression, got classes"
    elif template == "clustering" and len(table.of_kind("number")) < 2:
        message = "expected two columns of numbers to find groups in, got fewer"
    elif template == "routes" and not table.coordinates:
        message = "expected columns of longitude and latitude, such as lon and lat; got none"
    if message:
        raise DataError(message)


def _first(names: Iterable[str], wanted: Iterable[str]) -> str:
    lower = {name.lower(): name for name in names}
    return next((lower[each] for each in wanted if each in lower), "")


def _only_table(source: Source) -> str:
    """Return the query for all of a database that has one table."""
    tables = source.tables()
    if len(tables) != 1:
        listed, example = ", ".join(tables[:20]) or "none", tables[0] if tables else "TABLE"
        raise DataError(
            f"{source.masked}: expected one table, or a query, "
            f"such as --query 'SELECT * FROM {example}'; the tables are: {listed}"
        )
    return f'SELECT * FROM "{tables[0]}"'


def _beginning(path: Path) -> bytes:
    """Return the first bytes of a text table, up to the end of a line."""
    with path.open("rb") as handle:
        head = handle.read(HEAD)
    end = _MARKS.get(head[:2], b"\n")
    cut = head.rfind(end)
    while len(end) == 2 and cut % 2:
        cut = head.rfind(end, 0, cut + 1)
    return head[: cut + len(end)]
