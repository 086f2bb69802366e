"""What is kept, and what the card says."""

from __future__ import annotations

import json
import re
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import Ridge

import fourfold as ff
from fourfold.errors import DataError
from fourfold.models import keep
from fourfold.models.card import finish
from fourfold.models.folder import load_model, read_description
from fourfold.models.segments import parts_of
from fourfold.models.signature import Column
from fourfold.records.evidence import Metric
from fourfold.records.record import RunRecord


def test_what_a_folder_holds(models):
    """Signature, threshold, contract, data, versions and parity; no pickle, no path."""
    folder = models.outputs / "shop" / "boosting" / "artifacts" / "model"
    content = json.loads((folder / "model.json").read_text())
    kinds = {column["name"]: column["kind"] for column in content["columns"]}
    assert kinds == {
        "weight": "number",
        "shop": "category",
        "article": "category",
        "fresh": "yes/no",
        "day": "date",
    }
    assert content["columns"][1]["levels"] == ["Bergen", "Oslo", "Tromsø"]
    assert content["columns"][4]["origin"] == "2025-03-01T00:00:00"
    assert (content["threshold"], content["classes"]) == (0.4, ["no", "yes"])
    assert content["rows"] == {"fitted": 450, "held out": 150}
    assert content["data"][0]["source"] == "goods.csv"
    assert content["onnx"]["kept"]
    assert content["onnx"]["decisions that differ"] == 0
    assert sorted(content["files"]) == [
        *("contract.yaml", "held_out.parquet", "model.onnx", "model.skops", "profile.csv")
    ]
    assert str(models.root) not in (folder / "model.json").read_text()
    held = pd.read_parquet(folder / "held_out.parquet")
    assert held["row"].tolist() == list(range(450, 600))
    assert ((held["chance 1"] >= 0.4) == held["answer"]).all()


def test_segments_are_parts_of_the_rows_held_out(models):
    """The share right of each level, in Wilson's interval."""
    folder = models.outputs / "shop" / "boosting" / "artifacts" / "model"
    held = pd.read_parquet(folder / "held_out.parquet")
    segments = {each["segment"]: each for each in read_description(folder).segments}
    whole = segments["all rows held out"]
    assert whole["rows"] == 150
    assert whole["value"] == pytest.approx((held["truth"] == held["answer"]).mean())
    assert whole["low"] < whole["value"] < whole["high"]
    parts = [segments[f"fresh: {each}"]["rows"] for each in ("yes", "no")]
    assert sum(parts) == 150


def test_a_category_of_many_levels_has_no_halves():
    """Where no category has few levels, the parts are halves of the numbers."""
    rows = pd.DataFrame({"shop": [f"s{n:03}" for n in range(100)], "x": range(100)})
    columns = (Column("shop", "category", tuple(rows["shop"])), Column("x", "number"))
    parts = {
        name: int(chosen.sum()) for name, chosen in parts_of(rows, SimpleNamespace(columns=columns))
    }
    assert parts == {"all rows held out": 100, "x: lower half": 50, "x: upper half": 50}


def test_the_card_is_complete(models, tmp_path):
    """From the record of the run, with energy, claims and limits; nothing is left to be filled."""
    folder = models.outputs / "shop" / "ridge" / "artifacts" / "model"
    before = read_description(folder)
    card = (folder / "card.md").read_text()
    assert "without `fourfold run`" in card
    record = RunRecord(
        *("shop", "ridge", "regression", "ok"),
        {"question": "How dear?", "decision": "Prices"},
        (),
        "",
        1.0,
        metrics={"r2": Metric(0.9, (0.85, 0.93))},
        verdict="refuted",
        answer="No.",
        cost={"cpu_s": 36.0, "energy_wh": 0.035},
        git_commit="abc",
    )
    finish(folder.parents[1], record, models.root)
    card = (folder / "card.md").read_text()
    for text in ("How dear?", "✘ refuted", "| r2 | 0.900 | 0.850 to 0.930 |", "0.0350 Wh", "EUR"):
        assert text in card
    assert [line[3:] for line in card.splitlines() if line.startswith("## ")] == [
        *("Purpose", "Data", "Model", "Metrics", "Segments", "Limits", "Energy", "Licence"),
        *("Use", "Origin"),
    ]
    assert not re.search(r"(?i)more information|TODO|None\b(?! was)|nan", card)
    after = read_description(folder)
    assert (after.run, after.commit, after.digest) == ("shop/ridge", "abc", before.digest)


def test_without_onnx_it_is_said(models, monkeypatch, tmp_path):
    """No failure: the description says which package is missing."""
    import builtins

    real = builtins.__import__

    def missing(name, *rest):
        if name.startswith(("skl2onnx", "onnxruntime")):
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        return real(name, *rest)

    monkeypatch.setattr(builtins, "__import__", missing)
    monkeypatch.chdir(tmp_path)
    model, frame = line()
    ff.keep_model(model, frame, target="y")
    said = read_description(tmp_path / "artifacts" / "model").onnx
    assert (said["kept"], "pip install 'fourfold[onnx]'" in said["why"]) == (False, True)


def line():
    """A model of one number, and its features."""
    frame = pd.DataFrame({"x": np.linspace(0, 1, 50)})
    model = ff.supervised.pipelines({"r": Ridge()}, frame, "regression")["r"]
    return model.fit(frame, 2 * frame["x"]), frame


def test_no_onnx_without_parity(monkeypatch, tmp_path):
    """Checked on the rows of the run: a converted model that says something else is not kept."""
    from fourfold.models import onnx

    model, frame = line()
    other = ff.supervised.pipelines({"r": Ridge()}, frame, "regression")["r"]
    other.fit(frame, 3 * frame["x"])
    real = onnx.converted
    monkeypatch.setattr(onnx, "converted", lambda _, *rest: real(other, *rest))
    monkeypatch.chdir(tmp_path)
    ff.keep_model(model, frame, target="y")
    folder = tmp_path / "artifacts" / "model"
    said = read_description(folder).onnx
    assert not said["kept"]
    assert said["why"].startswith("no parity on 50 rows: the largest difference is")
    assert not (folder / "model.onnx").exists()
    with pytest.raises(DataError, match="there is no ONNX model: no parity"):
        load_model(folder, "onnx")


def test_a_model_that_could_not_be_loaded_is_not_kept(tmp_path, monkeypatch):
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import FunctionTransformer

    monkeypatch.chdir(tmp_path)
    model = make_pipeline(FunctionTransformer(np.log1p), line()[0].steps[-1][1])
    frame = line()[1]
    model.fit(frame, frame["x"])
    with pytest.raises(DataError, match=r"keep_model: refused.*numpy\.log1p"):
        ff.keep_model(model, frame, target="y")


def test_it_is_kept_again_as_a_whole(tmp_path, monkeypatch, capsys):
    """A second time the folder is another, and what is printed the same."""
    monkeypatch.chdir(tmp_path)
    for _ in range(2):
        ff.keep_model(*line(), target="y", unit="kg")
        (tmp_path / "artifacts" / "model" / "left.txt").write_text("from before")
    first, second = capsys.readouterr().out.splitlines()
    assert first == second
    assert "answers y, kg" in first
    assert keep.FOLDER == "model"
    ff.keep_model(*line(), target="y")
    assert not (tmp_path / "artifacts" / "model" / "left.txt").exists()
