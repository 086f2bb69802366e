"""Shards gathered: as if all had run here, and what is missing or was made otherwise is named."""

from __future__ import annotations

import csv
import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from fourfold.errors import FourfoldError
from fourfold.plan.plan import plan
from fourfold.project import Project
from fourfold.run.fetch import find_shards
from fourfold.run.gather import Gathered, Gathering
from served import COMMAND, ITSELF
from tiny_project import make_notebook

pytestmark = pytest.mark.commands

CELLS = [
    ("markdown", "title", "# Rows\n\n| `data`, `least`, `pause` | meaning |\n"),
    (
        "code",
        "parameters",
        '# parameters\nquestion: str = ""  # question\ndecision: str = ""  # decision\n'
        'success: dict[str, str] = {}  # metric: condition\ndata: str = "numbers.csv"  # data\n'
        "least: float = 0.0  # rows below it are left out\npause: float = 0.0  # seconds\n",
    ),
    ("code", "setup", "import os\nimport time\n\nimport fourfold as ff"),
    ("markdown", "ingest", "## 1. Ingest"),
    (
        "code",
        "ingest-data",
        "rows = ff.ingest(data)\nprint(os.environ['FOURFOLD_ARTIFACTS'] + '/')",
    ),
    ("markdown", "eda", "## 2. EDA"),
    ("code", "eda-keep", "kept = rows[rows['n'] >= least]\ntime.sleep(pause)"),
    ("markdown", "modeling", "## 3. Modeling"),
    (
        "code",
        "modeling-save",
        "ff.save('kept.csv', kept)\nff.record('rows', len(kept), exact=True)",
    ),
    ("markdown", "conclusions", "## 4. Conclusions"),
    ("code", "conclusions-conclude", "ff.conclude('done', success=success, question=question)"),
]
FIRST = "template: rows\nsweep: {grid: {least: [0, 1, 2]}}\n"
THIRD = (
    "template: rows\nsearch: {metric: rows, direction: maximize, "
    "over: {least: [0, 1, 2, 3]}, trials: 2}\n"
)
SECOND = "template: rows\nparameters: {data: run:first/least=1/kept.csv}\n"


def project_at(root: Path) -> Path:
    for folder in ("templates", "params"):
        (root / folder).mkdir(parents=True)
    (root / "templates" / "rows.ipynb").write_text(json.dumps(make_notebook(CELLS)))
    (root / "numbers.csv").write_text("n\n1\n2\n3\n")
    (root / "params" / "first.yaml").write_text(FIRST)
    (root / "params" / "second.yaml").write_text(SECOND)
    (root / "params" / "third.yaml").write_text(THIRD)
    return root


def fourfold(root: Path, *arguments: str, code: int = 0) -> str:
    done = subprocess.run(
        [*COMMAND, *arguments], cwd=root, capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def sharded(tmp_path_factory) -> Path:
    """A project whose two shards have run at the same time, into the same folder of outputs."""
    root = project_at(tmp_path_factory.mktemp("one") / "shop")
    calls = [[*COMMAND, "run", "--shard", f"{n}/2", "--workers", "1"] for n in (1, 2)]
    for process in [subprocess.Popen(call, cwd=root, stdout=subprocess.PIPE) for call in calls]:
        said = process.communicate()[0].decode()
        assert process.returncode == 0, said
        assert "of 5 runs, in outputs/shards/" in said
    return root


@pytest.fixture
def copied(sharded, tmp_path) -> Path:
    """The project on another machine, with the outputs of both shards in ``in/``."""
    root = project_at(tmp_path / "other")
    shutil.copytree(sharded / "outputs" / "shards", root / "in")
    return root


def gather(root: Path) -> Gathered:
    place, above = Project(root, root / "outputs"), []
    sources = find_shards([root / "in"], root)
    planned = plan([], root, above=above.append)
    return Gathering(sources, planned, above, place).gather()


def edit(path: Path, **changes) -> None:
    content = json.loads(path.read_text())
    content.update(changes)
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False))


def holder(root: Path, name: str) -> Path:
    """Return the folder of the shard that has a run."""
    return next((root / "in").glob(f"*/{name}")).parents[1]


def table(root: Path) -> list[dict[str, str]]:
    with (root / "outputs" / "results.csv").open() as file:
        measured = ("started_at", "duration_s", "cpu_s", "peak_mb", "energy_wh")
        return [{n: v for n, v in row.items() if n not in measured} for row in csv.DictReader(file)]


def test_gathered_is_as_if_it_had_run_here(sharded, tmp_path):
    """The same table; nothing is left to run, not even without the shards; twice is as once."""
    local = project_at(tmp_path / "local")
    fourfold(local, "run")
    here = tmp_path / "here"
    shutil.copytree(sharded, here)
    os.rename(sharded, gone := tmp_path / "gone")  # the paths in its notebooks lead nowhere
    try:
        said = fourfold(here, "gather")
        assert "2 shards of 2: 6 new, 0 there already, 0 failed, 0 missing" in said
        assert table(here) == table(local)
        runs = [here / "outputs" / config for config in ("first", "second", "third")]
        text = "".join(path.read_text() for run in runs for path in run.glob("*/*.*"))
        assert str(runs[0] / "least=1") in text
        assert "shards" not in text
        files = {p: p.read_bytes() for p in (here / "outputs").glob("[!.]*") if p.is_file()}
        said = fourfold(here, "gather", "--json")
        assert json.loads(said) == {
            "new": [], "there": 6, "failed": [], "missing": [], "problems": [], "notes": [],
        }  # fmt: skip
        assert {path: path.read_bytes() for path in files} == files
        assert len(list((here / "outputs" / "batches").glob("*.csv"))) == 1
        shutil.rmtree(here / "outputs" / "shards")
        assert "nothing to do: 6 runs unchanged" in fourfold(here, "run")
        # And a shard takes what is there, which may be another number of them.
        said = fourfold(here, "run", "--shard", "1/3")
        assert "results taken from the outputs of all" in said
        assert "nothing to do" in said
    finally:
        os.rename(gone, sharded)


def test_copies_of_shards_are_gathered_and_a_missing_one_is_named(copied):
    """With the command that goes on; what is there is there."""
    lost = holder(copied, "second/default")
    number = lost.name[0]
    shutil.move(lost, copied / "lost")
    result = gather(copied)
    names = ["first/least=0", "first/least=1", "second/default"]
    assert sorted(result.missing) == names
    assert result.problems == [
        f"shard {number}/2: 3 runs ({', '.join(names)}) missing, nothing of it is here: "
        f"fourfold run --shard {number}/2 goes on there"
    ]
    shutil.move(copied / "lost", lost)
    result = gather(copied)
    assert len(result.new) == len(result.there) == 3
    assert (result.missing, result.problems, result.remarks) == ([], [], [])


def test_a_search_that_has_not_come_to_its_end_is_missing(copied):
    """Its runs are taken all the same, and the search goes on from them."""
    path = next((copied / "in").glob("*/third/search.json"))
    whole = path.read_text()
    edit(path, ended="")
    result = gather(copied)
    assert len(result.new) == 6
    assert result.missing == ["third/default"]
    assert any("(third/default) missing" in line for line in result.problems)
    path.write_text(whole)
    shutil.rmtree(copied / "outputs")
    assert gather(copied).missing == []
    assert (copied / "outputs" / "third" / "search.html").exists()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda run: (run / "notebook.ipynb").unlink(), "incomplete, to be copied again"),
        (lambda run: (run / "artifacts" / "kept.csv").unlink(), "incomplete, to be copied again"),
        (lambda run: (run / "record.json").write_text("{"), "damaged"),
    ],
)
def test_what_was_copied_by_half_is_left_out(copied, damage, message):
    """And counts as missing, so that it is not taken for a result."""
    shard = holder(copied, "first/least=2")
    damage(shard / "first" / "least=2")
    result = gather(copied)
    assert result.missing == ["first/least=2"]
    label = f"shard {shard.name.replace('-of-', '/')}"
    assert f"{label}: left out, {message}: 1 run (first/least=2)" in result.problems
    assert not (copied / "outputs" / "first" / "least=2").exists()


def test_a_shard_of_another_config_template_or_version_is_named(copied):
    """Results of other parameters or code are left out; of other packages they are taken."""
    path = holder(copied, "first/least=2")
    label, note = (
        f"shard {path.name.replace('-of-', '/')}",
        json.loads((path / "shard.json").read_text()),
    )
    changed = {**note["plan"], "config": {**note["plan"]["config"], "first": "0"}}
    edit(path / "shard.json", plan={**changed, "Fourfold": {"": "9.9"}})
    record = path / "first" / "least=2" / "record.json"
    whole = record.read_text()
    parameters = json.loads(whole)["parameters"]
    edit(record, parameters={**parameters, "least": 5})
    result = gather(copied)
    assert result.missing == ["first/least=2"]
    where = "than the others and the one here"
    assert result.problems[:3] == [
        f"{label}: another config first {where}",
        f"{label}: another Fourfold {where}",
        f"{label}: left out, of another config (parameter least is 5, here 2): "
        "1 run (first/least=2)",
    ]  # fmt: skip
    record.write_text(whole)
    edit(record, key={**json.loads(whole)["key"], "template": "0"})
    result = gather(copied)
    assert result.missing == ["first/least=2"]
    assert any("of another template rows than the one here" in line for line in result.problems)
    key = json.loads(whole)["key"]
    inputs = {name: "0" if "numbers" in name else part for name, part in key["inputs"].items()}
    record.write_text(whole)
    packages = {**key["packages"], "pandas": "1.0"}
    edit(record, key={**key, "packages": packages, "inputs": inputs})
    result = gather(copied)
    assert result.missing == []
    (package,) = [line for line in result.problems if line.startswith("package")]
    assert package.startswith("package pandas of template rows: ")
    assert f"1.0 in {label}" in package
    assert any("data numbers.csv" in line for line in result.problems)


def test_configs_that_changed_since_need_their_shards_again(copied):
    """All shards were planned otherwise than here: that is said, and no result is taken."""
    (copied / "params" / "first.yaml").write_text(FIRST.replace("[0, 1, 2]", "[0, 1, 4]"))
    result = gather(copied)
    assert result.missing == ["first/least=4"]
    assert "config first: all shards have another one than is here" in result.problems
    assert any("left out, of no config here: 1 run (first/least=2)" in n for n in result.remarks)
    assert any("first/least=4" in line for line in result.problems)


def test_a_run_that_two_shards_have_counts_once(copied):
    """The newest; if they do not say the same of the same inputs, both values are named."""
    shard = holder(copied, "first/least=0")
    other = next(path for path in (copied / "in").iterdir() if path != shard)
    source, target = shard / "first" / "least=0", other / "first" / "least=0"
    shutil.copytree(source, target)
    assert gather(copied).remarks == []  # a copy is the same
    shutil.rmtree(copied / "outputs")
    record = json.loads((source / "record.json").read_text())
    edit(target / "record.json", duration_s=99.0)
    result = gather(copied)
    assert result.problems == []
    assert result.remarks == [
        "1 run (first/least=0) executed more than once: the newest result counts"
    ]
    metrics = {"rows": {**record["metrics"]["rows"], "value": 7}}
    edit(target / "record.json", metrics=metrics, started_at="2031-01-01T00:00:00+00:00")
    result = gather(copied)
    (line,) = result.problems
    assert line.startswith("first/least=0: rows differs: ")
    assert {"7", "3"} <= set(line.replace(",", " ").split())
    taken = json.loads((copied / "outputs" / "first" / "least=0" / "record.json").read_text())
    assert taken["metrics"]["rows"]["value"] == 7
    assert any("its clock is ahead of the one here by" in note for note in result.remarks)
    # A failure that came later hides no result of the same inputs, and is not hidden by it.
    error = {"section": "Ingest", "cell": 1, "cell_id": "a", "error": "OSError", "message": "away"}
    edit(target / "record.json", status="failed", error=error)
    shutil.rmtree(copied / "outputs")
    result = gather(copied)
    assert (result.missing, [r.name for r in result.new if r.failed]) == ([], [])
    late = "first/least=0 failed later than the result that counts: OSError: away"
    assert [line for line in result.problems if line.endswith(late)]
    # From other inputs it is the result of now, as it would be here.
    edit(target / "record.json", key={**record["key"], "inputs": {"numbers.csv": "0"}})
    result = gather(copied)
    assert [r.name for r in result.new if r.failed] == ["first/least=0"]
    assert gather(copied).new == []


def test_folders_without_shards_and_spoiled_notes_are_refused(copied):
    """Before anything is written."""
    with pytest.raises(FourfoldError, match="expected results of shards"):
        find_shards([copied / "params"], copied)
    note = next((copied / "in").glob("*/shard.json"))
    note.write_text("{}")
    with pytest.raises(FourfoldError, match="damaged; run that shard again"):
        gather(copied)
    assert not (copied / "outputs").exists()


def test_a_shard_that_was_killed_is_named_and_goes_on(tmp_path):
    """What it had finished is kept, by the gathering in between and by itself."""
    root = project_at(tmp_path / "shop")
    for name in ("second", "third"):
        (root / "params" / f"{name}.yaml").unlink()
    config = root / "params" / "first.yaml"
    config.write_text("template: rows\nsweep: {list: [{least: 0}, {least: 1, pause: 60}]}\n")
    call = [*ITSELF, "run", "--shard", "1/1", "--workers", "1"]
    process = subprocess.Popen(call, cwd=root, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    shard = root / "outputs" / "shards" / "1-of-1"
    until = time.monotonic() + 100
    while len(list(shard.glob("*/*/params.yaml"))) < 2 and time.monotonic() < until:
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    said = fourfold(root, "gather", code=1)
    assert "1 new, 0 there already, 0 failed, 1 missing" in said
    assert "missing, killed, or still running, on" in said
    config.write_text(config.read_text().replace("60", "0"))
    assert "1 run unchanged" in fourfold(root, "run", "--shard", "1/1")
    said = fourfold(root, "gather")
    assert "1 shard of 1: 1 new, 1 there already, 0 failed, 0 missing" in said
