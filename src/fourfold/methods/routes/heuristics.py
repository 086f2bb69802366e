"""Simple ways to a round trip: at random, to the nearest, greedy, by inserting, by annealing."""

from typing import Any

import numba
import numpy as np

from fourfold.errors import DataError
from fourfold.methods.intervals import Array
from fourfold.methods.routes.places import Order, scale


def length(matrix: Array, order: Order) -> float:
    """Return the length of a round trip.

    Parameters
    ----------
    matrix : array of float, shape (n, n)
        Distance from each place (row) to each (column).
    order : array of int, shape (n,)
        Places in the order of the trip, each once.

    Raises
    ------
    DataError
        If the order does not hold each place once.

    Examples
    --------
    >>> length(np.array([[0.0, 1, 2], [1, 0, 4], [2, 4, 0]]), np.array([0, 1, 2]))
    7.0
    """
    if sorted(order) != list(range(len(matrix))):
        raise DataError(f"trip: expected each of {len(matrix)} places once, got {len(order)}")
    return round_length(matrix, order)


def round_length(matrix: Array, order: Order) -> float:
    """Return the length of a round trip that is known to hold each place once."""
    return float(matrix[order, np.roll(order, -1)].sum())


def random_order(count: int, seed: int = 0) -> Order:
    """Return a trip in random order."""
    return np.random.default_rng(seed).permutation(count).astype(np.int64)


def nearest_neighbour(matrix: Array, start: int = 0) -> Order:
    """Return the trip that always goes to the nearest place not visited yet."""
    left = np.ones(len(matrix), bool)
    order = np.empty(len(matrix), np.int64)
    at = start
    for place in range(len(matrix)):
        order[place] = at
        left[at] = False
        at = int(np.where(left, matrix[at], np.inf).argmin())
    return order


def greedy(matrix: Array, near: Order) -> Order:
    """Return the trip of the shortest legs that fit: no place thrice, no round before the last.

    Parameters
    ----------
    matrix : array of float, shape (n, n)
        Symmetric distances.
    near : array of int, shape (n, k)
        Neighbours of each place, nearest first; legs to others come last.

    Notes
    -----
    Johnson & McGeoch, "The traveling salesman problem: a case study in local optimization"
    (1997), p. 223.
    """
    count = len(matrix)
    joined: list[list[int]] = [[] for _ in range(count)]
    part = list(range(count))
    starts = np.repeat(np.arange(count), near.shape[1])
    _join(matrix, starts, near.ravel(), joined, part)
    ends = np.array([place for place in range(count) if len(joined[place]) < 2])
    _join(matrix, np.repeat(ends, len(ends)), np.tile(ends, len(ends)), joined, part)
    return walk(joined)


def _join(matrix: Array, first: Any, second: Any, joined: list[list[int]], part: list[int]) -> None:
    def root(place: int) -> int:
        while part[place] != place:
            part[place] = part[part[place]]
            place = part[place]
        return place

    for leg in np.argsort(matrix[first, second], kind="stable"):
        a, b = int(first[leg]), int(second[leg])
        if len(joined[a]) < 2 and len(joined[b]) < 2 and root(a) != root(b):
            joined[a].append(b)
            joined[b].append(a)
            part[root(a)] = root(b)


def walk(joined: list[list[int]]) -> Order:
    """Return the places in the order of the way that joins them, from an end if it has one."""
    at = next((place for place, beside in enumerate(joined) if len(beside) < 2), 0)
    order, before = [at], -1
    while len(order) < len(joined):
        before, at = at, next(place for place in joined[at] if place != before)
        order.append(at)
    return np.array(order, dtype=np.int64)


def or_opt(matrix: Array, order: Order) -> Order:
    """Return a trip that no stretch of one to three places shortens by moving elsewhere.

    Notes
    -----
    Or, "Traveling salesman-type combinatorial problems" (thesis, Northwestern University, 1976).
    Stretches may be turned round, so distances must be symmetric.
    """
    return np.asarray(
        _or_opt(np.ascontiguousarray(matrix / scale(matrix, matrix)), order.astype(np.int64))
    )


@numba.njit(cache=True, error_model="numpy")
def _or_opt(matrix: Any, start: Any) -> Any:
    order, count = start.copy(), len(start)
    better = count > 4
    while better:
        better = False
        for size in range(1, 4):
            for first in range(count):
                # The stretch stands first, so that the rest is one piece.
                turned = np.concatenate((order[first:], order[:first]))
                a, b, before, after = turned[0], turned[size - 1], turned[-1], turned[size]
                saved = matrix[before, a] + matrix[b, after] - matrix[before, after]
                best, at, flip = 1e-9, -1, False
                for place in range(size, count - 1):
                    c, d = turned[place], turned[place + 1]
                    gap = saved + matrix[c, d]
                    one = gap - matrix[c, a] - matrix[b, d]
                    two = gap - matrix[c, b] - matrix[a, d]
                    if one > best:
                        best, at, flip = one, place, False
                    if two > best:
                        best, at, flip = two, place, True
                if at >= 0:
                    stretch = turned[:size][::-1].copy() if flip else turned[:size].copy()
                    order = np.concatenate((turned[size : at + 1], stretch, turned[at + 1 :]))
                    better = True
    return order


def anneal(matrix: Array, order: Order, steps: int, seed: int = 0) -> tuple[Order, Array]:
    """Return the best trip of simulated annealing, and how long the trip was on the way.

    Parameters
    ----------
    steps : int
        Random stretches to be turned round. A longer trip is taken with a chance that falls with
        the temperature, from the mean leg of the start down to a thousandth of it.

    Returns
    -------
    order : array of int, shape (n,)
    curve : array of float, shape (points, 2)
        Steps so far, and the best length by then.

    Notes
    -----
    Kirkpatrick, Gelatt & Vecchi, Science 220 (1983), p. 671.
    """
    marks = np.unique(np.geomspace(1, steps, 60).astype(np.int64))
    drawn = np.random.default_rng(seed).random((steps, 3))
    unit = scale(matrix, matrix)
    best, curve = _anneal(np.ascontiguousarray(matrix / unit), order.astype(np.int64), drawn, marks)
    return best, np.column_stack([marks, curve * unit])


@numba.njit(cache=True, error_model="numpy")
def _anneal(matrix: Any, start: Any, drawn: Any, marks: Any) -> Any:
    order, count, now = start.copy(), len(start), 0.0
    for place in range(count):
        now += matrix[order[place - 1], order[place]]
    hot = now / count
    best, shortest, curve, mark = order.copy(), now, np.empty(len(marks)), 0
    for step in range(len(drawn)):
        heat = hot * 0.001 ** (step / len(drawn))
        i, j = int(drawn[step, 0] * count), int(drawn[step, 1] * count)
        if i > j:
            i, j = j, i
        if i != j and j - i < count - 1:
            a, b, c, d = order[i - 1], order[i], order[j], order[(j + 1) % count]
            more = matrix[a, c] + matrix[b, d] - matrix[a, b] - matrix[c, d]
            if more <= 0 or drawn[step, 2] < np.exp(-more / heat):
                order[i : j + 1] = order[i : j + 1][::-1].copy()
                now += more
                if now < shortest - 1e-9:
                    shortest, best = now, order.copy()
        if step + 1 == marks[mark]:
            curve[mark] = shortest
            mark += 1
    return best, curve
