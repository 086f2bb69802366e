"""Files of tables: bytes in, a frame out, whatever the format and its dialect."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from fourfold.data import packed, tsplib, typed_files
from fourfold.data.codes import exact, with_codes
from fourfold.data.coerce import READ, UNITS, named, typed, with_columns
from fourfold.data.dialect import BLANKS, HEAD, Layout, find_dialect, find_layout
from fourfold.errors import DataError, did_you_mean

if TYPE_CHECKING:
    import pandas as pd

KINDS = {
    **dict.fromkeys((".csv", ".txt", ".tsv", ".tab", ".dat", ".data"), "csv"),
    **dict.fromkeys((".parquet", ".pq"), "parquet"),
    ".json": "json",
    **dict.fromkeys((".jsonl", ".ndjson"), "jsonl"),
    **dict.fromkeys((".xlsx", ".xlsm", ".xlsb", ".xls", ".ods"), "excel"),
    **dict.fromkeys((".feather", ".arrow"), "feather"),
    **{".dta": "stata", ".sav": "spss", ".zsav": "spss", ".sas7bdat": "sas", ".xpt": "sas"},
    **dict.fromkeys((".tsp", ".atsp"), "tsplib"),
}
#: Text tables of one row a line.
LINES = tuple(ending for ending, kind in KINDS.items() if kind in ("csv", "jsonl"))
SQLITE = (".db", ".sqlite", ".sqlite3")
#: What the record of a run has, which is one object: a table of one row.
_RECORD = {"run_id", "parameters", "metrics"}
#: A sheet of so many rows is no cover.
_TABLE_ROWS = 12
_SHEET_ROWS = 200
_JSON_AREA = 1 << 23  # cells that a table of objects may have, whatever they hold
#: What the last row of a table begins with where it is none of the rows.
_SUM = re.compile(r"(?i)(?:grand )?(?:total|sum|summe|gesamt|source|quelle|notes?|average|mean)\b")
#: A sheet of a workbook, behind its name.
_SHEET = re.compile(r"(?i)(.*\.(?:xls[xmb]?|ods))#(.+)")


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
        f"{', '.join(packed.ENDINGS)}), got {ending or 'no ending'}." + did_you_mean(ending, known)
    )


def without_sheet(name: str) -> tuple[str, str]:
    """Return a file's name, and that of a sheet behind it: ``book.xlsx#Sheet2``.

    Examples
    --------
    >>> without_sheet("shop/book.xlsx#North"), without_sheet("a#b.csv")
    (('shop/book.xlsx', 'North'), ('a#b.csv', ''))
    """
    parts = _SHEET.fullmatch(name)
    return (parts[1], parts[2]) if parts else (name, "")


def is_table(name: str) -> bool:
    """Say whether the ending of a file name is that of a table."""
    return _endings(name)[0] in KINDS


def _endings(name: str) -> tuple[str, str]:
    """Return the ending that tells the format, and the one that tells the compression."""
    parts = without_sheet(name)[0].rsplit("/", 1)[-1].lower().rsplit(".", 2)
    endings = [f".{part}" for part in parts[1:]]
    if endings and endings[-1] in packed.ENDINGS:
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
    if ending := _endings(name)[1]:
        handle = packed.opened(handle, name, ending)
    try:
        if not handle.read(1):
            raise DataError(f"{name}: expected a table, got an empty file")
        handle.seek(0)
        frame = _READERS[kind](handle, name)
    except Exception as error:
        if problem := packed.problem_of(handle):  # readers have other words for it
            raise problem from error
        raise
    if not len(frame.columns):
        raise DataError(f"{name}: expected a table, got one without columns")
    frame.columns = frame.columns.map(lambda column: str(column).strip())
    return typed(named(frame))


def _read_csv(handle: IO[bytes], name: str) -> pd.DataFrame:
    import pandas as pd

    dialect = find_dialect(handle.read(HEAD), name)
    layout = dialect.layout
    rows: dict[str, Any] = {
        "sep": dialect.separator,
        "encoding": dialect.encoding,
        "skiprows": layout.skipped,
        "header": 0 if layout.header else None,
        "skipinitialspace": dialect.spaced,
    }
    handle.seek(0)
    try:
        frame: pd.DataFrame = pd.read_csv(handle, decimal=dialect.decimal, low_memory=False, **rows)
    except pd.errors.EmptyDataError as error:
        raise DataError(f"{name}: expected a table, got no columns") from error
    except (pd.errors.ParserError, UnicodeDecodeError) as error:
        raise DataError(f"{name}: {_parser_message(error)}") from error
    if not isinstance(frame.index, pd.RangeIndex):
        fields = len(frame.columns) + frame.index.nlevels
        raise DataError(
            f"{name}, line {layout.above + 2}: expected {len(frame.columns)} fields as in the "
            f"header, got {fields}; name every column, or remove separators at the ends of lines"
        )
    frame.columns = layout.names(len(frame.columns)) or frame.columns

    def again(columns: list[int], missing: bool) -> pd.DataFrame:
        handle.seek(0)
        options = rows if missing else {**rows, "keep_default_na": False, "na_values": [""]}
        return pd.DataFrame(pd.read_csv(handle, usecols=columns, dtype=str, **options))

    return typed(_laid_out(with_codes(frame, handle, again), layout), dialect.decimal)


def _laid_out(frame: pd.DataFrame, layout: Layout) -> pd.DataFrame:
    """Return the frame with what its layout says of it, and of the units of its columns."""
    frame, empty = _without_empty(frame)
    named_units = zip(map(str, frame.columns), layout.units, strict=False)
    units = {column: unit for column, unit in named_units if unit}
    note = "; ".join(filter(None, [layout.note, empty, _last(frame)]))
    frame.attrs = {**({READ: {"": note}} if note else {}), **({UNITS: units} if units else {})}
    return frame


def _without_empty(frame: pd.DataFrame) -> tuple[pd.DataFrame, str]:
    """Return the frame without empty rows and nameless empty columns, and what was left out."""
    nameless = [n for n in frame if str(n).startswith("Unnamed: ") and frame[n].isna().all()]
    kept = frame.drop(columns=nameless)
    # Most tables have none, and looking at each cell takes time.
    ends = kept.tail(1).isna().all(axis=None) or kept.head(1).isna().all(axis=None)
    gone = kept.isna().all(axis=1) if ends and len(kept.columns) > 1 else None
    if gone is not None and not gone.all():
        kept = kept[~gone].reset_index(drop=True)
    rows = len(frame) - len(kept)
    said = [f"{rows} empty row{'s' * (rows > 1)}"] if rows else []
    said += [f"{len(nameless)} empty columns without a name"] if nameless else []
    return kept, f"{' and '.join(said)} left out" if said else ""


def _last(frame: pd.DataFrame) -> str:
    """Return a doubt about the last row, where it looks like a sum or a remark."""
    if len(frame) < 3 or frame.dtypes.iloc[0].kind in "ifb":
        return ""
    names = frame.iloc[:, 0]
    for place in (-1, -2):
        text = names.iloc[place]
        if isinstance(text, str) and _SUM.match(text) and (names == text).sum() == 1:
            return f"a last row begins with {text!r}: is it one of the things?"
    return ""


def columns_of(file: Path) -> tuple[str, ...]:
    """Return the names of the columns of a text table or Parquet file by its head; else none.

    Raises
    ------
    DataError, OSError, ValueError
        If it cannot be read.
    """
    kind = kind_of(file.name)
    if kind == "parquet" and file.suffix in KINDS:
        from pyarrow import parquet

        names = parquet.read_schema(file).names
        # What pandas makes of an index without a name is told by reading only.
        return () if any(name.startswith("__index_level") for name in names) else _named(names)
    if kind != "csv":
        return ()
    ending = _endings(file.name)[1]
    with file.open("rb") as handle:
        head = (packed.opened(handle, file.name, ending) if ending else handle).read(HEAD)
    dialect = find_dialect(head, file.name)
    if dialect.separator == BLANKS:
        return ()
    rows = csv.reader(
        head.decode(dialect.encoding, "replace").splitlines(), delimiter=dialect.separator
    )
    row = next(islice(rows, dialect.layout.above, None), [])
    return _named(dialect.layout.names(len(row)) or row)


def _named(names: Sequence[str]) -> tuple[str, ...]:
    """Return names as a frame has them; none where two are alike or one is empty."""
    stripped = tuple(name.strip() for name in names)
    return stripped if len({*stripped, ""}) > len(stripped) else ()


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
    _check_rows(content, name)
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
    _check_rows(rows, name)
    return exact(_flat(pd.json_normalize(rows)), rows)


def _check_rows(rows: Sequence[Mapping[str, Any]], name: str) -> None:
    """Refuse objects of which each has names of its own: all names are columns of each row."""
    names, cells = set[str](), 0
    for row in rows:
        below = [("", row)]
        for above, part in below:  # which grows meanwhile
            cells += len(part)
            names.update(map(above.__add__, part) if above else part)
            below += [(f"{above}{key}.", each) for key, each in part.items() if type(each) is dict]
    packed.check_area(name, "a table", (len(rows), len(names)), cells, _JSON_AREA)


def _flat(frame: pd.DataFrame) -> pd.DataFrame:
    """Turn lists in cells into JSON text, so that every cell can be compared and counted."""

    def text(cell: Any) -> Any:
        return json.dumps(cell, ensure_ascii=False) if isinstance(cell, list | dict) else cell

    objects = frame.columns[[dtype.kind == "O" for dtype in frame.dtypes]]
    nested = [c for c in objects if frame[c].map(lambda v: isinstance(v, list | dict)).any()]
    return with_columns(frame, {str(column): frame[column].map(text) for column in nested})


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
                yield typed(named(typed_files.plain(frame.reset_index(drop=True))))
    except (OSError, ValueError) as error:
        raise DataError(f"{path.name}: expected a Parquet file: {error}") from error


def _read_excel(handle: IO[bytes], name: str) -> pd.DataFrame:
    import pandas as pd

    name, sheet = without_sheet(name)
    packed.check_workbook(handle, name)
    handle.seek(0)
    try:
        with pd.ExcelFile(handle, engine="calamine") as book:
            sheets = [str(each) for each in book.sheet_names]
            if sheet and sheet not in sheets:
                listed = f"expected one of its sheets ({', '.join(sheets)}), got {sheet!r}"
                raise DataError(f"{name}: {listed}.{did_you_mean(sheet, sheets)}")
            used, rows = _sheet_used(book, [sheet] if sheet else sheets)
            if not rows:
                raise DataError(f"{name}: expected a table, got empty sheets: {', '.join(sheets)}")
            layout = find_layout(rows)
            header = 0 if layout.header else None
            options: Any = {"header": header, "skiprows": layout.skipped}
            frame: pd.DataFrame = pd.read_excel(book, sheet_name=used, **options)
    except DataError:
        raise
    except Exception as error:  # whatever the reader says of a file that is none
        raise DataError(f"{name}: expected an Excel workbook: {error}") from error
    frame.columns = pd.Index(layout.names(len(frame.columns)) or frame.columns)
    frame = _laid_out(frame, layout)
    if len(sheets) > 1 and not sheet:
        others = ", ".join(each for each in sheets if each != used)
        chosen = f"sheet {used!r}; others ({others}) by {name}#SHEET"
        said = frame.attrs.get(READ, {}).get("", "")
        frame.attrs[READ] = {"": "; ".join(filter(None, [chosen, said]))}
    return frame


def _sheet_used(book: pd.ExcelFile, sheets: Sequence[str]) -> tuple[str, list[list[str]]]:
    """Return the sheet that holds the table, and its first rows; a cover is passed over."""
    import pandas as pd

    seen: list[tuple[str, list[list[str]]]] = []
    for sheet in sheets:
        cells = pd.read_excel(book, sheet_name=sheet, header=None, nrows=_SHEET_ROWS)
        rows = [["" if pd.isna(c) else str(c) for c in row] for row in cells.to_numpy()]
        if len(rows) >= _TABLE_ROWS and len(rows[0]) > 1:
            return sheet, rows
        if rows:
            seen.append((sheet, rows))
    tables = (each for each in seen if len(each[1]) > 1 and len(each[1][0]) > 1)
    return next(tables, seen[0] if seen else ("", []))


_READERS: Mapping[str, Callable[[IO[bytes], str], Any]] = {
    "csv": _read_csv,
    "json": _read_json,
    "jsonl": _read_jsonl,
    "parquet": typed_files.read_parquet,
    "excel": _read_excel,
    "feather": typed_files.read_feather,
    "stata": typed_files.read_statistics,
    "spss": typed_files.read_statistics,
    "sas": typed_files.read_statistics,
    "tsplib": tsplib.read,
}
