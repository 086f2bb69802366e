"""Scalers, features, samples and the comparison over k."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import KMeans
from sklearn.metrics import calinski_harabasz_score, davies_bouldin_score

from fourfold.errors import DataError
from fourfold.methods import clustering
from fourfold.methods.clustering import prepare

FRAME = pd.DataFrame(
    {"a": [1, 2, 3, None], "b": [4.0, 3.0, 2.0, 1.0], "word": list("xyxy"), "same": [7] * 4}
)


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("standard", [-1.225, 0, 1.225]),
        ("robust", [-1, 0, 1]),
        ("minmax", [0, 0.5, 1]),
        ("none", [0, 1, 2]),
    ],
)
def test_scalers_by_hand(name, expected):
    """Of 0, 1, 2: each scaler as its name says."""
    found = prepare.scaler(name).fit_transform(np.array([[0.0], [1.0], [2.0]]))
    assert found.ravel().tolist() == pytest.approx(expected, abs=1e-3)


def test_a_column_of_two_values_is_a_feature_only_if_named():
    """It would divide the rows into two groups by itself; where there is nothing else, it counts."""
    frame = pd.DataFrame({"a": range(6), "day": [307, 308] * 3, "b": [1.5, 2, 3, 3, 5, 8]})
    assert prepare.select_features(frame).columns.tolist() == ["a", "b"]
    assert prepare.select_features(frame, ["a", "day"]).columns.tolist() == ["a", "day"]
    flags = frame[["day"]].assign(other=[0, 0, 0, 1, 1, 1])
    assert prepare.select_features(flags).columns.tolist() == ["day", "other"]


@pytest.mark.parametrize("name", prepare.SCALERS)
def test_every_scaler_makes_an_array_of_a_table(name):
    """Rows are then taken by position; a table would be asked for columns."""
    found = prepare.scaler(name).fit_transform(FRAME[["a"]].dropna())
    assert isinstance(found, np.ndarray)


def test_an_unknown_scaler_is_told_with_the_nearest():
    """The value, the known ones and a guess."""
    with pytest.raises(ValueError, match=r"expected one of standard.*got 'standart'.*'standard'"):
        prepare.scaler("standart")


def test_features_are_the_numeric_ones_that_vary():
    """Words and constants are left out, and so is a row with a gap."""
    found = prepare.select_features(FRAME)
    assert found.columns.tolist() == ["a", "b"]
    assert found.index.tolist() == [0, 1, 2]
    assert prepare.select_features(FRAME, leave_out=["a"]).columns.tolist() == ["b"]
    assert len(prepare.select_features(FRAME, ["b"])) == 4


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["bb"], "got 'bb'.*Did you mean 'b'"),
        (["word"], "expected a numeric column.*'word'"),
        (["same"], "'same'.*1 different"),
    ],
)
def test_a_feature_that_cannot_serve_is_told(names, message):
    """Missing, not a number, constant."""
    with pytest.raises(DataError, match=message):
        prepare.select_features(FRAME, names)


def test_a_label_that_is_not_there_is_told_at_once():
    """Before anything is computed; an empty name is no label."""
    with pytest.raises(DataError, match=r"label: expected a column.*got 'wrd'.*'word'"):
        prepare.select_features(FRAME, leave_out=["wrd"])
    assert len(prepare.select_features(FRAME, leave_out=[""])) == 3


def test_a_table_of_words_is_told():
    """There is nothing to measure a distance by."""
    with pytest.raises(DataError, match="features: expected numeric columns that vary, got word"):
        prepare.select_features(pd.DataFrame({"word": list("abc")}))


def test_no_complete_row_is_told():
    """With the features by name."""
    frame = pd.DataFrame({"a": [1, 2, None, None], "b": [None, None, 1, 2]})
    with pytest.raises(DataError, match="no row has all of a, b"):
        prepare.select_features(frame)


def test_samples_are_drawn_once_each_and_sorted():
    """All rows if few; else as many as asked for, by seed."""
    found = prepare.sample(1000, 50, seed=1)
    assert len(set(found.tolist())) == 50
    assert (np.diff(found) > 0).all()
    assert not np.array_equal(found, prepare.sample(1000, 50, seed=2))
    assert prepare.sample(5, 50).tolist() == [0, 1, 2, 3, 4]


def test_a_sample_is_completed_by_the_clusters_it_missed():
    """A cluster of one row among a thousand is there."""
    labels = np.zeros(1000, dtype=int)
    labels[777] = 1
    rows = np.arange(10)
    assert prepare.with_each(rows, labels).tolist() == [*range(10), 777]
    assert prepare.with_each(np.array([0, 777]), labels).tolist() == [0, 777]


def test_most_clusters_is_bounded_by_different_rows():
    """At least two, at most one less than the rows that differ."""
    points = np.repeat([[0.0], [1.0], [2.0], [3.0]], 5, axis=0)
    assert [prepare.most_clusters(points, k) for k in (2, 8)] == [2, 3]
    assert prepare.most_clusters(points[:5], 8) == 2


def test_the_comparison_holds_the_scores_of_scikit_learn():
    """For k = 1 only the inertia is defined."""
    points = np.random.default_rng(0).normal(size=(60, 2))
    models = {k: KMeans(k, n_init=3, random_state=0).fit(points) for k in (1, 3)}
    found = prepare.compare_k(models, points, np.arange(60))
    assert found.loc[3, "calinski_harabasz"] == pytest.approx(
        calinski_harabasz_score(points, models[3].labels_)
    )
    assert found.loc[3, "davies_bouldin"] == pytest.approx(
        davies_bouldin_score(points, models[3].labels_)
    )
    assert found.loc[1].notna().tolist() == [True, False, False, False]
    part = prepare.compare_k(models, points, np.arange(0, 60, 2))
    assert part.loc[3, "silhouette"] != found.loc[3, "silhouette"]


def test_all_names_exist():
    """What the template calls is there."""
    template = Path(__file__).parents[3] / "templates" / "clustering.ipynb"
    names = set(re.findall(r"ff\.clustering\.(\w+)", template.read_text("utf-8")))
    assert "choose_k" in names
    assert all(hasattr(clustering, name) for name in names)
    assert not hasattr(clustering, "choose_kk")
