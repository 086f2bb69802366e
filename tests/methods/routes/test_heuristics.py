"""Simple trips, by hand and against each other."""

from __future__ import annotations

import numpy as np
import pytest

from fourfold.errors import DataError
from fourfold.methods.routes import heuristics, places

POINTS = np.random.default_rng(0).random((60, 2))
MATRIX = places.straight(POINTS)
NEAR = places.neighbours(MATRIX)
LINE = places.straight(np.array([[0.0, 0], [1, 0], [3, 0], [7, 0]]))


def test_the_length_counts_the_way_home():
    """There and back on a line; a trip that misses a place is none."""
    assert heuristics.length(LINE, np.array([0, 1, 2, 3])) == 14
    with pytest.raises(DataError, match="each of 4 places once, got 3"):
        heuristics.length(LINE, np.array([0, 1, 2]))


def test_the_nearest_rule_by_hand():
    """From the second place to the first, then on; a start changes it."""
    assert heuristics.nearest_neighbour(LINE, 1).tolist() == [1, 0, 2, 3]
    assert heuristics.nearest_neighbour(LINE, 3).tolist() == [3, 2, 1, 0]


@pytest.mark.parametrize("count", [3, 4, 5, 8, 60])
def test_each_way_visits_every_place_once(count):
    """Whatever the number of places."""
    matrix = MATRIX[:count, :count]
    near = places.neighbours(matrix)
    greedy = heuristics.greedy(matrix, near)
    for order in (
        heuristics.random_order(count, 1),
        heuristics.nearest_neighbour(matrix, count - 1),
        greedy,
        heuristics.or_opt(matrix, greedy),
        heuristics.anneal(matrix, greedy, 500)[0],
    ):
        assert sorted(order) == list(range(count))


def test_better_ways_are_shorter():
    """Random, nearest, greedy; mended by moving stretches, and by annealing."""
    greedy = heuristics.greedy(MATRIX, NEAR)
    random, near, by_legs, moved, cooled = (
        heuristics.length(MATRIX, order)
        for order in (
            heuristics.random_order(60),
            heuristics.nearest_neighbour(MATRIX),
            greedy,
            heuristics.or_opt(MATRIX, greedy),
            heuristics.anneal(MATRIX, greedy, 100_000)[0],
        )
    )
    assert random > 3 * near
    assert by_legs < 1.3 * near
    assert moved < by_legs
    assert cooled < by_legs


def test_or_opt_moves_a_place_by_hand():
    """The far place that stands between two near ones goes to the end of the line."""
    order = heuristics.or_opt(
        places.straight(np.arange(6.0)[:, None] * [1, 0]), np.array([0, 5, 1, 2, 3, 4])
    )
    assert heuristics.length(places.straight(np.arange(6.0)[:, None] * [1, 0]), order) == 10


def test_annealing_keeps_the_best_and_repeats_by_seed():
    """The curve only falls; steps and seed matter."""
    start = heuristics.random_order(60)
    order, curve = heuristics.anneal(MATRIX, start, 20_000, seed=3)
    assert (np.diff(curve[:, 1]) <= 0).all()
    assert curve[-1, 1] == pytest.approx(heuristics.length(MATRIX, order))
    assert np.array_equal(order, heuristics.anneal(MATRIX, start, 20_000, seed=3)[0])
    assert not np.array_equal(order, heuristics.anneal(MATRIX, start, 20_000, seed=4)[0])
    assert len(heuristics.anneal(MATRIX, start, 10)[1]) <= 10
