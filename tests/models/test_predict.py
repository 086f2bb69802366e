"""Predictions of new rows: what is read, what is refused, and what is written."""

from __future__ import annotations

import json
import re
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest
from sqlalchemy import create_engine

from fourfold.errors import DataError
from fourfold.models.export import export
from fourfold.models.folder import load_model
from fourfold.models.predict import find_model, predict
from fourfold.models.signature import features_of
from served import COMMAND

NEW = {"weight": 4.0, "shop": "Oslo", "article": "article 03", "fresh": True, "day": "2025-04-01"}
NAMES = ("logistic", "forest", "boosting", "neighbours", "ridge", "stairs", "means", "three")


def folder_of(models, name):
    return models.outputs / "shop" / name / "artifacts" / "model"


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def new(models):
    """Rows that no model has seen."""
    frame = pd.read_csv(models.root / "goods.csv").drop(columns=["key", "sold", "price", "three"])
    return frame.sample(300, random_state=5).reset_index(drop=True)


@pytest.mark.parametrize("name", NAMES)
def test_a_file_is_predicted_as_the_model_does_it(models, here, name):
    """In parts of any size, by both engines, in both formats."""
    folder = folder_of(models, name)
    model = load_model(folder)
    data = str(models.root / "goods.csv")
    frame = pd.read_csv(data, parse_dates=["day"])
    rows_used = np.flatnonzero(frame["weight"].notna()) if name == "means" else np.arange(600)
    wanted = features_of(model.description.columns, frame.iloc[rows_used])
    scores = model.scores(wanted.frame)
    for ending, engine, rows in ((".csv", "skops", 77), (".parquet", "onnx", 10_000)):
        out = here / f"out{ending}"
        done = predict(folder, data, out, engine=engine, rows=rows)
        read = pd.read_csv(out) if ending == ".csv" else pd.read_parquet(out)
        assert (done.rows, read["row"].tolist()) == (len(rows_used), [n + 1 for n in rows_used])
        if name == "means":
            reasons = pd.read_csv(here / "out.rejected.csv")["reason"]
            assert set(reasons) == {"column 'weight': expected a number, got none"}
            assert (read["cluster"] == scores).all()
        elif scores.ndim == 1:
            np.testing.assert_allclose(read["predicted"], scores, rtol=1e-5)
        elif name == "three":
            np.testing.assert_allclose(read["probability 2"], scores[:, 2], atol=1e-6)
            assert (read["answer"].astype(int) == scores.argmax(axis=1)).all()
        else:
            np.testing.assert_allclose(read["probability"], scores[:, 1], atol=1e-6)
            assert ((read["answer"] == "yes") == (scores[:, 1] >= 0.4)).all()


def test_rows_that_break_the_contract_are_set_aside(models, here, new):
    """With the reason, beside the predictions; rules of other columns do not matter."""
    new.loc[3, "weight"] = -1
    new.to_csv("new.csv", index=False)
    done = predict(folder_of(models, "boosting"), "new.csv", here / "out.csv", keep=["shop"])
    assert (done.rows, done.rejected) == (299, 1)
    aside = pd.read_csv("out.rejected.csv")
    assert aside.loc[0, ["file", "row", "reason"]].tolist() == [
        *("new.csv", 4),
        "weight: expected > 0, got -1.0",
    ]
    out = pd.read_csv("out.csv", keep_default_na=False)
    assert list(out) == ["file", "row", "shop", "answer", "probability"]
    assert out["shop"].tolist() == new["shop"].drop(3).fillna("").tolist()
    new.loc[3, "weight"] = 1.0
    new.to_csv("new.csv", index=False)
    assert predict(folder_of(models, "boosting"), "new.csv", here / "out.csv").rejected == 0
    assert not (here / "out.rejected.csv").exists()


def test_unknown_levels_are_located(models, here, new):
    """All of them at once, with the nearest; nothing is written, unless they may be set aside."""
    new.loc[4, "shop"], new.loc[9, "shop"] = "Olso", "Olso"
    new.loc[7, "article"] = "article 99"
    new.to_csv("new.csv", index=False)
    (here / "out.csv").write_text("former")
    folder = folder_of(models, "logistic")
    with pytest.raises(DataError) as raised:
        predict(folder, "new.csv", here / "out.csv", rows=5)
    lines = str(raised.value).splitlines()
    assert lines[0] == ("new.csv, row 5: column 'shop': unknown level 'Olso'. Did you mean 'Oslo'?")
    assert lines[1].startswith("new.csv, row 8: column 'article': unknown level 'article 99'.")
    assert len(lines) == 3
    assert (here / "out.csv").read_text() == "former"
    assert sorted(path.name for path in here.iterdir()) == ["new.csv", "out.csv"]
    done = predict(folder, "new.csv", here / "out.csv", unknown="reject")
    assert (done.rows, done.rejected) == (297, 3)


def test_columns_that_are_missing_or_misnamed(models, here, new):
    new.rename(columns={"weight": "weights"}).drop(columns="day").to_csv("new.csv", index=False)
    with pytest.raises(DataError) as raised:
        predict(folder_of(models, "logistic"), "new.csv", here / "out.csv")
    assert str(raised.value).splitlines() == [
        "new.csv: expected a column 'weight' (number), got none of this name. "
        "Did you mean 'weights'?",
        "new.csv: expected a column 'day' (date), got none of this name.",
    ]


def test_values_of_another_type(models, here):
    """A model without a contract sets them aside too, and no row left is an error."""
    rows = [NEW, {**NEW, "fresh": "perhaps"}, {**NEW, "day": "soon"}, {**NEW, "weight": None}]
    pd.DataFrame(rows).to_json("new.json", orient="records")
    done = predict(folder_of(models, "ridge"), "new.json", here / "out.csv")
    reasons = pd.read_csv("out.rejected.csv")["reason"].tolist()
    assert reasons == [
        "column 'fresh': expected yes or no (true, false, 1 or 0), got 'perhaps'",
        "column 'day': expected a date, got 'soon'",
    ]
    assert (done.rows, done.rejected) == (2, 2)
    pd.DataFrame(rows[1:3]).to_json("new.json", orient="records")
    with pytest.raises(DataError, match=r"expected rows that can be predicted, got none; 1 row"):
        predict(folder_of(models, "ridge"), "new.json", here / "out.csv")


def test_a_folder_a_glob_and_a_database(models, here, new):
    """The same rows give the same answers, wherever they come from."""
    (here / "in").mkdir()
    new.iloc[:100].to_csv("in/a.csv", index=False)
    new.iloc[100:].to_parquet("in/b.parquet", index=False)
    (here / "in" / "notes.md").write_text("no table")
    new.to_csv("new.csv", index=False)
    engine = create_engine("sqlite:///new.sqlite")
    new.to_sql("goods", engine, index=False)
    engine.dispose()
    folder, answers = folder_of(models, "forest"), []
    for data, query in (
        ("in", ""),
        ("in/*.*v", ""),
        ("new.csv", ""),
        ("sqlite:///new.sqlite", "select * from goods"),
        ("new.csv", "select * from data"),
    ):
        predict(folder, data, here / "out.csv", query=query, rows=64)
        out = pd.read_csv("out.csv")
        answers.append(out["probability"].tolist())
    assert answers[1] == answers[0][:100]
    assert answers[0] == answers[2] == answers[3] == answers[4]
    (here / "empty").mkdir()
    with pytest.raises(DataError, match="expected files of tables in the folder, found none"):
        predict(folder, "empty", here / "out.csv")


def test_codes_and_flags_that_a_file_spells_otherwise(models, here, new):
    """Whole numbers of a column with gaps are no other levels; 1 and 0 are true and false."""
    new["fresh"] = new["fresh"].astype(int)
    new.to_csv("ones.csv", index=False)
    predict(folder_of(models, "logistic"), "ones.csv", here / "ones.out.csv")
    new["fresh"] = new["fresh"].astype(bool)
    new.to_csv("flags.csv", index=False)
    predict(folder_of(models, "logistic"), "flags.csv", here / "flags.out.csv")
    ones, flags = pd.read_csv("ones.out.csv"), pd.read_csv("flags.out.csv")
    assert ones["probability"].tolist() == flags["probability"].tolist()


def test_a_rule_that_compares_rows_is_asked_of_all_of_them(here, monkeypatch):
    """A value that comes twice is seen though its rows are in two parts."""
    from sklearn.linear_model import Ridge

    import fourfold as ff
    from fourfold.records import emit

    text = "schema_type: dataframe\ncolumns:\n  x: {dtype: float64, unique: true}\n"
    (here / "once.yaml").write_text(text)
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"x": rng.normal(size=200).round(9)}).assign(y=lambda f: 2 * f["x"])
    frame.to_csv("past.csv", index=False)
    emit._DATA.clear()
    frame = ff.ingest("past.csv", contract="once.yaml")
    chosen = ff.columns.select(frame, ["y"])
    model = ff.supervised.pipelines({"r": Ridge()}, chosen.frame, "regression")["r"]
    ff.keep_model(model.fit(chosen.frame, frame["y"]), chosen, target="y")
    pd.DataFrame({"x": [0.5, *rng.normal(size=20), 0.5]}).to_csv("new.csv", index=False)
    done = predict(here / "artifacts" / "model", "new.csv", here / "out.csv", rows=5)
    assert (done.rows, done.rejected) == (20, 2)


@pytest.mark.parametrize("name", NAMES)
def test_an_exported_folder_says_the_same(models, here, new, name):
    """With a script that knows neither pandas nor scikit-learn."""
    if name == "means":
        new = pd.read_csv(models.root / "goods.csv")[["weight", "price"]].dropna()
    new.to_csv("new.csv", index=False)
    export(folder_of(models, name), here / "edge")
    text = (here / "edge" / "predict.py").read_text()
    assert not re.search(r"import (pandas|sklearn|fourfold)|from (pandas|sklearn|fourfold)", text)
    subprocess.run([sys.executable, "edge/predict.py", "new.csv", "edge.csv"], check=True)
    predict(folder_of(models, name), "new.csv", here / "ours.csv")
    edge, ours = pd.read_csv("edge.csv"), pd.read_csv("ours.csv").drop(columns="file")
    arrays = name != "neighbours"  # whose ties only their own index breaks as it does
    exact = 1e-12 if arrays else 1e-5
    pd.testing.assert_frame_equal(edge, ours, check_dtype=False, rtol=exact, atol=exact)
    needs = (here / "edge" / "requirements.txt").read_text().split()
    assert needs == (["numpy"] if arrays else ["numpy", "onnxruntime"])
    with pytest.raises(DataError, match="expected a new or empty folder"):
        export(folder_of(models, name), here / "edge")
    export(folder_of(models, name), here / "edge", force=True)


def test_an_exported_folder_refuses_what_the_command_refuses(models, here, new):
    new["weight"] = new["weight"].astype(object)
    new.loc[1, "shop"], new.loc[2, "weight"] = "Olso", "heavy"
    new.to_csv("new.csv", index=False)
    export(folder_of(models, "logistic"), here / "edge")
    call = [sys.executable, "edge/predict.py", "new.csv", "edge.csv"]
    done = subprocess.run(call, capture_output=True, text=True)
    assert done.returncode == 2
    assert "row 2: column 'shop': unknown level 'Olso'. Did you mean 'Oslo'?" in done.stderr
    assert "row 3: column 'weight': expected a number, got 'heavy'" in done.stderr
    new.rename(columns={"shop": "shops"}).to_csv("new.csv", index=False)
    done = subprocess.run(call, capture_output=True, text=True)
    assert "expected a column 'shop', got none. Did you mean 'shops'?" in done.stderr
    (here / "edge" / "model.npz").write_bytes(b"another")
    done = subprocess.run(call, capture_output=True, text=True)
    assert "refused, since it was changed" in done.stderr
    assert not (here / "edge.csv").exists()


def test_names_of_runs(models):
    """A run, its folder, the model's folder; of a config with several, none."""
    folder = folder_of(models, "ridge")
    assert find_model("shop/ridge", models) == folder
    assert find_model(str(folder), models) == folder
    assert find_model(str(folder.parents[1]), models) == folder
    with pytest.raises(DataError, match="shop: expected one run, got 8: shop/boosting, "):
        find_model("shop", models)
    with pytest.raises(DataError, match=r"found none\. Did you mean 'shop/ridge'"):
        find_model("shop/rigde", models)


def test_options_that_make_no_sense(models, here, new):
    new.to_csv("new.csv", index=False)
    folder = folder_of(models, "ridge")
    for options, message in (
        ({"engine": "onxx"}, "--engine: expected skops or onnx, got 'onxx'. Did you mean 'onnx'"),
        ({"unknown": "aside"}, "--unknown: expected error or reject, got 'aside'"),
        ({"out": here / "out.xlsx"}, "--out: expected a file ending in .csv or .parquet"),
        ({"out": here / "new.csv"}, "--out: expected another file than the data"),
        ({"out": here / "no" / "out.csv"}, "--out: expected a folder that exists"),
        ({"keep": ["shopp"]}, "--keep: expected a column of new.csv, got 'shopp'. Did you mean"),
    ):
        with pytest.raises(DataError, match=re.escape(message)):
            predict(folder, "new.csv", **{"out": here / "out.csv", **options})
    assert sorted(path.name for path in here.iterdir()) == ["new.csv"]


@pytest.mark.commands
def test_the_commands(models, here, new):
    """Exit code 2 and one line for a mistake, as with every command."""
    new.to_csv("new.csv", index=False)
    command = COMMAND
    root = ["--root", str(models.root)]

    def call(*words):
        return subprocess.run([*command, *words, *root], capture_output=True, text=True)

    done = call("predict", "shop/logistic", "new.csv")
    assert (done.returncode, done.stderr) == (0, "")
    assert re.fullmatch(r"300 rows predicted: \d+ no, \d+ yes; predictions\.csv\n", done.stdout)
    done = call("predict", "shop/logistic", "new.csv", "--json")
    answer = json.loads(done.stdout)
    assert (answer["rows"], answer["rejected"], answer["path"]) == (300, 0, "predictions.csv")
    assert sum(answer["answers"].values()) == 300
    done = call("predict", "shop/logistik", "new.csv")
    assert (done.returncode, "Did you mean 'shop/logistic'?" in done.stderr) == (2, True)
    done = call("export", "shop/logistic", "edge")
    assert (done.returncode, "wrote edge/predict.py" in done.stdout) == (0, True)
