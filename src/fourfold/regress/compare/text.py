"""Two texts: the same sign for sign, but for noise of floats and for what varies by itself."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Any, Literal

from fourfold.plan.rules import USUAL, Tolerance
from fourfold.regress.compare.difference import Difference, Kind
from fourfold.regress.compare.holes import side_by_side
from fourfold.regress.compare.pattern import Pattern
from fourfold.regress.compare.tokens import lines, place, same_tokens, tokens

__all__ = ["NONE", "Again", "compare"]

_KINDS: dict[str, Kind] = {"number": "number"}


@dataclass(frozen=True)
class Again:
    """What further executions of the same code gave, as evidence of what varies by itself.

    The `base` says which of two sides that are compared that code gave as well: the one `before`,
    the one `after`; or ``"own"`` if none, then it is the first of `others`.
    """

    others: tuple[Any, ...] = ()
    base: Literal["before", "after", "own"] = "after"

    def map(self, part: Callable[[Any], Any]) -> "Again":
        """Return the same evidence of a part, without the executions that have none."""
        parts = (part(other) for other in self.others)
        return Again(tuple(each for each in parts if each is not None), self.base)

    def sides(self, before: Any, after: Any) -> tuple[Any, tuple[Any, ...], tuple[Any, ...]]:
        """Return what was executed, what it gave otherwise, and what must be like it."""
        if self.base == "own":
            return self.others[0], self.others[1:], (before, after)
        if self.base == "before":
            return before, self.others, (after,)
        return after, self.others, (before,)


NONE = Again()


def compare(
    before: str, after: str, tolerance: Tolerance = USUAL, again: Again = NONE
) -> list[Difference]:
    """Return how two texts differ: each number, word, sign and space.

    Parameters
    ----------
    tolerance : Tolerance
        Of floats.
    again : Again
        Evidence of what varies by itself, which is no difference.
    """
    if before == after:
        return []
    old, new = lines(before), lines(after)
    if old == new:
        return []
    differences = [*_differences(old, new, tolerance)]
    if not differences or not again.others:
        return [difference for _, difference in differences]
    base, others, sides = again.sides(before, after)
    pattern = _pattern(base, others)
    if all(pattern.fits(side, tolerance) for side in sides):
        return []

    @cache
    def varies(at: tuple[int, int]) -> bool:
        i, j = at
        if i < 0 or j < 0 or again.base == "own":
            return False
        number, text = (i, new[j]) if again.base == "before" else (j, old[i])
        return pattern.line(number, text, tolerance)

    left = [difference for at, difference in differences if not varies(at)]
    return left or [difference for _, difference in differences]


@lru_cache(maxsize=64)
def _pattern(base: str, others: tuple[str, ...]) -> Pattern:
    return Pattern(base, others)


def _differences(
    old: Sequence[str], new: Sequence[str], tolerance: Tolerance
) -> Iterator[tuple[tuple[int, int], Difference]]:
    """Yield each difference with its line in both, -1 where one has none."""
    pairs, blocks = side_by_side(old, new)
    events = [((i, j), None) for i, j in pairs] + [((b[0], b[2]), b) for b in blocks]
    for (i, j), block in sorted(events, key=lambda event: event[0]):
        if block is None:
            yield from (((i, j), d) for d in _of_line(old[i], new[j], i + 1, tolerance))
            continue
        _, i_end, _, j_end = block
        for gone in range(i, i_end):
            line = old[gone].strip() or "an empty line"
            yield (gone, -1), Difference(f"line {gone + 1}", line, "", "missing")
        for fresh in range(j, j_end):
            line = new[fresh].strip() or "an empty line"
            yield (-1, fresh), Difference(f"line {fresh + 1}", "", line, "extra")


def _of_line(old: str, new: str, number: int, tolerance: Tolerance) -> list[Difference]:
    before, after = tokens(old), tokens(new)
    verdicts = same_tokens(before, after, tolerance)
    if "".join(old.split()) == "".join(new.split()) and not (verdicts and all(verdicts)):
        # Only spaces differ, which nobody sees in a line of text.
        return [Difference(f"line {number}, spaces", old.replace(" ", "·"), new.replace(" ", "·"))]
    if verdicts is None:
        return [Difference(f"line {number}", old.strip(), new.strip())]
    return [
        Difference(place(old, number, b), b.text, a.text, _KINDS.get(b.kind, "text"))
        for b, a, same in zip(before, after, verdicts, strict=True)
        if not same and b.kind != "space"
    ]
