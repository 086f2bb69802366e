"""Metrics over past batches, and what turned from one batch to the next."""

from __future__ import annotations

from dataclasses import replace

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from fourfold.records.evidence import Criterion, Metric, judge
from fourfold.records.record import RunRecord, write_record
from fourfold.report.history import changes, history, metrics, turned_last
from fourfold.report.overview import write_results
from fourfold.report.table import batch_row, write_table


def run(value: float, night: int = 1, config: str = "prices", **more) -> RunRecord:
    metric = Metric(value, (value - 0.1, value + 0.1))
    claim = judge(Criterion.parse("auc", ">= 0.7"), metric)
    return RunRecord(
        config, "default", "classification", "ok", more.pop("parameters", {"data": "a.csv"}), [],
        f"2026-01-{night:02}T02:00:00+00:00", 2.0, claim.verdict, "fine",
        {"auc": metric, "rows": Metric(100, None, "", True)}, [claim],
    )  # fmt: skip


def skipped(value: float, night: int, reason: str) -> RunRecord:
    none = {"status": "skipped", "verdict": "not judged", "metrics": {}, "claims": []}
    return replace(run(value, night), reason=reason, **none)


@pytest.fixture
def batch(tmp_path):
    """Write the table of a night."""

    def write(night: int, *records: RunRecord) -> None:
        stem = tmp_path / "batches" / f"202601{night:02}T020000Z"
        write_table([batch_row(record) for record in records], stem)

    return write


def test_a_metric_turns_when_it_leaves_its_earlier_interval(tmp_path, batch):
    """Not when it moves within; an exact number has no interval to leave."""
    batch(1, run(0.9))
    batch(2, run(0.95))
    assert history(tmp_path)["turned"] == [[[], 0], [[], 0]]
    batch(3, run(0.75))
    (turned, others) = history(tmp_path)["turned"][-1]
    expected = "auc 0.75, was 0.95 (0.85 to 1.05)"
    assert (turned, others) == (
        [["prices/default", "supported → inconclusive"], ["prices/default", expected]],
        0,
    )
    assert turned_last(tmp_path, ["other/default"]) == []
    assert turned_last(tmp_path, ["prices/default"])[1] == {
        "run": "prices/default",
        "what": expected,
    }


def test_an_edit_is_told_from_a_drift(tmp_path, batch):
    """The parameters that were edited stand with the change."""
    batch(1, run(0.9))
    batch(2, run(0.5, parameters={"data": "b.csv"}))
    texts = [text for _, text in history(tmp_path)["turned"][-1][0]]
    assert texts == [
        "supported → refuted, after an edit of data",
        "auc 0.5, was 0.9 (0.8 to 1), after an edit of data",
    ]


def test_a_run_that_was_away_is_compared_with_its_last_result(tmp_path, batch):
    """Batches of other configs, failures and skips lie in between."""
    batch(1, run(0.9))
    batch(2, run(0.6, config="other"))
    batch(3, skipped(0.9, 3, "when first is supported; it is refuted"))
    batch(4, skipped(0.9, 4, "when first is supported; it is refuted"))
    batch(5, run(0.6, 5))
    texts = [[text for _, text in each] for each, _ in history(tmp_path)["turned"]]
    assert texts == [
        [],
        [],
        ["ok → skipped: when first is supported; it is refuted"],
        [],
        ["skipped → ok", "supported → inconclusive", "auc 0.6, was 0.9 (0.8 to 1)"],
    ]
    series = {(name, metric): points for name, metric, points in history(tmp_path)["series"]}
    assert series["prices/default", "auc"] == [[0, 0.9, 0.8, 1.0], [4, 0.6, 0.5, 0.7]]
    assert ("other/default", "auc") not in series


def test_odd_tables_are_no_end_of_the_page(tmp_path, batch):
    """An empty table, one of other columns, half a line; names of metrics that look like ends."""
    (tmp_path / "batches").mkdir()
    for night, text in enumerate(("", "config\n", "config,run_id,status\na", "\0"), 1):
        (tmp_path / "batches" / f"2025010{night}T000000Z.csv").write_text(text)
    batch(1, run(0.9))
    assert len(history(tmp_path)["stems"]) == 5
    row = {"metric.low": "1", "metric.a.low": "2", "metric.b": "3", "metric.b.low": "nan"}
    assert dict(metrics(row)) == {
        "low": (1.0, None, None),
        "a.low": (2.0, None, None),
        "b": (3.0, None, None),
    }
    assert changes({"status": "ok"}, {"status": "ok", "metric.b": "x"}) == []


def test_the_runs_of_a_large_sweep_have_no_charts_of_their_own(tmp_path, batch):
    """What is best of them stands above; what turned counts all the same."""
    many = [replace(run(0.9), run_id=f"k={k}") for k in range(60)]
    batch(1, *many)
    batch(2, *many[:-1], replace(run(0.5), run_id="k=59"))
    known = history(tmp_path)
    assert known["series"] == []
    assert [name for name, _ in known["turned"][-1][0]] == ["prices/k=59"] * 2


@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_shows_turns_and_trends(browser_page, tmp_path, batch, width):
    """Without a barrier, and no wider than the screen."""
    for night in range(1, 6):
        batch(night, run(0.95 - 0.05 * night, night), run(0.9, night, "a<b>&c"))
    for record in (run(0.7, 5), run(0.9, 5, "a<b>&c")):
        folder = tmp_path / record.config / record.run_id
        folder.mkdir(parents=True)
        write_record(record, folder / "record.json")
    batch(6, skipped(0.7, 6, "when a is supported; it is refuted"))
    browser_page.set_viewport_size({"width": width, "height": 900})
    browser_page.goto(write_results(tmp_path).as_uri())
    turned = browser_page.locator("#turned")
    expect(turned).to_contain_text("1 change in the last batch (2026-01-06 02:00 UTC)")
    expect(turned).to_contain_text("prices: ok → skipped: when a is supported; it is refuted")
    figures = browser_page.locator("#trends figure")
    expect(figures).to_have_count(2)
    expect(figures.first).to_contain_text("prices: auc >= 0.7")
    label = figures.first.locator("svg").get_attribute("aria-label")
    assert label.startswith("auc of prices in 5 batches: between 0.7 and 0.9, now 0.7 (0.6 to 0.8)")
    browser_page.locator("#metric").select_option("rows")
    expect(figures.first).to_contain_text("prices: rows")
    browser_page.locator("#config").select_option("a<b>&c")
    expect(figures).to_have_count(1)
    browser_page.locator("#batches summary").click()
    expect(browser_page.locator("#batches")).to_contain_text("prices/default: ok → skipped")
    assert browser_page.evaluate("document.documentElement.scrollWidth") <= width
    found = Axe().run(browser_page).response["violations"]
    assert [each["id"] for each in found if each["impact"] in ("serious", "critical")] == []
