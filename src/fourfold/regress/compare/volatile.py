"""Times, paths and addresses, which change from one execution to the next.

`stable` removes text that never is a result, such as an address in memory. The others look at a
text that differs: a date is only forgiven if the new one is now, for dates are data as well; a
path only if the new one lies in a folder of this machine.
"""

import os
import re
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path, PureWindowsPath

DATE = (
    r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?)?(?:Z|[+-]\d\d:?\d\d)?"
    r"|\d{4}/\d\d?/\d\d?(?: \d\d:\d\d(?::\d\d)?)?|\d\d?[./]\d\d?[./]\d{4}"
    r"|\d\d?/\d\d?/\d\d?|\d{8}T\d{6}Z?"
    r"|(?:[A-Z][a-z]{2} )?[A-Z][a-z]{2} +\d\d? \d\d:\d\d:\d\d(?: [A-Z]{3,4})? \d{4}"
    r"|(?:[A-Z][a-z]+ \d\d?, \d{4}|\d\d? [A-Z][a-z]{2,8} \d{4})(?:,? \d\d:\d\d(?::\d\d)?)?"
)
CLOCK = r"\d\d?:\d\d:\d\d(?:[.,]\d+)?(?: ?[AP]M)?"
PATH = r"(?:file://)?(?:[A-Za-z]:[\\/]|~?/)[\w.+@%=~-]+(?:[\\/][\w.+@%=~-]+)*[\\/]?"

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
        # Bars of tqdm and pip, with their speeds.
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
_EPOCH = re.compile(r"1[5-9]\d{8}(?:\.\d+)?|1[5-9]\d{11}")
_RECENT = timedelta(hours=26)
_FORMATS = (
    *("%Y-%m-%d", "%Y/%m/%d", "%d/%m/%Y", "%m/%d/%Y", "%d.%m.%Y", "%Y%m%dT%H%M%S"),
    *("%d/%m/%y", "%m/%d/%y", "%y/%m/%d"),
    *("%B %d, %Y", "%b %d, %Y", "%d %B %Y", "%d %b %Y"),
    *("%a %b %d %H:%M:%S %Y", "%b %d %H:%M:%S %Y"),
)


def stable(text: str) -> str:
    """Return a text without the parts that never are a result.

    Examples
    --------
    >>> stable("<Thing object at 0x7f3a5c0d1e10>")
    '<Thing object at 0x…>'
    """
    for pattern, replacement in _NEVER_RESULTS:
        text = pattern.sub(replacement, text)
    return _SET.sub(lambda words: f"{{{', '.join(sorted(re.findall(_WORD, words[0])))}}}", text)


def is_recent_date(text: str) -> bool:
    """Say whether a date is the time of this execution, to a day."""
    return any(abs(when - _now()[0]) <= _RECENT for when in _readings(text))


def is_recent_clock(text: str) -> bool:
    """Say whether a time of day is now, to two hours, here or in UTC."""
    hour, minute = map(int, text.split(":")[:2])
    if text.lower().endswith("pm") and hour < 12:
        hour += 12
    apart = [hour * 60 + minute - (now.hour * 60 + now.minute) for now in _now()]
    return any(min(minutes % 1440, -minutes % 1440) <= 120 for minutes in apart)


def is_now(text: str) -> bool:
    """Say whether a number is the time now, in seconds or milliseconds since 1970."""
    if not _EPOCH.fullmatch(text):
        return False
    seconds = float(text) / (1000 if len(text) == 13 and "." not in text else 1)
    return abs(seconds - time.time()) <= _RECENT.total_seconds()


def is_duration(line: str, end: int) -> bool:
    """Say whether a number that ends at `end` of a line is how long something took.

    Examples
    --------
    >>> is_duration("fitting took 1.52 s", 17), is_duration("mean wait 1.52 s", 14)
    (True, False)
    """
    return bool(_TIMED.search(line) and _UNIT.match(line, end))


def is_same_place(before: str, after: str) -> bool:
    """Say whether two paths are one place on two machines.

    Either both end in the same name, or the new one lies in a folder of this machine (the
    current, the home, the temporary, Python's), below which it goes on as the old one ends.
    """
    old, new = _parts(before), _parts(after)
    if old[-1:] == new[-1:] and _absolute(before) and _absolute(after):
        return True
    homes = {os.getcwd(), str(Path.home()), tempfile.gettempdir(), sys.prefix, sys.base_prefix, "~"}
    for home in map(_parts, homes | {os.path.realpath(tempfile.gettempdir())}):
        below = new[len(home) :]
        # A folder's random name, such as ``tmpab12cd34``.
        if below and re.fullmatch(r"(?=.*\d|.*_)?tmp\w{6,}|\w+[-_]\w{6,}", below[0]):
            below = below[1:]
        if new[: len(home)] == home and (not below or old[-len(below) :] == below):
            return True
    return False


def _now() -> tuple[datetime, datetime]:
    """Return the time here and in UTC, both without a zone, as outputs show them."""
    return datetime.now(), datetime.now(UTC).replace(tzinfo=None)


def _readings(text: str) -> Iterator[datetime]:
    """Yield what a date can mean: 3/4/2026 has two readings."""
    text = re.sub(r" [A-Z]{3,4}(?= \d{4}$)|(?<=\d)Z$", "", re.sub(r" +", " ", text))
    day = re.sub(r",? \d\d:\d\d(?::\d\d)?$", "", text)
    for candidate in {text.replace(",", ".") if "-" in text else text, day}:
        with suppress(ValueError):
            yield datetime.fromisoformat(candidate).replace(tzinfo=None)
        for form in _FORMATS:
            with suppress(ValueError):
                yield datetime.strptime(candidate, form)


def _absolute(path: str) -> bool:
    bare = path.removeprefix("file://")
    return bare[:1] in ("~", "/") or PureWindowsPath(bare).is_absolute()


def _parts(path: str) -> list[str]:
    return [part for part in re.split(r"[\\/]", path.removeprefix("file://")) if part]
