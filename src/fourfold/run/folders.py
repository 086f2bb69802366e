"""Folders of runs: a new result takes the place of an earlier one as a whole, or not at all."""

import ctypes
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import nbformat

from fourfold.plan.spec import RunSpec
from fourfold.project import Project

_NEW = ".new"
_PAGE_BYTES, _RUN_BYTES = 2**18, 2**12  # of pages and tables, and of a run in them
_AT_CWD, _EXCHANGE = -100, 2


@contextmanager
def room_held(outputs: Path, runs: int) -> Iterator[None]:
    """Keep room on the disk for the table and the page of so many runs, until they are written."""
    reserve = outputs / ".room"
    with suppress(OSError, AttributeError), reserve.open("wb") as file:  # less room, or no Linux
        os.posix_fallocate(file.fileno(), 0, _PAGE_BYTES + runs * _RUN_BYTES)
    try:
        yield
    finally:
        with suppress(OSError):  # the outputs are gone, or have become a file
            reserve.unlink(missing_ok=True)


def new_folder(project: Project, spec: RunSpec) -> Path:
    """Return where a run is executed while its earlier result stays where it is."""
    return project.outputs / _NEW / spec.config / spec.run_id


def sweep_new(outputs: Path) -> None:
    """Remove what a killed command has left of new results; the outputs must be held."""
    shutil.rmtree(outputs / _NEW, ignore_errors=True)


def written(notebook: Any, place: Path, folder: Path) -> str:
    """Return the text of a notebook as if it had been executed in its final folder.

    Parameters
    ----------
    notebook : NotebookNode
        As it was executed.
    place, folder : Path
        Where that was, and where it will be.
    """
    text: str = nbformat.writes(notebook)  # type: ignore[no-untyped-call]
    return text if place == folder else text.replace(str(place), str(folder))


def settle(place: Path, folder: Path, keep: bool) -> None:
    """Put a new result in the place of the earlier one.

    Parameters
    ----------
    place, folder : Path
        Of the new result, and of the earlier one.
    keep : bool
        Whether the earlier one stays, and the new one goes.
    """
    if not keep and not _exchanged(place, folder):
        shutil.rmtree(folder, ignore_errors=True)
        os.replace(place, folder)
    shutil.rmtree(place, ignore_errors=True)
    with suppress(OSError):  # another run is there
        place.parent.rmdir()
        place.parent.parent.rmdir()


def _exchanged(place: Path, folder: Path) -> bool:
    """Exchange two folders in one step, where the system can."""
    with suppress(OSError, AttributeError):
        swap = ctypes.CDLL(None, use_errno=True).renameat2
        paths = os.fsencode(place), os.fsencode(folder)
        return bool(swap(_AT_CWD, paths[0], _AT_CWD, paths[1], _EXCHANGE) == 0)
    return False
