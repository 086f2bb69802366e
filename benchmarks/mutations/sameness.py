"""Results that look like noise, and noise: are the first caught, and the second forgiven?

The cells are in ``sameness.yaml``. Those that are `harmless` are executed for the reference in a
process of their own, in another folder and, by `fourfold.regress.elsewhen`, on another day; of
those that have `changed`, a value that they read is another. ``fourfold regress`` tests them as
notebooks of a folder, with warm kernels, and once more with what it has learned.

Bars: at most one change is missed, no noise is complained of.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import nbformat
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_notebook
from ruamel.yaml import YAML

TABLE = Path(__file__).with_suffix(".yaml")
RESULTS = Path("outputs/benchmarks/sameness.json")
A_NOTEBOOK = 18
_MOST_MISSED = 1
_ELSEWHEN = "--InteractiveShellApp.extra_extensions=fourfold.regress.elsewhen"
FIRST = """import asyncio, datetime, enum, json, logging, os, pathlib, random, secrets, tempfile
import threading, time, uuid, warnings
import pandas as pd
from IPython.display import HTML, SVG, Latex, Markdown
from tqdm import tqdm
log, started = logging.getLogger(), time.perf_counter()
names = ["oak", "elm", "ash", "fir", "yew"]
class C(enum.Enum):
    RED, BLUE, GREEN = "r", "b", "g"
def work():
    began = time.time()
    time.sleep(0.05 + random.random() * 0.2)
    return time.time() - began"""


def cells() -> dict[str, list[Any]]:
    """Return the cells by kind."""
    return dict(YAML(typ="safe").load(TABLE))


def notebook(path: Path, sources: Sequence[str], elsewhen: bool) -> None:
    """Write a notebook, executed as Jupyter does."""
    written = new_notebook(cells=[new_code_cell(FIRST), *map(new_code_cell, sources)])
    for number, cell in enumerate(written.cells):
        cell["id"] = f"cell-{number}"
    extra = [_ELSEWHEN] if elsewhen else []
    place = {"metadata": {"path": str(path.parent)}}
    NotebookClient(written, extra_arguments=extra, resources=place).execute()
    nbformat.write(written, path)


def prepare(folder: Path, wanted: Sequence[str]) -> dict[str, list[Any]]:
    """Write all references into a folder; return the cells of each notebook."""
    written = {}
    for kind, every in cells().items():
        for at in range(0, len(every) if kind in wanted else 0, A_NOTEBOOK):
            part = every[at : at + A_NOTEBOOK]
            name = f"{kind}-{at // A_NOTEBOOK}"
            sources = part
            if kind == "changed":
                (folder / f"{name}.json").write_text(json.dumps([c["values"][0] for c in part]))
                read = f"X = json.load(open('{name}.json'))"
                sources = [f"{read}[{i}]\n{cell['code']}" for i, cell in enumerate(part)]
            notebook(folder / f"{name}.ipynb", sources, elsewhen=kind == "harmless")
            written[name] = part
    return written


def change(folder: Path, written: dict[str, list[Any]]) -> None:
    """Change what the cells of `changed` read."""
    for name, part in written.items():
        if name.startswith("changed"):
            (folder / f"{name}.json").write_text(json.dumps([c["values"][1] for c in part]))


def verdicts(folder: Path, name: str) -> list[str]:
    """Test a notebook; return the status of each cell."""
    call = [sys.executable, "-m", "fourfold", "regress", f"{name}.ipynb"]
    done = subprocess.run(call, cwd=folder, capture_output=True, text=True, env=dict(os.environ))
    result = folder / ".pytest_cache" / "fourfold" / f"{name}.json"
    if not result.is_file():
        raise SystemExit(done.stdout + done.stderr)
    return [cell["status"] for cell in json.loads(result.read_text())["cells"]][1:]


def main() -> int:
    """Test all; return 1 if a bar is missed."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("kinds", nargs="*", default=["changed", "harmless"], metavar="KIND")
    wanted = parser.parse_args().kinds
    missed, alarms, counts = [], [], {"changed": 0, "harmless": 0}
    with tempfile.TemporaryDirectory(prefix="sameness-") as scratch:
        first, second = Path(scratch) / "first" / "study", Path(scratch) / "elsewhere" / "tested"
        first.mkdir(parents=True)
        written = prepare(first, wanted)
        change(first, written)
        shutil.copytree(first, second)
        for name, part in written.items():
            kind = name.partition("-")[0]
            for again in range(2):
                statuses = verdicts(second, name)
                for cell, status in zip(part, statuses, strict=True):
                    counts[kind] += again == 0
                    if (status == "differs") != (kind == "changed"):
                        (missed if kind == "changed" else alarms).append(str(cell))
                        print(f"{kind}, {status}: {cell}", flush=True)
            print(f"{name}: {len(part)} cells", flush=True)
    of = {kind: f"of {count}" for kind, count in counts.items()}
    print(f"missed {len(set(missed))} {of['changed']}, alarms {len(set(alarms))} {of['harmless']}")
    RESULTS.parent.mkdir(parents=True, exist_ok=True)
    RESULTS.write_text(json.dumps({"missed": missed, "alarms": alarms, **counts}, indent=1))
    return int(len(set(missed)) > _MOST_MISSED or bool(alarms))


if __name__ == "__main__":
    sys.exit(main())
