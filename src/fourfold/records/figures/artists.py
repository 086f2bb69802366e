"""The data behind what an axes of matplotlib shows: lines, bars, points, heatmaps and the like."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fourfold.records.figures.series import series, shown, words

Facts = dict[str, Any]


def drawn(ax: Any) -> Iterator[Facts]:
    """Yield what an axes shows, by kind: what belongs together as one, then all the rest.

    Lines, bars, error bars, points, segments, areas, grids (heatmaps), images, wedges, tables
    and other shapes, with their data as drawn. What cannot be read is left out. The axes is
    neither drawn nor changed.

    Examples
    --------
    >>> import matplotlib.pyplot as plt
    >>> fig, ax = plt.subplots()
    >>> bars = ax.bar(["a", "b"], [3, 5])
    >>> next(drawn(ax))["height"]
    [3.0, 5.0]
    >>> plt.close(fig)
    """
    here = {id(artist) for artist in ax.get_children() if artist.get_visible()}
    calls: list[tuple[Any, ...]] = []
    for container in ax.containers:
        parts = [part for part in _flat(container) if id(part) in here]
        kind = type(container).__name__
        if parts and kind in ("BarContainer", "ErrorbarContainer"):
            here -= {id(part) for part in parts}
            bars = (_boxes, "bars", parts, container)
            calls.append(bars if kind == "BarContainer" else (_error_bars, container))
    patches = [patch for patch in ax.patches if id(patch) in here]
    calls += [
        (_boxes, "rectangles", [patch for patch in patches if _is(patch, "Rectangle")]),
        (_wedges, [patch for patch in patches if _is(patch, "Wedge")]),
        (_shapes, [patch for patch in patches if not _is(patch, *_OTHER_THAN_SHAPES)]),
    ]
    for read, artists in (
        (_line, ax.lines),
        (_collection, ax.collections),
        (_image, ax.images),
        (_table, ax.tables),
    ):
        calls += [(read, artist) for artist in artists if id(artist) in here]
    yield from filter(None, (attempt(*call) for call in calls))


def attempt(read: Callable[..., Any], *arguments: Any) -> Any:
    """Return what `read` returns, None where it fails: a figure must show in any case."""
    try:
        return read(*arguments)
    except Exception:
        return None


def kept(**facts: Any) -> Facts:
    """Return facts without those that are empty.

    Examples
    --------
    >>> kept(title="", label="rows")
    {'label': 'rows'}
    """
    return {name: value for name, value in facts.items() if value not in (None, "", [], {})}


def _label(artist: Any) -> str:
    """Return a label that somebody gave; matplotlib's own begin with an underscore."""
    label = str(artist.get_label() or "")
    return "" if label.startswith("_") else label


def _flat(container: Any) -> Iterator[Any]:
    for part in container:
        if isinstance(part, tuple | list):
            yield from _flat(part)
        elif part is not None:
            yield part


def _boxes(kind: str, boxes: Sequence[Any], container: Any = None) -> Facts | None:
    if not boxes:
        return None
    names = ("x", "y", "width", "height")
    sizes = np.array([[float(getattr(box, f"get_{name}")()) for name in names] for box in boxes])
    label = kept(label=_label(container)) if container else {}
    colours = _colours(np.array([box.get_facecolor() for box in boxes]))
    return {"kind": kind, **label, **_columns(names, sizes.T), **colours}


def _wedges(wedges: Sequence[Any]) -> Facts | None:
    starts, ends = (series([getattr(w, name) for w in wedges]) for name in ("theta1", "theta2"))
    return {"kind": "wedges", "from": starts, "to": ends} if wedges else None


# The path of an arrow between points of the figure is known only once it is drawn.
_OTHER_THAN_SHAPES = ("Rectangle", "Wedge", "FancyArrowPatch")


def _shapes(patches: Sequence[Any]) -> Facts | None:
    paths = [p.get_patch_transform().transform_path(p.get_path()) for p in patches]
    return {"kind": "shapes", **_corners(paths)} if paths else None


def _line(line: Any) -> Facts | None:
    deep = hasattr(line, "get_data_3d")
    points = line.get_data_3d() if deep else line.get_data(orig=False)
    if not len(points[0]):
        return None
    return {"kind": "line", **kept(label=_label(line)), **_columns("xyz", points)}


def _error_bars(container: Any) -> Facts:
    """Return the points of error bars, and from where to where each bar goes."""
    line, _, bars = container.lines
    points = _columns("xy", line.get_data(orig=False)) if line else {}
    for bar, axis in zip(bars, "xy" if container.has_xerr else "y", strict=False):
        ends = np.array([path.vertices[[0, -1], "xy".index(axis)] for path in bar.get_paths()])
        points |= {f"{axis} low": series(ends[:, 0]), f"{axis} high": series(ends[:, 1])}
    return {"kind": "error bars", **kept(label=_label(container)), **points}


_KINDS = {
    "PathCollection": "points",
    "LineCollection": "segments",
    "PolyCollection": "areas",
    "QuadMesh": "grid",
}


def _is(artist: Any, *names: str) -> bool:
    return any(cls.__name__ in names for cls in type(artist).__mro__)


def _collection(artist: Any) -> Facts | None:
    kind = next((kind for name, kind in _KINDS.items() if _is(artist, name)), "shapes")
    if hasattr(artist, "_offsets3d"):
        places = _columns("xyz", artist._offsets3d)
    elif type(artist).__module__.startswith("mpl_toolkits"):
        return None
    elif hasattr(artist, "get_coordinates"):
        grid = artist.get_coordinates()
        places = _columns("xy", (grid[0, :, 0], grid[:, 0, 1]))
    elif kind == "points" or len(artist.get_offsets()) > 1:
        places = _columns("xy", np.ma.asarray(artist.get_offsets()).T)
    else:
        places = _corners(artist.get_paths())
    return {"kind": kind, **kept(label=_label(artist)), **places, **_looks(artist)}


def _looks(collection: Any) -> Facts:
    """Return what the sizes and colours of a collection say of the data."""
    # `U` and `V` are the directions of arrows in a field of them.
    looks = {n.lower(): series(getattr(collection, n)) for n in "UV" if hasattr(collection, n)}
    sizes = collection.get_sizes() if hasattr(collection, "get_sizes") else []
    if len(sizes) > 1 and np.ptp(sizes) > 0:
        looks["sizes"] = series(sizes)
    if (values := collection.get_array()) is not None:
        return looks | {"values": series(values)}
    return looks | _colours(np.asarray(collection.get_facecolor()))


def _colours(rgba: NDArray[Any]) -> Facts:
    """Return which of several share a colour, given as RGBA from 0 to 1, shape (n, 4)."""
    if len(rgba) < 2:
        return {}
    bytes_ = np.ascontiguousarray(np.rint(rgba * 255).astype(np.uint8))
    groups, colours = pd.factorize(bytes_.view(np.uint32).ravel())
    return {"groups": series(groups)} if len(colours) > 1 else {}


def _columns(names: Iterable[str], columns: Iterable[Any]) -> Facts:
    return {name: series(column) for name, column in zip(names, columns, strict=False)}


def _corners(paths: Sequence[Any]) -> Facts:
    """Return the corners of shapes, one shape after another, and how many each has."""
    corners = [_open(path) for path in paths]
    points = np.concatenate([np.empty((0, 2)), *corners]).T
    return {"corners": series([len(each) for each in corners]), **_columns("xy", points)}


def _open(path: Any) -> NDArray[Any]:
    """Return the corners of a path; the end of a closed one is a mark and no corner."""
    corners = np.asarray(path.vertices)
    return corners if path.codes is None else corners[path.codes != path.CLOSEPOLY]


def _image(image: Any) -> Facts:
    values = image.get_array()
    extent = [shown(float(edge)) for edge in image.get_extent()]
    size = [*map(int, values.shape)]
    return {"kind": "image", "size": size, "extent": extent, "values": series(values)}


def _table(table: Any) -> Facts:
    cells = sorted(table.get_celld().items())
    return {"kind": "table", "cells": words([cell.get_text().get_text() for _, cell in cells])}
