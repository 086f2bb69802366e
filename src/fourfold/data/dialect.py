"""How a text table is written: separator, decimal mark and encoding, judged by its head."""

from __future__ import annotations

import codecs
import csv
import re
from dataclasses import dataclass

from fourfold.errors import DataError

HEAD = 1 << 18
_DECIMAL_COMMA = re.compile(r"[-+]?(?:\d{1,3}(?:\.\d{3})+|\d+),\d+")
_DECIMAL_POINT = re.compile(r"[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)\.\d+")
_MAGIC = {
    b"PAR1": "a Parquet file (ending .parquet)",
    b"PK\x03\x04": "a zip archive or Excel workbook (ending .zip or .xlsx)",
    b"SQLite format 3\x00": "a SQLite database (ending .sqlite)",
    b"\x1f\x8b": "a gzip file (ending .gz)",
    b"\x89PNG": "a picture",
    b"%PDF": "a PDF document",
}


@dataclass(frozen=True)
class Dialect:
    """How a text table is written.

    Attributes
    ----------
    separator : str
        Comma, semicolon, tab or bar.
    decimal : str
        Decimal mark: point, or comma where the separator is none.
    encoding : str
        ``utf-8``, ``utf-8-sig``, ``utf-16`` or ``cp1252``.
    """

    separator: str = ","
    decimal: str = "."
    encoding: str = "utf-8"


def find_dialect(head: bytes, name: str) -> Dialect:
    """Return how a text table is written, judged by its first bytes.

    Raises
    ------
    DataError
        If the bytes are not text.

    Examples
    --------
    >>> find_dialect(b"a;b\\n1,5;2\\n", "x.csv")
    Dialect(separator=';', decimal=',', encoding='utf-8')
    """
    text, encoding = _decode(head, name)
    lines = text.splitlines()[:200]
    if len(head) == HEAD:
        lines = lines[:-1]
    separator = max(",;\t|", key=lambda mark: _fitness(lines, mark))
    if separator == ",":
        return Dialect(encoding=encoding)
    cells = [cell.strip() for row in csv.reader(lines[1:], delimiter=separator) for cell in row]
    commas = sum(bool(_DECIMAL_COMMA.fullmatch(cell)) for cell in cells)
    points = sum(bool(_DECIMAL_POINT.fullmatch(cell)) for cell in cells)
    if commas <= points:
        return Dialect(separator, encoding=encoding)
    return Dialect(separator, ",", encoding)


def _fitness(lines: list[str], separator: str) -> tuple[float, int]:
    """Return how well a separator explains the lines: share that agree with the header, width."""
    rows = [row for row in csv.reader(lines, delimiter=separator) if row]
    width = len(rows[0]) if rows else 0
    if width < 2:
        return (0.0, 0)
    return (sum(len(row) == width for row in rows) / len(rows), width)


def _decode(head: bytes, name: str) -> tuple[str, str]:
    for mark, what in _MAGIC.items():
        if head.startswith(mark):
            raise DataError(f"{name}: expected a text table, got {what}")
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return head.decode("utf-16", errors="ignore"), "utf-16"
    if b"\0" in head:
        raise DataError(f"{name}: expected a text table, got binary content")
    if head.startswith(b"\xef\xbb\xbf"):
        return head.decode("utf-8-sig", errors="ignore"), "utf-8-sig"
    # A head that was cut may end inside a character.
    whole = len(head) < HEAD
    try:
        return codecs.getincrementaldecoder("utf-8")().decode(head, final=whole), "utf-8"
    except UnicodeDecodeError:
        return head.decode("cp1252", errors="replace"), "cp1252"
