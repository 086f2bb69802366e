"""What people look at, measured: the page of all runs with 10,000 of them, and pictures of it all.

``python benchmarks/speed/pages.py`` writes records of a night with 10,000 runs into a temporary
folder, and measures in headless Chromium: seconds to write the page (all records read, and again
with only one new), its size, first paint, all rows sorted, filtered, searched and compared. Exit
code 1 if the first paint takes over 0.3 s, or a filter over 0.2 s until its rows are painted; the
charts are drawn after that, and have no bar.
``--night FOLDER`` writes pictures of such a page with 2,000 runs: as it opens, what failed, and
filtered. ``--pictures FOLDER`` writes index, comparison and report, light, dark and as on a phone,
from ``outputs/`` as it is; all in one of them, ``pages.png``, and the report of the README,
``report.png``.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product
from math import log10
from pathlib import Path
from statistics import median
from typing import Any

from measure import ROOT, keep
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from fourfold.records.evidence import Criterion, Metric, judge
from fourfold.records.record import RunRecord, read_record, write_record
from fourfold.report.overview import write_overview
from fourfold.report.pdf import browser as program

OUTPUTS = ROOT / "outputs"
NAMES = ("rate", "depth", "solver", "balanced", "trees", "seed")
SOLVERS = ("newton", "lbfgs", "saga", "sag")
BARS = {"first paint, s": 0.3, "filter by a parameter, s": 0.2, "only what is not ok, s": 0.2}
PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
# The rows are made by a script at the end of the page, before this event.
ROWS = "performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"
SORT = "document.querySelector('[data-sort=seconds]').click()"
PAGES = ("index", "comparison", "report")
# The result and one figure, without the rest.
LOOKS = (("light", 1280, "light"), ("dark", 1280, "dark"), ("phone", 390, "light"))
# Milliseconds from an act until the page has been painted with its result.
ACT = """async (act) => {
  const start = performance.now();
  (new Function(act))();
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  return performance.now() - start;
}"""
FILTER = """const field = document.querySelector('[data-only=depth]');
field.value = %r; field.dispatchEvent(new Event('input'))"""
# Seconds from an act until the rows that it asks for have been painted: the text says how many.
UNTIL = """async ([act, text]) => {
  const start = performance.now(), shown = document.getElementById('shown');
  const done = new Promise((yes) => new MutationObserver(() => {
    if (shown.textContent.includes(text)) yes();
  }).observe(shown, {childList: true}));
  (new Function(act))();
  await done;
  await new Promise((painted) => requestAnimationFrame(() => setTimeout(painted)));
  return performance.now() - start;
}"""
NIGHT = {
    "opened": "",
    "not-ok": "document.getElementById('bad').click()",
    "filtered": FILTER % ">=8" + "; document.getElementById('group').value = '';"
    "document.getElementById('group').dispatchEvent(new Event('change'))",
}
SEARCH = "const q = document.getElementById('q'); q.value = %r; q.dispatchEvent(new Event('input'))"


def fill(folder: Path, runs: int) -> None:
    """Write the records of a night: settings of five parameters, each with five seeds.

    Two parameters and the number of trees matter, one solver fails at one depth, others anywhere.
    """
    draw, spent = random.Random(0), 0.0
    levels = ((1e-4, 1e-3, 0.01, 0.1, 0.1 + 0.2), (2, 4, 8, 16, 32), SOLVERS, (True, False))
    trees = range(100, 100 + 5 * -(-runs // 1000), 5)
    rows = list(product(*levels, trees, range(5)))
    draw.shuffle(rows)
    for number, row in enumerate(rows[:runs]):
        values = dict(
            zip(("rate", "depth", "solver", "balanced", "trees", "seed"), row, strict=True)
        )
        seconds = 3 + draw.expovariate(1 / 30)
        spent += seconds / 2
        began = datetime(2026, 1, 1, 20, tzinfo=UTC) + timedelta(seconds=spent - seconds / 2)
        record = RunRecord(
            "churn", ",".join(f"{name}={value}" for name, value in values.items()),
            "classification", "ok", values, list(values),
            began.isoformat(timespec="seconds"), round(seconds, 3), seed=values["seed"],
            cost={"cpu_s": round(0.8 * seconds, 2), "energy_wh": round(0.002 * seconds, 4)},
        )  # fmt: skip
        target = folder / record.config / record.run_id
        target.mkdir(parents=True)
        write_record(ended(record, draw, number), target / "record.json")


def ended(record: RunRecord, draw: random.Random, number: int) -> RunRecord:
    """Return the record with its result, or with why it has none: two in a hundred."""
    values = record.parameters
    singular = values["solver"] == "newton" and values["depth"] == 32 and draw.random() < 0.25
    luck = 0.0 if singular else draw.random()
    if luck < 0.01:
        status, error, message = (
            ("failed", "LinAlgError", f"Singular matrix of rank {number}") if singular
            else ("killed", "OutOfMemory", "out of memory, the kernel had 900 MB") if luck < 0.006
            else ("timed_out", "Timeout", "took longer than 600 s")
        )  # fmt: skip
        where = {"section": "Modeling", "cell": 9, "cell_id": "fit"}
        return replace(record, status=status, error=where | {"error": error, "message": message})
    auc = 0.75 - 0.02 * abs(log10(values["rate"]) + 2) + 0.06 * (values["depth"] >= 8)
    auc = round(auc + 0.02 * (values["solver"] == "saga") + draw.gauss(0, 0.012), 6)
    ends = (round(auc - 0.02, 6), round(auc + 0.02, 6))
    claim = judge(Criterion.parse("auc", ">= 0.78"), Metric(auc, ends))
    metrics = {"auc": Metric(auc, ends), "loss": Metric(round(1 - auc + draw.random() / 20, 6))}
    answer = f"The model finds churners with an AUC of {auc:.3f}."
    made = replace(record, verdict=claim.verdict, answer=answer, metrics=metrics, claims=[claim])
    because = [{"at": record.started_at, "because": "only a label", "changes": []}]
    because = because if number == 7 else []
    return replace(made, accepted=because)


def page_of(browser: Browser, address: str, **options: Any) -> Page:
    """Open a page and fail on any error that it reports."""
    page = browser.new_context(**options).new_page()
    page.on("pageerror", lambda error: (_ for _ in ()).throw(RuntimeError(str(error))))
    page.goto(address)
    return page


def measure(browser: Browser, runs: int, times: int) -> dict[str, float]:
    """Return seconds and megabytes by name."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        fill(folder, runs)
        start = time.perf_counter()
        index = write_overview(folder)
        figures = {"page written, s": time.perf_counter() - start}
        some = next(folder.glob("*/*/record.json"))
        write_record(replace(read_record(some), answer="new"), some)
        start = time.perf_counter()
        write_overview(folder)
        figures["page written again after one run, s"] = time.perf_counter() - start
        figures["size, MB"] = index.stat().st_size / 1e6
        taken: dict[str, list[float]] = {}
        for _ in range(times):
            page = page_of(browser, index.as_uri(), viewport={"width": 1280, "height": 900})
            acts = {
                "first paint": page.evaluate(PAINT),
                "rows shown": page.evaluate(ROWS),
                "sort by time": page.evaluate(ACT, SORT),
                "choose all": page.evaluate(ACT, "document.getElementById('all').click()"),
                "compare all": page.evaluate(ACT, "document.getElementById('go').click()"),
            }  # fmt: skip
            page.evaluate("document.getElementById('go').click()")
            page.wait_for_timeout(1000)  # the charts
            bad, reset = (f"document.getElementById('{name}').click()" for name in ("bad", "reset"))
            for act, does in {
                "filter by a parameter": FILTER % ">=8 !=16",
                "only what is not ok": f"{reset}; {bad}",
                "search, typing pause included": f"{reset}; " + SEARCH % "seed=3 depth=16",
            }.items():
                acts[act] = page.evaluate(UNTIL, [does, f"of {runs:,} runs"])
                page.wait_for_timeout(1000)
            for act, milliseconds in acts.items():
                taken.setdefault(f"{act}, s", []).append(milliseconds / 1000)
            page.context.close()
        return figures | {act: median(each) for act, each in taken.items()}


def night(browser: Browser, folder: Path, runs: int = 2000) -> None:
    """Write pictures of the page in the morning: light, dark and as on a phone."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as name:
        fill(Path(name), runs)
        index = write_overview(Path(name))
        for view, act in NIGHT.items():
            for look, wide, scheme in LOOKS:
                size = {"width": wide, "height": 2000}
                page = page_of(browser, index.as_uri(), viewport=size, color_scheme=scheme)
                page.evaluate(f"() => {{ {act} }}")
                page.wait_for_timeout(1500)
                page.screenshot(path=folder / f"night-{view}-{look}.png")
                page.context.close()
                print(folder / f"night-{view}-{look}.png")


def pictures(browser: Browser, folder: Path) -> None:
    """Write index, comparison and report: light, dark and as on a phone."""
    folder.mkdir(parents=True, exist_ok=True)
    index = write_overview(OUTPUTS)
    records = [read_record(path) for path in sorted(OUTPUTS.glob("*/*/record.json"))]
    swept = [each for each in records if each.varied] or records
    report = OUTPUTS / next((r.name for r in records if r.claims), records[0].name) / "report.html"
    for name, address in zip(PAGES, (index, index, report), strict=True):
        for look, wide, scheme in LOOKS:
            size = {"width": wide, "height": 900 if wide > 700 else 1100}
            page = page_of(browser, address.as_uri(), viewport=size, color_scheme=scheme)
            if name == "comparison":
                page.get_by_label("Search").fill(swept[0].config)
                page.wait_for_timeout(300)
                page.get_by_role("button", name="Choose all shown").click()
                page.get_by_role("button", name="Compare").click()
            target = folder / f"{name}-{look}.png"
            page.screenshot(path=target)
            page.context.close()
            print(target)
    print(montage(folder))
    page = page_of(browser, report.as_uri(), viewport={"width": 860, "height": 600})
    page.locator("header.summary").screenshot(path=folder / "report.png")
    print(folder / "report.png")


def montage(folder: Path) -> Path:
    """Put the nine pictures into one, a row for each page."""
    rows = [[folder / f"{name}-{look}.png" for look, *_ in LOOKS] for name in PAGES]
    whole = Image.new("RGB", (1612, 3 * 500), "#888")
    for i, row in enumerate(rows):
        left = 0
        for path in row:
            picture = Image.open(path).convert("RGB")
            picture = picture.resize((round(picture.width * 490 / picture.height), 490))
            whole.paste(picture, (left, i * 500))
            left += picture.width + 10
    target = folder / "pages.png"
    whole.quantize(192, Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE).save(
        target, optimize=True
    )
    return target


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--pictures", type=Path)
    parser.add_argument("--night", type=Path)
    options = parser.parse_args()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program(), args=["--no-sandbox"])
        if options.pictures or options.night:
            if options.night:
                night(browser, options.night)
            if options.pictures:
                pictures(browser, options.pictures)
            return 0
        figures = measure(browser, options.runs, options.times)
        browser.close()
    for name, figure in figures.items():
        print(f"{name:40} {figure:8.2f}")
    keep("pages", {"runs": options.runs, **figures})
    return int(any(figures[name] > bar for name, bar in BARS.items()))


if __name__ == "__main__":
    sys.exit(main())
