"""A tiny project in a temporary folder, with a real template that runs in a second."""

from __future__ import annotations

import json
import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from fourfold import printing
from fourfold.errors import FourfoldError
from fourfold.plan import RunSpec
from fourfold.records import Place, RunRecord
from fourfold.skip import choose

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
columns: list[str] = []  # columns to use
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
    from fourfold.batch import run_batch

    place = Place(root, outputs)
    return run_batch(choose(specs, place, force=True).todo, place, workers, **options)


@pytest.fixture
def notebook() -> dict[str, Any]:
    """The tiny template as JSON."""
    return make_notebook(CELLS)


@pytest.fixture
def project(tmp_path: Path, notebook: dict[str, Any]) -> Path:
    """A project folder with templates/tiny.ipynb, params/ and numbers.csv."""
    (tmp_path / "templates").mkdir()
    (tmp_path / "params").mkdir()
    (tmp_path / "numbers.csv").write_text("n\n1\n2\n")
    (tmp_path / "templates" / "tiny.ipynb").write_text(json.dumps(notebook))
    return tmp_path


@pytest.fixture
def config(project: Path) -> Callable[..., Path]:
    """Write a config into the project's params/ and return its path."""

    def write(text: str, name: str = "a.yaml") -> Path:
        path = project / "params" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    return write


FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-sync",
         "--disable-background-networking", "--disable-component-update")  # fmt: skip


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A browser of this machine; where CI runs there must be one."""
    try:
        found = printing.browser()
    except FourfoldError as error:
        assert not os.environ.get("CI"), "expected Chromium where CI runs, found none"
        pytest.skip(str(error))
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=found, args=list(FLAGS))
        yield browser
        browser.close()


@pytest.fixture
def browser_page(browser) -> Iterator[Page]:
    """A page that must say nothing in its console, and ask nothing of a network."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page, wrong = context.new_page(), []
    page.on(
        "console",
        lambda said: wrong.append(said.text) if said.type in ("error", "warning") else None,
    )
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on(
        "request",
        lambda asked: None if asked.url.startswith(("file:", "data:")) else wrong.append(asked.url),
    )
    yield page
    context.close()
    assert wrong == []
