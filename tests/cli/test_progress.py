"""Tables and progress lines, as a terminal or a log file shows them."""

from __future__ import annotations

import io

from rich.console import Console

from fourfold.cli.layout import print_rows
from fourfold.cli.progress import Progress, clock, plan_rows, print_side_by_side
from fourfold.cli.summary import best_lines, print_summary, result_rows
from fourfold.plan.plan import plan
from fourfold.records.evidence import Claim, Metric
from fourfold.records.record import RunRecord
from fourfold.run.fingerprint import Fingerprint
from fourfold.run.past import Forecast
from fourfold.run.selection import Choice, Todo


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


class Terminal(io.StringIO):
    """A file that is a terminal."""

    def isatty(self):
        return True


def rows_on(rows, width=0, **options) -> list[str]:
    """Lines of rows as a file has them, or a terminal of this width."""
    file = Terminal() if width else io.StringIO()
    print_rows(rows, Console(file=file, width=width or 20, color_system=None), **options)
    return file.getvalue().splitlines()


def test_the_plan_has_a_line_a_run_with_its_whole_name(project, config):
    """A narrow file breaks no name; a timeout is a column only if runs differ in it."""
    config("template: tiny\nsweep: {grid: {scale: [1.5, 2.5]}}\nrun: {timeout: 90s}\n")
    assert [line.split()[0] for line in rows_on(plan_rows(plan([], project)))] == [
        "run",
        "a/scale=1.5",
        "a/scale=2.5",
    ]
    config("template: tiny\n", "b.yaml")
    rows = plan_rows(plan([], project))
    assert [row[-1] for row in rows] == ["timeout", "1 min 30 s", "1 min 30 s", "–"]
    assert rows[3][0] == "b"


def test_a_narrow_terminal_crops_one_column():
    """Names stay whole, and a file has all."""
    rows = [["run", "criterion", "seconds"], ["a/" + "k" * 20, "long " * 10, "1.5"]]
    first, line = rows_on(rows, 60, crop=1, number=True)
    assert len(first) == len(line) == 60
    assert line.startswith("a/" + "k" * 20 + "  long")
    assert line.endswith("…      1.5")
    assert "long " * 9 in rows_on(rows, crop=1, number=True)[1]


def test_results_show_the_criterion_that_failed_or_the_error():
    """Of a supported run its first criterion, of a refuted one what it does not meet."""
    gain = Claim("gain", "> 0", 0.51234, (0.4, 0.6), "", "supported", "")
    leaks = Claim("leaks", "== 0", 2, None, "", "refuted", "")
    score = Claim("score", ">= 0.5", 0.48, (0.4, 0.6), "", "inconclusive", "")
    error = {"section": "EDA", "cell": 7, "cell_id": "eda", "error": "KeyError", "message": "'x'"}
    runs = [
        record(verdict="supported", claims=[gain]),
        record("k=1", verdict="refuted", claims=[gain, score, leaks]),
        record("k=3", verdict="inconclusive", claims=[gain, score]),
        record("k=2", status="failed", error=error),
        record("k=4", status="skipped", reason="waits"),
    ]
    lines = [line.split(maxsplit=2) for line in rows_on(result_rows(runs), number=True)[1:]]
    assert [[*line[:2], line[2].rsplit(maxsplit=1)[0]] for line in lines] == [
        ["a", "supported", "gain 0.512 (> 0)"],
        ["a/k=1", "refuted", "leaks 2, not == 0"],
        ["a/k=3", "inconclusive", "score 0.480 (0.400 to 0.600): >= 0.5 is open"],
        ["a/k=2", "failed", "EDA, cell 7 (eda): KeyError: 'x'"],
        ["a/k=4", "skipped", "waits"],
    ]


def test_the_best_run_of_a_sweep_is_named():
    """By the direction of its first criterion; runs within its interval are counted."""

    def judged(name, value, condition=">= 0.5", config="a"):
        ci = (value - 0.1, value + 0.1)
        claims = [Claim("gain", condition, value, ci, "", "refuted", "")]
        metrics = {"gain": Metric(value, ci)}
        return record(name, config=config, verdict="refuted", claims=claims, metrics=metrics)

    runs = [
        judged("k=1", 0.2),
        judged("k=2", 0.4),
        judged("k=3", 0.35),
        judged("k=1", 1, config="b"),
    ]
    best = "best:     a/k=2, gain 0.400 (0.300 to 0.500); 1 other within that interval"
    assert best_lines(runs) == [best]
    assert best_lines(runs, ["a"]) == []
    low = best_lines([judged("k=1", 0.2, "< 0.5"), judged("k=2", 0.4, "< 0.5")])
    assert low == ["best:     a/k=1, gain 0.200 (0.100 to 0.300)"]
    assert best_lines([judged("k=1", 0.2, "== 1"), judged("k=2", 0.4, "== 1")]) == []


def test_a_comparison_fits_where_it_is_shown():
    """A file has a line a run; a terminal columns, then lines, then blocks, and whole names."""
    entries = [
        {
            "config": "a",
            "run": f"column=sepal_length_{k}",
            "status": "ok",
            "verdict": "refuted",
            "parameters": {"column": f"sepal_length_{k}"},
            "metrics": {"mean": [0.5, 0.4, 0.6]},
        }
        for k in "xyz"
    ]

    def shown(width, terminal):
        file = Terminal() if terminal else io.StringIO()
        print_side_by_side(entries, ["mean"], Console(file=file, width=width, color_system=None))
        return file.getvalue().splitlines()

    line = "a/column=sepal_length_x  refuted  sepal_length_x  0.500 (0.400 to 0.600)"
    assert shown(20, terminal=False)[1] == line
    columns = shown(120, terminal=True)
    assert columns[0].split() == ["run", *(f"a/{each['run']}" for each in entries)]
    assert shown(80, terminal=True)[1] == line
    lines = shown(71, terminal=True)
    assert [each.split()[0] for each in lines[1:]] == [each["run"] for each in entries]
    blocks = shown(40, terminal=True)
    assert blocks[:2] == ["a/column=sepal_length_x", "  verdict  refuted"]
    assert max(map(len, blocks)) <= 40


def test_markup_in_names_is_text():
    """Square brackets of a run's name or message are no colours."""
    error = {"section": "EDA", "cell": 1, "cell_id": "x", "error": "E", "message": "[bold]no[/]"}
    rows = result_rows([record("[red]", status="failed", error=error)])
    assert "[bold]no[/]" in rows_on(rows)[1]


STOPS = {"signal": "stopped", "max_failures": "3 failures, --max-failures"}


def watched(specs, expected_s=None, workers=1, **console):
    """A progress on a file, and what it prints."""
    todo = [Todo(spec, Fingerprint("", {}, ""), (), expected_s) for spec in specs]
    out = Console(file=io.StringIO(), **{"width": 40, **console})
    return Progress(Forecast(todo, workers), out, STOPS), out.file


def test_a_log_says_what_begins_and_has_a_line_a_run(project, config):
    """Numbered, with status, verdict and seconds; a file has no width that could break a name."""
    config("template: tiny\nsweep: {grid: {scale: [1.5, 2.5]}}\n")
    specs = plan([], project)
    progress, log = watched(specs, 30.0)
    progress.begin(0)
    with progress.live():
        progress.section(specs[0], "EDA")
        progress.done(specs[0], record("scale=1.5", verdict="refuted"))
        progress.done(specs[1], record("scale=2.5", status="killed"))
    first, *lines = log.getvalue().splitlines()
    assert first[8:] == " 2 runs, 1 worker, about 1 min 0 s left"
    assert lines == ["1/2 ok a/scale=1.5 · refuted 2.5 s", "2/2 killed a/scale=2.5 2.5 s"]
    assert progress.failed == 1


def test_a_log_of_many_runs_has_twenty_lines_and_each_failure(project, config):
    """Done, failed, left and the time of day; no line for what went well."""
    config("template: tiny\nsweep: {random: {runs: 400, over: {seed: {low: 0, high: 10000000}}}}\n")
    specs = plan([], project)
    progress, log = watched(specs, 60.0, workers=2)
    error = {"section": "EDA", "cell": 7, "cell_id": "eda", "error": "KeyError", "message": "'x'"}
    for number, spec in enumerate(specs, start=1):
        bad = {"status": "failed", "error": error} if number == 250 else {}
        progress.done(spec, record(spec.run_id, **bad))
    lines = log.getvalue().splitlines()
    assert len(lines) == 19 + 2
    assert lines[0][8:] == " 20/400 runs, about 0 s left"
    assert lines[12].startswith("250/400 failed a/seed=")
    assert lines[13] == "      EDA, cell 7 (eda): KeyError: 'x'"
    assert lines[14][8:] == " 260/400 runs, 1 failed, about 0 s left"


def test_a_stop_is_answered_once(project, config):
    """Ctrl-C, Ctrl-C again, and a limit each say what happens now."""
    config("template: tiny\nsweep: {grid: {scale: [1.5, 2.5]}}\n")
    progress, log = watched(plan([], project))
    progress.section(plan([], project)[0], "EDA")
    looks = [("", 0), ("max_failures", 0), ("max_failures", 0)]
    for why, signals in [*looks, ("signal", 1), ("signal", 1), ("signal", 2)]:
        progress.look(why, signals)
    assert [line[9:].split(",")[0] for line in log.getvalue().splitlines()] == [
        "3 failures",
        "stopping: no other run starts",
        "stopping at once: 1 run cancelled",
    ]
    first, once, _ = log.getvalue().splitlines()
    assert first.endswith("--max-failures: no other run starts, 1 run will finish")
    assert once.endswith("completed results are saved; Ctrl-C again stops at once")


def test_the_panel_shows_sections_and_time_left(project, config, monkeypatch):
    """Two of four sections are two dots; the time left follows from runs that ended."""
    config("template: tiny\nsweep: {grid: {scale: [1.5, 2.5, 3.5]}}\n")
    specs = plan([], project)
    progress, _ = watched(specs)
    assert progress.left_s() is None
    now = 1000.0
    monkeypatch.setattr("fourfold.cli.progress.awake_s", lambda: now)
    progress.section(specs[0], "Setup")
    now += 60
    progress.done(specs[0], record("scale=1.5", duration_s=50.0))
    progress.section(specs[1], "EDA")
    text = printed(progress)
    assert "1/3 runs, about 2 min 0 s left" in text
    assert "●●○○" in text
    assert clock(3725) == "1 h 2 min"


def test_the_end_of_a_large_batch_is_a_page():
    """Causes with their numbers in place of rows; names are whole."""
    long = "learning_rate=0.0001,criterion=squared_error,max_features=sqrt,min_samples_leaf=10"
    runs = [record(f"{long},seed={number}", verdict="supported") for number in range(1950)]
    for number, (name, text) in enumerate([("ValueError", "singular")] * 40 + [MEMORY] * 10):
        error = {"section": "EDA", "cell": 7, "cell_id": "eda", "error": name, "message": text}
        runs.append(record(f"{long},bad={number}", status="failed", error=error))
    runs.append(record("stopped", status="cancelled"))
    console = Console(file=io.StringIO(), width=80)
    print_summary(runs, Choice([None] * 2011), console, "--max-time 8h")
    page = console.file.getvalue().splitlines()
    assert page[:3] == [
        "2,001 runs, 50 failed, 1 cancelled, 10 not started (--max-time 8h)",
        "verdicts: 1,950 supported",
        "40 × ValueError: singular",
    ]
    assert page[3] == f"      a/{long},bad=0, a/{long},bad=1, 38 others"
    assert page[4] == "10 × killed: out of memory"
    assert len(page) < 10


MEMORY = ("OutOfMemory", "killed: out of memory, with a peak of 3,210 MB")


def test_a_page_has_few_causes_however_many_there_are():
    """The others are counted."""
    error = {"section": "EDA", "cell": 7, "cell_id": "eda", "error": "KeyError"}
    names = [chr(97 + n % 26) * (1 + n // 26) for n in range(100)]
    runs = [record(name, status="failed", error={**error, "message": name}) for name in names]
    console = Console(file=io.StringIO(), width=80)
    print_summary(runs, Choice([None] * 100), console, "")
    page = console.file.getvalue().splitlines()
    assert len(page) < 50
    assert "80 × 80 other causes" in page


def test_names_in_a_file_are_whole():
    """However narrow the console that Rich thinks it has."""
    name = "learning_rate=0.0001,criterion=squared_error,max_features=sqrt,min_samples_leaf=10"
    error = {"section": "EDA", "cell": 7, "cell_id": "eda", "error": "E", "message": "long " * 99}
    console = Console(file=io.StringIO(), width=80)
    runs = [record(name, status="failed", error=error)]
    print_summary(runs, Choice([None]), console, "")
    assert f"a/{name} " in console.file.getvalue()
    assert "long " * 90 in console.file.getvalue()
