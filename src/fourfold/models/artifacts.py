"""Artifacts of a run as its record knows them: a file that was changed since is noticed."""

from __future__ import annotations

from pathlib import Path

from fourfold.data.artifacts import names_at
from fourfold.data.digest import content_digest
from fourfold.errors import DataError
from fourfold.models.card import CARD
from fourfold.models.folder import read_description
from fourfold.records.record import RunRecord

#: In the digests of a record, the model that its run has kept.
MODEL = "model/model.json"
_CARD = f"model/{CARD}"


def digests_of(folder: Path) -> dict[str, str]:
    """Return the digest of each file in a folder of artifacts.

    That of a model is its own, which stays if its run gets another name; its card is written anew
    then, and has none.
    """
    return {name: _digest(folder / name, name) for name in names_at(folder) if name != _CARD}


def altered(run: Path, record: RunRecord) -> list[str]:
    """Return what happened to artifacts since the run; only files touched since are read.

    Parameters
    ----------
    run : Path
        The folder of the run.
    record : RunRecord
        That lies there.
    """
    since, changes = (run / "record.json").stat().st_mtime_ns, []
    for name, digest in record.digests.items():
        path = run / "artifacts" / name
        try:
            now = path.stat()
            touched = max(now.st_mtime_ns, now.st_ctime_ns) > since
            if touched and _digest(path, name) != digest:
                changes.append(f"artifact {name} was changed after the run")
        except OSError:
            changes.append(f"artifact {name} is gone")
    return changes


def _digest(path: Path, name: str) -> str:
    if name != MODEL:
        return content_digest(path)
    try:
        return read_description(path.parent).digest[:16]
    except DataError:
        return ""
