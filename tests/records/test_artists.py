"""The data behind each kind of plot, worked out by hand."""

from __future__ import annotations

import matplotlib as mpl
import numpy as np
import pandas as pd
import pytest

mpl.use("agg")
import matplotlib.pyplot as plt
import seaborn as sns

from fourfold.records.figures.artists import drawn


@pytest.fixture
def ax():
    """One empty axes."""
    fig, made = plt.subplots()
    yield made
    plt.close(fig)


def only(ax) -> dict:
    """The only series of an axes."""
    [found] = drawn(ax)
    return found


def test_lines(ax):
    """Data and label, dates as days since 1970; a line without points is none."""
    ax.plot(pd.to_datetime(["1970-01-02", "1970-01-03"]), [1, 2], label="a")
    ax.plot([], [], label="for the legend")
    assert only(ax) == {"kind": "line", "label": "a", "x": [1.0, 2.0], "y": [1.0, 2.0]}


def test_bars(ax):
    """Position, height and width of each, and which share a colour."""
    ax.bar([1, 2, 3], [5, 6, 7], color=["grey", "red", "grey"], label="sold")
    assert only(ax) == {
        "kind": "bars",
        "label": "sold",
        "x": [0.6, 1.6, 2.6],
        "y": [0.0, 0.0, 0.0],
        "width": [0.8, 0.8, 0.8],
        "height": [5.0, 6.0, 7.0],
        "groups": [0, 1, 0],
    }


def test_a_histogram_is_its_bars(ax):
    """Counts of 1, 2 and 1 in three bins."""
    sns.histplot(x=[0.0, 1.5, 1.6, 3.0], bins=3, ax=ax)
    found = only(ax)
    assert (found["x"], found["height"]) == ([0.0, 1.0, 2.0], [1.0, 2.0, 1.0])


def test_error_bars(ax):
    """The points, and the ends of each bar; caps are not said twice."""
    ax.errorbar([1, 2], [10, 20], yerr=[[1, 2], [3, 4]], xerr=0.5, capsize=3)
    assert only(ax) == {
        "kind": "error bars",
        "x": [1.0, 2.0],
        "y": [10.0, 20.0],
        "x low": [0.5, 1.5],
        "x high": [1.5, 2.5],
        "y low": [9.0, 18.0],
        "y high": [13.0, 24.0],
    }


def test_bars_with_errors(ax):
    """Two series: what was measured, and how surely."""
    ax.barh(["a", "b"], [3, 4], xerr=1)
    kinds = {found["kind"]: found for found in drawn(ax)}
    assert kinds["bars"]["width"] == [3.0, 4.0]
    assert kinds["error bars"]["x low"] == [2.0, 3.0]


def test_points(ax):
    """Places; sizes and colours where they tell points apart."""
    ax.scatter([1, 2], [3, 4], s=10, c="red", label="plain")
    assert only(ax) == {"kind": "points", "label": "plain", "x": [1.0, 2.0], "y": [3.0, 4.0]}
    ax.clear()
    ax.scatter([1, 2], [3, 4], s=[10, 20], c=[0.5, 0.7])
    assert only(ax) == {
        "kind": "points",
        "x": [1.0, 2.0],
        "y": [3.0, 4.0],
        "sizes": [10.0, 20.0],
        "values": [0.5, 0.7],
    }


def test_groups_are_numbered_as_they_appear(ax):
    """By first appearance, so that another palette gives the same; one group says nothing."""
    ax.scatter(range(5), range(5), c=["red", "red", "blue", "red", "green"])
    assert only(ax)["groups"] == [0, 0, 1, 0, 2]
    ax.clear()
    ax.scatter(range(5), range(5), c=["red"] * 5)
    assert "groups" not in only(ax)


def test_hues_are_groups(ax):
    """Which points share a colour counts, the palette does not."""
    data = {"x": [1, 2, 3], "y": [1, 2, 3]}
    sns.scatterplot(**data, hue=["a", "b", "a"], palette="Set1", ax=ax, legend=False)
    assert only(ax)["groups"] == [0, 1, 0]
    ax.clear()
    sns.scatterplot(**data, hue=["a", "b", "a"], palette="Set2", ax=ax, legend=False)
    assert only(ax)["groups"] == [0, 1, 0]


def test_a_heatmap_is_its_values(ax):
    """Row by row, a hidden cell as NaN, with the edges of the grid."""
    mask = np.array([[False, True], [False, False]])
    sns.heatmap(np.array([[1, 2], [3, 4]]), mask=mask, cbar=False, ax=ax)
    assert only(ax) == {
        "kind": "grid",
        "x": [0, 1, 2],
        "y": [0, 1, 2],
        "values": [1.0, "nan", 3.0, 4.0],
    }


def test_an_image_is_its_values(ax):
    """Size and values; whole numbers stay whole."""
    ax.imshow(np.array([[1, 2, 3]], dtype=np.uint8))
    assert only(ax) == {
        "kind": "image",
        "size": [1, 3],
        "extent": [-0.5, 2.5, 0.5, -0.5],
        "values": [1, 2, 3],
    }


def test_segments(ax):
    """Ends of each, one after another."""
    ax.hlines([1, 2], [0, 0], [5, 6])
    assert only(ax) == {
        "kind": "segments",
        "corners": [2, 2],
        "x": [0.0, 5.0, 0.0, 6.0],
        "y": [1.0, 1.0, 2.0, 2.0],
    }


def test_filled_areas(ax):
    """The outline; a moved bound moves it."""
    ax.fill_between([0, 1], [0, 0], [1, 2])
    first = only(ax)
    assert first["kind"] == "areas"
    assert 2.0 in first["y"]
    ax.clear()
    ax.fill_between([0, 1], [0, 0], [1, 3])
    assert only(ax)["y"] != first["y"]


def test_a_box_plot_is_its_lines(ax):
    """Of 1..5: median 3, quartiles 2 and 4."""
    ax.boxplot([[1, 2, 3, 4, 5]], widths=0.5)
    found = [series["y"] for series in drawn(ax)]
    assert [3.0, 3.0] in found
    assert [2.0, 2.0, 4.0, 4.0, 2.0] in found


@pytest.mark.filterwarnings("ignore:vert")  # seaborn 0.13 on matplotlib 3.11
def test_a_filled_box_plot_too(ax):
    """Seaborn fills its boxes: then they are shapes."""
    sns.boxplot(y=[1, 2, 3, 4, 5], ax=ax)
    [box] = [found for found in drawn(ax) if found["kind"] == "shapes"]
    assert {2.0, 4.0} == set(box["y"])


def test_pies_rectangles_and_polygons(ax):
    """Angles, sizes and corners; the end of a closed polygon is no corner."""
    ax.pie([1, 3])
    assert only(ax) == {"kind": "wedges", "from": [0.0, 90.0], "to": [90.0, 360.0]}
    ax.clear()
    ax.add_patch(mpl.patches.Rectangle((1, 2), 3, 4))
    ax.add_patch(mpl.patches.Polygon([(0, 0), (1, 0), (1, 1)]))
    rectangles, shapes = drawn(ax)
    assert [rectangles[name] for name in ("x", "y", "width", "height")] == [[1], [2], [3], [4]]
    assert shapes == {"kind": "shapes", "corners": [3], "x": [0.0, 1.0, 1.0], "y": [0.0, 0.0, 1.0]}


def test_a_table_is_its_cells(ax):
    """Row by row."""
    ax.table([["a", "b"], ["c", "d"]])
    assert only(ax) == {"kind": "table", "cells": ["a", "b", "c", "d"]}


def test_three_dimensions():
    """Lines and points as they were given, also once they are drawn; surfaces are left out."""
    fig, ax = plt.subplots(subplot_kw={"projection": "3d"})
    ax.plot([1, 2], [3, 4], [5, 6])
    ax.scatter([1, 2], [3, 4], [5, 6])
    ax.plot_surface(*np.meshgrid([0, 1], [0, 1]), np.ones((2, 2)))
    places = {"x": [1.0, 2.0], "y": [3.0, 4.0], "z": [5.0, 6.0]}
    fig.canvas.draw()
    found = [{key: series[key] for key in "xyz"} for series in drawn(ax)]
    plt.close(fig)
    assert found == [places, places]


def test_many_kinds_are_read(ax):
    """Contours, hexagons, violins, steps, stems and arrows give data and raise nothing."""
    x, y = np.random.default_rng(0).normal(size=(2, 400))
    grid = np.add.outer(np.arange(5.0), np.arange(6.0))
    counts = {
        "contour": lambda: ax.contour(grid),
        "contourf": lambda: ax.contourf(grid),
        "pcolor": lambda: ax.pcolor(grid),
        "hexbin": lambda: ax.hexbin(x, y, gridsize=5),
        "violin": lambda: ax.violinplot(x),
        "step": lambda: ax.hist(x, histtype="step"),
        "stack": lambda: ax.stackplot([1, 2], [1, 2], [3, 4]),
        "stem": lambda: ax.stem([1, 2], [3, 4]),
        "quiver": lambda: ax.quiver([1, 2], [3, 4], [1, 1], [0, 1]),
        "lines": lambda: sns.lineplot(x=np.tile([1, 2], 10), y=np.arange(20), ax=ax),
        "violins": lambda: sns.violinplot(x=x, ax=ax),
        "swarm": lambda: sns.stripplot(x=x[:30], ax=ax),
    }
    for name, draw in counts.items():
        ax.clear()
        draw()
        assert [*drawn(ax)], name


def test_a_changed_series_shows(ax):
    """Another value in any of these plots gives other data."""
    plots = [
        lambda v: ax.plot([1, 2, v]),
        lambda v: ax.bar([1, 2], [1, v]),
        lambda v: ax.scatter([1, 2], [1, v]),
        lambda v: ax.fill_between([1, 2], [1, v]),
        lambda v: ax.hexbin([1, 2, v], [1, 2, 3], gridsize=3),
        lambda v: ax.contour([[1, 2], [3, 4 * v]]),
        lambda v: ax.pie([1, v]),
        lambda v: ax.violinplot([1, 2, v]),
        lambda v: ax.quiver([1, 2], [3, 4], [1, v], [0, 1]),
        lambda v: ax.pcolor([[1, v]]),
        lambda v: ax.eventplot([1, v]),
        lambda v: ax.broken_barh([(1, v)], (0, 1)),
    ]
    for number, plot in enumerate(plots):
        found = []
        for value in (3, 3.1):
            ax.clear()
            plot(value)
            found.append([*drawn(ax)])
        assert found[0] != found[1], number
