"""What changes from one execution to the next though nothing was changed: times, paths, addresses.

Two ways. `stable` removes what never is a result, such as an address in memory. `forgiven` looks
at a pair that differs and needs both: a date is only forgiven where the new one is now, for dates
are data as well; a path only where the new one lies in a folder of this machine.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path, PurePosixPath, PureWindowsPath

_DATE = (
    r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?)?(?:Z|[+-]\d\d:?\d\d)?"
    r"|\d{4}/\d\d?/\d\d?(?: \d\d:\d\d(?::\d\d)?)?|\d\d?[./]\d\d?[./]\d{4}"
    r"|\d\d?/\d\d?/\d\d?|\d{8}T\d{6}Z?"
    r"|(?:[A-Z][a-z]{2} )?[A-Z][a-z]{2} +\d\d? \d\d:\d\d:\d\d(?: [A-Z]{3,4})? \d{4}"
    r"|(?:[A-Z][a-z]+ \d\d?, \d{4}|\d\d? [A-Z][a-z]{2,8} \d{4})(?:,? \d\d:\d\d(?::\d\d)?)?"
)
DATE = re.compile(_DATE)
CLOCK = re.compile(r"\d\d?:\d\d:\d\d(?:[.,]\d+)?(?: ?[AP]M)?")
PATH = re.compile(r"(?:file://)?(?:[A-Za-z]:[\\/]|~?/)[\w.+@%=~-]+(?:[\\/][\w.+@%=~-]+)*[\\/]?")

_NEVER_RESULTS = tuple(
    (re.compile(pattern, re.MULTILINE), replacement)
    for pattern, replacement in (
        (r"\x1b\[[0-9;?]*[A-Za-z]", ""),
        (r"^.*\r(?!\n|$)", ""),
        (r"\b0x[0-9a-fA-F]{6,}", "0x…"),
        (r"\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b", "uuid…"),
        (r"\S*[/\\]ipykernel_\d+[/\\]\d+\.py(?::\d+)?", "cell…"),
        (r"<ipython-input-\d+-[0-9a-f]+>(?::\d+)?", "cell…"),
        (r"\b(?:Cell )?(?:In|Out) ?\[\d+\]", "cell…"),
        (r"\b(localhost|127\.0\.0\.1|0\.0\.0\.0):\d+", r"\1:…"),
        (r"\b((?:pid|PID|[Pp]rocess (?:id|ID))[ =:]{0,2})\d+", r"\1…"),
        (r"\b(\w*(?:Process|Thread|Worker)-)\d+", r"\1…"),
        (r"(\w*Thread\([^()]*started(?: daemon)? )\d+", r"\1…"),
        # Bars of tqdm and pip, with all that they say of speed.
        (r"^.*\d+%\|.*\|.*$\n?", ""),
        (r"^ *[━╸╺─#=.>-]{8,}.*\d+(?:\.\d+)?/\d+.*$\n?", ""),
        (r"^(CPU times:|Wall time:|Parser +: ).*$", r"\1 …"),
        (r"^.*±.* per loop \(.*\)$", "… per loop"),
        (r"\bnp\.(?:float|int|uint)\d+\(([^()]*)\)", r"\1"),
        (r"\bnp\.(?:bool_?|str_)\(([^()]*)\)", r"\1"),
        (r"\b(sk-[a-z-]*id-)\d+", r"\1…"),
    )
)
# A set of words is printed in another order by each process.
_WORD = r"(?:'[^'{}\n]*'|\"[^\"{}\n]*\")"
_SET = re.compile(rf"\{{{_WORD}(?:, {_WORD})+\}}")
_TIMED = re.compile(
    r"\b(took|taken|elapsed|wall|cpu|run ?time|per loop|eta|ran|done|finished|completed|total time"
    r"|(?:fitt?(?:ed|ing)?|train(?:ed|ing)?|load(?:ed|ing)?|comput(?:ed|ing|ation)|execut(?:ed|ion|ing)"
    r"|processing|inference|predict\w*|scor(?:e|ing)|import\w*) (?:time|in))\b",
    re.IGNORECASE,
)
_UNIT = re.compile(
    r"\s?(?:[nµμum]?s|secs?|seconds?|mins?|minutes?|h|hours?|milliseconds?|microseconds?|it/s|s/it)"
    r"(?![\w])"
)
_BEFORE_EPOCH = re.compile(r"1[5-9]\d{8}(?:\.\d+)?|1[5-9]\d{11}")
_RECENT = timedelta(hours=26)
_FORMATS = (
    *("%Y-%m-%d", "%Y/%m/%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%Y%m%dT%H%M%S"),
    *("%d/%m/%y", "%m/%d/%y", "%y/%m/%d"),
    *("%B %d, %Y", "%b %d, %Y", "%d %B %Y", "%d %b %Y"),
    *("%a %b %d %H:%M:%S %Y", "%b %d %H:%M:%S %Y"),
)


def stable(text: str) -> str:
    """Return a text without what never is a result.

    Examples
    --------
    >>> stable("<Thing object at 0x7f3a5c0d1e10>")
    '<Thing object at 0x…>'
    """
    for pattern, replacement in _NEVER_RESULTS:
        text = pattern.sub(replacement, text)
    return _SET.sub(_sorted, text)


def _sorted(found: re.Match[str]) -> str:
    return "{" + ", ".join(sorted(re.findall(_WORD, found[0]))) + "}"


def forgiven_date(before: str, after: str) -> bool:
    """Say whether a date that differs is the time of this execution, to a day."""
    return before != after and any(abs(when - _now()[0]) <= _RECENT for when in _read(after))


def forgiven_clock(before: str, after: str) -> bool:
    """Say whether a time of day that differs is now, to two hours, here or in UTC."""
    hour, minute = map(int, after.split(":")[:2])
    if after.lower().endswith("pm") and hour < 12:
        hour += 12
    minutes = [now.hour * 60 + now.minute for now in _now()]
    return any(min((hour * 60 + minute - m) % 1440, (m - hour * 60 - minute) % 1440) <= 120
               for m in minutes)  # fmt: skip


def forgiven_path(before: str, after: str) -> bool:
    """Say whether two paths are one place on two machines.

    Either they end in the same, or the new one lies in a folder of this machine (the current,
    the home, the temporary, Python's), below which it goes on as the old one ends.
    """
    old, new = _parts(before), _parts(after)
    if old[-1:] == new[-1:] and _absolute(before) and _absolute(after):
        return True
    return any(
        new[: len(home)] == home and _ends(old, _without_random(new[len(home) :]))
        for home in map(_parts, _homes())
    )


def forgiven_duration(line: str, end: int) -> bool:
    """Say whether a number that ends at `end` of a line is how long something took.

    Examples
    --------
    >>> forgiven_duration("fitting took 1.52 s", 17), forgiven_duration("mean wait 1.52 s", 14)
    (True, False)
    """
    return bool(_TIMED.search(line) and _UNIT.match(line, end))


def forgiven_epoch(after: str) -> bool:
    """Say whether a number is the time now, in seconds or milliseconds since 1970."""
    if not _BEFORE_EPOCH.fullmatch(after):
        return False
    seconds = float(after) / (1000 if len(after) == 13 and "." not in after else 1)
    return abs(seconds - time.time()) <= _RECENT.total_seconds()


def _now() -> tuple[datetime, datetime]:
    """Return the time here and in UTC, both without a zone, as outputs show them."""
    return datetime.now(), datetime.now(UTC).replace(tzinfo=None)


def _read(text: str) -> list[datetime]:
    """Return what a date can mean: 3/4/2026 has two readings."""
    found = []
    readers: list[Callable[[str], datetime]] = [datetime.fromisoformat]
    readers += [lambda t, f=f: datetime.strptime(t, f) for f in _FORMATS]  # type: ignore[misc]
    plain = re.sub(r" [A-Z]{3,4}(?= \d{4}$)|(?<=\d)Z$", "", re.sub(r" +", " ", text))
    for candidate in dict.fromkeys(
        [plain.replace(",", ".") if "-" in plain else plain, *_day(plain)]
    ):
        for reader in readers:
            try:
                found.append(reader(candidate).replace(tzinfo=None))
            except ValueError:
                continue
    return found


def _day(text: str) -> list[str]:
    """Return the date without the time of day that follows it."""
    cut = re.sub(r",? \d\d:\d\d(?::\d\d)?$", "", text)
    return [cut] if cut != text else []


def _absolute(path: str) -> bool:
    bare = path.removeprefix("file://")
    return (
        PurePosixPath(bare).is_absolute() or PureWindowsPath(bare).is_absolute() or bare[:1] == "~"
    )


def _parts(path: str) -> list[str]:
    return [part for part in re.split(r"[\\/]", path.removeprefix("file://")) if part]


def _homes() -> set[str]:
    return {
        os.getcwd(),
        str(Path.home()),
        tempfile.gettempdir(),
        os.path.realpath(tempfile.gettempdir()),
        sys.prefix,
        sys.base_prefix,
        "~",
    }


def _without_random(parts: list[str]) -> list[str]:
    """Leave out a folder's random name, such as ``tmpab12cd34``."""
    if parts and re.fullmatch(r"(?=.*\d|.*_)?tmp\w{6,}|\w+[-_]\w{6,}", parts[0]):
        return parts[1:]
    return parts


def _ends(old: list[str], tail: list[str]) -> bool:
    return not tail or old[-len(tail) :] == tail
