"""A project whose runs have kept models of different worth, made as templates make them."""

from __future__ import annotations

import shutil

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression, Ridge

import fourfold as ff
from fourfold.models.card import finish
from fourfold.records import emit
from fourfold.records.evidence import Claim, Metric
from fourfold.records.record import RunRecord, write_record

CONTRACT = "schema_type: dataframe\ncolumns:\n  size: {dtype: float64}\n"
GATE = """# What people wrote stays.
about: who buys  # a note
approvers: [Ada]
margin: 0
"""


def customers(rows=900, seed=0):
    """Who buys depends on size, age and town; the price on size."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame({"size": rng.normal(size=rows), "age": rng.normal(size=rows)})
    frame["town"] = rng.choice(["Bergen", "Oslo"], rows)
    frame["house"] = np.arange(rows) // 3
    push = 1.5 * frame["size"] + frame["age"] + (frame["town"] == "Oslo") + rng.logistic(size=rows)
    frame["buys"] = np.where(push > 0.5, "yes", "no")
    frame["price"] = 10 + 4 * frame["size"] + rng.normal(size=rows)
    return frame


def keep(root, run, columns, seed=0, target="buys", verdict="supported", gain=(0.2, 0.1, 0.3), data="customers.csv", groups=False):  # fmt: skip
    """Fit a model on some columns, keep it and write the record of its run."""
    emit._DATA.clear()
    folder = root / "outputs" / run
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        patch.setenv("FOURFOLD_ARTIFACTS", str(folder / "artifacts"))
        frame = ff.ingest(data, contract="contracts/customers.yaml")
        others = [name for name in frame if name not in columns]
        chosen = ff.columns.select(frame, others)
        names = ["no", "yes"] if target == "buys" else ()
        goal = frame[target].map(names.index) if names else frame[target]
        task = "classification" if names else "regression"
        estimator = LogisticRegression(max_iter=1000) if names else Ridge()
        model = ff.supervised.pipelines({"m": estimator}, chosen.frame, task)["m"]
        order = np.random.default_rng(seed).permutation(len(frame))
        learn, test = order[: len(frame) // 2], order[len(frame) // 2 :]
        model.fit(chosen.frame.iloc[learn], goal.iloc[learn])
        ff.record("gain", gain[0], ci=gain[1:])
        question = {"question": "Who buys?", "decision": "whom to write"}
        ff.conclude("Some do.", success={"gain": "> 0"}, limits=["Of one year."], **question)
        ff.keep_model(
            model, chosen, (chosen.frame.iloc[test], goal.iloc[test]), name="a model",
            target=target, classes=names, threshold=0.5 if names else None,
            groups=frame["house"] if groups else None,
        )  # fmt: skip
        facts = list(emit._DATA)
    config, _, run_id = run.partition("/")
    value, low, high = gain
    record = RunRecord(
        config, run_id, "classification", "ok",
        {**question, "data": data, "target": target},
        (), "2026-01-01T00:00:00+00:00", 1.0, verdict, "Some do.",
        {"gain": Metric(value, (low, high))}, (Claim("gain", "> 0", value, (low, high), "", verdict, ""),), facts,
    )  # fmt: skip
    write_record(record, folder / "record.json")
    finish(folder, record, root)
    return folder / "artifacts" / "model"


@pytest.fixture(scope="session")
def _made(tmp_path_factory):
    root = tmp_path_factory.mktemp("promotion")
    for name in ("templates", "params", "contracts", "models"):
        (root / name).mkdir()
    (root / "LICENSE").write_text("A licence\n")
    (root / "contracts/customers.yaml").write_text(CONTRACT)
    (root / "models/buyers.yaml").write_text(GATE)
    customers().to_csv(root / "customers.csv", index=False)
    customers(seed=5).to_csv(root / "fresh.csv", index=False)
    keep(root, "poor/default", ["age", "town"])
    keep(root, "good/default", ["size", "age", "town"])
    keep(root, "twin/default", ["size", "age", "town", "house"])
    keep(root, "other/default", ["size", "age", "town"], seed=3)
    keep(root, "doubtful/default", ["size", "age", "town"], seed=7, verdict="refuted", gain=(0.1, -0.1, 0.3))  # fmt: skip
    return root


@pytest.fixture
def root(_made, tmp_path):
    """A copy of the project, to be changed."""
    return shutil.copytree(_made, tmp_path / "project")


@pytest.fixture
def model(root):
    """Return a function for the folder of a run's model."""
    return lambda run: root / "outputs" / run / "default" / "artifacts" / "model"
