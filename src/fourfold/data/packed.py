"""Files that unpack to more than their size: read once, and counted before they fill the memory."""

from __future__ import annotations

import io
import os
import re
import struct
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import IO, Any
from zipfile import BadZipFile, ZipFile, is_zipfile

from fourfold.errors import DataError

ENDINGS = (".gz", ".bz2", ".xz", ".zip")
#: Bytes, and times its own size: what unpacks to more than both is a bomb.
LARGEST, RATIO = 1 << 27, 200
#: Bytes of an archive's content that are held at once.
_HELD = 1 << 26
#: The text of a workbook's sheets, which is read cell by cell; and the cells of their area.
_SHEET, _AREA, _AREA_RATIO = 1 << 24, 1 << 19, 50
#: Bytes that a value takes in a frame, whatever its type.
_VALUE = 8
_TO = re.compile(rb'<(?:\w+:)?c\b(?:[^>]*?\sr="([A-Z]{1,3})([0-9]{1,7})")?')
#: The text of a cell, by its number; rows and cells of OpenDocument, and how often they come.
_SHARED = re.compile(rb'\st="s"[^>]*>\s*<(?:\w+:)?v>(\d{1,9})<')
_OF_ODS = re.compile(rb"<table:(table-row|(?:covered-)?table-cell|table)\b([^>]*)")
_AGAIN = re.compile(rb'number-(?:rows|columns)-repeated="(\d{1,9})"')


class _Counted(io.RawIOBase):
    """An archive that is read as its content, up to `most` bytes; keeps what was wrong with it."""

    def __init__(self, opened: IO[bytes], name: str, ending: str, packed: int) -> None:
        self._opened, self._name, self._ending, self._packed = opened, name, ending, packed
        self._most = max(LARGEST, packed * RATIO)
        self.problem: DataError | None = None

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        import lzma
        import zlib

        try:
            part = self._opened.read(len(buffer))
        except (OSError, EOFError, BadZipFile, lzma.LZMAError, zlib.error) as error:
            self.problem = DataError(f"{self._name}: expected a {self._ending} file: {error}")
            raise self.problem from error
        if self._opened.tell() > self._most:
            self.problem = bomb(self._name, self._packed, LARGEST)
            raise self.problem
        buffer[: len(part)] = part
        return len(part)

    def seek(self, offset: int, whence: int = os.SEEK_SET) -> int:
        if whence == os.SEEK_END:  # counted as well, and where it is can only be read
            waste = bytearray(1 << 20)
            while self.readinto(waste):
                pass
            return self._opened.seek(self._opened.tell() + offset)
        return self._opened.seek(offset, whence)

    def tell(self) -> int:
        return self._opened.tell()


def bomb(name: str, packed: int, largest: int) -> DataError:
    """Return the error about a file that unpacks to more than any of its size.

    Parameters
    ----------
    name : str
    packed : int
        Its size in bytes.
    largest : int
        Bytes that it may have in any case.
    """
    most = f"{RATIO} times its size and {largest >> 20} MB"
    return DataError(
        f"{name}: expected a file that unpacks to less than {most}, got {packed:,} bytes "
        "that hold more"
    )


def opened(handle: IO[bytes], name: str, ending: str) -> IO[bytes]:
    """Return the content of an archive as a file; `problem_of` has why it cannot be read.

    Parameters
    ----------
    handle : file
    name : str
        For messages.
    ending : str
        One of `ENDINGS`.

    Raises
    ------
    DataError
        If it is no archive of that kind, or a zip archive of several files.
    """
    import bz2
    import gzip
    import lzma

    openers: dict[str, Callable[..., Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open}
    size = _size(handle)
    inner = _only_member(handle, name) if ending == ".zip" else openers[ending](handle)
    counted = io.BufferedReader(_Counted(inner, name, ending, size), 1 << 16)
    content = counted.read(_HELD)
    if len(content) < _HELD:
        return io.BytesIO(content)  # what is read several times is unpacked once
    counted.seek(0)
    return counted


def problem_of(handle: IO[bytes]) -> DataError | None:
    """Return what was wrong with an archive that a reader could not read to its end."""
    return getattr(getattr(handle, "raw", None), "problem", None)


def _size(handle: IO[bytes]) -> int:
    size = handle.seek(0, os.SEEK_END)
    handle.seek(0)
    return size


def _only_member(handle: IO[bytes], name: str) -> IO[bytes]:
    try:
        archive = ZipFile(handle)
    except BadZipFile as error:
        raise DataError(f"{name}: expected a zip archive: {error}") from error
    members = [member for member in archive.namelist() if not member.endswith("/")]
    if len(members) != 1:
        raise DataError(f"{name}: expected one file in the archive, got {len(members)}: {members}")
    try:
        return archive.open(members[0])
    except (BadZipFile, NotImplementedError, RuntimeError) as error:
        raise DataError(f"{name}: expected a zip archive: {error}") from error


def check_workbook(handle: IO[bytes], name: str) -> None:
    """Refuse a workbook with a sheet that is far larger than what it holds.

    Raises
    ------
    DataError
        If its texts unpack to too much, or a few cells lie so far away that all between must be
        made.
    """
    packed = _size(handle)
    if not is_zipfile(handle):
        return
    archive = ZipFile(handle)
    if sum(member.file_size for member in archive.infolist()) > max(_SHEET, packed * RATIO):
        raise bomb(name, packed, _SHEET)
    names, lengths, made = archive.namelist(), list[int](), 0
    for shared in (each for each in names if each.lower().endswith("/sharedstrings.xml")):
        for part in _parts(archive, shared, b"si>"):
            lengths += [len(text) for text in re.split(rb"</(?:\w+:)?si>", part)[:-1]]
    for sheet in (each for each in names if re.search(r"sheet[^/]*\.xml$", each)):
        rows = columns = cells = 1
        for part in _parts(archive, sheet):
            for column, row in _TO.findall(part):
                cells += 1
                columns, rows = max(columns, _number(column)), max(rows, int(row or 1))
            made += sum(lengths[n] for n in map(int, _SHARED.findall(part)) if n < len(lengths))
        check_area(name, "a sheet", (rows, columns), cells, _AREA)
    if made > max(LARGEST, packed * RATIO):
        raise bomb(name, packed, LARGEST)
    for sheet in (each for each in names if each == "content.xml"):  # of OpenDocument
        row = column = again = rows = columns = cells = 1
        for part in _parts(archive, sheet, b"table-row>"):
            for kind, about in _OF_ODS.findall(part):
                times = int((_AGAIN.search(about) or (0, 1))[1])
                if kind == b"table":
                    row, again = 1, 0
                elif kind == b"table-row":
                    row, column, again = row + again, 1, times
                else:
                    if b"value-type=" in about or not about.endswith(b"/"):
                        cells += 1
                        rows, columns = max(rows, row + again - 1), max(columns, column + times - 1)
                    column += times
        check_area(name, "a sheet", (rows, columns), cells, _AREA)


def _parts(archive: ZipFile, member: str, end: bytes = b"row>") -> Iterator[bytes]:
    """Yield the text of a member in parts that end where a tag does, such as that of a row."""
    with archive.open(member) as file:
        rest = b""
        while part := file.read(1 << 20):
            whole, mark, rest = (rest + part).rpartition(end)
            yield whole + mark
            if len(rest) > _SHEET:  # no row is as long as that
                yield rest
                rest = b""
        yield rest


def _number(column: bytes) -> int:
    number = 0
    for letter in column:
        number = 26 * number + letter - 64
    return number


def check_parquet(handle: IO[bytes], name: str) -> None:
    """Refuse a Parquet file that holds far more values than its size, before they are made.

    Texts that stand once in a dictionary, or that begin alike, are counted as they are read.

    Raises
    ------
    DataError
        If there are too many.
    """
    from pyarrow import parquet

    packed = _size(handle)
    most = max(2 * LARGEST, packed * RATIO)
    file = parquet.ParquetFile(handle)
    about, texts = file.metadata, dict[str, None]()
    made = longest = largest = 0
    for group in range(about.num_row_groups):
        for place in range(about.num_columns):
            chunk = about.row_group(group).column(place)
            made += chunk.num_values * _VALUE
            if "BYTE_ARRAY" in chunk.physical_type:
                texts[chunk.path_in_schema] = None
                largest = max(largest, chunk.total_uncompressed_size)
                longest += chunk.num_values * chunk.total_uncompressed_size
    if made <= most < longest:
        rows = min(max(most // (largest + 1), 1 << 7), 1 << 14)  # a value may be the whole of it
        for batch in file.iter_batches(rows, columns=list(texts)):
            made += sum(map(_decoded, batch.columns))
            if made > most:
                break
    handle.seek(0)
    if made > most:
        raise bomb(name, packed, 2 * LARGEST)


def _decoded(column: Any) -> int:
    """Return the bytes of an array whose texts stand once in a dictionary, as one without it."""
    import pyarrow as pa
    from pyarrow import compute

    made = int(column.nbytes)
    if pa.types.is_dictionary(column.type):
        with suppress(pa.ArrowNotImplementedError):  # not texts, but numbers
            lengths = compute.binary_length(column.dictionary)
            made += compute.sum(compute.take(lengths, column.indices)).as_py() or 0
    return made


def check_area(name: str, of: str, area: tuple[int, int], cells: int, most: int) -> None:
    """Refuse a table in which a few cells lie so far away that all between must be made.

    Parameters
    ----------
    name : str
    of : str
        What the table is called.
    area : tuple of int
        Rows and columns of the table as it would be made.
    cells : int
        Those that hold something.
    most : int
        Cells that any table may have.

    Raises
    ------
    DataError
        If there are many times more cells than hold something.
    """
    rows, columns = area
    if rows * columns > max(most, cells * _AREA_RATIO):
        raise DataError(
            f"{name}: expected {of} of about {cells:,} cells, as many as it holds, got one "
            f"of {rows:,} rows and {columns:,} columns; delete what lies far from the table"
        )


def check_feather(handle: IO[bytes], name: str) -> None:
    """Refuse a Feather file that holds far more than its size, by what its parts say of themselves.

    Raises
    ------
    DataError
        If it holds too much.
    """
    import pyarrow as pa
    from pyarrow import ipc

    packed = _size(handle)
    if handle.read(4) == b"FEA1":  # which is not packed
        handle.seek(0)
        return
    most = max(2 * LARGEST, packed * RATIO)
    handle.seek(0)
    content = handle.read()
    handle.seek(0)
    with ipc.open_file(pa.BufferReader(content)) as file:
        try:
            made = arrow_bytes(content)
        except struct.error as error:
            raise DataError(f"{name}: expected a Feather file: {error}") from error
        coded = [n for n, field in enumerate(file.schema) if pa.types.is_dictionary(field.type)]
    if made <= most and coded:
        options = ipc.IpcReadOptions(included_fields=coded)
        with ipc.open_file(pa.BufferReader(content), options=options) as file:
            for number in range(file.num_record_batches):
                made += sum(map(_decoded, file.get_batch(number).columns))
    if made > most:
        raise bomb(name, packed, 2 * LARGEST)


def arrow_bytes(content: bytes) -> int:
    """Return how much an Arrow file holds when it is unpacked; raise `struct.error` if it is none.

    A part is counted as often as the file's list of parts has it.
    """
    (size,) = struct.unpack_from("<i", content, len(content) - 10)
    footer = content[len(content) - 10 - size : -10]
    root, made = _follow(footer, 0), 0
    for part in (2, 3):  # dictionaries, batches
        for at, about, _ in _vector(footer, root, part, "<qi4xq"):
            head = 8 if content[at : at + 4] == b"\xff" * 4 else 4
            text, body = content[at + head : at + about], at + about
            table = _follow(text, 0)
            batch = _follow(text, _field(text, table, 2))
            if part == 2:
                batch = _follow(text, _field(text, batch, 1))
            unpacked = 0
            for offset, length in _vector(text, batch, 2, "<qq"):
                said = -1
                if length >= 8 and _field(text, batch, 3):
                    (said,) = struct.unpack_from("<q", content, body + offset)
                unpacked += max(said, 0) or length
            values = sum(count for count, _ in _vector(text, batch, 1, "<qq"))
            made += max(unpacked, values * _VALUE)
    return made


def _field(table: bytes, at: int, number: int) -> int:
    """Return where a field of a flatbuffer's table is, or 0."""
    names = at - struct.unpack_from("<i", table, at)[0]
    if 4 + 2 * number >= struct.unpack_from("<H", table, names)[0]:
        return 0
    offset = struct.unpack_from("<H", table, names + 4 + 2 * number)[0]
    return int(offset and at + offset)


def _follow(table: bytes, at: int) -> int:
    return int(at + struct.unpack_from("<I", table, at)[0])


def _vector(table: bytes, at: int, number: int, item: str) -> Iterator[tuple[int, ...]]:
    if place := _field(table, at, number):
        first = _follow(table, place) + 4
        (count,) = struct.unpack_from("<I", table, first - 4)
        return struct.iter_unpack(item, table[first : first + count * struct.calcsize(item)])
    return iter(())
