"""Runs that follow runs: their order, what is passed on, what is skipped, and what comes back."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time

import pytest

from fourfold.records.record import find_record
from served import COMMAND, ITSELF
from tiny_project import make_notebook

pytestmark = pytest.mark.commands

PARAMETERS = """# parameters
question: str = ""  # business question
decision: str = ""  # decision it serves
success: dict[str, str] = {}  # metric: condition
data: str = "numbers.csv"  # path of the data
least: float = 0.0  # rows below it are left out
note: str = ""  # a word
pause: float = 0.0  # seconds
"""
CELLS = [
    ("markdown", "title", "# Rows\n\n| `data`, `least`, `note`, `pause` | meaning |\n"),
    ("code", "parameters", PARAMETERS),
    ("code", "setup", "import time\n\nimport fourfold as ff"),
    ("markdown", "ingest", "## 1. Ingest"),
    ("code", "ingest-data", "rows = ff.ingest(data)"),
    ("markdown", "eda", "## 2. EDA"),
    ("code", "eda-keep", "kept = rows[rows['n'] >= least]\ntime.sleep(pause)"),
    ("markdown", "modeling", "## 3. Modeling"),
    (
        "code",
        "modeling-save",
        "if note == 'raise':\n    raise ValueError('asked to fail')\n"
        "if note != 'none':\n    ff.save('kept.csv', kept)\n"
        "ff.record('rows', len(kept), exact=True)",
    ),
    ("markdown", "conclusions", "## 4. Conclusions"),
    (
        "code",
        "conclusions-conclude",
        "ff.conclude('done', success=success, question=question, decision=decision)",
    ),
]
FIRST = "template: rows\nbusiness: {success: {rows: '>= 2'}}\nparameters: {least: 1}\n"
SECOND = "template: rows\nparameters: {data: run:first/default/kept.csv}\n"


@pytest.fixture
def project(tmp_path):
    """A project of a run that keeps rows, and one that takes them."""
    (tmp_path / "templates").mkdir()
    (tmp_path / "params").mkdir()
    (tmp_path / "templates" / "rows.ipynb").write_text(json.dumps(make_notebook(CELLS)))
    (tmp_path / "numbers.csv").write_text("n\n1\n2\n3\n")
    write(tmp_path, first=FIRST, second=SECOND)
    return tmp_path


def write(project, **configs):
    for name, text in configs.items():
        (project / "params" / f"{name}.yaml").write_text(text)


def command(project, *arguments, of=COMMAND):
    return [*of, *arguments, "--root", str(project)]


def fourfold(project, *arguments, code=0) -> str:
    done = subprocess.run(
        command(project, *arguments), capture_output=True, text=True, check=False, cwd=project
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout + done.stderr


def record(project, name):
    return find_record(project / "outputs" / name / "default")


def state(project) -> dict[str, str]:
    """Status of each run, and when it was executed."""
    paths = sorted((project / "outputs").glob("*/*/record.json"))
    return {path.parents[1].name: find_record(path.parent).status for path in paths}


def executed(project, *arguments, code=0) -> list[str]:
    """Execute, and return the configs of the runs that were executed, in order."""
    lines = fourfold(project, "run", "--json", *arguments, code=code).splitlines()
    events = [json.loads(line) for line in lines if line.startswith("{")]
    return [e["config"] for e in events if e["event"] == "run" and e["status"] != "skipped"]


def test_a_run_takes_what_another_has_made_and_is_executed_after_it(project):
    """In one batch; then nothing is left to do, and an edit of data goes through both."""
    said = fourfold(project, "plan")
    assert "first\n" in said
    assert "└── second  takes kept.csv" in said
    assert executed(project) == ["first", "second"]
    (table,) = record(project, "second").data
    assert table["source"] == "run:first/default/kept.csv"
    assert table["rows"] == 3
    assert executed(project) == []
    (project / "numbers.csv").write_text("n\n1\n2\n3\n4\n")
    assert "second/default: decided when first/default has ended" in fourfold(
        project, "plan", "--why"
    )
    assert executed(project) == ["first", "second"]
    assert record(project, "second").data[0]["rows"] == 4


def test_the_same_artifact_made_again_makes_nothing_stale(project):
    """What depends on a run is the content of its artifact, not the time at which it was made."""
    executed(project)
    (project / "numbers.csv").write_text("n\n0\n1\n2\n3\n")  # 0 is left out
    assert executed(project) == ["first"]
    assert executed(project, "--force", "params/first.yaml") == ["first"]
    assert executed(project) == []


def test_a_run_alone_never_takes_a_stale_or_missing_input(project):
    """Its upstream is not executed unasked: the run is skipped, with the command that helps."""
    said = fourfold(project, "run", "params/second.yaml", code=1)
    assert "follows first, which has not run yet: run params/first.yaml as well" in said
    assert "0 runs, 0 failed, 1 skipped" in said
    executed(project)
    assert executed(project, "params/second.yaml") == []
    (project / "numbers.csv").write_text("n\n1\n")
    said = fourfold(project, "run", "params/second.yaml", code=1)
    assert "follows first, which is not up to date (data numbers.csv changed)" in said
    assert state(project) == {"first": "ok", "second": "skipped"}
    assert "skipped" in (project / "outputs" / "results.csv").read_text()
    assert executed(project) == ["first", "second"]


def test_a_condition_that_does_not_hold_skips_and_comes_back_by_itself(project):
    """The old result is not shown meanwhile; if nothing else changed, it needs no execution."""
    write(project, second=SECOND + "when: {first: supported}\n")
    assert executed(project) == ["first", "second"]
    write(project, first=FIRST.replace(">= 2", ">= 9"))
    for _ in range(2):  # and again
        said = fourfold(project, "run")
        assert "when first is supported; it is refuted" in said
        assert record(project, "second").status == "skipped"
        assert record(project, "second").metrics == {}
    page = (project / "outputs" / "second" / "default" / "report.html").read_text()
    assert "when first is supported; it is refuted" in page
    assert "Its last result is of 20" in page
    assert (project / "outputs" / "second" / "default" / "artifacts" / "kept.csv").exists()
    write(project, first=FIRST)
    assert executed(project) == []
    assert state(project) == {"first": "ok", "second": "ok"}
    assert record(project, "second").metrics["rows"].value == 3
    page = (project / "outputs" / "second" / "default" / "report.html").read_text()
    assert "it is refuted" not in page
    assert "reason" not in (project / "outputs" / "second" / "default" / "record.json").read_text()


def test_an_edit_of_the_condition_alone_counts(project):
    """A list of verdicts, another verdict, none."""
    write(project, second=SECOND + "when: {first: [refuted, inconclusive]}\n")
    said = fourfold(project, "run")
    assert "when first is refuted or inconclusive; it is supported" in said
    write(project, second=SECOND + "when: {first/default: [refuted, supported]}\n")
    assert executed(project) == ["second"]
    write(project, second=SECOND + "when: {first: refuted}\n")
    assert executed(project, "--force") == ["first"]
    write(project, second=SECOND)
    assert executed(project) == []
    assert state(project) == {"first": "ok", "second": "ok"}


def test_what_follows_a_failure_is_skipped_and_comes_back(project):
    """Also below it; `--failed` executes both, once the cause is gone."""
    third = "template: rows\nafter: second\nparameters: {least: 2}\n"
    write(project, first=FIRST.replace("{least", "{note: raise, least"), third=third)
    for arguments in ((), ("--failed",)):
        said = fourfold(project, "run", *arguments, code=1)
        assert "1 run, 1 failed, 2 skipped" in said
        assert "follows first, which failed" in said
        assert "follows second, which was skipped" in said
    write(project, first=FIRST)
    assert executed(project, "--failed") == ["first", "second", "third"]
    assert executed(project) == []


def test_an_artifact_that_was_not_made_is_missed_by_name(project):
    """What the upstream has made instead stands in the reason."""
    write(project, first=FIRST.replace("{least", "{note: none, least"))
    said = fourfold(project, "run", code=1)
    assert "takes kept.csv of first/default, which has made nothing" in said
    write(project, first=FIRST)
    assert executed(project) == ["first", "second"]


def test_runs_of_a_sweep_follow_runs_of_a_sweep(project):
    """Each run waits for its own; what follows a config waits for all of its runs."""
    sweep = "template: rows\nsweep: {grid: {least: [1, 2]}}\n"
    taken = "[run:many/least=1/kept.csv, run:many/least=2/kept.csv]"
    each = f"template: rows\nsweep: {{grid: {{data: {taken}}}}}\n"
    last = "template: rows\nafter: [each]\nwhen: {many/least=1: not judged}\n"
    write(project, many=sweep, each=each, last=last)
    order = executed(project)
    assert order[-1] == "last"
    assert sorted(order) == ["each", "each", "first", "last", "many", "many", "second"]
    assert executed(project) == []
    ran = executed(project, "--force", "params/many.yaml", "--only", "least=1")
    assert ran == ["many"]


def test_only_counts_the_others_as_they_are(project):
    """A run that --only leaves out is not executed, and what it has made is taken."""
    executed(project)
    (project / "numbers.csv").write_text("n\n1\n2\n")
    said = fourfold(project, "run", "--only", "config=second", code=1)
    assert "follows first, which is not up to date" in said
    assert executed(project, "--only", "config=first") == ["first"]
    assert executed(project, "--only", "config=second") == ["second"]


def test_the_order_holds_after_a_kill_and_after_ctrl_c(project):
    """Ctrl-C cancels the upstream and skips what follows; the same command then goes on."""
    write(project, first=FIRST.replace("{least", "{pause: 60, least"))
    running = subprocess.Popen(
        command(project, "run", of=ITSELF),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    deadline = time.monotonic() + 120
    while not (project / "outputs" / "first" / "default" / "notebook.ipynb").exists():
        assert time.monotonic() < deadline
        time.sleep(0.2)
    time.sleep(3)
    running.send_signal(signal.SIGINT)
    time.sleep(1)
    running.send_signal(signal.SIGINT)
    said, _ = running.communicate(timeout=60)
    assert running.returncode == 130, said
    assert state(project) == {"first": "cancelled", "second": "skipped"}
    assert "follows first, which was cancelled" in said
    write(project, first=FIRST)
    running = subprocess.Popen(command(project, "run", of=ITSELF), stdout=subprocess.DEVNULL)
    while state(project).get("first") != "ok":
        assert time.monotonic() < deadline
        time.sleep(0.02)
    running.kill()
    running.wait()
    executed(project)
    assert executed(project) == []
    assert state(project) == {"first": "ok", "second": "ok"}


def test_max_failures_leaves_the_rest_unstarted(project):
    """What was not begun is not skipped: it comes with the next command."""
    write(
        project,
        first=FIRST.replace("{least", "{note: raise, least"),
        third="template: rows\nparameters: {least: 2}\n",
        fourth="template: rows\nafter: [third]\nparameters: {least: 3}\n",
    )
    said = fourfold(project, "run", "--workers", "1", "--fail-fast", code=1)
    assert "1 run, 1 failed, 1 skipped, 2 not started" in said
    assert sorted(executed(project, code=1)) == ["first", "fourth", "third"]


def test_other_outputs_have_other_artifacts(project, tmp_path):
    """`run:` is looked for in the folder that --outputs names."""
    executed(project)
    elsewhere = str(tmp_path / "elsewhere")
    said = fourfold(project, "run", "--outputs", elsewhere, "params/second.yaml", code=1)
    assert "has not run yet" in said
    assert executed(project, "--outputs", elsewhere) == ["first", "second"]


def test_an_artifact_is_found_in_jupyter_by_papermill_and_by_a_reference(project, tmp_path):
    """The value is the same text everywhere, and no path of a machine stands in an output."""
    executed(project)
    target = tmp_path / "made.ipynb"
    subprocess.run(
        [sys.executable, "-m", "papermill", "templates/rows.ipynb", str(target), "-f",
         "outputs/second/default/params.yaml"], cwd=project / "templates" / "..", check=True,
        capture_output=True,
    )  # fmt: skip
    assert "run:first/default/kept.csv: 3 rows" in target.read_text()
    fourfold(project, "reference", "params/second.yaml")
    text = (project / "notebooks" / "second.ipynb").read_text()
    assert str(tmp_path) not in text
    fourfold(project, "regress", "notebooks/second.ipynb")
