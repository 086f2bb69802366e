"""Files behind URLs: the web by the standard library, stores by fsspec."""

from __future__ import annotations

import re
from importlib.util import find_spec

from fourfold.data import database
from fourfold.errors import DataError, did_you_mean

_WEB = ("http", "https")
_PATIENCE_S = 60
# Two letters at least: C:/ is a drive.
_SCHEME = re.compile(r"([A-Za-z][\w+.-]+):[/:]")


def is_url(source: str) -> bool:
    """Say whether a source is a URL, such as ``s3://bucket/file.csv``."""
    return bool(_SCHEME.match(source))


def problem(source: str) -> str | None:
    """Return what is wrong with a URL, without opening it."""
    scheme = source.partition(":")[0]
    if scheme in _WEB:
        return None
    from fsspec.registry import known_implementations

    known = known_implementations.get(scheme)
    if known is None:
        schemes = [*_WEB, *known_implementations, *database.DIALECTS]
        return f"expected a URL of a known scheme, got {scheme}:.{did_you_mean(scheme, schemes)}"
    package = known["class"].partition(".")[0]
    missing = f"{scheme}: needs the package {package!r}; run: pip install {package}"
    return missing if find_spec(package) is None else None


def fetch(source: str) -> tuple[bytes, str]:
    """Return the bytes behind a URL, read whole, and the name of the file.

    Raises
    ------
    DataError
        If it cannot be read; without secrets.
    """
    try:
        return _read(database.resolved(source)), re.split(r"[?#]", source)[0].rsplit("/", 1)[-1]
    except Exception as error:
        message = f"{database.masked(source)}: cannot be read: {error}"
    # Raised outside of the handler: the cause may carry the secret.
    raise DataError(database.clean(message, source))


def _read(url: str) -> bytes:
    if url.startswith(_WEB):
        from urllib.request import urlopen

        opened = urlopen(url, timeout=_PATIENCE_S)
    else:
        import fsspec

        opened = fsspec.open(url, "rb")
    with opened as handle:
        return bytes(handle.read())
