"""A plugin of pytest that writes the verdict of each cell: ``-p cell_verdicts --verdicts FILE``.

The file is JSON: by notebook and number of the cell (from 1, in the whole notebook), the outcome
(passed, failed, skipped) and the beginning of the message. Cell 0 is the notebook as a whole.
"""

from __future__ import annotations

import json
import os
from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest

LENGTH = 600


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--verdicts", type=Path)


def pytest_configure(config: pytest.Config) -> None:
    if config.option.verdicts:
        config.pluginmanager.register(Verdicts(config.option.verdicts))


class Verdicts:
    """What became of each cell."""

    def __init__(self, file: Path) -> None:
        self.file = file
        self.found: dict[str, dict[int, tuple[str, str]]] = {}

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport(self, item: Any, call: Any) -> Generator[None, Any, Any]:
        """Keep the worst of setup, call and teardown."""
        report = yield
        cells = self.found.setdefault(os.path.abspath(item.path), {})
        number = _number(item)
        if report.failed or (number not in cells and (report.skipped or report.when == "call")):
            cells[number] = (report.outcome, report.longreprtext[:LENGTH])
        return report

    def pytest_collectreport(self, report: Any) -> None:
        """Keep that a notebook cannot even be read."""
        if report.failed:
            path = os.path.abspath(report.fspath)
            self.found.setdefault(path, {})[0] = ("failed", report.longreprtext[:LENGTH])

    def pytest_sessionfinish(self) -> None:
        """Write what was kept."""
        self.file.write_text(json.dumps(self.found))


def _number(item: Any) -> int:
    """Return the number of an item's cell; nbval counts code cells, Fourfold cells."""
    if hasattr(item, "pair"):
        return int(item.pair.index) + 1
    if not hasattr(item, "cell_num"):
        return 0
    cells = enumerate(item.parent.nb.cells, 1)
    return [number for number, cell in cells if cell.cell_type == "code"][item.cell_num]
