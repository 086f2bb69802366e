"""How short a round trip can be at best: a bound for many places, a proof for few."""

from itertools import permutations
from time import monotonic
from typing import Any

import numba
import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import breadth_first_order, connected_components, minimum_spanning_tree

from fourfold.errors import DataError
from fourfold.methods.intervals import Array
from fourfold.methods.routes import places
from fourfold.methods.routes.heuristics import round_length, walk
from fourfold.methods.routes.lin_kernighan import apart
from fourfold.methods.routes.places import Order

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
    matrix = _within(matrix, upper)
    unit, joined = places.scale(matrix, points), 0.0
    matrix, points, upper = matrix / unit, points / unit, upper / unit
    if _one_way(matrix):
        joined = places.joined(matrix)
        matrix, points = places.doubled(matrix), np.empty((2 * len(matrix), 2))
    best, prices = _ascend(
        np.ascontiguousarray(matrix), np.ascontiguousarray(points), float(upper) - joined, rounds
    )
    return (float(best) + joined) * unit, prices * unit


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
            far = apart(matrix, points, at, place) + (prices[at] + prices[place])
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
        far = apart(matrix, points, 0, place) + (prices[0] + prices[place])
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
    if count < 5:
        trips = [np.array([0, *rest]) for rest in permutations(range(1, count))]
        return min(trips, key=lambda trip: round_length(matrix, trip)), True
    matrix = _within(matrix, round_length(matrix, order))
    matrix = matrix / places.scale(matrix, matrix)
    if _one_way(matrix):
        twice = np.column_stack([order, order + count]).ravel()
        best, proved = _optimum(places.doubled(matrix), twice, seconds)
        return places.halved(best), proved
    return _optimum(matrix, order, seconds)


def _optimum(matrix: Array, order: Order, seconds: float) -> tuple[Order, bool]:
    """Return the shortest trip of `optimum`; the same both ways, in a size that suits."""
    known = round_length(matrix, order)
    bound, prices = _ascend(np.ascontiguousarray(matrix), np.zeros((len(matrix), 2)), known, 1000)
    if bound > known * (1 - 1e-9):
        return order, True
    first, second = _legs(matrix, prices, known, bound)
    return _proved(matrix, order, first, second, seconds)


def _within(matrix: Array, known: float) -> Array:
    """Return distances of at most a known trip: numbers for ways that are none hide the rest."""
    return np.minimum(matrix, known) if known > 0 else matrix


def _one_way(matrix: Array) -> bool:
    return not np.array_equal(matrix, matrix.T)


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
    count = len(reduced)
    shifted = reduced - reduced.min() + 1.0
    np.fill_diagonal(shifted, 0)
    tree = minimum_spanning_tree(csr_array(shifted[1:, 1:]))
    legs = np.maximum(tree.toarray(), tree.toarray().T)
    longest = np.full((count, count), -np.inf)
    inner = longest[1:, 1:]
    order, before = breadth_first_order(tree, 0, directed=False)
    for known, place in enumerate(order[1:], 1):
        nearer, on = order[:known], before[place]
        inner[place, nearer] = np.maximum(inner[on, nearer], legs[on, place])
        inner[nearer, place] = inner[place, nearer]
    longest += reduced.min() - 1.0
    # The place without a tree has the two shortest legs.
    longest[0, :] = longest[:, 0] = np.partition(reduced[0, 1:], 1)[1]
    return longest


def _proved(
    matrix: Array, order: Order, first: Order, second: Order, seconds: float
) -> tuple[Order, bool]:
    count, legs, end = len(matrix), np.arange(len(first)), monotonic() + seconds
    touching = (np.ones(2 * len(legs)), (np.r_[first, second], np.r_[legs, legs]))
    limits = [LinearConstraint(coo_array(touching, shape=(count, len(legs))), 2, 2)]
    whole = np.zeros(len(legs), np.int64)
    # Below nothing cost only the legs that join the halves of a place: taken, whatever they cost.
    costs = matrix[first, second]
    free = Bounds((costs < 0).astype(float), 1)
    costs = np.maximum(costs, 0)
    while (left := end - monotonic()) > 0:
        result = milp(
            costs, integrality=whole, bounds=free, constraints=limits,
            options={"time_limit": left, "mip_rel_gap": 0},
        )  # fmt: skip
        if result.status != 0:  # out of time, perhaps with a trip that is not proved
            break
        used = result.x > 0.5 if whole[0] else result.x > 1e-6
        graph = coo_array((np.ones(used.sum()), (first[used], second[used])), shape=(count, count))
        parts, label = connected_components(graph, directed=False)
        if parts == 1 and whole[0]:
            joined: list[list[int]] = [[] for _ in range(count)]
            for a, b in zip(first[used].tolist(), second[used].tolist(), strict=True):
                joined[a].append(b)
                joined[b].append(a)
            return walk(joined), True
        if parts == 1:
            whole = np.ones(len(legs), np.int64)
            continue
        for part in range(parts):
            inside = ((label[first] == part) & (label[second] == part)).astype(float)
            most = float((label == part).sum() - 1)
            limits.append(LinearConstraint(coo_array(inside[None, :]), -np.inf, most))
    return order, False
