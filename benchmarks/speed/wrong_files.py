"""What ``fourfold new`` says, how long it takes and how much memory, for files of every kind.

``python benchmarks/speed/wrong_files.py`` makes, in a temporary folder: a file that is missing,
empty, a header only, a picture, random bytes, of broken lines; and good ones of 1,000 and 1,000,000
rows and of 2 GB (25 million rows). Each is looked at by a new process. Figures are kept in
``outputs/benchmarks/wrong_files.json``. Takes about a minute and 2 GB of disk.
"""

from __future__ import annotations

import os
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pandas as pd
from measure import keep

FOURFOLD = Path(sys.executable).parent / "fourfold"
LARGE = 2_000_000_000


def orders(rows: int) -> bytes:
    """Orders of a German shop: semicolons, decimal commas, dates, gaps."""
    rng = np.random.default_rng(0)
    day = pd.to_datetime("2024-01-01") + pd.to_timedelta(rng.integers(0, 366, rows), unit="D")
    amount = rng.integers(1, 20, rows)
    frame = pd.DataFrame(
        {
            "Auftrag": np.arange(1, rows + 1),
            "Datum": day.strftime("%d.%m.%Y"),
            "Gebiet": rng.choice(["Nord", "Süd", "West", "Ost"], rows),
            "Menge": amount,
            "Rabatt": np.where(rng.random(rows) < 0.1, np.nan, rng.choice([0, 2.5, 5.0], rows)),
            "Umsatz": (12.5 * amount + rng.normal(0, 9, rows)).round(2),
        }
    )
    return frame.to_csv(index=False, sep=";", decimal=",").encode("cp1252")


def write_large(path: Path) -> None:
    head, _, body = orders(500_000).partition(b"\n")
    with path.open("wb") as handle:
        handle.write(head + b"\n")
        while handle.tell() < LARGE:
            handle.write(body)


def looked_at(folder: Path, name: str, file: str, *options: str) -> dict[str, object]:
    """Run the command, and return what it said, its seconds and its peak memory in MB."""
    said = folder / "said.txt"
    start = time.perf_counter()
    with said.open("w") as handle:
        command = [str(FOURFOLD), "new", name, "--data", file, *options]
        child = os.fork()
        if not child:
            os.chdir(folder)
            os.dup2(handle.fileno(), 1)
            os.dup2(handle.fileno(), 2)
            os.execv(FOURFOLD, command)
        _, status, usage = os.wait4(child, 0)
    seconds = time.perf_counter() - start
    code = os.waitstatus_to_exitcode(status)
    return {
        "file": file,
        "exit": code,
        "seconds": round(seconds, 1),
        "peak_mb": round(usage.ru_maxrss / 1024),
        "said": said.read_text().strip(),
    }


def main() -> None:
    found = []
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for each in ("templates", "params"):
            (folder / each).mkdir()
        (folder / "empty.csv").write_bytes(b"")
        (folder / "header.csv").write_bytes(b"a;b;c\n")
        (folder / "picture.csv").write_bytes(b"\x89PNG\r\n\x1a\n" + os.urandom(5000))
        (folder / "binary.csv").write_bytes(os.urandom(100_000))
        lines = orders(1000).split(b"\n")
        broken = [*lines[:700], lines[3] + b";9", *lines[700:]]
        (folder / "broken.csv").write_bytes(b"\n".join(broken))
        (folder / "orders.csv").write_bytes(b"\n".join(lines))
        (folder / "million.csv").write_bytes(orders(1_000_000))
        write_large(folder / "large.csv")
        files = ["order.csv", "empty.csv", "header.csv", "picture.csv", "binary.csv", "broken.csv"]
        for file in (*files, "orders.csv", "million.csv", "large.csv"):
            line = looked_at(folder, Path(file).stem, file, "--target", "Umsatz")
            print(f"{line['file']}: exit {line['exit']}, {line['seconds']} s, {line['peak_mb']} MB")
            print("   " + str(line["said"]).replace("\n", "\n   "), flush=True)
            found.append(line)
    keep("wrong_files", found)


if __name__ == "__main__":
    main()
