"""Where sequences differ that the same code made, and whether another is one of them."""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from itertools import chain, pairwise
from typing import Any

from fourfold.regress.compare.align import Block, changed
from fourfold.regress.compare.tokens import mask

LONGER = 2
"""How much longer than the text seen a text in a hole may be, as a factor."""

Key = Callable[[Sequence[Any]], Sequence[Hashable]]


@dataclass(frozen=True)
class Hole:
    """Items of a sequence from `start` to `end` that vary, and what was seen there.

    With a `key` it was only their order.
    """

    start: int
    end: int
    seen: tuple[Sequence[Any], ...]
    key: Key | None = None

    def is_order_of(self, items: Sequence[Any]) -> bool:
        """Say whether these are the same items in any order."""
        return self.key is not None and Counter(self.key(items)) == Counter(self.key(self.seen[0]))


def side_by_side(
    before: Sequence[str], after: Sequence[str], together: int = 1
) -> tuple[list[tuple[int, int]], list[Block]]:
    """Return the pairs of lines that differ and belong together, and the blocks of all others.

    Parameters
    ----------
    before, after : sequence of str
        Lines.
    together : int
        How many blocks may be the same lines in another order, with what stands between them.
    """
    pairs: list[tuple[int, int]] = []
    blocks: list[Block] = []
    differing = changed(before, after)
    number = 0
    while number < len(differing):
        i, i_end, j, j_end = differing[number]
        if last := _end_of_order(differing[number : number + together], before, after):
            number += last
            blocks.append((i, differing[number - 1][1], j, differing[number - 1][3]))
            continue
        number += 1
        old, new = masks(before[i:i_end]), masks(after[j:j_end])
        a = b = 0
        for a_start, a_end, b_start, b_end in [*changed(old, new), (len(old), len(old), 0, 0)]:
            pairs += [(i + a + k, j + b + k) for k in range(a_start - a)]
            if a_end - a_start == b_end - b_start:
                pairs += [(i + a_start + k, j + b_start + k) for k in range(a_end - a_start)]
            elif b_end or a_end > a_start:
                blocks.append((i + a_start, i + a_end, j + b_start, j + b_end))
            a, b = a_end, b_end
    return pairs, blocks


def _end_of_order(differing: Sequence[Block], before: Sequence[str], after: Sequence[str]) -> int:
    """Return how many of the first blocks are, together, lines in another order; else 0."""
    for key in (masks, masks_of_times):
        missing: Counter[Hashable] = Counter()
        moved = False
        for count, (i, i_end, j, j_end) in enumerate(differing, 1):
            old, new = key(before[i:i_end]), key(after[j:j_end])
            moved |= old != new
            missing.update(old)
            missing.subtract(new)
            if moved and not any(missing.values()):
                return count
    return 0


def find_holes(
    base: Sequence[Any], others: Sequence[Sequence[Any]], alignments: Sequence[Sequence[Block]]
) -> list[Hole]:
    """Return where any of the others differs.

    Parameters
    ----------
    base, others : sequence
        What the same code made.
    alignments : sequence of blocks
        By which each of the others differs.
    """
    ranges: list[tuple[int, int]] = []
    for start, end in sorted({block[:2] for blocks in alignments for block in blocks}):
        last = ranges[-1] if ranges else (-1, -1)
        if start < last[1] or (start == last[1] and (start == end or last[0] == last[1])):
            ranges[-1] = (last[0], max(last[1], end))
        else:
            ranges.append((start, end))
    view = View(base, others, alignments)
    return [Hole(start, end, view.of(start, end)) for start, end in ranges]


class View:
    """What stands in other sequences where a range of the base is, which cuts no block."""

    def __init__(
        self,
        base: Sequence[Any],
        others: Sequence[Sequence[Any]],
        alignments: Sequence[Sequence[Block]],
    ) -> None:
        self.base, self.others, self.alignments = base, others, alignments
        self.starts = [[block[0] for block in blocks] for blocks in alignments]
        self.ends = [[block[1] for block in blocks] for blocks in alignments]

    def of(self, start: int, end: int) -> tuple[Sequence[Any], ...]:
        """Return what is there, first in the base."""
        seen = [self.base[start:end]]
        for number, other in enumerate(self.others):
            blocks = self.alignments[number]
            before = bisect_left(self.starts[number], start)
            until = bisect_right(self.ends[number], end)
            first = start + (blocks[before - 1][3] - blocks[before - 1][1] if before else 0)
            last = end + (blocks[until - 1][3] - blocks[until - 1][1] if until else 0)
            seen.append(other[first:last])
        return tuple(seen)

    def cuts(self, start: int, end: int) -> bool:
        """Say whether an end of the range lies within something that differs."""
        return any(
            i < edge < i_end
            for blocks in self.alignments
            for i, i_end, *_ in blocks
            for edge in (start, end)
        )


def fits(
    sizes: tuple[int, int],
    holes: Sequence[Hole],
    same: Callable[[int, int], bool],
    accepts: Callable[[Hole, int, int], bool],
) -> bool:
    """Say whether a sequence is the base but for its holes.

    Parameters
    ----------
    sizes : tuple of int
        Of base and sequence.
    same, accepts : callable
        Compare an item of each; say whether a part of the sequence may fill a hole.
    """
    size, length = sizes

    def stands(start: int, end: int, at: int) -> bool:
        return all(same(i, at + i - start) for i in range(start, end))

    if not holes:
        return size == length and stands(0, size, 0)
    at = holes[0].start
    if at > length or not stands(0, at, 0):
        return False
    for hole, following in pairwise([*holes, None]):
        if hole is None:
            break
        end = following.start if following else size
        left = length - (end - hole.end)
        most = at + LONGER * max(map(len, hole.seen)) + LONGER
        usual = at + hole.end - hole.start
        places = [left] if following is None else chain([usual], range(at, min(left, most) + 1))
        for place in places:
            if at <= place <= left and stands(hole.end, end, place) and accepts(hole, at, place):
                at = place + end - hole.end
                break
        else:
            return False
    return at == length


def masks_of_times(items: Sequence[str]) -> list[tuple[str, ...]]:
    """Return lines without their times."""
    return [mask(line, numbers=False) for line in items]


def masks(items: Sequence[str]) -> list[tuple[str, ...]]:
    """Return lines without their numbers and random names."""
    return [mask(line) for line in items]
