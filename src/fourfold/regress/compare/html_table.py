"""Tables in HTML, read and compared cell by cell."""

from collections import Counter
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from html.parser import HTMLParser
from operator import methodcaller

from fourfold.plan.rules import USUAL_RULES, Rules
from fourfold.regress.compare.difference import Difference, gone_and_new
from fourfold.regress.compare.text import NONE, Again, compare

# Times that scikit-learn and others put beside their scores.
TIMINGS = frozenset(
    f"{part}{name}_time{unit}"
    for part in ("", "mean_", "std_")
    for name in ("fit", "score")
    for unit in ("", "s")
)


@dataclass(frozen=True)
class Table:
    """A table as text: labels of columns and rows, a list of cells for each row.

    The levels of a label are joined by `` / ``; a row without a label has an empty one. The
    `corner` is above the labels of the rows: names of the rows or of the columns.
    """

    columns: list[str]
    rows: list[str]
    cells: list[list[str]]
    corner: str = ""

    def cell(self, row: str, column: str) -> str | None:
        """Return the text of a cell by its labels; None if there is none."""
        i, j = named(self.rows).get(row), named(self.columns).get(column)
        return None if i is None or j is None else self.cells[i][j]


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
        self.depth, self.in_head = 0, False
        self.cell: list[str] | None = None
        self.down = self.across = 1
        # Labels that reach down from rows above, with how many rows are left to them.
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
            self.tables[-1].append(_Row(self.in_head, [label for _, label in self.waiting]))
            self.waiting = [(left - 1, label) for left, label in self.waiting if left > 1]
        elif self.depth == 1 and tag in ("td", "th") and self.tables[-1]:
            self.down, self.across = (_count(dict(attrs).get(f"{n}span")) for n in ("row", "col"))
            self.cell = []

    def handle_endtag(self, tag: str) -> None:
        if tag == "table" and self.depth:
            self.depth -= 1
        elif self.depth == 1 and tag in ("td", "th") and self.cell is not None:
            text = " ".join("".join(self.cell).split())
            row, self.cell = self.tables[-1][-1], None
            label = tag == "th" and not row.values
            (row.labels if label else row.values).extend([text] * self.across)
            if label and self.down > 1 and not row.head:
                self.waiting.append((self.down - 1, text))

    def handle_data(self, data: str) -> None:
        if self.cell is not None:
            self.cell.append(data)


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

    def filled(names: list[str]) -> list[str]:
        return (names + [""] * width)[:width]

    headings = [row.labels + row.values for row in heads]
    levels = [filled(names[labelled:]) for names in headings]
    columns = [" / ".join(names) for names in zip(*levels, strict=True)]
    return Table(
        [name.strip(" /") for name in columns] or [str(i) for i in range(width)],
        [" / ".join(row.labels) for row in body],
        [filled(row.values) for row in body],
        " / ".join(name for names in headings for name in names[:labelled] if name),
    )


def compare_tables(
    before: Table, after: Table, rules: Rules = USUAL_RULES, again: Again = NONE
) -> list[Difference]:
    """Return how two tables differ: columns and rows gone or new, and each cell that both have.

    Rows are matched by their labels, where these are labels and no mere numbering.

    Parameters
    ----------
    rules : Rules
        Tolerance of numbers, and columns that are left out beside `TIMINGS`.
    again : Again
        The same table of further executions.
    """
    old_rows, new_rows = (named(table.rows) for table in (before, after))
    old_columns, new_columns = (
        {
            name: place
            for name, place in named(table.columns).items()
            if name not in TIMINGS and not rules.ignores("column", name)
        }
        for table in (before, after)
    )
    differences = [
        *gone_and_new("column {!r}", (old_columns, new_columns), "table"),
        *gone_and_new("row {!r}", (old_rows, new_rows), "table"),
    ]
    for kind, old, new in (("rows", old_rows, new_rows), ("columns", old_columns, new_columns)):
        if not differences and [*old] != [*new]:
            orders = ", ".join(old), ", ".join(new)
            differences.append(Difference(f"order of {kind}", *orders, "table"))
    if compare(before.corner, after.corner):
        differences.append(Difference("corner", before.corner, after.corner, "table"))
    cells = [
        (column, Difference(f"[row {row!r}, column {column!r}]", old, new, "table"))
        for row, i in old_rows.items()
        for column, j in old_columns.items()
        if row in new_rows and column in new_columns
        for old, new in [(before.cells[i][j], after.cells[new_rows[row]][new_columns[column]])]
        if old != new
        and compare(old, new, rules.tolerance, again.map(methodcaller("cell", row, column)))
    ]
    # One number with more digits makes pandas show more of all in its column.
    own = {column for column, cell in cells if not _is_same_number(cell.before, cell.after)}
    wanted = (
        c for column, c in cells if column not in own or not _is_same_number(c.before, c.after)
    )
    return [*differences, *wanted]


def _is_same_number(before: str, after: str) -> bool:
    with suppress(ValueError):
        return float(before) == float(after)
    return False


def named(labels: Sequence[str]) -> dict[str, int]:
    """Return the place of each label; a label that stands again gets its number."""
    times: Counter[str] = Counter()
    places = {}
    for place, label in enumerate(labels):
        times[label] += 1
        again = f" ({times[label]})" if times[label] > 1 else ""
        places[(label or "no label") + again if label or again else f"no. {place + 1}"] = place
    return places
