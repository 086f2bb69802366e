"""What disks, folders and clocks do to a batch: the table of docs/recipes.md, row by row."""

from __future__ import annotations

import json
import os
import re
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fourfold.records.record import find_record
from served import COMMAND, ITSELF
from tiny_project import CELLS, make_notebook

pytestmark = pytest.mark.commands
ROOT = Path(__file__).parents[2]
#: What happens, as the table names it, and the tests that show it.
TESTS = {
    "The disk is full": "run/test_ends.py::test_a_full_disk_ends_the_batch_with_its_table_and_page",
    "A quota is used up": "run/test_disks.py::test_a_quota_that_is_used_up_ends_the_batch",
    "A file would become larger than the system lets it": "run/test_disks.py::test_a_limit_of_the_size_of_files_ends_the_batch",
    "The outputs are read-only": "run/test_ends.py::test_a_disk_that_cannot_be_written_is_one_line",
    "The log takes nothing": "run/test_ends.py::test_a_log_that_takes_nothing_costs_no_result",
    "`outputs/`, or the folder of a run, is removed meanwhile": "run/test_disks.py::test_a_folder_that_is_removed_costs_the_runs_that_are_in_it",
    "`outputs/` becomes a file meanwhile": "run/test_disks.py::test_outputs_that_become_a_file_are_one_line",
    "`params/` or `templates/` is removed meanwhile": "run/test_disks.py::test_configs_and_templates_that_were_read_may_go",
    "The data file is removed, or becomes a folder": "run/test_disks.py::test_data_that_goes_fails_the_runs_that_read_it",
    "A folder is where the table, the page or a note of ours should be": "run/test_disks.py::test_a_folder_in_the_place_of_a_file_is_named",
    "A file is where the folder of a run should be": "test_accidents.py::test_a_file_where_a_folder_should_be_fails_its_run",
    "A record is spoiled": "test_accidents.py::test_a_spoiled_record_counts_as_none",
    "Another file that is kept between commands is spoiled": "run/test_disks.py::test_what_is_kept_between_commands_may_be_spoiled",
    "The clock goes back": "run/test_disks.py::test_a_clock_that_goes_back_hides_no_change",
    "Two commands write the same outputs": "run/test_selection.py::test_two_runners_do_not_share_a_folder",
    "Ctrl-C while the command is still loading": "run/test_disks.py::test_ctrl_c_while_it_is_loaded_is_one_line",
    "The command is killed": "run/test_changed_meanwhile.py::test_force_keeps_the_good_result_until_the_new_one_is_there",
}  # fmt: skip


def test_each_row_of_the_table_has_a_test():
    """A row that is added, or a test that is renamed, fails this."""
    page = (ROOT / "docs" / "recipes.md").read_text(encoding="utf-8")
    table = page.partition("## When something breaks")[2].partition("\n## ")[0]
    rows = re.findall(r"^\| (?!if this|---)(.+?) \|", table, re.MULTILINE)
    assert rows == list(TESTS)
    for place in TESTS.values():
        file, _, name = place.partition("::")
        assert f"def {name}(" in (ROOT / "tests" / file).read_text(encoding="utf-8"), place


@pytest.fixture
def during(project, config):
    """Let the first of three runs execute a statement; return the command, one run at a time."""

    def run(statement: str, *, command=COMMAND, **options):
        place = next(n for n, (_, name, _) in enumerate(CELLS) if name == "modeling-record")
        first = f"import os, shutil\nif count == 1:\n    {statement}"
        cells = [("code", "odd", first), ("code", "read", "ff.ingest(data)")]
        notebook = make_notebook([*CELLS[:place], *cells, *CELLS[place:]])
        (project / "templates" / "tiny.ipynb").write_text(json.dumps(notebook))
        config("template: tiny\nsweep: {grid: {count: [1, 2, 3]}}\n")
        return command_of(project, command, **options)

    return run


def command_of(project, command=COMMAND, *words, **options):
    call = [*command, "run", "--workers", "1", "--quiet", *words]
    done = subprocess.run(call, cwd=project, capture_output=True, text=True, timeout=120, **options)
    assert "Traceback" not in done.stdout + done.stderr
    assert "TRACEBACK" not in done.stderr, done.stderr  # it was foreseen
    return done


def ends(project):
    folders = [project / "outputs" / "a" / f"count={n}" for n in (1, 2, 3)]
    return [record and record.status for record in map(find_record, folders)]


def test_a_folder_that_is_removed_costs_the_runs_that_are_in_it(project, during):
    """The run that was under way keeps its notebook; all others, table and page are as ever."""
    done = during("shutil.rmtree('outputs')")
    assert (done.returncode, ends(project)) == (1, ["failed", "ok", "ok"])
    folder = project / "outputs" / "a" / "count=1"
    assert "the folder of this run was removed" in find_record(folder).error["message"]
    assert "1 values" in (folder / "notebook.ipynb").read_text()
    assert (project / "outputs" / "results.csv").read_text().count(",ok,") == 2
    during("pass")
    assert ends(project) == ["ok", "ok", "ok"]
    shutil.rmtree(project / "outputs" / "a" / "count=2")  # which has ended before
    assert "1 run, 0 failed, 2 unchanged" in command_of(project).stdout


def test_outputs_that_become_a_file_are_one_line(project, during):
    done = during("os.rename('outputs', 'away'); open('outputs', 'w').close()")
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert "outputs" in done.stderr
    assert done.stderr.endswith("cannot be written: Not a directory\n")
    done = command_of(project)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"{project / 'outputs'}: cannot be written: File exists\n"


def test_configs_and_templates_that_were_read_may_go(project, during):
    """What was planned is executed to its end."""
    done = during("shutil.rmtree('params'); shutil.rmtree('templates')")
    assert (done.returncode, ends(project)) == (0, ["ok", "ok", "ok"])


@pytest.mark.parametrize("then", ["None", "os.mkdir('numbers.csv')"], ids=["removed", "a folder"])
def test_data_that_goes_fails_the_runs_that_read_it(project, during, then):
    done = during(f"os.remove('numbers.csv'); {then}")
    assert (done.returncode, ends(project)) == (1, ["failed"] * 3)
    assert done.stdout.count("numbers.csv: expected a file, found none") == 3
    shutil.rmtree(project / "numbers.csv", ignore_errors=True)
    (project / "numbers.csv").write_text("n\n1\n")
    during("pass")
    assert ends(project) == ["ok", "ok", "ok"]


NAMES = ["results.csv", "index.html", "batches", ".overview.json", ".lock"]


def test_a_folder_in_the_place_of_a_file_is_named(project, config):
    """Records are there whatever is in the place of the table; without the folder, all is well."""
    config("template: tiny\n")
    for name in NAMES:
        place = project / "outputs" / name
        shutil.rmtree(project / "outputs", ignore_errors=True)
        if name == "batches":
            place.parent.mkdir()
            place.touch()
        else:
            (place / "x").mkdir(parents=True)
        done = command_of(project)
        assert done.returncode == 2, name
        assert len(done.stderr.splitlines()) == 1, name
        assert re.search(rf"outputs(/{name})?: cannot be written: ", done.stderr), done.stderr
        assert "partial" not in done.stderr
        if name in NAMES[:3]:
            assert find_record(project / "outputs" / "a" / "default").status == "ok"
        shutil.rmtree(place) if place.is_dir() else place.unlink()
        assert command_of(project).returncode == 0
        assert (project / "outputs" / "results.csv").is_file()


SPOILED = ["", "[[1]]", "\x80", '{"a": 5}', "[" * 9000]


def test_what_is_kept_between_commands_may_be_spoiled(project, config):
    """Each file, in each way; nothing is executed again but what nobody knows any more."""
    search = "{metric: mean, direction: maximize, over: {count: {low: 1, high: 2}}, trials: 2}"
    config(f"template: tiny\nsearch: {search}\n", "s.yaml")
    config("template: tiny\n")
    (project / "params" / "_a.notes.yaml").write_text("default: {tags: [good]}\n")
    assert command_of(project).returncode == 0
    outputs = project / "outputs"
    kept = [outputs / n for n in (".overview.json", "a/.runs.json", "a/.notes.json", "s/search.json", "s/.search.jsonl")]  # fmt: skip
    kept += [next((outputs / "batches").glob("*.csv"))]
    for number, text in enumerate(SPOILED):
        for file in kept:
            assert file.is_file()
            file.write_bytes(text.encode("latin-1"))
        done = command_of(project, COMMAND, *["--force"] * (not number))
        assert done.returncode == 0, (text, done.stderr)
        page = (outputs / "index.html").read_text(encoding="utf-8")
        assert "good" in page, text
        assert (outputs / "results.csv").read_text().count(",ok,") == 3


def test_a_clock_that_goes_back_hides_no_change(project, config):
    """Data of the same size from before the run, outputs from after today: contents decide."""
    config("template: tiny\nparameters: {data: numbers.csv}\n")
    for name in ("templates/tiny.ipynb", "numbers.csv", "params/a.yaml"):
        os.utime(project / name, (time.time() + 9e5,) * 2)
    assert "1 run, 0 failed" in command_of(project).stdout
    for file in (project / "outputs").rglob("*"):
        os.utime(file, (time.time() + 9e6,) * 2)
    assert "nothing to do: 1 run unchanged" in command_of(project).stdout
    stat = (project / "numbers.csv").stat()
    for digit, changed_ns in enumerate((10**18, stat.st_mtime_ns - 1, stat.st_mtime_ns), 3):
        (project / "numbers.csv").write_text(f"n\n{digit}\n2\n")
        os.utime(project / "numbers.csv", ns=(changed_ns, changed_ns))
        assert "1 run, 0 failed" in command_of(project).stdout, changed_ns


def of_disk(project, done):
    """A batch that a disk has ended: one line, a whole table, and the same command goes on."""
    assert done.returncode == 2
    progress = r"\d\d:\d\d:\d\d nothing can be written: no other run starts.*\n"
    assert len(re.sub(progress, "", done.stderr).splitlines()) == 1
    assert "the disk of results or of temporary files is full or read-only" in done.stderr
    for record in (project / "outputs").glob("a/*/record.json"):
        assert find_record(record.parent).ok


def test_a_limit_of_the_size_of_files_ends_the_batch(project, config):
    """Such as `ulimit -f`: EFBIG."""
    config("template: tiny\nsweep: {grid: {count: [1, 2, 3]}}\n")

    def limit():
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, resource.RLIM_INFINITY))

    done = command_of(project, ITSELF, preexec_fn=limit)
    of_disk(project, done)
    assert "File too large" in done.stdout
    assert "3 runs, 0 failed" in command_of(project).stdout


@pytest.fixture
def quota(project, tmp_path_factory):
    """Mount a folder of outputs with a quota of so many KB; return how to set another."""
    image, volume = tmp_path_factory.mktemp("quota") / "image", project / "volume"
    volume.mkdir()

    def call(*words):
        subprocess.run([*map(str, words)], check=True, capture_output=True)

    try:
        with image.open("wb") as file:
            file.truncate(128 << 20)
        call("mkfs.btrfs", "-q", image)
        call("mount", "-o", "loop", image, volume)
    except (OSError, subprocess.CalledProcessError):
        pytest.skip("needs btrfs, and rights to mount")
    try:
        call("btrfs", "quota", "enable", volume)
        call("btrfs", "subvolume", "create", volume / "outputs")
        (project / "outputs").symlink_to(volume / "outputs")
        yield lambda kb: call("btrfs", "qgroup", "limit", f"{kb}K", volume / "outputs")
    finally:
        subprocess.run(["umount", str(volume)], check=True)


def test_a_quota_that_is_used_up_ends_the_batch(project, config, quota):
    """EDQUOT, of a real file system."""
    config("template: tiny\nsweep: {random: {runs: 30, over: {seed: {low: 0, high: 9999999}}}}\n")
    quota(1200)
    done = command_of(project)
    of_disk(project, done)
    assert "Disk quota exceeded" in done.stdout
    good = len(list((project / "outputs").glob("a/*/record.json")))
    assert good
    quota(60_000)
    done = command_of(project)
    assert done.returncode == 0
    assert f"{30 - good} runs, 0 failed, {good} unchanged" in done.stdout


INTERRUPTED = """
import os, signal, sys
def hook(event, arguments):
    if event == "import" and arguments[0] == sys.argv[2] and not seen:
        seen.append(1)
        os.kill(os.getpid(), signal.SIGINT)
seen = []
signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored below a shell in the background
sys.addaudithook(hook)
from fourfold.__main__ import command
try:
    command()
finally:
    assert seen, "it was never loaded"
"""


@pytest.mark.parametrize("module", ["fourfold.cli.main", "typer", "rich.console", "fourfold.plan.plan"])  # fmt: skip
def test_ctrl_c_while_it_is_loaded_is_one_line(project, module):
    """At the moment when a module is looked for, the first of the command line among them."""
    call = [sys.executable, "-c", INTERRUPTED, "plan", module]
    done = subprocess.run(call, cwd=project, capture_output=True, text=True)
    assert done.stderr == "stopped; no run was under way\n"
    assert done.stdout == ""
    assert done.returncode in (130, -2)  # Python ends itself by the signal where it can
