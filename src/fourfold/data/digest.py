"""Digests of files, each read once for as long as it is the same."""

import hashlib
import os
import time
from contextlib import suppress
from pathlib import Path

_JUST_NOW_NS = 20_000_000
_DIGESTS: dict[str, tuple[str, str]] = {}


def content_digest(file: Path) -> str:
    """Return the digest of a file; of a SQLite database, with what its log holds for it.

    A file is read again only if its times, size or number are others.
    """
    key = str(file)
    before = _stamp(file)
    if _DIGESTS.get(key, ("",))[0] != before:
        digest = hash_file(file)
        log = file.with_name(f"{file.name}-wal")
        if os.path.isfile(log) and log.stat().st_size:  # its name may be too long to be one
            digest = hashlib.sha256((digest + hash_file(log)).encode()).hexdigest()
        if _stamp(file) != before:
            return digest[:16]
        _DIGESTS[key] = (before, digest[:16])
    return _DIGESTS[key][1]


def _stamp(file: Path) -> str:
    """Return what shows that a file is another; not to be kept if it has changed just now."""
    parts = []
    for path in (file, file.with_name(f"{file.name}-wal")):
        with suppress(OSError):
            now = path.stat()
            fresh = time.time_ns() - now.st_ctime_ns < _JUST_NOW_NS
            parts.append((now.st_mtime_ns, now.st_ctime_ns, now.st_size, now.st_ino, fresh))
    return f"{time.time_ns()}" if any(part[-1] for part in parts) else str(parts)


def hash_file(file: Path) -> str:
    """Return the SHA-256 of a file's bytes, in hexadecimal."""
    with file.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
