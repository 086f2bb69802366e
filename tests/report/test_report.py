"""The page of a run: self-contained, with the answer on top."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from pathlib import Path

import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe
from jinja2 import Environment
from playwright.sync_api import expect

from fourfold.records.evidence import MIME, Claim, Metric
from fourfold.records.record import RunRecord, findings
from fourfold.report import report as reports
from fourfold.report.report import render, write_report
from tiny_project import CELLS, make_notebook

ROOT = Path(__file__).parents[2]
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


def test_the_pages_of_the_next_process_need_no_compiler(page, monkeypatch):
    """What jinja has compiled for this one is kept."""
    monkeypatch.setattr(Environment, "compile", lambda *args, **options: pytest.fail("compiled"))
    monkeypatch.setattr(reports, "_exporter", cache(reports._exporter.__wrapped__))
    assert render(nbformat.from_dict(make_notebook(CELLS)), RECORD) == page


def test_question_verdict_and_answer_come_first(page):
    """Before the notebook, and with their HTML escaped."""
    head = page[: page.index("<main ")]
    for part in ("Is &lt;b&gt; so?", "supported", "The mean is &lt; 3."):
        assert part in head


def test_the_contents_lead_to_the_four_sections(page):
    """Each link has its heading."""
    links = re.findall(r'<a href="#([^"]+)">([^<]+)</a>', page[: page.index("<main ")])
    names = ["Result", "Ingest", "EDA", "Modeling", "Conclusions", "Provenance"]
    assert [name for _, name in links] == names
    assert all(f'id="{anchor}"' in page for anchor, _ in links)


def test_code_is_on_demand_and_provenance_at_the_bottom(page):
    """Each code cell folds; parameters stand before the notebook, what made it after it."""
    code = sum(kind == "code" for kind, _, _ in CELLS)
    assert page.count('<details class="code">') == code
    foot = page[page.index("</main>") :]
    for part in ("pandas", "3.1", "2026-01-01"):
        assert part in foot
    assert '<th scope="row">scale</th><td>2' in page[: page.index("<main ")]


def test_a_failed_run_says_where(tmp_path):
    """Section, cell and error, on top."""
    error = {"section": "EDA", "cell": 7, "cell_id": "eda", "error": "KeyError", "message": "<x>"}
    nbformat.write(nbformat.from_dict(make_notebook(CELLS)), tmp_path / "notebook.ipynb")
    write_report(tmp_path, replace(RECORD, status="failed", error=error))
    text = (tmp_path / "report.html").read_text()
    assert "EDA, cell 7 (eda): KeyError: &lt;x&gt;" in text[: text.index("<main ")]


def test_claims_come_with_their_evidence(page):
    """Value, interval with a small chart, verdict and reason; an exact figure needs no chart."""
    claims = [
        Claim("mean", ">= 2", 3.0, (2.5, 3.5), "kg", "supported", "<why>"),
        Claim("rows", "1..5", 4, None, "kg", "supported", "<why>"),
    ]
    text = render(nbformat.from_dict(make_notebook(CELLS)), replace(RECORD, claims=claims))
    head = text[: text.index("<main ")]
    for part in ("mean &gt;= 2", "3.00 kg", "2.50 to 3.50", "exact", "&lt;why&gt;"):
        assert part in head
    assert head.count('<svg class="interval supported"') == 1
    unjudged = Claim("rows", "1..5", 4, None, "kg", "inconclusive", "the metric has no interval")
    text = render(nbformat.from_dict(make_notebook(CELLS)), replace(RECORD, claims=[unjudged]))
    assert "<span>no interval</span>" in text
    assert "<span>exact</span>" not in text
    assert "<table class" not in page[: page.index("<main ")]


def test_metrics_say_what_is_exact():
    """A figure has its interval, is exact, or is a figure without either."""
    metrics = {"mean": Metric(2.5, (2.0, 3.0), "kg"), "rows": Metric(3, exact=True)}
    record = replace(RECORD, metrics={**metrics, "other": Metric(None)})
    text = render(nbformat.from_dict(make_notebook(CELLS)), record)
    rows = re.findall(r'<tr><th scope="row">(\w+)</th><td>([^<]*)</td><td>([^<]*)</td>', text)
    assert rows == [
        ("mean", "2.50 kg", "2.00 to 3.00"),
        ("rows", "3", "exact"),
        ("other", "undefined", ""),
    ]


def test_figures_are_put_into_words():
    """From the data that they carry; where they carry none, by the name of their cell."""
    notebook = nbformat.from_dict(make_notebook(CELLS))
    line = {"kind": "line", "x": [0.0, 4.0], "y": [1.0, 2.5]}
    axes = {"title": 'Growth "fast"', "series": [line]}
    figure = {"image/png": "iVBORw0KGgo=", MIME: {"kind": "figure", "axes": [axes]}}
    plain = {"image/png": "iVBORw0KGgo="}
    for cell, data in ((notebook.cells[4], figure), (notebook.cells[6], plain)):
        output = {"output_type": "display_data", "data": data, "metadata": {}}
        cell.outputs = [nbformat.from_dict(output)]
    text = render(notebook, RECORD)
    told = re.findall('alt="([^"]*)"', text)
    assert told == [
        "Growth &quot;fast&quot;. A line; across 0 to 4; up 1 to 2.50.",
        "Figure of the cell eda look",
    ]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_serious_barrier(browser_page, tmp_path, scheme):
    """By axe-core, with all that folds open, in both colours; and code only on demand."""
    (tmp_path / "report.html").write_text(
        render(nbformat.from_dict(make_notebook(CELLS)), RECORD), encoding="utf-8"
    )
    page = browser_page
    page.emulate_media(color_scheme=scheme)
    page.goto((tmp_path / "report.html").as_uri())
    code = page.get_by_text("values = [scale * n for n in range(count)]")
    expect(code).to_be_hidden()
    page.get_by_role("button", name="Show code").click()
    expect(code).to_be_visible()
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    found = Axe().run(page).response["violations"]
    serious = [each for each in found if each["impact"] in ("serious", "critical")]
    assert [(each["id"], each["nodes"][0]["html"]) for each in serious] == []
    page.get_by_role("button", name="Hide code").click()
    expect(code).to_be_hidden()


def test_a_phone_scrolls_one_way(browser_page, tmp_path):
    """Nothing is wider than the screen, and all that folds is open on paper."""
    wide = make_notebook(CELLS)
    wide["cells"][6]["outputs"] = [
        {"output_type": "stream", "name": "stdout", "text": "wide " * 200}
    ]
    (tmp_path / "report.html").write_text(render(nbformat.from_dict(wide), RECORD))
    page = browser_page
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto((tmp_path / "report.html").as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    assert page.locator("pre[tabindex='0']").count() == 1
    parameters = page.get_by_role("rowheader", name="scale")
    expect(parameters).to_be_hidden()
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    expect(parameters).to_be_visible()
    page.evaluate("window.dispatchEvent(new Event('afterprint'))")
    expect(parameters).to_be_hidden()


@pytest.mark.parametrize("name", ["clustering-penguins", "regression-diabetes", "quality-flights"])
def test_real_reports_have_no_serious_barrier(browser_page, tmp_path, name):
    """Of references: tables, figures and formatted models, dark and on a phone."""
    notebook = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)
    record = replace(RECORD, **findings(notebook))
    (tmp_path / "report.html").write_text(render(notebook, record), encoding="utf-8")
    page = browser_page
    page.emulate_media(color_scheme="dark")
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto((tmp_path / "report.html").as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    alts = page.locator("main img").evaluate_all("images => images.map(image => image.alt)")
    assert alts
    assert not [alt for alt in alts if not alt or alt.startswith("Figure of the cell")]
    page.evaluate("for (const each of document.querySelectorAll('details')) each.open = true")
    found = Axe().run(page).response["violations"]
    serious = [each for each in found if each["impact"] in ("serious", "critical")]
    assert [(each["id"], each["nodes"][0]["html"]) for each in serious] == []


def test_the_figure_that_carries_the_answer_is_at_the_top():
    """That of the cell with the tag hero, in words for who cannot see it; without one, none."""
    notebook = nbformat.from_dict(make_notebook(CELLS))
    cell = next(cell for cell in notebook.cells if cell.cell_type == "code")
    series = {"kind": "line", "x": [1.0, 2.0], "y": [0.1, 0.3]}
    facts = {"kind": "figure", "axes": [{"title": "Growth", "series": [series]}]}
    output = {"output_type": "display_data", "metadata": {}}
    output["data"] = {"image/png": "iVBORw0KGgo=", MIME: facts}
    cell.outputs = [nbformat.from_dict(output)]
    assert '<img class="hero"' not in render(notebook, RECORD)
    cell.metadata["tags"] = ["hero"]
    page = render(notebook, RECORD)
    (alt,) = re.findall(r'<img class="hero" alt="([^"]*)" src="data:image/png;base64,iVBO', page)
    assert "Growth" in alt
    assert page.index('class="hero"') < page.index("<main ")
