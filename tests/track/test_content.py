"""A record as MLflow has it: names and values that it takes, and an id that stays."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from fourfold.records.evidence import Claim, Metric
from fourfold.records.record import RunRecord, read_record, write_record
from fourfold.track.content import content, identity, state

RECORD = RunRecord(
    config="shop",
    run_id="k=2",
    template="clustering",
    status="ok",
    parameters={"k": 2, "features": ["a", "b"], "data": "shop.csv", "flag": True, "query": "", "limit": None,
                "question": "How many?", "success": {"auc": ">= 0.5"}},
    varied=["k"],
    started_at="2026-01-01T00:00:01+00:00",
    duration_s=1.5,
    verdict="supported",
    answer="Two.",
    metrics={"auc": Metric(0.7, (0.6, 0.8)), "rows": Metric(10, exact=True), "none": Metric(None), "inf": Metric(float("inf")),
             "mean (kg)": Metric(1.0)},
    claims=(Claim("auc", ">= 0.5", 0.7, (0.6, 0.8), "", "supported", "the whole interval meets the condition"),),
    git_commit="0123456789+changes",
    sections={"Setup": 0.1},
    cost={"cpu_s": 0.4, "peak_mb": 60, "energy_wh": None},
    key={"template": "f00", "inputs": {"shop.csv": "ba5e", "shop.py": ""}},
)  # fmt: skip


def test_a_metric_with_an_interval_is_three():
    """What has no value is none; costs have a group of their own."""
    metrics = content(RECORD).metrics
    assert {name: metrics[name] for name in ("auc", "auc.low", "auc.high")} == {
        "auc": 0.7,
        "auc.low": 0.6,
        "auc.high": 0.8,
    }
    assert {"none", "inf", "rows.low", "cost/energy_wh"} & metrics.keys() == set()
    assert (metrics["cost/duration_s"], metrics["cost/cpu_s"], metrics["rows"]) == (1.5, 0.4, 10.0)


def test_parameters_are_texts_that_comparison_reads():
    """Lists and flags as JSON; question and criteria are no parameters."""
    assert content(RECORD).parameters == {
        **{"k": "2", "features": '["a", "b"]', "data": "shop.csv"},
        **{"flag": "true", "query": "", "limit": "null"},
    }


def test_tags_say_how_it_was_judged_and_from_what():
    """Verdict, claims, commit, digests."""
    tags = content(RECORD).tags
    assert tags["fourfold.verdict"] == "supported"
    assert tags["claim.auc"].startswith(
        "supported: auc >= 0.5; 0.700 (95 % interval 0.600 to 0.800)"
    )
    assert (tags["mlflow.source.git.commit"], tags["fourfold.uncommitted"]) == ("0123456789", "yes")
    assert json.loads(tags["fourfold.inputs"]) == {"shop.csv": "ba5e"}
    assert (tags["question"], tags["fourfold.digest.template"]) == ("How many?", "f00")
    assert "✔ `auc >= 0.5`" in tags["mlflow.note.content"]


@pytest.mark.parametrize(("status", "expected"), [("ok", "FINISHED"), ("failed", "FAILED"), ("timed_out", "FAILED"), ("killed", "KILLED")])  # fmt: skip
def test_an_end_in_the_words_of_mlflow(status, expected):
    assert content(replace(RECORD, status=status)).status == expected


@pytest.mark.parametrize(
    "name", ["mean (kg)", "a//b", "/a", "..", "a/../b", "R²%", "x" * 300, "a:b", "ends/"]
)
def test_a_name_that_mlflow_refuses_is_another_and_its_own(name):
    """Two names that look alike afterwards stay two."""
    twin = name + "("
    metrics = content(replace(RECORD, metrics={name: Metric(1), twin: Metric(2)}, cost={})).metrics
    own = [key for key in metrics if not key.startswith("cost/")]
    assert len(own) == 2
    assert all(len(key) <= 250 and not {"(", "%", ":"} & set(key) for key in own)
    assert not any(key.startswith(("/", ".")) or "//" in key for key in own)
    assert not any(set(key.split("/")) & {".", "..", ""} for key in own)


def test_long_values_are_cut():
    """MLflow refuses more."""
    long = content(replace(RECORD, parameters={"data": "x" * 9000}, answer="y" * 9000))
    assert len(long.parameters["data"]) == 6000
    assert len(long.tags["fourfold.answer"]) == 5000


def test_the_id_is_that_of_an_execution(tmp_path):
    """It stays under another name or criterion, as read from disk; another execution has another."""
    write_record(RECORD, tmp_path / "record.json")
    read = read_record(tmp_path / "record.json")
    assert (identity(read), state(read)) == (identity(RECORD), state(RECORD))
    renamed = replace(
        RECORD, config="store", parameters={"k": 2}, verdict="refuted", status="unchanged"
    )
    assert identity(renamed) == identity(RECORD)
    assert state(renamed) != state(RECORD)
    assert state(replace(RECORD, status="unchanged")) == state(RECORD)
    assert identity(replace(RECORD, started_at="2026-01-01T00:00:02+00:00")) != identity(RECORD)
    assert identity(replace(RECORD, sections={"Setup": 0.101})) != identity(RECORD)


def test_failures_of_the_same_moment_are_two():
    """They may have neither sections nor costs."""
    failed = replace(RECORD, status="failed", sections={}, cost={}, duration_s=0.0)
    assert identity(failed) != identity(replace(failed, run_id="k=3"))
