"""Two sequences side by side, in about linear time."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Hashable, Iterator, Sequence
from difflib import SequenceMatcher

Block = tuple[int, int, int, int]
# Products of lengths up to which difflib, whose time grows with their square, is quick.
_SMALL = 40_000


def changed(before: Sequence[Hashable], after: Sequence[Hashable]) -> list[Block]:
    """Return what differs, as blocks ``before[i:i_end]`` and ``after[j:j_end]``, in order.

    What both begin and end with is left out first; then items that stand once in each side are
    anchors (as in patience diff), and difflib compares what is between them, where that is short.

    Examples
    --------
    >>> changed("abcd", "abxd")
    [(2, 3, 2, 3)]
    """
    blocks: list[Block] = []
    waiting: list[Block] = [(0, len(before), 0, len(after))]
    while waiting:
        i, i_end, j, j_end = waiting.pop()
        while i < i_end and j < j_end and before[i] == after[j]:
            i, j = i + 1, j + 1
        while i < i_end and j < j_end and before[i_end - 1] == after[j_end - 1]:
            i_end, j_end = i_end - 1, j_end - 1
        if i == i_end and j == j_end:
            continue
        if i == i_end or j == j_end:
            blocks.append((i, i_end, j, j_end))
        elif (i_end - i) * (j_end - j) <= _SMALL:
            matcher = SequenceMatcher(None, before[i:i_end], after[j:j_end], autojunk=False)
            for tag, a, a_end, b, b_end in matcher.get_opcodes():
                if tag != "equal":
                    blocks.append((i + a, i + a_end, j + b, j + b_end))
        else:
            gaps = [*_gaps(before, after, (i, i_end, j, j_end))]
            if len(gaps) > 1:
                waiting += reversed(gaps)
            else:
                blocks.append((i, i_end, j, j_end))
    return blocks


def _gaps(before: Sequence[Hashable], after: Sequence[Hashable], block: Block) -> Iterator[Block]:
    """Yield what lies between the anchors of a block."""
    i, i_end, j, j_end = block
    once = [
        {item for item, count in Counter(side).items() if count == 1}
        for side in (before[i:i_end], after[j:j_end])
    ]
    anchors = once[0] & once[1]
    places = {after[b]: b for b in range(j, j_end) if after[b] in anchors}
    pairs = [(a, places[before[a]]) for a in range(i, i_end) if before[a] in places]
    for a, b in _rising(pairs):
        yield i, a, j, b
        i, j = a + 1, b + 1
    yield i, i_end, j, j_end


def _rising(pairs: Sequence[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the longest chain of pairs in which both places rise."""
    ends: list[int] = []
    tails: list[int] = []
    previous: list[int] = []
    for number, (_, place) in enumerate(pairs):
        length = bisect_left(ends, place)
        previous.append(tails[length - 1] if length else -1)
        if length == len(ends):
            ends.append(place)
            tails.append(number)
        else:
            ends[length], tails[length] = place, number
    chain = []
    number = tails[-1] if tails else -1
    while number >= 0:
        chain.append(pairs[number])
        number = previous[number]
    return chain[::-1]
