"""Which rows learn and which judge: at random, by group, forward in time."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.model_selection import cross_val_predict, train_test_split

from fourfold.errors import DataError
from fourfold.methods import intervals
from fourfold.methods.supervised import scores
from fourfold.methods.supervised.evaluation import splits
from fourfold.methods.supervised.sides import RANDOM, sides

ROWS = 300


@pytest.fixture
def frame() -> pd.DataFrame:
    """Thirty patients of uneven numbers of rows over ten years, not sorted, index not from 0."""
    rng = np.random.default_rng(0)
    patient = rng.choice(30, ROWS, p=np.arange(1, 31) / 465)
    year = rng.integers(2010, 2020, ROWS)
    table = pd.DataFrame({"patient": patient, "year": year, "x": rng.normal(size=ROWS)})
    table["ill"] = np.where(table["x"] + rng.normal(size=ROWS) > 0.8, "yes", "no")
    table["when"] = pd.to_datetime(table["year"].astype(str))
    return table.set_axis(rng.permutation(ROWS) + 7)


def test_without_a_column_rows_are_drawn_as_scikit_learn_does(frame):
    """The same parts, folds and predictions as before there were groups."""
    goal = frame["ill"]
    by = sides(frame)
    options = {"test_size": 0.25, "random_state": 3, "stratify": goal}
    expected = train_test_split(frame[["x"]], goal, **options)
    parts = by.hold_out("classification", frame[["x"]], goal, 0.25, 3)
    assert all(one.equals(other) for one, other in zip(parts, expected, strict=True))
    cv = by.folds("classification", goal, 5, 2, 1)
    for one, other in zip(
        cv.split(frame, goal), splits("classification", 5, 2, 1).split(frame, goal), strict=True
    ):
        assert np.array_equal(one[1], other[1])
    once = by.once("classification", goal, 4, 0)
    real, given = by.unseen(LogisticRegression(), frame[["x"]], goal, once, "predict_proba")
    assert real is goal
    assert np.array_equal(
        given,
        cross_val_predict(
            LogisticRegression(), frame[["x"]], goal, cv=once, method="predict_proba"
        ),
    )
    assert by.words == "drawn at random"


@pytest.mark.parametrize("kind", ["classification", "regression"])
def test_rows_of_a_group_stay_together(frame, kind):
    """In what is held out, in each fold of each repeat, and each row is predicted once."""
    goal = frame["ill"] if kind == "classification" else frame["x"]
    by = sides(frame, groups="patient")
    train, test, goal_train, goal_test = by.hold_out(kind, frame, goal, 0.25, 0)
    assert not set(train["patient"]) & set(test["patient"])
    assert 0.15 < len(test) / ROWS < 0.35
    assert goal_train.index.equals(train.index)
    assert goal_test.index.equals(test.index)
    pairs = by.folds(kind, goal_train, 5, 3, 0)
    assert len(pairs) == 15
    for learn, judge in pairs:
        patients = train["patient"].to_numpy()
        assert not set(patients[learn]) & set(patients[judge])
        assert len(learn) + len(judge) == len(train)
        if kind == "classification":
            assert goal_train.iloc[learn].nunique() == goal_train.iloc[judge].nunique() == 2
    once = by.once(kind, goal_train, 5, 0)
    assert sorted(np.concatenate([judge for _, judge in once])) == list(range(len(train)))
    assert by.words == "rows of one patient are on one side"
    other = by.hold_out(kind, frame, goal, 0.25, 1)[1]
    assert set(other["patient"]) != set(test["patient"])


@pytest.mark.parametrize("column", ["year", "when"])
def test_later_rows_judge(frame, column):
    """What is held out is later than all else; each fold is predicted from what was before it."""
    goal = frame["ill"]
    by = sides(frame, time=column)
    train, test, goal_train, _ = by.hold_out("classification", frame, goal, 0.25, 0)
    assert train["year"].max() < test["year"].min()
    assert 0.15 < len(test) / ROWS < 0.35
    pairs = by.folds("classification", goal_train, 4, 3, 0)
    years = train["year"].to_numpy()
    assert len(pairs) >= 3
    assert all(years[learn].max() < years[judge].min() for learn, judge in pairs)
    judged = np.concatenate([judge for _, judge in pairs])
    assert len(set(judged)) == len(judged) > len(train) / 3
    real, given = by.unseen(LogisticRegression(), train[["x"]], goal_train, pairs, "predict_proba")
    first = pairs[0]
    fitted = LogisticRegression().fit(train[["x"]].iloc[first[0]], goal_train.iloc[first[0]])
    assert np.allclose(given[: len(first[1])], fitted.predict_proba(train[["x"]].iloc[first[1]]))
    assert real.index.equals(goal_train.index[judged])
    assert by.words == f"later rows judge, by {column}"


def test_rows_without_a_time_come_first(frame):
    """They can be learnt from, and judge nothing."""
    missing = frame["when"].mask(frame["x"] > 1)
    by = sides(frame.assign(when=missing), time="when")
    test = by.hold_out("regression", frame, frame["x"], 0.25, 0)[1]
    assert missing.loc[test.index].notna().all()


@pytest.mark.parametrize(
    ("change", "names", "message"),
    [
        ({}, {"groups": "patent"}, "groups: expected a column .* got 'patent'. Did you mean"),
        ({}, {"time": "yea"}, "time: expected a column .* got 'yea'"),
        ({}, {"time": "ill"}, "time: expected dates or numbers in 'ill', got '(yes|no)'"),
        ({}, {"groups": "patient", "time": "year"}, "expected groups or time, got both: 'patient'"),
        ({"patient": 1}, {"groups": "patient"}, "groups: expected at least 4 different values"),
        ({"year": 1}, {"time": "year"}, "time 'year': expected each class on both sides of every"),
    ],
)
def test_what_cannot_divide_the_rows_is_an_error(frame, change, names, message):
    """A misspelt column, words as time, two columns, one group, one moment."""
    with pytest.raises(DataError, match=message):
        sides(frame.assign(**change), **names).hold_out(
            "classification", frame, frame["ill"], 0.25, 0
        )


def test_a_class_on_one_side_only_is_an_error(frame):
    """A class that one patient has, or that came last, cannot be learnt and judged."""
    one = frame["ill"].mask(frame["patient"] == 29, "rare")
    with pytest.raises(DataError, match=r"groups 'patient': .* got a side without class 'rare'"):
        sides(frame, groups="patient").hold_out("classification", frame, one, 0.25, 0)
    late = frame["ill"].mask(frame["year"] == 2019, "new")
    with pytest.raises(DataError, match=r"time 'year': .* got a side without class 'new'"):
        sides(frame, time="year").hold_out("classification", frame, late, 0.1, 0)


def test_intervals_count_groups_where_rows_are_alike(frame):
    """Of 20 patients whose rows are all alike, the interval holds the truth as often as it says."""
    by, plain, wide = sides(frame, groups="patient"), [], []
    for seed in range(150):
        rng = np.random.default_rng(seed)
        table = pd.DataFrame({"g": np.repeat(np.arange(20), 10)})
        values = rng.normal(size=20)[table["g"]] + rng.normal(0, 0.3, 200)
        low, high = intervals.mean_interval(values)[1:]
        plain.append(low < 0 < high)
        by = sides(table, groups="g")
        low, high = by.interval(intervals.mean_interval, table.index, values)[1:]
        wide.append(low < 0 < high)
    assert np.mean(plain) < 0.6
    assert 0.9 < np.mean(wide) <= 0.99
    assert RANDOM.interval(intervals.mean_interval, table.index, values) == intervals.mean_interval(
        values
    )


def test_intervals_by_group_keep_to_their_scale():
    """An area is at most 1, and a class of one group alone makes anything possible."""
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"g": np.repeat(np.arange(6), 20)})
    truth = rng.integers(0, 2, 120).astype(bool)
    given = truth + rng.normal(0, 0.4, 120)
    by = sides(table, groups="g")
    area = by.interval(scores.auc, table.index, truth, given, top=1)
    assert area.low < area.value < area.high <= 1
    alone = by.interval(scores.auc, table.index, table["g"].to_numpy() == 0, given, top=1)
    assert (alone.low, alone.high) == (-np.inf, 1)


def test_a_model_by_group_is_judged_on_new_groups(frame):
    """A quantity that is the patient's own cannot be predicted for another."""
    rng = np.random.default_rng(0)
    own = pd.Series(rng.normal(size=30)[frame["patient"]], frame.index)
    features = pd.DataFrame(np.eye(30)[frame["patient"]], frame.index)
    by = sides(frame, groups="patient")
    real, given = by.unseen(LinearRegression(), features, own, by.once("regression", own, 5, 0))
    assert np.corrcoef(real, given)[0, 1] < 0.3
    at_random = RANDOM.unseen(LinearRegression(), features, own, 5)[1]
    assert np.corrcoef(own, at_random)[0, 1] > 0.95
