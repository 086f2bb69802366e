"""The overview of runs, in headless Chromium: sorted, searched, compared, read aloud."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from fourfold.records.evidence import Claim, Metric
from fourfold.records.record import RunRecord, write_record
from fourfold.report import overview
from fourfold.report.overview import entries, keep_runs, write_overview, write_results


def record(config: str, run: str, k: int, silhouette: float, **changes) -> RunRecord:
    metric = Metric(silhouette, (silhouette - 0.1, silhouette + 0.1))
    verdict = "supported" if silhouette > 0.6 else "refuted"
    claim = Claim("silhouette", ">= 0.5", silhouette, metric.ci, "", verdict, "")
    made = RunRecord(
        config, run, "clustering", "ok", {"k": k, "data": "penguins", "scaler": "standard"}, ["k"],
        f"2026-01-0{k}T10:00:00+00:00", 10.0 - k, verdict, f"{k} groups <b>&amp;", {"silhouette": metric},
        [claim], cost={"cpu_s": 2.5, "peak_mb": 200.0, "energy_wh": 0.002})  # fmt: skip
    return replace(made, **changes)


@pytest.fixture
def outputs(tmp_path) -> Path:
    """Three runs that ended well, and one that failed."""
    error = {
        "section": "Modeling",
        "cell": 9,
        "cell_id": "fit",
        "error": "ValueError",
        "message": "no </script> rows",
    }
    runs = [record("penguins", "k=2", 2, 0.7), record("penguins", "k=3", 3, 0.4), record("wine", "k=4", 4, 0.9),
            record("wine", "k=5", 5, 0.1, status="failed", verdict="not judged", claims=[], metrics={}, error=error)]  # fmt: skip
    for run in runs:
        folder = tmp_path / run.config / run.run_id
        folder.mkdir(parents=True)
        write_record(run, folder / "record.json")
        (folder / "report.html").write_text(f"<h1>{run.name}</h1>")
    (tmp_path / "batches").mkdir()
    (tmp_path / "batches" / "20260102T030405Z.csv").write_text("config\n")
    write_overview(tmp_path)
    return tmp_path


def address(outputs: Path, view: str = "") -> str:
    return (outputs / "index.html").as_uri() + view


def names(page: Page) -> list[str]:
    return page.locator("#runs tbody td.run").all_inner_texts()


def test_sort_by_any_column(browser_page, outputs):
    """The best first; up, then down; what has no value comes last; the heading says how."""
    page = browser_page
    page.goto(address(outputs))
    assert names(page) == ["wine/k=4", "penguins/k=2", "penguins/k=3", "wine/k=5"]
    page.get_by_role("button", name="Run", exact=True).click()
    assert names(page)[0] == "penguins/k=2"
    expect(page.locator("th[aria-sort=ascending]")).to_have_count(1)
    page.get_by_label("Metric").first.select_option("silhouette")
    assert names(page) == ["wine/k=4", "penguins/k=2", "penguins/k=3", "wine/k=5"]
    page.get_by_role("button", name="silhouette").click()
    assert names(page) == ["penguins/k=3", "penguins/k=2", "wine/k=4", "wine/k=5"]
    assert "0.4 (0.3 to 0.5)" in page.locator("#runs tbody").inner_text()


def test_search_and_filter(browser_page, outputs):
    """By any word of run, answer, error or parameter; the address keeps the view."""
    page = browser_page
    page.goto(address(outputs))
    page.get_by_label("Search").fill("k=3 penguins")
    expect(page.locator("#shown")).to_have_text("1 of 4 runs shown")
    assert names(page) == ["penguins/k=3"]
    page.get_by_role("button", name="Reset").click()
    page.get_by_label("Status").select_option("failed")
    expect(page.locator("#shown")).to_have_text("1 of 4 runs shown")
    assert "ValueError: no </script> rows" in page.locator("#runs tbody").inner_text()
    page.goto("about:blank")
    page.goto(address(outputs, "#verdict=refuted"))
    assert names(page) == ["penguins/k=3"]


def test_a_report_opens(browser_page, outputs):
    """By a click on the name of the run, which may hold any sign."""
    page = browser_page
    page.goto(address(outputs))
    page.get_by_role("link", name="wine/k=4").click()
    expect(page.get_by_role("heading")).to_have_text("wine/k=4")


def test_runs_are_compared(browser_page, outputs):
    """Parameters that differ, metrics side by side, charts with a text for whoever cannot see."""
    page = browser_page
    page.goto(address(outputs))
    expect(page.get_by_role("button", name="Compare")).to_be_disabled()
    for name in ("penguins/k=2", "penguins/k=3", "wine/k=4"):
        page.get_by_label(f"Choose {name}").check()
    page.get_by_role("button", name="Compare 3").click()
    place = page.locator("#comparison")
    expect(place.get_by_text("Parameters that differ: k.")).to_be_visible()
    assert place.locator("tbody tr").count() == 3
    assert "0.9 (0.8 to 1)" in place.inner_text()
    expect(place.get_by_role("img", name="Parallel coordinates of 3 runs")).to_be_visible()
    expect(place.get_by_role("img", name="silhouette against k, 3 runs")).to_be_visible()
    assert place.locator("circle.point").count() == 3
    again = page.url
    page.goto("about:blank")
    page.goto(again)
    assert page.locator("#comparison tbody tr").count() == 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_serious_barrier(browser_page, outputs, scheme):
    """By axe-core, with all that can be opened open."""
    page = browser_page
    page.emulate_media(color_scheme=scheme)
    page.goto(address(outputs, "#metric=silhouette&runs=penguins/k=2;penguins/k=3"))
    page.locator("#batches summary").click()
    found = Axe().run(page).response["violations"]
    assert [
        (each["id"], each["nodes"][0]["html"])
        for each in found
        if each["impact"] in ("serious", "critical")
    ] == []


def test_dark_and_light(browser_page, outputs):
    """As the system says, until the button says otherwise."""
    page = browser_page
    page.emulate_media(color_scheme="dark")
    page.goto(address(outputs))
    paper = "getComputedStyle(document.body).backgroundColor"
    assert page.evaluate(paper) == "rgb(21, 24, 27)"
    page.get_by_role("button", name="Light colours").click()
    assert page.evaluate(paper) == "rgb(255, 255, 255)"


def test_a_phone_scrolls_one_way(browser_page, outputs):
    """Each run is a card; nothing is wider than the screen; a list sorts, as headings do else."""
    page = browser_page
    page.set_viewport_size({"width": 390, "height": 800})
    page.goto(address(outputs, "#runs=penguins/k=2;penguins/k=3"))
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.get_by_label("Order of the runs").select_option("seconds:0")
    assert names(page) == ["wine/k=5", "wine/k=4", "penguins/k=3", "penguins/k=2"]
    page.get_by_label("Order of the runs").select_option("seconds:1")
    assert names(page) == ["penguins/k=2", "penguins/k=3", "wine/k=4", "wine/k=5"]


def test_only_what_is_new_is_read(outputs, monkeypatch):
    """A second page reads no record; a changed one is read again; one that is gone is gone."""
    monkeypatch.setattr(
        "fourfold.report.overview.read_record", lambda path: pytest.fail("read again")
    )
    assert len(entries(outputs)) == 4
    monkeypatch.undo()
    path = outputs / "wine" / "k=4" / "record.json"
    path.write_text(path.read_text().replace("4 groups", "four groups"))
    assert [e["said"][:4] for e in entries(outputs) if e["run"] == "k=4"] == ["four"]
    path.unlink()
    assert len(entries(outputs)) == 3
    (outputs / ".overview.json").write_text("broken")
    assert len(entries(outputs)) == 3


def test_a_damaged_record_is_shown_as_such(outputs):
    """No run vanishes from page and table: a record that cannot be read says so."""
    path = outputs / "wine" / "k=4" / "record.json"
    path.write_text("{")
    (damaged,) = (e for e in entries(outputs) if (e["config"], e["run"]) == ("wine", "k=4"))
    assert damaged["status"] == "failed"
    assert damaged["said"] == "Record: RecordError: record.json is damaged: run wine again"
    write_results(outputs)
    table = pd.read_csv(outputs / "results.csv").set_index(["config", "run_id"])
    assert table.loc[("wine", "k=4"), "cause"].startswith("RecordError: record.json is damaged")


def test_no_number_breaks_the_page(outputs):
    """A metric that is not a number is left out: JSON has none."""
    path = outputs / "wine" / "k=4" / "record.json"
    content = json.loads(path.read_text())
    content["metrics"]["undefined_one"] = {
        "value": float("nan"),
        "ci": None,
        "unit": "",
        "exact": False,
    }
    path.write_text(json.dumps(content))
    assert "undefined_one" not in write_overview(outputs).read_text()


def table(outputs: Path) -> list[tuple[str, str]]:
    frame = pd.read_csv(outputs / "results.csv")
    return list(zip(frame["config"] + "/" + frame["run_id"], frame["status"], strict=True))


def test_the_table_holds_all_runs(outputs):
    """Of all configs, not only those of the last command; as CSV and as Parquet."""
    write_results(outputs)
    assert table(outputs) == [("penguins/k=2", "ok"), ("penguins/k=3", "ok"), ("wine/k=4", "ok"), ("wine/k=5", "failed")]  # fmt: skip
    frame = pd.read_parquet(outputs / "results.parquet")
    assert list(frame["metric.silhouette"][:3]) == [0.7, 0.4, 0.9]


def test_page_and_table_are_of_the_runs_that_a_config_has(outputs):
    """A run that its config no longer has is left out, the others are in the config's order; undone, it is back."""
    keep_runs(outputs, {"wine": ["k=5", "k=4"], "penguins": ["k=3"], "new": ["k=1"]})
    page = write_results(outputs)
    assert [name for name, _ in table(outputs)] == ["penguins/k=3", "wine/k=5", "wine/k=4"]
    assert "k=2" not in page.read_text()
    keep_runs(outputs, {"penguins": ["k=2", "k=3"]})
    write_results(outputs, always=False)
    assert [name for name, _ in table(outputs)][:2] == ["penguins/k=2", "penguins/k=3"]


@pytest.mark.parametrize("gone", ["index.html", "results.csv", "results.parquet", ".overview.json"])
def test_what_a_killed_command_left_out_is_written_by_the_next(outputs, gone, monkeypatch):
    """And nothing is written if all is there."""
    write_results(outputs)
    before = {name: (outputs / name).read_bytes() for name in ("index.html", "results.csv")}
    (outputs / gone).unlink()
    write_results(outputs, always=False)
    assert before == {name: (outputs / name).read_bytes() for name in before}
    monkeypatch.setattr(overview, "write_table", lambda *_: pytest.fail("written again"))
    write_results(outputs, always=False)


def test_a_record_newer_than_the_table_brings_it_up_to_date(outputs):
    """Killed between record and table; another command may have read the record meanwhile."""
    write_results(outputs)
    path = outputs / "wine" / "k=5" / "record.json"
    path.write_text(path.read_text().replace('"failed"', '"ok"'))
    assert len(entries(outputs)) == 4
    write_results(outputs, always=False)
    assert ("wine/k=5", "ok") in table(outputs)
