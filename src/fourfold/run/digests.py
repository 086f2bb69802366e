"""Digests of what a run has read: files, lists of folders, files of a pattern."""

import hashlib
import os
import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from fourfold.data.digest import content_digest
from fourfold.project import of_all_shards

WILDCARDS = frozenset("*?[")
#: Before the name of an environment variable.
VARIABLE, ANY_VARIABLE = "$", "$*"
HIDDEN = (".", "__pycache__")


def inside(path: Path, root: Path) -> str:
    """Return how a record names a file: relative to the project where it is inside."""
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)


def digest_now(name: str, root: Path, outputs: Path | None = None) -> str:
    """Return the digest of an input as it is now; empty if there is none of this name.

    Parameters
    ----------
    name : str
        As `Inputs.digests` has it; ``$NAME`` is an environment variable.
    root, outputs : Path
        Folders of the project and of all outputs, which are in no list of files.
    """
    if name.startswith(VARIABLE):
        value = os.environ.get(name[1:])
        return "" if value is None else _digest([value])
    path = root / name
    if name.endswith("/"):
        names = names_of(path, outputs)
        return "" if names is None else _digest(names)
    if os.path.isfile(path):
        return content_digest(path)
    if WILDCARDS & set(name):
        return _digest(inside(file, root) for file in matches(name, root, outputs))
    return ""


def _digest(names: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(sorted(names)).encode(errors="replace")).hexdigest()[:16]


def names_of(folder: Path, outputs: Path | None) -> set[str] | None:
    """Return the names in a folder, without hidden ones; None if there is no such folder."""
    with suppress(OSError):
        outputs = outputs and of_all_shards(outputs)
        paths = [path for path in folder.iterdir() if path != outputs]
        return {path.name for path in paths if not path.name.startswith(HIDDEN)}
    return None


def matches(pattern: str, root: Path, outputs: Path | None) -> list[Path]:
    """Return the files of a pattern.

    Parameters
    ----------
    pattern : str
        Relative to the project, or absolute.
    root, outputs : Path
        As `digest_now` takes them.
    """
    path = Path(pattern)
    with suppress(OSError, ValueError, IndexError, NotImplementedError, re.error):
        start = Path(path.anchor) if path.anchor else root
        if path.anchor and "**" in pattern and not path.is_relative_to(root):
            return []
        files = sorted(start.glob(pattern[len(path.anchor) :]))
        outputs = outputs and of_all_shards(outputs)
        below = outputs is not None and not pattern.startswith(inside(outputs, root))
        return [f for f in files if not (below and outputs and f.is_relative_to(outputs))]
    return []
