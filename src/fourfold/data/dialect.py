"""How a text table is written: encoding, separator, decimal mark, and where its rows begin."""

from __future__ import annotations

import codecs
import csv
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise, zip_longest

from fourfold.data import quantities
from fourfold.data.coerce import MARKS
from fourfold.errors import DataError

HEAD = 1 << 18
_SEPARATORS = ",;\t|"
#: Columns that only blanks part.
BLANKS = r"\s+"
_DECIMAL_COMMA = re.compile(r"[-+]?(?:\d{1,3}(?:\.\d{3})+|\d+),\d+")
_DECIMAL_POINT = re.compile(r"[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)\.\d+")
_PLAIN = re.compile(r"[-+]?(?:\d+[.,]?\d*|[.,]\d+)(?:[eE][-+]?\d+)?")
_PARTS = re.compile(r'"[^"]*"|\S+')
#: Lines looked at, and those that may stand above a table.
_LINES, _ABOVE = 200, 20
#: Rows that tell what a column holds, and the share of them that must.
_ROWS, _SHARE = 50, 0.8
#: So many letters beyond ASCII, and a larger share of them, are no Western text.
_MANY, _FOREIGN = 50, 0.3
_NOT_WESTERN = (
    *("cp1251", "koi8_r", "cp1253", "cp1255", "cp1256", "cp874"),
    *("shift_jis", "euc_jp", "gb18030", "big5", "euc_kr"),
)
_MAGIC = {
    b"PAR1": "a Parquet file (ending .parquet)",
    b"PK\x03\x04": "a zip archive or Excel workbook (ending .zip or .xlsx)",
    b"SQLite format 3\x00": "a SQLite database (ending .sqlite)",
    b"\x1f\x8b": "a gzip file (ending .gz)",
    b"\x89PNG": "a picture",
    b"%PDF": "a PDF document",
}


@dataclass(frozen=True)
class Layout:
    """Where in a text table or sheet the rows begin.

    Attributes
    ----------
    above : int
        Rows above the table: a title, a blank line.
    header : bool
        Whether the first row of the table has the names of columns.
    units : tuple of str
        The row below the header, where it has units and no values; empty if it has values.
    """

    above: int = 0
    header: bool = True
    units: tuple[str, ...] = ()

    @property
    def skipped(self) -> list[int]:
        """Positions of the rows that are no rows of the table."""
        return [*range(self.above), *([self.above + 1] if self.units else [])]

    def names(self, width: int) -> list[str] | None:
        """Return names for the columns of a table without a header."""
        return None if self.header else [f"column_{n}" for n in range(1, width + 1)]

    @property
    def note(self) -> str:
        """Return in words what is unusual; empty if nothing is."""
        said = []
        if self.above:
            said.append(f"{self.above} line{'s' * (self.above > 1)} above the table left out")
        if not self.header:
            said.append("no row of names: the columns are called column_1 and so on")
        if self.units:
            said.append("the row below the names has units")
        return "; ".join(said)


@dataclass(frozen=True)
class Dialect:
    """How a text table is written.

    Attributes
    ----------
    separator : str
        Comma, semicolon, tab or bar; or blanks.
    decimal : str
        Decimal mark: point, or comma where the separator is none.
    encoding : str
        ``utf-8``, ``utf-8-sig``, ``utf-16``, ``cp1252`` or another one of Python's.
    layout : Layout
    spaced : bool
        Whether a blank that means nothing stands behind each separator.
    """

    separator: str = ","
    decimal: str = "."
    encoding: str = "utf-8"
    layout: Layout = Layout()
    spaced: bool = False


def find_dialect(head: bytes, name: str) -> Dialect:
    """Return how a text table is written, judged by its first bytes.

    Raises
    ------
    DataError
        If the bytes are not text.
    """
    text, encoding = _decode(head, name)
    lines = text.splitlines()[:_LINES]
    if len(head) == HEAD:
        lines = lines[:-1]
    stated = re.fullmatch(r"sep=([,;\t|])", lines[0].strip('"')) if lines else None
    separator = stated[1] if stated else max(_SEPARATORS, key=lambda mark: _fitness(lines, mark))
    agree, width = _fitness(lines, separator)
    if not stated and _in_columns(lines, width if agree >= _SHARE else 0):
        separator = BLANKS
    rows = _rows(lines, separator)
    layout = find_layout(rows, len(lines) < _LINES, stated=bool(stated))
    behind = [cell for row in rows[layout.above :] for cell in row[1:] if cell]
    spaced = bool(behind) and sum(cell[0] == " " for cell in behind) >= 0.9 * len(behind)
    if separator == ",":
        return Dialect(encoding=encoding, layout=layout, spaced=spaced)
    cells = [cell.strip() for row in rows[layout.above + layout.header :] for cell in row]
    commas = sum(bool(_DECIMAL_COMMA.fullmatch(cell)) for cell in cells)
    points = sum(bool(_DECIMAL_POINT.fullmatch(cell)) for cell in cells)
    return Dialect(separator, "," if commas > points else ".", encoding, layout, spaced)


def find_layout(rows: Sequence[Sequence[str]], whole: bool = True, stated: bool = False) -> Layout:
    """Return where the rows of a table begin, judged by its first ones.

    Parameters
    ----------
    rows : sequence of rows
        Cells as text.
    whole : bool
        Whether these are all rows.
    stated : bool
        Whether the first row says only how the table is written.

    Examples
    --------
    >>> find_layout([["Sales 2024", ""], [], ["city", "sold"], ["Rome", "12"]])
    Layout(above=2, header=True, units=())
    >>> find_layout([["1.5", "a"], ["2.5", "b"], ["0.5", "a"]]).header
    False
    """
    above = max(_above(rows), int(stated))
    table = [row for row in rows[above:] if any(cell.strip() for cell in row)]
    if len(table) < 2 or len(table[0]) < 1:
        return Layout(above)
    columns = list(zip_longest(*table[1 : _ROWS + 1], fillvalue=""))
    first, second = _padded(table[0], len(columns)), _padded(table[1], len(columns))
    if not _is_header(first, columns, table[1 : _ROWS + 1]):
        # Above rows without names there is no title: the row of names is too short.
        return Layout(above, header=False) if above == stated else Layout()
    below = list(zip_longest(*table[2 : _ROWS + 2], fillvalue=""))
    # With blank lines between, pandas would count otherwise.
    adjacent = len(rows) > above + 1 and list(rows[above + 1]) == list(table[1])
    if adjacent and len(table) > 3 and _is_units(second, below):
        return Layout(above, units=tuple(cell.strip().strip("[]()") for cell in second))
    return Layout(above)


def _padded(row: Sequence[str], width: int) -> list[str]:
    return [*row, *[""] * (width - len(row))][:width]


def _above(rows: Sequence[Sequence[str]]) -> int:
    """Return how many rows stand above a table: they have far fewer cells than most rows have."""
    widths = [len(row) for row in rows]
    filled = [sum(bool(cell.strip()) for cell in row) for row in rows]
    common = Counter(width for width in filled if width > 1).most_common(1)
    if not common:
        return 0
    usual = common[0][0]
    for number, (width, full) in enumerate(zip(widths[:_ABOVE], filled, strict=False)):
        comment = width == 1 and rows[number][0].startswith("#")
        if not comment and (full > usual // 2 or full == width >= max(2, usual - 1)):
            return number
        if _is_beside_names(rows[number], rows[number + 1 : _ROWS]):
            return number
    return 0


def _is_beside_names(row: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Say whether a row has no name for the first column, as where names of rows are written."""
    first, *others = [cell.strip() for cell in row] or [""]
    columns = [[cell.strip() for cell in column] for column in zip(*below, strict=False)]
    if first or not others or not all(others) or len(set(others)) < len(others):
        return False
    if len(columns) != len(row) or not all(columns[0]):
        return False
    # Else the next row has the names, and this one is a title.
    return not any(
        _holds_numbers(column[1:]) and column[0] and not _is_number(column[0]) for column in columns
    )


def _is_number(cell: str) -> bool:
    return bool(_PLAIN.fullmatch(cell)) or (
        bool(cell) and cell[0] in "-+(" and bool(quantities.NUMBER.fullmatch(cell))
    )


def _holds_numbers(column: Sequence[str]) -> bool:
    values = [cell.strip() for cell in column if cell.strip() and cell.strip().lower() not in MARKS]
    return bool(values) and sum(map(_is_number, values)) >= _SHARE * len(values)


def _is_header(
    first: Sequence[str], columns: Sequence[Sequence[str]], below: Sequence[Sequence[str]]
) -> bool:
    """Say whether a row has names: not if its cells are like those below in every column."""
    cells = [cell.strip() for cell in first]
    if _is_beside_names(cells, below):
        return True
    # A name that comes again is that of a table below this one.
    others = (
        [cell for cell in c if cell.strip() != name] for c, name in zip(columns, cells, strict=True)
    )
    numeric = [_holds_numbers(column) for column in others]
    numbers = [_is_number(cell) for cell in cells]
    if any(n and not cell for n, cell in zip(numeric, cells, strict=True)) and not any(numbers):
        return True
    if any(numeric):
        # Years and counts may be names: 2019, 2020, 2021.
        own = [cell for cell, number in zip(cells, numeric, strict=True) if number]
        wholes = [int(cell) for cell in own if re.fullmatch(r"\d{1,4}", cell)]
        steps = {b - a for a, b in pairwise(wholes)}
        years = steps == {1} and all(1800 <= whole <= 2100 for whole in wholes)
        if len(wholes) == len(own) and (
            years or (len(own) > 2 and len(steps - {0}) == len(steps) == 1)
        ):
            return True
        fits = [
            number or cell.lower() in MARKS | {""}
            for cell, number in zip(own, map(_is_number, own), strict=True)
        ]
        return not (all(fits) and any(map(_is_number, own)))
    # All columns hold words: a name does not come again below.
    again = sum(
        cell in set(map(str.strip, column))
        for cell, column in zip(cells, columns, strict=True)
        if cell
    )
    enough = len(below) >= 5 and len(cells) > 1
    return not (enough and again >= max(2, _SHARE * sum(map(bool, cells))))


def _is_units(second: Sequence[str], below: Sequence[Sequence[str]]) -> bool:
    """Say whether a row has units: words above numbers, each short, and little else."""
    cells = _padded([cell.strip() for cell in second], len(below))
    numeric = [_holds_numbers(column) for column in below]
    above = [cell for cell, number in zip(cells, numeric, strict=True) if number]
    others = [cell for cell, number in zip(cells, numeric, strict=True) if not number]
    words = [cell for cell in above if cell and not _is_number(cell) and len(cell) <= 15]
    marks = [cell for cell in words if cell.lower() in MARKS]
    bare = all(
        not cell or cell.lower() in MARKS or cell[0] in "([" or len(cell) <= 3 for cell in others
    )
    real = len(words) - len(marks)
    return (
        real >= 1 and real >= len(above) / 2 and len(words) == len([c for c in above if c]) and bare
    )


def _rows(lines: Sequence[str], separator: str) -> list[list[str]]:
    if separator == BLANKS:
        return [[part.strip('"') for part in _PARTS.findall(line)] for line in lines]
    return list(csv.reader(lines, delimiter=separator))


def _fitness(lines: Sequence[str], separator: str) -> tuple[float, int]:
    """Return how well a separator explains the lines: share that have the usual width, width."""
    widths = Counter(len(row) for row in csv.reader(lines, delimiter=separator) if row)
    # Of lines that agree as often, the wider ones: a title has no separator.
    width, number = max(widths.items(), key=lambda each: (each[1], each[0]), default=(0, 0))
    if width < 2:
        return (0.0, 0)
    return (number / sum(widths.values()), width)


def _in_columns(lines: Sequence[str], least: int) -> bool:
    """Say whether blanks part numbers into more columns than these; words may be in quotes."""
    rows = _rows([line for line in lines if line.strip()], BLANKS)
    width, number = Counter(map(len, rows)).most_common(1)[0] if rows else (0, 0)
    cells = [cell for row in rows[1:] for cell in row]
    numbers = sum(map(_is_number, cells))
    return width > max(1, least) and number >= 0.95 * len(rows) > 1 and numbers >= len(cells) / 2


def _decode(head: bytes, name: str) -> tuple[str, str]:
    for mark, what in _MAGIC.items():
        if head.startswith(mark):
            raise DataError(f"{name}: expected a text table, got {what}")
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return head.decode("utf-16", errors="ignore"), "utf-16"
    if b"\0" in head:
        for encoding, zeros in (("utf-16-le", head[1:200:2]), ("utf-16-be", head[:200:2])):
            if len(head) > 3 and zeros.count(0) > 0.9 * len(zeros):
                return head.decode(encoding, errors="ignore"), encoding
        raise DataError(f"{name}: expected a text table, got binary content")
    if head.startswith(b"\xef\xbb\xbf"):
        return head.decode("utf-8-sig", errors="ignore"), "utf-8-sig"
    # A head that was cut may end inside a character.
    whole = len(head) < HEAD
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(head, final=whole), "utf-8"
    except UnicodeDecodeError:
        return _foreign(head) or (head.decode("cp1252", errors="replace"), "cp1252")


def _foreign(head: bytes) -> tuple[str, str] | None:
    """Return text that is not Western, and its encoding, if one can be told."""
    letters = len(re.findall(rb"[A-Za-z\x80-\xff]", head))
    # Words of such letters, and not one umlaut here and there.
    beyond = sum(map(len, re.findall(rb"[\x80-\xff]{2,}", head)))
    if beyond < max(_MANY, _FOREIGN * letters):
        return None
    from charset_normalizer import from_bytes

    best = from_bytes(head[:20_000], cp_isolation=[*_NOT_WESTERN]).best()
    if best is None or best.encoding not in {*_NOT_WESTERN, "cp932", "cp949"}:
        return None
    return head.decode(best.encoding, errors="replace"), best.encoding
