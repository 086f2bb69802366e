"""Are strangers' tables read and drafted right? ``python benchmarks/truth/drafts.py [--runs N]``

Eighty tables are made from seeds, in many formats, dialects and languages, with the truth known of
each cell, type and role. Each is read, surveyed and drafted as `fourfold new` does it; with
``--runs``, the first N drafts are executed by `fourfold run` besides.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import json
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from simulation import keep

from fourfold.author.config_draft import drafts, rejected_rows
from fourfold.author.survey import survey
from fourfold.methods.supervised import evaluation

Rng = np.random.Generator
#: How a number may be written: decimal mark, mark of groups.
MONTHS = [
    *("Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September"),
    *("Oktober", "November", "Dezember"),
]
ENGLISH, GERMAN, FRENCH, SWISS = (".", ","), (",", "."), (",", "\u202f"), (".", "'")


@dataclass
class Column:
    """A column with its truth.

    Attributes
    ----------
    name : str
    truth : list
        The truth: numbers, text, dates, or None where there is none.
    type : {'number', 'text', 'date', 'truth'}
    role : str
        ``feature``, ``identifier``, ``target``, ``group`` or ``time``; what a careful colleague
        would make of it.
    written : list of str
        As they stand in a file of text.
    """

    name: str
    truth: list[Any]
    type: str
    role: str = "feature"
    written: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        if not self.written:
            self.written = ["" if value is None else str(value) for value in self.truth]


@dataclass
class Table:
    """A file, and what it means.

    Attributes
    ----------
    write : callable
        Takes the path.
    task : str
        ``classification`` or ``regression`` where a target is named.
    """

    name: str
    columns: list[Column]
    write: Callable[[Path, list[Column]], None]
    task: str = ""
    source: str = ""

    @property
    def target(self) -> str:
        """Return the name of the target."""
        return next((c.name for c in self.columns if c.role == "target"), "")


def grouped(value: float, style: tuple[str, str], places: int = 2) -> str:
    """Return a number in the style of a country."""
    mark, group = style
    return f"{value:,.{places}f}".replace(",", "\0").replace(".", mark).replace("\0", group)


def numbers(rng: Rng, n: int, name: str = "weight", scale: float = 10, places: int = 2) -> Column:
    """Return a plain column of numbers."""
    return Column(name, [round(float(v), places) for v in rng.gamma(2, scale, n)], "number")


def written(column: Column, form: Callable[[float], str]) -> Column:
    """Return the column in another way of writing."""
    texts = ["" if value is None else form(value) for value in column.truth]
    return Column(column.name, column.truth, column.type, column.role, texts)


def with_marks(rng: Rng, column: Column, mark: str, share: float = 0.1) -> Column:
    """Return the column with a mark in some rows, where nothing is known."""
    gone = rng.random(len(column.truth)) < share
    gone[:3] = [False, True, False]
    values = [None if lost else v for v, lost in zip(column.truth, gone, strict=True)]
    texts = [mark if lost else t for t, lost in zip(column.written, gone, strict=True)]
    return Column(column.name, values, column.type, column.role, texts)


def words(rng: Rng, n: int, name: str = "colour", levels: str = "red green blue grey") -> Column:
    """Return a category."""
    return Column(name, [str(v) for v in rng.choice(levels.split(), n)], "text")


def days(rng: Rng, n: int, form: str, name: str = "seen", role: str = "feature") -> Column:
    """Return dates in a way of writing, in no order."""
    found = [date(2015, 1, 1) + timedelta(int(d)) for d in rng.integers(0, 3000, n)]
    return Column(
        name, [pd.Timestamp(d) for d in found], "date", role, [f"{d:{form}}" for d in found]
    )


def text_file(
    separator: str = ",",
    encoding: str = "utf-8",
    above: str = "",
    header: bool = True,
    units: list[str] | None = None,
    ending: str = "\n",
    pack: str = "",
    quoting: Any = csv.QUOTE_MINIMAL,
) -> Callable[[Path, list[Column]], None]:
    """Return what writes a file of text."""

    def write(path: Path, columns: list[Column]) -> None:
        out = io.StringIO()
        out.write(above)
        table = csv.writer(out, delimiter=separator, lineterminator=ending, quoting=quoting)
        if header:
            table.writerow([c.name for c in columns])
        if units:
            table.writerow(units)
        table.writerows(zip(*(c.written for c in columns), strict=True))
        content = out.getvalue().encode(encoding)
        if pack == "gz":
            content = gzip.compress(content)
        if pack == "zip":
            with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr("table.csv", content)
            return
        path.write_bytes(content)

    return write


def typed(save: str, **options: Any) -> Callable[[Path, list[Column]], None]:
    """Return what writes a file of typed columns by pandas."""

    def write(path: Path, columns: list[Column]) -> None:
        frame = pd.DataFrame({c.name: c.truth for c in columns})
        getattr(frame, save)(path, **options)

    return write


def arrow(path: Path, columns: list[Column], make: Callable[[Column], Any], feather: bool) -> None:
    """Write Arrow columns of chosen types."""
    import pyarrow as pa
    from pyarrow import feather as feathers
    from pyarrow import parquet

    table = pa.table({c.name: make(c) for c in columns})
    feathers.write_feather(table, path) if feather else parquet.write_table(table, path)


def json_file(lines: bool) -> Callable[[Path, list[Column]], None]:
    """Return what writes records of JSON."""

    def write(path: Path, columns: list[Column]) -> None:
        def plain(value: Any) -> Any:
            return value.isoformat() if isinstance(value, pd.Timestamp) else value

        names = [c.name for c in columns]
        rows = [
            dict(zip(names, map(plain, row), strict=True))
            for row in zip(*(c.truth for c in columns), strict=True)
        ]
        path.write_text(
            "\n".join(map(json.dumps, rows)) if lines else json.dumps(rows), encoding="utf-8"
        )

    return write


def sqlite_file(path: Path, columns: list[Column]) -> None:
    """Write a database of one table."""
    import sqlite3

    frame = pd.DataFrame({c.name: c.truth for c in columns})
    with sqlite3.connect(path) as connection:
        frame.to_sql("things", connection, index=False)


def plain_columns(rng: Rng, n: int) -> list[Column]:
    """Return the columns that many tables have: a number, a count, a category."""
    count = Column("pieces", [int(v) for v in rng.integers(0, 40, n)], "number")
    return [numbers(rng, n), count, words(rng, n)]


def catalogue(seed: int) -> Iterator[Table]:
    """Yield forty tables of a seed."""
    rng = np.random.default_rng(seed)
    n = int(rng.integers(120, 400))
    base = plain_columns(rng, n)
    money = Column("amount", [round(float(v), 2) for v in rng.gamma(1.2, 2500, n)], "number")
    share = numbers(rng, n, "share", 15, 1)
    # separators, encodings, marks of decimals
    yield Table("plain.csv", base, text_file())
    yield Table("tab.tsv", base, text_file("\t"))
    yield Table("bar.txt", base, text_file("|"))
    german = [written(base[0], lambda v: f"{v}".replace(".", ",")), base[1]]
    town = words(rng, n, "Stadt", "Köln Düsseldorf Münster Graz")
    yield Table("german.csv", [*german, town], text_file(";", "cp1252"))
    yield Table("excel16.csv", [*german, town], text_file("\t", "utf-16"))
    yield Table("bom.csv", [*base, town], text_file(",", "utf-8-sig", ending="\r\n"))
    cyrillic = words(rng, n, "город", "Москва Казань Томск Самара")
    yield Table("cyrillic.csv", [*base, cyrillic], text_file(";", "cp1251"))
    kanji = words(rng, n, "都市", "東京都千代田区 大阪府大阪市 京都府京都市")
    yield Table("sjis.csv", [*base[:2], kanji], text_file(",", "shift_jis"))
    yield Table("sep.csv", base, text_file(";", above="sep=;\n"))
    yield Table("quoted.csv", base, text_file(quoting=csv.QUOTE_ALL))
    yield Table("packed.csv.gz", base, text_file(pack="gz"))
    yield Table("packed.zip", base, text_file(pack="zip"))
    # what stands above, or does not
    title = "Sales of the north, all shops\n\n"
    yield Table("title.csv", base, text_file(";", above=title))
    yield Table("remark.csv", base, text_file(above="# written by hand\n# see the manual\n"))
    nameless = [
        Column(f"column_{i}", c.truth, c.type, c.role, c.written) for i, c in enumerate(base, 1)
    ]
    yield Table("nameless.csv", nameless, text_file(header=False))
    units = ["kg", "", ""]
    yield Table("units.csv", base, text_file(units=units))
    years = [
        Column("land", words(rng, n).truth, "text"),
        *(numbers(rng, n, str(year)) for year in range(2019, 2023)),
    ]
    yield Table("years.csv", years, text_file())
    # missing values by their marks
    for mark in ("?", "-", "n/a", " ", "--", "#N/A"):
        marked = [with_marks(rng, c, mark) for c in base[:2]]
        name = {"?": "query", "-": "dash", "n/a": "na", " ": "blank", "--": "dashes"}.get(
            mark, "excel"
        )
        yield Table(f"missing-{name}.csv", [*marked, base[2]], text_file())
    # numbers with groups and units
    dollars = written(money, lambda v: f"${v:,.2f}")
    percent = written(share, lambda v: f"{v}%")
    yield Table("dollars.csv", [dollars, percent, base[2]], text_file())
    euros = written(money, lambda v: grouped(v, GERMAN) + " EUR")
    heavy = written(base[0], lambda v: f"{v}".replace(".", ",") + " kg")
    yield Table("euros.csv", [euros, heavy, base[2]], text_file(";", "cp1252"))
    french = written(money, lambda v: grouped(v, FRENCH) + "\u00a0€")
    yield Table("french.csv", [french, base[2]], text_file(";"))
    swiss = written(money, lambda v: "CHF " + grouped(v, SWISS))
    yield Table("swiss.csv", [swiss, base[2]], text_file(";"))
    balance = Column("balance", [round(float(v), 2) for v in rng.normal(0, 3000, n)], "number")
    accounts = written(balance, lambda v: f"({-v:,.2f})" if v < 0 else f"{v:,.2f}")
    yield Table("accounts.csv", [accounts, base[2]], text_file())
    mixed = [euros, written(share, lambda v: f"{v}%"), written(money, lambda v: f"${v:,.2f}")]
    mixed[2].name = "price"
    yield Table("mixed.csv", [*mixed, german[0]], text_file(";", "cp1252"))
    wide_marks = with_marks(rng, euros, "k.A.")
    yield Table("euros-marked.csv", [wide_marks, base[2]], text_file(";"))
    # dates
    forms = (
        "%Y%m%d",
        "%b %d %Y",
        "%d %B %Y",
        "%d-%b-%y",
        "%d.%m.%Y",
        "%m/%d/%Y",
        "%Y-%m-%d %H:%M:%S",
    )
    for number, form in enumerate(forms):
        yield Table(f"dates-{number}.csv", [days(rng, n, form), *base], text_file())
    born = [pd.Timestamp("1930-01-14") + pd.Timedelta(days=61 * i) for i in range(n)]
    two = Column("born", born, "date", "feature", [f"{d:%d.%m.%y}" for d in born])
    words_of_months = [
        f"{d.day}. {MONTHS[d.month - 1]} {d.year}" for d in pd.date_range("2020", periods=n)
    ]
    since = Column("seit", [*pd.date_range("2020", periods=n)], "date", "time", words_of_months)
    yield Table("monate.csv", [since, two, *base], text_file(";"))
    starts = [*pd.date_range("1940", periods=n, freq="QS")]
    quarters = Column(
        *("quarter", starts, "date", "time"), [f"{d.year}Q{(d.month + 2) // 3}" for d in starts]
    )
    yield Table("quarters.csv", [quarters, *base], text_file())
    seconds = rng.integers(0, 86_400, n)
    clock = Column(
        *("at", [float(v) / 3600 for v in seconds], "number", "feature"),
        [f"{v // 3600:02d}:{v // 60 % 60:02d}:{v % 60:02d}" for v in map(int, seconds)],
    )
    yield Table("clock.csv", [clock, *base], text_file())
    moments = [pd.Timestamp("2024-03-30 12:00") + pd.Timedelta(hours=6 * i) for i in range(n)]
    offsets = ["+01:00" if m < pd.Timestamp("2024-03-31 02:00") else "+02:00" for m in moments]
    zoned = Column(
        "at",
        [
            pd.Timestamp(f"{m.isoformat()}{o}").tz_convert("UTC")
            for m, o in zip(moments, offsets, strict=True)
        ],
        *("date", "time", [f"{m.isoformat()}{o}" for m, o in zip(moments, offsets, strict=True)]),
    )
    yield Table("offsets.csv", [zoned, *base], text_file())
    # codes
    zips = [f"{int(v):05d}" for v in rng.integers(100, 99999, n)]
    codes = Column("zip", zips, "text", "identifier")
    longs = [int(v) for v in rng.integers(10**18, 9 * 10**18, n)]
    long = Column("order_id", longs, "number", "identifier")
    yield Table("codes.csv", [codes, long, *base], text_file())
    gaps = with_marks(rng, Column("tweetId", longs, "number", "identifier"), "")
    yield Table("gaps.csv", [gaps, *base], text_file())
    land = words(rng, n, "country", "NA DE FR US ZA NO NL")
    yield Table("namibia.csv", [land, *base[:2]], text_file())


def supervised(seed: int) -> Iterator[Table]:
    """Yield tables with a target, things that come again, an order in time."""
    rng = np.random.default_rng(1000 + seed)
    n = int(rng.integers(250, 500))
    x, y = rng.normal(size=n), rng.normal(size=n)
    sick = ["yes" if v > 0.4 else "no" for v in x + 0.7 * rng.normal(size=n)]
    cost = [round(float(v), 2) for v in 50 + 12 * x + 5 * y + 4 * rng.normal(size=n)]
    size = [Column("x", [round(float(v), 3) for v in x], "number")]
    size += [Column("y", [round(float(v), 3) for v in y], "number"), words(rng, n)]
    goal = Column("ill", sick, "text", "target")
    price = Column("cost", cost, "number", "target")
    key = Column(
        "customerId", [int(v) for v in rng.permutation(n) + 10_000_007], "number", "identifier"
    )
    yield Table("ill.csv", [key, *size, goal], text_file(), "classification")
    yield Table("cost.csv", [key, *size, price], text_file(";"), "regression")
    uuids = [f"{v:032x}" for v in (int.from_bytes(rng.bytes(16), "big") for _ in range(n))]
    yield Table(
        *("uuid.csv", [Column("uuid", uuids, "text", "identifier"), *size, price]),
        *(text_file(), "regression"),
    )
    who = [f"p{int(v):03d}" for v in rng.integers(0, n // 8, n)]
    patient = Column("patient_id", who, "text", "group")
    yield Table("patients.csv", [patient, *size, goal], text_file(), "classification")
    visits = Column("id", [i // 6 + 1 for i in range(n)], "number", "group")
    yield Table("visits.csv", [visits, *size, goal], text_file(), "classification")
    when = [pd.Timestamp("2021-01-04") + pd.Timedelta(weeks=i) for i in range(n)]
    week = Column("week", when, "date", "time", [f"{w:%Y-%m-%d}" for w in when])
    sold = [round(float(v), 1) for v in 100 + 0.1 * np.arange(n) + 8 * x + 3 * rng.normal(size=n)]
    yield Table(
        *("weeks.csv", [week, *size, Column("sold", sold, "number", "target")]),
        *(text_file(), "regression"),
    )
    hours = [pd.Timestamp("2024-01-01") + pd.Timedelta(hours=i) for i in range(n)]
    hour = Column("timestamp", hours, "date", "time", [f"{h:%d.%m.%Y %H:%M}" for h in hours])
    load = [round(float(v), 1) for v in 30 + 9 * np.sin(np.arange(n) / 3.82) + 6 * x]
    yield Table(
        *("hours.csv", [hour, *size, Column("load", load, "number", "target")]),
        *(text_file(";"), "regression"),
    )
    stars = Column("stars", [int(v) for v in np.clip(np.round(3 + x), 1, 5)], "number", "target")
    yield Table("stars.csv", [*size, stars], text_file(), "classification")
    rare = Column("churn", [int(v) for v in x > 1.2], "truth", "target")
    yield Table("churn.csv", [key, *size, rare], text_file(), "classification")


def wide(seed: int) -> Iterator[Table]:
    """Yield tables of more columns than rows."""
    rng = np.random.default_rng(3000 + seed)
    genes = [numbers(rng, 120, f"gene_{number}", 1, 3) for number in range(600)]
    yield Table("genes.csv.gz", genes, text_file(pack="gz"))
    ill = ["yes" if v > 0 else "no" for v in np.array(genes[7].truth) - 2 + rng.normal(size=120)]
    yield Table("tissue.csv", [*genes, Column("ill", ill, "text", "target")], text_file(),
                "classification")  # fmt: skip


def binary(seed: int) -> Iterator[Table]:
    """Yield tables of typed formats."""
    from decimal import Decimal

    import pyarrow as pa

    rng = np.random.default_rng(2000 + seed)
    n = int(rng.integers(100, 300))
    base = plain_columns(rng, n)
    seen = days(rng, n, "%Y-%m-%d")
    gaps = with_marks(rng, base[1], "")
    gaps.name = "gaps"
    yield Table("plain.parquet", [*base, seen], typed("to_parquet"))
    yield Table("plain.feather", [*base, seen], typed("to_feather"))
    yield Table("records.json", [*base, seen, gaps], json_file(False))
    yield Table("lines.jsonl", [*base, seen, gaps], json_file(True))
    yield Table("stata.dta", [*base, seen], typed("to_stata", write_index=False))
    yield Table("shop.sqlite", [*base, seen], sqlite_file)

    def odd(column: Column) -> Any:
        if column.name == "weight":
            values = [Decimal(str(v)) for v in column.truth]
            return pa.array(values, pa.decimal128(12, 2))
        if column.type == "date":
            return pa.array([v.date() for v in column.truth], pa.date32())
        if column.name == "gaps":
            return pa.array(column.truth, pa.int64())
        return pa.array(column.truth)

    yield Table("odd.parquet", [*base, seen, gaps], lambda p, c: arrow(p, c, odd, False))

    took = Column("took", [int(v) for v in rng.integers(1, 9000, n)], "number")
    tags = Column("tags", [json.dumps([int(v) % 3, int(v) % 5]) for v in took.truth], "text")

    def nested(column: Column) -> Any:
        if column.name == "took":
            return pa.array([timedelta(seconds=v) for v in column.truth], pa.duration("us"))
        return (
            pa.array([json.loads(v) for v in column.truth])
            if column.name == "tags"
            else odd(column)
        )

    yield Table("nested.parquet", [*base, took, tags], lambda p, c: arrow(p, c, nested, False))


def type_of(column: pd.Series) -> str:
    """Return the type that a column was read as."""
    from pandas.api.types import is_bool_dtype, is_datetime64_any_dtype, is_numeric_dtype

    if is_datetime64_any_dtype(column):
        return "date"
    if is_bool_dtype(column):
        return "truth"
    return "number" if is_numeric_dtype(column) else "text"


def same(read: Any, truth: Any) -> bool:
    """Say whether a cell holds what was meant."""
    if truth is None or pd.isna(truth):
        return bool(pd.isna(read))
    if pd.isna(read):
        return False
    if isinstance(truth, int):
        return int(read) == truth
    return (
        abs(read - truth) < 1e-9 * max(1, abs(truth)) if isinstance(truth, float) else read == truth
    )


def judged(table: Table, folder: Path) -> dict[str, Any]:
    """Read, survey and draft one table; return what was right."""
    path = folder / "data" / table.name
    table.write(path, table.columns)
    source = f"data/{table.name}"
    looked = survey(source, "", folder, table.target)
    frame = looked.frame
    facts: dict[str, Any] = {"columns": len(table.columns), "types": 0, "cells": 0, "changed": 0}
    facts |= {"roles": 0, "right": 0, "wrong": []}
    if [str(c) for c in frame] != [c.name for c in table.columns]:
        facts["wrong"].append(f"names {list(frame)[:5]}")
        frame = frame.iloc[:, : len(table.columns)].set_axis(
            [c.name for c in table.columns][: len(frame.columns)], axis=1
        )
    for column in table.columns:
        got = frame.get(column.name, pd.Series(dtype=float))
        fits = type_of(got) == column.type or (column.type == "truth" and type_of(got) == "number")
        facts["types"] += fits
        facts["cells"] += len(column.truth)
        differ = [a for a, b in zip(got, column.truth, strict=False) if not (fits and same(a, b))]
        lost = abs(len(got) - len(column.truth))
        facts["changed"] += (len(differ) + lost) if fits else 0
        if not fits or differ or lost:
            what = (
                f"{type_of(got)} for {column.type}" if not fits else f"{len(differ)}+{lost} cells"
            )
            facts["wrong"].append(f"{column.name}: {what} {[*map(str, differ[:2])]}")
    roles(table, looked, facts)
    name = table.name.replace(".", "-").lower()
    try:
        texts = drafts(name, "", looked, folder, "")
        for file, text in texts.items():
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        facts["rejected"] = rejected_rows(looked, texts)
        facts["config"] = str([*texts][1].relative_to(folder))
    except Exception as error:
        facts["rejected"], facts["config"] = -1, ""
        facts["wrong"].append(f"draft: {error}")
    return facts


def roles(table: Table, looked: Any, facts: dict[str, Any]) -> None:
    """Count which roles were seen as they are."""
    division = looked.division if table.target else ("", "")
    for column in table.columns:
        match column.role:
            case "identifier":
                right = column.name in looked.useless
            case "target":
                right = evaluation.task(looked.goal) == table.task
            case "group" | "time":
                if not table.target:
                    continue
                wanted = {"group": "groups", "time": "time"}[column.role]
                right = division == (wanted, column.name)
            case _:
                right = column.name not in looked.useless
        facts["roles"] += 1
        facts["right"] += right
        if not right:
            facts["wrong"].append(f"{column.name}: no {column.role}")


def executed(configs: list[str], folder: Path) -> list[str]:
    """Run drafts; return those that did not end well."""
    call = [sys.executable, "-m", "fourfold", "run", *configs]
    subprocess.run(call, cwd=folder, capture_output=True, check=False)
    records = [json.loads(p.read_text()) for p in folder.glob("outputs/*/*/record.json")]
    ended = {record["config"]: record["status"] for record in records}
    missing = len(configs) - len(records)
    return [f"{k}: {v}" for k, v in ended.items() if v != "ok"] + ["no record"] * missing


def main() -> int:
    """Print what went wrong, and the shares; return 1 where a bar is missed."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=2, help="of forty tables and more each")
    parser.add_argument("--runs", type=int, default=0, help="drafts to execute")
    asked = parser.parse_args()
    total = dict.fromkeys(("tables", "columns", "types", "cells", "changed", "roles", "right"), 0)
    total |= {"rejected": 0, "not drafted": 0, "not run": 0}
    with tempfile.TemporaryDirectory() as place:
        folder, configs = Path(place), list[str]()
        (folder / "data").mkdir()
        subprocess.run(
            [sys.executable, "-m", "fourfold", "init", "."],
            cwd=folder,
            capture_output=True,
            check=True,
        )
        for seed in range(asked.seeds):
            for table in (*catalogue(seed), *supervised(seed), *wide(seed), *binary(seed)):
                table.name = f"{seed}-{table.name}"
                try:
                    facts = judged(table, folder)
                except Exception as error:
                    facts = {
                        "columns": len(table.columns),
                        "wrong": [f"{type(error).__name__}: {error}"],
                    }
                    facts |= {"rejected": -1, "cells": 0, "changed": 0, "types": 0}
                total["tables"] += 1
                for key in ("columns", "types", "cells", "changed", "roles", "right"):
                    total[key] += facts.get(key, 0)
                total["rejected"] += max(0, facts["rejected"])
                total["not drafted"] += facts["rejected"] < 0
                configs += filter(None, [facts.get("config", "")])
                if facts["wrong"] or facts["rejected"]:
                    print(f"{table.name}: {'; '.join(facts['wrong'])} rejected {facts['rejected']}")
        failed = executed(configs[: asked.runs], folder) if asked.runs else []
        total["not run"] = len(failed)
        print(*failed, sep="\n")
    shares = {
        "types": total["types"] / total["columns"],
        "roles": total["right"] / max(1, total["roles"]),
    }
    print(json.dumps(total | {k: round(v, 4) for k, v in shares.items()}))
    keep("drafts", total | shares)
    bad = total["changed"] + total["rejected"] + total["not drafted"] + total["not run"]
    return int(bad > 0 or shares["types"] < 0.99 or shares["roles"] < 0.95)


if __name__ == "__main__":
    sys.exit(main())
