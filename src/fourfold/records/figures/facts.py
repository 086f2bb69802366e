"""What a matplotlib figure shows, as JSON: a regression test compares data and not pixels."""

from collections.abc import Iterable, Iterator
from typing import Any

from fourfold.records.evidence import MIME
from fourfold.records.figures.artists import Facts, attempt, drawn, kept
from fourfold.records.figures.series import words

_PLAIN = ("linear", "function")
#: Titles of fewer letters fit on any canvas.
_LONG_TITLE = 40


def facts(figure: Any) -> Facts:
    """Return what a figure shows: for each axes its words, and the data drawn by kind.

    Nothing in it depends on the version of matplotlib, on fonts or on the layout: no pixels, no
    limits or ticks that matplotlib chose, no colours, but which points share one. The figure, drawn
    before or not, is not changed. What is not known is left out, and so are hidden axes.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> fig, ax = plt.subplots()
    >>> _ = ax.plot([1, 2], [0.1, 1 / 3]); _ = ax.set_title("Growth")
    >>> facts(fig)["axes"]
    [{'title': 'Growth', 'series': [{'kind': 'line', 'x': [1.0, 2.0], 'y': [0.1, 0.333333]}]}]
    >>> plt.close(fig)
    """
    heading = attempt(lambda: figure.get_suptitle())
    rest = [text for text in _texts(figure.texts) if text != heading]
    legends = [_legend(legend) for legend in figure.legends]
    axes = [attempt(_axes, ax) or {} for ax in _visible(_all_axes(figure.axes))]
    texts = kept(title=heading, texts=words(rest), legends=legends)
    return {"kind": "figure", **texts, "axes": axes}


def install(shell: Any) -> None:
    """Let each figure that an IPython shell displays carry its facts beside its picture.

    A formatter of the user's own for figures is left as it is.
    """
    formatter = shell.display_formatter.mimebundle_formatter
    # By name, so that matplotlib need not be imported.
    if formatter.for_type_by_name("matplotlib.figure", "Figure") is None:
        formatter.for_type_by_name("matplotlib.figure", "Figure", _bundle)


def _bundle(figure: Any) -> Facts:
    attempt(_fit_titles, figure)
    content = attempt(facts, figure)
    return {MIME: content} if content and content["axes"] else {}


def _fit_titles(figure: Any) -> None:
    """Shrink the titles that the edge of the canvas would cut; its size never changes."""
    titles = [ax.title for ax in figure.axes] + [figure._suptitle]
    long = [each for each in titles if each is not None and len(each.get_text()) > _LONG_TITLE]
    if long:
        figure.draw_without_rendering()  # before it, no layout is known
    for title in long:
        box, width = title.get_window_extent(), figure.bbox.width
        middle = (box.x0 + box.x1) / 2
        room = 2 * min(middle, width - middle) - 4
        if box.width > room > 0:
            title.set_fontsize(title.get_fontsize() * room / box.width)


def _visible(artists: Iterable[Any]) -> list[Any]:
    return [artist for artist in artists if artist.get_visible()]


def _texts(artists: Iterable[Any]) -> list[str]:
    return [text for artist in _visible(artists) if (text := artist.get_text().strip())]


def _all_axes(axes: Iterable[Any]) -> Iterator[Any]:
    for ax in axes:
        yield ax
        yield from _all_axes(ax.child_axes)


def _axes(ax: Any) -> Facts:
    # The colours of a colour bar are those of the colour map: they tell nothing of the data.
    data = [] if hasattr(ax, "_colorbar") else [*drawn(ax)]
    axes = {name: getattr(ax, f"{name}axis", None) for name in "xyz"}
    # A second axis of an axes has neither title nor legend to ask for.
    return kept(
        title=attempt(_title, ax),
        **{name: attempt(_axis, axis) for name, axis in axes.items() if axis is not None},
        legend=attempt(lambda: _legend(ax.get_legend())),
        texts=words(_texts(ax.texts)),
        series=data,
    )


def _title(ax: Any) -> str:
    titles = (ax.get_title(loc=side) for side in ("left", "center", "right"))
    return " | ".join(filter(None, titles))


def _axis(axis: Any) -> Facts:
    scale = axis.get_scale()
    return kept(
        label=axis.get_label_text() if axis.get_visible() else "",
        scale=scale if scale not in _PLAIN else "",
        categories=words(attempt(_categories, axis) or []),
    )


def _categories(axis: Any) -> list[str]:
    """Return the names along an axis: given as data, or as labels of fixed ticks."""
    from matplotlib.ticker import FixedFormatter, FixedLocator, FuncFormatter

    if mapping := getattr(axis.units, "_mapping", None):
        return [str(name) for name in mapping]
    locator, formatter = axis.get_major_locator(), axis.get_major_formatter()
    named = isinstance(formatter, FixedFormatter | FuncFormatter)
    places = locator() if named and isinstance(locator, FixedLocator) else []
    return [str(formatter(place, i)) for i, place in enumerate(places)]


def _legend(legend: Any) -> list[str]:
    if legend is None or not legend.get_visible():
        return []
    return _texts([legend.get_title(), *legend.get_texts()])
