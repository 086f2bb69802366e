"""The page of all runs in the morning: what is best, what matters, what failed and why."""

from __future__ import annotations

import csv
import json
from dataclasses import replace
from itertools import product
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from fourfold.methods import comparison
from fourfold.methods.comparison import anova
from fourfold.records.evidence import Criterion, Metric, judge
from fourfold.records.record import RunRecord, write_record
from fourfold.report import live
from fourfold.report.live import LivePage, live_page
from fourfold.report.overview import keep_notes, keep_runs, write_results

NAMES = ("rate", "depth", "solver", "seed")
SINGULAR = {"section": "Modeling", "cell": 9, "cell_id": "fit", "error": "LinAlgError"}


def night() -> list[RunRecord]:
    """Forty-five settings with three seeds: rate and depth matter; newton fails at depth 8."""
    rng, records = np.random.default_rng(0), []
    rows = product((1e-4, 0.01, 0.1 + 0.2), (2, 4, 8), ("newton", "saga", "sag", "a|b", "x y"))
    for (rate, depth, solver), seed in product(rows, range(3)):
        values = dict(zip(NAMES, (rate, depth, solver, seed), strict=True))
        loss = round(1.0 - 0.1 * depth + 0.2 * (rate < 0.001) + rng.normal(0, 0.05), 6)
        claim = judge(Criterion.parse("loss", "<= 0.5"), Metric(loss, (loss - 0.1, loss + 0.1)))
        record = RunRecord(
            "trees", ",".join(f"{n}={v}" for n, v in values.items()), "trees", "ok", values,
            list(NAMES), f"2026-01-01T10:{len(records) // 60:02}:{len(records) % 60:02}+00:00", 2.0,
            claim.verdict, "a tree", {"loss": Metric(loss, claim.ci), "time": Metric(2.0)}, [claim],
        )  # fmt: skip
        if solver == "newton" and depth == 8:
            error = SINGULAR | {"message": f"matrix {len(records)} is singular"}
            record = replace(record, status="failed", metrics={}, claims=[], error=error)
        records.append(record)
    records[0] = replace(
        records[0], status="killed", metrics={}, claims=[], error=SINGULAR | {"error": "OutOfMemory", "message": "out of memory, 900 MB"}
    )  # fmt: skip
    records[5] = replace(
        records[5], accepted=[{"at": "2026-01-02", "because": "only a label", "changes": []}]
    )
    return records


@pytest.fixture(scope="module")
def outputs(tmp_path_factory) -> Path:
    """The page of these runs."""
    folder = tmp_path_factory.mktemp("outputs")
    for record in night():
        (folder / record.config / record.run_id).mkdir(parents=True)
        write_record(record, folder / record.config / record.run_id / "record.json")
    write_results(folder)
    return folder


def opened(page: Page, outputs: Path, view: str = "") -> Page:
    page.goto((outputs / "index.html").as_uri() + view)
    return page


def runs_of(outputs: Path) -> comparison.runs.Runs:
    """The same as the template `comparison` reads it."""
    return comparison.read_runs(pd.read_csv(outputs / "results.csv"), metrics=["loss"]).of("loss")


def test_the_best_setting_and_its_lead(browser_page, outputs):
    """Means over seeds, the lowest first as the criterion asks; figures as of `comparison`."""
    ranking = comparison.rank(runs_of(outputs), "loss", higher=False)
    page = opened(browser_page, outputs)
    first = ranking.table.iloc[0]
    words = f"rate {first['rate']:.5g}, depth {first['depth']}, solver {first['solver']}"
    expect(page.locator("#best")).to_contain_text(f"Best of 42 settings of trees: {words}. loss")
    text = page.locator("#best").inner_text()
    value, low, high = (f"{end:.3g}" for end in ranking.best)
    assert f"loss {value} ({low} to {high}), the lowest mean of 3 runs" in text
    assert f"no more than chance: {len(ranking.candidates)} settings may be the best" in text
    expect(page.locator("#shown")).to_have_text(
        "135 of 135 runs shown, as 45 settings: means over seed"
    )
    means = page.locator("#runs tbody td[data-name='loss, mean']").all_inner_texts()
    assert means[0].startswith(f"{ranking.table['mean'].iloc[0]:.3g} (")
    assert means[-1] == ""  # none of three ended well
    assert page.locator("#runs tbody tr").count() == 45


def test_the_importance_of_parameters(browser_page, outputs, monkeypatch):
    """Shares as of `comparison` without pairs, intervals by the same draws, blue if not chance."""
    runs = runs_of(outputs)
    monkeypatch.setattr(anova, "combinations", lambda *_: [])
    table = comparison.explained(runs, "loss", 499)
    factors = [
        {"name": n, "values": runs.table[n].astype(str).tolist(), "repeat": n == "seed"}
        for n in (*runs.settings, *runs.repeats)
    ]
    page = opened(browser_page, outputs)
    call = "([y, factors]) => Fourfold.statistics.importance(y, factors)"
    result = page.evaluate(call, [runs.table["loss"].tolist(), factors])
    for effect in result["effects"]:
        row = table.loc[effect["name"]]
        assert 100 * effect["share"] == pytest.approx(row["share"], abs=1e-6)
        assert 100 * effect["low"] == pytest.approx(row["low"], abs=2)
        assert 100 * effect["high"] == pytest.approx(row["high"], abs=2)
        assert effect["repeat"] or effect["matters"] == (row["p"] < 0.05)
    expect(page.get_by_role("img", name="depth: ")).to_be_visible()
    assert 100 * result["noise"] == pytest.approx(table.loc["noise", "share"])


def test_quantiles(browser_page, outputs):
    """Of Student's t and Fisher's F, by tables."""
    page = opened(browser_page, outputs)
    assert page.evaluate("Fourfold.statistics.student(0.025, 3)") == pytest.approx(3.182446)
    assert page.evaluate("Fourfold.statistics.student(0.025, 1e9)") == pytest.approx(1.959964)
    assert page.evaluate("Fourfold.statistics.tail(3.4928, 2, 20)") == pytest.approx(0.05, abs=1e-5)


def test_what_failed_and_why(browser_page, outputs):
    """One click for all that is not ok; grouped by cause, with the values that all of it have."""
    page = opened(browser_page, outputs)
    text = page.locator("#causes").inner_text()
    assert "10 runs of 135 not ok, by cause" in text
    assert "all with depth 8, solver newton (9 of 9 such runs)" in text
    page.get_by_role("button", name="Not ok (10)").click()
    expect(page.locator("#runs tbody tr")).to_have_count(10)
    page.get_by_role("button", name="9 × LinAlgError: matrix … is singular").click()
    expect(page.locator("#shown")).to_have_text("9 of 135 runs shown")
    page.get_by_role("button", name="9 × LinAlgError").click()
    page.get_by_role("button", name="Not ok (10)").click()
    expect(page.locator("#runs tbody tr")).to_have_count(45)


FILTERS = [
    ("depth", "4", 45),
    ("depth", "=2|4", 90),
    ("depth", "!=4", 90),
    ("depth", ">=4 <8", 45),
    ("depth", "<8", 90),
    ("rate", ">0.001", 90),
    ("rate", "=0.0001", 45),
    ("solver", "sag", 27),
    ("solver", "~sag", 54),
    ("solver", "new", 27),
    ("solver", "~s*g", 27),
    ("solver", "='a|b'|sag", 54),
    ("solver", '!="x y"', 108),
    ("loss", "<=0.5", None),
    ("depth", ">=", 135),
    ("solver", "nobody", 0),
]


def test_filters_by_operator(browser_page, outputs):
    """As `--only` reads them; below the heading of each parameter, and of the metric."""
    page = opened(browser_page, outputs)
    below = sum(r.metrics["loss"].value <= 0.5 for r in night() if r.ok)
    for column, wanted, runs in FILTERS:
        field = page.get_by_label(f"Filter {column}")
        field.fill(wanted)
        page.wait_for_timeout(150)  # where all runs are shown before and after
        shown = f"{below if runs is None else runs} of 135 runs shown"
        expect(page.locator("#shown"), f"{column} {wanted}").to_contain_text(shown)
        assert (field.get_attribute("aria-invalid") == "true") == (wanted == ">="), wanted
        if wanted == ">=":
            assert field.get_attribute("title") == "depth: expected a value after >="
        field.fill("")
        expect(page.locator("#shown")).to_contain_text("135 of 135 runs shown")


def test_the_address_keeps_the_view(browser_page, outputs):
    """Filters, logarithmic axes, and runs instead of means; reset forgets them."""
    page = opened(browser_page, outputs)
    page.get_by_label("Filter depth").fill(">=4")
    page.get_by_label("Mean over").select_option("")
    expect(page.locator("#shown")).to_have_text("90 of 135 runs shown")
    assert page.get_by_label("log axis of the parameter").is_checked()  # rates of many sizes
    page.get_by_label("log axis of the metric").check()
    again = page.url
    page.goto("about:blank")
    page.goto(again)
    expect(page.locator("#shown")).to_have_text("90 of 135 runs shown")
    assert page.get_by_label("log axis of the metric").is_checked()
    assert page.get_by_label("Filter depth").input_value() == ">=4"
    page.get_by_role("button", name="Reset").click()
    expect(page.locator("#shown")).to_contain_text("135 of 135 runs shown, as 45 settings")


def test_runs_of_a_setting_are_opened(browser_page, outputs):
    """By the button that counts them; values of twelve digits are shortened, not changed."""
    page = opened(browser_page, outputs, "#sort=p.rate&down=1")
    assert "0.30000000000000004" not in page.locator("#runs tbody").inner_text()
    page.get_by_title("Show these runs").first.click()
    expect(page.locator("#shown")).to_have_text("3 of 135 runs shown")
    assert page.get_by_label("Filter rate").input_value() == '="0.30000000000000004"'


def test_lines_are_brushed(browser_page, outputs):
    """To drag along an axis keeps the runs within, as the filter below its heading does."""
    page = opened(browser_page, outputs)
    canvas = page.get_by_role("img", name="Parallel coordinates of 125 runs")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    gap = (box["width"] - 130) / 3
    page.mouse.move(box["x"] + 65 + gap, box["y"] + 30)
    page.mouse.down()
    page.mouse.move(box["x"] + 65 + gap, box["y"] + 120, steps=4)
    page.mouse.up()
    expect(page.locator("#shown")).to_contain_text("45 of 135 runs shown")
    assert page.get_by_label("Filter depth").input_value().startswith(">=")


def test_the_selection_as_csv(browser_page, outputs):
    """The runs that are shown, in their order, with parameters, metrics, causes and tags."""
    page = opened(browser_page, outputs, "#bad=1")
    with page.expect_download() as download:
        page.get_by_role("button", name="CSV of these").click()
    rows = list(csv.DictReader(Path(download.value.path()).read_text().splitlines()))
    assert len(rows) == 10
    assert {row["cause"] for row in rows} == {"LinAlgError: matrix … is singular", "out of memory"}
    assert rows[0]["param.rate"] in ("0.0001", "0.01", "0.30000000000000004")


@pytest.mark.parametrize("wide", [1280, 390])
def test_no_barrier_and_no_width(browser_page, outputs, wide):
    """All of it read aloud, and nothing wider than a phone; filters are there as well."""
    page = browser_page
    page.set_viewport_size({"width": wide, "height": 900})
    opened(page, outputs)
    page.wait_for_timeout(300)
    assert page.evaluate("document.documentElement.scrollWidth") <= wide
    page.get_by_label("Filter depth").focus()
    page.keyboard.type(">=8")
    expect(page.locator("#shown")).to_contain_text("45 of 135 runs shown")
    serious = [v for v in Axe().run(page).response["violations"] if v["impact"] in ("serious", "critical")]  # fmt: skip
    assert [(v["id"], v["nodes"][0]["html"]) for v in serious] == []


def test_accepted_results_and_notes(browser_page, outputs):
    """Marked, searched, and gone with the note."""
    run = night()[4].run_id
    keep_notes(outputs, {"trees": {run: {"tags": ["keep"], "note": "ours since May"}}})
    write_results(outputs, always=False)
    page = opened(browser_page, outputs, "#group=")
    page.get_by_label("Search").fill("keep")
    expect(page.locator("#shown")).to_have_text("1 of 135 runs shown")
    assert "ours since May" in page.locator("#runs tbody").inner_text()
    page.get_by_label("Search").fill("accepted")
    expect(page.locator("#shown")).to_have_text("1 of 135 runs shown")
    expect(page.locator(".tag", has_text="accepted")).to_have_count(1)
    assert "1 accepted" in page.locator("#summary").inner_text()
    keep_notes(outputs, {"trees": {}})
    write_results(outputs, always=False)
    assert "since May" not in (outputs / "index.html").read_text()


def test_live_while_a_batch_runs(browser_page, tmp_path, monkeypatch):
    """An open page shows each run that ends, keeps what is typed, and says when it is over."""
    monkeypatch.setattr(live, "_PAUSE_S", 0.2)
    keep_runs(tmp_path, {"trees": []})
    page, records = browser_page, night()
    with live_page(tmp_path, 3) as batch:
        page.goto((tmp_path / "index.html").as_uri())
        expect(page.locator("#age")).to_contain_text("A batch is running: 0 of 3 runs ended")
        for record in (records[0], records[3]):
            batch.add(record)
        expect(page.locator("#age")).to_contain_text("2 of 3 runs ended, 1 not ok", timeout=20_000)
        assert page.locator("#runs tbody tr").count() == 2
        page.get_by_label("Search").fill("depth=2")
        for record in records[:4]:
            (tmp_path / "trees" / record.run_id).mkdir(parents=True)
            write_record(record, tmp_path / "trees" / record.run_id / "record.json")
    keep_runs(tmp_path, {"trees": [record.run_id for record in records]})
    write_results(tmp_path, always=False)
    expect(page.locator("#age")).to_contain_text("The newest result ended", timeout=20_000)
    assert page.get_by_label("Search").input_value() == "depth=2"
    expect(page.locator("#summary")).to_contain_text("4 runs")


def test_an_old_page_says_so(browser_page, tmp_path):
    """A batch that was killed: when it was last heard of."""
    page = LivePage(tmp_path, 9)
    page.add(night()[3])
    content = json.loads(page.content())
    content["running"]["at"] = "2026-01-01T00:00:00+00:00"
    (tmp_path / ".live.js").write_text(f"Fourfold.live({json.dumps(content)})")
    from fourfold.report.overview import page_of

    (tmp_path / "index.html").write_text(page_of(json.dumps(content), 1))
    browser_page.goto((tmp_path / "index.html").as_uri())
    expect(browser_page.locator("#age")).to_contain_text("it may have been stopped")
