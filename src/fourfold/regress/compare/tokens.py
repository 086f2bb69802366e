"""Texts as lines and lines as tokens: what a reader sees, and how numbers are compared."""

import math
import re
from contextlib import suppress
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache

from fourfold.plan.rules import USUAL, Tolerance

_NUMBER = r"[-+]?(?:\d{1,3}(?:,\d{3})+|\d+)?(?:(?<=\d)\.\d*|(?<!\d)\.\d+)?(?:[eE][-+]?\d+)?"
_UNIT = (
    r"(?:[nuµμm]?s|[mun]?secs?|seconds?|mins?|minutes?|hrs?|h|hours?|days?"
    r"|(?:milli|micro|nano)seconds?)(?!\w)"
)
_LENGTH = rf"(?<!\w)(?=[-+]?\.?\d){_NUMBER} ?{_UNIT}"
_LENGTHS = rf"{_LENGTH}(?:,? (?:and )?{_LENGTH})*"
_DAY = (
    r"\d{4}-\d\d-\d\d|\d{4}/\d\d?/\d\d?|\d\d?[./]\d\d?[./]\d{4}|\d\d?/\d\d?/\d\d?|\d\d-\d\d-\d\d"
    r"|(?:[A-Z][a-z]{2},? )?[A-Z][a-z]{2} +\d\d?(?= \d\d:\d\d:\d\d(?: [A-Z]{3,4})? \d{4})"
    r"|[A-Z][a-z]+ \d\d?, \d{4}|(?:[A-Z][a-z]{2}, )?\d\d? [A-Z][a-z]{2,8} \d{4}"
)
_CLOCK = r"\d\d?:\d\d(?::\d\d)?(?:[.,]\d+)?(?: ?[AP]M)?"
# The order counts: what is one thing to a reader is one token.
_TOKEN = re.compile(
    # The figures of %time, of %timeit, and those behind the bar of tqdm.
    rf"(?P<usage>CPU times: (?:user {_LENGTHS}, sys: {_LENGTHS}, )?total: {_LENGTHS})"
    rf"|(?P<timeit>{_LENGTH} ± [^()\n]* per loop \(mean ± std\. dev\. of \d+ runs?, [\d,]+ loops?"
    r" each\))"
    r"|(?P<rate>\[\d+:\d\d(?::\d\d)?(?:<[\d:?]+)?, *[\d.?]+ ?[\w ]*/[^\]\n]{1,40}\])"
    rf"|(?P<date>(?<![\w.])(?:(?:{_DAY})(?:[T ,]{{1,2}}{_CLOCK}(?: ?(?:Z|UTC|[-+]\d\d:?\d\d))?"
    rf"(?: (?:[A-Z]{{3,4}} )?\d{{4}})?)?|\d{{8}}T\d{{6}}Z?)(?!\w))"
    rf"|(?P<clock>(?<![\w.:]){_CLOCK}(?![\w:]))"
    r"|(?P<uuid>\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b)"
    rf"|(?P<length>{_LENGTHS})"
    r"|(?P<colour>\x1b\[[0-9;]*m)"
    r"|(?P<id>(?<![\w.])(?!\d+[eE]\d+(?!\w))(?=\w{5})\d+[A-Za-z_]\w*)"
    rf"|(?P<number>(?<!\w)(?=[-+]?\.?\d){_NUMBER})"
    r"|(?P<word>\w+)|(?P<space>\s+)|(?P<sign>.)"
)
_TIME = frozenset({"usage", "timeit", "rate", "date", "clock", "length"})
_WORDS = 2
# Digits that people chose to show are read, and are no noise of a computation.
_READ_DECIMALS = 4

# What a notebook's own machinery adds, which names the process or the installation.
_MACHINERY = tuple(
    (sign, re.compile(pattern), replacement)
    for sign, pattern, replacement in (
        ("ipykernel_", r"[^\s'\"]{0,300}[/\\]ipykernel_\d+[/\\]\d+\.py(?::\d+)?", "cell…"),
        (
            "The slowest run took ",  # which %timeit says, or not, before its figures
            r"The slowest run took [\d.]+ times longer than the fastest\. This could mean that an "
            r"intermediate result is being cached\.\n",
            "",
        ),
        ("<ipython-input-", r"<ipython-input-\d+-[0-9a-f]+>(?::\d+)?", "cell…"),
        (" at 0x", r"(?<= at 0x)[0-9a-f]{12}(?=>)|(?<= at 0x)[0-9A-F]{16}(?=>)", "…"),
        (
            "-packages",
            r"(?<![^\s'\"])[^\s'\"]{0,300}[/\\](?=(?:site|dist)-packages[/\\])",
            "…/",
        ),
    )
)
_MOVES = re.compile(r"\x1b\[[0-9;?]*[A-LN-Za-ln-z]")


@dataclass(frozen=True, slots=True)
class Token:
    """A piece of a line: its kind, and where it starts."""

    kind: str
    text: str
    start: int

    @property
    def shape(self) -> str:
        """Return what tokens to be compared have in common: the kind, of words the text."""
        return self.text if self.kind in ("word", "sign", "colour") else self.kind


Tokens = tuple[Token, ...]


def _has_digit(text: str) -> bool:
    return any(map(str.isdigit, text))


@lru_cache(maxsize=2048)
def tokens(line: str) -> Tokens:
    """Return the tokens of a line."""
    return tuple(
        Token(str(match.lastgroup), match[0], match.start()) for match in _TOKEN.finditer(line)
    )


@lru_cache(maxsize=4096)  # blocks that may be an order together ask for the same lines
def mask(line: str, numbers: bool = True) -> tuple[str, ...]:
    """Return what lines that belong together have in common, token by token.

    Of times that is their kind; with `numbers` of these as well, and of words with a digit, which
    may be random names.
    """
    shapes = []
    for match in _TOKEN.finditer(line):
        kind, text = str(match.lastgroup), match[0]
        if kind in _TIME or (numbers and kind not in ("word", "sign", "colour")):
            shapes.append("word" if kind == "id" else kind)
        elif numbers and kind == "word" and _has_digit(text):
            shapes.append("word")
        else:
            shapes.append(text)
    return tuple(shapes)


def lines(text: str) -> list[str]:
    """Return the lines of a text as they are read.

    Of a line that was rewritten (by ``\\r`` or ``\\b``), the last state counts; movements of the
    cursor do not; nor does an end of line at the end.

    Examples
    --------
    >>> lines("1 of 2\\r2 of 2\\nready\\n")
    ['2 of 2', 'ready']
    """
    text = text.replace("\r\n", "\n")
    if "\x1b" in text:
        text = _MOVES.sub("", text)
    for sign, pattern, replacement in _MACHINERY:
        if sign in text:
            text = pattern.sub(replacement, text)
    text = text.rstrip("\n")
    split = text.split("\n") if text else []
    return [_last_state(line) if "\r" in line or "\b" in line else line for line in split]


def _last_state(line: str) -> str:
    last = next((state for state in reversed(line.split("\r")) if state.strip("\b ")), "")
    kept: list[str] = []
    for sign in last:
        if sign != "\b":
            kept.append(sign)
        elif kept:
            kept.pop()
    return "".join(kept)


def place(line: str, number: int, token: Token) -> str:
    """Return where a token stands: its line and the words before it.

    Parameters
    ----------
    line : str
        The line, the `number` of which counts from 1.
    token : Token
        One of its tokens.
    """
    words = line[max(0, token.start - 200) : token.start].split()[-_WORDS:]
    return f"line {number}" + (f", after {' '.join(words)!r}" if words else "")


def same_tokens(before: Tokens, after: Tokens, tolerance: Tolerance) -> list[bool] | None:
    """Say of each pair of tokens whether it is the same; None if their shapes differ.

    Parameters
    ----------
    tolerance : Tolerance
        Of numbers; the spaces beside a number that is written longer may be fewer.
    """
    if len(before) != len(after):
        return None
    verdicts = []
    for old, new in zip(before, after, strict=True):
        if old.shape != new.shape:
            return None
        verdicts.append(
            old.text == new.text
            or (old.kind == "number" and close_as_shown(old.text, new.text, tolerance))
        )
    for i, verdict in enumerate(verdicts):
        if not verdict and before[i].kind == "space":
            beside = (j for j in (i - 1, i + 1) if 0 <= j < len(verdicts))
            verdicts[i] = any(
                before[j].kind == "number"
                and verdicts[j]
                and len(before[j].text) != len(after[j].text)
                for j in beside
            )
    return verdicts


def close(before: float, after: float, tolerance: Tolerance) -> bool:
    """Say whether two floats are the same within a tolerance; NaN is the same as NaN.

    Parameters
    ----------
    tolerance : Tolerance
        Relative to the larger of the two, and absolute.
    """
    both_nan = math.isnan(before) and math.isnan(after)
    return both_nan or math.isclose(before, after, rel_tol=tolerance.rtol, abs_tol=tolerance.atol)


def close_as_shown(before: str, after: str, tolerance: Tolerance) -> bool:
    """Say whether two numbers as they are written are the same.

    Integers must be equal, and an integer is no float. So must floats that are written with up to
    four decimals, unless somebody asked for a larger tolerance: 100.01 EUR is not 100.00 EUR.

    Parameters
    ----------
    tolerance : Tolerance
        Of floats.
    """
    sides = (before, after)
    if not all(set(text) & set(".eE") for text in sides):
        return False
    if before.count(",") != after.count(",") or before[:1] == "+" != after[:1]:
        return False
    usual = tolerance.rtol <= USUAL.rtol and tolerance.atol <= USUAL.atol
    if usual and not any(_is_noisy(text) for text in sides):
        return False
    with suppress(ArithmeticError):  # a hash may look like a number with an enormous exponent
        old, new = (Decimal(text.replace(",", "")) for text in sides)
        return close(float(old), float(new), tolerance)
    return False


def _is_noisy(text: str) -> bool:
    """Say whether a float shows more digits than people choose."""
    return bool(set(text) & set("eE")) or len(text.partition(".")[2]) > _READ_DECIMALS
