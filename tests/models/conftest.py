"""Models that are really kept, once for all tests of this room; a test that changes one copies it."""

from __future__ import annotations

import json
import shutil

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    HistGradientBoostingRegressor,
    RandomForestClassifier,
)
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import fourfold as ff
from fourfold.project import Project
from fourfold.records import emit

CONTRACT = """schema_type: dataframe
columns:
  key: {dtype: int64, unique: true}
  weight: {dtype: float64, nullable: true, checks: {greater_than: 0}}
  sold: {dtype: str}
"""
CLASSIFIERS = {
    "logistic": LogisticRegression(max_iter=1000),
    "forest": RandomForestClassifier(20, min_samples_leaf=3, random_state=0),
    "boosting": HistGradientBoostingClassifier(max_iter=30, random_state=0),
    "neighbours": KNeighborsClassifier(15),
}
REGRESSORS = {
    "ridge": Ridge(),
    "stairs": HistGradientBoostingRegressor(max_iter=30, random_state=0),
}
NAMES = (*CLASSIFIERS, *REGRESSORS, "means", "three")


def goods(rows=600, seed=0):
    """A table with each kind of column, with gaps, and a target that depends on them."""
    rng = np.random.default_rng(seed)
    weight = rng.gamma(2.0, 3.0, rows).round(2) + 0.01
    shop = rng.choice(["Bergen", "Oslo", "Tromsø"], rows)
    article = np.array([f"article {n:02}" for n in range(30)])[rng.integers(0, 30, rows)]
    frame = pd.DataFrame({"key": range(rows), "weight": weight, "shop": shop, "article": article})
    frame["fresh"] = rng.random(rows) < 0.5
    frame["day"] = pd.Timestamp("2025-03-01") + pd.to_timedelta(rng.integers(0, 90, rows), "D")
    push = weight / 4 + (shop == "Oslo") + frame["fresh"] + rng.normal(size=rows)
    frame["sold"] = np.where(push > 2.5, "yes", "no")
    frame["price"] = 3 * weight + 5 * (shop == "Oslo") + rng.normal(size=rows)
    frame["three"] = np.digitize(push, [1.5, 3.0]).astype(str)
    frame.loc[rng.random(rows) < 0.1, "weight"] = np.nan
    frame.loc[rng.random(rows) < 0.05, "shop"] = None
    return frame


@pytest.fixture(scope="session")
def models(tmp_path_factory):
    """A project whose outputs have a run ``shop/NAME`` with a model of each kind."""
    root = tmp_path_factory.mktemp("models")
    for name in ("templates", "params", "contracts"):
        (root / name).mkdir()
    (root / "contracts" / "goods.yaml").write_text(CONTRACT)
    goods().to_csv(root / "goods.csv", index=False)
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        for name in NAMES:
            patch.setenv("FOURFOLD_ARTIFACTS", str(root / "outputs" / "shop" / name / "artifacts"))
            emit._DATA.clear()
            keep(name, ff.ingest("goods.csv", contract="contracts/goods.yaml"))
    return Project(root, root / "outputs")


def keep(name, frame):
    """Fit one model and keep it, as the templates do."""
    if name == "means":
        measured = frame[["weight", "price"]].dropna()
        scaler = StandardScaler()
        means = KMeans(3, n_init=3, random_state=0).fit(scaler.fit_transform(measured))
        ff.keep_model(make_pipeline(scaler, means), measured, name="K-means, k = 3")
        return
    target = {"three": "three", **dict.fromkeys(REGRESSORS, "price")}.get(name, "sold")
    chosen = ff.columns.select(frame, ["sold", "price", "three", "key"])
    task = "regression" if target == "price" else "classification"
    names = sorted(frame[target].unique()) if task == "classification" else ()
    goal = frame[target].map(names.index) if names else frame[target]
    estimator = {**CLASSIFIERS, **REGRESSORS, "three": LogisticRegression(max_iter=1000)}[name]
    pipe = ff.supervised.pipelines({name: estimator}, chosen.frame, task)[name]
    known, late = chosen.frame.iloc[:450], chosen.frame.iloc[450:]
    pipe.fit(known, goal.iloc[:450])
    line = 0.4 if len(names) == 2 else None
    held_out = late, goal.iloc[450:]
    options = {"classes": names, "threshold": line, "name": name, "target": target}
    ff.keep_model(pipe, chosen, held_out, unit="EUR" if not names else "", **options)


@pytest.fixture
def copy(models, tmp_path):
    """Return a function that copies the folder of a model, to be spoilt."""

    def copied(name="boosting"):
        folder = tmp_path / f"{name}-copy"
        source = models.outputs / "shop" / name / "artifacts" / "model"
        return shutil.copytree(source, folder)

    return copied


@pytest.fixture
def rewrite():
    """Return a function that changes ``model.json`` and makes all digests right again."""
    from fourfold.data.digest import hash_file

    def rewritten(folder, change=lambda content: None):
        import hashlib

        path = folder / "model.json"
        content = json.loads(path.read_text())
        change(content)
        for name in content["files"]:
            content["files"][name] = hash_file(folder / name)
        bare = {k: v for k, v in content.items() if k not in ("digest", "run", "commit")}
        text = json.dumps(bare, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        content["digest"] = hashlib.sha256(text.encode()).hexdigest()
        path.write_text(json.dumps(content))

    return rewritten


@pytest.fixture(autouse=True)
def nothing_ingested(monkeypatch):
    """Each test is a notebook of its own."""
    monkeypatch.setattr(emit, "_DATA", [])
