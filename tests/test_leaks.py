"""No verdict "supported" on a leak, on the same patients or on a past that has turned round."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fourfold.plan.plan import plan
from tiny_project import run_all

pytestmark = pytest.mark.commands

ROOT = Path(__file__).parents[1]


def prices(rng: np.random.Generator) -> pd.DataFrame:
    """A price in euros beside that in cents."""
    cents = rng.lognormal(8, 0.5, 300).round()
    return pd.DataFrame({"cents": cents, "noise": rng.normal(size=300), "euros": cents / 100})


def riders(rng: np.random.Generator) -> pd.DataFrame:
    """Two kinds of riders, and all."""
    frame = pd.DataFrame(rng.integers(1, 200, (300, 2)), columns=["casual", "registered"])
    frame["temp"] = (frame["casual"] / 10 + rng.normal(0, 4, 300)).round(1)
    return frame.assign(riders=frame["casual"] + frame["registered"])


def patients(rng: np.random.Generator) -> pd.DataFrame:
    """Ten visits of each of 40 patients, who can be recognised; illness is what it is."""
    patient = np.repeat(np.arange(40), 10)
    marks = rng.normal(size=(40, 4))[patient] + rng.normal(0, 0.1, (400, 4))
    frame = pd.DataFrame(marks, columns=list("abcd"))
    return frame.assign(patient=patient, ill=np.where(patient % 2, "yes", "no"))


def turned(rng: np.random.Generator) -> pd.DataFrame:
    """Eight years, in the last two of which the relation is the reverse."""
    rows = 600
    x, year = rng.normal(size=rows).round(3), 2010 + np.arange(rows) // 75
    y = np.where(year < 2016, 2 * x, -2 * x) + rng.normal(0, 0.4, rows)
    return pd.DataFrame({"x": x, "year": year, "y": y.round(3)})


CASES = {
    "prices": ("regression", prices, "euros", {}),
    "prices-stated": (
        "regression", prices, "euros", {"legitimate": {"cents": "the till knows them first"}}
    ),
    "riders": ("regression", riders, "riders", {}),
    "riders-half": ("starter", riders, "riders", {"legitimate": {"casual": "counted live"}}),
    "patients": ("classification", patients, "ill", {"leave_out": ["patient"]}),
    "patients-grouped": ("classification", patients, "ill", {"groups": "patient"}),
    "turned": ("regression", turned, "y", {"leave_out": ["year"]}),
    "turned-forward": ("regression", turned, "y", {"time": "year"}),
}  # fmt: skip


@pytest.fixture(scope="module")
def batch(tmp_path_factory):
    """All cases as one batch: name to record, and the folder of results."""
    root = tmp_path_factory.mktemp("leaks")
    (root / "params").mkdir()
    shutil.copytree(ROOT / "templates", root / "templates")
    for name, (template, make, target, more) in CASES.items():
        make(np.random.default_rng(0)).to_csv(root / f"{make.__name__}.csv", index=False)
        values = {"data": f"{make.__name__}.csv", "target": target, "repeats": 1, **more}
        if template == "classification":
            values |= {"positive": "yes", "models": ["forest"]}
        elif template == "regression":
            values |= {"models": ["ridge"]}
        text = {"template": template, "parameters": values}
        text["business"] = {"success": {"gain": "> 0"}}
        (root / "params" / f"{name}.yaml").write_text(json.dumps(text))
    done, _ = run_all(plan([str(root / "params")], root), root, root / "outputs", 2)
    return {record.config: record for record in done}, root / "outputs"


@pytest.fixture
def records(batch):
    """Name to record."""
    return batch[0]


@pytest.mark.parametrize(
    ("name", "verdict", "leak"),
    [
        ("prices", "refuted", "cents alone has an R² of 1.00"),
        ("prices-stated", "supported", ""),
        ("riders", "refuted", "registered + casual gives riders"),
        ("riders-half", "refuted", "registered + casual gives riders"),
        ("patients", "refuted", "by patient 0."),
        ("turned", "refuted", "by year: the last 25 % score -"),
    ],
)
def test_a_leak_is_refuted_unless_a_reason_is_stated(records, name, verdict, leak):
    """The answer names it; a reason for one of two parts of a sum is none for the sum."""
    record = records[name]
    assert record.status == "ok", record.error
    assert record.verdict == verdict
    assert (leak in record.answer) if leak else "leak" not in record.answer


def test_new_patients_and_later_years_are_what_is_judged(records):
    """By patient there is nothing to find; forward in time the relation has gone."""
    by_patient, forward = records["patients-grouped"], records["turned-forward"]
    for record in (by_patient, forward):
        assert record.status == "ok", record.error
        assert record.verdict != "supported"
    assert by_patient.metrics["leaks"].value == 0
    assert "by year: the last 25 % score -" in forward.answer
    assert records["patients"].metrics["auc"].value > 0.95
    assert by_patient.metrics["auc"].value < 0.8
    assert forward.metrics["r2"].value < 0 < records["turned"].metrics["r2"].value
    wide, narrow = (records[n].metrics["auc"].ci for n in ("patients-grouped", "patients"))
    assert wide[1] - wide[0] > 0.2 > narrow[1] - narrow[0]


def test_a_reason_is_printed(batch):
    """In the table of checks, and among the limits of the conclusion."""
    folder = batch[1] / batch[0]["prices-stated"].name
    cells = json.loads((folder / "notebook.ipynb").read_text(encoding="utf-8"))["cells"]
    shown = {c["id"]: json.dumps(c.get("outputs", []), ensure_ascii=False) for c in cells}
    reason = "legitimate, because: the till knows them first"
    assert sum(reason in text for text in shown.values()) >= 2
    assert reason in shown["conclusions-judge"]
