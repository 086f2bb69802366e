"""The page of a run: self-contained, with the answer on top."""

from __future__ import annotations

import re
from dataclasses import replace

import nbformat
import pytest

from conftest import CELLS, make_notebook
from fourfold.records import RunRecord
from fourfold.report import render, write_report

RECORD = RunRecord(
    config="a",
    run_id="default",
    template="tiny",
    status="ok",
    parameters={"question": "Is <b> so?", "scale": 2},
    varied=[],
    started_at="2026-01-01T00:00:00+00:00",
    duration_s=2.5,
    verdict="supported",
    answer="The mean is < 3.",
    versions={"pandas": "3.1"},
)


@pytest.fixture
def page():
    return render(nbformat.from_dict(make_notebook(CELLS)), RECORD)


def test_the_page_asks_nothing_of_the_network(page):
    """No script, style, font or picture from elsewhere."""
    assert not re.search(r"<(?:script|link|img|iframe)[^>]+(?:src|href)=[\"']?(?:https?:)?//", page)
    assert "@import" not in page
    assert page.count("<!DOCTYPE html>") == 1


def test_question_verdict_and_answer_come_first(page):
    """Before the notebook, and with their HTML escaped."""
    head = page[: page.index("<main>")]
    for part in ("Is &lt;b&gt; so?", "supported", "The mean is &lt; 3."):
        assert part in head


def test_the_contents_lead_to_the_four_sections(page):
    """Each link has its heading."""
    links = re.findall(r'<a href="#([^"]+)">([^<]+)</a>', page[: page.index("<main>")])
    assert [name for _, name in links] == ["Ingest", "EDA", "Modeling", "Conclusions"]
    assert all(f'id="{anchor}"' in page for anchor, _ in links)


def test_code_is_on_demand_and_provenance_at_the_bottom(page):
    """Each code cell folds; parameters, versions and the start stand after the notebook."""
    code = sum(kind == "code" for kind, _, _ in CELLS)
    assert page.count('<details class="code">') == code
    foot = page[page.index("</main>") :]
    for part in ("scale", "pandas", "3.1", "2026-01-01"):
        assert part in foot


def test_a_failed_run_says_where(tmp_path):
    """Section, cell and error, on top."""
    error = {"section": "EDA", "cell": 7, "cell_id": "eda", "error": "KeyError", "message": "<x>"}
    path = tmp_path / "n.ipynb"
    nbformat.write(nbformat.from_dict(make_notebook(CELLS)), path)
    write_report(path, replace(RECORD, status="failed", error=error), tmp_path / "report.html")
    text = (tmp_path / "report.html").read_text()
    assert "EDA, cell 7 (eda): KeyError: &lt;x&gt;" in text[: text.index("<main>")]
