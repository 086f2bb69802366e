"""What past batches show: each metric over them, and what turned from one to the next."""

import csv
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import Any

_MOST_BATCHES = 30
_MOST_RUNS = 50  # of a config, whose metrics are shown over batches
_MOST_SERIES, _MOST_TURNED = 200, 20
_LONGEST = 40

_NEEDED = {"config", "run_id", "status"}

NO_HISTORY: Mapping[str, Any] = {"stems": [], "turned": [], "series": []}
Row = Mapping[str, str]


def tables_of(outputs: Path) -> list[Path]:
    """Return the tables of batches, the newest last."""
    return sorted((outputs / "batches").glob("*.csv"))


def history(outputs: Path) -> dict[str, Any]:
    """Return the metrics of runs over the last batches, and what turned in each of these.

    Returns
    -------
    dict
        ``stems`` of the tables, the newest last; ``turned``, for each of them texts by run and
        how many others there are; ``series`` of run, metric and points: number of the batch,
        value and ends of the interval.
    """
    recent = tables_of(outputs)[-_MOST_BATCHES:]
    last: dict[str, Row] = {}
    points: dict[tuple[str, str], list[list[Any]]] = {}
    turned: list[list[list[str]]] = []
    for number, path in enumerate(recent):
        rows = _rows(path, path.stat().st_mtime_ns)
        turned.append([[name, text] for name, row in rows for text in changes(last.get(name), row)])
        sizes = Counter(row["config"] for _, row in rows)
        for name, row in rows:
            last[name] = row if row["status"] == "ok" else {**last.get(name, {}), **_ends(row)}
            if row["status"] != "ok" or sizes[row["config"]] > _MOST_RUNS:
                continue
            for metric, value in metrics(row):
                points.setdefault((name, metric), []).append([number, *value])
    long = [[*key, each] for key, each in points.items() if len(each) > 1]
    return {
        "stems": [path.stem for path in recent],
        "turned": [[each[:_MOST_TURNED], max(0, len(each) - _MOST_TURNED)] for each in turned],
        "series": long[:_MOST_SERIES],
    }


@lru_cache(maxsize=2 * _MOST_BATCHES)
def _rows(path: Path, changed_ns: int) -> list[tuple[str, Row]]:
    """Return the rows of a batch by run; read once as long as the file is the same."""
    rows: list[dict[str, str]] = []
    with suppress(OSError, ValueError, csv.Error), path.open(encoding="utf-8", newline="") as file:
        read = csv.DictReader(file, restkey="", restval="")
        rows = [{n: value for n, value in row.items() if n and value} for row in read]
    return [(f"{row['config']}/{row['run_id']}", row) for row in rows if row.keys() >= _NEEDED]


def _ends(row: Row) -> dict[str, str]:
    return {name: row[name] for name in ("status", "cause") if name in row}


def metrics(row: Row) -> Iterator[tuple[str, tuple[float, float | None, float | None]]]:
    """Yield each metric of a row with its value and the ends of its interval."""
    for column in row:
        name = column.removeprefix("metric.")
        bound = name.rpartition(".")
        if name == column or (bound[2] in ("low", "high") and f"metric.{bound[0]}" in row):
            continue
        value, low, high = (_number(row.get(column + end)) for end in ("", ".low", ".high"))
        if value is not None:
            yield name, (value, low, high)


def _number(text: str | None) -> float | None:
    try:
        value = float(text or "nan")
    except ValueError:
        return None
    return value if abs(value) < float("inf") else None  # NaN is not


def changes(before: Row | None, now: Row) -> list[str]:
    """Return what turned in a run since the last batch that had it.

    A metric has turned if its value lies outside of its earlier 95 % interval.
    """
    if before is None:
        return []
    texts = []
    if before["status"] != now["status"]:
        why = f": {now['cause']}" if now["status"] != "ok" and "cause" in now else ""
        texts = [f"{before['status']} → {now['status']}{why}"]
    if now["status"] != "ok":
        return texts
    edited = [
        name.removeprefix("param.")
        for name in dict.fromkeys([*before, *now])
        if name.startswith("param.") and before.get(name) != now.get(name)
    ]
    after = f", after an edit of {', '.join(edited[:3])}" if edited else ""
    old, new = before.get("verdict", ""), now.get("verdict", "")
    texts += [f"{old} → {new}{after}"] if old and old != new else []
    known = dict(metrics(before))
    for name, (value, *_) in metrics(now):
        earlier, low, high = known.get(name, (value, None, None))
        if low is not None and high is not None and not low <= value <= high:
            was = f"was {earlier:.4g} ({low:.4g} to {high:.4g})"
            texts.append(f"{name[:_LONGEST]} {value:.4g}, {was}{after}")
    return texts


def turned_last(outputs: Path, names: Sequence[str]) -> list[dict[str, str]]:
    """Return what turned in the newest batch, of these runs."""
    known = history(outputs)
    texts = known["turned"][-1][0] if known["turned"] else []
    return [{"run": run, "what": text} for run, text in texts if run in set(names)]
