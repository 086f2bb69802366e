"""The files of a folder that somebody means: not those of editors and systems, each once."""

import errno
import os
import re
from collections.abc import Iterator
from contextlib import suppress
from glob import glob
from pathlib import Path


def meant(name: str) -> bool:
    """Say whether a name is that of a file somebody made, not a hidden one, a lock or a backup.

    Examples
    --------
    >>> [meant(name) for name in ("a.yaml", "._a.yaml", "#a.yaml#", "~$a.csv", "a.csv~")]
    [True, False, False, False, False]
    """
    saved = name.startswith("#") and name.endswith("#")
    return not (name.startswith((".", "~$")) or name.endswith("~") or saved)


def text_of(path: Path, encoding: str = "utf-8") -> str:
    """Return the text of a file; raise `OSError` for a pipe or device, which may have no end."""
    if not os.path.isfile(path):
        os.stat(path)  # which says that there is none
        raise OSError(errno.EINVAL, "is no file")
    return path.read_text(encoding=encoding)


def files_below(folder: Path) -> list[Path]:
    """Return the files in a folder and in those below it, also linked ones, each file once."""
    paths = (path / name for path, names in _folders(folder) for name in names if meant(name))
    return _once(paths)


def matches(pattern: str, folder: Path) -> list[Path]:
    """Return the files that a glob matches, relative to a folder; none if it is no glob.

    Any text may be asked for. A hidden file or a backup matches a pattern that is written so. Where
    a glob matches nothing, it may be the name of a file.
    """
    head, deep, tail = pattern.partition("**/")
    last = pattern.rpartition("/")[2]
    if last == "**":  # which names folders
        return []
    with suppress(ValueError, OSError, re.error):
        starts = glob(head, root_dir=folder) if head else [""]
        places = [each for start in starts for each, _ in _folders(folder / start)] if deep else []
        paths = [
            place / name
            for place in places or [folder]
            for name in glob(tail if deep else pattern, root_dir=place, recursive=True)
        ]
        if files := _once(path for path in paths if meant(path.name) or not meant(last)):
            return files
    return _once(iter([folder / pattern]))


def _folders(top: Path) -> Iterator[tuple[Path, list[str]]]:
    """Yield a folder and those below it with the names of their files, each folder once.

    A link is followed after all that needs none, so that a path through a link is the last choice.
    """
    seen, linked = set[str](), [str(top)]
    for start in linked:
        for place, folders, names in os.walk(start):
            if (real := os.path.realpath(place)) in seen:
                folders.clear()
                continue
            seen.add(real)
            folders[:] = sorted(filter(meant, folders))
            linked += [path for name in folders if os.path.islink(path := f"{place}/{name}")]
            yield Path(place), names


def _once(paths: Iterator[Path]) -> list[Path]:
    """Return the files among these, sorted, each by the first path that leads to it."""
    files: dict[str, Path] = {}
    for path in sorted(filter(os.path.isfile, paths), key=os.path.islink):
        files.setdefault(os.path.realpath(path), path)
    return sorted(files.values())
