"""What a figure shows, as data."""

from __future__ import annotations

import base64
import json
import pickle
import subprocess
import sys

import matplotlib as mpl
import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell

mpl.use("agg")
import matplotlib.pyplot as plt
import seaborn as sns

from fourfold.records.evidence import MIME
from fourfold.records.figures.facts import facts, install


@pytest.fixture(autouse=True)
def _no_figures_left():
    yield
    plt.close("all")


def of(ax) -> dict:
    """Facts of the only axes of a figure."""
    [found] = facts(ax.figure)["axes"]
    return found


def test_words_of_a_figure():
    """Titles, labels, log scale, legend and texts; matplotlib's own ticks and labels are not."""
    fig, ax = plt.subplots()
    ax.plot([1, 10], [1, 100], label="cost")
    ax.set(title="Cost", xlabel="rows", ylabel="EUR", xscale="log")
    ax.legend(title="what")
    ax.text(2, 2, "cheap")
    ax.annotate("dear", (10, 100), xytext=(5, 90), arrowprops={"arrowstyle": "->"})
    fig.suptitle("All costs")
    fig.text(0, 0, "source: us")
    found = facts(fig)
    assert (found["kind"], found["title"], found["texts"]) == (
        "figure",
        "All costs",
        ["source: us"],
    )
    assert found["axes"] == [
        {
            "title": "Cost",
            "x": {"label": "rows", "scale": "log"},
            "y": {"label": "EUR"},
            "legend": ["what", "cost"],
            "texts": ["cheap", "dear"],
            "series": [{"kind": "line", "label": "cost", "x": [1.0, 10.0], "y": [1.0, 100.0]}],
        }
    ]


def test_categories_of_data_and_of_ticks():
    """Names along an axis count, whether data gave them or labels of ticks; numbers do not."""
    _, ax = plt.subplots()
    ax.bar(["a", "b"], [1, 2])
    ax.set_yticks([0, 1], ["none", "all"])
    assert of(ax)["x"] == {"categories": ["a", "b"]}
    assert of(ax)["y"] == {"categories": ["none", "all"]}
    _, ax = plt.subplots()
    ax.set_xticks([1, 2, 3])
    assert of(ax) == {}


def test_hidden_axes_and_artists_are_left_out():
    """What nobody sees is not compared."""
    fig, (one, two) = plt.subplots(1, 2)
    one.plot([1], [2])
    one.plot([3], [4])[0].set_visible(False)
    two.plot([5], [6])
    two.set_visible(False)
    found = facts(fig)["axes"]
    assert found == [{"series": [{"kind": "line", "x": [1.0], "y": [2.0]}]}]


def test_axes_within_axes_are_found():
    """A second scale on top with named ticks, and an inset."""
    fig, ax = plt.subplots()
    ax.secondary_xaxis("top").set_xticks([0.6, 0.75], ["trust", "valid"])
    ax.inset_axes([0.5, 0.5, 0.4, 0.4]).plot([1], [2])
    outer, top, inset = facts(fig)["axes"]
    assert outer == {}
    assert top == {"x": {"categories": ["trust", "valid"]}}
    assert inset["series"][0]["kind"] == "line"


def test_a_colour_bar_says_its_label_only():
    """Its colours are those of the colour map."""
    fig, ax = plt.subplots()
    fig.colorbar(ax.imshow([[1, 2]]), label="metres")
    assert facts(fig)["axes"][1] == {"y": {"label": "metres"}}


def test_facts_neither_draw_nor_change():
    """The same picture with and without them, and the same facts before and after drawing."""

    def make():
        fig, axes = plt.subplots(1, 2, layout="constrained")
        sns.histplot(x=np.arange(20) ** 2, ax=axes[0], kde=True)
        sns.scatterplot(x=[1, 2, 3], y=[3, 1, 2], hue=["a", "b", "a"], ax=axes[1])
        return fig

    def picture(fig):
        fig.canvas.draw()
        return bytes(fig.canvas.buffer_rgba())

    plain, read = make(), make()
    before = facts(read)
    assert read.stale
    assert picture(read) == picture(plain)
    assert facts(read) == before


def test_facts_are_strict_json():
    """NaN and infinities are strings."""
    _, ax = plt.subplots()
    ax.plot([1, 2, 3], [1, np.nan, np.inf])
    ax.imshow(np.ma.masked_less([[1.0, 2.0]], 2))
    text = json.dumps(facts(ax.figure), allow_nan=False)
    assert json.loads(text) == facts(ax.figure)


def test_what_fails_is_skipped():
    """An artist or a formatter that raises costs its own facts only."""
    _, ax = plt.subplots()
    ax.plot([1, 2], [3, 4])
    broken = ax.plot([5, 6], [7, 8])[0]
    broken.get_data = None
    ax.set_xticks([1])
    ax.xaxis.set_major_formatter(lambda value, place: 1 / 0)
    assert of(ax) == {"series": [{"kind": "line", "x": [1.0, 2.0], "y": [3.0, 4.0]}]}


def test_a_scatter_of_all_flights_takes_no_space():
    """337,000 points with colours in a few KB."""
    draw = np.random.default_rng(0)
    x, y = draw.normal(size=(2, 337_000))
    _, ax = plt.subplots()
    ax.scatter(x, y, c=np.where(x > 0, "C0", "C1"))
    assert len(json.dumps(facts(ax.figure))) < 5000


class Shell(InteractiveShell):
    """A shell without windows, as a kernel's is."""

    def enable_gui(self, gui=None):
        """No window is opened."""


def test_a_displayed_figure_carries_its_facts():
    """Beside the picture and the text, which stay as they are; twice installed is once."""
    shell = Shell()
    shell.enable_matplotlib("inline")
    fig, ax = plt.subplots()
    ax.plot([1, 2], [3, 4])
    plain, _ = shell.display_formatter.format(fig)
    install(shell)
    install(shell)
    found, _ = shell.display_formatter.format(fig)
    assert found.pop(MIME) == facts(fig)
    assert found == plain
    assert (
        base64.b64decode(found["image/png"]).startswith(b"\x89PNG")
        if isinstance(found["image/png"], str)
        else found["image/png"].startswith(b"\x89PNG")
    )


def test_an_empty_figure_shows_no_facts():
    """It has no picture either."""
    shell = InteractiveShell()
    install(shell)
    found, _ = shell.display_formatter.format(plt.figure())
    assert [*found] == ["text/plain"]


def test_a_formatter_of_the_user_stays():
    """Who formats figures otherwise keeps that."""
    shell = InteractiveShell()
    formatter = shell.display_formatter.mimebundle_formatter
    formatter.for_type(mpl.figure.Figure, lambda fig: {"text/html": "mine"})
    install(shell)
    found, _ = shell.display_formatter.format(plt.figure())
    assert found["text/html"] == "mine"
    assert MIME not in found


def test_style_installs_in_a_shell_only():
    """`ff.style()` in a shell; in plain Python it begins none."""
    code = (
        "from IPython.core.interactiveshell import InteractiveShell\n"
        "shell = InteractiveShell.instance()\n"
        "shell.run_cell('import fourfold as ff; ff.style(); import matplotlib.pyplot as plt')\n"
        "fig, ax = shell.user_ns['plt'].subplots()\n"
        f"print({MIME!r} in shell.display_formatter.format(fig)[0])"
    )
    plain = (
        "import fourfold as ff; ff.style()\n"
        "from IPython import get_ipython; print(get_ipython() is not None)"
    )
    said = []
    for each in (code, plain):
        done = subprocess.run([sys.executable, "-c", each], capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        said.append(done.stdout.split()[-1])
    assert said == ["True", "False"]


def test_a_figure_survives_being_pickled():
    """Facts are of the figure and not of how it came to be."""
    _, ax = plt.subplots()
    sns.heatmap([[1, 2], [3, 4]], annot=True, ax=ax)
    assert facts(pickle.loads(pickle.dumps(ax.figure))) == facts(ax.figure)


@pytest.mark.parametrize("letters", [20, 90])
def test_titles_are_never_cut(letters):
    """A long one is written smaller; the canvas, and a short one, stay as they are."""
    import matplotlib.pyplot as plt

    from fourfold.records.figures.facts import _fit_titles

    fig, ax = plt.subplots(figsize=(4, 3), layout="constrained")
    ax.set_title("x" * letters)
    size = ax.title.get_fontsize()
    _fit_titles(fig)
    fig.draw_without_rendering()
    box = ax.title.get_window_extent()
    assert 0 <= box.x0 < box.x1 <= fig.bbox.width
    assert (ax.title.get_fontsize() == size) == (letters == 20)
    plt.close(fig)
