"""Places: coordinates, tables of distances, TSPLIB files, and what is wrong with them."""

from __future__ import annotations

import io
from itertools import permutations
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from fourfold.data import formats
from fourfold.errors import DataError
from fourfold.methods.routes import bounds, heuristics, lin_kernighan, one_way, places

LIBRARY = Path(__file__).parents[2] / "tsplib"
SQUARE = pd.DataFrame({"n": list("abcd"), "x": [0.0, 0, 3, 3], "y": [0.0, 4, 4, 0]})


def test_straight_and_great_circle_distances():
    """3, 4, 5 in the plane; a quarter of the globe; Paris to New York."""
    plane = places.from_coordinates(SQUARE, "n", "x", "y", globe=False)
    assert plane.matrix[0].tolist() == [0, 4, 5, 3]
    assert plane.symmetric
    cities = np.array([[2.3522, 48.8566], [-74.006, 40.7128]])
    assert places.great_circles(cities)[0, 1] == pytest.approx(5837, abs=2)
    assert places.from_coordinates(SQUARE, "n", "x", "y", globe=True).unit == "km"


def test_mistakes_in_coordinates_are_told():
    """Columns, words, degrees the wrong way round, too few places."""
    with pytest.raises(DataError, match=r"got 'xx'.* Did you mean 'x'"):
        places.from_coordinates(SQUARE, "n", "xx", "y", globe=False)
    with pytest.raises(DataError, match="n: expected numbers, got 'a'"):
        places.from_coordinates(SQUARE, "n", "n", "y", globe=False)
    with pytest.raises(DataError, match=r"at most 360 and 90, got .+ and .+; swapped\?"):
        places.from_coordinates(SQUARE.assign(y=100.0), "n", "x", "y", globe=True)
    with pytest.raises(DataError, match="at least three places to go round, got 2"):
        places.from_coordinates(SQUARE.head(2), "n", "x", "y", globe=False)


def test_a_table_of_distances():
    """Rows in any order; one-way distances; what does not fit is told."""
    table = pd.DataFrame({"": ["b", "a", "c"], "a": [1, 0, 2], "b": [0, 5, 4], "c": [3, 6, 0]})
    found = places.from_matrix(table)
    assert found.names == ("a", "b", "c")
    assert found.matrix.tolist() == [[0, 5, 6], [1, 0, 3], [2, 4, 0]]
    assert not found.symmetric
    with pytest.raises(DataError, match="same places in rows and columns, got 'c'"):
        places.from_matrix(table.drop(columns="c"))
    with pytest.raises(DataError, match="missing or negative"):
        places.from_matrix(table.assign(c=[3, None, 0]))


def read(file):
    return places.from_matrix(formats.read_table(io.BytesIO(file.read_bytes()), file.name))


@pytest.mark.parametrize(
    ("name", "shortest"),
    [
        *[("att48", 10628), ("berlin52", 7542), ("burma14", 3323), ("eil51", 426)],
        *[("gr17", 2085), ("pr107", 44303)],
    ],
)
def test_tsplib_with_its_rounding(name, shortest):
    """The published optima, to the unit."""
    found = read(LIBRARY / f"{name}.tsp")
    near = places.neighbours(found.matrix)
    start = heuristics.greedy(found.matrix, near)
    best = lin_kernighan.improve(found.matrix, found.points, near, start, kicks=5000)
    assert best.length == shortest
    if len(found) < 60:
        assert bounds.optimum(found.matrix, best.order)[1]


def test_a_large_one_is_near_its_optimum():
    """pcb442: 50778, no more than 1 % above after a second of kicks; the bound is below it."""
    found = read(Path(__file__).parents[3] / "data" / "pcb442.tsp")
    near = places.neighbours(found.matrix)
    start = heuristics.greedy(found.matrix, near)
    best = lin_kernighan.improve(found.matrix, found.points, near, start, kicks=10_000)
    assert 50778 <= best.length <= 1.01 * 50778
    assert bounds.held_karp(found.matrix, found.points, best.length)[0] <= 50778


def test_one_way_distances_of_tsplib():
    """br17 takes 39, and is proved to."""
    found = read(LIBRARY / "br17.atsp")
    assert not found.symmetric
    best = one_way.improve_one_way(
        found.matrix, heuristics.nearest_neighbour(found.matrix), kicks=1000
    )
    assert best.length == heuristics.length(found.matrix, best.order) == 39
    order, proved = bounds.optimum(found.matrix, heuristics.nearest_neighbour(found.matrix))
    assert proved
    assert heuristics.length(found.matrix, order) == 39


@pytest.mark.parametrize(
    ("shape", "numbers"),
    [
        ("FULL_MATRIX", "0 1 2 1 0 3 2 3 0"),
        ("UPPER_ROW", "1 2\n3"),
        ("LOWER_ROW", "1 2 3"),
        ("UPPER_DIAG_ROW", "0 1 2 0 3 0"),
        ("LOWER_DIAG_ROW", "0 1 0 2 3 0"),
    ],
)
def test_tsplib_with_distances(tmp_path, shape, numbers):
    """In each of its formats."""
    file = tmp_path / "a.tsp"
    head = f"DIMENSION : 3\nEDGE_WEIGHT_TYPE : EXPLICIT\nEDGE_WEIGHT_FORMAT : {shape}\n"
    file.write_text(f"{head}EDGE_WEIGHT_SECTION\n{numbers}\nEOF\n")
    assert read(file).matrix.tolist() == [[0, 1, 2], [1, 0, 3], [2, 3, 0]]


def test_broken_tsplib_files_are_told(tmp_path):
    """By name, with what was expected."""
    file = tmp_path / "a.tsp"
    file.write_text("DIMENSION: 3\nEDGE_WEIGHT_TYPE: EUC_3D\nNODE_COORD_SECTION\n1 2 3\n")
    with pytest.raises(DataError, match=r"a\.tsp: EDGE_WEIGHT_TYPE: .*got 'EUC_3D'.*EUC_2D"):
        read(file)
    file.write_text(file.read_text().replace("3D", "2D"))
    with pytest.raises(DataError, match="expected 3 places, got 1"):
        read(file)
    file.write_text("DIMENSION: 1\nEDGE_WEIGHT_TYPE: EUC_2D\nNODE_COORD_SECTION\n1 2 x\n")
    with pytest.raises(DataError, match=r"a\.tsp:4 NODE_COORD_SECTION: expected numbers, got 'x'"):
        read(file)
    file.write_text("DIMENSION: 3\nEDGE_WEIGHT_TYPE: EXPLICIT\nEDGE_WEIGHT_FORMAT: UPPER_ROW\n")
    with pytest.raises(DataError, match="distances of 3 places, got 0"):
        read(file)
    file.write_text("NAME: nothing\n")
    with pytest.raises(DataError, match="DIMENSION: expected the number of places, got ''"):
        read(file)


def test_an_open_trip_is_a_round_trip_through_nowhere():
    """The longest leg of the square is left out: the square's open trip is 3 + 4 + 3."""
    found = places.with_open_end(places.from_coordinates(SQUARE, "n", "x", "y", globe=False))
    near = places.neighbours(found.matrix)
    trip = lin_kernighan.improve(
        found.matrix, found.points, near, heuristics.random_order(5), kicks=50
    )
    assert trip.length == 10


@given(st.integers(3, 7), st.integers(0, 2**31), st.floats(0, 1))
@settings(max_examples=60, deadline=None)
def test_one_way_trips_against_all_orders(count, seed, wind):
    """Any order is mended to a trip, no longer; the proof finds the shortest, no bound exceeds it."""
    rng = np.random.default_rng(seed)
    matrix = places.straight(rng.random((count, 2))) + wind * rng.random((count, count))
    np.fill_diagonal(matrix, 0)
    start = rng.permutation(count)
    found = one_way.improve_one_way(matrix, start, kicks=50, seed=seed)
    assert sorted(found.order) == list(range(count))
    assert found.length <= heuristics.length(matrix, start) + 1e-9
    assert found.curve[-1, 1] == pytest.approx(found.length)
    orders = [np.array([0, *rest]) for rest in permutations(range(1, count))]
    shortest = min(heuristics.length(matrix, order) for order in orders)
    best, proved = bounds.optimum(matrix, start)
    assert proved
    assert heuristics.length(matrix, best) == pytest.approx(shortest)
    assert bounds.held_karp(matrix, np.zeros((count, 2)), found.length)[0] <= shortest + 1e-9


def test_one_way_trips_of_a_hundred_places():
    """Within 5 % of the bound, from a bad start, whose direction is wrong as well."""
    rng = np.random.default_rng(0)
    matrix = places.straight(rng.random((100, 2))) * (1 + 0.4 * rng.random((100, 100)))
    np.fill_diagonal(matrix, 0)
    found = one_way.improve_one_way(matrix, rng.permutation(100), kicks=2000)
    bound, _ = bounds.held_karp(matrix, np.zeros((100, 2)), found.length, 1000)
    assert bound <= found.length <= 1.05 * bound


def test_each_place_twice():
    """Distances the same both ways; a one-way trip read back from the doubled one."""
    matrix = np.random.default_rng(0).random((6, 6))
    np.fill_diagonal(matrix, 0)
    double = places.doubled(matrix)
    assert np.array_equal(double, double.T)
    order = np.array([3, 1, 0, 5, 4, 2])
    twice = np.column_stack([order, order + 6]).ravel()
    assert places.halved(twice).tolist() == order.tolist()
    assert places.halved(twice[::-1]).tolist() in [order.tolist(), np.roll(order, -1).tolist()]
    length = heuristics.length(double, twice) + places.joined(matrix)
    assert length == pytest.approx(heuristics.length(matrix, order))


def test_a_proof_that_runs_out_of_time_is_none():
    """The good trip comes back, not called proved."""
    rng = np.random.default_rng(0)
    matrix = places.straight(rng.random((60, 2))) * (1 + 0.4 * rng.random((60, 60)))
    np.fill_diagonal(matrix, 0)
    start = heuristics.nearest_neighbour(matrix)
    best, proved = bounds.optimum(matrix, start, seconds=1.0)
    assert not proved
    assert heuristics.length(matrix, best) == heuristics.length(matrix, start)
