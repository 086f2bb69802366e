"""Outlines of countries under a map of places."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest
from matplotlib.path import Path

from fourfold.methods.routes.countries import draw_countries, outlines


@pytest.mark.parametrize(
    ("place", "on_land"),
    [((2.35, 48.86), True), ((-77.0, 39.0), True), ((139.4, 36.0), True), ((-30.0, 40.0), False)],
)
def test_places_lie_where_they_do(place, on_land):
    """Paris, Washington, near Tokyo, and the middle of the Atlantic."""
    assert any(Path(outline).contains_point(place) for outline in outlines()) == on_land


@pytest.mark.parametrize("turn", [0, 360])
def test_what_is_drawn_lies_around_the_places(turn):
    """Longitudes up to 360 too; the axes show the places with a margin, not the world."""
    points = np.add([[-100.0, 30.0], [-80.0, 45.0]], (turn, 0))
    _, ax = plt.subplots()
    draw_countries(ax, points)
    assert len(ax.patches) > 0
    assert ax.get_xlim() == (-101 + turn, -79 + turn)
    assert ax.get_ylim() == (29.25, 45.75)


def test_a_town_has_no_outline():
    """At this scale it would be in the wrong place."""
    _, ax = plt.subplots()
    draw_countries(ax, np.array([[2.3, 48.8], [2.4, 48.9]]))
    assert not ax.patches
