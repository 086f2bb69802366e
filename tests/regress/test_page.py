"""The page of differences: what a reader sees of results."""

from __future__ import annotations

import base64
import io
import json

import pandas as pd
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image

from fourfold.records.evidence import MIME
from fourfold.regress.page import (
    Grid,
    Lines,
    Picture,
    cause,
    place,
    render,
    views,
    write_page,
)


def png(colour: str) -> str:
    buffer = io.BytesIO()
    Image.new("RGB", (20, 10), colour).save(buffer, "png")
    return base64.b64encode(buffer.getvalue()).decode()


def display(**data):
    return {"output_type": "display_data", "data": data, "metadata": {}}


def printed(text):
    return {"output_type": "stream", "name": "stdout", "text": text}


def cell(before, after, **more):
    facts = {"id": "look", "section": "EDA", "number": 3, "status": "differs", "message": ""}
    found = [{"where": "line 1", "before": "1", "after": "<script>2", "kind": "text"}]
    return {
        **facts,
        "source": "a < b",
        "differences": found,
        "before": before,
        "after": after,
        **more,
    }


def result(name="a", status="failed", cells=()):
    facts = {"notebook": f"notebooks/{name}.ipynb", "name": name, "template": "", "why": ["x"]}
    return {**facts, "status": status, "duration_s": 1.25, "cells": list(cells)}


def test_pictures_before_after_and_marked():
    """Both, and where they differ; one that is gone has nothing beside it."""
    before, after = (display(**{"image/png": png(colour)}) for colour in ("white", "black"))
    (view,) = views(cell([before], [after]))
    assert isinstance(view, Picture)
    assert (view.before, view.after) == (png("white"), png("black"))
    assert Image.open(io.BytesIO(base64.b64decode(view.marked))).size == (20, 10)
    (view,) = views(cell([before], []))
    assert (view.after, view.marked) == ("", "")


def test_tables_in_one():
    """Each cell before and after; rows and columns that only one side has are there too."""
    old = pd.DataFrame({"a": [1, 2]}, index=["x", "y"])
    new = pd.DataFrame({"a": [1, 3], "b": [5, 6]}, index=["x", "z"])
    before, after = (display(**{"text/html": table.to_html()}) for table in (old, new))
    assert views(cell([before], [after])) == [
        Grid(
            ["a", "b"],
            [
                ("x", [("1", "1", False), ("", "5", True)]),
                ("y", [("2", "", True), ("", "", False)]),
                ("z", [("", "3", True), ("", "6", True)]),
            ],
        )
    ]


def test_texts_line_by_line():
    """What was and what is printed, with the lines around."""
    (view,) = views(cell([printed("a\nb\nc\n")], [printed("a\nB\nc\n")]))
    assert view == Lines([(" ", "a"), ("-", "b"), ("+", "B"), (" ", "c")])


def concluded(verdict, answer):
    facts = {"kind": "conclusion", "verdict": verdict, "answer": answer, "claims": []}
    return [display(**{MIME: facts, "text/plain": answer})]


def test_the_cause_comes_first():
    """Changed lines of code, the cells that moved, and whether the conclusion holds."""
    edited = cell([], [], status="same", id="scale", source="a\nb * 2\n", was="a\nb\n")
    moved = cell([printed("1")], [printed("2")], id="table")
    same = result(cells=[edited, moved])
    found = cause({**same, "why": ["template changed", "data changed"]})
    ((source, lines),) = found["edits"]
    assert (source["id"], lines) == ("scale", Lines([(" ", "a"), ("-", "b"), ("+", "b * 2")]))
    assert found["why"] == ["data changed"]
    assert (found["holds"], found["conclusion"]) == (True, [])
    page = render([same])
    assert page.index("You changed <b>scale</b>") < page.index("b * 2") < page.index(">table<")
    assert "1 of 2 code cells moved" in page
    assert "the conclusion still holds" in page


@pytest.mark.parametrize(
    ("after", "holds", "parts"),
    [
        (concluded("refuted", "No."), False, ["verdict", "answer"]),
        (concluded("supported", "Yes, by 2."), True, ["answer"]),
        ([], None, []),
    ],
)
def test_the_conclusion_before_and_after(after, holds, parts):
    """A verdict that turned changes it, other words do not; a cell that failed leaves it open."""
    status = "differs" if after else "failed"
    judged = cell(concluded("supported", "Yes."), after, status=status, id="judge")
    found = cause(result(cells=[judged]))
    assert found["holds"] is holds
    assert [part for part, *_ in found["conclusion"]] == parts


def test_a_cell_that_is_gone_or_new_is_an_edit():
    """All its lines are gone, or new."""
    gone = cause(result(cells=[cell([], [], source="a", was="a")]))["edits"]
    new = cause(result(cells=[cell([], [], source="a", was=None)]))["edits"]
    assert [view.lines for _, view in gone + new] == [[("-", "a")], [("+", "a")]]


def test_places_are_words():
    """JSON pointers as a reader counts them."""
    assert place("/claims/0/value") == "claims › 1 › value"
    assert place("line 3") == "line 3"


def test_equal_outputs_show_nothing():
    """Nor do the outputs of a cell beside the one that differs."""
    assert views(cell([printed("a")], [printed("a")])) == []


def test_nothing_of_a_notebook_is_executed():
    """Scripts in outputs, names, sources and messages are text on the page."""
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    html = f"<table><tr><th>{evil}</th></tr><tr><td>1{evil}</td></tr></table>"
    outputs = [[display(**{"text/html": html, "text/plain": evil})], [printed(evil)]]
    page = render([result(evil, cells=[cell(*outputs, source=evil, message=evil, id=evil)])])
    assert "<script" not in page
    assert "<img" not in page


def test_failed_first_and_a_line_each():
    """All notebooks stand in the table, in order of what is to be done; passed ones are short."""
    many = [result(f"n{i}", "passed") for i in range(2000)]
    page = render([*many, result("z", "failed", [cell([], [])])])
    assert page.index("notebooks/z.ipynb") < page.index("notebooks/n0.ipynb")
    assert "2000 passed" in page
    assert len(page) < 1_000_000


@pytest.mark.parametrize("status", ["same", "skipped"])
def test_only_what_differs_is_shown(status):
    """Cells that are the same or were skipped are left out."""
    page = render([result(cells=[cell([], [], status=status, id="left-out")])])
    assert "left-out" not in page


def test_the_page_is_written_beside_its_results(tmp_path):
    """From all results in the folder."""
    for name in ("a", "b"):
        (tmp_path / f"{name}.json").write_text(json.dumps(result(name)))
    page = write_page(tmp_path)
    assert page == tmp_path / "index.html"
    assert "notebooks/b.ipynb" in page.read_text()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_no_serious_barrier(browser_page, tmp_path, scheme, width):
    """By axe-core, in both colours; nothing is wider than a phone."""
    old, new = (pd.DataFrame({"a": [n], "b": [2]}).to_html() for n in (1, 3))
    cells = [
        cell([printed("x" * 300)], [printed("y" * 300)], was="a", source="b" * 300, id="scale"),
        cell([display(**{"text/html": old})], [display(**{"text/html": new})], id="table"),
        cell([display(**{"image/png": png("white")})], [display(**{"image/png": png("red")})]),
        cell(concluded("supported", "Yes."), concluded("refuted", "No."), id="judge"),
        cell([], [], status="failed", message="\x1b[31mValueError\x1b[0m: " + "z" * 300, id="bad"),
    ]
    (tmp_path / "a.json").write_text(json.dumps(result(cells=cells)))
    browser_page.set_viewport_size({"width": width, "height": 900})
    browser_page.emulate_media(color_scheme=scheme)
    browser_page.goto(write_page(tmp_path).as_uri())
    assert "ValueError: zzz" in browser_page.inner_text("main")
    assert browser_page.evaluate("document.documentElement.scrollWidth") <= width
    violations = Axe().run(browser_page, options={"preload": False}).response["violations"]
    assert [(each["id"], each["nodes"][0]["html"]) for each in violations] == []
