"""What varies by itself: a text with holes, which further executions of the same code prove.

A hole is as narrow as the evidence: tokens of a line, in which a number stays a number and a time
a time, or lines of which the number or the order varied. All around it is compared as ever.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

from fourfold.plan.rules import Tolerance
from fourfold.regress.compare.align import Block, changed
from fourfold.regress.compare.filling import may_fill_lines, may_fill_tokens
from fourfold.regress.compare.holes import (
    Hole,
    Key,
    View,
    find_holes,
    fits,
    masks,
    masks_of_times,
    side_by_side,
)
from fourfold.regress.compare.tokens import (
    Token,
    Tokens,
    close_as_shown,
    lines,
    mask,
    same_tokens,
    tokens,
)

_OPEN = {"(": ")", "[": "]", "{": "}"}
_LEAST_ALIKE = 3
_LONG_PART = 40
_MOST_TOGETHER = 20


class Pattern:
    """A text, and what of it varies, since it does in other texts that the same code made."""

    def __init__(self, base: str, others: Sequence[str]) -> None:
        self.lines = lines(base)
        texts = [lines(other) for other in others]
        self._seen: dict[int, list[str]] = {}
        self._patterns: dict[int, _Line] = {}
        self._alike: dict[tuple[str, ...], list[int]] = {}
        self._shapes: dict[tuple[str, ...], frozenset[int]] = {}
        alignments = []
        for text in texts:
            pairs, blocks = side_by_side(self.lines, text, _MOST_TOGETHER)
            alignments.append(blocks)
            for i, j in pairs:
                self._seen.setdefault(i, []).append(text[j])
        view = View(self.lines, texts, alignments)
        self.holes = _ordered_lines(find_holes(self.lines, texts, alignments), view)

    def fits(self, text: str, tolerance: Tolerance) -> bool:
        """Say whether another text is this one but for what varies."""
        others = lines(text)

        def accepts(hole: Hole, start: int, end: int) -> bool:
            return may_fill_lines(hole, others[start:end])

        sizes = (len(self.lines), len(others))
        return fits(sizes, self.holes, lambda i, j: self.line(i, others[j], tolerance), accepts)

    def line(self, number: int, text: str, tolerance: Tolerance) -> bool:
        """Say whether a text is the line of this number but for what varies.

        Parameters
        ----------
        tolerance : Tolerance
            Of numbers that do not vary.
        """
        base = self.lines[number]
        if base == text:
            return True
        old, new = tokens(base), tokens(text)
        if number not in self._seen:
            if all(same_tokens(old, new, tolerance) or [False]):
                return True
        else:
            if number not in self._patterns:
                self._patterns[number] = _Line(base, self._seen[number])
            if self._patterns[number].fits(new, tolerance):
                return True
        if (shape := mask(base)) != mask(text):
            return False
        varying = self._varying(shape)
        return all(
            b.text == a.text
            or i in varying
            or (b.kind == "number" and close_as_shown(b.text, a.text, tolerance))
            for i, (b, a) in enumerate(zip(old, new, strict=True))
        )

    def _varying(self, shape: tuple[str, ...]) -> frozenset[int]:
        """Return which tokens vary in at least half of the lines of a shape, and in three.

        That one of them did not is chance: durations are often rounded to the same number.
        """
        if shape not in self._shapes:
            if not self._alike:
                for number, line in enumerate(self.lines):
                    self._alike.setdefault(mask(line), []).append(number)
            counts: Counter[int] = Counter()
            for number in self._alike[shape]:
                base = tokens(self.lines[number])
                blocks = [_token_blocks(base, tokens(o)) for o in self._seen.get(number, ())]
                counts.update({i for part in blocks for i, i_end, *_ in part if i_end == i + 1})
            least = max(_LEAST_ALIKE, len(self._alike[shape]) / 2)
            self._shapes[shape] = frozenset(i for i, count in counts.items() if count >= least)
        return self._shapes[shape]


@dataclass(frozen=True)
class _Line:
    base: str
    others: Sequence[str]

    @cached_property
    def holes(self) -> list[Hole]:
        base = tokens(self.base)
        others = [tokens(other) for other in dict.fromkeys(self.others)]
        alignments = [_token_blocks(base, other) for other in others]
        view = View(base, others, alignments)
        return _ordered_tokens(find_holes(base, others, alignments), view)

    def fits(self, text: Tokens, tolerance: Tolerance) -> bool:
        base = tokens(self.base)
        edges = {edge for hole in self.holes for edge in (hole.start - 1, hole.end)}

        def same(i: int, j: int) -> bool:
            old, new = base[i], text[j]
            if old.text == new.text:
                return True
            if old.kind == new.kind == "number":
                return close_as_shown(old.text, new.text, tolerance)
            # A column is padded to the width of what varies.
            return old.kind == new.kind == "space" and i in edges

        def accepts(hole: Hole, start: int, end: int) -> bool:
            return may_fill_tokens(hole, text[start:end])

        return fits((len(base), len(text)), self.holes, same, accepts)


def _token_blocks(base: Tokens, other: Tokens) -> list[Block]:
    """Return where two lines differ: first by what spaces part, then within such a part."""
    if [token.kind for token in base] == [token.kind for token in other]:
        return _inner(base, other, (0, len(base), 0, len(other)))
    parts, others = _parts(base), _parts(other)
    words = [[_joined(line[i:j]) for i, j in p] for line, p in ((base, parts), (other, others))]
    if len(parts) == len(others):
        differ = [(i, i + 1, i, i + 1) for i in range(len(parts)) if words[0][i] != words[1][i]]
    else:
        differ = changed(*words)
    ends = [0, *(end for _, end in parts)], [0, *(end for _, end in others)]
    blocks: list[Block] = []
    for i, i_end, j, j_end in differ:
        pairs = [(i + k, j + k) for k in range(i_end - i)] if i_end - i == j_end - j else []
        for a, b in pairs:
            blocks += _inner(base, other, (*parts[a], *others[b]))
        if not pairs:
            blocks.append((ends[0][i], ends[0][i_end], ends[1][j], ends[1][j_end]))
    return blocks


def _parts(line: Tokens) -> list[tuple[int, int]]:
    """Return where the parts of a line are, each with the space before it."""
    starts = [0] + [i for i, token in enumerate(line) if token.kind == "space" and i]
    return [*pairwise([*starts, len(line)])] if line else []


def _joined(items: Sequence[Token]) -> str:
    return "".join(_texts(items)).strip()


def _inner(base: Tokens, other: Tokens, block: Block) -> list[Block]:
    i, i_end, j, j_end = block
    old, new = base[i:i_end], other[j:j_end]
    if [token.kind for token in old] == [token.kind for token in new]:
        pairs = enumerate(zip(old, new, strict=True))
        return [(i + k, i + k + 1, j + k, j + k + 1) for k, (b, a) in pairs if b.text != a.text]
    if len(old) > _LONG_PART:
        return [
            (i + a, i + a_end, j + b, j + b_end)
            for a, a_end, b, b_end in changed(_texts(old), _texts(new))
        ]
    # In a path or a name, signs that both have may stand together by chance.
    while i < i_end and j < j_end and base[i].text == other[j].text:
        i, j = i + 1, j + 1
    while i < i_end and j < j_end and base[i_end - 1].text == other[j_end - 1].text:
        i_end, j_end = i_end - 1, j_end - 1
    return [(i, i_end, j, j_end)] if i < i_end or j < j_end else []


# -- the order of what is printed -----------------------------------------------------------------


def _texts(items: Sequence[Token]) -> list[str]:
    return [token.text for token in items]


def _elements(items: Sequence[Token]) -> list[str]:
    """Return the elements of a list as it is printed, between commas or else between spaces."""
    for separator in (",", "space"):
        depth, elements = 0, [""]
        for token in items:
            depth += (token.text in _OPEN) - (token.text in _OPEN.values())
            if depth == 0 and separator in (token.text, token.kind):
                elements.append("")
            else:
                elements[-1] += token.text
        if len(elements) > 1:
            break
    return [element.strip() for element in elements]


def _is_order(seen: Sequence[Sequence[Any]], key: Key) -> bool:
    counts = [Counter(key(items)) for items in seen]
    return len(counts[0]) > 1 and all(count == counts[0] for count in counts[1:])


def _ordered_tokens(holes: Sequence[Hole], view: View) -> list[Hole]:
    """Return the holes, those in a list of which only the order varies as one: the list."""
    kept: list[Hole] = []
    for hole in holes:
        if kept and hole.end <= kept[-1].end and kept[-1].key:
            continue
        for start, end, key in _lists_around(view.base, hole, holes):
            if not view.cuts(start, end) and _is_order(seen := view.of(start, end), key):
                kept = [other for other in kept if other.end <= start]
                kept.append(Hole(start, end, seen, key))
                break
        else:
            kept.append(hole)
    return kept


def _lists_around(
    base: Sequence[Token], hole: Hole, holes: Sequence[Hole]
) -> Iterator[tuple[int, int, Key]]:
    """Yield the brackets around a hole from the inside, then the line after a colon, the line."""
    depth, start = 0, hole.start
    for i in range(hole.start - 1, -1, -1):
        if base[i].text in _OPEN.values():
            depth += 1
        elif base[i].text in _OPEN and depth:
            depth -= 1
        elif base[i].text in _OPEN:
            nested, start = 0, i + 1
            for j in range(start, len(base)):
                nested += (base[j].text in _OPEN) - (base[j].text in _OPEN.values())
                if nested < 0:
                    if j >= hole.end:
                        yield start, j, _elements
                    break
    colons = [i + 1 for i in range(hole.start) if base[i].text in (":", "=")]
    yield from ((i, len(base), _elements) for i in [*colons[:-3:-1], 0])
    yield holes[0].start, holes[-1].end, _texts


def _ordered_lines(holes: Sequence[Hole], view: View) -> list[Hole]:
    """Return the holes, those with the same lines in another order as such.

    Lines like these that follow or precede belong to them: their order was the same by chance.
    """
    kept: list[Hole] = []
    for number, hole in enumerate(holes):
        key = next((k for k in (list, masks_of_times, masks) if _is_order(hole.seen, k)), None)
        if key is None:
            kept.append(hole)
            continue
        alike = set(masks(hole.seen[0]))
        least = kept[-1].end if kept else 0
        most = holes[number + 1].start if number + 1 < len(holes) else len(view.base)
        start, end = hole.start, hole.end
        while start > least and mask(view.base[start - 1]) in alike:
            start -= 1
        while end < most and mask(view.base[end]) in alike:
            end += 1
        kept.append(Hole(start, end, view.of(start, end), key))
    return kept
