"""Data sources: a name, path, glob, URL or database in, a frame and its digest out."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from io import BytesIO
from pathlib import Path
from typing import IO, TYPE_CHECKING

from fourfold.data import database, formats, remote
from fourfold.data.coerce import named
from fourfold.data.datasets import DATASETS, Dataset
from fourfold.errors import DataError

if TYPE_CHECKING:
    import pandas as pd

GLOB = re.compile(r"[*?\[]")
FILE_COLUMN = "source_file"
#: Records of runs, of which each has its own metrics.
RECORD = "record.json"


@dataclass(frozen=True)
class Loaded:
    """A data set in memory.

    Attributes
    ----------
    source : str
        As written in the config; passwords masked.
    kind : str
        ``built-in``, ``database``, or the file's format.
    sha256 : str
        Of the content bytes; of the frame as CSV where there are none (database, generated).
    rows, columns : int
        Shape of `frame`.
    """

    frame: pd.DataFrame
    source: str
    kind: str
    sha256: str
    rows: int
    columns: int


def load(source: str, query: str = "", root: Path | None = None) -> Loaded:
    """Return the data set that a source names.

    Parameters
    ----------
    source : str
        A built-in name; a path; a glob, whose files are put under each other with a column
        ``source_file``; a URL that fsspec reads; or a database URL, whose secrets are written as
        environment variables, ``postgresql://me:${PGPASSWORD}@host/shop``.
    query : str
        SQL for a database; for any other source, whose rows then are a SQLite table ``data``.
    root : Path, optional
        Folder that relative paths start from. Default: the current folder, then its parents up
        to the project's.

    Raises
    ------
    DataError
        If the source is unknown, missing, empty or not readable.

    Examples
    --------
    >>> load("iris").rows
    150
    >>> load("iris", "select species, count(*) as flowers from data group by 1").rows
    3
    """
    if message := problem(source, query, root):
        raise DataError(message)
    asked_of_table = query and not keeps_tables(source)
    loaded = _load(source, "" if asked_of_table else query, root)
    if asked_of_table:
        frame = database.select(loaded.frame, query, loaded.source)
        loaded = _loaded(frame, loaded.source, loaded.kind, _digest_frame(frame))
    if not loaded.rows:
        columns = ", ".join(map(str, loaded.frame.columns[:10]))
        raise DataError(f"{loaded.source}: expected rows, got only the columns {columns}")
    return loaded


def _load(source: str, query: str, root: Path | None) -> Loaded:
    if source in DATASETS:
        return _load_builtin(DATASETS[source])
    if query:
        frame = database.read(located(source, root), query)
        return _loaded(frame, database.masked(source), "database", _digest_frame(frame))
    if remote.is_url(source):
        content, name = remote.fetch(source)
        return _load_handle(BytesIO(content), database.masked(source), name)
    if GLOB.search(source):
        return _load_files(source, _matches(source, root))
    path = locate(source, root)
    with path.open("rb") as handle:
        return _load_handle(handle, source, path.name)


def problem(source: str, query: str, root: Path | None) -> str | None:
    """Return what is wrong with a source, without loading it; None if nothing seems to be.

    Cheap enough to be asked for every run of a plan: imports no library.

    Parameters
    ----------
    source, query
        As for `load`.
    root : Path, optional
        Folder that relative paths start from; as for `load`.
    """
    if source in DATASETS:
        return None if DATASETS[source].installed else DATASETS[source].missing
    if keeps_tables(source):
        return database.problem(source, query) or _missing_file(source, root)
    if remote.is_url(source):
        return database.unset(source) or remote.problem(source)
    if GLOB.search(source):
        return None if _matches(source, root) else f"expected files, {source!r} matches none"
    return _missing_file(source, root) or _unreadable(source)


def locate(path: str, root: Path | None = None) -> Path:
    """Return the file at a relative path: below `root`, else here or upwards in the project.

    Parameters
    ----------
    path : str
        Absolute or relative.
    root : Path, optional
        Where a relative path starts. Default: the current folder, then its parents as far as
        the project, a folder that holds ``templates/`` and ``params/``.

    Raises
    ------
    DataError
        If no such file is found.
    """
    for folder in _folders(root):
        if (folder / path).is_file():
            return folder / path
    raise DataError(f"{path}: expected a file, found none.{_nearest(path, root)}")


def _folders(root: Path | None) -> list[Path]:
    if root is not None:
        return [root]
    here = Path.cwd()
    upwards = [here, *here.parents]
    for depth, folder in enumerate(upwards, 1):
        if (folder / "templates").is_dir() and (folder / "params").is_dir():
            return upwards[:depth]
    return [here]


def _matches(pattern: str, root: Path | None) -> list[Path]:
    """Return the files that a glob names, in order, from the first folder that has any."""
    for folder in _folders(root):
        anchor = Path(Path(pattern).anchor or folder)
        relative = pattern[len(Path(pattern).anchor) :]
        if found := sorted(path for path in anchor.glob(relative) if path.is_file()):
            return found
    return []


def _nearest(path: str, root: Path | None) -> str:
    """Return the nearest file or built-in name as a question, or nothing."""
    wanted = Path(path)
    files = [
        (wanted.parent / file.name).as_posix()
        for folder in _folders(root)
        if (folder / wanted.parent).is_dir()
        for file in (folder / wanted.parent).iterdir()
        if file.is_file()
    ]
    near = get_close_matches(path, [*DATASETS, *sorted(files)], n=1, cutoff=0.6)
    return f" Did you mean {near[0]!r}?" if near else ""


def keeps_tables(source: str) -> bool:
    """Say whether a source is a database, whose tables a query names."""
    return database.is_database(source) or source.lower().endswith(formats.SQLITE)


def _missing_file(source: str, root: Path | None) -> str | None:
    path = database.sqlite_path(source)
    if path is None:
        return None
    try:
        locate(path, root)
    except DataError as error:
        if Path(path).suffix or "/" in path:
            return str(error)
        known = ", ".join(DATASETS)
        return (
            f"expected a built-in data set ({known}), a path, glob or URL; got {source!r}."
            + _nearest(source, root)
        )
    return None


def _unreadable(source: str) -> str | None:
    try:
        formats.kind_of(source)
    except DataError as error:
        return str(error)
    return None


def located(source: str, root: Path | None) -> str:
    """Return the URL of a database; a relative SQLite path is looked for like any other."""
    path = database.sqlite_path(source)
    return source if path is None else f"sqlite:///{locate(path, root).resolve().as_posix()}"


def _load_builtin(dataset: Dataset) -> Loaded:
    frame = dataset.loader()
    path = dataset.path
    digest = hashlib.sha256(path.read_bytes()).hexdigest() if path else _digest_frame(frame)
    return _loaded(frame, dataset.name, "built-in", digest)


def _load_handle(handle: IO[bytes], source: str, name: str) -> Loaded:
    digest = hashlib.file_digest(handle, "sha256").hexdigest()  # type: ignore[arg-type]
    handle.seek(0)
    frame = formats.read_table(handle, name)
    return _loaded(frame, source, formats.kind_of(name), digest)


def _load_files(source: str, paths: Sequence[Path]) -> Loaded:
    import pandas as pd

    parts, digest = [], hashlib.sha256()
    for path in paths:
        with path.open("rb") as handle:
            loaded = _load_handle(handle, source, path.name)
        parts.append(loaded)
        digest.update(bytes.fromhex(loaded.sha256))
    expected = set(parts[0].frame.columns)
    for path, part in zip(paths, parts, strict=True):
        odd = expected.symmetric_difference(part.frame.columns)
        if odd and path.name != RECORD:
            raise DataError(
                f"{source}: expected the same columns in every file; {path.name} and "
                f"{paths[0].name} differ in {', '.join(sorted(odd))}"
            )
    frames = [
        part.frame.assign(**{FILE_COLUMN: path.name})
        for path, part in zip(paths, parts, strict=True)
    ]
    frame = pd.concat(frames, ignore_index=True)
    return _loaded(frame, source, f"{len(paths)} files", digest.hexdigest())


def _digest_frame(frame: pd.DataFrame) -> str:
    return hashlib.sha256(frame.to_csv(index=False).encode()).hexdigest()


def _loaded(frame: pd.DataFrame, source: str, kind: str, digest: str) -> Loaded:
    return Loaded(named(frame), source, kind, digest, len(frame), len(frame.columns))
