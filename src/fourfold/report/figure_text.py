"""Figures in words, for whoever cannot see them: from the data drawn, not from a caption typed."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any

from fourfold.records.formatting import number

_MOST_PANELS = 4
_MOST_NAMES = 8
# Kinds of data, as `fourfold.records.figures.artists` calls them, whose name is another.
_NAMES = {
    **{kind: f"set of {kind}" for kind in ("areas", "bars", "points")},
    **{kind: f"set of {kind}" for kind in ("rectangles", "segments", "shapes")},
    **{"error bars": "series with error bars", "grid": "grid of cells", "wedges": "pie"},
}
_FORMULA = re.compile(r"\$([^$]*)\$")
_SIGNS = re.compile(r"\\(?:mathdefault|mathrm)|[\\{}]")


def in_words(figure: Mapping[str, Any]) -> str:
    """Return what a figure shows: for each panel its title, its axes with their range, its data.

    The figure is given by its facts, as `fourfold.records.figures.facts.facts` returns them.

    Examples
    --------
    >>> line = {"kind": "line", "x": [2, 3, 4], "y": [565.7, 379.4, 300.4]}
    >>> axes = {"title": "Inertia", "x": {"label": "clusters"}, "series": [line]}
    >>> in_words({"axes": [axes]})
    'Inertia. A line; across clusters, 2 to 4; up 300 to 566.'
    """
    try:
        panels = [panel for axes in figure.get("axes", []) if (panel := _panel(axes))]
    except (AttributeError, KeyError, TypeError, ValueError, OverflowError):
        return ""  # not of ours, though it bears the name
    heading = [_plain(figure["title"])] if figure.get("title") else []
    more = len(panels) - _MOST_PANELS
    rest = [f"And {more} more panels"] if more > 0 else []
    return " ".join(f"{part.rstrip('.')}." for part in heading + panels[:_MOST_PANELS] + rest)


def _panel(axes: Mapping[str, Any]) -> str:
    if not axes.get("series"):
        return ""
    sides = {"across": _axis(axes, "x"), "up": _axis(axes, "y")}
    parts = [_kinds(axes["series"]), *(f"{word} {text}" for word, text in sides.items() if text)]
    if names := axes.get("legend"):
        parts.append(f"legend: {_listed(names)}")
    title = _plain(axes.get("title", ""))
    return ". ".join(filter(None, [title, "; ".join(parts)]))


def _kinds(drawn: Any) -> str:
    counts = Counter(str(item.get("kind", "data")) for item in drawn)
    text = ", ".join(_counted(kind, count) for kind, count in counts.items())
    return text[0].upper() + text[1:]


def _counted(kind: str, count: int) -> str:
    name = _NAMES.get(kind, kind)
    if count == 1:
        return f"{'an' if name[0] in 'aeiou' else 'a'} {name}"
    first, *rest = name.split()
    return " ".join([str(count), first if first.endswith("s") else f"{first}s", *rest])


def _axis(axes: Mapping[str, Any], side: str) -> str:
    about = axes.get(side, {})
    parts = [_plain(about.get("label", ""))]
    if names := about.get("categories"):
        parts.append(_listed(names))
    elif ends := [end for item in axes["series"] for end in _ends(item, side)]:
        least, most = _number(min(ends)), _number(max(ends))
        parts.append(f"{least} to {most}" if least != most else least)
    if about.get("scale"):
        parts.append(f"{about['scale']} scale")
    return ", ".join(filter(None, parts))


def _number(value: float) -> str:
    # An integer has no `is_integer` before Python 3.12.
    return number(int(value) if float(value).is_integer() else value)


def _ends(item: Mapping[str, Any], side: str) -> Iterator[float]:
    # A line across the whole panel is 0 to 1 in units of the panel, and not of the data.
    if item.get("kind") == "line" and item.get(side) == [0.0, 1.0]:
        return
    for name in (side, f"{side} low", f"{side} high"):
        values = item.get(name, [])
        if isinstance(values, Mapping):
            values = [values.get("min"), values.get("max")]
        yield from (float(v) for v in values if isinstance(v, int | float))
    # Bars begin where they stand, and end where their height says.
    starts, heights = item.get(side, []), item.get("height" if side == "y" else "width", [])
    if item.get("kind") in ("bars", "rectangles") and isinstance(heights, list):
        pairs = zip(starts, heights, strict=False)
        yield from (s + h for s, h in pairs if isinstance(s + h, int | float))


def _listed(names: Any) -> str:
    if isinstance(names, Mapping):
        return f"{names['count']} names from {_plain(names['first'])} to {_plain(names['last'])}"
    kept = [_plain(name) for name in names if str(name).strip()]
    more = len(kept) - _MOST_NAMES
    return ", ".join(kept[:_MOST_NAMES]) + (f" and {more} more" if more > 0 else "")


def _plain(text: str) -> str:
    """Return a label in one line, without the marks of a formula."""
    text = _FORMULA.sub(lambda formula: _SIGNS.sub("", formula[1]), str(text))
    return " ".join(text.split())
