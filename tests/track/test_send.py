"""From the spool into MLflow: each execution is one run, whatever happens in between."""

from __future__ import annotations

import shutil
from dataclasses import replace

import pytest
from small_mlflow import serving

from fourfold.records.evidence import Claim, Metric
from fourfold.records.record import RunRecord, write_record
from fourfold.track.send import Sender
from fourfold.track.spool import Spool
from fourfold.track.store import open_store


@pytest.fixture
def mlflow():
    with serving() as small:
        yield small


@pytest.fixture
def spool(tmp_path):
    return Spool(tmp_path / "outputs")


def result(spool, run_id="default", config="a", **fields):
    """A result in the outputs, as the runner leaves it."""
    given = {"template": "tiny", "status": "ok", "parameters": {"k": 1}, "varied": [], "duration_s": 1.0,
             "started_at": "2026-01-01T00:00:01+00:00", "metrics": {"auc": Metric(0.7, (0.6, 0.8))}}  # fmt: skip
    record = RunRecord(config, run_id, **{**given, "sections": {"Setup": len(run_id)}, **fields})
    folder = spool.outputs / config / run_id
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("notebook.ipynb", "report.html"):
        (folder / name).unlink(missing_ok=True)  # as the runner, which never writes into one
        (folder / name).write_text(f"{name} {record.started_at}")
    write_record(record, folder / "record.json")
    return record


def sender(spool, mlflow):
    return Sender(spool, "shop", lambda: open_store(mlflow.address))


def sent(spool, mlflow):
    """Send all; return the sender."""
    made = sender(spool, mlflow)
    made.once()
    return made


def test_a_result_is_a_run_with_its_files(spool, mlflow):
    """Parameters, metrics, tags, status, times, and three files; then nothing waits."""
    spool.add(result(spool))
    assert sent(spool, mlflow).result() == {
        "sent": 1,
        "known": 0,
        "why": "",
        "refused": [],
        "skipped": "",
        "named": [],
        "unnamed": {},
    }
    (run,) = mlflow.runs.values()
    assert (run["params"], run["metrics"]["auc.high"]) == ({"k": "1"}, 0.8)
    assert (run["status"], run["end_time"] - run["start_time"]) == ("FINISHED", 1000)
    assert run["tags"]["mlflow.runName"] == "a/default"
    assert sorted(mlflow.files) == [
        f"1/r0/artifacts/{n}" for n in ("notebook.ipynb", "record.json", "report.html")
    ]
    assert spool.waiting() == []
    assert "mlflow.parentRunId" not in run["tags"]


def test_a_sweep_is_a_parent_with_children(spool, mlflow):
    """One parent, also for what is sent later, and by another command."""
    for number in range(3):
        spool.add(result(spool, f"k={number}", varied=["k"]))
        sent(spool, mlflow)
    (parent,) = mlflow.of("a")
    children = [
        run
        for run in mlflow.runs.values()
        if run["tags"].get("mlflow.parentRunId") == parent["run_id"]
    ]
    assert [run["tags"]["mlflow.runName"] for run in children] == ["k=0", "k=1", "k=2"]
    assert (parent["status"], parent["params"], parent["metrics"]) == ("FINISHED", {}, {})


def test_the_same_result_twice_is_one_run(spool, mlflow):
    """It is looked up before, where it may be there."""
    record = result(spool)
    for _ in range(2):
        spool.add(record, tried=True)
        made = sent(spool, mlflow)
    assert len(mlflow.runs) == 1
    assert (made.sent, made.known) == (0, 1)


def test_an_execution_again_is_a_run_again(spool, mlflow):
    """With the files of its own, though the folder has those of the later one."""
    spool.add(result(spool))
    spool.add(result(spool, started_at="2026-01-02T00:00:01+00:00"))
    assert len(spool.waiting()) == 2
    sent(spool, mlflow)
    assert len(mlflow.of("a/default")) == 2
    notebooks = {data for name, data in mlflow.files.items() if name.endswith("ipynb")}
    assert notebooks == {
        b"notebook.ipynb 2026-01-01T00:00:01+00:00",
        b"notebook.ipynb 2026-01-02T00:00:01+00:00",
    }


def test_another_criterion_changes_the_run(spool, mlflow):
    """Claims that are gone go; metrics stay."""
    claim = Claim("auc", ">= 0.5", 0.7, (0.6, 0.8), "", "supported", "why")
    record = result(spool, claims=(claim,), verdict="supported")
    spool.add(record)
    sent(spool, mlflow)
    other = replace(claim, metric="rows", verdict="refuted")
    later = replace(record, claims=(other,), verdict="refuted", config="b")
    spool.add(result(spool, config="b", claims=later.claims, verdict="refuted"), tried=True)
    sent(spool, mlflow)
    (run,) = mlflow.runs.values()
    assert {name for name in run["tags"] if name.startswith("claim.")} == {"claim.rows"}
    assert (run["tags"]["fourfold.verdict"], run["tags"]["mlflow.runName"]) == (
        "refuted",
        "b/default",
    )


@pytest.mark.parametrize(
    "step", ["runs/create", "log-batch", "runs/update", "mlflow-artifacts", "search"]
)
def test_an_answer_that_is_lost_makes_no_second_run(spool, mlflow, step):
    """MLflow did what it was asked, and its answer never came: it is asked what it has."""
    spool.add(result(spool, "k=1", varied=["k"]))
    mlflow.lose = step
    made = sender(spool, mlflow)
    assert not made.once()
    assert "it cannot be reached" in made.why
    assert len(spool.waiting()) == 1
    mlflow.lose = ""
    assert made.once()
    assert (len(mlflow.of("k=1")), len(mlflow.of("a"))) == (1, 1)
    (run,) = mlflow.of("k=1")
    assert (run["status"], run["metrics"]["auc"], len(mlflow.files)) == ("FINISHED", 0.7, 3)
    assert spool.waiting() == []


def test_a_run_that_was_made_twice_is_one_again(spool, mlflow):
    """A server that was slow may have made the first one after it was asked again."""
    record = result(spool)
    spool.add(record)
    sent(spool, mlflow)
    mlflow.runs["late"] = {**mlflow.runs["r0"], "run_id": "late", "start_time": 9e15}
    spool.add(record, tried=True)
    sent(spool, mlflow)
    assert [run["lifecycle_stage"] for run in mlflow.runs.values()] == ["active", "deleted"]


def test_a_run_that_somebody_deleted_stays_so(spool, mlflow):
    """Whoever deletes it does not want it back."""
    record = result(spool)
    spool.add(record)
    sent(spool, mlflow)
    mlflow.runs["r0"]["lifecycle_stage"] = "deleted"
    spool.add(record, tried=True)
    assert sent(spool, mlflow).known == 1
    assert len(mlflow.runs) == 1


@pytest.mark.parametrize(
    ("status", "why"),
    [
        (500, "it answers 500 (Internal Server Error)"),
        (403, "it answers 403 (Forbidden)"),
        (401, "it answers 401"),
    ],
)
def test_a_server_that_refuses_all_is_asked_once(spool, mlflow, status, why):
    """What waits, waits; the reason is one line."""
    for number in range(3):
        spool.add(result(spool, f"r{number}"))
    mlflow.status = status
    made = sent(spool, mlflow)
    assert made.why.startswith(why)
    assert len(mlflow.asked) == 1
    assert (len(spool.waiting()), made.ready()) == (3, False)


def test_what_is_no_mlflow_server_is_named(spool, mlflow):
    """Some other program has the port."""
    spool.add(result(spool))
    mlflow.answer = lambda *given: (200, ["hello"])
    assert "no MLflow server is there: it answers 200" in sent(spool, mlflow).why


def test_one_run_that_is_refused_does_not_stop_the_others(spool, mlflow):
    """It waits, with the reason."""
    spool.add(record := result(spool))
    sent(spool, mlflow)
    mlflow.runs["r0"]["params"]["k"] = "another"
    mlflow.runs["r0"]["tags"]["fourfold.record"] = "another"
    spool.add(record, tried=True)
    spool.add(result(spool, "next"))
    made = sent(spool, mlflow)
    assert made.result()["refused"] == ["a/default: INVALID_PARAMETER_VALUE: changed"]
    assert (made.sent, len(spool.waiting()), len(mlflow.of("a/next"))) == (1, 1, 1)


def test_one_run_that_breaks_the_server_does_not_stop_the_others(spool, mlflow):
    """After three times."""
    spool.add(result(spool, "bad"))
    spool.add(result(spool, "good"))
    mlflow.status, mlflow.on = 500, "r0/artifacts"
    made = sender(spool, mlflow)
    assert [made.once() for _ in range(3)] == [False, False, True]
    assert (len(made.refused), made.sent, len(spool.waiting())) == (1, 1, 1)


@pytest.mark.parametrize("artifacts", ["s3://bucket", "mlflow-artifacts:"])
def test_files_that_cannot_be_sent_cost_no_run(spool, mlflow, artifacts):
    """A server that keeps them elsewhere; a proxy that refuses large ones."""
    mlflow.artifacts = artifacts
    mlflow.status, mlflow.on = (0 if artifacts == "s3://bucket" else 413), "artifacts/.*/notebook"
    spool.add(result(spool))
    made = sent(spool, mlflow)
    assert made.sent == 1
    assert ("its artifacts are at s3" in made.skipped) or "413" in made.skipped
    assert mlflow.runs["r0"]["metrics"]["auc"] == 0.7


@pytest.mark.parametrize("status", ["cancelled", "skipped"])
def test_what_was_not_executed_to_its_end_is_not_sent(spool, mlflow, status):
    """It will be."""
    spool.add(result(spool, status=status))
    assert spool.waiting() == []


def test_what_a_killed_batch_left_is_found_by_the_next(spool):
    """Results that began since, and those alone; half a copy goes."""
    result(spool, "old", started_at="2020-01-01T00:00:00+00:00")
    spool.begin()
    result(spool, "new", started_at="2090-01-01T00:00:00+00:00")
    (spool.folder / "x-y.partial").mkdir()
    Spool(spool.outputs).recover()
    (item,) = spool.waiting()
    assert (item.record().run_id, item.tried) == ("new", True)
    assert not list(spool.folder.glob("*.partial"))
    item.remove()
    Spool(spool.outputs).recover()
    assert spool.waiting() == []


def test_many_parameters_and_tags_go_in_parts(spool, mlflow):
    """MLflow takes a hundred of them at a time."""
    metrics = {f"m{n}": Metric(n) for n in range(900)}
    claims = tuple(Claim(f"m{n}", "> 0", n, None, "", "supported", "why") for n in range(150))
    spool.add(
        result(spool, parameters={f"p{n}": n for n in range(250)}, metrics=metrics, claims=claims)
    )
    assert sent(spool, mlflow).sent == 1
    (run,) = mlflow.runs.values()
    assert (len(run["params"]), len(run["metrics"])) == (250, 901)
    assert sum(name.startswith("claim.") for name in run["tags"]) == 150


def test_a_result_whose_folder_is_gone_is_sent_all_the_same(spool, mlflow):
    """The spool has links of its own."""
    spool.add(result(spool))
    shutil.rmtree(spool.outputs / "a")
    assert sent(spool, mlflow).sent == 1
    assert len(mlflow.files) == 3


def test_user_and_password_go_into_the_header(spool, mlflow):
    """And never into an address."""
    spool.add(result(spool))
    address = f"http://me:p%40ss@127.0.0.1:{mlflow.port}"
    Sender(spool, "shop", lambda: open_store(address)).once()
    assert {headers["Authorization"] for headers in mlflow.headers} == {"Basic bWU6cEBzcw=="}
