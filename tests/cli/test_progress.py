"""Tables and progress lines, as a terminal or a log file shows them."""

from __future__ import annotations

import io

from rich.console import Console

from fourfold.cli.progress import Progress, plan_table, result_table
from fourfold.plan.plan import plan
from fourfold.records.evidence import Claim
from fourfold.records.record import RunRecord


def printed(what, width=120) -> str:
    console = Console(file=io.StringIO(), width=width)
    console.print(what)
    return console.file.getvalue()


def record(run_id="default", **changes):
    base = {
        "config": "a",
        "run_id": run_id,
        "template": "tiny",
        "status": "ok",
        "parameters": {},
        "varied": [],
        "started_at": "2026-01-01T00:00:00+00:00",
        "duration_s": 2.5,
    }
    return RunRecord(**(base | changes))


def test_the_plan_shows_each_run(project, config):
    """Config, run, template, data and timeout."""
    config("template: tiny\nsweep: {grid: {scale: [1.5, 2.5]}}\nrun: {timeout: 90s}\n")
    lines = printed(plan_table(plan([], project))).splitlines()
    assert len(lines) == 3
    assert "scale=1.5" in lines[1]
    assert lines[2].split()[-4:] == ["1", "min", "30", "s"]


def test_results_show_evidence_or_error():
    """A judged run its figures, a failed one its place and message."""
    claim = Claim("gain", "> 0", 0.51234, (0.4, 0.6), "", "supported", "")
    error = {"section": "EDA", "cell": 7, "cell_id": "eda", "error": "KeyError", "message": "'x'"}
    table = printed(
        result_table(
            [
                record(verdict="supported", claims=[claim]),
                record("k=2", status="failed", error=error),
            ]
        )
    ).splitlines()
    assert table[1].split()[:3] == ["a", "ok", "supported"]
    assert "gain 0.512 (> 0)" in table[1]
    assert table[2].startswith("a/k=2")
    assert "EDA, cell 7 (eda): KeyError: 'x'" in table[2]


def test_markup_in_names_is_text():
    """Square brackets of a run's name or message are no colours."""
    error = {"section": "EDA", "cell": 1, "cell_id": "x", "error": "E", "message": "[bold]no[/]"}
    assert "[bold]no[/]" in printed(result_table([record("[red]", status="failed", error=error)]))


def test_lines_are_plain_where_there_is_no_terminal(project, config):
    """One line a run, numbered, with status, verdict and seconds."""
    config("template: tiny\nsweep: {grid: {scale: [1.5, 2.5]}}\n")
    specs = plan([], project)
    console = Console(file=io.StringIO(), width=100)
    progress = Progress(2, 1, console)
    with progress.live():
        progress.section(specs[0], "EDA")
        progress.done(specs[0], record("scale=1.5", verdict="refuted"))
        progress.done(specs[1], record("scale=2.5", status="killed"))
    assert console.file.getvalue().splitlines() == [
        "1/2 ok a/scale=1.5 · refuted 2.5 s",
        "2/2 killed a/scale=2.5 2.5 s",
    ]
    assert progress.failed == 1


def test_the_panel_shows_sections_and_time_left(project, config):
    """Two of four sections are two dots; the time left follows from runs that ended."""
    config("template: tiny\nsweep: {grid: {scale: [1.5, 2.5, 3.5]}}\n")
    specs = plan([], project)
    progress = Progress(3, 1, Console(file=io.StringIO()))
    assert progress.left_s() is None
    progress.done(specs[0], record(duration_s=60.0))
    progress.section(specs[1], "EDA")
    text = printed(progress)
    assert "1/3 runs, about 2 min 0 s left" in text
    assert "●●○○" in text
