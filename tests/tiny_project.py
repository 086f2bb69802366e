"""A tiny template that runs in a second, and how tests run what they have planned."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from fourfold.plan.spec import RunSpec
from fourfold.project import Project
from fourfold.records.record import RunRecord
from fourfold.run.selection import choose

PARAMETERS = """# parameters
question: str = "Is the mean above the bound?"  # business question
decision: str = "Whether to go on"  # decision it serves
success: dict[str, str] = {"mean": ">= 0"}  # metric: condition
data: str = "numbers.csv"  # path of the data
query: str = ""  # SQL for a database
contract: str = ""  # path of a contract
scale: float = 1.0  # factor, 0..10
count: int = 5  # how many, 1..100
mode: str = "plain"  # how to do it: plain | fancy
columns: list[str] = []  # names to use
limit: int | None = None  # most rows, 1..
fail: bool = False  # raise in Modeling
seed: int = 0  # random seed, 0..
"""

CELLS = [
    (
        "markdown",
        "title",
        "# A tiny template\n\n"
        + "".join(f"| `{name}` | meaning |\n" for name in re.findall(r"^(\w+):", PARAMETERS, re.M)),
    ),
    ("code", "parameters", PARAMETERS),
    ("code", "setup", "import fourfold as ff"),
    ("markdown", "ingest", "## 1. Ingest"),
    ("code", "ingest-values", "values = [scale * n for n in range(count)]"),
    ("markdown", "eda", "## 2. EDA"),
    ("code", "eda-look", "print(len(values), 'values')"),
    ("markdown", "modeling", "## 3. Modeling"),
    (
        "code",
        "modeling-mean",
        "if fail:\n    raise ValueError('asked to fail')\nmean = sum(values) / count",
    ),
    (
        "code",
        "modeling-record",
        "ff.record('mean', mean, ci=(mean - 1, mean + 1), unit='kg')\nff.record('count', count, exact=True)",
    ),
    ("markdown", "conclusions", "## 4. Conclusions"),
    (
        "code",
        "conclusions-conclude",
        "ff.conclude(f'The mean is {mean:.2f}.', success=success, question=question, decision=decision)",
    ),
]

#: A cell that takes long in the mode fancy, and says that it has begun.
WAITING = """import pathlib, time
if mode == "fancy":
    pathlib.Path("outputs/ready").touch()
    time.sleep(120)"""


def until(met: Callable[[], object], seconds: float = 300) -> None:
    """Wait for something that happens in another process."""
    end = time.monotonic() + seconds
    while not met():
        assert time.monotonic() < end
        time.sleep(0.02)


def make_notebook(cells: list[tuple[str, str, str]]) -> dict[str, Any]:
    """Return a notebook of format 4.5 from (kind, id, source)."""
    made = []
    for kind, name, source in cells:
        cell: dict[str, Any] = {"cell_type": kind, "id": name, "metadata": {}, "source": source}
        if kind == "code":
            cell |= {"outputs": [], "execution_count": None}
        if name == "parameters":
            cell["metadata"]["tags"] = ["parameters"]
        made.append(cell)
    kernel = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return {
        "cells": made,
        "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}},
        "nbformat": 4,
        "nbformat_minor": 5,
    }


def run_all(
    specs: list[RunSpec], root: Path, outputs: Path, workers: int | None = None, **options: Any
) -> tuple[list[RunRecord], bool]:
    """Execute runs, also those that are unchanged."""
    from fourfold.run.batch import run_batch

    place = Project(root, outputs)
    return run_batch(choose(specs, place, force=True).todo, place, workers, **options)
