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
    with pytest.raises(DataError, match="missing, infinite or negative"):
        places.from_matrix(table.assign(c=[3, None, 0]))
    with pytest.raises(DataError, match="missing, infinite or negative"):
        places.from_matrix(table.assign(c=[3, np.inf, 0]))


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
    with pytest.raises(
        DataError, match="DIMENSION: expected the number of places, at most 12,000, got ''"
    ):
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
@settings(max_examples=60)
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


UNITS = [1e-9, 1e-4, 1.0, 1e3, 1e6, 1e13]


@pytest.mark.parametrize("unit", UNITS)
def test_the_unit_of_distances_makes_no_difference(unit):
    """Micrometres or astronomical units: the same trips, proved, and a bound in proportion.

    In metres around the globe the searches went on for ever, since rounding exceeded the least gain.
    """
    rng = np.random.default_rng(0)
    matrix = places.great_circles(rng.uniform(-80, 80, (20, 2)))
    near, nowhere, start = places.neighbours(matrix), np.zeros((20, 2)), rng.permutation(20)
    scaled = matrix * unit
    mended = lin_kernighan.improve(scaled, nowhere, near, start, kicks=200)
    best, proved = bounds.optimum(scaled, start)
    shortest = heuristics.length(scaled, best)
    assert proved
    assert shortest == pytest.approx(
        unit * heuristics.length(matrix, bounds.optimum(matrix, start)[0])
    )
    assert mended.curve[-1, 1] == pytest.approx(mended.length)
    assert shortest <= mended.length * (1 + 1e-12) <= 1.1 * shortest
    for order in (heuristics.or_opt(scaled, start), heuristics.anneal(scaled, start, 2000)[0]):
        assert shortest * (1 - 1e-12) <= heuristics.length(scaled, order)
    bound = bounds.held_karp(scaled, nowhere, mended.length)[0]
    assert 0.9 * shortest < bound <= shortest * (1 + 1e-9)
    wind = scaled * (1 + 0.3 * rng.random((20, 20)))
    found = one_way.improve_one_way(wind, start, kicks=500)
    best, proved = bounds.optimum(wind, start)
    assert proved
    assert heuristics.length(wind, best) <= found.length * (1 + 1e-12)
    assert bounds.held_karp(wind, nowhere, found.length)[0] <= found.length * (1 + 1e-9)


@pytest.mark.parametrize("unit", UNITS)
def test_points_without_a_table_in_any_unit(unit):
    """Straight lines between points, as of many places: mended and bounded in proportion."""
    points = np.random.default_rng(0).random((60, 2)) * unit
    near = places.neighbours(places.straight(points))
    none, order = np.empty((0, 0)), np.arange(60)
    found = lin_kernighan.improve(none, points, near, order, kicks=500)
    bound = bounds.held_karp(none, points, found.length)[0]
    assert 0.95 * found.length < bound <= found.length * (1 + 1e-9)


def table_of(matrix):
    names = [f"c{n}" for n in range(len(matrix))]
    return pd.DataFrame(matrix, columns=names).assign(place=names)[["place", *names]]


@pytest.mark.parametrize("kind", ["float64", "float32", "many", "metres"])
def test_a_last_digit_is_no_way_back(kind):
    """Ways that differ by the rounding of numbers are one, so that 110 such places are proved."""
    rng = np.random.default_rng(1)
    matrix = places.straight(rng.random((110, 2)) * (1e8 if kind == "metres" else 1e3))
    if kind == "many":
        matrix *= 1 + 2e-16 * rng.integers(-1, 2, matrix.shape)
    matrix = matrix.astype("float32" if kind == "float32" else "float64")
    matrix[3, 5] = np.nextafter(matrix[3, 5], matrix.dtype.type(np.inf))
    found = places.from_matrix(table_of(matrix))
    assert found.symmetric
    start = heuristics.greedy(found.matrix, places.neighbours(found.matrix))
    order, _ = bounds.optimum(found.matrix, start, seconds=0.5)  # refused as one-way: over 100
    assert heuristics.length(found.matrix, order) <= heuristics.length(found.matrix, start)


@pytest.mark.parametrize("step", [0.01, 1e-6, 1e-9])
def test_a_small_difference_one_way_is_one_way(step):
    """A cent one way is a difference: search, bound and proof all see it, and agree."""
    rng = np.random.default_rng(0)
    matrix = np.round(places.great_circles(rng.uniform(-60, 60, (9, 2))), 2)
    matrix += step * (rng.random(matrix.shape) < 0.2) * (1 - np.eye(9))
    found = places.from_matrix(table_of(matrix))
    assert not found.symmetric
    mended = one_way.improve_one_way(found.matrix, rng.permutation(9), kicks=200)
    best, proved = bounds.optimum(found.matrix, mended.order)
    orders = np.array([[0, *rest] for rest in permutations(range(1, 9))])
    shortest = matrix[orders, np.roll(orders, -1, axis=1)].sum(axis=1).min()
    assert proved
    assert heuristics.length(found.matrix, best) == pytest.approx(shortest, rel=1e-8)


@pytest.mark.parametrize("never", [1e6, 1e9, 1e15])
@pytest.mark.parametrize("wind", [0.0, 0.5])
def test_ways_that_do_not_exist_get_a_large_number(never, wind):
    """As the message on missing distances advises: the proof is of the other ways, to the digit."""
    rng = np.random.default_rng(3)
    matrix = places.straight(rng.random((8, 2))) + wind * rng.random((8, 8))
    closed = np.triu(rng.random((8, 8)) < 0.3)
    matrix[closed | closed.T] = never
    np.fill_diagonal(matrix, 0)
    orders = np.array([[0, *rest] for rest in permutations(range(1, 8))])
    lengths = matrix[orders, np.roll(orders, -1, axis=1)].sum(axis=1)
    best, proved = bounds.optimum(matrix, heuristics.nearest_neighbour(matrix))
    assert proved
    assert heuristics.length(matrix, best) == pytest.approx(lengths.min(), rel=1e-9)
    assert lengths.min() < never
    bound = bounds.held_karp(matrix, np.zeros((8, 2)), lengths.min())[0]
    assert 0.8 * lengths.min() < bound <= lengths.min() * (1 + 1e-9)


@pytest.mark.parametrize("count", [3, 5, 60])
def test_one_place_many_times_is_no_trip(count):
    """Coordinates and tables whose places are all one are told, not divided by."""
    same = pd.DataFrame({"n": range(count), "x": 7.5, "y": 50.1})
    for globe in (True, False):
        with pytest.raises(DataError, match=f"apart from each other, got {count} at one point"):
            places.from_coordinates(same, "n", "x", "y", globe)
    with pytest.raises(DataError, match=f"apart from each other, got {count} at one point"):
        places.from_matrix(table_of(np.zeros((count, count))))


@pytest.mark.parametrize(
    ("row", "shown"),
    [
        ({"x": None}, "('b', nan, 4.0)"),
        ({"y": np.inf}, "('b', 0.0, inf)"),
        ({"n": None}, "(None, 0.0, 4.0)"),
        ({"x": None, "y": None}, "('b', nan, nan)"),
    ],
)
def test_a_place_without_a_coordinate_is_told(row, shown):
    """It is not left out: the trip would be proved for other places. Empty rows are."""
    table = SQUARE.astype({"n": object})
    for column, value in row.items():
        table.loc[1, column] = value
    with pytest.raises(DataError) as caught:
        places.from_coordinates(table, "n", "x", "y", globe=False)
    assert f"expected all three of each place, got {shown} (of 1 such rows)" in str(caught.value)
    empty = pd.concat([SQUARE, pd.DataFrame({"n": [None], "x": [np.nan], "y": [np.nan]})])
    assert len(places.from_coordinates(empty, "n", "x", "y", globe=False)) == 4


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
