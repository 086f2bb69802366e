"""The data behind what an axes of matplotlib shows: lines, bars, points, heatmaps and the like."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fourfold.records.figures.series import codes, series, shown, words

Facts = dict[str, Any]


def drawn(ax: Any) -> Iterator[Facts]:
    """Yield what an axes shows, by kind: what belongs together as one, then all the rest.

    Lines, bars, error bars, points, segments, areas, grids (heatmaps), images, wedges, tables
    and other shapes, with their data as drawn. What cannot be read is left out.

    Parameters
    ----------
    ax : matplotlib.axes.Axes
        Neither drawn nor changed.

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
    read: list[tuple[Callable[..., Facts | None], Any]] = []
    for container in ax.containers:
        parts = [part for part in _flat(container) if id(part) in here]
        reader = _CONTAINERS.get(type(container).__name__)
        if reader and parts:
            here -= {id(part) for part in parts}
            read.append((reader, container if reader is _error_bars else (container, parts)))
    rest = [patch for patch in ax.patches if id(patch) in here]
    read += [(reader, rest) for reader in (_rectangles, _wedges, _shapes)]
    read += [(_line, line) for line in ax.lines if id(line) in here]
    read += [(_collection, found) for found in ax.collections if id(found) in here]
    read += [(_image, image) for image in ax.images if id(image) in here]
    read += [(_table, table) for table in ax.tables if id(table) in here]
    yield from filter(None, (attempt(reader, artist) for reader, artist in read))


def attempt(read: Callable[..., Any], *arguments: Any) -> Any:
    """Return what `read` returns, None where it fails: a figure must show in any case."""
    try:
        return read(*arguments)
    except Exception:
        return None


def kept(**found: Any) -> Facts:
    """Return what there is to say, without what is empty.

    Examples
    --------
    >>> kept(title="", label="rows")
    {'label': 'rows'}
    """
    return {key: value for key, value in found.items() if value not in (None, "", [], {})}


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


def _bars(found: tuple[Any, Sequence[Any]]) -> Facts | None:
    container, bars = found
    return _boxes("bars", bars, _label(container))


def _rectangles(patches: Sequence[Any]) -> Facts | None:
    return _boxes("rectangles", [p for p in patches if _is(p, "Rectangle")], "")


def _boxes(kind: str, boxes: Sequence[Any], label: str) -> Facts | None:
    if not boxes:
        return None
    names = ("x", "y", "width", "height")
    sizes = np.array([[float(getattr(box, f"get_{name}")()) for name in names] for box in boxes])
    columns = {name: series(column) for name, column in zip(names, sizes.T, strict=True)}
    colours = _colours(np.array([box.get_facecolor() for box in boxes]))
    return {"kind": kind, **kept(label=label), **columns, **colours}


def _wedges(patches: Sequence[Any]) -> Facts | None:
    wedges = [patch for patch in patches if _is(patch, "Wedge")]
    if not wedges:
        return None
    starts, ends = ([getattr(w, name) for w in wedges] for name in ("theta1", "theta2"))
    return {"kind": "wedges", "from": series(starts), "to": series(ends)}


def _shapes(patches: Sequence[Any]) -> Facts | None:
    # The path of an arrow between points of the figure is known only once it is drawn.
    others = [p for p in patches if not _is(p, "Rectangle", "Wedge", "FancyArrowPatch")]
    paths = [p.get_patch_transform().transform_path(p.get_path()) for p in others]
    return {"kind": "shapes", **_corners(paths)} if paths else None


def _line(line: Any) -> Facts | None:
    if hasattr(line, "get_data_3d"):
        x, y, z = line.get_data_3d()
        return {"kind": "line", **kept(label=_label(line)), **_columns(x=x, y=y, z=z)}
    x, y = line.get_data(orig=False)
    if not len(x):
        return None
    return {"kind": "line", **kept(label=_label(line)), **_columns(x=x, y=y)}


def _error_bars(container: Any) -> Facts:
    """Return the points of error bars, and from where to where each bar goes."""
    line, _, bars = container.lines
    found = _columns(**dict(zip("xy", line.get_data(orig=False), strict=True))) if line else {}
    for bar, axis in zip(bars, "xy" if container.has_xerr else "y", strict=False):
        ends = np.array([path.vertices[[0, -1], "xy".index(axis)] for path in bar.get_paths()])
        found |= {f"{axis} low": series(ends[:, 0]), f"{axis} high": series(ends[:, 1])}
    return {"kind": "error bars", **kept(label=_label(container)), **found}


_CONTAINERS: dict[str, Callable[..., Facts | None]] = {
    "BarContainer": _bars,
    "ErrorbarContainer": _error_bars,
}
_KINDS = {
    "PathCollection": "points",
    "LineCollection": "segments",
    "PolyCollection": "areas",
    "QuadMesh": "grid",
}


def _is(artist: Any, *names: str) -> bool:
    return any(cls.__name__ in names for cls in type(artist).__mro__)


def _collection(found: Any) -> Facts | None:
    kind = next((kind for name, kind in _KINDS.items() if _is(found, name)), "shapes")
    places: Facts = {}
    if hasattr(found, "_offsets3d"):
        places = _columns(**dict(zip("xyz", found._offsets3d, strict=True)))
    elif type(found).__module__.startswith("mpl_toolkits"):
        return None
    elif hasattr(found, "get_coordinates"):
        grid = found.get_coordinates()
        places = _columns(x=grid[0, :, 0], y=grid[:, 0, 1])
    elif kind == "points" or len(found.get_offsets()) > 1:
        places = _columns(**dict(zip("xy", np.ma.asarray(found.get_offsets()).T, strict=True)))
    else:
        places = _corners(found.get_paths())
    return {"kind": kind, **kept(label=_label(found)), **places, **_looks(found)}


def _looks(found: Any) -> Facts:
    """Return what the sizes and colours of a collection say of the data."""
    # Of arrows in a field of them.
    looks = _columns(
        **{name.lower(): getattr(found, name) for name in "UV" if hasattr(found, name)}
    )
    sizes = found.get_sizes() if hasattr(found, "get_sizes") else []
    if len(sizes) > 1 and np.ptp(sizes) > 0:
        looks["sizes"] = series(sizes)
    if (values := found.get_array()) is not None:
        return looks | {"values": series(values)}
    return looks | _colours(np.asarray(found.get_facecolor()))


def _colours(rgba: NDArray[Any]) -> Facts:
    """Return which of several share a colour, given as RGBA from 0 to 1, shape (n, 4)."""
    if len(rgba) < 2:
        return {}
    bytes_ = np.ascontiguousarray(np.rint(rgba * 255).astype(np.uint8))
    groups = codes(bytes_.view(np.uint32).ravel())
    return {} if groups is None else {"groups": series(groups)}


def _columns(**columns: Any) -> Facts:
    return {name: series(values) for name, values in columns.items()}


def _corners(paths: Sequence[Any]) -> Facts:
    """Return the corners of shapes, one shape after another, and how many each has."""
    corners = [_open(path) for path in paths]
    x, y = np.concatenate(corners).T if corners else ([], [])
    return {"corners": series([len(each) for each in corners]), **_columns(x=x, y=y)}


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
