"""The outlines of countries under a map of places."""

from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from fourfold.methods.intervals import Array

#: Degrees; below, outlines of this scale would be far from where they should be.
SMALLEST = 3.0
_FILE = Path(__file__).with_name("countries.npz")


def draw_countries(ax: Any, points: Array) -> None:
    """Draw the borders and coasts around places, which keep the limits of the axes.

    Nothing is drawn around places that all lie within three degrees.

    Parameters
    ----------
    ax : Axes
    points : array of float, shape (n, 2)
        Longitudes and latitudes, degrees.

    Notes
    -----
    Natural Earth's countries at 1:110 million, public domain, rounded to a hundredth of a degree.
    """
    west, south = points.min(axis=0)
    east, north = points.max(axis=0)
    if max(east - west, north - south) < SMALLEST:
        return
    margin = 0.05 * np.array([east - west, north - south])
    ax.set(xlim=(west - margin[0], east + margin[0]), ylim=(south - margin[1], north + margin[1]))
    for turn in (-360, 0, 360):
        for outline in outlines():
            ring = np.add(outline, (turn, 0))
            if (ring.max(axis=0) >= (west, south)).all() and (
                ring.min(axis=0) <= (east, north)
            ).all():
                ax.fill(*ring.T, facecolor="0.95", edgecolor="0.8", lw=0.5, zorder=0)


@cache
def outlines() -> list[Array]:
    """Return the outline of each part of each country, an array of shape (n, 2), in degrees."""
    with np.load(_FILE) as file:
        points, ends = file["points"] / 100, np.cumsum(file["lengths"])
    return np.split(points, ends[:-1])
