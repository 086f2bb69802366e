"""What columns hold, which can help a model, and how they are prepared."""

from __future__ import annotations

import matplotlib as mpl
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import cross_val_score
from sklearn.pipeline import make_pipeline

from fourfold.errors import DataError
from fourfold.methods import columns as features

mpl.use("Agg")


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        ([1.5, 2.5, 3.5], "number"),
        ([1, 2, 3], "number"),
        ([0, 1, 1, None], "yes/no"),
        ([True, False], "yes/no"),
        (["x", "y", "x"], "category"),
        ([f"note {n}" for n in range(30)], "text"),
        (pd.to_datetime(["2024-01-01", "2024-01-02"]), "date"),
        ([7, 7, None], "constant"),
        ([None, None], "empty"),
        ([[1], [2], [1]], "category"),
        ([{"a": 1}, {"a": 2}], "category"),
    ],
)
def test_kinds(values, kind):
    """One word for each; missing values do not count."""
    assert features.kind(pd.Series(values)) == kind


def test_description_of_a_table():
    """Kind, share missing, different values, and the most frequent as example."""
    frame = pd.DataFrame({"a": ["x", "x", None, "y"], "b": [1.23456789, 2, 3, 1.23456789]})
    found = features.describe(frame)
    assert found.loc["a"].tolist() == ["category", 0.25, 2, "x"]
    assert found.loc["b"].tolist() == ["number", 0.0, 3, "1.235"]


def test_of_equally_frequent_values_the_first_comes_first():
    """Whatever the version of pandas: of 96 values, in an order of their own, 48 come twice."""
    once = [n * 37 % 97 for n in range(1, 97)]
    values = once + once[1::2]
    assert features.frequencies(pd.Series(values)).index.tolist() == once[1::2] + once[::2]
    assert features.describe(pd.DataFrame({"a": values}))["example"].tolist() == ["74"]
    assert features.most_common(pd.Series(values), 2) == "74 1 %, 51 1 %"


def test_useless_columns_are_left_out_with_the_reason():
    """Empty, constant, free text and row numbers, even with rows missing."""
    rows = 40
    frame = pd.DataFrame(
        {
            "id": range(rows),
            "note": [f"text {n}" for n in range(rows)],
            "same": 1,
            "none": None,
            "x": np.arange(rows) % 7,
            "even": np.arange(rows) * 2.0,
        }
    ).drop([3, 9])
    found = features.select(frame)
    assert list(found.frame) == ["x", "even"]
    assert found.left_out == {
        "id": "counts the rows",
        "note": "nearly every value differs: an identifier or free text",
        "same": "constant",
        "none": "empty",
    }


def test_columns_to_leave_out_are_not_used_and_must_exist():
    """A name that is not there is told with the nearest."""
    frame = pd.DataFrame({"price": [1, 2, 2], "size": [3, 4, 4]})
    assert list(features.select(frame, ["price"]).frame) == ["size"]
    with pytest.raises(DataError, match=r"got 'prise'.*Did you mean 'price'"):
        features.select(frame, ["prise"])


def test_features_are_numbers_or_text():
    """Dates are days, yes/no 0 and 1, infinity is missing, categories text with gaps kept."""
    frame = pd.DataFrame(
        {
            "day": pd.to_datetime(["2024-01-03", "2024-01-01", None]),
            "yes": [True, None, False],
            "inf": [1.0, np.inf, 2.0],
            "word": ["a", None, "b"],
        }
    )
    found = features.select(frame).frame
    assert found["day"].tolist()[:2] == [2.0, 0.0]
    assert found["yes"].tolist()[::2] == [1.0, 0.0]
    assert found["inf"].isna().tolist() == [False, True, False]
    assert found["word"].isna().tolist() == [False, True, False]


def test_preparation_fills_scales_and_encodes():
    """Median and an indicator for a missing number; a column for each category."""
    frame = pd.DataFrame({"n": [0.0, 2.0, np.nan, 4.0], "w": ["a", "b", None, "a"]})
    found = features.preprocessing(frame).fit_transform(frame)
    assert found.shape == (4, 2 + 3)
    assert found[:, 0].mean() == pytest.approx(0)
    assert found[2, 0] == pytest.approx(0)
    assert found[:, 2:].sum(axis=1).tolist() == [1, 1, 1, 1]


def test_an_unseen_category_is_no_error():
    """At prediction it counts as one of the rare."""
    train = pd.DataFrame({"w": ["a", "b"] * 20})
    fitted = features.preprocessing(train).fit(train)
    assert np.isfinite(fitted.transform(pd.DataFrame({"w": ["new"]}))).all()


def test_common_values_and_bins():
    """The number of values shown and of bins is bounded."""
    column = pd.Series(list("aaabbc"))
    assert features.most_common(column) == "a 50 %, b 33 %, c 17 %"
    assert features.most_common(column, most=1) == "a 50 %"
    assert features.bins(pd.Series([1, 1, 2])) == 2
    assert features.bins(pd.Series(range(99)), most=10) == 10
    assert features.bins(pd.Series([], dtype=float)) == 1


# seaborn 0.13 still says `vert` to matplotlib.
@pytest.mark.filterwarnings("ignore:vert:DeprecationWarning")
@pytest.mark.parametrize("feature", ["number", "word"])
@pytest.mark.parametrize("target", ["number", "word"])
def test_every_pair_of_kinds_has_a_picture(feature, target):
    """Labelled with both names; many classes are cut to the frequent ones."""
    columns = {
        "number": pd.Series(np.arange(60.0), name="a number"),
        "word": pd.Series([f"class {n % 9}" for n in range(60)], name="a word"),
    }
    fig, ax = plt.subplots()
    features.show_relation(columns[feature], columns[target].rename("goal"), ax, most=4)
    labels = {ax.get_xlabel().strip(), ax.get_ylabel().strip()}
    assert labels == {columns[feature].name, "goal"}
    if {feature, target} == {"number", "word"}:
        assert len(ax.get_yticklabels()) == 4
    plt.close(fig)


def test_a_scatter_plot_is_a_random_sample():
    """The first rows are related, all others not: the points drawn are like all rows."""
    rng = np.random.default_rng(0)
    x = pd.Series(rng.normal(size=6000), name="x")
    y = x.where(x.index < 2000, pd.Series(rng.normal(size=6000))).rename("y")
    fig, ax = plt.subplots()
    features.show_relation(x, y, ax)
    points = ax.collections[0].get_offsets()
    assert len(points) == 2000
    assert np.corrcoef(points.T)[0, 1] == pytest.approx(np.corrcoef(x, y)[0, 1], abs=0.06)
    plt.close(fig)


@pytest.mark.parametrize("levels", [21, 100, 300])
@pytest.mark.parametrize("task", ["regression", "classification"])
def test_many_even_levels_are_not_erased(levels, task):
    """Each value of a category with many becomes a number, learnt inside a fold."""
    rng = np.random.default_rng(0)
    shop = pd.Series(rng.integers(0, levels, 3000))
    frame = pd.DataFrame({"shop": shop.map("s{}".format), "x": rng.normal(size=3000)})
    goal = shop.map(pd.Series(rng.normal(0, 3, levels))) + 0.5 * rng.normal(size=3000)
    model, scoring = Ridge(), "r2"
    if task == "classification":
        goal, model, scoring = (goal > 0).astype(int), LogisticRegression(), "roc_auc"
    told = make_pipeline(features.preprocessing(frame, task), model)
    score = cross_val_score(told, frame, goal, cv=3, scoring=scoring).mean()
    assert score > 0.9
    noise = pd.Series(rng.permutation(goal))
    score = cross_val_score(told, frame, noise, cv=3, scoring=scoring).mean()
    assert score < (0.05 if task == "regression" else 0.55)
