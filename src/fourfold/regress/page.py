"""The page of differences: the cells that a regression test fails, before, after and marked."""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from importlib.resources import files
from itertools import zip_longest
from pathlib import Path
from typing import Any

from jinja2 import DictLoader, Environment, Template

from fourfold.project import write_text
from fourfold.records.evidence import MIME
from fourfold.regress.compare import pictures
from fourfold.regress.compare.align import changed
from fourfold.regress.compare.html_table import Table, named, read_tables
from fourfold.regress.compare.outputs import PICTURES, aligned, displayed, plain
from fourfold.regress.compare.text import compare
from fourfold.report.safe import policy

ORDER = ("failed", "accepted", "passed", "unchanged")
_SHOWN = ("differs", "failed", "never-run")
_MOST_ROWS = 200
_MOST_LINES = 300
_AROUND = 2
_COLOURS = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class Picture:
    """Two pictures as PNG in base64, and where they differ; empty where there is none."""

    before: str
    after: str
    marked: str


@dataclass(frozen=True)
class Grid:
    """Two tables in one: each cell before and after, and whether they differ."""

    columns: Sequence[str]
    rows: Sequence[tuple[str, Sequence[tuple[str, str, bool]]]]


@dataclass(frozen=True)
class Lines:
    """A difference of two texts by line: its mark (``+``, ``-``, ``@`` or a space) and the line."""

    lines: Sequence[tuple[str, str]]


View = Picture | Grid | Lines


def write_page(folder: Path) -> Path:
    """Write ``index.html`` from the results of a regression test in a folder; return its path.

    The page holds all that it shows, and executes nothing: outputs of notebooks are shown as text,
    tables are rebuilt from their cells.
    """
    results = [json.loads(path.read_text(encoding="utf-8")) for path in folder.glob("*.json")]
    page = folder / "index.html"
    write_text(page, render(results))
    return page


def render(results: Sequence[Mapping[str, Any]]) -> str:
    """Return the page of results, those that failed first."""
    ordered = sorted(results, key=lambda r: (ORDER.index(r["status"]), r["notebook"]))
    notebooks = [
        (r, cause(r), [(c, views(c)) for c in r["cells"] if c["status"] in _SHOWN]) for r in ordered
    ]
    counts = {status: sum(r["status"] == status for r in ordered) for status in ORDER}
    return _template().render(notebooks=notebooks, counts=counts, policy=policy())


def place(where: str) -> str:
    """Return the place of a difference as words: ``/claims/0/value`` is ``claims › 1 › value``."""
    if not where.startswith("/"):
        return where
    steps = where.strip("/").split("/")
    return " › ".join(str(int(step) + 1) if step.isdigit() else step for step in steps)


@cache
def _template() -> Template:
    pages = files("fourfold.report") / "assets"
    names = ("differences.html.j2", "colours.css", "report.css", "differences.css")
    sources = {name: (pages / name).read_text(encoding="utf-8") for name in names}
    environment = Environment(
        loader=DictLoader(sources), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )
    environment.filters |= {"place": place, "plainly": partial(_COLOURS.sub, "")}
    return environment.get_template("differences.html.j2")


def cause(result: Mapping[str, Any]) -> dict[str, Any]:
    """Return edits, other changes, what of the conclusion changed, and whether it still holds."""
    cells = result["cells"]
    edits = []
    for cell in (cell for cell in cells if "was" in cell):
        gone = cell["was"] is not None and cell["source"] == cell["was"]
        edits += [
            (cell, line) for line in _lines(cell["was"] or "", "" if gone else cell["source"])
        ]
    judged = next((c for c in reversed(cells) if _conclusion(c.get("before", []))), None)
    broken = any(cell["status"] in ("failed", "skipped") for cell in cells)
    changes = _concluded(judged) if judged else []
    known = _conclusion(judged.get("after", [])) if judged else not broken
    holds = all(part == "answer" for part, *_ in changes) if known else None
    code = {"template changed"} if edits else set()
    why = [each for each in result["why"] if each not in code]
    return {"edits": edits, "why": why, "conclusion": changes, "holds": holds}


def _conclusion(outputs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the conclusion that is among outputs, or nothing."""
    facts = (output.get("data", {}).get(MIME) for output in outputs)
    return next((dict(f) for f in facts if f and f.get("kind") == "conclusion"), {})


def _concluded(cell: Mapping[str, Any]) -> list[tuple[str, str, str]]:
    """Return the parts of the conclusion that differ: verdict, criteria, then the answer."""
    old, new = (_conclusion(cell.get(side, [])) for side in ("before", "after"))
    if not new:
        return []
    sides = [
        {
            "verdict": str(side.get("verdict", "")),
            **{f"{c['metric']} {c['condition']}": c["verdict"] for c in side.get("claims", [])},
            "answer": str(side.get("answer", "")),
        }
        for side in (old, new)
    ]
    parts = dict.fromkeys([*sides[0], *sides[1]])
    pairs = [(part, sides[0].get(part, "–"), sides[1].get(part, "–")) for part in parts]
    return [pair for pair in pairs if pair[1] != pair[2]]


def views(cell: Mapping[str, Any]) -> list[View]:
    """Return pictures, tables and lines that show the differences of a cell."""
    sides = [cell.get(side, []) for side in ("before", "after")]
    printed = (
        "".join(plain(o["text"]) for o in outputs if o["output_type"] == "stream")
        for outputs in sides
    )
    shown: list[View] = [*_lines(*printed)]
    for before, after in aligned(*map(displayed, sides)):
        shown += _of_output(before or {}, after or {})
    return shown


def _of_output(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[View]:
    old, new = (output.get("data", {}) for output in (before, after))
    drawn = [_first(data, PICTURES).replace("\n", "") for data in (old, new)]
    if drawn[0] != drawn[1]:
        yield Picture(drawn[0], drawn[1], pictures.difference(*drawn) if all(drawn) else "")
        return
    tables = [read_tables(plain(data.get("text/html", ""))) for data in (old, new)]
    if any(tables) and MIME not in {*old, *new}:
        pairs = zip_longest(*tables, fillvalue=Table([], [], []))
        yield from (_grid(b, a) for b, a in pairs if b != a)
        return
    yield from _lines(_words(before), _words(after))


def _first(data: Mapping[str, Any], mimes: Sequence[str]) -> str:
    return next((plain(data[mime]) for mime in mimes if mime in data), "")


def _words(output: Mapping[str, Any]) -> str:
    """Return the text of an output; of an error its kind and message."""
    if output.get("output_type") == "error":
        return f"{output['ename']}: {output['evalue']}"
    return _first(output.get("data", {}), ("text/markdown", "text/plain"))


def _lines(before: str, after: str) -> list[Lines]:
    """Return a difference by line; none if the texts are equal."""
    old, new = before.splitlines(), after.splitlines()
    lines: list[tuple[str, str]] = []
    below = 0
    for i, i_end, j, j_end in changed(old, new):
        follow = min(below + _AROUND, i) if lines else 0
        lines += [(" ", line) for line in old[below:follow]]
        lines += [(" ", line) for line in old[max(follow, i - _AROUND) : i]]
        lines += [("-", line) for line in old[i:i_end]] + [("+", line) for line in new[j:j_end]]
        below = i_end
        if len(lines) > _MOST_LINES:
            break
    lines += [(" ", line) for line in old[below : below + _AROUND]] if lines else []
    return [Lines(lines[:_MOST_LINES])] if lines else []


def _grid(before: Table, after: Table) -> Grid:
    """Return the rows that differ, all where there are few."""
    columns = [named(table.columns) for table in (before, after)]
    labels = [named(table.rows) for table in (before, after)]
    every = [*dict.fromkeys([*columns[0], *columns[1]])]
    rows = []
    for label in dict.fromkeys([*labels[0], *labels[1]]):
        pairs = [
            tuple(
                table.cells[place[label]][column[name]] if label in place and name in column else ""
                for table, place, column in zip((before, after), labels, columns, strict=True)
            )
            for name in every
        ]
        rows.append((label, [(old, new, bool(compare(old, new))) for old, new in pairs]))
    if len(rows) > _MOST_ROWS:
        rows = [row for row in rows if any(changed for *_, changed in row[1])]
    return Grid(every, rows[:_MOST_ROWS])
