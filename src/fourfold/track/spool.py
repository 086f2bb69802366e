"""Results that wait for MLflow: links to their files, which stay when a run is executed again."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from fourfold.project import linked, write_text
from fourfold.records.record import SKIPPED, RunRecord, find_record, read_record
from fourfold.track.content import identity, state

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

FOLDER = ".track"
FILES = ("record.json", "notebook.ipynb", "report.html")
_TRIED, _NOT_EXECUTED = "tried", ("cancelled", SKIPPED)


@dataclass(frozen=True)
class Waiting:
    """A result in the spool: its folder is named by execution and record."""

    folder: Path

    @property
    def id(self) -> str:
        """Return the id of the execution."""
        return self.folder.name.partition("-")[0]

    @property
    def state(self) -> str:
        """Return the digest of the record."""
        return self.folder.name.partition("-")[2]

    @property
    def tried(self) -> bool:
        """Say whether MLflow may have it, or a part of it, already."""
        return (self.folder / _TRIED).exists()

    def record(self) -> RunRecord:
        """Return the record of the result."""
        return read_record(self.folder / FILES[0])

    def files(self) -> list[Path]:
        """Return the files of the result."""
        return [path for name in FILES if (path := self.folder / name).exists()]

    def mark(self) -> None:
        """Note that MLflow may have a part of it from now on."""
        (self.folder / _TRIED).touch()

    def remove(self) -> None:
        """Take it out of the spool."""
        shutil.rmtree(self.folder, ignore_errors=True)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Wait until no other process sends what is in a spool, and be the one that does."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("ab") as lock:
        if fcntl:
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


class Spool:
    """The results in a folder of outputs that MLflow does not have yet.

    A mark stands there while a batch runs. Where it was killed, the results that began since then
    are looked for by the next command: the last of them may not have got into the spool.
    """

    def __init__(self, outputs: Path) -> None:
        self.outputs, self.folder = outputs, outputs / FOLDER
        self._waiting, self._mark = self.folder / "waiting", self.folder / "batch"

    def waiting(self) -> list[Waiting]:
        """Return what waits, the oldest first."""
        try:
            entries = [(e.stat().st_mtime_ns, e.path) for e in os.scandir(self._waiting)]
        except OSError:  # no folder, or an entry that the sender has removed
            paths = self._waiting.iterdir() if self._waiting.is_dir() else ()
            entries = [(0, str(path)) for path in paths]
        return [Waiting(Path(path)) for _, path in sorted(entries) if "-" in Path(path).name]

    def add(self, record: RunRecord, tried: bool = False) -> None:
        """Put the result of a run into the spool, unless it was cancelled or skipped.

        Parameters
        ----------
        record : RunRecord
            As it lies in the outputs.
        tried : bool
            Whether MLflow may have it already.
        """
        source = self.outputs / record.config / record.run_id
        if record.status in _NOT_EXECUTED or not (source / FILES[0]).exists():
            return
        place = self._waiting / f"{identity(record)}-{state(record)}"
        if place.exists():
            return
        partial = self.folder / f"{place.name}.partial"
        shutil.rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        self._waiting.mkdir(exist_ok=True)
        for name in FILES:
            if (source / name).exists():
                linked(source / name, partial / name)
        if tried:
            (partial / _TRIED).touch()
        os.replace(partial, place)

    def begin(self) -> None:
        """Note that a batch begins."""
        self.folder.mkdir(parents=True, exist_ok=True)
        if not self._mark.exists():
            write_text(self._mark, datetime.now(UTC).isoformat(timespec="seconds"))

    def end(self) -> None:
        """Note that all results of the batch are in the spool, or sent."""
        self._mark.unlink(missing_ok=True)

    def recover(self) -> None:
        """Put into the spool what a batch that was killed has left; the outputs must be held."""
        for partial in self.folder.glob("*.partial"):
            shutil.rmtree(partial, ignore_errors=True)
        if self._mark.exists():
            began = self._mark.read_text(encoding="utf-8")
            for record in self.records():
                if record.started_at >= began:
                    self.add(record, tried=True)
            self.end()

    def records(self) -> Iterator[RunRecord]:
        """Yield the records of all runs in the outputs."""
        for path in sorted(self.outputs.glob("*/*/record.json")):
            if (record := find_record(path.parent)) and path.parts[-3:-1] == (
                record.config,
                record.run_id,
            ):
                yield record
