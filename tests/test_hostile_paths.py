"""Files and folders with hostile names, wherever a config may name them: read, or one clear line."""

from __future__ import annotations

import json
import os
import shlex
import sys

import pytest

from fourfold.cli.ending import command_of, tell
from fourfold.data.sources import load, parse
from fourfold.errors import FourfoldError
from fourfold.plan.plan import plan
from fourfold.records.record import find_record
from test_accidents import call, with_code

NAMES = [
    "a\nb.csv", "$(touch evil).csv", "`touch evil`.csv", "<script>alert(1)<b>.csv", "..csv", "\u00e9.csv", "e\u0301.csv",
    "x" * 251 + ".csv", "-rf.csv", "~.csv", "[a].csv", "*.csv", "a;b.csv", "'\".csv", "\x1b[31m.csv", "\u202egnp.csv",
    "{x}.csv", "#a.csv", "a#b.csv", "run:a.csv", "http:.csv", "C:.csv", "%2e.csv", "|.csv", "\\.csv", "a\r.csv",
]  # fmt: skip
MATCHED = len(NAMES) - 1  # all but the one that is hidden
#: Paths that name no file to read.
PATHS = [
    "data/pipe.csv", "data/zero.csv", "data/loop.csv", "data/folder.csv", "/dev/zero", "/dev/stdin", "data", ".", "x" * 300 + ".csv",
    "d/" * 2000 + "a.csv", "../" * 50 + "none.csv", "~root/x.csv", "data/\0.csv", "**", "[" * 300, "?" * 300 + ".csv", "{a,b}.csv", "data/[b].csv",
]  # fmt: skip
PLACES = {
    "data": "parameters: {data: PATH}", "contract": "parameters: {contract: PATH}", "files": "sweep: {grid: {data: {files: PATH}}}",
    "search": "search: {metric: mean, direction: maximize, trials: 2, over: {data: {files: PATH}}}",
    "table": "sweep: {table: {file: PATH, columns: {count: n}}}", "extends": "extends: PATH", "when": "when: {PATH: supported}", "after": "after: [PATH]",
    "run": "parameters: {data: RUNPATH}", "sheet": "parameters: {data: SHEETPATH}",
}  # fmt: skip


@pytest.fixture
def hostile(project, monkeypatch):
    """A project with a file of each name, and with what is no file."""
    monkeypatch.chdir(project)
    folder = project / "data"
    folder.mkdir()
    for name in NAMES:
        (folder / name).write_text("n\n1\n2\n")
    os.mkfifo(folder / "pipe.csv")
    (folder / "zero.csv").symlink_to("/dev/zero")
    (folder / "loop.csv").symlink_to("loop.csv")
    (folder / "gone.csv").symlink_to("nowhere.csv")
    (folder / "folder.csv").mkdir()
    yield project
    assert not list(project.rglob("evil"))


def test_a_file_of_any_name_is_read(hostile, config):
    for name in NAMES:
        config(f"template: tiny\nparameters: {{data: {json.dumps(f'data/{name}')}}}\n")
        assert len(plan([], hostile)) == 1, name
        assert list(load(f"data/{name}", "", hostile).frame["n"])[:2] == [1, 2], name
        assert f"data/{name}" in parse(f"data/{name}", hostile).fingerprint()


def test_a_glob_takes_files_alone(hostile, config):
    """No pipe, device or folder; names that differ by their normal form only are two."""
    assert len(load("data/*.csv", "", hostile).frame) == 2 * MATCHED
    config("template: tiny\nsweep: {grid: {data: {files: 'data/*.csv'}}}\n")
    runs = plan([], hostile)
    assert len({run.run_id for run in runs}) == MATCHED
    assert all(os.path.basename(run.run_id) == run.run_id for run in runs)


def test_a_name_with_brackets_is_a_file_where_a_glob_matches_none(hostile, config):
    (hostile / "of[1]").mkdir()
    (hostile / "of[1]" / "a.csv").write_text("n\n3\n")
    for text in ("data/[a].csv", "of[1]/a.csv"):
        assert list(load(text, "", hostile).frame) == ["n"]
        config(f"template: tiny\nsweep: {{grid: {{data: {{files: '{text}'}}}}}}\n")
        assert [run.parameters["data"] for run in plan([], hostile)] == [text]
    (hostile / "data" / "a.csv").write_text("n\n9\n")
    assert list(load("data/[a].csv", "", hostile).frame["n"]) == [9]  # which the glob matches


@pytest.mark.parametrize("place", PLACES)
def test_what_is_no_file_is_one_line(hostile, config, place):
    for path in PATHS:
        text = PLACES[place].replace("SHEETPATH", json.dumps(f"{path}.xlsx#{path}"))
        text = text.replace("RUNPATH", json.dumps(f"run:{path}")).replace("PATH", json.dumps(path))
        config(f"template: tiny\n{text}\n")
        if place == "files" and path == "**":
            path = "a folder"
        with pytest.raises(FourfoldError) as refused:
            plan([str(hostile / "params" / "a.yaml")], hostile)
        lines = str(refused.value).split("\n")
        assert [line[:14] for line in lines] == ["params/a.yaml:"], (path, lines)


def test_a_name_that_is_no_text(hostile, config):
    """A swept one is refused, as no record could hold it; in a glob it is a file as any other."""
    (hostile / "data" / "\udcff.csv").write_text("n\n1\n2\n")
    config("template: tiny\nsweep: {grid: {data: {files: 'data/*.csv'}}}\n")
    with pytest.raises(FourfoldError, match=r"udcff\.csv: expected a file"):
        plan([], hostile)
    with_code(hostile, "frame = ff.ingest(data)\nff.record('rows', len(frame), exact=True)")
    config("template: tiny\nparameters: {data: 'data/*.csv'}\n")
    done = call(hostile, "run")
    record = find_record(hostile / "outputs" / "a" / "default")
    assert (done.returncode, record.status) == (0, "ok"), done.stderr
    assert record.metrics["rows"].value == 2 * MATCHED + 2
    assert call(hostile, "run").returncode == 0  # and stands unchanged


def test_a_command_at_the_end_gets_names_as_data(project, capsys):
    """On its standard input, never in its words; what cannot be started is one line."""
    summary = {"text": "$(touch evil)`touch evil`", "not_ok": [{"run": "\ud800\0\n'\";touch evil"}]}
    script = shlex.quote("import json, sys; json.load(sys.stdin)")
    tell(f"{shlex.quote(sys.executable)} -c {script}", summary, project)
    assert capsys.readouterr().err == ""
    for command in ("no\0such", "exit 3", "no-such-program-anywhere", "'", "cat /none >&2; exit 1"):
        tell(command, summary, project)
        said = capsys.readouterr().err
        assert (said.count("\n"), "on_end" in said) == (1, True), said
    assert not list(project.rglob("evil"))


@pytest.mark.parametrize("value", ["5", "true", "['a']", "{a = 1}", "1979-05-27", "nan"])
def test_an_ending_that_is_no_command_is_refused(project, value):
    (project / "pyproject.toml").write_text(f"[tool.fourfold]\non_end = {value}\n")
    with pytest.raises(FourfoldError, match=r"^pyproject\.toml:2:.*on_end: expected"):
        command_of(project)
