"""The page of a search, its record, and what both and the terminal say of it."""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from fourfold.data.artifacts import SEARCH
from fourfold.project import write_text
from fourfold.records.evidence import Interval
from fourfold.records.formatting import as_text, count, number
from fourfold.report.safe import asset, policy

_MOST = 200
"""Settings in the table of a page; all are in the chart and in the record."""
_WIDTH, _HEIGHT = 760.0, 280.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 64.0, 12.0, 12.0, 44.0


def sentences(search: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what a search has come to, as pairs of a head and a text.

    Parameters
    ----------
    search : mapping
        As `fourfold.run.searching.Searching.result` returns it.
    """
    states = Counter(each["state"] for each in search["settings"])
    parts = [f"{search['config']}: {count(len(search['settings']), 'setting')} tried"]
    parts += [f"{states['stopped']:,} stopped early"] if states["stopped"] else []
    parts += [f"{states['failed']:,} failed"] if states["failed"] else []
    lines = [("search", f"{', '.join(parts)}, in {count(search['runs'], 'run')}")]
    if not search["ended"]:
        lines.append(("", "stopped before its end; the same command goes on with it"))
    winner, metric = search["winner"], search["metric"]
    if winner is None:
        return [*lines, ("best", "none: no setting has ended well")] if search["ended"] else lines
    values = ", ".join(f"{name}={as_text(value)}" for name, value in winner["values"].items())
    lines.append(("best", values))
    runs = count(len(search["settings"][winner["setting"]]["scores"]), "run")
    lines.append(("estimate", f"{metric} {number(winner['estimate'])} in {runs} of the search"))
    if confirmed := _confirmed(search):
        return [*lines, *confirmed]
    if not search["confirm"]:
        why = "without repeat there are no fresh runs, and the best of many looks better than it is"
        return [*lines, ("", f"not confirmed: {why}")]
    return [*lines, ("", "not confirmed: its fresh runs failed")] if search["ended"] else lines


def _confirmed(search: Mapping[str, Any]) -> list[tuple[str, str]]:
    winner, fresh = search["winner"], search["winner"]["confirmed"]
    if fresh["mean"] is None:
        return []
    text = f"{search['metric']} {number(fresh['mean'])}"
    if fresh["interval"]:
        text += f" (95 % interval {' to '.join(map(number, fresh['interval']))})"
    text += f" in {count(len(fresh['scores']), 'run')} with other values of {search['repeat']}"
    text += f"; {fresh['failed']} failed" if fresh["failed"] else ""
    gap = winner["optimism"]
    word = "better" if gap >= 0 else "worse"
    return [
        ("confirmed", text),
        ("optimism", f"it looked {number(abs(gap))} {word} in the search than in fresh runs"),
    ]


def write_search(folder: Path, search: Mapping[str, Any]) -> Path:
    """Write ``search.json`` and ``search.html`` into the folder of a config; return the page."""
    folder.mkdir(parents=True, exist_ok=True)
    record = json.dumps(search, indent=1, ensure_ascii=False, allow_nan=False)
    write_text(folder / SEARCH, record + "\n")
    page = folder / "search.html"
    write_text(page, render(search))
    return page


def render(search: Mapping[str, Any]) -> str:
    """Return the page of a search: it holds all that it shows."""
    return str(
        _template().render(
            search=search,
            sentences=sentences(search),
            chart=chart(search),
            settings=_best_first(search)[:_MOST],
            others=max(0, len(search["settings"]) - _MOST),
            number=number,
            text=as_text,
            theme=asset("theme.js"),
            policy=policy(asset("theme.js")),
        )
    )


def _best_first(search: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the settings, those with all their runs first, and of these the best."""
    sign = -1 if search["direction"] == "maximize" else 1
    order = {"done": 0, "open": 1, "stopped": 1, "failed": 2}

    def place(each: Mapping[str, Any]) -> tuple[int, float]:
        return order[each["state"]], sign * (each["mean"] or 0.0)

    return sorted(search["settings"], key=place)


def chart(search: Mapping[str, Any]) -> dict[str, Any] | None:
    """Return the places of settings and their intervals in a drawing; None if there are none.

    Intervals that go far beyond all means are cut, as those of three runs may be.
    """
    shown = [(n, each) for n, each in enumerate(search["settings"]) if each["scores"]]
    if not shown:
        return None
    fresh = search["winner"]["confirmed"] if search["winner"] else {"mean": None, "interval": None}
    middles = [float(each["mean"]) for _, each in shown]
    middles += [fresh["mean"]] if fresh["mean"] is not None else []
    least, most = min(middles), max(middles)
    margin = (most - least) / 4 or abs(most) / 10 or 1.0
    least, most = least - margin, most + margin
    columns = len(search["settings"]) + 1

    def across(place: float) -> float:
        return round(_LEFT + (_WIDTH - _LEFT - _RIGHT) * (place + 0.5) / columns, 1)

    def up(value: float) -> float:
        inside = min(max(value, least), most)
        return round(_TOP + (_HEIGHT - _TOP - _BOTTOM) * (most - inside) / (most - least), 1)

    def drawn(place: int, mean: float, ends: Sequence[float] | None) -> dict[str, float]:
        known = Interval(mean, *(ends or (mean, mean)))
        return {"x": across(place), "y": up(mean), "low": up(known.low), "high": up(known.high)}

    return {
        "width": _WIDTH,
        "height": _HEIGHT,
        "left": _LEFT,
        "right": _WIDTH - _RIGHT,
        "bottom": _HEIGHT - _BOTTOM,
        "ticks": [(up(tick), text) for tick, text in _ticks(least, most)],
        "points": [
            drawn(n, each["mean"], each["interval"]) | {"state": each["state"], "number": n + 1}
            for n, each in shown
        ],
        "winner": search["winner"]["setting"] + 1 if search["winner"] else None,
        "fresh": drawn(columns - 1, fresh["mean"], fresh["interval"])
        if fresh["mean"] is not None
        else None,
        "last": len(search["settings"]),
        "last_x": across(len(search["settings"]) - 1),
        "first_x": across(0),
    }


def _ticks(least: float, most: float) -> list[tuple[float, str]]:
    """Return four or five round values of an axis, with their texts."""
    from matplotlib.ticker import MaxNLocator

    values = [float(v) for v in MaxNLocator(5).tick_values(least, most) if least <= v <= most]
    return [(value, f"{value:.6g}") for value in values]


@cache
def _template() -> Any:
    from jinja2 import Environment, FileSystemLoader

    pages = FileSystemLoader(str(files("fourfold.report") / "assets"))
    environment = Environment(loader=pages, trim_blocks=True, lstrip_blocks=True, autoescape=True)
    return environment.get_template("search.html.j2")
