"""The templates show the tools of the course in short cells, with more words than code."""

from __future__ import annotations

import statistics
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
sys.path.append(str(ROOT / "benchmarks"))

import prose  # noqa: E402

COUNTS = {path.stem: prose.count(path) for path in sorted((ROOT / "templates").glob("*.ipynb"))}


@pytest.mark.parametrize("name", sorted(prose.COURSE))
def test_the_tools_of_the_course_are_in_sight(name):
    """Six cells of ten call nothing of ours but to record and format."""
    assert COUNTS[name].share >= 0.6, COUNTS[name].ours
    assert COUNTS[name].libraries


def test_cells_are_short_and_explained():
    """Over all templates."""
    lines = [count for each in COUNTS.values() for count in each.lines]
    assert statistics.median(lines) <= 5
    assert sum(each.plain for each in COUNTS.values()) / len(lines) >= 0.45
    assert sum(each.words for each in COUNTS.values()) / sum(lines) >= 9


def test_a_helper_is_seen_and_a_recorder_is_not(tmp_path):
    """`ff.columns` hides pandas, `ff.record` hides nothing."""
    import nbformat

    cells = [nbformat.v4.new_markdown_cell("## 1. Ingest\n\nfour words of prose")]
    codes = ("import fourfold as ff", "ff.columns.kind(1)", "ff.record('a', 1)\n\n# note")
    cells += map(nbformat.v4.new_code_cell, codes)
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "a.ipynb")
    counted = prose.count(tmp_path / "a.ipynb")
    assert (counted.plain, counted.lines, counted.words) == (2, [1, 1, 1], 6)
    assert [each.partition(": ")[2] for each in counted.ours] == ["columns"]
