"""Short round trips: Lin-Kernighan steps, and kicks out of where they end."""

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np

from fourfold.methods.intervals import Array
from fourfold.methods.routes.places import Order, scale

#: Steps of a move at most, and ways tried at each of them.
DEPTH = 10
BREADTH = np.array([5, 3, *[1] * DEPTH])
#: Longest stretch that a kick exchanges.
REACH = 40
#: Largest journal of reversals of one kick; a longer one is accepted or undone earlier.
JOURNAL = 4096
_EPSILON = 1e-9


@dataclass(frozen=True)
class Found:
    """What a search found.

    Attributes
    ----------
    order : array of int, shape (n,)
        The places in the order of the trip.
    length : float
        Of the round trip, in the unit of the distances.
    curve : array of float, shape (points, 2)
        Kicks so far, and the best length by then.
    """

    order: Order
    length: float
    curve: Array


def improve(
    matrix: Array,
    points: Array,
    near: Order,
    order: Order,
    kicks: int = 0,
    seed: int = 0,
    depth: int = DEPTH,
) -> Found:
    """Return a trip that no Lin-Kernighan step shortens, after so many kicks.

    Each step flips a stretch of the trip; a chain of steps may get longer on its way, and ends
    where it was shortest. A kick exchanges two short neighbouring stretches, which
    a chain of flips rarely can; if the trip is longer after it is mended, the kick is taken back.

    Parameters
    ----------
    matrix : array of float, shape (n, n) or (0, 0)
        Symmetric distances; empty: straight lines between `points`.
    points : array of float, shape (n, 2)
        Ignored where there is a matrix.
    near : array of int, shape (n, k)
        Neighbours of each place, nearest first; steps join only these.
    order : array of int, shape (n,)
        Trip to start from.
    kicks : int
        Each takes a tenth of a millisecond or so.
    depth : int
        Most flips of a chain, 1 to 10; with 1 this is 2-opt among neighbours.

    Notes
    -----
    Lin & Kernighan, Operations Research 21 (1973), p. 498; kicks: Martin, Otto & Felten, Complex
    Systems 5 (1991), p. 299; local ones, as in Applegate, Cook & Rohe, INFORMS Journal on
    Computing 15 (2003), p. 82.
    """
    marks, unit = marks_of(kicks), scale(matrix, points)
    best, curve = _search(
        *(
            np.ascontiguousarray(matrix / unit),
            np.ascontiguousarray(points / unit),
            near.astype(np.int64),
        ),
        *(order.astype(np.int64), kicks, np.uint64(seed), marks, BREADTH, min(depth, DEPTH)),  # type: ignore[arg-type]
    )
    length = float(_length(matrix, points, best))
    return Found(best, length, np.column_stack([np.append(0, marks), curve * unit]))


def marks_of(kicks: int) -> Order:
    """Return after how many kicks the length is noted: ever more rarely, and at the end."""
    if kicks < 1:
        return np.empty(0, np.int64)
    return np.unique(np.append(np.geomspace(1, kicks, 60).astype(np.int64), kicks))


@numba.njit(cache=True, error_model="numpy")
def _step(
    matrix: Any, points: Any, near: Any, order: Any, where: Any, journal: Any, used: int,
    base: int, breadth: Any, depth: int, touched: Any,
) -> Any:  # fmt: skip
    """Look for a shortening chain of flips from `base`; return gain, journal, places touched."""
    width, start = near.shape[1], used
    tried = np.zeros(len(breadth), np.int64)
    gains = np.zeros(DEPTH + 2)
    ends = np.zeros(DEPTH + 2, np.int64)
    for forward in (1, -1):
        ends[0] = _beside(order, where, base, forward)
        gains[0] = apart(matrix, points, base, ends[0])
        level, tried[:] = 0, 0
        while level >= 0:
            end = ends[level]
            ahead = 1 if _beside(order, where, base, 1) == end else -1
            # The candidate whose removed edge leaves most, less those tried at this level before.
            joined, after = base - base - 1, base - base - 1
            if tried[level] < breadth[level] and level < depth:
                best, bound = -1e300, 1e300
                # The best but those tried, by selection: lists are short.
                for _ in range(tried[level] + 1):
                    best, joined, after = -1e300, -1, -1
                    for index in range(width):
                        other = near[end, index]
                        rest = gains[level] - apart(matrix, points, end, other)
                        if rest <= _EPSILON:
                            break
                        follow = _beside(order, where, other, -ahead)
                        if (
                            other == base
                            or other == _beside(order, where, end, 1)
                            or other == _beside(order, where, end, -1)
                        ):
                            continue
                        value = rest + apart(matrix, points, other, follow)
                        if value > best and value < bound:
                            best, joined, after = value, other, follow
                    bound = best
                    if joined < 0:
                        break
            if joined < 0:
                level -= 1
                if level >= 0:
                    used = _undo(order, where, journal, used, start + level)
                continue
            tried[level] += 1
            if ahead > 0:
                used = _flip_short(order, where, where[end], where[after], journal, used)
            else:
                used = _flip_short(order, where, where[after], where[end], journal, used)
            level += 1
            ends[level], gains[level], tried[level] = after, best, 0
            closed = best - apart(matrix, points, after, base)
            touched[2 * level], touched[2 * level + 1] = joined, after
            if closed > _EPSILON:
                touched[0], touched[1] = base, ends[0]
                # Go on greedily while it pays.
                return closed, used, 2 * level + 2
    return 0.0, used, 0


@numba.njit(cache=True, error_model="numpy")
def _settle(
    matrix: Any, points: Any, near: Any, order: Any, where: Any, journal: Any, used: int,
    queue: Any, queued: Any, head: int, size: int, breadth: Any, depth: int, touched: Any,
    keep: bool,
) -> Any:  # fmt: skip
    """Take steps from all queued places until none is left; return gain and journal."""
    count, total = len(order), 0.0
    while size > 0:
        base = queue[head]
        head = head + 1 if head + 1 < count else 0
        size -= 1
        queued[base] = False
        while True:
            if not keep:
                used -= used
            elif used > JOURNAL - DEPTH - 2:
                return total, used, False
            gain, used, many = _step(
                matrix, points, near, order, where, journal, used, base, breadth, depth, touched
            )
            if gain <= 0:
                break
            total += gain
            for place in touched[:many]:
                if place != base:
                    size = push(place, queue, queued, head, size)
    return total, used, True


@numba.njit(cache=True, error_model="numpy")
def push(place: Any, queue: Any, queued: Any, head: int, size: int) -> int:
    """Queue a place unless it is, and return the length of the queue, a ring from `head` on."""
    if queued[place]:
        return size
    queued[place] = True
    queue[(head + size) % len(queue)] = place
    return size + 1


@numba.njit(cache=True, error_model="numpy")
def random_below(state: Any, below: int) -> Any:
    """Return the next state and a number from 0 to `below` - 1 (xorshift64*)."""
    state ^= state >> np.uint64(12)
    state ^= state << np.uint64(25)
    state ^= state >> np.uint64(27)
    mixed = state * np.uint64(0x2545F4914F6CDD1D)
    return state, np.int64((mixed >> np.uint64(33)) % np.uint64(below))


@numba.njit(cache=True, error_model="numpy")
def _search(
    matrix: Any, points: Any, near: Any, start: Any, kicks: int, seed: Any, marks: Any,
    breadth: Any, depth: int,
) -> Any:  # fmt: skip
    count = len(start)
    order, where = start.copy(), np.empty(count, np.int64)
    for place in range(count):
        where[order[place]] = place
    journal = np.empty((JOURNAL, 2), np.int64)
    touched = np.empty(2 * DEPTH + 6, np.int64)
    queue, queued = order.copy(), np.ones(count, np.bool_)
    length = _length(matrix, points, order)
    # Constants would make numba compile all that is called for each of them.
    none = count - len(order)
    yes, no = none == 0, none != 0
    curve = np.empty(len(marks) + 1)
    if count >= 5:
        gain, _, _ = _settle(
            matrix, points, near, order, where, journal, none,
            queue, queued, none, count, breadth, depth, touched, no,
        )  # fmt: skip
        length -= gain
    curve[0] = length
    state, mark = np.uint64(seed) * np.uint64(2) + np.uint64(0x9E3779B97F4A7C15), 0
    reach = min(REACH, (count - 2) // 3)
    for kick in range(1, kicks + 1):
        if count >= 8:
            state, at = random_below(state, count)
            state, one = random_below(state, reach)
            state, two = random_below(state, reach)
            b, c = (at + 1 + one) % count, (at + 2 + one + two) % count
            a = (at + 1) % count
            ends = (order[at], order[a], order[b], order[(b + 1) % count], order[c],
                    order[(c + 1) % count])  # fmt: skip
            far = (
                apart(matrix, points, ends[0], ends[1]) + apart(matrix, points, ends[2], ends[3])
                + apart(matrix, points, ends[4], ends[5]) - apart(matrix, points, ends[0], ends[3])
                - apart(matrix, points, ends[4], ends[1]) - apart(matrix, points, ends[2], ends[5])
            )  # fmt: skip
            # A B becomes B A: all turned around, then each.
            flip(order, where, a, c)
            middle = (a + (c - (b + 1)) % count) % count
            flip(order, where, a, middle)
            flip(order, where, (middle + 1) % count, c)
            journal[0, 0], journal[0, 1] = a, c
            journal[1, 0], journal[1, 1] = a, middle
            journal[2, 0], journal[2, 1] = (middle + 1) % count, c
            size = none
            for place in ends:
                size = push(place, queue, queued, none, size)
            gain, used, whole = _settle(
                matrix, points, near, order, where, journal, none + 3,
                queue, queued, none, size, breadth, depth, touched, yes,
            )  # fmt: skip
            if not whole:
                queued[:] = False
            if gain + far >= -_EPSILON * 0.1:
                length -= gain + far
            else:
                _undo(order, where, journal, used, none)
        if mark < len(marks) and kick == marks[mark]:
            mark += 1
            curve[mark] = length
    return order, curve


@numba.njit(cache=True, error_model="numpy")
def apart(matrix: Any, points: Any, a: int, b: int) -> float:
    """Return a distance, from the table or, where it is empty, straight between points."""
    if matrix.shape[0] > 0:
        return matrix[a, b]  # type: ignore[no-any-return]
    x, y = points[a, 0] - points[b, 0], points[a, 1] - points[b, 1]
    return np.sqrt(x * x + y * y)  # type: ignore[no-any-return]


@numba.njit(cache=True, error_model="numpy")
def _length(matrix: Any, points: Any, order: Any) -> float:
    """Return the length of a round trip."""
    total = 0.0
    for place in range(len(order)):
        total += apart(matrix, points, order[place - 1], order[place])
    return total


@numba.njit(cache=True, error_model="numpy")
def flip(order: Any, where: Any, first: int, last: int) -> None:
    """Reverse the stretch from position `first` to `last`, around the end if need be."""
    count = len(order)
    for _ in range(((last - first) % count + 1) // 2):
        a, b = order[first], order[last]
        order[first], order[last] = b, a
        where[b], where[a] = first, last
        first = first + 1 if first + 1 < count else 0
        last = last - 1 if last > 0 else count - 1


@numba.njit(cache=True, error_model="numpy")
def _flip_short(order: Any, where: Any, first: int, last: int, journal: Any, used: int) -> int:
    """Flip the stretch or, if that is shorter, the rest of the trip; note it in the journal."""
    count = len(order)
    if 2 * ((last - first) % count + 1) > count:
        first, last = (last + 1) % count, (first - 1) % count
    flip(order, where, first, last)
    journal[used, 0], journal[used, 1] = first, last
    return used + 1


@numba.njit(cache=True, error_model="numpy")
def _undo(order: Any, where: Any, journal: Any, used: int, kept: int) -> int:
    """Take back all flips of the journal but the first `kept`."""
    while used > kept:
        used -= 1
        flip(order, where, journal[used, 0], journal[used, 1])
    return kept


@numba.njit(cache=True, error_model="numpy")
def _beside(order: Any, where: Any, place: int, ahead: int) -> int:
    """Return the next place of the trip, or with `ahead` -1 the one before."""
    count = len(order)
    at = where[place]
    if ahead > 0:
        return order[at + 1 if at + 1 < count else 0]  # type: ignore[no-any-return]
    return order[at - 1]  # type: ignore[no-any-return]
