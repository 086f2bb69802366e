"""The table of runs: one flat row a record, as Parquet and CSV."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from fourfold.project import whole_file
from fourfold.records.record import SKIPPED, RunRecord, cause, error_line, find_record

_PLAIN = ("config", "run_id", "template", "status", "verdict", "started_at", "duration_s")


def row(record: RunRecord) -> dict[str, Any]:
    """Return one flat row of a record: ``param.*``, ``metric.*`` with ``.low`` and ``.high``."""
    flat: dict[str, Any] = {name: getattr(record, name) for name in _PLAIN}
    flat |= {name: record.cost.get(name) for name in ("cpu_s", "peak_mb", "energy_wh")}
    flat |= {"cause": cause(record), "error": error_line(record)}
    for name, value in record.parameters.items():
        nested = isinstance(value, list | dict)
        flat[f"param.{name}"] = json.dumps(value, ensure_ascii=False) if nested else value
    for name, metric in record.metrics.items():
        flat[f"metric.{name}"] = metric.value
        if metric.ci:
            flat[f"metric.{name}.low"], flat[f"metric.{name}.high"] = metric.ci
    return flat


def batch_row(record: RunRecord) -> dict[str, Any]:
    """Return the row of a run in its batch: with whether it was executed, or stood as it was."""
    executed = record.status not in ("unchanged", SKIPPED)
    flat = row(replace(record, status="ok") if record.status == "unchanged" else record)
    first = {name: flat.pop(name) for name in ("config", "run_id", "template", "status")}
    return {**first, "executed": executed, **flat}


def write_rows(cells: Mapping[str, Mapping[str, str]], folder: Path) -> Path:
    """Write a table that has a run a row, with the results beside it, and return its CSV file.

    Parameters
    ----------
    cells : mapping
        The cells of each row, by the id of its run.
    folder : Path
        Of the config in the outputs: ``rows.csv`` and ``rows.parquet`` are written into it.
    """
    kept = ("status", "verdict", "duration_s", "error")
    rows = []
    for run, own in cells.items():
        record = find_record(folder / run)
        flat = row(record) if record else {"status": "not executed"}
        result = {n: v for n, v in flat.items() if n in kept or n.startswith("metric.")}
        result = {"run": run, **result}
        rows.append({**own, **{f"result.{n}" if n in own else n: v for n, v in result.items()}})
    return write_table(rows, folder / "rows")[1]


def write_table(rows: Sequence[Mapping[str, Any]], stem: Path) -> list[Path]:
    """Write the table of rows as Parquet and CSV, each whole or not at all; return both paths."""
    import pandas as pd

    frame = pd.DataFrame(list(rows))
    for name in frame:
        kinds = set(map(type, frame[name].dropna()))
        # An integer of more than 64 bits fits no column of numbers.
        large = frame[name].dtype == object and int in kinds
        if large or (len(kinds) > 1 and kinds != {int, float}):
            frame[name] = frame[name].astype("string")
    stem.parent.mkdir(parents=True, exist_ok=True)
    paths = [stem.with_suffix(ending) for ending in (".parquet", ".csv")]
    with whole_file(paths[0]) as parquet, whole_file(paths[1]) as csv:
        frame.to_parquet(parquet, index=False)
        frame.to_csv(csv, index=False)
    return paths
