"""The overview of all runs in a folder of outputs: one page to sort, search and compare them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib.resources import files
from math import isfinite
from pathlib import Path
from typing import Any

from jinja2 import DictLoader, Environment, Template

from fourfold.project import write_text
from fourfold.records.evidence import BUSINESS
from fourfold.records.formatting import as_text
from fourfold.records.record import RunRecord, error_line, read_record

PAGE = "index.html"
#: What was read of each record, so that the next page reads only those that are new.
_READ = ".overview.json"
_FORMAT = 1
_LONGEST = 60
_SHARED = ("compare.js", "theme.js", "colours.css")


def write_overview(outputs: Path, runs: Sequence[Mapping[str, Any]] | None = None) -> Path:
    """Write ``index.html`` over all records in a folder of outputs.

    The page holds all that it shows, and asks nothing of the network.

    Parameters
    ----------
    outputs : Path
    runs : list of dict, optional
        Its `entries`, where they are known already.

    Returns
    -------
    Path
        The page.
    """
    page = outputs / PAGE
    write_text(page, render(entries(outputs) if runs is None else runs, batches(outputs)))
    return page


def entries(outputs: Path) -> list[dict[str, Any]]:
    """Return one entry a run, in the order of their names; records already read come from notes."""
    notes = _notes(outputs / _READ)
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(outputs.glob("*/*/record.json")):
        name, stat = path.parent.relative_to(outputs).as_posix(), path.stat()
        stamp = [stat.st_mtime_ns, stat.st_size]
        if notes.get(name, {}).get("stamp") == stamp:
            found[name] = notes[name]
            continue
        with suppress(OSError, ValueError, TypeError):  # not a record, or one being written
            found[name] = {"stamp": stamp, "entry": entry(read_record(path))}
    if found != notes:
        content = {"format": _FORMAT, "found": found}
        write_text(outputs / _READ, json.dumps(content, ensure_ascii=False, separators=(",", ":")))
    return [each["entry"] for each in found.values()]


def _notes(path: Path) -> dict[str, Any]:
    with suppress(OSError, ValueError):
        content = json.loads(path.read_text(encoding="utf-8"))
        if content.get("format") == _FORMAT:
            return dict(content["found"])
    return {}


def entry(record: RunRecord) -> dict[str, Any]:
    """Return what the page shows of a record."""
    cost = record.cost
    return {
        "config": record.config,
        "run": record.run_id,
        "template": record.template,
        "status": record.status,
        "verdict": record.verdict,
        "started": record.started_at[:19],
        "seconds": round(record.duration_s, 1),
        "cpu": cost.get("cpu_s"),
        "energy": cost.get("energy_wh"),
        "memory": cost.get("peak_mb"),
        "said": error_line(record) or record.answer,
        "parameters": {n: _text(v) for n, v in record.parameters.items() if n not in BUSINESS},
        "metrics": {
            name: [metric.value, *(metric.ci or (None, None))]
            for name, metric in record.metrics.items()
            if all(end is not None and isfinite(end) for end in (metric.value, *(metric.ci or ())))
        },
        "claims": [[claim.metric, claim.condition, claim.verdict] for claim in record.claims],
    }


def _text(value: Any) -> str:
    text = as_text(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def batches(outputs: Path) -> list[dict[str, Any]]:
    """Return each batch, the newest first: its time, and the table of its records."""
    found = sorted((outputs / "batches").glob("*.csv"), reverse=True)
    return [{"time": _time(path.stem), "table": f"batches/{path.name}"} for path in found]


def _time(stem: str) -> str:
    """Return 20261126T180819Z as 2026-11-26T18:08:19."""
    day, _, clock = stem.rstrip("Z").partition("T")
    return f"{day[:4]}-{day[4:6]}-{day[6:]}T{clock[:2]}:{clock[2:4]}:{clock[4:]}"


def columns(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the entries by column, which is half as long: texts once each, and their numbers."""
    plain = ("config", "run", "template", "status", "verdict", "started", "said")
    numbers = ("seconds", "cpu", "energy", "memory")
    parameters = dict.fromkeys(name for run in runs for name in run["parameters"])
    metrics = dict.fromkeys(name for run in runs for name in run["metrics"])
    return {
        "count": len(runs),
        "texts": {name: _coded(run[name] for run in runs) for name in plain},
        "numbers": {name: [run[name] for run in runs] for name in numbers},
        "parameters": {n: _coded(run["parameters"].get(n) for run in runs) for n in parameters},
        "metrics": {n: [run["metrics"].get(n) for run in runs] for n in metrics},
        "claims": _coded(json.dumps(run["claims"]) for run in runs),
    }


def _coded(values: Iterable[Any]) -> dict[str, Any]:
    places: dict[Any, int] = {}
    codes = [places.setdefault(value, len(places)) for value in values]
    return {"values": list(places), "codes": codes}


def render(runs: Sequence[Mapping[str, Any]], tables: Sequence[Mapping[str, Any]] = ()) -> str:
    """Return the page of these runs and batches."""
    content = {**columns(runs), "batches": list(tables)}
    data = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    # In a script element nothing else can end it, or begin a comment.
    return _template().render(data=data.replace("<", "\\u003c"), count=len(runs))


@cache
def _template() -> Template:
    pages = files("fourfold.report") / "assets"
    names = ("overview.html.j2", "overview.css", "overview.js", *_SHARED)
    sources = {name: (pages / name).read_text(encoding="utf-8") for name in names}
    environment = Environment(loader=DictLoader(sources), trim_blocks=True, lstrip_blocks=True)
    return environment.get_template("overview.html.j2")
