"""Runs as one table, whoever wrote them: a batch, its records, MLflow, any other table."""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing
from dataclasses import replace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest

from fourfold.data.sources import load
from fourfold.errors import DataError
from fourfold.methods.comparison.runs import (
    failures,
    pareto_front,
    read_runs,
    show_parallel,
    untried,
)
from fourfold.records.evidence import Metric
from fourfold.records.record import RunRecord, write_record
from fourfold.report.table import row, write_table

# The tables of an MLflow 3 database that hold what this reads, with its own columns.
MLFLOW = """
create table experiments (experiment_id integer primary key, name varchar(256) unique not null,
  artifact_location varchar(256), lifecycle_stage varchar(32), creation_time bigint);
create table runs (run_uuid varchar(32) primary key, name varchar(250), source_type varchar(20),
  status varchar(9), start_time bigint, end_time bigint, lifecycle_stage varchar(20),
  experiment_id integer references experiments (experiment_id));
create table params (key varchar(250) not null, value varchar(8000) not null,
  run_uuid varchar(32) not null references runs (run_uuid), primary key (key, run_uuid));
create table latest_metrics (key varchar(250) not null, value float not null, timestamp bigint,
  step bigint not null, is_nan boolean not null,
  run_uuid varchar(32) not null references runs (run_uuid), primary key (key, run_uuid));
insert into experiments values (0, 'Default', null, 'active', 0), (1, 'trees', null, 'active', 0);
insert into runs values ('r1', 'a', '', 'FINISHED', 0, 1, 'active', 1),
  ('r2', 'b', '', 'FINISHED', 0, 1, 'active', 1), ('r3', 'c', '', 'FAILED', 0, 1, 'active', 1),
  ('r4', 'd', '', 'FINISHED', 0, 1, 'active', 0);
insert into params values ('depth', '3', 'r1'), ('depth', '10', 'r2'), ('depth', '99', 'r3'),
  ('kind', 'gini', 'r1'), ('kind', 'entropy', 'r2'), ('seed', '0', 'r1'), ('seed', '0', 'r2');
insert into latest_metrics values ('auc', 0.8, 0, 0, 0, 'r1'), ('auc', 0.9, 0, 0, 0, 'r2'),
  ('auc', 0.1, 0, 0, 0, 'r4');
"""


def record(number, k, scaler, status="ok", **metrics):
    """A record as `fourfold run` writes it."""
    made = {n: Metric(v, (v - 0.1, v + 0.1)) for n, v in metrics.items()}
    parameters = {
        "k": k,
        "scaler": scaler,
        "seed": number,
        "question": f"q{number}",
        "features": ["a", "b"],
    }
    return RunRecord("c", f"r{number}", "t", status, parameters, ["k"], "2026", 1.0, metrics=made)


RECORDS = [
    record(0, 2, "none", score=0.5, cost=3),
    record(1, 3, "robust", score=0.7, cost=5),
    record(2, 3, "none", "failed"),
    record(3, 3, "none", score=0.6),
]


@pytest.fixture
def folder(tmp_path):
    """Records in folders of their own, their table, and an MLflow database."""
    write_table(list(map(row, RECORDS)), tmp_path / "results")
    for number, each in enumerate(RECORDS):
        (tmp_path / f"r{number}").mkdir()
        write_record(each, tmp_path / f"r{number}" / "record.json")
    with closing(sqlite3.connect(tmp_path / "mlflow.db")) as database, database:
        database.executescript(MLFLOW)
    return tmp_path


@pytest.mark.parametrize("source", ["results.csv", "results.parquet", "*/record.json"])
def test_a_batch_and_its_records_are_the_same_runs(folder, source):
    """Failed runs left out; questions are no settings; lists in words; intervals beside metrics."""
    runs = read_runs(load(source, root=folder).frame, source)
    assert set(runs.settings) == {"k", "scaler"}
    assert runs.repeats == ("seed",)
    assert set(runs.metrics) == {"score", "cost"}
    assert runs.table["score"].tolist() == [0.5, 0.7, 0.6]
    assert runs.intervals["score.low"].tolist() == pytest.approx([0.4, 0.6, 0.5])
    assert runs.intervals["cost.high"].dropna().tolist() == pytest.approx([3.1, 5.1])
    assert runs.left_out["features"] == "does not vary"


def test_lists_are_read_as_words(folder):
    """A setting that is a list varies like any other."""
    frame = load("results.csv", root=folder).frame
    frame["param.features"] = [json.dumps(["a", "b"]), json.dumps(["a"]), "[]", "[]"]
    assert read_runs(frame).table["features"].tolist() == ["a+b", "a", "none"]


def test_an_mlflow_database(folder):
    """The query picks the runs; parameters are numbers where they can be; unfinished left out."""
    source = f"sqlite:///{folder / 'mlflow.db'}"
    query = "select runs.* from runs join experiments using (experiment_id) where experiments.name = 'trees'"
    runs = read_runs(load(source, query).frame, source)
    assert runs.table[["depth", "auc"]].to_numpy().tolist() == [[3, 0.8], [10, 0.9]]
    assert runs.metrics == ("auc",)
    assert runs.left_out == {"kind": "varies only together with depth"}
    everything = read_runs(load(source, "select * from runs").frame, source)
    assert len(everything.table) == 3


def test_any_table(folder):
    """Metrics are named, the other columns are settings, unless these are named too."""
    frame = pd.DataFrame(
        {"rate": [1, 2, 2], "kind": list("aab"), "run": [0, 0, 1], "score": [1.0, 2, 3]}
    )
    found = read_runs(frame, metrics=["score"], repeats=["run"])
    assert (found.settings, found.repeats, found.metrics) == (
        ("rate", "kind"),
        ("run",),
        ("score",),
    )
    assert read_runs(frame, settings=["rate"], metrics=["score"]).settings == ("rate",)
    with pytest.raises(
        DataError, match=r"columns param\.\* and metric\.\*, or metrics to be named"
    ):
        read_runs(frame)
    with pytest.raises(DataError, match=r"got 'scores'\. Did you mean 'score'"):
        read_runs(frame, metrics=["scores"])


def test_what_cannot_be_compared_is_told(folder):
    """No run finished; a metric that is not there; nothing that varied."""
    frame = load("results.csv", root=folder).frame
    with pytest.raises(DataError, match="expected runs that finished, got none of 1"):
        read_runs(frame[frame["status"] == "failed"])
    with pytest.raises(
        DataError, match=r"metric: expected one of score, cost; got 'scor'\. Did you mean"
    ):
        read_runs(frame).of("scor")
    with pytest.raises(
        DataError, match="score: expected at least two runs with different settings"
    ):
        read_runs(frame.assign(**{"param.k": 2, "param.scaler": "none"})).of("score")


def test_a_seed_that_changes_nothing_is_no_repeat(folder):
    """Equal results of equal settings are one run, or noise would seem to be nought."""
    frame = pd.DataFrame({"param.k": [1, 1, 2, 2], "param.seed": [0, 1, 0, 1], "status": "ok"})
    same = read_runs(frame.assign(**{"metric.x": [5.0, 5.0, 6.0, 6.0]})).of("x")
    assert (len(same.table), same.repeats) == (2, ())
    other = read_runs(frame.assign(**{"metric.x": [5.0, 5.1, 6.0, 6.0]})).of("x")
    assert (len(other.table), other.repeats) == (4, ("seed",))


def test_untried_combinations():
    """Of two and three levels, four of six were tried."""
    tried = {"k": [2, 2, 3, 3], "scaler": list("abac")}
    frame = pd.DataFrame({f"param.{n}": v for n, v in tried.items()}).assign(
        **{"metric.x": range(4)}
    )
    found = untried(read_runs(frame.assign(status="ok")))
    assert found.to_numpy().tolist() == [[2, "c"], [3, "b"]]


def killed():
    """A grid of three and two levels, of which b was killed with 3, and c cancelled with 2."""
    frame = pd.DataFrame({"param.k": [2, 2, 2, 3, 3, 3], "param.scaler": list("abcabc")})
    frame["status"] = ["ok", "ok", "cancelled", "ok", "killed", "ok"]
    frame["error"] = ["", "", "", "", "Modeling, cell 9 (fit): KernelDied: signal 9", ""]
    return frame.assign(**{"metric.x": [1.0, 2, np.nan, 3, np.nan, np.nan]})


def test_what_was_tried_in_vain_is_not_proposed():
    """Neither what was killed nor what has no result; what was cancelled was not tried."""
    assert untried(read_runs(killed()).of("x")).to_numpy().tolist() == []
    more = pd.concat(
        [killed(), killed().tail(1).assign(**{"param.k": 4, "metric.x": 1.0})], ignore_index=True
    )
    assert untried(read_runs(more).of("x")).to_numpy().tolist() == [
        *([2, "c"], [4, "a"], [4, "b"]),
    ]


def test_failures_are_counted_and_located():
    """By cause; the levels that all failed runs of a cause have, and how many runs have them."""
    frame = pd.concat([killed()] * 2, ignore_index=True).assign(**{"param.seed": [0] * 6 + [1] * 6})
    rows = failures(read_runs(frame).of("x")).to_numpy().tolist()
    assert rows == [
        ["Modeling, cell 9 (fit): KernelDied: signal 9", 2, "k 3, scaler b", 2],
        ["no x", 2, "k 3, scaler c", 2],
    ]
    frame.loc[1, "status"] = "killed"
    table = failures(read_runs(frame).of("x"))
    assert set(table["cause"]) == {"Modeling, cell 9 (fit): KernelDied: signal 9", "killed", "no x"}
    assert failures(read_runs(frame.assign(status="ok")).of("x"))["cause"].tolist() == ["no x"]


@pytest.mark.parametrize("source", ["results.csv", "*/record.json"])
def test_the_cause_of_a_failure_is_read(folder, source):
    """From the table of a batch, and from records."""
    error = {"section": "EDA", "cell": 3, "cell_id": "x", "error": "KeyError", "message": "'q'"}
    records = [*RECORDS, replace(record(4, 9, "none", "failed"), error=error)]
    write_table(list(map(row, records)), folder / "results")
    (folder / "r4").mkdir()
    write_record(records[-1], folder / "r4" / "record.json")
    runs = read_runs(load(source, root=folder).frame, source).of("score")
    assert runs.failed["cause"].tolist()[0] == "failed"
    assert runs.failed["cause"].tolist()[1].startswith("KeyError")


def test_the_front():
    """Nothing on it is beaten in both; equal points stay; less may be better."""
    rows = pd.DataFrame({"a": [3, 2, 1, 2, 3], "b": [1, 2, 3, 1, 1]})
    assert pareto_front(rows, "a", "b", (True, True)).tolist() == [True, True, True, False, True]
    assert pareto_front(rows, "a", "b", (True, False)).tolist() == [True, False, False, False, True]


def test_parallel_coordinates():
    """A line for each run, from its levels to its result; words at equal steps."""
    frame = pd.DataFrame(
        {"param.k": [1, 3, 2], "param.w": list("aba"), "metric.x": [0.0, 1.0, 0.5]}
    )
    runs = read_runs(frame.assign(status="ok")).of("x")
    fig, ax = plt.subplots()
    show_parallel(runs, "x", ax)
    lines = ax.collections[0].get_segments()
    heights = sorted(tuple(np.round(line[:, 1], 2)) for line in lines)
    assert heights == [(0, 0, 0), (0.5, 0, 0.5), (1, 1, 1)]
    assert [tick.get_text() for tick in ax.get_xticklabels()] == ["k", "w", "x"]
    plt.close(fig)
