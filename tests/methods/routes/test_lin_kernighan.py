"""Lin-Kernighan steps and kicks: valid, shorter, repeatable; bounds below and proofs."""

from __future__ import annotations

from itertools import permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fourfold.errors import DataError
from fourfold.methods.routes import bounds, heuristics, lin_kernighan, places

NONE = np.empty((0, 0))
POINTS = np.random.default_rng(1).random((200, 2))
MATRIX = places.straight(POINTS)
NEAR = places.neighbours(MATRIX)


def strips(points):
    """Return the trip up and down through strips of the plane, quick for any number of places."""
    count = max(1, int(np.sqrt(len(points) / 3)))
    low, high = points.min(axis=0), points.max(axis=0)
    strip = np.minimum((points[:, 0] - low[0]) / max(high[0] - low[0], 1e-300) * count, count - 1)
    strip = strip.astype(int)
    along = np.where(strip % 2, -points[:, 1], points[:, 1])
    return np.lexsort((along, strip)).astype(np.int64)


def shortest(matrix) -> float:
    """Of all orders."""
    orders = (np.array([0, *rest]) for rest in permutations(range(1, len(matrix))))
    return min(heuristics.length(matrix, order) for order in orders)


@settings(max_examples=40)
@given(st.integers(3, 7), st.integers(0, 10**6))
def test_few_places_are_solved(count, seed):
    """As short as the best of all orders, with a proof, and no bound above it."""
    matrix = places.straight(np.random.default_rng(seed).random((count, 2)))
    near = places.neighbours(matrix)
    found = lin_kernighan.improve(
        matrix, np.zeros((count, 2)), near, heuristics.random_order(count, seed), 30
    )
    best, proved = bounds.optimum(matrix, found.order)
    assert proved
    assert heuristics.length(matrix, best) == pytest.approx(shortest(matrix))
    assert bounds.held_karp(matrix, NONE, found.length)[0] <= shortest(matrix) + 1e-9


def test_a_trip_stays_a_trip_and_its_length_is_kept():
    """After thousands of kicks the length that was counted is the length."""
    found = lin_kernighan.improve(
        MATRIX, POINTS, NEAR, heuristics.random_order(200), kicks=3000, seed=1
    )
    assert sorted(found.order) == list(range(200))
    assert found.curve[-1].tolist() == [3000, pytest.approx(heuristics.length(MATRIX, found.order))]
    assert (np.diff(found.curve[:, 1]) <= 1e-9).all()
    assert found.length == pytest.approx(found.curve[-1, 1])


def test_deeper_chains_and_kicks_are_shorter():
    """2-opt, then chains, then kicks; within three percent of the bound."""
    starts = [heuristics.random_order(200, seed) for seed in range(8)]
    lengths = [
        np.mean(
            [
                lin_kernighan.improve(MATRIX, POINTS, NEAR, s, kicks, depth=depth).length
                for s in starts
            ]
        )
        for kicks, depth in ((0, 1), (0, 10), (1000, 10))
    ]
    assert heuristics.length(MATRIX, starts[0]) > 5 * lengths[0]
    assert lengths[0] > 1.01 * lengths[1]
    assert lengths[1] > 1.01 * lengths[2]
    bound, _ = bounds.held_karp(MATRIX, POINTS, lengths[2])
    assert bound <= lengths[2] <= 1.03 * bound
    assert bounds.held_karp(MATRIX, POINTS, lengths[2], rounds=3)[0] < bound


def test_points_are_as_good_as_their_distances():
    """Without a table, the same trip; a seed repeats it, another kicks elsewhere."""
    start = strips(POINTS)
    first, without, other = (
        lin_kernighan.improve(matrix, POINTS, NEAR, start, 200, seed)
        for matrix, seed in ((MATRIX, 0), (NONE, 0), (MATRIX, 1))
    )
    assert np.array_equal(first.order, without.order)
    assert not np.array_equal(first.order, other.order)
    bound = bounds.held_karp(NONE, POINTS, first.length, 50)[0]
    assert bound == pytest.approx(bounds.held_karp(MATRIX, POINTS, first.length, 50)[0])


@pytest.mark.parametrize("seed", range(3))
def test_a_proof_of_forty_places(seed):
    """No longer than what the search finds, no shorter than the bound."""
    points = np.random.default_rng(seed).random((40, 2))
    matrix = places.straight(points)
    near = places.neighbours(matrix)
    found = lin_kernighan.improve(matrix, points, near, heuristics.nearest_neighbour(matrix), 0)
    best, proved = bounds.optimum(matrix, found.order)
    length = heuristics.length(matrix, best)
    assert proved
    assert bounds.held_karp(matrix, points, found.length, 500)[0] <= length <= found.length + 1e-9


def test_too_many_places_and_too_little_time():
    """The first is told; for the second the trip comes back without proof."""
    with pytest.raises(DataError, match="at most 200 places, got 201"):
        bounds.optimum(np.zeros((201, 201)), np.arange(201))
    start = heuristics.random_order(200, 3)
    order, proved = bounds.optimum(MATRIX, start, seconds=0.0)
    assert not proved
    assert np.array_equal(order, start)
