"""Files of tables: bytes in, a frame out, whatever the format and its dialect."""

from __future__ import annotations

import codecs
import csv
import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from fourfold.data import tsplib
from fourfold.data.codes import exact, with_codes
from fourfold.data.coerce import named, ungrouped, with_dates
from fourfold.errors import DataError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd

KINDS = {
    **dict.fromkeys((".csv", ".txt", ".tsv", ".tab"), "csv"),
    **dict.fromkeys((".parquet", ".pq"), "parquet"),
    ".json": "json",
    **dict.fromkeys((".jsonl", ".ndjson"), "jsonl"),
    **dict.fromkeys((".xlsx", ".xls", ".ods"), "excel"),
    **dict.fromkeys((".tsp", ".atsp"), "tsplib"),
}
#: Text tables of one row a line.
LINES = tuple(ending for ending, kind in KINDS.items() if kind in ("csv", "jsonl"))
SQLITE = (".db", ".sqlite", ".sqlite3")
#: What the record of a run has, which is one object: a table of one row.
_RECORD = {"run_id", "parameters", "metrics"}
_COMPRESSED = (".gz", ".bz2", ".xz", ".zip")
HEAD = 1 << 18
#: Bytes, and times its own size: what unpacks to more than both is a bomb.
_LARGEST, _LARGEST_RATIO = 1 << 27, 200
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


def kind_of(name: str) -> str:
    """Return the format that a file name tells: a reader of `read_table`, or sqlite.

    Raises
    ------
    DataError
        If the ending is none that Fourfold reads.
    """
    ending = _endings(name)[0]
    if ending in SQLITE:
        return "sqlite"
    if ending in KINDS:
        return KINDS[ending]
    known = [*KINDS, *SQLITE]
    raise DataError(
        f"{name}: expected a file ending in {', '.join(known)} (or these with "
        f"{', '.join(_COMPRESSED)}), got {ending or 'no ending'}." + did_you_mean(ending, known)
    )


def is_table(name: str) -> bool:
    """Say whether the ending of a file name is that of a table."""
    return _endings(name)[0] in KINDS


def _endings(name: str) -> tuple[str, str]:
    """Return the ending that tells the format, and the one that tells the compression."""
    parts = name.rsplit("/", 1)[-1].lower().rsplit(".", 2)
    endings = [f".{part}" for part in parts[1:]]
    if endings and endings[-1] in _COMPRESSED:
        return (endings[-2] if len(endings) > 1 else ".csv"), endings[-1]
    return (endings[-1] if endings else ""), ""


def read_table(handle: IO[bytes], name: str) -> pd.DataFrame:
    """Return the table in an open file.

    Text tables: the separator is comma, semicolon, tab or bar; numbers may have a decimal comma
    where the separator is none; the encoding is UTF-8 or UTF-16 with a mark, else Windows-1252.
    Columns of dates written in one unambiguous way become datetimes.

    The handle is seekable and at its start; the ending of `name` gives format and compression.

    Raises
    ------
    DataError
        If the file is empty, not what its ending says, or breaks its format; names the line
        where the format has lines.
    """
    try:
        return _table(handle, name)
    except DataError:
        raise
    except Exception as error:  # whatever a library says of a file that is broken
        message = str(error).partition("\n")[0] or type(error).__name__
        raise DataError(f"{name}: cannot be read as a table: {message}") from error


def _table(handle: IO[bytes], name: str) -> pd.DataFrame:
    kind = kind_of(name)
    handle = _decompressed(handle, name)
    if not handle.read(1):
        raise DataError(f"{name}: expected a table, got an empty file")
    handle.seek(0)
    frame = _READERS[kind](handle, name)
    if not len(frame.columns):
        raise DataError(f"{name}: expected a table, got one without columns")
    frame.columns = frame.columns.map(lambda column: str(column).strip())
    return named(with_dates(frame))


def _decompressed(handle: IO[bytes], name: str) -> IO[bytes]:
    import bz2
    import gzip
    import lzma
    import zlib

    openers: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
    ending = _endings(name)[1]
    if not ending:
        return handle
    try:
        opened: Any = _only_member(handle, name) if ending == ".zip" else openers[ending](handle)
        _count(opened, handle, name)
    except (OSError, EOFError, lzma.LZMAError, zlib.error) as error:
        raise DataError(f"{name}: expected a {ending} file: {error}") from error
    opened.seek(0)
    return opened  # type: ignore[no-any-return]


def _count(opened: IO[bytes], handle: IO[bytes], name: str) -> None:
    """Read a small archive to its end, of which only a bomb becomes so large; keep nothing."""
    packed, size = handle.seek(0, os.SEEK_END), 0
    handle.seek(0)
    most = max(_LARGEST, packed * _LARGEST_RATIO) if packed < _LARGEST // 8 else 1
    while size < most and (part := opened.read(1 << 20)):
        size += len(part)
    if size >= most > 1:
        raise DataError(_bomb(name, packed))


def _bomb(name: str, packed: int) -> str:
    most = f"{_LARGEST_RATIO} times its size and {_LARGEST >> 20} MB"
    return f"{name}: expected an archive that unpacks to less than {most}, got {packed:,} bytes"


def _only_member(handle: IO[bytes], name: str) -> IO[bytes]:
    from zipfile import BadZipFile, ZipFile

    try:
        archive = ZipFile(handle)
    except BadZipFile as error:
        raise DataError(f"{name}: expected a zip archive: {error}") from error
    members = [member for member in archive.namelist() if not member.endswith("/")]
    if len(members) != 1:
        raise DataError(f"{name}: expected one file in the archive, got {len(members)}: {members}")
    return archive.open(members[0])


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
    return Dialect(separator, "," if commas > points else ".", encoding)


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


def _read_csv(handle: IO[bytes], name: str) -> pd.DataFrame:
    import pandas as pd

    dialect = find_dialect(handle.read(HEAD), name)
    handle.seek(0)
    try:
        frame: pd.DataFrame = pd.read_csv(
            handle,
            sep=dialect.separator,
            decimal=dialect.decimal,
            encoding=dialect.encoding,
            low_memory=False,
        )
    except pd.errors.EmptyDataError as error:
        raise DataError(f"{name}: expected a table, got no columns") from error
    except (pd.errors.ParserError, UnicodeDecodeError) as error:
        raise DataError(f"{name}: {_parser_message(error)}") from error
    if not isinstance(frame.index, pd.RangeIndex):
        fields = len(frame.columns) + frame.index.nlevels
        raise DataError(
            f"{name}, line 2: expected {len(frame.columns)} fields as in the header, got {fields}; "
            "name every column, or remove separators at the ends of lines"
        )

    def again(columns: list[int], missing: bool) -> pd.DataFrame:
        handle.seek(0)
        options: dict[str, Any] = {"sep": dialect.separator, "encoding": dialect.encoding}
        options |= {} if missing else {"keep_default_na": False, "na_values": [""]}
        return pd.DataFrame(pd.read_csv(handle, usecols=columns, dtype=str, **options))

    return ungrouped(with_codes(frame, handle, again), dialect.decimal)


def _parser_message(error: Exception) -> str:
    counts = re.search(r"Expected (\d+) fields in line (\d+), saw (\d+)", str(error))
    if not counts:
        return f"cannot be read as a text table: {error}"
    expected, line, got = counts.groups()
    return (
        f"line {line}: expected {expected} fields, got {got}; quote the text that holds the "
        "separator, or correct the line"
    )


def _read_json(handle: IO[bytes], name: str) -> pd.DataFrame:
    import pandas as pd

    try:
        content = json.load(handle)
    except ValueError as error:
        raise DataError(f"{name}: expected JSON: {error}") from error
    if isinstance(content, Mapping) and content.keys() >= _RECORD:
        content = [content]
    if isinstance(content, Mapping) and all(isinstance(v, list) for v in content.values()):
        lengths = {column: len(values) for column, values in content.items()}
        if len(set(lengths.values())) > 1:
            raise DataError(f"{name}: expected lists of one length, got {lengths}")
        rows = zip(*content.values(), strict=True)
        content = [dict(zip(content, row, strict=True)) for row in rows]
    if not (isinstance(content, list) and all(isinstance(row, Mapping) for row in content)):
        raise DataError(f"{name}: expected a list of objects, or an object of lists")
    return exact(_flat(pd.json_normalize(content)), content)


def _read_jsonl(handle: IO[bytes], name: str) -> pd.DataFrame:
    import pandas as pd

    rows = []
    for number, line in enumerate(handle, 1):
        if line.strip():
            try:
                rows.append(json.loads(line))
            except ValueError as error:
                raise DataError(f"{name}, line {number}: expected JSON: {error}") from error
            if not isinstance(rows[-1], Mapping):
                raise DataError(f"{name}, line {number}: expected an object, got {rows[-1]!r}")
    return exact(_flat(pd.json_normalize(rows)), rows)


def _flat(frame: pd.DataFrame) -> pd.DataFrame:
    """Turn lists in cells into JSON text, so that every cell can be compared and counted."""

    def text(cell: Any) -> Any:
        return json.dumps(cell, ensure_ascii=False) if isinstance(cell, list | dict) else cell

    nested = [c for c in frame if frame[c].map(lambda v: isinstance(v, list | dict)).any()]
    return frame.assign(**{str(column): frame[column].map(text) for column in nested})


def _read_parquet(handle: IO[bytes], name: str) -> pd.DataFrame:
    import pandas as pd

    try:
        frame: pd.DataFrame = pd.read_parquet(handle)
    except (OSError, ValueError) as error:
        raise DataError(f"{name}: expected a Parquet file: {error}") from error
    return frame if isinstance(frame.index, pd.RangeIndex) else frame.reset_index()


def parquet_parts(path: Path, rows: int) -> Iterator[pd.DataFrame]:
    """Yield a Parquet file in parts of at most so many rows, as `read_table` has them.

    Raises
    ------
    DataError
        If it is no Parquet file.
    """
    from pyarrow import parquet

    try:
        with parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(rows):
                frame = batch.to_pandas()
                frame.columns = frame.columns.map(lambda column: str(column).strip())
                yield named(with_dates(frame.reset_index(drop=True)))
    except (OSError, ValueError) as error:
        raise DataError(f"{path.name}: expected a Parquet file: {error}") from error


def _read_excel(handle: IO[bytes], name: str) -> pd.DataFrame:
    from zipfile import ZipFile, is_zipfile

    import pandas as pd

    packed = handle.seek(0, os.SEEK_END)
    if is_zipfile(handle):
        size = sum(member.file_size for member in ZipFile(handle).infolist())
        if size > max(_LARGEST, packed * _LARGEST_RATIO):
            raise DataError(_bomb(name, packed))
    handle.seek(0)
    try:
        frame: pd.DataFrame = pd.read_excel(handle)
    except ImportError as error:
        raise DataError(f"{name}: {error}") from error
    except (ValueError, OSError, KeyError) as error:
        raise DataError(f"{name}: expected an Excel workbook: {error}") from error
    return frame


_READERS: Mapping[str, Callable[[IO[bytes], str], Any]] = {
    "csv": _read_csv,
    "json": _read_json,
    "jsonl": _read_jsonl,
    "parquet": _read_parquet,
    "excel": _read_excel,
    "tsplib": tsplib.read,
}
