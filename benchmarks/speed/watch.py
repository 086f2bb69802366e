"""From a save to the new report in the browser: ``python benchmarks/speed/watch.py [--times 5]``

Configs of `starter` and `clustering` are watched, one at a time, in a copy of this project. A
parameter that changes the result is saved with another value, several times; measured are the
seconds from the save until Chromium shows the report of that value, and the seconds that its cells
took, by its record. The difference is what a watch adds: to see the save, to plan, to fork, to
write the report and to load it.
"""

from __future__ import annotations

import argparse
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

from measure import ROOT, keep
from playwright.sync_api import Page, sync_playwright

from fourfold.records.record import read_record
from fourfold.report.pdf import browser as program

#: Files below params/, and the parameter that is saved with other values.
CONFIGS = {"starter/breast-cancer.yaml": "seed", "clustering/penguins.yaml": "seed"}
PATIENCE_S = 600


def saved(config: Path, name: str, value: int) -> None:
    """Write a parameter into a config; it has a block of parameters."""
    lines = config.read_text().splitlines()
    lines = [line for line in lines if not re.match(rf"  {name}:", line)]
    lines.insert(lines.index("parameters:") + 1, f"  {name}: {value}")
    config.write_text("\n".join(lines) + "\n")


def shown(page: Page, name: str, value: int) -> None:
    """Wait until the report has this value among its parameters."""
    row = page.locator("header tr", has_text=re.compile(rf"^{name}\s*{value}$"))
    row.wait_for(state="attached", timeout=1000 * PATIENCE_S)


def measure(page: Page, root: Path, file: str, name: str, times: int) -> dict[str, float]:
    """Return medians of seconds, by name."""
    config = root / "params" / file
    saved(config, name, 100)
    call = [sys.executable, "-m", "fourfold", "watch", str(config), "--no-browser"]
    whole, cells = [], []
    with subprocess.Popen(call, cwd=root, stdout=subprocess.PIPE, text=True) as process:
        try:
            address = process.stdout.readline().split()[0]
            page.goto(address)
            shown(page, name, 100)
            for line in process.stdout:
                if "waiting for files" in line:
                    break
            folder = "/".join(address.split("/")[3:5])
            for value in range(101, 101 + times):
                began = time.perf_counter()
                saved(config, name, value)
                shown(page, name, value)
                whole.append(time.perf_counter() - began)
                cells.append(read_record(root / "outputs" / folder / "record.json").duration_s)
                for line in process.stdout:
                    if "waiting for files" in line:
                        break
        finally:
            process.send_signal(signal.SIGINT)
            process.wait()
    beyond = median(a - b for a, b in zip(whole, cells, strict=True))
    return {"save to page, s": median(whole), "cells, s": median(cells), "beyond, s": beyond}


def main() -> int:
    """Print the figures of each config."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--times", type=int, default=5)
    asked = parser.parse_args()
    figures = {}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        root = Path(folder)
        for part in ("templates", "params", "contracts", "data"):
            shutil.copytree(ROOT / part, root / part)
        chromium = playwright.chromium.launch(executable_path=program(), args=["--no-sandbox"])
        for file, name in CONFIGS.items():
            page = chromium.new_page()
            taken = figures[file] = measure(page, root, file, name, asked.times)
            page.close()
            print(f"{file:28} " + ", ".join(f"{n} {v:.2f}" for n, v in taken.items()), flush=True)
        chromium.close()
    print(keep("watch", figures))
    return 0


if __name__ == "__main__":
    sys.exit(main())
