"""All records of a batch as one table."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from fourfold.records.record import RunRecord, error_line

_PLAIN = ("config", "run_id", "template", "status", "verdict", "started_at", "duration_s")


def row(record: RunRecord) -> dict[str, Any]:
    """Return one flat row of a record: ``param.*``, ``metric.*`` with ``.low`` and ``.high``."""
    flat: dict[str, Any] = {name: getattr(record, name) for name in _PLAIN}
    flat |= {name: record.cost.get(name) for name in ("cpu_s", "peak_mb", "energy_wh")}
    flat["error"] = error_line(record)
    flat |= {f"param.{name}": _cell(value) for name, value in record.parameters.items()}
    for name, metric in record.metrics.items():
        flat[f"metric.{name}"] = metric.value
        if metric.ci:
            flat[f"metric.{name}.low"], flat[f"metric.{name}.high"] = metric.ci
    return flat


def _cell(value: Any) -> Any:
    return json.dumps(value, ensure_ascii=False) if isinstance(value, list | dict) else value


def write_table(records: Sequence[RunRecord], stem: Path) -> list[Path]:
    """Write the table of records as Parquet and CSV; return both paths."""
    import pandas as pd

    frame = pd.DataFrame([row(record) for record in records])
    for name in frame:
        kinds = set(map(type, frame[name].dropna()))
        if len(kinds) > 1 and kinds != {int, float}:
            frame[name] = frame[name].astype("string")
    stem.parent.mkdir(parents=True, exist_ok=True)
    parquet, csv = stem.with_suffix(".parquet"), stem.with_suffix(".csv")
    frame.to_parquet(parquet, index=False)
    frame.to_csv(csv, index=False)
    return [parquet, csv]
