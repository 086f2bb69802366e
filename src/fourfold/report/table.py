"""All records of a batch as one table."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from fourfold.records.record import RunRecord, error_line


def rows(records: Iterable[RunRecord]) -> list[dict[str, Any]]:
    """Return one flat row a record: ``param.*``, ``metric.*`` with ``.low`` and ``.high``."""
    return [_row(record) for record in records]


def _row(record: RunRecord) -> dict[str, Any]:
    row: dict[str, Any] = {
        name: getattr(record, name)
        for name in (
            "config",
            "run_id",
            "template",
            "status",
            "verdict",
            "started_at",
            "duration_s",
        )
    }
    row |= {name: record.cost.get(name) for name in ("cpu_s", "peak_mb", "energy_wh")}
    row["error"] = error_line(record)
    row |= {f"param.{name}": _cell(value) for name, value in record.parameters.items()}
    for name, metric in record.metrics.items():
        low, high = metric["ci"] or (None, None)
        row[f"metric.{name}"] = metric["value"]
        row |= {f"metric.{name}.low": low, f"metric.{name}.high": high} if metric["ci"] else {}
    return row


def _cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value


def write_table(records: Sequence[RunRecord], stem: Path) -> list[Path]:
    """Write the table of records as Parquet and CSV; return both paths."""
    import pandas as pd

    frame = pd.DataFrame(rows(records))
    for name in frame:
        kinds = set(map(type, frame[name].dropna()))
        if len(kinds) > 1 and kinds != {int, float}:
            frame[name] = frame[name].astype("string")
    stem.parent.mkdir(parents=True, exist_ok=True)
    parquet, csv = stem.with_suffix(".parquet"), stem.with_suffix(".csv")
    frame.to_parquet(parquet, index=False)
    frame.to_csv(csv, index=False)
    return [parquet, csv]
