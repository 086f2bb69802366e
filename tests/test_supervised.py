"""The templates classification and regression on tables of strangers, each executed for real."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from fourfold.models.predict import predict
from fourfold.plan.plan import plan
from tiny_project import run_all

ROOT = Path(__file__).parents[1]


@pytest.fixture(scope="module")
def runs_root(tmp_path_factory):
    """The project."""
    return tmp_path_factory.mktemp("supervised")


@pytest.fixture(scope="module")
def runs(runs_root):
    """All cases as one batch: name to record."""
    root = runs_root
    (root / "params").mkdir()
    shutil.copytree(ROOT / "templates", root / "templates")
    rng = np.random.default_rng(0)
    sex, age = rng.choice(["f", "m"], 800), rng.choice(["old", "young"], 800)
    ill = rng.random(800) < 0.1 + 0.5 * (age == "old")
    people = pd.DataFrame({"sex": sex, "age": age, "income": np.where(ill, ">50K", "<=50K")})
    people.to_csv(root / "people.csv", index=False)
    x = rng.normal(size=800)
    claims = np.where(rng.random(800) < 0.25 + 0.2 * np.tanh(2 * x), 30.0 + rng.random(800), 0)
    pd.DataFrame({"x": x, "claims": claims}).to_csv(root / "claims.csv", index=False)
    cases = {
        "people": ("classification", "people.csv", "income", {"positive": ">50K"}, "logistic"),
        "claims": ("regression", "claims.csv", "claims", {}, "ridge"),
    }
    for name, (template, data, target, more, model) in cases.items():
        values = {"data": data, "target": target, "models": [model], "repeats": 1, **more}
        business = {"question": "Does it pay to predict it?", "success": {"saving": "> 0"}}
        text = {"template": template, "parameters": values, "business": business}
        (root / "params" / f"{name}.yaml").write_text(json.dumps(text))
    records, _ = run_all(plan([str(root / "params")], root), root, root / "outputs", 2)
    return {record.config: record for record in records}


@pytest.fixture(scope="module")
def people(runs_root):
    """The folder of the model of one case."""
    return runs_root / "outputs" / "people" / "default" / "artifacts" / "model"


def test_people_with_equal_answers_are_all_there(runs):
    """Shares and rows are those of the table; the class may be called like a condition."""
    record = runs["people"]
    assert record.metrics["rows"].value == 800
    assert record.verdict == "supported"
    assert record.answer.startswith("Yes. ")
    assert "Use" not in record.answer


def test_a_model_worse_than_the_median_is_refuted(runs):
    """And nobody is told to use it, though its R² is better than that of the mean."""
    record = runs["claims"]
    verdicts = {claim.metric: claim.verdict for claim in record.claims}
    assert (verdicts["gain"], verdicts["saving"]) == ("supported", "refuted")
    assert record.metrics["dummy error"].value < record.metrics["mean absolute error"].value
    assert record.answer.startswith("No. ")


def test_a_model_of_the_batch_goes_to_work(runs, people, tmp_path):
    """The runner has named it and finished its card; new rows are predicted, by its folder."""
    card = (people / "card.md").read_text()
    assert card.startswith("# Model card: people/default")
    assert "Wh for the whole run" in card
    assert "Does it pay to predict it?" in card
    pd.DataFrame({"sex": ["f"], "age": ["old"]}).to_csv(tmp_path / "new.csv", index=False)
    done = predict(people, str(tmp_path / "new.csv"), tmp_path / "out.csv")
    assert (done.rows, set(done.answers) <= {"<=50K", ">50K"}) == (1, True)
