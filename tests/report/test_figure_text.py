"""Figures in words."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fourfold.records.figures.facts import facts
from fourfold.report.figure_text import in_words


@pytest.fixture
def drawn():
    """Return what is said of a figure that a function draws."""

    def words(draw, **options):
        fig, axes = plt.subplots(**options)
        draw(axes)
        told = in_words(facts(fig))
        plt.close(fig)
        return told

    return words


def test_title_axes_and_kind(drawn):
    """With units where labels have them, whole numbers whole, and lines of the panel left out."""

    def draw(ax):
        ax.plot([2, 3, 8], [565.7, 379.4, 171.3], label="inertia")
        ax.axvline(5)
        ax.set(title="Inertia", xlabel="clusters $k$", ylabel="inertia, cm²", yscale="log")
        ax.legend()

    assert drawn(draw) == (
        "Inertia. 2 lines; across clusters k, 2 to 8; up inertia, cm², 171 to 566, log scale; "
        "legend: inertia."
    )


def test_bars_begin_and_end(drawn):
    """Their height counts from where they stand; names are listed, at most eight."""
    told = drawn(lambda ax: ax.bar([f"n{i}" for i in range(10)], np.arange(10) - 3, bottom=1))
    assert told == ("A set of bars; across n0, n1, n2, n3, n4, n5, n6, n7 and 2 more; up -2 to 7.")


def test_bars_of_integers(drawn):
    """As JSON gives them back, where 3 is no float."""
    bars = {"kind": "bars", "x": ["a", "b"], "y": [0, 0], "height": [3, 5]}
    axes = {
        "title": "Counts",
        "series": [bars],
        "x": {"categories": ["a", "b"]},
        "y": {"label": "n"},
    }
    assert "n, 0 to 5" in in_words({"kind": "figure", "axes": [axes]})


def test_of_many_panels_the_first(drawn):
    """Empty ones are none."""

    def draw(axes):
        for i, ax in enumerate(axes.ravel()[:7]):
            ax.scatter([0, i + 1], [0, 1])
        axes.ravel()[-1].set_axis_off()

    told = drawn(draw, nrows=2, ncols=4)
    assert told.count("A set of points") == 4
    assert told.endswith("And 3 more panels.")


@pytest.mark.parametrize("figure", [{}, {"axes": []}, {"axes": [{}]}, {"axes": [{"title": "a"}]}])
def test_of_nothing_nothing(figure):
    """No data, no words: then the cell's name stands in the report."""
    assert in_words(figure) == ""


@given(st.lists(st.floats(), min_size=1, max_size=300), st.text(max_size=20))
def test_any_numbers(values, label):
    """Not a number, infinite or many: there is one line of words."""
    fig, ax = plt.subplots()
    ax.set_xlabel(label.replace("$", ""))
    with np.errstate(all="ignore"):
        ax.plot(range(len(values)), values)
    told = in_words(facts(fig))
    plt.close(fig)
    assert "line" in told
    assert told == " ".join(told.split())
