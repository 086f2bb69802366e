"""What a run has read: files, folders and servers, from the notes of its kernel and from its code.

Notes show what Python opened, and when it changed since. What libraries open without Python, as
pyarrow does, and what programs open, is known by its names in the code only.
"""

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from fourfold.project import of_all_shards
from fourfold.records.evidence import without_business
from fourfold.run.digests import (
    ANY_VARIABLE,
    HIDDEN,
    WILDCARDS,
    digest_now,
    inside,
    matches,
    names_of,
)
from fourfold.run.kernels.watch import Watch, state
from fourfold.run.names import modules_in, names_in, texts_of, variables_in, words_in
from fourfold.run.packages import loaded

CHANGED = "changed while it ran"
"""In place of the digest of an input that another content may have been read of."""

_TICK_NS = 20_000_000
_FILE = re.compile(r"[\w./-]*\w\.[A-Za-z]\w{0,7}")
_LARGEST_SCRIPT = 2**20
_MOST_FILES = 20_000
#: Libraries that are given a folder and read its files without Python.
_OF_FOLDERS = {"pyarrow", "polars", "duckdb", "pyspark", "dask"}
#: Files that libraries open without Python.
_OF_C = (
    *(".parquet", ".feather", ".arrow", ".orc", ".h5", ".hdf5", ".hdf", ".nc", ".tif", ".tiff"),
    *(".duckdb", ".avro", ".ipc", ".zarr", ".shp", ".gpkg", ".bin"),
)
_REMOTE = re.compile(
    r"^(postgres\w*|mysql|mariadb|mssql|oracle|snowflake|redshift|bigquery|clickhouse|mongodb|redis"
    r"|s3|s3a|gs|gcs|az|abfss?|adl|hdfs|ftp|sftp)(\+\w+)?://"
)
#: Modules that speak to a server without Python, and programs that do.
_DRIVERS = {
    *("psycopg", "psycopg2", "asyncpg", "MySQLdb", "mysql", "pyodbc", "oracledb", "cx_Oracle"),
    *("pymongo", "clickhouse_connect", "turbodbc", "adbc_driver_postgresql"),
}
_FETCHERS = {
    *("curl", "wget", "aws", "gsutil", "gcloud", "az", "psql", "mysql", "mongosh", "ssh", "scp"),
    *("rsync", "sftp", "ftp", "kubectl", "docker", "dvc", "kaggle", "http", "nc"),
}
_WRITES_SQL = re.compile(
    r"to_sql|insert\s+(or\s+\w+\s+)?into|create\s+table|drop\s+table|delete\s+from|replace\s+into"
    r"|update\s+\w+\s+set",
    re.IGNORECASE,
)


@dataclass
class Inputs:
    """What a run has read.

    Attributes
    ----------
    digests : dict
        By name: a file, a folder with ``/`` at its end, a pattern, ``$NAME`` of the environment;
        None for what only reading would tell.
    moved : set of str
        Those that changed while the run read them.
    perhaps : set of str
        Those that changed while the run may have read them, or may have made them.
    packages : dict
        Versions of what was loaded; None where that is not known.
    """

    digests: dict[str, str | None] = field(default_factory=dict)
    moved: set[str] = field(default_factory=set)
    perhaps: set[str] = field(default_factory=set)
    packages: dict[str, str] | None = None


class Reader:
    """Puts together the inputs of one run.

    Parameters
    ----------
    root, outputs, own : Path
        Folders of the project, of all outputs, and of this run.
    began_ns : int
        When it began.
    """

    def __init__(self, root: Path, outputs: Path | None, own: Path | None, began_ns: int) -> None:
        self.root, self.outputs, self.own, self.began_ns = root, outputs, own, began_ns
        self.inputs = Inputs()
        self.watch = Watch("", str(root))
        self.wrote: set[str] = set()
        self.opened: set[Path] = set()
        self.by_python: list[Path] = []
        self.modules: dict[str, str] = {}

    def take(self, notes: Iterable[Sequence[Any]], writes_sql: bool) -> None:
        """Take what a kernel noted; with `writes_sql` databases may be the notebook's own."""
        notes = list(notes)
        made: set[str] = set()
        first: dict[str, Any] = {}
        for kind, name, *more in notes:
            if kind == "wrote":
                made.add(name)
            elif kind == "read" and name not in made:
                first.setdefault(name, more[0])
            elif kind == "loaded":
                self.modules |= name
        self.wrote = made
        for name, before in first.items():
            self._read(Path(name), before, writes_sql)
        for kind, name, *more in notes:
            if kind == "listed" and not self._apart(Path(name)):
                self._listed(Path(name), more[0])
            elif kind == "matched" and not self._apart(Path(name)):
                pattern = inside(Path(name), self.root)
                self.inputs.digests[pattern] = digest_now(pattern, self.root, self.outputs)
                self._unopened(matches(pattern, self.root, self.outputs))
            elif kind == "asked":
                self.inputs.digests[name] = None
            elif kind == "named":
                self.name(name, self.root)
            elif kind == "called":
                self._called(name, Path(more[0]), own=more[1])
        for driver in sorted(_DRIVERS & set(self.modules)):
            self.inputs.digests[f"by {driver}"] = None

    def _apart(self, path: Path) -> bool:
        """Say whether a file is of this run, or a page or note among the outputs."""
        if self.own and path.is_relative_to(self.own):
            return True
        if self.outputs is None or not path.is_relative_to(self.outputs):
            return False
        return path.parent == self.outputs or path.is_dir() or path.name.startswith(".")

    def _read(self, path: Path, before: Any, writes_sql: bool) -> None:
        if self._apart(path):
            return
        name, now = inside(path, self.root), state(path)
        self.opened.add(path)
        self.by_python.append(path)
        if before is None and now is None and not path.is_relative_to(self.root):
            return
        own = str(path) in self.wrote or (writes_sql and _is_sqlite(path))
        if before is None and now is not None:
            if own:
                return
            self.inputs.perhaps.add(name)
        elif now != before and not own:
            self.inputs.moved.add(name)
        self.inputs.digests[name] = digest_now(name, self.root, self.outputs)
        if state(path) != now:
            self.inputs.moved.add(name)

    def _listed(self, folder: Path, before: list[str] | None) -> None:
        name = f"{inside(folder, self.root)}/"
        now = names_of(folder, self.outputs)
        old = {each for each in before or () if not each.startswith(HIDDEN)}
        made = {Path(path).name for path in self.wrote if Path(path).parent == folder}
        outputs = self.outputs and of_all_shards(self.outputs)
        made |= {outputs.name} if outputs and outputs.parent == folder else set()
        if (old ^ (now or set())) - made:
            self.inputs.perhaps.add(name)
        self.inputs.digests[name] = digest_now(name, self.root, self.outputs)
        self._unopened([folder / each for each in sorted(now or ())])

    def _unopened(self, files: Sequence[Path]) -> None:
        """Take files that were listed, and opened without Python or in another process."""
        none = not self.opened & set(files) and not any(f.parent == self.root for f in files)
        for file in files[:_MOST_FILES]:
            if (none or file.name.endswith(_OF_C)) and file.is_file():
                self._named(file, of_program=False)

    def _called(self, words: Sequence[str], folder: Path, own: bool) -> None:
        """Take the files that a command line names, and those that its scripts name."""
        text = " ".join(words)
        if own and (
            fetchers := _FETCHERS & {Path(word).name for word in re.split(r"[\s;|&]", text)}
        ):
            self.inputs.digests[f"by {min(fetchers)}"] = None
        names = words_in(text) | {word for word in words if len(word) < 300} | set(text.split())
        self.name(names, folder, of_program=True)

    def name(self, names: Iterable[str], folder: Path, of_program: bool = False) -> None:
        """Take the files that code names, if Python did not open them.

        Parameters
        ----------
        names : iterable of str
            As `names_in` returns them.
        folder : Path
            That they are relative to.
        of_program : bool
            Whether they are a program's, which may read whole folders.
        """
        folders = of_program or bool(_OF_FOLDERS & set(self.modules))
        for name in sorted(names):
            if _REMOTE.match(name):
                self.inputs.digests.setdefault(name.split("@")[-1], None)
            if "\0" in name or "://" in name or name.startswith("-"):
                continue
            for path in self._files(name, folder, folders, of_program):
                self._named(path, of_program)

    def _files(self, name: str, folder: Path, folders: bool, of_program: bool) -> list[Path]:
        """Return the files of a name or pattern, unless Python opened one of them."""
        with suppress(OSError, ValueError):
            path = folder / name
            if path.is_file():
                return [path]
            if path.is_dir():
                busy = any(file.is_relative_to(path) for file in self.opened)
                clear = of_program or "/" in name  # a word such as "data" may be anything
                if not (folders and clear) or busy or not self._below(path):
                    return []
                whole = f"{inside(path, self.root)}/"
                self.inputs.digests[whole] = digest_now(whole, self.root, self.outputs)
                return [file for file in sorted(path.rglob("*"))[:_MOST_FILES] if file.is_file()]
            if WILDCARDS & set(name):
                return self._matching(name, folder)
            if _FILE.fullmatch(name) and str(path) not in self.wrote and self._below(path):
                self.inputs.digests.setdefault(inside(path, self.root), "")
        return []

    def _below(self, path: Path) -> bool:
        """Say whether a path is one of the project or of data beside it, and no output."""
        return path != self.root and bool(self.watch.place(str(path))) and not self._apart(path)

    def _matching(self, pattern: str, folder: Path) -> list[Path]:
        if pattern.startswith("*/"):  # below a folder that is not known
            if not pattern.endswith(_OF_C):
                return []
            files = [file for file in self._project() if fnmatchcase(str(file), pattern)]
        else:
            files = [path for path in matches(pattern, folder, self.outputs) if path.is_file()]
        known = self.opened | {Path(path) for path in self.wrote}
        if not files or known & set(files):
            return []
        if not pattern.startswith("*/"):
            name = inside(folder / pattern, self.root)
            self.inputs.digests[name] = digest_now(name, self.root, self.outputs)
        return files

    def _project(self) -> list[Path]:
        if not hasattr(self, "_walked"):
            self._walked: list[Path] = []
            for folder, folders, names in os.walk(self.root):
                places = [Path(folder, name) for name in folders if not name.startswith(HIDDEN)]
                folders[:] = [p.name for p in places if p != self.outputs and self._below(p)]
                self._walked += [Path(folder, name) for name in names]
                if len(self._walked) > _MOST_FILES:
                    break
        return self._walked

    def _named(self, path: Path, of_program: bool) -> None:
        if path in self.opened or str(path) in self.wrote or not self._below(path):
            return
        self.opened.add(path)
        name = inside(path, self.root)
        now = state(path)
        if now and now[1] > self.began_ns - _TICK_NS:
            self.inputs.perhaps.add(name)
        self.inputs.digests[name] = digest_now(name, self.root, self.outputs)
        if of_program and path.stat().st_size < _LARGEST_SCRIPT:
            self.script(path)

    def script(self, path: Path) -> None:
        """Take the files that a script or a module names, and the modules that it imports."""
        with suppress(OSError, UnicodeDecodeError):
            text = path.read_text(encoding="utf-8")
            if path.suffix == ".py":
                names = names_in(text, {}, watched=False)
                self.modules_of(text, path.parent)
            elif text.startswith("#!") or path.suffix.lower() in _SCRIPTS:
                names = words_in(text)
            else:
                return
            for folder in {self.root, path.parent}:
                self.name(names, folder, of_program=True)

    def listed_in(self, text: str, path: Path) -> None:
        """Take the files that another file names, which Python did not open."""
        for word in sorted(word for word in words_in(text) if word.endswith(_OF_C)):
            for folder in (self.root, path.parent):
                with suppress(OSError, ValueError):
                    if (folder / word).is_file():
                        self._named(folder / word, of_program=False)

    def variables_of(self, code: str) -> None:
        """Take the environment variables that code reads."""
        for name in variables_in(code):
            now = None if name == ANY_VARIABLE else digest_now(name, self.root)
            self.inputs.digests[name] = now

    def modules_of(self, code: str, folder: Path) -> set[str]:
        """Take the modules in a folder that code imports; return all that it imports."""
        names = set(modules_in(code))
        self.variables_of(code)
        for name in names:
            for file in (f"{name.replace('.', '/')}.py", f"{name.replace('.', '/')}/__init__.py"):
                if (folder / file).is_file():
                    self._named(folder / file, of_program=True)
                elif folder == self.root and self.modules and "." not in name:
                    self.inputs.digests.setdefault(file, "")
        return {name.split(".")[0] for name in names}


#: Files that may list others.
_LISTS = (".json", ".yaml", ".yml", ".toml", ".ini", ".cfg", ".txt", ".csv", ".tsv", ".xml")
_SCRIPTS = (".sh", ".bash", ".r", ".jl", ".pl", ".rb", ".js", ".sql", ".awk", ".sed", ".mk", "")


def _is_sqlite(path: Path) -> bool:
    with suppress(OSError), path.open("rb") as handle:
        return handle.read(16) == b"SQLite format 3\0"
    return False


def inputs_of(
    notes: Sequence[Sequence[Any]] | None,
    code: Sequence[str],
    parameters: Mapping[str, Any],
    reader: Reader,
) -> Inputs:
    """Return what a run has read.

    Parameters
    ----------
    notes : sequence, optional
        Of its kernel; None where there are none, as of other languages: then names are all.
    code : sequence of str
        Of its cells.
    parameters : mapping
        Of the run.
    reader : Reader
        A new one, of this run.
    """
    reader.take(notes or (), bool(_WRITES_SQL.search("\n".join(code))))
    wanted: set[str] = set()
    for cell in code:
        reader.name(names_in(cell, parameters, notes is not None), reader.root)
        wanted |= reader.modules_of(cell, reader.root)
    given = texts_of(list(without_business(parameters).values()))
    reader.name(given, reader.root, of_program=True)
    for path in [path for path in reader.by_python if path.suffix in (".py", *_LISTS)]:
        with suppress(OSError, UnicodeDecodeError):
            if path.stat().st_size < _LARGEST_SCRIPT:
                text = path.read_text(encoding="utf-8")
                if path.suffix == ".py":
                    reader.name(names_in(text, {}), reader.root)
                    reader.variables_of(text)
                else:
                    reader.listed_in(text, path)
    inputs = reader.inputs
    if reader.modules:
        files = [Path(name) for name, digest in inputs.digests.items() if digest]
        local = {part for file in files for part in (file.stem, *file.parts[:1])}
        inputs.packages = loaded(reader.modules, wanted - local)
    return inputs
