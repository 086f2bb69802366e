"""Turning stretches of a round trip round, with a journal so that it can be undone."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np


@numba.njit(cache=True, error_model="numpy")
def far(matrix: Any, points: Any, a: int, b: int) -> float:
    """Return a distance, from the table or, where it is empty, straight between points."""
    if matrix.shape[0] > 0:
        return matrix[a, b]  # type: ignore[no-any-return]
    x, y = points[a, 0] - points[b, 0], points[a, 1] - points[b, 1]
    return np.sqrt(x * x + y * y)  # type: ignore[no-any-return]


@numba.njit(cache=True, error_model="numpy")
def length(matrix: Any, points: Any, order: Any) -> float:
    """Return the length of a round trip."""
    total = 0.0
    for place in range(len(order)):
        total += far(matrix, points, order[place - 1], order[place])
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
def flip_short(order: Any, where: Any, first: int, last: int, journal: Any, used: int) -> int:
    """Flip the stretch or, if that is shorter, the rest of the trip; note it in the journal."""
    count = len(order)
    if 2 * ((last - first) % count + 1) > count:
        first, last = (last + 1) % count, (first - 1) % count
    flip(order, where, first, last)
    journal[used, 0], journal[used, 1] = first, last
    return used + 1


@numba.njit(cache=True, error_model="numpy")
def undo(order: Any, where: Any, journal: Any, used: int, kept: int) -> int:
    """Take back all flips of the journal but the first `kept`."""
    while used > kept:
        used -= 1
        flip(order, where, journal[used, 0], journal[used, 1])
    return kept


@numba.njit(cache=True, error_model="numpy")
def beside(order: Any, where: Any, place: int, ahead: int) -> int:
    """Return the next place of the trip, or with `ahead` -1 the one before."""
    count = len(order)
    at = where[place]
    if ahead > 0:
        return order[at + 1 if at + 1 < count else 0]  # type: ignore[no-any-return]
    return order[at - 1]  # type: ignore[no-any-return]
