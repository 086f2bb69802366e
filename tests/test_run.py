"""Whole runs, end to end, in real kernels: runner, execution, batch, records and report."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import nbformat
import pandas as pd
import psutil
import pytest
from papermill import execute_notebook
from ruamel.yaml import YAML

from fourfold.plan.plan import plan
from fourfold.records.evidence import MIME, Metric
from fourfold.records.record import emitted, read_record
from fourfold.report import report as reports
from fourfold.report.table import row, write_table
from fourfold.run.kernels import client
from fourfold.run.kernels.zygotes import available
from fourfold.run.prepare import HEADER
from tiny_project import CELLS, make_notebook, run_all

pytestmark = pytest.mark.commands

DIE = "import os, signal, time\nif fail:\n    os.kill(os.getpid(), signal.SIGKILL)"
SLEEP = "import time\nif fail:\n    time.sleep(60)"
SAVE = "import pandas as pd\nff.save('values.csv', pd.DataFrame({'n': values}))"


def with_source(name: str, source: str) -> str:
    cells = [(kind, cell, source if cell == name else text) for kind, cell, text in CELLS]
    return json.dumps(make_notebook(cells))


@pytest.fixture(scope="module")
def batch(tmp_path_factory):
    """One batch of good and bad runs; each test looks at a part of what it left."""
    root = tmp_path_factory.mktemp("project with a space")
    for folder in ("templates", "params"):
        (root / folder).mkdir()
    (root / "numbers.csv").write_text("n\n1\n")
    templates = root / "templates"
    (templates / "tiny.ipynb").write_text(with_source("eda-look", SAVE))
    (templates / "dies.ipynb").write_text(with_source("modeling-mean", DIE))
    (templates / "sleeps.ipynb").write_text(with_source("modeling-mean", SLEEP))
    configs = {
        "good": "template: tiny\nparameters: {scale: 2}\nbusiness: {success: {mean: '>= 2', count: '== 5'}}\n",
        "fails": "template: tiny\nparameters: {fail: true}\n",
        "dies": "template: dies\nparameters: {fail: true}\nrun: {retries: 1}\n",
        "again": "template: tiny\nparameters: {fail: true}\nrun: {retry_on: [failed, killed]}\n",
        "late": "template: sleeps\nparameters: {fail: true}\nrun: {timeout: 3}\n",
        "cell-late": "template: sleeps\nparameters: {fail: true}\nrun: {cell_timeout: 2, timeout: 1h}\n",
    }
    for name, text in configs.items():
        (root / "params" / f"{name}.yaml").write_text(text)
    sections: list[tuple[str, str]] = []
    records, stopped = run_all(
        plan([str(root / "params")], root),
        root,
        root / "outputs",
        workers=2,
        on_section=lambda spec, section: sections.append((spec.config, section)),
    )
    assert not stopped
    return root, {record.config: record for record in records}, sections


def test_each_run_leaves_notebook_report_record_and_parameters(batch):
    """The failed ones too."""
    root, records, _ = batch
    for name in records:
        found = {path.name for path in (root / "outputs" / name / "default").iterdir()}
        assert found == {"notebook.ipynb", "report.html", "record.json", "params.yaml", "artifacts"}


def test_a_good_run_records_metrics_claims_and_artifacts(batch):
    """The record on disk is the one returned, and holds what the notebook emitted."""
    root, records, _ = batch
    good = records["good"]
    assert (good.status, good.verdict) == ("ok", "supported")
    assert good.metrics["mean"] == Metric(4.0, (3.0, 5.0), "kg")
    assert [claim.verdict for claim in good.claims] == ["supported", "supported"]
    folder = root / "outputs" / "good" / "default"
    read = read_record(folder / "record.json")
    assert (read.metrics, read.claims) == (good.metrics, good.claims)
    stored = json.loads((folder / "record.json").read_text())["metrics"]["mean"]
    assert stored == {"value": 4.0, "ci": [3.0, 5.0], "unit": "kg", "exact": False}
    assert pd.read_csv(folder / "artifacts" / "values.csv")["n"].sum() == 20
    assert good.artifacts[0]["rows"] == 5
    assert sum(good.sections.values()) < good.duration_s


@pytest.mark.parametrize(
    ("name", "status", "error", "message"),
    [
        ("fails", "failed", "ValueError", "asked to fail"),
        ("dies", "killed", "KernelDied", "SIGKILL"),
        ("late", "timed_out", "Timeout", "the run may take 3 s"),
        ("cell-late", "timed_out", "Timeout", "a cell may take 2 s"),
    ],
)
def test_a_failed_run_names_section_cell_and_error(batch, name, status, error, message):
    """And the partial notebook holds what ran before."""
    root, records, _ = batch
    record = records[name]
    assert (record.status, record.error["error"]) == (status, error)
    assert (record.error["section"], record.error["cell_id"]) == ("Modeling", "modeling-mean")
    assert message in record.error["message"]
    notebook = nbformat.read(root / "outputs" / name / "default" / "notebook.ipynb", 4)
    ran = {cell.id for cell in notebook.cells if cell.get("execution_count")}
    assert "ingest-values" in ran
    assert "modeling-record" not in ran


def test_what_is_lost_is_tried_again_and_what_failed_only_where_asked(batch):
    """And the record says how often."""
    _, records, _ = batch
    attempts = {name: record.attempts for name, record in records.items()}
    assert attempts == {
        "good": 1, "fails": 1, "dies": 2, "again": 2, "late": 1, "cell-late": 1,
    }  # fmt: skip


def test_a_record_says_what_the_run_cost(batch):
    """CPU, memory and energy of its kernel, whether it ended well or was killed."""
    _, records, _ = batch
    for record in records.values():
        assert record.start == ("warm" if available() else "cold")
        assert record.cost["peak_mb"] > 20
        assert (
            0 < record.cost["energy_wh"] == pytest.approx(record.cost["cpu_s"] * 3.5 / 3600, 0.01)
        )


def test_a_run_that_was_too_large_says_so_and_is_not_tried_again(project, config, monkeypatch):
    """The kernel is really killed; only the system's count of such kills is ours."""
    (project / "templates" / "tiny.ipynb").write_text(with_source("modeling-mean", DIE))
    config("template: tiny\nparameters: {fail: true}\nrun: {retries: 3}\n")
    counts = iter(range(100))
    monkeypatch.setattr(client, "oom_kills", lambda: next(counts))
    (record,), _ = run_all(plan([str(project / "params")], project), project, project / "outputs")
    assert (record.status, record.error["error"], record.attempts) == ("killed", "OutOfMemory", 1)
    assert re.fullmatch(r"killed: out of memory, with a peak of [\d,]+ MB", record.error["message"])


def test_a_report_that_cannot_be_made_costs_one_run(project, config, monkeypatch):
    """The record says so, the notebook is there, and the other runs go on."""
    config("template: tiny\nsweep: {grid: {scale: [1, 2]}}\n")
    whole = reports.write_report

    def sometimes(folder, record):
        if record.run_id == "scale=1":
            raise RuntimeError("no page")
        whole(folder, record)

    monkeypatch.setattr(reports, "write_report", sometimes)
    specs = plan([str(project / "params")], project)
    records, _ = run_all(specs, project, project / "outputs")
    assert [record.status for record in records] == ["failed", "ok"]
    assert (records[0].error["section"], records[0].error["message"]) == ("Report", "no page")


def test_a_report_that_cannot_be_made_hides_no_failure(project, config, monkeypatch):
    """Where the notebook failed as well, the record names the cell."""
    config("template: tiny\nparameters: {fail: true}\n")

    def never(*_):
        raise RuntimeError("no page")

    monkeypatch.setattr(reports, "write_report", never)
    (record,), _ = run_all(plan([str(project / "params")], project), project, project / "outputs")
    assert (record.error["section"], record.error["message"]) == ("Modeling", "asked to fail")


def test_late_and_dead_kernels_end_soon(batch):
    """A sleep of a minute costs no more than its limit, a dead kernel no half hour."""
    _, records, _ = batch
    assert records["late"].duration_s < 10
    assert records["cell-late"].duration_s < 10
    assert records["dies"].duration_s < 10


def test_sections_are_told_while_they_run(batch):
    """In the order of the notebook, without repeats left out for the one who watches."""
    _, _, sections = batch
    seen = list(dict.fromkeys(section for name, section in sections if name == "good"))
    assert seen == ["Setup", "Ingest", "EDA", "Modeling", "Conclusions"]


def test_plain_papermill_gives_the_same_outputs(batch, tmp_path, monkeypatch):
    """No lock-in: the flat params.yaml with the template is all that a run needs."""
    root, _, _ = batch
    folder = root / "outputs" / "good" / "default"
    monkeypatch.chdir(root)
    plain = execute_notebook(
        "templates/tiny.ipynb",
        str(tmp_path / "out.ipynb"),
        parameters=YAML(typ="safe").load(folder / "params.yaml"),
        progress_bar=False,
    )
    ours = nbformat.read(folder / "notebook.ipynb", 4)
    ours.cells = [cell for cell in ours.cells if cell.id != HEADER]
    outputs = [[cell.get("outputs") for cell in notebook.cells] for notebook in (ours, plain)]
    assert outputs[0] == outputs[1]
    assert len(emitted(plain)) == 4


def test_papermill_can_use_the_engine(batch, tmp_path):
    """``papermill --engine fourfold`` executes and saves."""
    root, _, _ = batch
    target = tmp_path / "out.ipynb"
    call = [sys.executable, "-m", "papermill", "--engine", "fourfold", "--no-progress-bar"]
    call += ["templates/tiny.ipynb", str(target), "-p", "scale", "3"]
    done = subprocess.run(call, cwd=root, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    metrics = {
        item["name"]: item["value"]
        for item in emitted(nbformat.read(target, 4))
        if item["kind"] == "metric"
    }
    assert metrics["mean"] == 6.0


def test_the_report_is_self_contained_and_tells_the_error(batch):
    """No request goes anywhere; status, sections and error stand on top."""
    root, _, _ = batch
    page = (root / "outputs" / "fails" / "default" / "report.html").read_text()
    assert 'src="http' not in page
    assert "<link" not in page
    assert "<script src" not in page
    for told in (
        "failed",
        "Modeling, cell 11 (modeling-mean): ValueError: asked to fail",
        "Conclusions",
    ):
        assert told in page


def test_the_table_of_a_batch_is_the_same_as_parquet_and_csv(batch, tmp_path):
    """One row a run, parameters and metrics as columns, also of runs that failed."""
    _, records, _ = batch
    parquet, csv = write_table(list(map(row, records.values())), tmp_path / "results")
    frame = pd.read_parquet(parquet)
    assert list(frame["config"]) == list(records)
    assert frame.set_index("config").loc["good", "metric.mean"] == 4.0
    assert frame.set_index("config").loc["fails", "error"].endswith("asked to fail")
    assert list(pd.read_csv(csv).columns) == list(frame.columns)


def test_no_kernel_outlives_its_run(batch):
    """Also not those that were late."""
    kernels = [
        p.pid
        for p in psutil.Process().children(recursive=True)
        if "ipykernel" in " ".join(p.cmdline())
    ]
    assert kernels == []


def test_outputs_hold_no_time_and_no_path(batch):
    """So that two executions can be compared."""
    root, _, _ = batch
    notebook = nbformat.read(root / "outputs" / "good" / "default" / "notebook.ipynb", 4)
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            assert str(root) not in json.dumps(output)
    assert all(MIME in o.data for c in notebook.cells for o in c.get("outputs", []) if "data" in o)


@pytest.mark.parametrize(
    ("times", "ran", "error"), [(1, True, "KeyboardInterrupt"), (2, False, "KernelDied")]
)
def test_ctrl_c_keeps_what_was_computed(tmp_path, times, ran, error):
    """Once: the cell is finished, no other starts. Twice: it is not waited for. Nothing is lost."""
    for folder in ("templates", "params"):
        (tmp_path / folder).mkdir()
    (tmp_path / "numbers.csv").write_text("n\n1\n")
    slow = "import pathlib, time\npathlib.Path('started').touch()\ntime.sleep(4)\nmean = 1"
    (tmp_path / "templates" / "tiny.ipynb").write_text(with_source("modeling-mean", slow))
    text = "template: tiny\nsweep: {grid: {scale: [1, 2]}}\n"
    (tmp_path / "params" / "a.yaml").write_text(text)
    call = [sys.executable, "-m", "fourfold", "run", "--workers", "1"]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    run = subprocess.Popen(call, cwd=tmp_path, text=True, **pipes)
    _until((tmp_path / "started").exists)
    family = psutil.Process(run.pid).children(recursive=True)
    for _ in range(times):
        os.kill(run.pid, signal.SIGINT)
        time.sleep(0.5)
    out, _ = run.communicate(timeout=30)
    assert run.returncode == 130
    assert "1 run, 0 failed, 1 cancelled, 1 not started (stopped)" in out
    said = re.findall(r"stopping[^:,]*[:,] [^,;]*", out)
    assert said[0] == "stopping: no other run starts"
    assert said[1:] == ["stopping at once: 1 run cancelled"] * (times - 1)
    folder = tmp_path / "outputs" / "a" / "scale=1"
    record = read_record(folder / "record.json")
    assert (record.status, record.error["error"]) == ("cancelled", error)
    cells = {cell.id: cell for cell in nbformat.read(folder / "notebook.ipynb", 4).cells}
    assert ("shell.execute_reply" in cells["modeling-mean"].metadata.execution) == ran
    assert cells["eda-look"].outputs
    assert cells["modeling-record"].execution_count is None
    _until(lambda: not any(process.is_running() for process in family), 5)
    assert not any(process.is_running() for process in family)


def _until(condition, seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not condition() and time.monotonic() < deadline:
        time.sleep(0.1)


def test_a_second_run_replaces_the_first(batch):
    """What an earlier run left does not mix with the new one."""
    root, _, _ = batch
    folder = root / "outputs" / "good" / "default"
    stale = folder / "artifacts" / "stale.csv"
    stale.write_text("x")
    before = read_record(folder / "record.json")
    (record,), _ = run_all(plan([str(root / "params" / "good.yaml")], root), root, root / "outputs")
    assert not stale.exists()
    assert record.metrics == before.metrics


def test_a_template_without_tags_runs_with_its_parameters(batch):
    """Colab drops cell tags; the first line of the cell counts."""
    root, _, _ = batch
    notebook = json.loads(with_source("none", ""))
    notebook["cells"][1]["metadata"] = {}
    (root / "templates" / "untagged.ipynb").write_text(json.dumps(notebook))
    path = Path(root / "params" / "untagged.yaml")
    path.write_text("template: untagged\nparameters: {scale: 3}\n")
    (record,), _ = run_all(plan([str(path)], root), root, root / "outputs")
    assert record.metrics["mean"].value == 6.0
