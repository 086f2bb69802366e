"""What people look at, measured: the page of all runs with 10,000 of them, and pictures of it all.

``python benchmarks/pages.py`` gives real records of this project's ``outputs/`` (run ``params/``
first) 10,000 names and values in a temporary folder, and measures in headless Chromium: seconds
to write the page (all records read, and again with only one new), its size, first paint, all rows
sorted, searched and compared. ``--pictures FOLDER`` writes pictures of index, comparison and
report instead, light, dark and as on a phone, from ``outputs/`` as it is; all in one of them,
``pages.png``, and the report of the README, ``report.png``.
"""

from __future__ import annotations

import argparse
import json
import random
import tempfile
import time
from dataclasses import replace
from pathlib import Path
from statistics import median
from typing import Any

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from fourfold.records.record import read_record, write_record
from fourfold.report.overview import write_overview
from fourfold.report.pdf import browser as program

OUTPUTS = Path(__file__).parents[1] / "outputs"
KEPT = OUTPUTS / "benchmarks" / "pages.json"
PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
# The rows are made by a script at the end of the page, before this event.
ROWS = "performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd"
SORT = "document.querySelector('[data-sort=seconds]').click()"
PAGES = ("index", "comparison", "report")
# The result and one figure, without the rest.
ONLY = """(kept) => {
  for (const each of document.querySelectorAll("body > *:not(#result):not(main)")) each.remove();
  const cell = document.getElementById(kept);
  document.querySelector("main").replaceChildren(...cell.querySelectorAll("img"));
}"""
LOOKS = (("light", 1280, "light"), ("dark", 1280, "dark"), ("phone", 390, "light"))
# Milliseconds from an act until the page has been painted with its result.
ACT = """async (act) => {
  const start = performance.now();
  (new Function(act))();
  await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
  return performance.now() - start;
}"""
SEARCH = "const q = document.getElementById('q'); q.value = %r; q.dispatchEvent(new Event('input'))"


def fill(folder: Path, runs: int) -> None:
    """Write so many records, each a real one with a name and a metric of its own."""
    found = [read_record(path) for path in sorted(OUTPUTS.glob("*/*/record.json"))]
    draw = random.Random(0)
    for i in range(runs):
        record = found[i % len(found)]
        shifted = {
            name: replace(each, value=each.value * (1 + draw.gauss(0, 0.05)))
            if isinstance(each.value, float)
            else each
            for name, each in record.metrics.items()
        }
        parameters = {**record.parameters, "seed": i}
        made = replace(record, run_id=f"seed={i}", parameters=parameters, metrics=shifted)
        target = folder / record.config / made.run_id
        target.mkdir(parents=True)
        write_record(made, target / "record.json")


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
            start = time.perf_counter()
            page.evaluate(SEARCH % f"seed={runs - 1}")
            page.wait_for_function("document.getElementById('told').textContent.startsWith('1 of')")
            acts["search, typing pause included"] = (time.perf_counter() - start) * 1000
            for act, milliseconds in acts.items():
                taken.setdefault(f"{act}, s", []).append(milliseconds / 1000)
            page.context.close()
        return figures | {act: median(each) for act, each in taken.items()}


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
    page.evaluate(ONLY, "cell-id=modeling-profiles-plot")
    page.screenshot(path=folder / "report.png", full_page=True)
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=10_000)
    parser.add_argument("--times", type=int, default=3)
    parser.add_argument("--pictures", type=Path)
    options = parser.parse_args()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program(), args=["--no-sandbox"])
        if options.pictures:
            pictures(browser, options.pictures)
            return
        figures = measure(browser, options.runs, options.times)
        browser.close()
    for name, figure in figures.items():
        print(f"{name:40} {figure:8.2f}")
    KEPT.parent.mkdir(exist_ok=True)
    KEPT.write_text(json.dumps({"runs": options.runs, **figures}, indent=1))


if __name__ == "__main__":
    main()
