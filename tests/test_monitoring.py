"""The template monitoring on departures whose truth is known, each executed for real."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from fourfold.plan.plan import plan
from tiny_delays import keep, put_to_use, rows
from tiny_project import run_all

pytestmark = pytest.mark.commands

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """All cases as one batch: name to record."""
    root = tmp_path_factory.mktemp("monitoring")
    for name in ("params", "templates"):
        (root / name).mkdir()
    shutil.copy(ROOT / "templates/monitoring.ipynb", root / "templates")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        keep("late", root, patch)
    put_to_use(root / "model", "late", root)
    turned, late = rows(2), rows(3).drop(columns="delay")
    turned["delay"] += 15
    late["hour"] += 12
    tables = {"same": rows(1), "turned": turned, "late": late, "gone": rows(1).drop(columns="hour")}
    for name, frame in tables.items():
        frame.to_csv(root / f"{name}.csv", index=False)
    for name in ("first", *tables):
        values = {"data": f"{name}.csv", "model": "models/late.yaml", "time": "day"}
        values |= {"worth": 40 if name == "same" else 10}
        values |= {"model": "models/first.yaml", "data": "same.csv"} if name == "first" else {}
        text = {
            "template": "monitoring",
            "parameters": values,
            "business": {"question": "Does it fit?"},
        }
        (root / "params" / f"{name}.yaml").write_text(json.dumps(text))
    records, _ = run_all(plan([str(root / "params")], root), root, root / "outputs", 2)
    return {record.config: record for record in records}


@pytest.mark.parametrize(
    ("name", "verdict", "answer"),
    [
        ("first", "refuted", "No. There is no model in use yet"),
        ("same", "supported", "Yes. Training again gains"),
        ("turned", "refuted", "No. Training again gains"),
        ("late", "inconclusive", "Not known. The truth is not known yet"),
        ("gone", "inconclusive", "100 % of the rows cannot be predicted"),
    ],
)
def test_the_verdict_is_nothing_look_or_train_again(runs, name, verdict, answer):
    """Performance decides where it is known; what breaks or drifts is a reason to look."""
    record = runs[name]
    assert (record.status, record.verdict) == ("ok", verdict)
    assert answer in record.answer


def test_without_a_model_in_use_nothing_is_claimed(runs):
    """No share of unusable rows, no interval of what was not compared, and an exact decision."""
    metrics = runs["first"].metrics
    unknown = ("unusable", "changed features", "changed answers", "rise of loss")
    assert [(metrics[n].value, metrics[n].ci) for n in unknown] == [(None, None)] * 4
    assert (metrics["retrain"].value, metrics["retrain"].ci) == (1, None)
    assert metrics["retrain"].exact
    assert runs["late"].metrics["retrain"].ci == (0, 1)


def test_what_was_found_is_recorded(runs):
    """Drift by feature, rows without a prediction, and what is not known is no number."""
    late, gone = runs["late"].metrics, runs["gone"].metrics
    assert late["changed features"].value == 1
    assert (late["gain by training again"].value, late["labelled"].value) == (None, 0)
    assert gone["unusable"].value == 100
    assert runs["turned"].metrics["rise of loss"].value > 10
