"""How honest the template ``routes`` is: small trips are tried in all orders, means are known.

``python benchmarks/truth/routes.py`` draws places and asks the functions that the template
calls: whether a trip that is said to be proved is the shortest of all orders, for the same way
back, for one-way legs and for open trips, in any unit; whether the bound of Held & Karp ever
exceeds it, so that a gap would be told too small; whether the intervals of mean lengths over starts
hold the truth; and how often a criterion on the edge of truth is called supported. Takes six
minutes on two cores.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from itertools import permutations

import numpy as np
import pandas as pd
from simulation import COVERAGE, ERROR, TOLD, Bar
from simulation import judge as judged

from fourfold.methods import intervals
from fourfold.methods.routes import bounds, heuristics, lin_kernighan, one_way, places
from fourfold.methods.routes.places import Places
from fourfold.records.evidence import Criterion, Metric, judge

Answers = Iterator[tuple[str, Bar, bool]]
ALWAYS = (1.0, 1.0)
#: Where trips are mended from random orders, and from how many the true mean is taken.
BOARD = np.random.default_rng(2026).random((100, 2))
MANY = 20_000


def mended(points: np.ndarray, seeds: range) -> np.ndarray:
    """Return the lengths that mending ends at, from a random order by seed."""
    matrix = places.straight(points)
    near = places.neighbours(matrix)
    starts = (heuristics.random_order(len(points), seed) for seed in seeds)
    return np.array([lin_kernighan.improve(matrix, points, near, order).length for order in starts])


def shortest(matrix: np.ndarray) -> float:
    """Return the length of the shortest round trip: all orders."""
    rest = np.array(list(permutations(range(1, len(matrix)))))
    orders = np.column_stack([np.zeros(len(rest), int), rest])
    return float(matrix[orders, np.roll(orders, -1, axis=1)].sum(axis=1).min())


def small(rng: np.random.Generator) -> Answers:
    """Five to eight places, in each of the layouts, against all orders."""
    count = int(rng.integers(5, 9))
    points = rng.random((count, 2))
    if rng.random() < 0.3:  # on a grid many trips are equally long
        points = rng.integers(0, 3, (count, 2)).astype(float)
    names = tuple(str(n) for n in range(count))
    wind = rng.random((count, count)) * (1 - np.eye(count))
    for kind, matrix in (
        ("", places.straight(points)),
        ("one-way ", places.straight(points) + wind),
    ):
        closed = Places(names, matrix, points)
        for end, whole in (("closed", closed), ("open", places.with_open_end(closed))):
            yield from exact(f"{kind}{end}", whole, shortest(whole.matrix), rng)


def units(rng: np.random.Generator) -> Answers:
    """Eight places in any unit, with rounding one way, or ways that do not exist."""
    unit = 10.0 ** rng.integers(-9, 14)
    names = tuple(str(n) for n in range(8))
    table = pd.DataFrame(places.straight(rng.random((8, 2))) * unit, columns=names)
    table.insert(0, "place", names)
    kind = ("as it is", "a last digit one way", "1e-6 one way", "missing ways")[rng.integers(4)]
    at = rng.permutation(8)[:2]
    if kind == "a last digit one way":
        table.iloc[at[0], 1 + at[1]] *= 1 + 2.3e-16
    elif kind == "1e-6 one way":
        table.iloc[at[0], 1 + at[1]] *= 1 + 1e-6
    elif kind == "missing ways":
        table.iloc[at[0], 1 + at[1]] = table.iloc[at[1], 1 + at[0]] = 1e6 * unit
    whole = places.from_matrix(table)
    yield f"one-way is seen, {kind}", ALWAYS, whole.symmetric != (kind == "1e-6 one way")
    yield from exact(f"any unit, {kind}", whole, shortest(whole.matrix), rng)


def exact(name: str, whole: Places, truth: float, rng: np.random.Generator) -> Answers:
    """What the template says of a trip, whose shortest length is known."""
    matrix, flat, seed = whole.matrix, np.zeros((len(whole), 2)), int(rng.integers(2**31))
    start = heuristics.nearest_neighbour(matrix, int(rng.integers(len(whole))))
    if whole.symmetric:
        found = lin_kernighan.improve(matrix, flat, places.neighbours(matrix), start, 100, seed)
    else:
        found = one_way.improve_one_way(matrix, start, 100, seed)
    slack = 1e-9 * truth
    yield f"search finds the shortest, {name}", TOLD, found.length <= truth + slack
    best, proved = bounds.optimum(matrix, start)
    shown = proved and heuristics.length(matrix, best) <= truth + slack
    yield f"proved is the shortest, {name}", ALWAYS, shown
    floor, _ = bounds.held_karp(matrix, flat, found.length)
    yield f"bound below the shortest, {name}", ALWAYS, floor <= truth + slack


def walked(rng: np.random.Generator) -> Answers:
    """Nearest neighbour from some starts, against all starts of the same places."""
    for count, starts in ((60, 30), (300, 100)):
        matrix = places.straight(rng.random((count, 2)))
        lengths = np.array(
            [
                heuristics.length(matrix, heuristics.nearest_neighbour(matrix, n))
                for n in range(count)
            ]
        )
        tried = lengths[rng.permutation(count)[:starts]]
        name = f"nearest neighbour, {starts} of {count} starts"
        yield from mean(name, intervals.mean_interval(tried, of=count), float(lengths.mean()))


def kicked(rng: np.random.Generator) -> Answers:
    """Mending from 40 random orders, against the mean over very many; two halves compared."""
    drawn = rng.choice(TRUE, 80)
    for name, some in (("10 random orders", drawn[:10]), ("40 random orders", drawn[40:])):
        yield from mean(f"mended from {name}", intervals.mean_interval(some), float(TRUE.mean()))
    better = intervals.mean_interval(drawn[:40] - drawn[40:])
    yield "better of two equal ways over starts", ERROR, not better[1] <= 0 <= better[2]


def mean(name: str, found: tuple[float, float, float], truth: float) -> Answers:
    value, low, high = found
    yield f"mean length, {name}", COVERAGE, low <= truth <= high
    for sign in "<>":
        edge = Criterion.parse("length", f"{sign} {truth!r}")
        claim = judge(edge, Metric(value, (low, high)).plain("length"))
        yield f"{sign} truth is supported, {name}", ERROR, claim.verdict == "supported"


DRAWS = [(small, 1000), (units, 1000), (walked, 1000), (kicked, 10_000)]

if __name__ == "__main__":
    TRUE = mended(BOARD, range(MANY))
    sys.exit(judged("routes", __doc__, DRAWS))
