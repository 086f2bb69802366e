"""Data sources: a name, path, glob, URL or database in, a frame and its digest out."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from importlib.util import find_spec
from io import BytesIO
from pathlib import Path
from typing import IO, TYPE_CHECKING, ClassVar

from fourfold.data import database, formats
from fourfold.data.artifacts import OUTPUTS, artifact_path, is_artifact
from fourfold.data.datasets import DATASETS
from fourfold.data.digest import content_digest, hash_file
from fourfold.data.listing import matches
from fourfold.errors import DataError, did_you_mean, legible, masked

if TYPE_CHECKING:
    import pandas as pd

_GLOB = re.compile(r"[*?\[]")
_LONGEST_PATH = 500
# Two letters at least: C:/ is a drive.
_SCHEME = re.compile(r"([A-Za-z][\w+.-]+):[/:]")
_WEB = ("http", "https")
_PATIENCE_S = 60
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
        Of the content bytes; of the frame as CSV if there are none (database, generated).
    """

    frame: pd.DataFrame
    source: str
    kind: str
    sha256: str


@dataclass(frozen=True)
class Source:
    """A source of data, as a config names it.

    Attributes
    ----------
    text : str
        A built-in name; a path; a glob, whose files are put under each other with a column
        ``source_file``; a URL that fsspec reads; or a database URL, whose secrets are written as
        environment variables, ``postgresql://me:${PGPASSWORD}@host/shop``; or the artifact of
        another run, ``run:CONFIG/RUN/ARTIFACT``.
    root : Path, optional
        Folder that relative paths start from. Default: the current folder, then its parents up
        to the project's.
    outputs : Path, optional
        Folder of the outputs of other runs. Default: ``outputs/`` there.
    sheet : str
        Of a workbook; empty: the first one that is not empty.
    """

    text: str
    root: Path | None = None
    outputs: Path | None = None
    sheet: str = ""
    #: Whether a query names tables of the source; if not, the source is its only table.
    has_tables: ClassVar[bool] = False

    @property
    def masked(self) -> str:
        """Return the source without secrets in plain text."""
        return masked(self.text)

    def tables(self) -> list[str]:
        """Return the names of the tables and views that a query can name."""
        return []

    def files(self) -> list[Path]:
        """Return the files of tables, in order, from the first folder that has any."""
        return []

    def problem(self, query: str = "") -> str | None:
        """Return what is wrong, without loading anything; None if nothing seems to be.

        Cheap enough to be asked for every run of a plan: imports no library.
        """
        raise NotImplementedError

    def fingerprint(self) -> dict[str, str | None]:
        """Return the files that are read, each with its hash; None if it cannot be known."""
        return {self.masked: None}

    def read(self, query: str = "") -> Loaded:
        """Return the data set of a source that has no problem; `load` checks it first."""
        raise NotImplementedError


class _BuiltIn(Source):
    def problem(self, query: str = "") -> str | None:
        dataset = DATASETS[self.text]
        return None if dataset.installed else dataset.missing

    def fingerprint(self) -> dict[str, str | None]:
        return {}  # the package is part of the environment

    def read(self, query: str = "") -> Loaded:
        frame, path = DATASETS[self.text].load(), DATASETS[self.text].path
        digest = hash_file(path) if path else _digest(frame)
        return Loaded(frame, self.text, "built-in", digest)


class _Files(Source):
    def files(self) -> list[Path]:
        anchor = Path(self.text).anchor
        for folder in _folders(self.root):
            hits = [folder / self.text]
            if _GLOB.search(self.text):
                hits = matches(self.text[len(anchor) :], Path(anchor or folder))
            if files := [hit for hit in hits if os.path.isfile(hit)]:
                return files
        return []

    def problem(self, query: str = "") -> str | None:
        if not _GLOB.search(self.text):
            return self.missing() or _problem(formats.kind_of, self.text)
        return None if self.files() else f"expected files, {self.text!r} matches none"

    def missing(self) -> str | None:
        problem = _problem(locate, self.text, self.root)
        if problem is None or Path(self.text).suffix or "/" in self.text:
            return problem
        message = f"expected a built-in data set ({', '.join(DATASETS)}), a path, glob or URL"
        return f"{message}; got {self.text!r}.{_nearest(self.text, self.root)}"

    def fingerprint(self) -> dict[str, str | None]:
        if len(self.text) > _LONGEST_PATH:
            return {}
        root = self.root or Path.cwd()
        return {_inside(file, root): content_digest(file) for file in self.files()}

    def read(self, query: str = "") -> Loaded:
        sheet = f"#{self.sheet}" if self.sheet else ""
        parts = {p: _read(p.open("rb"), self.text + sheet, p.name + sheet) for p in self.files()}
        alone = [path.name for path in parts] == [Path(self.text).name]
        many = _GLOB.search(self.text) and not alone
        return _stacked(self.text, parts) if many else parts.popitem()[1]


class _Artifact(_Files):
    def files(self) -> list[Path]:
        with suppress(DataError):
            path = self._located()
            return sorted(p for p in path.rglob("*") if p.is_file()) if path.is_dir() else [path]
        return []

    def missing(self) -> str | None:
        if (problem := _problem(self._located)) or not self._located().is_dir():
            return problem
        return f"{self.text}: expected a file, got a folder"

    def _located(self) -> Path:
        return _artifact(self.text, self.root, self.outputs)


class _Url(Source):
    def problem(self, query: str = "") -> str | None:
        scheme = self.text.partition(":")[0]
        if (wrong := database.password_complaint(self.text) or database.unset(self.text)) or (
            scheme in _WEB
        ):
            return wrong
        from fsspec.registry import known_implementations

        if scheme not in known_implementations:
            schemes = [*_WEB, *known_implementations, *database.DIALECTS]
            near = did_you_mean(scheme, schemes)
            return f"expected a URL of a known scheme, got {scheme}:.{near}"
        package = known_implementations[scheme]["class"].partition(".")[0]
        missing = f"{scheme}: needs the package {package!r}; run: pip install {package}"
        return missing if find_spec(package) is None else None

    def read(self, query: str = "") -> Loaded:
        name = re.split(r"[?#]", self.text)[0].rsplit("/", 1)[-1]
        try:
            content = _fetch(database.resolved(self.text))
        except Exception as error:
            message = f"{self.masked}: cannot be read: {error}"
        else:
            return _read(BytesIO(content), self.masked, name)
        # Raised outside of the handler: the cause may carry the secret.
        raise DataError(database.clean(message, self.text))


class _Database(Source):
    has_tables = True

    @property
    def _file(self) -> _Files | None:
        path = database.sqlite_path(self.text)
        return None if path is None else _Files(path, self.root)

    @property
    def _url(self) -> str:
        path = self._file and locate(self._file.text, self.root).resolve()
        return f"sqlite:///{path.as_posix()}" if path else self.text

    def tables(self) -> list[str]:
        if problem := database.password_complaint(self.text) or database.unset(self.text):
            raise DataError(problem)
        return database.tables(self._url)

    def problem(self, query: str = "") -> str | None:
        missing = self._file.missing() if self._file else None
        return database.problem(self.text, query) or missing

    def fingerprint(self) -> dict[str, str | None]:
        return self._file.fingerprint() if self._file else super().fingerprint()

    def read(self, query: str = "") -> Loaded:
        frame = database.read(self._url, query)
        return Loaded(frame, self.masked, "database", _digest(frame))


def parse(text: str, root: Path | None = None, outputs: Path | None = None) -> Source:
    """Return the kind of source that a text names.

    Parameters
    ----------
    text, root, outputs
        As of `Source`.
    """
    if text in DATASETS:
        return _BuiltIn(text, root)
    if is_artifact(text):
        return _Artifact(text, root, outputs)
    if database.is_database(text) or text.lower().endswith(formats.SQLITE):
        return _Database(text, root)
    if _SCHEME.match(text):
        return _Url(text, root)
    path, sheet = formats.without_sheet(text)
    return _Files(path, root, outputs, sheet)


def load(source: str, query: str = "", root: Path | None = None) -> Loaded:
    """Return the data set that a source names.

    Parameters
    ----------
    source, root
        As `text` and `root` of a `Source`.
    query : str
        SQL for a database; for any other source, whose rows then are a SQLite table ``data``.

    Raises
    ------
    DataError
        If the source is unknown, missing, empty or not readable.

    Examples
    --------
    >>> len(load("iris").frame)
    150
    >>> load("iris", "select species, count(*) as flowers from data group by 1").frame.shape
    (3, 2)
    """
    parsed = parse(source, root)
    if message := parsed.problem(query):
        raise DataError(message)
    loaded = parsed.read(query if parsed.has_tables else "")
    if query and not parsed.has_tables:
        frame = database.select(loaded.frame, query, loaded.source)
        loaded = replace(loaded, frame=frame, sha256=_digest(frame))
    if loaded.frame.empty:
        columns = ", ".join(map(str, loaded.frame.columns[:10]))
        raise DataError(f"{loaded.source}: expected rows, got only the columns {columns}")
    return loaded


def locate(path: str, root: Path | None = None) -> Path:
    """Return the file at a relative path: below `root`, else here or upwards in the project.

    The project is a folder that holds ``templates/`` and ``params/``. Of the artifact of a run,
    ``run:CONFIG/RUN/ARTIFACT``, it may be a folder too.

    Raises
    ------
    DataError
        If there is no such file.
    """
    if is_artifact(path):
        return _artifact(path, root)
    for folder in _folders(root):
        if os.path.isfile(folder / path):
            return folder / path
    raise DataError(f"{path}: expected a file, found none.{_nearest(path, root)}")


def _artifact(text: str, root: Path | None, outputs: Path | None = None) -> Path:
    """Return where an artifact is: in these outputs, in those of the batch, or of the project."""
    if outputs is None and root is None and OUTPUTS in os.environ:
        outputs = Path(os.environ[OUTPUTS])
    return artifact_path(text, outputs or _folders(root)[-1] / "outputs")


def _problem(check: Callable[..., object], *arguments: object) -> str | None:
    try:
        check(*arguments)
    except DataError as error:
        return str(error)
    return None


def _folders(root: Path | None) -> list[Path]:
    if root is not None:
        return [root]
    here = Path.cwd()
    upwards = [here, *here.parents]
    for depth, folder in enumerate(upwards, 1):
        if (folder / "templates").is_dir() and (folder / "params").is_dir():
            return upwards[:depth]
    return [here]


def _nearest(path: str, root: Path | None) -> str:
    """Return the nearest file or built-in name as a question, or nothing."""
    parent = Path(path).parent
    folders = [folder / parent for folder in _folders(root) if os.path.isdir(folder / parent)]
    files = [file for folder in folders for file in folder.iterdir() if file.is_file()]
    return did_you_mean(path, [*DATASETS, *sorted((parent / f.name).as_posix() for f in files)])


def _inside(file: Path, root: Path) -> str:
    return file.relative_to(root).as_posix() if file.is_relative_to(root) else str(file)


def _fetch(url: str) -> bytes:
    if url.startswith(_WEB):
        from urllib.request import urlopen

        opened = urlopen(url, timeout=_PATIENCE_S)
    else:
        import fsspec

        opened = fsspec.open(url, "rb")
    with opened as handle:
        return bytes(handle.read())


def _read(handle: IO[bytes], source: str, name: str) -> Loaded:
    with handle:
        digest = hashlib.file_digest(handle, "sha256").hexdigest()  # type: ignore[arg-type]
        handle.seek(0)
        return Loaded(formats.read_table(handle, name), source, formats.kind_of(name), digest)


def _stacked(source: str, parts: dict[Path, Loaded]) -> Loaded:
    import pandas as pd

    first = next(iter(parts))
    hashes = b"".join(bytes.fromhex(part.sha256) for part in parts.values())
    for path, part in parts.items():
        odd = set(parts[first].frame).symmetric_difference(part.frame)
        if odd and path.name != RECORD:
            raise DataError(
                f"{source}: expected the same columns in every file; {path.name} and "
                f"{first.name} differ in {', '.join(sorted(map(str, odd)))}"
            )
    # No column holds a name that is no text.
    frames = [p.frame.assign(**{FILE_COLUMN: legible(path.name)}) for path, p in parts.items()]
    frame = pd.concat(frames, ignore_index=True)
    return Loaded(frame, source, f"{len(parts)} files", hashlib.sha256(hashes).hexdigest())


def _digest(frame: pd.DataFrame) -> str:
    return hashlib.sha256(frame.to_csv(index=False).encode()).hexdigest()
