"""Tables in HTML, read and compared cell by cell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from html.parser import HTMLParser

from fourfold.plan.rules import USUAL, Tolerance
from fourfold.regress.compare.difference import Difference
from fourfold.regress.compare.text import same

# Times that scikit-learn and others put beside their scores.
TIMINGS = frozenset(
    f"{part}{name}_time{unit}"
    for part in ("", "mean_", "std_")
    for name in ("fit", "score")
    for unit in ("", "s")
)


@dataclass(frozen=True)
class Table:
    """A table as text.

    Attributes
    ----------
    columns : list of str
        Labels; where a heading has levels they are joined by `` / ``.
    rows : list of str
        Labels of the rows; empty strings where there are none.
    cells : list of list of str
        One list a row, as long as `columns`.
    corner : str
        What stands above the labels of the rows: names of the rows or of the columns.
    """

    columns: list[str]
    rows: list[str]
    cells: list[list[str]]
    corner: str = ""


@dataclass
class _Row:
    head: bool
    labels: list[str] = field(default_factory=list)
    values: list[str] = field(default_factory=list)


class _Reader(HTMLParser):
    """Collects rows of cells; a nested table counts as text of its cell."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tables: list[list[_Row]] = []
        self.depth = 0
        self.in_head = False
        self.cell: list[str] | None = None
        self.spans = (1, 1)
        self.waiting: list[tuple[int, str]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "table":
            self.depth += 1
            if self.depth == 1:
                self.tables.append([])
                self.waiting = []
        elif self.depth == 1 and tag in ("thead", "tbody", "tfoot"):
            self.in_head = tag == "thead"
        elif self.depth == 1 and tag == "tr":
            self._start_row()
        elif self.depth == 1 and tag in ("td", "th") and self.tables[-1]:
            given = dict(attrs)
            self.spans = (_count(given.get("rowspan")), _count(given.get("colspan")))
            self.cell = []

    def handle_endtag(self, tag: str) -> None:
        if tag == "table" and self.depth:
            self.depth -= 1
        elif self.depth == 1 and tag in ("td", "th") and self.cell is not None:
            self._end_cell(tag, " ".join("".join(self.cell).split()))
            self.cell = None

    def handle_data(self, data: str) -> None:
        if self.cell is not None:
            self.cell.append(data)

    def _start_row(self) -> None:
        """Begin with the labels of rows above that reach down to this one."""
        row = _Row(self.in_head, [label for _, label in self.waiting])
        self.waiting = [(left - 1, label) for left, label in self.waiting if left > 1]
        self.tables[-1].append(row)

    def _end_cell(self, tag: str, text: str) -> None:
        row, (down, across) = self.tables[-1][-1], self.spans
        label = tag == "th" and not row.values
        (row.labels if label else row.values).extend([text] * across)
        if label and down > 1 and not row.head:
            self.waiting.append((down - 1, text))


def _count(given: str | None) -> int:
    return int(given) if given and given.isdigit() and 0 < int(given) < 1000 else 1


def read_tables(html: str) -> list[Table]:
    """Return the tables of an HTML text, in order; nothing in it is executed.

    Examples
    --------
    >>> read_tables("<table><tr><th></th><th>b</th></tr><tr><th>2</th><td>0.3</td></tr></table>")
    [Table(columns=['b'], rows=['2'], cells=[['0.3']], corner='')]
    """
    reader = _Reader()
    reader.feed(html)
    return [_table(rows) for rows in reader.tables if rows]


def _table(rows: Sequence[_Row]) -> Table:
    heads = [row for row in rows if row.head]
    body = [row for row in rows if not row.head]
    if not heads and len(body) > 1 and body[0].labels and not body[0].values:
        heads, body = body[:1], body[1:]
    labelled = max((len(row.labels) for row in body), default=0)
    width = max((len(row.values) for row in body), default=0)
    if not body:
        width = max((len(row.labels + row.values) for row in heads), default=0)
    levels = [(row.labels + row.values)[labelled:] for row in heads]
    columns = [" / ".join(names) for names in zip(*map(_filled(width), levels), strict=True)]
    return Table(
        [name.strip(" /") for name in columns] or [str(i) for i in range(width)],
        [" / ".join(row.labels) for row in body],
        [_filled(width)(row.values) for row in body],
        " / ".join(filter(None, (n for h in heads for n in (h.labels + h.values)[:labelled]))),
    )


def _filled(width: int) -> Callable[[list[str]], list[str]]:
    return lambda names: (names + [""] * width)[:width]


def compare_tables(
    before: Table,
    after: Table,
    tolerance: Tolerance = USUAL,
    ignored: Callable[[str], bool] = TIMINGS.__contains__,
) -> list[Difference]:
    """Return how two tables differ: columns and rows gone or new, and each cell that both have.

    Rows are matched by their labels, where these are labels and no mere numbering.

    Parameters
    ----------
    ignored : callable
        Told the label of a column, says whether to leave it out.

    Examples
    --------
    >>> old = Table(["b"], ["1", "2"], [["0.10"], ["0.30"]])
    >>> new = Table(["b"], ["1", "2"], [["0.10"], ["0.31"]])
    >>> print(*compare_tables(old, new))
    [row '2', column 'b']: 0.30 -> 0.31
    """
    old_columns, new_columns = (named(t.columns) for t in (before, after))
    old_rows, new_rows = (named(t.rows) for t in (before, after))
    old_columns, new_columns = (
        {name: place for name, place in names.items() if not ignored(name)}
        for names in (old_columns, new_columns)
    )
    found = _gone("column", old_columns, new_columns) + _gone("row", old_rows, new_rows)
    if not found and [*old_rows] != [*new_rows]:
        found.append(Difference("order of rows", ", ".join(old_rows), ", ".join(new_rows), "table"))
    if not found and [*old_columns] != [*new_columns]:
        orders = [", ".join(names) for names in (old_columns, new_columns)]
        found.append(Difference("order of columns", orders[0], orders[1], "table"))
    if not same(before.corner, after.corner):
        found.append(Difference("corner", before.corner, after.corner, "table"))
    return found + [
        Difference(f"[row {row!r}, column {column!r}]", old, new, "table")
        for row, i in old_rows.items()
        for column, j in old_columns.items()
        if row in new_rows and column in new_columns
        for old, new in [(before.cells[i][j], after.cells[new_rows[row]][new_columns[column]])]
        if not same(old, new, tolerance)
    ]


def named(labels: Sequence[str]) -> dict[str, int]:
    """Return the place of each label; a label that stands again gets its number."""
    times: Counter[str] = Counter()
    places = {}
    for place, label in enumerate(labels):
        times[label] += 1
        again = f" ({times[label]})" if times[label] > 1 else ""
        places[(label or "no label") + again if label or again else f"no. {place + 1}"] = place
    return places


def _gone(what: str, old: dict[str, int], new: dict[str, int]) -> list[Difference]:
    gone = [
        Difference(f"{what} {name!r}", "there", "gone", "table") for name in old if name not in new
    ]
    fresh = [name for name in new if name not in old]
    return gone + [Difference(f"{what} {name!r}", "not there", "new", "table") for name in fresh]
