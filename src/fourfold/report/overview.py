"""The overview of all runs in a folder of outputs: a page to sort, search and compare; a table."""

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from functools import cache
from importlib.resources import files
from math import inf
from pathlib import Path
from typing import Any
from zlib import crc32

from fourfold.data.kept import read_kept
from fourfold.project import write_text
from fourfold.records.evidence import FRAME
from fourfold.records.formatting import as_text, short
from fourfold.records.record import RunRecord, cause, error_line, read_record
from fourfold.report.cards import cards
from fourfold.report.history import NO_HISTORY, history, tables_of
from fourfold.report.safe import asset, policy
from fourfold.report.table import row, write_table

PAGE = "index.html"
RESULTS = "results"
#: Brings open pages what has ended since: a page from disk may load a script from beside it.
LIVE = ".live.js"
#: What was read of each record, so that the next page reads only those that are new.
_READ = ".overview.json"
_FORMAT = 5
#: The runs that a config has now, in its folder.
_RUNS = ".runs.json"
_NOTES = ".notes.json"
_LONGEST = 60
_SCRIPTS = ("compare.js", "statistics.js", "charts.js", "history.js", "overview.js")


def write_overview(outputs: Path) -> Path:
    """Write ``index.html`` over all runs in a folder of outputs, and return its path.

    The page holds all that it shows, and asks nothing of the network.
    """
    page = outputs / PAGE
    runs = entries(outputs)
    write_text(page, render(runs, batches(outputs), history(outputs), cards(runs, outputs)))
    return page


def write_results(outputs: Path, always: bool = True, unwritten: Sequence[RunRecord] = ()) -> Path:
    """Write ``index.html`` and ``results.csv`` and ``.parquet`` over all runs; return the page.

    Parameters
    ----------
    outputs : Path
    always : bool
        False to write only if a file is missing, or is of other runs than those there now, as
        after a command that was killed.
    unwritten : sequence of RunRecord
        Runs whose record could not be written; they are in the table as well.
    """
    page, table = outputs / PAGE, outputs / RESULTS
    files = (page, *map(table.with_suffix, (".csv", ".parquet")))
    notes = _notes(outputs)
    read = _read(outputs, notes)
    same = read == notes.get("found") and notes.get("results")
    if (read or unwritten) and (always or not same or not all(file.exists() for file in files)):
        noted = _noted(outputs, read.values())
        write_text(page, render(noted, batches(outputs), history(outputs), cards(noted, outputs)))
        rows = [each["row"] for each in read.values()]
        write_table([*rows, *map(row, unwritten)], table)
        if (live := outputs / LIVE).exists():
            write_text(live, "Fourfold.live(null)\n")  # open pages load this one
        # Last: without this note, the next command writes all again.
        _note(outputs, read, results=True)
    return page


def keep_runs(outputs: Path, runs: Mapping[str, Sequence[str]]) -> None:
    """Note which runs each config has now, in order: page and table leave out all others of it.

    A run that a config had once, as before it became a sweep, keeps its folder, and is back as
    soon as the config has it again.
    """
    for config, ids in runs.items():
        path, text = outputs / config / _RUNS, json.dumps(ids, ensure_ascii=False)
        with suppress(OSError):  # a file in the place of the folder: its runs fail, each alone
            path.parent.mkdir(parents=True, exist_ok=True)
            if not _holds(path, text):
                write_text(path, text)


def keep_notes(outputs: Path, notes: Mapping[str, Mapping[str, Any]]) -> None:
    """Note what somebody has noted on the runs of each config; the next page shows it."""
    changed = False
    for config, of_runs in notes.items():
        path, text = outputs / config / _NOTES, json.dumps(of_runs, ensure_ascii=False)
        if path.parent.is_dir() and (of_runs or path.exists()) and not _holds(path, text):
            write_text(path, text)
            changed = True
    if changed and (known := _notes(outputs)):
        _note(outputs, known["found"], results=False)


def _holds(path: Path, text: str) -> bool:
    return path.is_file() and path.read_bytes() == text.encode("utf-8", "backslashreplace")


def _noted(outputs: Path, read: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return the entries with the tags and notes of their runs."""

    @cache
    def notes(config: str) -> dict[str, Any]:
        return read_kept(outputs / config / _NOTES)

    noted = []
    for run in (each["entry"] for each in read):
        own = notes(run["config"]).get(run["run"])
        own = own if isinstance(own, dict) else {}
        tags = own.get("tags", [])
        words = " ".join(map(str, tags)) if isinstance(tags, list) else ""
        noted.append({**run, "tags": words, "note": str(own.get("note", ""))})
    return noted


def entries(outputs: Path) -> list[dict[str, Any]]:
    """Return one entry a run, by config, in the order of its sweep; what was read is kept."""
    notes = _notes(outputs)
    read = _read(outputs, notes)
    if read != notes.get("found"):
        _note(outputs, read, results=False)
    return _noted(outputs, read.values())


def begin(outputs: Path) -> list[dict[str, Any]]:
    """Return the entries; page and table, from now on, are those of the next `write_results`."""
    read = _read(outputs, _notes(outputs))
    with suppress(OSError):  # a full disk, which the runs will say
        _note(outputs, read, results=False)
    return _noted(outputs, read.values())


def _read(outputs: Path, notes: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return stamp, entry and row of each run; only records that are new are read."""
    known = notes.get("found", {})
    read: dict[str, dict[str, Any]] = {}
    for path in _records(outputs):
        name, stat = path.parent.relative_to(outputs).as_posix(), path.stat()
        stamp = [stat.st_mtime_ns, stat.st_size]
        if known.get(name, {}).get("stamp") == stamp:
            read[name] = known[name]
            continue
        with suppress(OSError):
            record = _record(path)
            # As JSON gives it back, or it would seem to have changed.
            made = json.loads(json.dumps({"entry": entry(record), "row": row(record)}))
            read[name] = {"stamp": stamp, **made}
    return read


def _record(path: Path) -> RunRecord:
    """Return a record, or, of one that cannot be read, that it failed: no run may vanish."""
    try:
        return read_record(path)
    except ValueError:
        folder = path.parent
        message = f"{path.name} is damaged: run {folder.parent.name} again"
        error = {"section": "Record", "cell": 0, "error": "RecordError", "message": message}
        return RunRecord(
            folder.parent.name, folder.name, "", "failed", {}, [], "", 0.0, error=error
        )


def _records(outputs: Path) -> Iterator[Path]:
    """Give the records of all runs that their configs have, as far as that was noted."""
    folders: dict[Path, list[Path]] = {}
    for path in sorted(outputs.glob("*/*/record.json")):
        folders.setdefault(path.parents[1], []).append(path)
    for folder, paths in folders.items():
        try:
            ids = json.loads((folder / _RUNS).read_text(encoding="utf-8"))
            places = {name: place for place, name in enumerate(ids)}
            kept = [path for path in paths if path.parent.name in places]
            yield from sorted(kept, key=lambda path: places[path.parent.name])
        except (OSError, ValueError, TypeError, RecursionError):
            yield from paths


def _notes(outputs: Path) -> dict[str, Any]:
    with suppress(OSError, ValueError):
        content = (outputs / _READ).read_bytes()
        stamp, _, text = content.partition(b"\n")
        if stamp == _stamp(text):
            return dict(json.loads(text))
    return {}


def _stamp(text: bytes) -> bytes:
    """Return the first line of what was read of records: its form, and that it is whole."""
    return f"{_FORMAT} {crc32(text)}".encode()


def _note(outputs: Path, read: Mapping[str, Any], results: bool) -> None:
    text = json.dumps({"results": results, "found": read}, separators=(",", ":"))
    write_text(outputs / _READ, f"{_stamp(text.encode()).decode()}\n{text}")


def entry(record: RunRecord) -> dict[str, Any]:
    """Return what the page shows of a record."""
    values = {n: v for n, v in record.parameters.items() if n not in FRAME}
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
        "question": str(record.parameters.get("question") or ""),
        "said": error_line(record) or record.answer,
        "cause": cause(record),
        "accepted": "; ".join(str(each.get("because", "")) for each in record.accepted),
        "varied": list(record.varied),
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
    tables = tables_of(outputs)[::-1]
    # 20261126T180819Z becomes 2026-11-26T18:08:19.
    stamp, spaced = r"(....)(..)(..)T(..)(..)(..)Z", r"\1-\2-\3T\4:\5:\6"
    times = [re.sub(stamp, spaced, path.stem) for path in tables]
    return [{"time": t, "table": f"batches/{p.name}"} for t, p in zip(times, tables, strict=True)]


def columns(runs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return the entries by column, which is half as long: texts once each, and their numbers."""
    plain = ("config", "run", "template", "status", "verdict", "started", "said", "cause")
    numbers = ("seconds", "cpu", "energy", "memory")
    parameters = dict.fromkeys(name for run in runs for name in run["parameters"])
    metrics = dict.fromkeys(name for run in runs for name in run["metrics"])
    return {
        "count": len(runs),
        "texts": {
            name: _coded(run.get(name, "") for run in runs)
            for name in (*plain, "question", "accepted", "tags", "note")
        },
        "numbers": {name: [run[name] for run in runs] for name in numbers},
        "parameters": {n: _coded(run["parameters"].get(n) for run in runs) for n in parameters},
        "metrics": {n: [run["metrics"].get(n) for run in runs] for n in metrics},
        "claims": _coded(json.dumps(run["claims"]) for run in runs),
        "varied": _coded(json.dumps(run["varied"]) for run in runs),
    }


def _coded(values: Iterable[Any]) -> dict[str, Any]:
    places: dict[Any, int] = {}
    codes = [places.setdefault(value, len(places)) for value in values]
    return {"values": list(places), "codes": codes}


def render(
    runs: Sequence[Mapping[str, Any]],
    tables: Sequence[Mapping[str, Any]] = (),
    past: Mapping[str, Any] = NO_HISTORY,
    shown: Sequence[Mapping[str, str]] = (),
) -> str:
    """Return the page of these runs and batches.

    Parameters
    ----------
    runs, tables
        As `entries` and `batches` return them.
    past : mapping
        What earlier batches found.
    shown : sequence of mapping
        As `fourfold.report.cards.cards` returns them.
    """
    return page_of(as_json(runs, tables, past, shown=shown), len(runs))


def as_json(
    runs: Sequence[Mapping[str, Any]],
    tables: Sequence[Mapping[str, Any]],
    past: Mapping[str, Any],
    running: Mapping[str, Any] | None = None,
    shown: Sequence[Mapping[str, str]] | None = None,
) -> str:
    """Return the data of a page.

    Parameters
    ----------
    runs, tables : sequence of dict
        As `entries` and `batches` return them.
    past : dict
        As `fourfold.report.history.history` returns it.
    running : dict, optional
        Of the batch that runs now: ``at``, ``done``, ``failed`` and ``total``.
    shown : sequence of dict, optional
        As `fourfold.report.cards.cards` returns them; without them an open page keeps its own.
    """
    content = {**columns(runs), "batches": list(tables), "history": past, "running": running}
    content["cards"] = shown
    data = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    # In a script element nothing else can end it, or begin a comment.
    return data.replace("<", "\\u003c")


def page_of(data: str, count: int) -> str:
    """Return the page of these data."""
    theme, scripts = asset("theme.js"), asset(*_SCRIPTS)
    return str(
        _template().render(
            data=data,
            count=count,
            style=asset("colours.css", "overview.css"),
            theme=theme,
            scripts=scripts,
            policy=policy(theme, scripts, loads=True),
        )
    )


@cache
def _template() -> Any:
    from jinja2 import Environment, FileSystemLoader

    pages = FileSystemLoader(str(files("fourfold.report") / "assets"))
    environment = Environment(loader=pages, trim_blocks=True, lstrip_blocks=True)
    return environment.get_template("overview.html.j2")
