"""Short one-way trips: three legs exchanged, and kicks out of where that ends."""

from typing import Any

import numba
import numpy as np

from fourfold.methods.intervals import Array
from fourfold.methods.routes.heuristics import round_length
from fourfold.methods.routes.lin_kernighan import Found, flip, marks_of, push, random_below
from fourfold.methods.routes.places import Order, neighbours, scale

#: Neighbours that a leg may lead to, or come from.
WIDTH = 12
#: Longest stretch that a kick exchanges.
REACH = 30
_EPSILON = 1e-9


def improve_one_way(matrix: Array, order: Order, kicks: int = 0, seed: int = 0) -> Found:
    """Return a one-way trip that no exchange of three legs shortens, after so many kicks.

    Three legs can be exchanged without turning any stretch round: two neighbouring stretches change
    places. Where both ways differ little a stretch may be turned round as well, at the price of its
    way back. A kick puts three short neighbouring stretches in the opposite order; if the trip is
    longer after it is mended, the kick is taken back.

    Parameters
    ----------
    matrix : array of float, shape (n, n)
        Row to column; both ways may differ.
    order : array of int, shape (n,)
        Trip to start from.
    kicks : int
        Each takes some 10 microseconds for a hundred places.

    Notes
    -----
    Or-3opt: Kanellakis & Papadimitriou, Operations Research 28 (1980), p. 1086. Kicks: Stützle &
    Hoos, "Analyzing the run-time behaviour of iterated local search for the travelling salesman
    problem", in: Essays and Surveys on Metaheuristics (2002), p. 589.

    Examples
    --------
    >>> clock = np.subtract.outer(-np.arange(6), -np.arange(6)) % 6.0
    >>> improve_one_way(clock, np.array([0, 2, 4, 1, 5, 3]), kicks=20).length
    6.0
    """
    onward, back, marks = neighbours(matrix, WIDTH), neighbours(matrix.T, WIDTH), marks_of(kicks)
    unit = scale(matrix, matrix)
    best, curve = _search(
        *(np.ascontiguousarray(matrix / unit), onward, back, order.astype(np.int64)),
        *(kicks, np.uint64(seed), marks),
    )
    steps = np.column_stack([np.append(0, marks), curve * unit])
    return Found(best, round_length(matrix, best), steps)


@numba.njit(cache=True, error_model="numpy")
def _exchange(order: Any, where: Any, first: int, second: int, third: int, spare: Any) -> None:
    """Exchange the stretches from position `first`, and from `second` until before `third`."""
    count = len(order)
    one, two = (second - first) % count, (third - second) % count
    rest = count - one - two
    # On a circle any two of the three stretches may change places: the two shortest do.
    if one >= two and one >= rest:
        first, one, two = second, two, rest
    elif two >= rest:
        first, one, two = third % count, rest, one
    for step in range(one):
        spare[step] = order[(first + step) % count]
    for step in range(two):
        place, at = order[(first + one + step) % count], (first + step) % count
        order[at], where[place] = place, at
    for step in range(one):
        at = (first + two + step) % count
        order[at], where[spare[step]] = spare[step], at


@numba.njit(cache=True, error_model="numpy")
def _step(
    matrix: Any, onward: Any, back: Any, order: Any, where: Any, extra: Any, base: int, spare: Any,
    ends: Any,
) -> float:  # fmt: skip
    """Make the exchange that shortens most of those that drop the leg after `base`."""
    count, best = len(order), _EPSILON
    begin = (where[base] + 1) % count
    after = order[begin]
    middle, end, turned = begin, begin, False
    for last in onward[base]:
        at = where[last]
        following = order[(at + 1) % count]
        gain = matrix[base, after] + matrix[last, following]
        gain -= matrix[base, last] + matrix[after, following] + extra[at] - extra[begin]
        if at < begin:
            gain -= extra[count]
        if gain > best and last != after:
            best, end, turned = gain, at, True
    for other in onward[base]:
        rest = matrix[base, after] - matrix[base, other]
        if rest <= _EPSILON:
            break
        at = (where[other] - begin) % count
        before = order[where[other] - 1]
        rest += matrix[before, other]
        for last in back[after]:
            left = rest - matrix[last, after]
            if left <= _EPSILON:
                break
            place = (where[last] - begin) % count
            if at <= place < count - 1:
                following = order[(where[last] + 1) % count]
                gain = left + matrix[last, following] - matrix[before, following]
                if gain > best:
                    best, middle, end, turned = gain, where[other], where[last] + 1, False
        for following in onward[before]:
            left = rest - matrix[before, following]
            if left <= _EPSILON:
                break
            if (where[following] - begin) % count > at:
                last = order[where[following] - 1]
                gain = left + matrix[last, following] - matrix[last, after]
                if gain > best:
                    best, middle, end, turned = gain, where[other], where[following], False
    if best <= _EPSILON:
        return 0.0
    ends[0], ends[1], ends[2] = base, after, order[middle - 1]
    ends[3], ends[4], ends[5] = order[middle], order[end - 1], order[end % count]
    if turned:
        ends[2], ends[3] = order[end], order[(end + 1) % count]
        flip(order, where, begin, end)
    else:
        _exchange(order, where, begin, middle, end % count, spare)
    _weigh(matrix, order, extra)
    return best


@numba.njit(cache=True, error_model="numpy")
def _weigh(matrix: Any, order: Any, extra: Any) -> None:
    """Note by how much the way back from each position is longer than the way there."""
    total = 0.0
    for at in range(len(order)):
        extra[at] = total
        place, following = order[at], order[at + 1 if at + 1 < len(order) else 0]
        total += matrix[following, place] - matrix[place, following]
    extra[len(order)] = total


@numba.njit(cache=True, error_model="numpy")
def _settle(
    matrix: Any, onward: Any, back: Any, order: Any, where: Any, extra: Any, spare: Any,
    queue: Any, queued: Any, size: int,
) -> float:  # fmt: skip
    """Make exchanges at all queued places until none is left, and return the gain."""
    count, total, head = len(order), 0.0, 0
    ends = np.empty(6, np.int64)
    _weigh(matrix, order, extra)
    while size > 0:
        base = queue[head]
        gain = _step(matrix, onward, back, order, where, extra, base, spare, ends)
        if gain > 0:
            total += gain
            for place in ends:
                size = push(place, queue, queued, head, size)
        else:
            queued[base] = False
            head = (head + 1) % count
            size -= 1
    return total


@numba.njit(cache=True, error_model="numpy")
def _search(
    matrix: Any, onward: Any, back: Any, start: Any, kicks: int, seed: Any, marks: Any
) -> Any:
    count = len(start)
    order, where = start.copy(), np.empty(count, np.int64)
    where[order] = np.arange(count)
    queue, queued, spare = order.copy(), np.ones(count, np.bool_), np.empty(count, np.int64)
    length, ends, extra = 0.0, np.empty(8, np.int64), np.empty(count + 1)
    none = count - len(order)  # no constant, for which numba would compile `push` again
    for place in range(count):
        length += matrix[order[place - 1], order[place]]
    if count > 3:
        length -= _settle(matrix, onward, back, order, where, extra, spare, queue, queued, count)
    curve, mark = np.empty(len(marks) + 1), 0
    curve[0] = length
    state = np.uint64(seed) * np.uint64(2) + np.uint64(0x9E3779B97F4A7C15)
    kept = order.copy()
    for kick in range(1, kicks + 1):
        if count > 3:
            state, at = random_below(state, count)
            state, one = random_below(state, min(REACH, count - 3))
            state, two = random_below(state, min(REACH, count - 3 - one))
            state, three = random_below(state, min(REACH, count - 3 - one - two))
            one, two, three = one + 1, two + 1, three + 1
            far = 0.0
            for turn, cut in enumerate((at, at + one, at + one + two, at + one + two + three)):
                ends[2 * turn] = order[cut % count]
                ends[2 * turn + 1] = order[(cut + 1) % count]
                far += matrix[ends[2 * turn], ends[2 * turn + 1]]
            far -= matrix[ends[0], ends[5]] + matrix[ends[6], ends[3]]
            far -= matrix[ends[4], ends[1]] + matrix[ends[2], ends[7]]
            # A B C becomes B C A, then C B A; an exchange may move the rest of the trip instead.
            _exchange(order, where, where[ends[1]], where[ends[3]], where[ends[7]], spare)
            _exchange(order, where, where[ends[3]], where[ends[5]], where[ends[1]], spare)
            size = none
            for end in ends:
                size = push(end, queue, queued, none, size)
            gain = far + _settle(
                matrix, onward, back, order, where, extra, spare, queue, queued, size
            )
            if gain >= -_EPSILON * 0.1:
                length -= gain
                kept[:] = order
            else:
                order[:] = kept
                for place in range(count):
                    where[order[place]] = place
        if mark < len(marks) and kick == marks[mark]:
            mark += 1
            curve[mark] = length
    return order, curve
