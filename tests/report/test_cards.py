"""Cards of the page of all runs: question, answer, picture, what decided and what changed."""

from __future__ import annotations

import base64
import io
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import expect

from fourfold.records.evidence import Claim, Metric
from fourfold.records.record import RunRecord, write_record
from fourfold.report.cards import THUMBNAIL, best, cards, write_thumbnail
from fourfold.report.overview import entries, entry, write_overview
from fourfold.report.table import batch_row, write_table


def record(config, run, template, value, condition=">= 0.5", verdict="supported", **parameters):
    metric = Metric(value, (value - 0.1, value + 0.1))
    claims = [Claim("gain", condition, value, metric.ci, "", verdict, "")]
    return RunRecord(
        config, run, template, "ok", {"question": f"What of {config}?", **parameters},
        list(parameters), "2026-01-01T10:00:00+00:00", 1.0, verdict, f"Found {value}.",
        {"gain": metric}, claims,
    )  # fmt: skip


def hero(width: int = 1050) -> dict[str, str]:
    buffer = io.BytesIO()
    Image.new("RGB", (width, 600), "steelblue").save(buffer, "png")
    return {"png": base64.b64encode(buffer.getvalue()).decode(), "alt": ""}


RUNS = [
    record("wine", "default", "clustering", 0.7),
    record("titanic", "default", "classification", 0.3, verdict="refuted"),
    record("sweep", "k=2", "clustering", 0.6, k=2),
    record("sweep", "k=3", "clustering", 0.9, k=3),
    record("price", "default", "regression", 0.5, verdict="inconclusive"),
]


@pytest.fixture
def outputs(tmp_path) -> Path:
    """Runs of four configs by three templates, after two batches; one has a picture."""
    for run in RUNS:
        folder = tmp_path / run.config / run.run_id
        folder.mkdir(parents=True)
        write_record(run, folder / "record.json")
    write_thumbnail(tmp_path / "wine" / "default", hero())
    former = [record("wine", "default", "clustering", 0.2, verdict="refuted"), *RUNS[1:]]
    for day, runs in enumerate((former, RUNS), start=1):
        stem = tmp_path / "batches" / f"2026010{day}T030405Z"
        write_table([batch_row(run) for run in runs], stem)
    write_overview(tmp_path)
    return tmp_path


def test_the_best_run_follows_the_criterion():
    """The highest of ``>=``, the lowest of ``<=``; how many lie within its interval."""
    runs = [entry(each) for each in RUNS[2:4]]
    first, rivals = best(runs)
    assert (first["run"], rivals) == ("k=3", 0)
    low = [entry(record("a", f"k={n}", "t", n / 20, "<= 1", k=n)) for n in (3, 4, 9)]
    first, rivals = best(low)
    assert (first["run"], rivals) == ("k=3", 1)
    assert best(low[:1]) is None
    assert best([low[0], runs[0]]) is None
    assert best([entry(record("a", f"k={n}", "t", n, "== 1", k=n)) for n in (1, 2)]) is None


def test_a_card_for_each_config(outputs):
    """It shows the best run of a sweep, and the picture where there is one."""
    made = {each["run"]: each["picture"] for each in cards(entries(outputs), outputs)}
    assert set(made) == {"wine/default", "titanic/default", "sweep/k=3", "price/default"}
    assert [run for run, picture in made.items() if picture] == ["wine/default"]
    kept = io.BytesIO(base64.b64decode(made["wine/default"].partition(",")[2]))
    assert Image.open(kept).width == 560
    write_thumbnail(outputs / "wine" / "default", None)
    assert not (outputs / "wine" / "default" / THUMBNAIL).exists()
    assert not any(each["picture"] for each in cards(entries(outputs), outputs))


def test_cards_say_what_decided_and_what_changed(browser_page, outputs):
    """By template; the table is one click away, and the address keeps it."""
    page = browser_page
    page.goto((outputs / "index.html").as_uri())
    titles = page.locator("#cards h2").all_inner_texts()
    assert [each.lower() for each in titles] == ["classification", "clustering", "regression"]
    wine = page.locator(".card", has_text="What of wine?")
    assert "Supported. Found 0.7." in wine.inner_text()
    assert "✔ gain 0.7 (0.6 to 0.8), wanted >= 0.5" in wine.inner_text()
    assert "Changed: refuted → supported" in wine.inner_text()
    assert wine.locator("img.hero").count() == 1
    assert "✘ gain 0.3" in page.locator(".card", has_text="What of titanic?").inner_text()
    assert "nothing turned" in page.locator(".card", has_text="What of price?").inner_text()
    page.get_by_role("button", name="2 runs: show all").click()
    expect(page.locator("#runs tbody tr")).to_have_count(2)
    page.get_by_role("button", name="Cards").click()
    expect(page.locator(".card")).to_have_count(1)
    page.goto("about:blank")
    page.goto((outputs / "index.html").as_uri() + "#view=table")
    expect(page.locator("#runs tbody tr")).to_have_count(5)
    expect(page.locator("#cards")).to_be_hidden()


@pytest.mark.parametrize("width", [1000, 800, 390])
def test_nothing_is_cut_on_a_narrow_screen(browser_page, outputs, width):
    """Cards, table and comparison fit in the width; evidence and each metric are in it."""
    page = browser_page
    page.set_viewport_size({"width": width, "height": 900})
    for view in ("", "#view=table", "#view=table&runs=sweep/*;wine/default"):
        page.goto("about:blank")
        page.goto((outputs / "index.html").as_uri() + view)
        page.wait_for_timeout(100)
        wide = "[...document.querySelectorAll('body, .wide')].filter((e) => e.offsetParent || e === document.body).map((e) => e.scrollWidth - e.clientWidth)"
        assert max(page.evaluate(wide)) <= 1, view
    assert "✔ 0.9 (0.8 to 1)" in page.locator("#comparison").inner_text()
    assert page.locator("#comparison .line.supported").count() == 3


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_serious_barrier(browser_page, outputs, scheme):
    """By axe-core, cards and comparison, in both colours."""
    page = browser_page
    page.emulate_media(color_scheme=scheme)
    for view in ("", "#view=cards&runs=sweep/*;wine/default"):
        page.goto("about:blank")
        page.goto((outputs / "index.html").as_uri() + view)
        violations = Axe().run(page).response["violations"]
        assert [(each["id"], each["nodes"][0]["html"]) for each in violations] == []
