"""How a batch ends: by a limit, a signal or a full disk; and how others follow it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
from dataclasses import replace
from pathlib import Path

import psutil
import pytest

from fourfold.plan.plan import plan
from fourfold.project import Project
from fourfold.records.record import read_record
from fourfold.run.batch import run_batch
from fourfold.run.selection import choose
from served import COMMAND, ITSELF
from tiny_project import CELLS, make_notebook

pytestmark = pytest.mark.commands

SLOW = "import pathlib, time\npathlib.Path('started').touch()\ntime.sleep(count)\nmean = 1"


@pytest.fixture
def slow(project):
    """The tiny template, which sleeps `count` seconds in its Modeling."""
    cells = [(k, name, SLOW if name == "modeling-mean" else text) for k, name, text in CELLS]
    (project / "templates" / "tiny.ipynb").write_text(json.dumps(make_notebook(cells)))
    return project


def run(root: Path, *options: str) -> subprocess.CompletedProcess:
    done = subprocess.run([*COMMAND, "run", *options], cwd=root, capture_output=True, text=True)
    assert "Traceback" not in done.stderr + done.stdout
    return done


def started(root: Path, *options: str) -> subprocess.Popen:
    """A command of which a run is in its slow cell."""
    process = subprocess.Popen(
        [*ITSELF, "run", *options],
        cwd=root,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    deadline = time.monotonic() + 60
    while not (root / "started").exists() and time.monotonic() < deadline:
        time.sleep(0.05)
    (root / "started").unlink()
    return process


def events(text: str) -> list[dict]:
    return [json.loads(line) for line in text.splitlines()]


def test_time_in_which_all_is_suspended_is_no_timeout(slow, config):
    """Neither for the run nor for the cell; the duration has no such time either."""
    config("template: tiny\nparameters: {count: 2}\nrun: {timeout: 12s, cell_timeout: 10s}\n")
    process = started(slow)
    family = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
    for each in family:
        each.suspend()
    time.sleep(14)
    for each in reversed(family):
        each.resume()
    out, _ = process.communicate(timeout=60)
    assert process.returncode == 0, out
    assert read_record(slow / "outputs" / "a" / "default" / "record.json").duration_s < 12


def test_a_run_that_hangs_ends_though_no_limit_is_set(slow, config):
    """By its usual limit, and the record says where another is set."""
    config("template: tiny\nparameters: {count: 60}\n")
    place = Project(slow, slow / "outputs")
    (item,) = choose(plan([], slow), place).todo
    assert item.limit_s == 24 * 3600
    (record,), _ = run_batch([replace(item, limit_s=4.0)], place, 1)
    assert record.status == "timed_out"
    assert record.error["message"] == (
        "took longer than allowed: the run may take 4 s where nothing else is set; set run.timeout"
    )


def test_a_limit_that_is_set_stands(slow, config):
    """Also where it is longer than the usual one; the message names no default."""
    config("template: tiny\nparameters: {count: 60}\nrun: {timeout: 3s}\n")
    place = Project(slow, slow / "outputs")
    (record,), _ = run_batch(choose(plan([], slow), place).todo, place, 1)
    assert record.error["message"] == "took longer than allowed: the run may take 3 s"


def test_cancelled_is_not_failed_and_a_former_result_stays(slow, config):
    """In counts, exit code and for --failed; the next command begins with what was cancelled."""
    failing = "template: tiny\nparameters: {fail: true, count: 1}\n"
    late = {"modeling-mean": SLOW, "modeling-record": "assert not fail"}
    cells = [(kind, name, late.get(name, text)) for kind, name, text in CELLS]
    (slow / "templates" / "tiny.ipynb").write_text(json.dumps(make_notebook(cells)))
    config(failing)
    assert run(slow).returncode == 1
    (slow / "started").unlink()
    folder = slow / "outputs" / "a" / "default"
    before = (folder / "record.json").read_text()
    process = started(slow, "--failed", "--json", "--max-failures", "1")
    os.kill(process.pid, signal.SIGINT)
    lines = events(process.communicate(timeout=60)[0])
    assert process.returncode == 130
    assert [line["event"] for line in lines] == ["begin", "stop", "run", "end"]
    assert (lines[1]["why"], lines[1]["running"]) == ("signal", 1)
    assert (lines[2]["status"], lines[2]["failed"]) == ("cancelled", 0)
    assert (lines[3]["failed"], lines[3]["cancelled"], lines[3]["stopped"]) == (0, 1, "signal")
    assert (folder / "record.json").read_text() == before
    assert not (slow / "outputs" / ".new").exists()
    # Without a former result, the partial one is there.
    config("template: tiny\nparameters: {count: 2}\n", "b.yaml")
    process = started(slow, "params/b.yaml")
    os.kill(process.pid, signal.SIGTERM)
    process.communicate(timeout=60)
    record = read_record(slow / "outputs" / "b" / "default" / "record.json")
    assert (record.status, record.failed) == ("cancelled", False)
    assert "nothing to do" in run(slow, "params/b.yaml", "--failed").stdout
    done = run(slow, "params/b.yaml", "--why")
    assert "b/default: last time: cancelled" in done.stdout
    assert done.returncode == 0


def test_so_many_failures_and_what_runs_by_then(project, config):
    """At most three and those that run; it says so, and why the others were not started."""
    config(
        "template: tiny\nparameters: {fail: true}\nsweep: {grid: {count: [1, 2, 3, 4, 5, 6, 7]}}\n"
    )
    done = run(project, "--workers", "2", "--max-failures", "3")
    assert done.returncode == 1
    end = done.stdout.splitlines()
    (counts,) = (line for line in end if "not started" in line)
    failed, missing = int(counts.split()[2]), int(counts.split()[4])
    assert 3 <= failed <= 4
    assert missing == 7 - failed
    assert counts.endswith("not started (3 failures, --max-failures)")
    assert "3 failures, --max-failures: no other run starts" in done.stderr
    one = run(project, "--workers", "1", "--fail-fast", "--json")
    assert events(one.stdout)[-1]["stopped"] == "max_failures"
    assert events(one.stdout)[-1]["failed"] == 1


def test_no_run_starts_after_the_longest_time(slow, config):
    """Those that run are finished; exit code 130, and the same command goes on."""
    config("template: tiny\nsweep: {grid: {count: [3, 2, 1]}}\n")
    done = run(slow, "--workers", "1", "--max-time", "1s")
    assert done.returncode == 130
    assert "1 run, 0 failed, 2 not started (--max-time 1s)" in done.stdout
    assert "--max-time 1s: no other run starts" in done.stderr
    again = run(slow, "--workers", "1", "--max-time", "1h", "--order", "cheapest")
    assert again.returncode == 0
    assert "2 runs, 0 failed, 1 unchanged" in again.stdout


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--order", "cheepest"], "--order: expected longest or cheapest, got 'cheepest'. Did you"),
        (["--max-time", "8x"], "--max-time: expected a duration such as 90s, 10m or 2h, got '8x'"),
        (["--max-time", ""], "--max-time: expected a duration such as 90s, 10m or 2h, got ''"),
    ],
)
def test_wrong_options_say_what_they_expect(project, config, options, message):
    """Exit code 2 before anything starts."""
    config("template: tiny\n")
    done = run(project, *options)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith(message)
    assert not (project / "outputs").exists()


def test_cheapest_first_is_that_of_the_last_time(slow, config):
    """By durations on record."""
    config("template: tiny\nsweep: {grid: {count: [2, 3, 1]}}\n")
    run(slow)
    records = [read_record(path) for path in slow.glob("outputs/a/*/record.json")]
    took = {record.run_id: record.duration_s for record in records}
    lines = events(run(slow, "--force", "--workers", "1", "--order", "cheapest", "--json").stdout)
    assert lines[0]["expected_s"] == pytest.approx(sum(took.values()), rel=0.05)
    assert [each["run"] for each in lines[1:-1]] == sorted(took, key=took.get)


def test_json_is_all_that_comes_and_its_keys_stay(project, config):
    """Documented in the guide; also where nothing is to do, and with all that is said else."""
    config("template: tiny\nsweep: {zip: {fail: [true, false]}}\n")
    done = run(project, "--json", "--why", "--quiet")
    begin, *runs, end = events(done.stdout)
    assert (done.returncode, end["exit_code"], done.stderr) == (1, 1, "")
    assert list(begin) == ["event", "time", "runs", "unchanged", "workers", "expected_s"]
    assert (begin["runs"], begin["unchanged"], begin["expected_s"]) == (2, 0, None)
    keys = [
        "event",
        "time",
        "config",
        "run",
        "status",
        "verdict",
        "duration_s",
        "cause",
        "error",
        "ended",
        "failed",
    ]
    assert [list(each) for each in runs] == [keys, keys]
    assert {each["run"]: (each["status"], each["cause"]) for each in runs} == {
        "fail=True": ("failed", "ValueError: asked to fail"),
        "fail=False": ("ok", ""),
    }
    keys = (
        "event time ok failed cancelled skipped not_started unchanged stopped causes duration_s "
        "exit_code"
    )
    assert list(end) == keys.split()
    assert end["causes"] == [
        {"cause": "ValueError: asked to fail", "count": 1, "runs": ["a/fail=True"]}
    ]
    begin, end = events(run(project, "--json", "--only", "fail=false").stdout)
    assert (begin["runs"], end["unchanged"], end["exit_code"]) == (0, 1, 0)


def test_quiet_prints_the_page_at_the_end_alone(project, config):
    """Which a mail can hold; a stop is answered on stderr."""
    config("template: tiny\nsweep: {grid: {scale: [1, 2]}}\n")
    done = run(project, "--quiet", "--only", "scale=1")
    assert done.stdout.splitlines()[0].split() == [
        "run",
        "verdict",
        "criterion",
        "seconds",
    ]
    done = run(project, "--quiet")
    assert done.stdout.splitlines()[0].split() == [
        "run",
        "verdict",
        "criterion",
        "seconds",
    ]
    assert "1 run, 0 failed, 1 unchanged" in done.stdout
    assert done.stderr == ""


@pytest.fixture
def disk(project):
    """Mount a small file system on outputs/, with options of mount."""
    place = project / "outputs"
    place.mkdir()

    def mount(*options: str) -> Path:
        subprocess.run(["mount", *options, str(place)], check=True, capture_output=True)
        return place

    try:
        mount("-t", "tmpfs", "-o", "size=700k", "tmpfs")
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("only root can mount a file system")
    yield mount
    subprocess.run(["umount", str(place)], check=True)


def test_a_full_disk_ends_the_batch_with_its_table_and_page(project, config, disk):
    """One line, exit code 2; results before that stay, and with room the same command goes on."""
    config("template: tiny\nsweep: {random: {runs: 40, over: {seed: {low: 0, high: 9999999}}}}\n")
    done = run(project)
    assert done.returncode == 2
    *_, last = done.stderr.splitlines()
    assert "the disk of results or of temporary files is full or read-only" in last
    assert "Traceback" not in done.stderr
    assert "No space left on device" in done.stdout
    assert "not started (nothing can be written)" in done.stdout
    outputs = project / "outputs"
    good = list(outputs.glob("*/*/record.json"))
    assert good
    assert all(read_record(path).ok for path in good)
    assert (outputs / "index.html").exists()
    assert (outputs / "results.csv").read_text().count(",ok,") == len(good)
    assert not (outputs / ".room").exists()
    disk("-o", "remount,size=30m")
    done = run(project, "--quiet")
    assert done.returncode == 0
    assert f"{40 - len(good)} runs, 0 failed, {len(good)} unchanged" in done.stdout


def test_a_disk_that_cannot_be_written_is_one_line(project, config, disk):
    """Before a kernel starts."""
    config("template: tiny\n")
    disk("-o", "remount,ro")
    done = run(project)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"{project / 'outputs'}: cannot be written: Read-only file system\n"


def test_a_log_that_takes_nothing_costs_no_result(project, config):
    """Neither its lines nor its end can be written; records, table and page are."""
    config("template: tiny\nsweep: {grid: {scale: [1, 2]}}\n")
    for options in ((), ("--force", "--json")):
        with open("/dev/full", "w") as full:
            done = subprocess.run(
                [*COMMAND, "run", *options], cwd=project, stdout=full, check=False
            )
        assert done.returncode in (0, 120)  # which Python gives where its last flush fails
        assert (project / "outputs" / "results.csv").read_text().count(",ok,") == 2
        (project / "outputs" / "results.csv").unlink()
