"""Places and the distances between them: from coordinates, or from a table of distances."""

from dataclasses import dataclass, replace
from math import ceil, log2

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pandas.api.types import is_numeric_dtype
from scipy.spatial.distance import cdist

from fourfold.errors import DataError, did_you_mean
from fourfold.methods.intervals import Array

Order = NDArray[np.int64]

#: Mean radius of the earth, km.
EARTH_KM = 6371.0088


@dataclass(frozen=True)
class Places:
    """Places to visit.

    Attributes
    ----------
    names : tuple of str
    matrix : array of float, shape (n, n)
        Distance from each place (row) to each (column).
    points : array of float, shape (n, 2)
        Across and up, to draw a map; not a number where there are no coordinates.
    unit : str
        Of the distances.
    """

    names: tuple[str, ...]
    matrix: Array
    points: Array
    unit: str = ""

    def __len__(self) -> int:
        return len(self.names)

    @property
    def symmetric(self) -> bool:
        """Say whether both ways are equally long everywhere."""
        return bool(np.array_equal(self.matrix, self.matrix.T))


def from_coordinates(frame: pd.DataFrame, name: str, across: str, up: str, globe: bool) -> Places:
    """Return the places of a table with coordinates.

    Parameters
    ----------
    frame : DataFrame
        A row for each place.
    name, across, up : str
        Columns: what a place is called, longitude or x, latitude or y.
    globe : bool
        Great circles in km between degrees; else straight lines in the unit of the columns.

    Raises
    ------
    DataError
        If a column is missing or holds no numbers, a place has no name or coordinate, a degree is
        out of range, or there are fewer than three places, or all are one.
    """
    for column in (name, across, up):
        if column not in frame:
            known = list(map(str, frame.columns))
            raise DataError(
                f"expected a column of the data ({', '.join(known[:20])}), got {column!r}."
                + did_you_mean(column, known)
            )
    for column in (across, up):
        if not is_numeric_dtype(frame[column]):
            raise DataError(f"{column}: expected numbers, got {frame[column].iloc[0]!r}")
    rows = frame.dropna(subset=[name, across, up], how="all")
    whole = rows[name].notna() & np.isfinite(rows[[across, up]].to_numpy(float)).all(axis=1)
    if lost := list(rows.loc[~whole, [name, across, up]].itertuples(index=False, name=None)):
        # To leave one out would prove the shortest trip through other places.
        raise DataError(
            f"{name}, {across}, {up}: expected all three of each place, got {lost[0]} "
            f"(of {len(lost)} such rows)"
        )
    points = rows[[across, up]].to_numpy(float)
    if globe and (wrong := points[(np.abs(points) > [360, 90]).any(axis=1)]).size:
        got = f"{wrong[0, 0]:g} and {wrong[0, 1]:g}; swapped?"
        raise DataError(f"{across}, {up}: expected degrees, at most 360 and 90, got {got}")
    matrix = great_circles(points) if globe else straight(points)
    return _checked(Places(tuple(rows[name].astype(str)), matrix, points, "km" if globe else ""))


def from_matrix(frame: pd.DataFrame) -> Places:
    """Return the places of a square table of distances: first column names, one column a place.

    A table read from a TSPLIB file brings its coordinates along, in ``frame.attrs["points"]``.
    Ways there and back that differ by the rounding of numbers only are taken as one.

    Raises
    ------
    DataError
        If the names of rows and columns differ, a distance is missing, infinite or negative, or
        there are fewer than three places, or all are one.
    """
    names = list(map(str, frame.columns[1:]))
    rows = list(map(str, frame.iloc[:, 0]))
    if sorted(names) != sorted(rows):
        odd = next(iter(set(rows) ^ set(names)), "a name that stands twice")
        raise DataError(f"distances: expected the same places in rows and columns, got {odd!r}")
    square = frame.set_index(frame.columns[0]).loc[:, frame.columns[1:]]
    square.index = square.index.map(str)
    matrix = np.array(square.loc[names], dtype=float)
    np.fill_diagonal(matrix, 0.0)
    if not ((matrix >= 0) & (matrix < np.inf)).all():
        raise DataError(
            "distances: expected numbers from 0 up, got a missing, infinite or negative one"
        )
    coarse = any(kind == np.float32 for kind in square.dtypes)
    if np.abs(matrix - matrix.T).max() <= 4 * np.finfo("f4" if coarse else "f8").eps * matrix.max():
        matrix = (matrix + matrix.T) / 2
    points = np.array(frame.attrs.get("points", np.full((len(names), 2), np.nan)), dtype=float)
    return _checked(Places(tuple(names), matrix, points))


def _checked(places: Places) -> Places:
    if len(places) < 3:
        raise DataError(f"expected at least three places to go round, got {len(places)}")
    if not places.matrix.any():
        raise DataError(f"expected places apart from each other, got {len(places)} at one point")
    return places


def scale(matrix: Array, points: Array) -> float:
    """Return a power of two to divide distances by, so that their size makes no difference.

    What counts as no gain in a search, or as solved in a proof, is a fixed small number: too small
    for distances in metres, where rounding exceeds it, and too large for tiny ones. Sizes that
    suit are left as they are.
    """
    largest = float(matrix.max()) if matrix.size else float(np.ptp(points, axis=0).max())
    return 1.0 if largest == 0 or 2**10 <= largest <= 2**16 else 2.0 ** (ceil(log2(largest)) - 14)


def straight(points: Array) -> Array:
    """Return straight distances, shape (n, n)."""
    return np.asarray(cdist(points, points))


def great_circles(degrees: Array) -> Array:
    """Return distances on the globe in km, shape (n, n), from longitude and latitude.

    Notes
    -----
    The haversine formula (Sinnott, Sky and Telescope 68 (1984), p. 159).

    Examples
    --------
    >>> great_circles(np.array([[0.0, 0.0], [0.0, 90.0]]))[0, 1].round(1)
    np.float64(10007.6)
    """
    east, north = np.radians(degrees).T
    half = np.sin((north[:, None] - north) / 2) ** 2
    half = half + np.cos(north[:, None]) * np.cos(north) * np.sin((east[:, None] - east) / 2) ** 2
    return np.asarray(2 * EARTH_KM * np.arcsin(np.sqrt(np.clip(half, 0, 1))))


def neighbours(matrix: Array, count: int = 8) -> Order:
    """Return the nearest other places of each, nearest first, shape (n, count or fewer)."""
    others = matrix + np.where(np.eye(len(matrix), dtype=bool), np.inf, 0.0)
    return np.argsort(others, axis=1, kind="stable")[:, : min(count, len(matrix) - 1)]


def with_open_end(places: Places) -> Places:
    """Return the places with one more, near to all: without it, a round trip is open there."""
    count = len(places)
    matrix = np.zeros((count + 1, count + 1))
    matrix[:count, :count] = places.matrix
    points = np.vstack([places.points, [np.nan, np.nan]])
    return replace(places, names=(*places.names, "(home)"), matrix=matrix, points=points)


def doubled(matrix: Array) -> Array:
    """Return symmetric distances for one-way ones: each place twice, to arrive and to leave.

    The two halves of a place are joined by a leg that costs less than nothing, so that it is
    always taken; `halved` reads the trip.

    Notes
    -----
    Jonker & Volgenant, Operations Research Letters 2 (1983), p. 161.
    """
    count = len(matrix)
    # Larger than any leg; a leg that costs it less is always kept.
    never = 1e7 * max(1.0, float(matrix.max()))
    one_way = matrix.copy()
    np.fill_diagonal(one_way, -joined(matrix) / count)
    apart = np.full((count, count), never)
    both = np.block([[apart, one_way.T], [one_way, apart]])
    np.fill_diagonal(both, 0.0)
    return both


def joined(matrix: Array) -> float:
    """Return how much shorter a trip of `doubled` places is than the one-way trip."""
    return float(matrix.max()) * len(matrix) ** 2


def halved(order: Order) -> Order:
    """Return the one-way trip of a round trip of `doubled` places."""
    count = len(order) // 2
    # Who arrives at a place leaves it next; else the trip is read the other way.
    forward = order[1] == order[0] + count or order[-1] == order[0] - count
    trip = order if forward else order[::-1]
    return np.asarray(trip[trip < count])
