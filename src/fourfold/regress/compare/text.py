"""Two texts: equal in words, and in numbers within the tolerance."""

import math
import re
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from difflib import SequenceMatcher
from itertools import groupby

from fourfold.plan.rules import USUAL, Tolerance
from fourfold.regress.compare import volatile
from fourfold.regress.compare.difference import Difference

_NUMBER = r"[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:(?<=\d)\.\d*|(?<!\d)\.\d+)?(?:[eE][-+]?\d+)?"
# A run of one sign counts once: rules under a heading are as wide as the heading.
_TOKEN = re.compile(
    rf"(?P<date>(?<![\w.])(?:{volatile.DATE}))(?!\w)"
    rf"|(?P<clock>(?<![\w.:]){volatile.CLOCK})(?![\w:])"
    rf"|(?P<path>(?<![\w/.:\\]){volatile.PATH})"
    rf"|(?P<number>(?<!\w)(?=[-+]?\.?\d){_NUMBER})"
    r"|(?P<word>\w+)|(?P<sign>(?P<one>[^\w\s])(?P=one)*)"
)
_WORDS = 2
_DIGITS_TO_ROUND = 5

Tokens = Sequence["Token"]


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
    def place(self) -> str:
        """Return its line and the words before it."""
        words = self.line[: self.start].split()[-_WORDS:]
        return f"line {self.number}" + (f", after {' '.join(words)!r}" if words else "")

    @property
    def shape(self) -> str:
        """Return the part that tokens to be compared have in common: of numbers, the kind."""
        return {"sign": self.text[:1], "word": self.text}.get(self.kind, self.kind)


def compare(before: str, after: str, tolerance: Tolerance = USUAL) -> list[Difference]:
    """Return how two texts differ, number by number where their words are the same.

    Spaces and line ends do not count. What changes from one execution to the next does not
    either: see `fourfold.regress.compare.volatile`.

    Parameters
    ----------
    tolerance : Tolerance
        Of the numbers in them.
    """
    if before == after:
        return []
    old, new = (_tokens(volatile.stable(text)) for text in (before, after))
    if [token.shape for token in old] == [token.shape for token in new]:
        return _compare_tokens(old, new, tolerance)
    return _compare_lines(old, new, tolerance)


def _tokens(text: str) -> list[Token]:
    return [
        Token(str(match.lastgroup), match[0], number, line, match.start(), match.end())
        for number, line in enumerate(text.splitlines(), 1)
        for match in _TOKEN.finditer(line)
    ]


def _compare_tokens(old: Tokens, new: Tokens, tolerance: Tolerance) -> list[Difference]:
    return [
        Difference(b.place, b.text, a.text, "number" if b.kind == "number" else "text")
        for b, a in zip(old, new, strict=True)
        if not _same_token(b, a, tolerance)
    ]


def _same_token(before: Token, after: Token, tolerance: Tolerance) -> bool:
    old, new = before.text, after.text
    if old == new or before.kind == "sign":
        return True
    match before.kind:
        case "number":
            if _close_as_shown(old, new, tolerance):
                return True
            return volatile.is_duration(after.line, after.end) or volatile.is_now(new)
        case "date":
            return volatile.is_recent_date(new)
        case "clock":
            return volatile.is_recent_clock(new)
        case "path":
            return volatile.is_same_place(old, new)
    return False


def _compare_lines(old: Tokens, new: Tokens, tolerance: Tolerance) -> list[Difference]:
    """Align the lines by their words, and compare the numbers of those that have the same."""
    old_lines, new_lines = (
        [list(tokens) for _, tokens in groupby(side, key=lambda token: token.number)]
        for side in (old, new)
    )
    old_shapes, new_shapes = (
        [tuple(token.shape for token in line) for line in side] for side in (old_lines, new_lines)
    )
    matcher = SequenceMatcher(None, old_shapes, new_shapes, autojunk=False)
    differences: list[Difference] = []
    for tag, i, i_end, j, j_end in matcher.get_opcodes():
        gone, fresh = old_lines[i:i_end], new_lines[j:j_end]
        if len(gone) != len(fresh):
            differences += [Difference(*_line(line), "", "missing") for line in gone]
            added = map(_line, fresh)
            differences += [Difference(place, "", text, "extra") for place, text in added]
            continue
        for b, a in zip(gone, fresh, strict=True):
            if tag == "equal":
                differences += _compare_tokens(b, a, tolerance)
            else:
                differences.append(Difference(*_line(b), _line(a)[1]))
    return differences


def _line(tokens: Tokens) -> tuple[str, str]:
    """Return the place of a line, and its text."""
    return f"line {tokens[0].number}", tokens[0].line.strip()


def close(before: float, after: float, tolerance: Tolerance) -> bool:
    """Say whether two floats are the same within a tolerance; NaN is the same as NaN.

    Parameters
    ----------
    tolerance : Tolerance
        Relative to the larger of the two, and absolute.
    """
    both_nan = math.isnan(before) and math.isnan(after)
    return both_nan or math.isclose(before, after, rel_tol=tolerance.rtol, abs_tol=tolerance.atol)


def _close_as_shown(before: str, after: str, tolerance: Tolerance) -> bool:
    """Say whether two numbers as they are written are the same.

    Integers must be equal, and an integer is no float. Floats of five significant digits and
    more may differ by one in the last place shown, for noise of 1e-16 tips a rounding; with
    fewer digits one in the last place would be a difference that people see.
    """
    with suppress(ArithmeticError):  # a hash may look like a number with an enormous exponent
        old, new = (Decimal(text.replace(",", "")) for text in (before, after))
        integers = [not set(text) & set(".eE") for text in (before, after)]
        if any(integers):
            return all(integers) and old == new
        if close(float(old), float(new), tolerance):
            return True
        if min(len(number.as_tuple().digits) for number in (old, new)) >= _DIGITS_TO_ROUND:
            place = max(int(number.as_tuple().exponent) for number in (old, new))
            return abs(old - new) <= Decimal("1.01").scaleb(place)
    return False
