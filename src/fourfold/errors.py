"""Every error that Fourfold raises on purpose, with one base to catch."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

_LONGEST = 2000
_NAMED = re.compile(r"\$\{\w+\}")
#: User and password of a URL. A password for a database may hold a slash, as SQLAlchemy reads it.
_USER = re.compile(
    r"(?i)(?P<scheme>\b(?:https?|s?ftps?)://)(?P<user>)(?P<token>[^/?#@\s:'\"]+)@"
    r"|(?P<other>\b[a-z][\w+.-]{0,40}://)(?P<name>[^/?#@\s:]*):(?P<password>[^@\s]*)@"
)
#: A part of a query, by the last word of its name.
_PART = re.compile(
    r"(?i)(?P<name>[?&;#](?:[\w.%-]{0,80}[_.-])?(?:[a-z]{0,40}(?:password|passwd|pwd|token|secret"
    r"|signature|credentials?)|(?:aws)?(?:api|access|account|subscription)?key(?:id)?|pass|sig|auth)"
    r"=)(?P<value>[^&#\s'\"]+)"
)
_SHORT_KEY = 16  # characters: less is a name rather than a secret


def _hidden(user: re.Match[str]) -> str:
    if user["scheme"]:
        return user[0] if _NAMED.fullmatch(user["token"]) else f"{user['scheme']}***@"
    inner = user["password"]
    web = user["other"].lower().startswith(("http", "ftp", "s3", "gs"))
    if not _NAMED.sub("", inner) or (web and re.search(r"[/?#]", inner)):
        return user[0]  # in a variable; or a port, and the @ is that of a path
    return f"{user['other']}{user['name']}:***@"


def _hidden_part(part: re.Match[str]) -> str:
    key = re.search(r"(?i)key(id)?=$", part["name"])
    short = bool(key) and len(part["value"]) < _SHORT_KEY
    return part[0] if short or not _NAMED.sub("", part["value"]) else f"{part['name']}***"


def masked(text: str) -> str:
    """Return a text with ``***`` for each secret in plain text that a URL in it holds.

    Examples
    --------
    >>> masked("postgresql://me:hunter2@host/shop")
    'postgresql://me:***@host/shop'
    >>> masked("postgresql://me:${PGPASSWORD}@host/shop")
    'postgresql://me:${PGPASSWORD}@host/shop'
    >>> masked("https://host/a.csv?v=1&sig=abc%3D")
    'https://host/a.csv?v=1&sig=***'
    """
    if "://" not in text:
        return text
    return _PART.sub(_hidden_part, _USER.sub(_hidden, text))


def last_line(text: str) -> str:
    """Return the last words of a program that failed."""
    return (text.strip().splitlines() or ["it printed nothing"])[-1]


class FourfoldError(Exception):
    """Base of all errors that Fourfold raises on purpose."""


class InUseError(FourfoldError):
    """Another process holds the folder of outputs."""


class ConfigError(FourfoldError, ValueError):
    """A config, or a file it names, is not what it must be; carries all violations at once."""

    def __init__(self, violations: Sequence[Violation]) -> None:
        self.violations = tuple(sorted(violations))
        super().__init__("\n".join(map(str, self.violations)))


class TemplateError(FourfoldError, ValueError):
    """A template breaks a rule that every template keeps."""


class DataError(FourfoldError, ValueError):
    """A data source cannot be found, read or trusted."""


class RecordError(FourfoldError, ValueError):
    """A record of a run is not as a run writes it, and counts as none."""


class EstimatorError(FourfoldError, TypeError):
    """A figure is asked for a model of another kind than it shows."""


class ConclusionError(FourfoldError, ValueError):
    """A conclusion asks for evidence that the notebook did not record."""


class TrackingError(FourfoldError):
    """MLflow did not take something: the run `of_run` that was sent, or anything at all."""

    def __init__(self, message: str, of_run: bool = False, code: str = "") -> None:
        super().__init__(message)
        self.of_run, self.code = of_run, code


class UnpublishedError(FourfoldError):
    """A copy was saved in an editor, and its template was not written."""

    def __init__(self, message: str, conflict: bool = False) -> None:
        super().__init__(message)
        self.conflict = conflict


@dataclass(frozen=True, order=True)
class Violation:
    """One mistake in one file, located: line and column count from 1."""

    file: str
    line: int
    column: int
    key: str
    message: str

    def __str__(self) -> str:
        """Return ``file:line:column key: message``, which editors make clickable."""
        file, key = (legible(part).replace("\n", "\\n") for part in (self.file, self.key))
        message = legible(masked(self.message))
        return f"{file}:{self.line}:{self.column} {key}: {message}"


def unforeseen(error: Exception) -> str:
    """Return what is said of an error that nobody has thought of."""
    if isinstance(error, OSError) and error.strerror:
        return legible(f"{error.filename or 'a file'}: {error.strerror}")
    return legible(f"not foreseen: {type(error).__name__}: {masked(str(error))}")


def legible(text: str) -> str:
    """Return a text that any terminal shows: characters of control escaped, the middle cut out."""
    if not all(line.isprintable() for line in text.split("\n")):
        text = repr(text)[1:-1]
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST // 2]}…{text[-_LONGEST // 2 :]}"


def did_you_mean(word: object, known: Iterable[object]) -> str:
    """Return `` Did you mean 'x'?`` for the nearest known name, or an empty string."""
    names = [str(name) for name in known]
    near = get_close_matches(str(word), names, n=1, cutoff=0.6)
    return f" Did you mean {near[0]!r}?" if near else ""
