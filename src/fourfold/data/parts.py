"""A data set in parts, so that a large one needs little memory."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from fourfold.data import formats, sources
from fourfold.errors import DataError

if TYPE_CHECKING:
    import pandas as pd


def parts(
    source: str, query: str = "", rows: int = 100_000
) -> Iterator[tuple[str, int, pd.DataFrame]]:
    """Yield the name of a file or source, the position of a row in it, and the rows from there.

    Files come one after the other, those of Parquet in parts; what else there is, is read as
    `fourfold.data.sources.load` reads it.

    Parameters
    ----------
    source, query : str
        As for `load`; or a folder, of which every file of a table is read.
    rows : int
        Most rows of a part.

    Raises
    ------
    DataError
        As `load`; or if a folder has no table.
    """
    files = _files(source, query)
    for file in files:
        if formats.kind_of(file.name) == "parquet" and file.suffix in formats.KINDS and not query:
            first = 0
            for frame in formats.parquet_parts(file, rows):
                yield file.name, first, frame
                first += len(frame)
        else:
            yield from _cut(file.name, sources.load(file.name, query, file.parent).frame, rows)
    if not files:
        loaded = sources.load(source, query)
        yield from _cut(loaded.source, loaded.frame, rows)


def _files(source: str, query: str) -> list[Path]:
    """Return the files of a folder, a glob or a path; none if the source is to be read as one."""
    if os.path.isdir(source):
        files = filter(Path.is_file, Path(source).iterdir())
        if tables := sorted(file for file in files if formats.is_table(file.name)):
            return tables
        raise DataError(f"{source}: expected files of tables in the folder, found none")
    parsed = sources.parse(source)
    return [] if query or parsed.problem() else parsed.files()


def _cut(name: str, frame: pd.DataFrame, rows: int) -> Iterator[tuple[str, int, pd.DataFrame]]:
    for first in range(0, len(frame), rows):
        yield name, first, frame.iloc[first : first + rows]
