"""`fourfold predict` on a million rows: seconds, and the most memory that the process held.

A project is made with 20,000 rows of a table of twelve columns (numbers with gaps, dates, yes/no,
categories of 3 to 60 levels) and its contract; `classification` keeps a model of each kind; then
a million other rows, of which one in a thousand breaks the contract, are predicted as CSV and
Parquet, by scikit-learn and by ONNX Runtime. Exit code 1 if a prediction misses a bar.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd

ROOT = Path(__file__).parents[2]
BAR_S, BAR_MB = 30.0, 1024.0
ENGINES, ENDINGS = ("skops", "onnx"), (".csv", ".parquet")
CONTRACT = """schema_type: dataframe
columns:
  distance_km: {dtype: float64, nullable: true, checks: {greater_than_or_equal_to: 0}}
  weekend: {dtype: bool}
"""


def table(rows: int, seed: int) -> pd.DataFrame:
    """Return flights of nobody, with a chance to be late that depends on most columns."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({f"reading_{n}": rng.normal(size=rows).round(4) for n in range(5)})
    frame["distance_km"] = rng.gamma(2.0, 400.0, rows).round(1)
    frame.loc[rng.random(rows) < 0.05, "reading_1"] = np.nan
    frame["weekend"] = rng.random(rows) < 0.3
    frame["day"] = pd.Timestamp("2025-01-01") + pd.to_timedelta(rng.integers(0, 365, rows), "D")
    for name, levels in (("carrier", 8), ("origin", 3), ("destination", 60)):
        frame[name] = np.array([f"{name[:3]}-{n:02}" for n in range(levels)])[
            rng.integers(0, levels, rows)
        ]
    push = frame["reading_0"] + 0.8 * frame["weekend"] + (frame["origin"] == "ori-01")
    frame["late"] = np.where(push + rng.normal(size=rows) > 1.0, "yes", "no")
    return frame


def project(folder: Path, kinds: list[str]) -> None:
    """Write a project with a config for each kind of model."""
    shutil.copytree(ROOT / "templates", folder / "templates")
    (folder / "params").mkdir()
    (folder / "contracts").mkdir()
    (folder / "contracts" / "flights.yaml").write_text(CONTRACT)
    table(20_000, seed=0).to_parquet(folder / "past.parquet", index=False)
    for kind in kinds:
        values = {"data": "past.parquet", "target": "late", "positive": "yes", "models": [kind]}
        values |= {"contract": "contracts/flights.yaml", "sample_rows": 20_000, "repeats": 1}
        text = {"template": "classification", "parameters": values}
        (folder / "params" / f"{kind}.yaml").write_text(json.dumps(text))


def measured(command: list[str], cwd: Path) -> tuple[float, float, float, str]:
    """Return seconds, those of the processor, peak memory in MB, and output of a command."""
    began = time.perf_counter()
    process = subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    output = process.stdout.read()
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"{' '.join(command)} ended with {process.returncode}")
    spent = used.ru_utime + used.ru_stime
    return time.perf_counter() - began, spent, _megabytes(used), output


def _megabytes(used: resource.struct_rusage) -> float:
    return used.ru_maxrss / (1024 if sys.platform == "linux" else 1 << 20)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--kinds", default="logistic,forest,boosting")
    options = parser.parse_args()
    kinds, missed = options.kinds.split(","), []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        project(folder, kinds)
        new = table(options.rows, seed=1)
        new.loc[::1000, "distance_km"] = -1.0
        new.drop(columns="late").to_csv(folder / "new.csv", index=False)
        new.drop(columns="late").to_parquet(folder / "new.parquet", index=False)
        print(measured(["fourfold", "run"], folder)[-1].splitlines()[-3])
        print(f"{options.rows:,} rows of {new.shape[1] - 1} columns")
        for kind in kinds:
            for engine in ENGINES:
                for ending in ENDINGS:
                    out = ["--out", f"out{ending}", "--engine", engine]
                    command = ["fourfold", "predict", kind, f"new{ending}", *out]
                    seconds, spent, memory, said = measured(command, folder)
                    line = f"{kind:9} {engine:5} {ending:8} {seconds:5.1f} s {spent:5.1f} s CPU"
                    line += f" {memory:5.0f} MB"
                    print(f"{line}  {said.splitlines()[0]}")
                    if seconds > BAR_S or memory > BAR_MB:
                        missed.append(line)
    if missed:
        raise SystemExit(f"above {BAR_S:.0f} s or {BAR_MB:.0f} MB:\n" + "\n".join(missed))


if __name__ == "__main__":
    main()
