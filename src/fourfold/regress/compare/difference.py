"""A difference between an output that is kept and a new one, as a reader sees it."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "number", "text", "table", "record", "picture", "missing", "extra", "parameter", "error"
]
_LONGEST = 120


@dataclass(frozen=True)
class Difference:
    """One difference: its place, such as ``/value`` or ``line 3``, and both sides as text.

    A side that has nothing is empty.
    """

    where: str
    before: str
    after: str
    kind: Kind = "text"

    def __str__(self) -> str:
        """Return it in a line."""
        if not (self.before or self.after):
            return self.where
        before, after = (_short(text) or "(nothing)" for text in (self.before, self.after))
        return f"{self.where}: {before} -> {after}"


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= _LONGEST else line[: _LONGEST - 1] + "…"


def gone_and_new(
    label: str, sides: Sequence[Collection[str]], *kinds: Kind
) -> Iterator[Difference]:
    """Yield the names that only one of two sides has; gone and new ones may be of two kinds."""
    before, after = sides
    for name in before:
        if name not in after:
            yield Difference(label.format(name), "there", "gone", kinds[0])
    for name in after:
        if name not in before:
            yield Difference(label.format(name), "not there", "new", kinds[-1])


def listed(differences: Iterable[Difference], most: int = 30) -> str:
    """Return all differences, one a line, the last lines counted where there are many.

    Examples
    --------
    >>> print(listed([Difference("/a", "1", "2"), Difference("/b", "1", "2")], most=1))
    /a: 1 -> 2
    and 1 more
    """
    lines = [str(difference) for difference in differences]
    more = len(lines) - most
    return "\n".join([*lines[:most], *([f"and {more:,} more"] if more > 0 else [])])
