"""What writing and reading a table costs in four formats: data/platform/formats.csv.

``python benchmarks/speed/table_formats.py`` writes 20,000 flights in each format, reads them back,
twenty times in turn, and keeps CPU seconds and megabytes as the platform template reads them.
"""

from __future__ import annotations

import argparse
import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pandas as pd
from measure import ROOT

from fourfold.data.sources import load

ROWS = 20_000


def to_sqlite(frame: pd.DataFrame, path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        frame.to_sql("records", connection, index=False, if_exists="replace")


def from_sqlite(path: Path) -> pd.DataFrame:
    with closing(sqlite3.connect(path)) as connection:
        return pd.read_sql_query("select * from records", connection)


Write, Read = Callable[[pd.DataFrame, Path], object], Callable[[Path], pd.DataFrame]
FORMATS: dict[str, tuple[Write, Read]] = {
    "CSV": (lambda frame, path: frame.to_csv(path, index=False), pd.read_csv),
    "Parquet": (lambda frame, path: frame.to_parquet(path, index=False), pd.read_parquet),
    "JSON Lines": (
        lambda frame, path: frame.to_json(path, orient="records", lines=True, date_format="iso"),
        lambda path: pd.read_json(path, lines=True),
    ),
    "SQLite": (to_sqlite, from_sqlite),
}


def measure(frame: pd.DataFrame, name: str, path: Path) -> dict[str, float]:
    """CPU seconds of one write and one read, and megabytes on disk."""
    write, read = FORMATS[name]
    started = time.process_time()
    write(frame, path)
    written = time.process_time()
    assert len(read(path)) == len(frame)
    done = time.process_time()
    return {
        "writing": written - started,
        "reading": done - written,
        "size": path.stat().st_size / 1e6,
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--repeats", type=int, default=20)
    parser.add_argument("--output", type=Path, default=ROOT / "data" / "platform" / "formats.csv")
    options = parser.parse_args()
    frame = load("flights").frame.head(ROWS)
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        for repeat in range(options.repeats + 1):
            for name in FORMATS:
                found = measure(frame, name, Path(folder) / f"{name}.{repeat}")
                if repeat:  # the first one warms up
                    rows += [(name, criterion, round(v, 5)) for criterion, v in found.items()]
    table = pd.DataFrame(rows, columns=["platform", "criterion", "value"])
    table.to_csv(options.output, index=False)
    print(table.groupby(["criterion", "platform"])["value"].agg(["mean", "std"]).round(4))


if __name__ == "__main__":
    main()
