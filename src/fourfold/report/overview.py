"""The overview of all runs in a folder of outputs: a page to sort, search and compare; a table."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib.resources import files
from math import inf
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, Template

from fourfold.project import write_text
from fourfold.records.evidence import BUSINESS
from fourfold.records.formatting import as_text, short
from fourfold.records.record import RunRecord, error_line, read_record

PAGE = "index.html"
#: What was read of each record, so that the next page reads only those that are new.
_READ = ".overview.json"
_FORMAT = 1
_LONGEST = 60
_PLAIN = ("config", "run_id", "template", "status", "verdict", "started_at", "duration_s")


def write_overview(outputs: Path, runs: Sequence[Mapping[str, Any]] | None = None) -> Path:
    """Write ``index.html`` over all records in a folder of outputs, and return its path.

    The page holds all that it shows, and asks nothing of the network. `runs` are the `entries` of
    the folder, where they are known already.
    """
    page = outputs / PAGE
    write_text(page, render(entries(outputs) if runs is None else runs, batches(outputs)))
    return page


def entries(outputs: Path) -> list[dict[str, Any]]:
    """Return one entry a run, in the order of their names; records already read come from notes."""
    notes = _notes(outputs / _READ)
    read: dict[str, dict[str, Any]] = {}
    for path in sorted(outputs.glob("*/*/record.json")):
        name, stat = path.parent.relative_to(outputs).as_posix(), path.stat()
        stamp = [stat.st_mtime_ns, stat.st_size]
        if notes.get(name, {}).get("stamp") == stamp:
            read[name] = notes[name]
            continue
        with suppress(OSError, ValueError, TypeError):  # not a record, or one being written
            read[name] = {"stamp": stamp, "entry": entry(read_record(path))}
    if read != notes:
        content = {"format": _FORMAT, "found": read}
        write_text(outputs / _READ, json.dumps(content, ensure_ascii=False, separators=(",", ":")))
    return [each["entry"] for each in read.values()]


def _notes(path: Path) -> dict[str, Any]:
    with suppress(OSError, ValueError):
        content = json.loads(path.read_text(encoding="utf-8"))
        if content.get("format") == _FORMAT:
            return dict(content["found"])
    return {}


def entry(record: RunRecord) -> dict[str, Any]:
    """Return what the page shows of a record."""
    values = {n: v for n, v in record.parameters.items() if n not in BUSINESS}
    return {
        "config": record.config,
        "run": record.run_id,
        "template": record.template,
        "status": record.status,
        "verdict": record.verdict,
        "started": record.started_at[:19],
        "seconds": round(record.duration_s, 1),
        "cpu": record.cost.get("cpu_s"),
        "energy": record.cost.get("energy_wh"),
        "memory": record.cost.get("peak_mb"),
        "said": error_line(record) or record.answer,
        "parameters": {n: short(as_text(v), _LONGEST) for n, v in values.items()},
        "metrics": {
            name: [metric.value, *(metric.ci or (None, None))]
            for name, metric in record.metrics.items()
            # Not `isfinite`: an integer may be larger than any float.
            if all(e is not None and abs(e) < inf for e in (metric.value, *(metric.ci or ())))
        },
        "claims": [[claim.metric, claim.condition, claim.verdict] for claim in record.claims],
    }


def batches(outputs: Path) -> list[dict[str, Any]]:
    """Return each batch, the newest first: its time, and the table of its records."""
    tables = sorted((outputs / "batches").glob("*.csv"), reverse=True)
    # 20261126T180819Z becomes 2026-11-26T18:08:19.
    stamp, spaced = r"(....)(..)(..)T(..)(..)(..)Z", r"\1-\2-\3T\4:\5:\6"
    times = [re.sub(stamp, spaced, path.stem) for path in tables]
    return [{"time": t, "table": f"batches/{p.name}"} for t, p in zip(times, tables, strict=True)]


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
    pages = FileSystemLoader(str(files("fourfold.report") / "assets"))
    environment = Environment(loader=pages, trim_blocks=True, lstrip_blocks=True)
    return environment.get_template("overview.html.j2")


def row(record: RunRecord) -> dict[str, Any]:
    """Return one flat row of a record: ``param.*``, ``metric.*`` with ``.low`` and ``.high``."""
    flat: dict[str, Any] = {name: getattr(record, name) for name in _PLAIN}
    flat |= {name: record.cost.get(name) for name in ("cpu_s", "peak_mb", "energy_wh")}
    flat["error"] = error_line(record)
    for name, value in record.parameters.items():
        nested = isinstance(value, list | dict)
        flat[f"param.{name}"] = json.dumps(value, ensure_ascii=False) if nested else value
    for name, metric in record.metrics.items():
        flat[f"metric.{name}"] = metric.value
        if metric.ci:
            flat[f"metric.{name}.low"], flat[f"metric.{name}.high"] = metric.ci
    return flat


def write_table(records: Sequence[RunRecord], stem: Path) -> list[Path]:
    """Write the table of records as Parquet and CSV; return both paths."""
    import pandas as pd

    frame = pd.DataFrame([row(record) for record in records])
    for name in frame:
        kinds = set(map(type, frame[name].dropna()))
        # An integer of more than 64 bits fits no column of numbers.
        large = frame[name].dtype == object and int in kinds
        if large or (len(kinds) > 1 and kinds != {int, float}):
            frame[name] = frame[name].astype("string")
    stem.parent.mkdir(parents=True, exist_ok=True)
    parquet, csv = stem.with_suffix(".parquet"), stem.with_suffix(".csv")
    frame.to_parquet(parquet, index=False)
    frame.to_csv(csv, index=False)
    return [parquet, csv]
