"""A tiny project in a temporary folder, with a real template that runs in a second."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from playwright.sync_api import Browser, Page, sync_playwright

from fourfold.errors import FourfoldError
from fourfold.report import pdf
from served import ADDRESS, MODULE
from tiny_project import CELLS, make_notebook

# On a busy machine an example may take any time; what is judged here is what comes out.
settings.register_profile("any time", deadline=None)
settings.load_profile("any time")

#: Files that take the longest, which begin first, so that no worker ends long after the others.
LONG = (
    *("test_regress.py", "test_kept.py", "test_rerun.py", "test_kernel.py", "test_zygotes.py"),
    *("test_selection.py", "test_colab_saves.py", "test_results.py", "test_sameness.py"),
    "test_workflow.py",
)


def pytest_configure(config: pytest.Config) -> None:
    """Start the server of commands, once for all workers of xdist."""
    if ADDRESS in os.environ or config.option.collectonly:
        return
    folder = tempfile.TemporaryDirectory(prefix="served-")
    os.environ[ADDRESS] = os.path.join(folder.name, "socket")
    server = subprocess.Popen([sys.executable, MODULE[-1], "--serve", os.environ[ADDRESS]])

    def end() -> None:
        server.kill()
        server.wait()
        del os.environ[ADDRESS]
        folder.cleanup()

    config.add_cleanup(end)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort the tests by file, the longest first; within a file they stay in their order."""
    last = len(LONG)
    items.sort(key=lambda item: LONG.index(item.path.name) if item.path.name in LONG else last)


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
        found = pdf.browser()
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
