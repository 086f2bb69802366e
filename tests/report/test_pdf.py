"""Reports as PDF, by the browser of this machine."""

from __future__ import annotations

import shutil

import pytest

from fourfold.errors import FourfoldError
from fourfold.report.pdf import NAMES, browser, print_all, print_one


@pytest.fixture
def report(tmp_path):
    """A report with a word that a PDF must hold."""
    path = tmp_path / "report.html"
    path.write_text("<!DOCTYPE html><title>A report</title><h1>Result</h1>")
    return path


@pytest.mark.usefixtures("browser")
def test_a_report_is_printed(report):
    """Beside the report; nothing else is left."""
    (made,) = print_all([report], browser())
    assert made.read_bytes().startswith(b"%PDF")
    assert sorted(path.name for path in report.parent.iterdir()) == ["report.html", "report.pdf"]


def test_without_a_browser_it_says_what_to_install(monkeypatch):
    """Or that the one that was named is not there."""
    monkeypatch.setenv("FOURFOLD_BROWSER", "nowhere")
    with pytest.raises(FourfoldError, match=r"FOURFOLD_BROWSER: expected a program.*'nowhere'"):
        browser()
    monkeypatch.delenv("FOURFOLD_BROWSER")
    monkeypatch.setattr("fourfold.report.pdf.shutil.which", lambda name: None)
    with pytest.raises(FourfoldError, match="install one"):
        browser()
    assert "chromium" in NAMES


def test_a_browser_that_fails_leaves_what_is_there(report, tmp_path):
    """One line with its last words; an older PDF is kept."""
    old = report.with_suffix(".pdf")
    old.write_bytes(b"%PDF old")
    with pytest.raises(
        FourfoldError, match=r"report.html: .*false did not print it: it printed nothing"
    ):
        print_one(report, shutil.which("false"))
    with pytest.raises(FourfoldError, match=r"did not print it: .*nowhere"):
        print_one(report, str(tmp_path / "nowhere"))
    assert old.read_bytes() == b"%PDF old"
