"""What is unchanged is not executed again, and what is executed says why."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from dataclasses import replace

import psutil
import pytest
import traitlets

from fourfold.errors import FourfoldError
from fourfold.plan.plan import plan
from fourfold.project import Project, hold_outputs
from fourfold.records.record import find_record, read_record, write_record
from fourfold.run import fingerprint, packages
from fourfold.run.fingerprint import Fingerprint, Fingerprints
from fourfold.run.only import matching
from fourfold.run.prepare import header
from fourfold.run.selection import choose
from served import COMMAND
from tiny_project import run_all

SWEEP = "template: tiny\nsweep: {grid: {scale: [1, 2], mode: [plain, fancy]}}\n"


@pytest.fixture
def done(project, config):
    """A project with four runs that have been executed."""
    config(SWEEP)
    specs = plan([str(project / "params")], project)
    records, _ = run_all(specs, project, project / "outputs")
    assert [record.status for record in records] == ["ok"] * 4
    return project


def why(project, **how) -> dict[str, list[str]]:
    specs = plan([str(project / "params")], project)
    choice = choose(specs, Project(project, project / "outputs"), **how)
    assert len(choice.todo) + len(choice.unchanged) <= len(specs)
    return {item.spec.run_id: list(item.why) for item in choice.todo}


def test_reasons_name_what_changed(done, config, monkeypatch):
    """Nothing, then each thing that a result depends on, put back before the next."""
    assert why(done) == {}
    assert len(why(done, force=True)) == 4

    config(SWEEP.replace("sweep", "parameters: {count: 6}\nsweep"))
    assert why(done)["scale=1,mode=plain"] == ["parameter count: 5 -> 6"]
    config(SWEEP.replace("[1, 2]", "[1, 3]"))
    assert why(done) == {f"scale=3,mode={mode}": ["not run yet"] for mode in ("plain", "fancy")}
    config(SWEEP)

    numbers = done / "numbers.csv"
    content = numbers.read_text()
    numbers.write_text(content + "2\n")
    assert set(map(tuple, why(done).values())) == {("data numbers.csv changed",)}
    numbers.write_text(content)
    assert why(done) == {}

    template = done / "templates" / "tiny.ipynb"
    content = template.read_text()
    template.write_text(content.replace("# A tiny template", "# Another title"))
    assert why(done) == {}
    template.write_text(content.replace("sum(values) / count", "sum(values) / count + 0"))
    assert set(map(tuple, why(done).values())) == {("template changed",)}
    template.write_text(content)

    with monkeypatch.context() as context:
        context.setattr(fingerprint, "library", lambda: "another")
        assert set(map(tuple, why(done).values())) == {("library changed",)}
    installed = packages._installed
    for name, version, reasons in (
        ("newplot", "1.0", []),
        ("traitlets", "0.1", [f"package traitlets changed: {traitlets.__version__} -> 0.1"]),
    ):
        with monkeypatch.context() as context:
            now = {name: version}
            context.setattr(packages, "_installed", lambda site, now=now: installed(site) | now)
            assert list(why(done).values()) == [reasons] * (4 if reasons else 0), name

    folder = done / "outputs" / "a" / "scale=1,mode=plain"
    (folder / "report.html").unlink()
    assert why(done) == {"scale=1,mode=plain": ["its notebook or report is gone"]}
    (folder / "record.json").write_text('{"config": "a", "run')
    assert why(done) == {"scale=1,mode=plain": ["not run yet"]}


def test_what_failed_is_tried_again_and_can_be_chosen(done):
    """``--failed`` leaves out what never ran and what ended well."""
    folder = done / "outputs" / "a" / "scale=2,mode=fancy"
    record = read_record(folder / "record.json")
    write_record(replace(record, status="failed"), folder / "record.json")
    assert why(done) == {"scale=2,mode=fancy": ["last time: failed"]}
    (done / "outputs" / "a" / "scale=1,mode=plain" / "record.json").unlink()
    assert list(why(done)) == ["scale=1,mode=plain", "scale=2,mode=fancy"]
    assert list(why(done, failed=True)) == ["scale=2,mode=fancy"]
    assert why(done, failed=True, force=True) == {"scale=2,mode=fancy": ["asked for by --force"]}


def test_an_unchanged_run_keeps_its_record(done):
    """It comes back as it was, but for its status."""
    specs = plan([str(done / "params")], done)
    place = Project(done, done / "outputs")
    unchanged = choose(specs, place).unchanged
    for record, spec in zip(unchanged, specs, strict=True):
        assert record.status == "unchanged"
        assert replace(record, status="ok") == find_record(place.folder(spec.config, spec.run_id))


def test_data_that_only_reading_would_tell_are_read_again(project, config):
    """A database or a web address may have changed; a SQLite file is hashed as any other."""
    place = Project(project, project / "outputs")
    (spec,) = plan([str(config("template: tiny\n"))], project)
    fingerprints = Fingerprints(project)
    for source, known in (
        ("postgresql://me:${PGPASSWORD}@host/shop", None),
        ("https://example.org/a.csv", None),
        ("*.csv", "a hash"),
        ("numbers.csv", "a hash"),
        ("penguins", "none"),
        ("no\nfile", "none"),
    ):
        now = fingerprints.of(replace(spec, parameters={"data": source}))
        hashes = list(now.inputs.values())
        assert (hashes == [None]) == (known is None), source
        assert bool(hashes and hashes[0]) == (known == "a hash"), source
    outside = replace(fingerprints.of(spec), inputs={"https://example.org/a.csv": None})
    assert outside.changes_since(outside) == [
        "data https://example.org/a.csv may have changed, which shows only when they are read"
    ]
    assert place.folder("a", "b") == project / "outputs" / "a" / "b"


def test_a_fingerprint_is_kept_as_json():
    """A run and a reference keep the parts that count for them; old keys have fewer parts."""
    now = Fingerprint("t", {"a.csv": "1", "https://b": None}, "l", "e")
    content = json.loads(json.dumps(now.to_json()))
    assert list(content) == ["template", "inputs", "library", "environment"]
    assert Fingerprint.from_json(content) == now
    here = replace(now, inputs={}, lock="k", cells="c")
    elsewhere = replace(here, environment=None)
    assert list(elsewhere.to_json()) == ["template", "inputs", "library", "lock", "cells"]
    assert here.changes_since(elsewhere) == []
    other = replace(here, environment="f", lock="m", cells="d")
    assert here.changes_since(other) == [
        "lock changed",
        "installed packages changed",
        "reference changed",
    ]
    assert now.changes_since(Fingerprint.from_json({}))[:2] == [
        "template changed",
        "library changed",
    ]


@pytest.mark.parametrize(
    ("patterns", "expected"),
    [
        (["mode~fancy"], ["scale=1,mode=fancy", "scale=2,mode=fancy"]),
        (["mode~f*y", "scale~1"], ["scale=1,mode=fancy"]),
        (["run~scale=2"], ["scale=2,mode=plain", "scale=2,mode=fancy"]),
        (["template~tin?"], 4),
        (["config~b"], []),
        ([], 4),
    ],
)
def test_only_runs_that_match(project, config, patterns, expected):
    """By parameter, run, config or template; several patterns must all match."""
    config(SWEEP)
    found = [spec.run_id for spec in matching(plan([str(project / "params")], project), patterns)]
    assert found == expected or len(found) == expected


NOTHING = {"data": [], "metrics": {}, "claims": []}
VALUES = """template: tiny
sweep:
  list:
    - {count: 1, scale: 0.1, mode: plain}
    - {count: 10, scale: 0.15, mode: fancy}
    - {count: 11, scale: 1, mode: plain}
    - {count: 11, scale: 1, mode: fancy, columns: [a, b]}
    - {count: 2, scale: 1, mode: plain, query: "2026-01-05|x", fail: true, limit: 3}
"""


@pytest.mark.parametrize(
    ("conditions", "expected"),
    [
        (["count=1"], [0]),
        (["count~1"], [0, 1, 2, 3]),
        (["scale=0.1"], [0]),
        (["scale=1.0"], [2, 3, 4]),
        (["count=1|11"], [0, 2, 3]),
        (["count!=1|11"], [1, 4]),
        (["count >= 10", "mode=plain"], [2]),
        (["count<10"], [0, 4]),
        (["scale>0.1", "scale<=0.15"], [1]),
        (["mode='plain'"], [0, 2, 4]),
        (["fail=true"], [4]),
        (["fail!=true"], [0, 1, 2, 3]),
        (["fail=1"], []),
        (["limit=null"], [0, 1, 2, 3]),
        (["limit>1"], [4]),
        (['columns=["a","b"]'], [3]),
        (["query='2026-01-05|x'"], [4]),
        (["query>=2026-01-01", "query<n"], [4]),
        (["run=a/count=10,scale=0.15,mode=fancy"], [1]),
        (["count=10,scale=0.15,mode=fancy"], [1]),
        (["config=a", "template!=tiny"], []),
    ],
)
def test_only_runs_that_meet_conditions(project, config, conditions, expected):
    """Equal is equal: 1 is neither 10 nor true, and 1.0 is 1; numbers and dates have an order."""
    config(VALUES)
    specs = plan([str(project / "params")], project)
    assert [specs.index(spec) for spec in matching(specs, conditions)] == expected


def test_the_command_of_each_report_means_its_run(project, config):
    """The header of a run of a sweep says how to execute it alone."""
    config(VALUES)
    specs = plan([str(project / "params")], project)
    for spec in specs:
        (command,) = re.findall(r"--only '(.*)'", header(spec, NOTHING))
        assert matching(specs, [command]) == [spec]


@pytest.mark.parametrize(
    ("pattern", "told"),
    [
        ("mode", "name~pattern"),
        ("mood~x", "mode"),
        ("mood=x", "Did you mean 'mode'"),
        ("count>", "expected a number or a date after >, got ''"),
        ("count<[1]", "expected a number or a date after <"),
    ],
)
def test_a_pattern_that_means_nothing_is_told(project, config, pattern, told):
    """With what is expected, and the nearest name."""
    config(SWEEP)
    with pytest.raises(FourfoldError, match=told):
        matching(plan([str(project / "params")], project), [pattern])


def fourfold(project, *arguments: str) -> subprocess.CompletedProcess[str]:
    call = [*COMMAND, *arguments]
    return subprocess.run(call, cwd=project, capture_output=True, text=True, check=False)


@pytest.mark.commands
def test_a_second_command_does_nothing_and_says_so(project, config):
    """The first stops at the failures it may have; the next takes up what is left."""
    config(SWEEP.replace("sweep", "parameters: {fail: true}\nsweep"))
    first = fourfold(project, "run", "--workers", "1", "--fail-fast")
    assert (first.returncode, "1 run, 1 failed, 3 not started" in first.stdout) == (1, True)
    second = fourfold(project, "run", "--max-failures", "2", "--workers", "1", "--only", "scale~1")
    assert "2 runs, 2 failed" in second.stdout

    config(SWEEP)
    third = fourfold(project, "run", "--why")
    assert third.returncode == 0
    assert "a/scale=1,mode=plain: last time: failed" in third.stdout
    assert "a/scale=2,mode=fancy: not run yet" in third.stdout
    assert "4 runs, 0 failed" in third.stdout
    fourth = fourfold(project, "run", "--workers", "auto")
    assert (fourth.returncode, fourth.stdout) == (
        0,
        "nothing to do: 4 runs unchanged (--force executes all)\n",
    )
    fifth = fourfold(project, "run", "--force", "--only", "mode~plain")
    assert "2 runs, 0 failed" in fifth.stdout
    table = (project / "outputs" / "results.csv").read_text().splitlines()
    assert len(table) == 5
    planned = fourfold(project, "plan", "--why")
    assert "0 to execute, 4 unchanged" in planned.stdout


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["--workers", "none"], "--workers: expected a whole number from 1, or auto, got 'none'"),
        (
            ["--only", "mode~nothing"],
            "--only mode~nothing: expected one that matches among 4 runs, got none; "
            "fourfold plan lists them",
        ),
    ],
)
def test_a_wrong_option_is_one_line(project, config, arguments, told):
    """And exit code 2."""
    config(SWEEP)
    done = fourfold(project, "run", *arguments)
    assert (done.returncode, done.stderr.strip()) == (2, told)


def test_two_runners_do_not_share_a_folder(project, config):
    """The second is told who holds it; the folder is free once the first has ended."""
    config("template: tiny\n")
    with hold_outputs(project / "outputs"):
        refused = fourfold(project, "run")
    assert refused.returncode == 2
    assert "in use by another run, process" in refused.stderr
    assert fourfold(project, "run").returncode == 0
    record = json.loads((project / "outputs/a/default/record.json").read_text())
    assert "numbers.csv" in record["key"]["inputs"]


@pytest.mark.commands
def test_a_killed_runner_loses_no_finished_run(project, config):
    """``kill -9`` in the middle; the same command finishes the rest and touches nothing else."""
    slow = (project / "templates" / "tiny.ipynb").read_text().replace(
        "print(len(values), 'values')", "import time; time.sleep(0.5)"
    )  # fmt: skip
    (project / "templates" / "tiny.ipynb").write_text(slow)
    config("template: tiny\nsweep: {grid: {seed: [1, 2, 3, 4, 5, 6]}}\n")
    call = [sys.executable, "-m", "fourfold", "run", "--workers", "2"]
    run = subprocess.Popen(call, cwd=project, stdout=subprocess.DEVNULL)
    records = project / "outputs" / "a"
    deadline = time.monotonic() + 30
    while len(list(records.glob("*/record.json"))) < 2 and time.monotonic() < deadline:
        time.sleep(0.02)
    family = psutil.Process(run.pid).children(recursive=True)
    run.kill()
    run.wait()
    finished = {path: path.read_text() for path in records.glob("*/record.json")}
    assert 2 <= len(finished) < 6
    again = fourfold(project, "run")
    assert again.returncode == 0
    assert f"{6 - len(finished)} runs, 0 failed, {len(finished)} unchanged" in again.stdout
    assert {path: path.read_text() for path in finished} == finished
    assert len(list(records.glob("*/record.json"))) == 6
    assert not any(process.is_running() for process in family)
