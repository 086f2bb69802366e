"""How short a round trip can be at best: a bound for many places, a proof for few."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components

from fourfold.errors import DataError
from fourfold.methods.routes import places

Array = NDArray[np.float64]
Order = NDArray[np.int64]

MOST_PROVED = 200


def held_karp(matrix: Array, points: Array, upper: float, rounds: int = 200) -> tuple[float, Array]:
    """Return a length that no round trip is shorter than, and the prices that prove it.

    Parameters
    ----------
    matrix : array of float, shape (n, n) or (0, 0)
        Distances, which may be one-way; empty: straight lines between `points`.
    points : array of float, shape (n, 2)
    upper : float
        Length of any trip; a shorter one makes the ascent quicker.
    rounds : int
        Of the ascent; each takes time in proportion to n squared.

    Notes
    -----
    Held & Karp, "The traveling-salesman problem and minimum spanning trees: part II",
    Mathematical Programming 1 (1971), p. 6: the shortest 1-tree with prices on the places, the
    prices moved towards two legs at each; step sizes as in Volgenant & Jonker, European Journal of
    Operational Research 9 (1982), p. 83.

    Examples
    --------
    >>> square = np.array([[0.0, 0], [0, 1], [1, 1], [1, 0]])
    >>> round(held_karp(np.empty((0, 0)), square, upper=4.0)[0], 6)
    4.0
    """
    if _one_way(matrix):
        joined = places.joined(matrix)
        twice, nowhere = places.doubled(matrix), np.empty((2 * len(matrix), 2))
        best, prices = held_karp(twice, nowhere, upper - joined, rounds)
        return best + joined, prices
    best, prices = _ascend(
        np.ascontiguousarray(matrix), np.ascontiguousarray(points), float(upper), rounds
    )
    return float(best), prices


@numba.njit(cache=True, error_model="numpy")
def _tree(matrix: Any, points: Any, prices: Any, degree: Any) -> float:
    """Return the length of the shortest 1-tree at these prices, and count legs in `degree`."""
    count = len(prices)
    near, parent = np.full(count, np.inf), np.zeros(count, np.int64)
    left = np.arange(1, count)
    degree[:] = 0
    total, at, many = 0.0, 1, count - 1
    left[0], many = left[many - 1], many - 1
    while many > 0:
        best, pick = np.inf, 0
        for index in range(many):
            place = left[index]
            if matrix.shape[0] > 0:
                far = matrix[at, place]
            else:
                x, y = points[at, 0] - points[place, 0], points[at, 1] - points[place, 1]
                far = np.sqrt(x * x + y * y)
            far += prices[at] + prices[place]
            if far < near[place]:
                near[place], parent[place] = far, at
            if near[place] < best:
                best, pick = near[place], index
        at = left[pick]
        left[pick], many = left[many - 1], many - 1
        total += best
        degree[at] += 1
        degree[parent[at]] += 1
    first, second, one, two = np.inf, np.inf, 0, 0
    for place in range(1, count):
        if matrix.shape[0] > 0:
            far = matrix[0, place]
        else:
            x, y = points[0, 0] - points[place, 0], points[0, 1] - points[place, 1]
            far = np.sqrt(x * x + y * y)
        far += prices[0] + prices[place]
        if far < first:
            first, second, two, one = far, first, one, place
        elif far < second:
            second, two = far, place
    degree[0], degree[one], degree[two] = 2, degree[one] + 1, degree[two] + 1
    return total + first + second - 2 * prices.sum()  # type: ignore[no-any-return]


@numba.njit(cache=True, error_model="numpy")
def _ascend(matrix: Any, points: Any, upper: float, rounds: int) -> Any:
    count = len(matrix) if matrix.shape[0] > 0 else len(points)
    prices, kept = np.zeros(count), np.zeros(count)
    degree, before = np.zeros(count, np.int64), np.full(count, 2, np.int64)
    best, weight, idle = -np.inf, 2.0, 0
    for _ in range(rounds):
        value = _tree(matrix, points, prices, degree)
        if value > best:
            best, idle = value, 0
            kept[:] = prices
        else:
            idle += 1
        away = ((degree - 2) ** 2).sum()
        if away == 0:
            break
        if idle >= 10:
            weight, idle = weight / 2, 0
            prices[:] = kept
            continue
        step = weight * max(upper - value, 1e-9 * abs(upper)) / away
        prices += step * (0.7 * (degree - 2) + 0.3 * (before - 2))
        before[:] = degree
    return best, kept


def optimum(matrix: Array, order: Order, seconds: float = 60.0) -> tuple[Order, bool]:
    """Return the shortest round trip, and whether it is proved to be that.

    Parameters
    ----------
    matrix : array of float, shape (n, n)
        Distances of at most 200 places; of at most 100, if they are one-way.
    order : array of int, shape (n,)
        A good trip; it decides which legs can be left out of the proof.
    seconds : float
        After which the good trip is returned without proof.

    Raises
    ------
    DataError
        If there are too many places.

    Notes
    -----
    Dantzig, Fulkerson & Johnson, Operations Research 2 (1954), p. 393: whole numbers of legs, two
    at each place, and whatever is not connected is forbidden, until all is. Legs whose price is
    above what the good trip leaves are left out, by the prices of `held_karp`.
    """
    most = MOST_PROVED // 2 if _one_way(matrix) else MOST_PROVED
    count = len(matrix)
    if count > most:
        raise DataError(f"optimum: expected at most {most} places, got {count}")
    if _one_way(matrix) and count > 4:
        twice = np.column_stack([order, order + count]).ravel()
        best, proved = optimum(places.doubled(matrix), twice, seconds)
        return places.halved(best), proved
    known = float(matrix[order, np.roll(order, -1)].sum())
    if count < 5:
        return _small(matrix, order), True
    bound, prices = held_karp(matrix, np.zeros((count, 2)), known, 1000)
    if bound > known * (1 - 1e-9):
        return order, True
    first, second = _legs(matrix, prices, known, bound)
    return _proved(matrix, order, first, second, seconds)


def _one_way(matrix: Array) -> bool:
    return not np.array_equal(matrix, matrix.T)


def _small(matrix: Array, order: Order) -> Order:
    from itertools import permutations

    trips = [np.array([0, *rest]) for rest in permutations(range(1, len(matrix)))]
    return min(trips, key=lambda trip: float(matrix[trip, np.roll(trip, -1)].sum()))


def _legs(matrix: Array, prices: Array, known: float, bound: float) -> tuple[Order, Order]:
    """Return the legs that a trip shorter than `known` may have.

    A leg of reduced length above what is left exchanges at most one leg of the 1-tree, the
    longest on its way; legs that cannot be that short are left out.
    """
    reduced = matrix + prices[:, None] + prices[None, :]
    first, second = np.triu_indices(len(matrix), 1)
    tree = _longest(reduced)
    extra = reduced[first, second] - tree[first, second]
    kept = extra <= known - bound + 1e-9 + 1e-12 * abs(known)
    return first[kept], second[kept]


def _longest(reduced: Array) -> Array:
    """Return the longest leg on the way between any two places in the shortest 1-tree."""
    from scipy.sparse.csgraph import minimum_spanning_tree

    count = len(reduced)
    shifted = reduced - reduced.min() + 1.0
    np.fill_diagonal(shifted, 0)
    tree = minimum_spanning_tree(csr_array(shifted[1:, 1:])).toarray()
    joined = np.maximum(tree, tree.T)
    found = np.full((count, count), -np.inf)
    for start in range(count - 1):
        seen, ahead = {start}, [(start, -np.inf)]
        while ahead:
            at, most = ahead.pop()
            found[start + 1, at + 1] = most
            for other in np.nonzero(joined[at])[0]:
                if other not in seen:
                    seen.add(int(other))
                    ahead.append((int(other), max(most, joined[at, other])))
    found += reduced.min() - 1.0
    # The place without a tree has the two shortest legs.
    found[0, :] = found[:, 0] = np.partition(reduced[0, 1:], 1)[1]
    return found


def _proved(
    matrix: Array, order: Order, first: Order, second: Order, seconds: float
) -> tuple[Order, bool]:
    import time

    count, legs, started = len(matrix), np.arange(len(first)), time.monotonic()
    rows = [coo_array((np.ones(2 * len(legs)), (np.r_[first, second], np.r_[legs, legs])),
                      shape=(count, len(legs)))]  # fmt: skip
    low, high = [np.full(count, 2.0)], [np.full(count, 2.0)]
    whole = np.zeros(len(legs), np.int64)
    # Below nothing cost only the legs that join the halves of a place: taken, whatever they cost.
    costs = matrix[first, second]
    free = Bounds((costs < 0).astype(float), 1)
    costs = np.maximum(costs, 0)
    while time.monotonic() - started < seconds:
        limits = [LinearConstraint(r, a, b) for r, a, b in zip(rows, low, high, strict=True)]
        found = milp(
            costs, integrality=whole, bounds=free, constraints=limits,
            options={"time_limit": seconds - (time.monotonic() - started), "mip_rel_gap": 0},
        )  # fmt: skip
        if found.status != 0:  # out of time, perhaps with a trip that is not proved
            break
        used = found.x > 0.5 if whole[0] else found.x > 1e-6
        graph = coo_array((np.ones(used.sum()), (first[used], second[used])), shape=(count, count))
        parts, label = connected_components(graph, directed=False)
        if parts == 1 and whole[0]:
            return _round(first[used], second[used], count), True
        if parts == 1:
            whole = np.ones(len(legs), np.int64)
            continue
        for part in range(parts):
            inside = (label[first] == part) & (label[second] == part)
            rows.append(coo_array(inside[None, :].astype(float)))
            low.append(np.array([-np.inf]))
            high.append(np.array([float((label == part).sum() - 1)]))
    return order, False


def _round(first: Order, second: Order, count: int) -> Order:
    beside: list[list[int]] = [[] for _ in range(count)]
    for a, b in zip(first, second, strict=True):
        beside[a].append(int(b))
        beside[b].append(int(a))
    order, before = [0], -1
    while len(order) < count:
        at = order[-1]
        following = next(place for place in beside[at] if place != before)
        before = at
        order.append(following)
    return np.array(order, dtype=np.int64)
