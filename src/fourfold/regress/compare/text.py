"""Two texts: equal in words, and in numbers within the tolerance."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from fourfold.plan.rules import USUAL, Tolerance
from fourfold.regress.compare.difference import Difference
from fourfold.regress.compare.numbers import NUMBER, close_as_shown
from fourfold.regress.compare.volatile import (
    CLOCK,
    DATE,
    PATH,
    forgiven_clock,
    forgiven_date,
    forgiven_duration,
    forgiven_epoch,
    forgiven_path,
    stable,
)

# A run of one sign counts once: rules under a heading are as wide as what stands above them.
_TOKEN = re.compile(
    rf"(?P<date>(?<![\w.])(?:{DATE.pattern}))(?!\w)"
    rf"|(?P<clock>(?<![\w.:]){CLOCK.pattern})(?![\w:])"
    rf"|(?P<path>(?<![\w/.:\\]){PATH.pattern})"
    rf"|(?P<number>(?<!\w)(?=[-+]?\.?\d){NUMBER.pattern})"
    r"|(?P<word>\w+)|(?P<sign>(?P<one>[^\w\s])(?P=one)*)"
)
_KINDS = ("date", "clock", "path", "number", "word", "sign")
_WORDS = 2


@dataclass(frozen=True)
class Token:
    """A date, time of day, path, number, word or sign; from `start` to `end` of `line`."""

    kind: str
    text: str
    number: int
    line: str
    start: int
    end: int

    @property
    def shape(self) -> str:
        """Return what must be equal for two tokens to be compared: of numbers, only the kind."""
        return (
            self.text[:1]
            if self.kind == "sign"
            else self.text
            if self.kind == "word"
            else self.kind
        )


def same(before: str, after: str, tolerance: Tolerance = USUAL) -> bool:
    """Say whether two texts are the same.

    Examples
    --------
    >>> same("inertia 379.39300001", "inertia   379.393"), same("3 rows", "4 rows")
    (True, False)
    """
    return before == after or not compare(before, after, tolerance)


def compare(
    before: str, after: str, tolerance: Tolerance = USUAL, where: str = ""
) -> list[Difference]:
    """Return how two texts differ, number by number where their words are the same.

    Spaces and line ends do not count. What changes from one execution to the next does not
    either: see `fourfold.regress.compare.volatile`.

    Examples
    --------
    >>> for difference in compare("k = 3\\nscore 0.53", "k = 4\\nscore 0.53"):
    ...     print(difference)
    line 1, after 'k =': 3 -> 4
    """
    if before == after:
        return []
    old, new = (_tokens(stable(text)) for text in (before, after))
    if [t.shape for t in old] == [t.shape for t in new]:
        return _pairs(old, new, tolerance, where)
    return _lines(old, new, tolerance, where)


def _tokens(text: str) -> list[Token]:
    return [
        Token(_kind(match), match[0], number, line, match.start(), match.end())
        for number, line in enumerate(text.splitlines(), 1)
        for match in _TOKEN.finditer(line)
    ]


def _kind(match: re.Match[str]) -> str:
    return next(name for name in _KINDS if match[name] is not None)


def _pairs(
    old: Sequence[Token], new: Sequence[Token], tolerance: Tolerance, where: str
) -> list[Difference]:
    return [
        Difference(_place(b, where), b.text, a.text, "number" if b.kind == "number" else "text")
        for b, a in zip(old, new, strict=True)
        if not _same(b, a, tolerance)
    ]


def _same(before: Token, after: Token, tolerance: Tolerance) -> bool:
    old, new = before.text, after.text
    if old == new or before.kind == "sign":
        return True
    match before.kind:
        case "number":
            return (
                close_as_shown(old, new, tolerance)
                or forgiven_duration(after.line, after.end)
                or forgiven_epoch(new)
            )
        case "date":
            return forgiven_date(old, new)
        case "clock":
            return forgiven_clock(old, new)
        case "path":
            return forgiven_path(old, new)
    return False


def _place(token: Token, where: str) -> str:
    words = token.line[: token.start].split()[-_WORDS:]
    line = where or f"line {token.number}"
    return f"{line}, after {' '.join(words)!r}" if words else line


def _lines(
    old: Sequence[Token], new: Sequence[Token], tolerance: Tolerance, where: str
) -> list[Difference]:
    """Align the lines by their words, and compare the numbers of those that have the same."""
    olds, news = _by_line(old), _by_line(new)
    old_shapes, new_shapes = (
        [tuple(token.shape for token in line) for line in side] for side in (olds, news)
    )
    matcher = SequenceMatcher(None, old_shapes, new_shapes, autojunk=False)
    found: list[Difference] = []
    for tag, i, i_end, j, j_end in matcher.get_opcodes():
        if tag == "equal":
            for b, a in zip(olds[i:i_end], news[j:j_end], strict=True):
                found += _pairs(b, a, tolerance, where)
        else:
            found += _changed(olds[i:i_end], news[j:j_end], where)
    return found


def _changed(
    old: Sequence[Sequence[Token]], new: Sequence[Sequence[Token]], where: str
) -> list[Difference]:
    if len(old) == len(new):
        pairs = [(b[0], b[0].line, a[0].line) for b, a in zip(old, new, strict=True)]
        return [Difference(where or f"line {t.number}", b.strip(), a.strip()) for t, b, a in pairs]
    gone = [
        Difference(where or f"line {t[0].number}", t[0].line.strip(), "", "missing") for t in old
    ]
    return gone + [
        Difference(where or f"line {t[0].number}", "", t[0].line.strip(), "extra") for t in new
    ]


def _by_line(tokens: Sequence[Token]) -> list[list[Token]]:
    lines: dict[int, list[Token]] = {}
    for token in tokens:
        lines.setdefault(token.number, []).append(token)
    return list(lines.values())
