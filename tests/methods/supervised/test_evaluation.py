"""Targets, folds, the dummy's rival, and the corrected interval."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import t as student
from sklearn.linear_model import Ridge
from sklearn.model_selection import cross_val_score, train_test_split

from fourfold.errors import DataError
from fourfold.methods import intervals
from fourfold.methods.supervised import evaluation


@pytest.mark.parametrize(
    ("values", "task"),
    [
        ([1, 2, 3] * 4, "classification"),
        (list(range(11)), "regression"),
        ([0.5, 1.5, 0.5], "regression"),
        (["a", "b"], "classification"),
        ([True, False], "classification"),
        ([1.0, 2.0, None], "classification"),
    ],
)
def test_tasks(values, task):
    """Words, yes/no and few whole numbers are classes; the rest is a quantity."""
    assert evaluation.task(pd.Series(values)) == task


@pytest.mark.parametrize(
    ("values", "message"),
    [
        (["x", "x"], "target 'y': expected at least two different values, got only 'x'"),
        ([None], "got no value"),
        ([f"v{n}" for n in range(60)], "at most 50 classes, got 60 different"),
    ],
)
def test_targets_that_teach_nothing_are_told(values, message):
    """One value, no value, a text that differs in every row."""
    with pytest.raises(DataError, match=message):
        evaluation.task(pd.Series(values, name="y"))


def test_rows_that_cannot_be_learnt_from_are_left_out():
    """Missing targets, and classes of which no row could judge or too few could teach."""
    frame = pd.DataFrame({"x": [*range(9), 0], "y": [*"aaaabbbb", None, "a"]})
    rows, target = evaluation.learnable_rows(frame, "y", folds=4)
    assert rows.index.tolist() == [*range(8), 9]
    assert target.tolist() == list("aaaabbbba")
    with pytest.raises(DataError, match="two classes of at least 6 rows, got 'a' 5, 'b' 4"):
        evaluation.learnable_rows(frame, "y", folds=5, held_out=0.5)


def test_classes_that_are_numbers_are_written_as_such():
    """Also where a missing value made floats of them."""
    frame = pd.DataFrame({"x": range(11), "y": [*[1.0] * 5, *[2.0] * 5, None]})
    assert set(evaluation.learnable_rows(frame, "y", 3)[1]) == {"1", "2"}


def _numbers(rows, seed=0):
    return pd.DataFrame(np.random.default_rng(seed).normal(size=(rows, 3)), columns=list("abc"))


def test_people_who_answer_alike_are_different_people():
    """Two questions, a shop, words that go together: equal rows that differ in the target."""
    rng = np.random.default_rng(0)
    two = pd.DataFrame({"sex": rng.choice(["f", "m"], 2000), "age": rng.choice(["o", "y"], 2000)})
    ill = pd.Series(np.where(rng.random(2000) < 0.1, "yes", "no"))
    shop = pd.Series(rng.choice([f"s{n}" for n in range(300)], 2000))
    both = pd.DataFrame({"shop": shop, "city": shop.str[:2]})
    for features in (two, shop.to_frame(), both):
        assert evaluation.twins(features, ill).nunique() == 2000
    surely = (two["sex"] + two["age"]).rename("y")  # known by the two for sure
    assert evaluation.twins(two, surely).nunique() == 2000


@pytest.mark.parametrize("times", [2, 20])
def test_copies_are_one_group(times):
    """A table that was joined to itself, a rare class that was repeated, a few rows sent twice."""
    frame = _numbers(100)
    goal = pd.Series(["a", "b"] * 50)
    everything = pd.concat([frame] * times, ignore_index=True)
    assert (
        evaluation.twins(everything, pd.concat([goal] * times, ignore_index=True)).nunique() == 100
    )
    rare = pd.concat([frame[:90], *[frame[90:]] * times], ignore_index=True)
    labels = pd.Series(["a"] * 90 + ["b"] * 10 * times)
    assert evaluation.twins(rare, labels).nunique() == 100
    few = pd.concat([frame, frame[:5]], ignore_index=True)
    assert evaluation.twins(few, pd.concat([goal, goal[:5]], ignore_index=True)).nunique() == 100


@pytest.mark.parametrize("kind", ["classification", "regression"])
def test_copies_are_in_one_fold_and_all_others_where_they_were(kind):
    """No copy is on both sides; without copies the folds are those of scikit-learn."""
    frame = pd.concat([_numbers(60)] * 3, ignore_index=True)
    goal = frame["a"] if kind == "regression" else pd.Series(["u", "v"] * 90)
    groups = evaluation.twins(frame, goal)
    for learn, test in evaluation.splits(kind, 5, 2, 0, groups).split(frame, goal):
        assert not set(groups.iloc[learn]) & set(groups.iloc[test])
        assert len(learn) + len(test) == 180
    train, test, goal_train, goal_test = evaluation.hold_out(frame, goal, 0.25, 0, groups)
    assert not set(groups[train.index]) & set(groups[test.index])
    assert (len(train), len(test)) == (135, 45)
    assert goal_train.index.equals(train.index)
    assert goal_test.index.equals(test.index)
    once, target = frame[:60], goal[:60]
    alone = evaluation.twins(once, target)
    ours = evaluation.splits(kind, 5, 1, 0, alone).split(once, target)
    theirs = evaluation.splits(kind, 5, 1, 0).split(once, target)
    assert [t.tolist() for _, t in ours] == [t.tolist() for _, t in theirs]
    strata = None if kind == "regression" else target
    split = train_test_split(once, target, test_size=0.25, random_state=0, stratify=strata)
    pairs = zip(evaluation.hold_out(once, target, 0.25, 0, alone), split, strict=True)
    assert all(a.index.tolist() == b.index.tolist() for a, b in pairs)


@pytest.mark.parametrize(("rare", "folds"), [(4, 3), (5, 3), (6, 4), (7, 5), (30, 5)])
def test_a_rare_class_gets_fewer_folds(rare, folds):
    """Each part has one of it, held out or not."""
    goal = pd.Series(["b"] * rare + ["a"] * 90, name="y")
    alone = pd.Series(range(len(goal)))
    frame = pd.DataFrame({"x": np.arange(len(goal)) / 3})
    affordable = evaluation.affordable_folds(goal, 5, 0.25, alone)
    assert affordable == folds
    train, _, goal_train, goal_test = evaluation.hold_out(frame, goal, 0.25, 0, alone)
    assert "b" in set(goal_test)
    for _, test in evaluation.splits("classification", folds).split(train, goal_train):
        assert "b" in set(goal_train.iloc[test])


@given(st.lists(st.integers(1, 4), min_size=4, max_size=7), st.integers(0, 3))
def test_each_class_learns_and_judges_with_copies(sizes, seed):
    """Of four rows of a class some may be copies, or all; none has sklearn's own message."""
    labels = ["common"] * 200 + ["rare"] * len(sizes)
    copies = [*range(200), *(200 + size for size in sizes)]
    frame = pd.DataFrame({"x": copies, "y": labels})
    groups = pd.Series(copies, frame.index)
    train, test, goal_train, goal_test = evaluation.hold_out(frame, frame["y"], 0.25, seed, groups)
    assert set(goal_train) == set(goal_test) == {"common", "rare"}
    assert sorted([*train.index, *test.index]) == frame.index.tolist()
    if len(set(sizes)) > 1:
        assert not set(train["x"]) & set(test["x"])


def test_a_class_of_copies_is_too_few_rows():
    """Five times the same row are one."""
    goal = pd.Series(["b"] * 5 + ["a"] * 90, name="y")
    groups = pd.Series([0] * 5 + [*range(5, 95)])
    with pytest.raises(DataError, match=r"at least 4 different rows of class 'b'.*got 1"):
        evaluation.affordable_folds(goal, 5, 0.25, groups)


@pytest.mark.parametrize(
    ("target", "message"), [("z", "got 'z'"), ("xx", "Did you mean 'x'"), ("x", "at least 16")]
)
def test_a_target_that_is_not_there_or_too_short_is_told(target, message):
    """With the nearest column, or the rows needed."""
    frame = pd.DataFrame({"x": np.arange(15) / 2, "y": [*("ab" * 7), "a"]})
    with pytest.raises(DataError, match=message):
        evaluation.learnable_rows(frame, target, folds=8)


def test_folds_and_repeats():
    """As many scores as folds times repeats; classes keep their shares; seeds differ."""
    target = pd.Series([0] * 30 + [1] * 10)
    cv = evaluation.splits("classification", folds=5, repeats=3, seed=1)
    parts = [test for _, test in cv.split(np.zeros((40, 1)), target)]
    assert len(parts) == 15
    assert all(target.iloc[part].sum() == 2 for part in parts)
    other = evaluation.splits("regression", 5, 3, seed=2)
    assert [t.tolist() for _, t in other.split(np.zeros((40, 1)))] != [p.tolist() for p in parts]


def test_corrected_interval_by_hand():
    """Of 0.7, 0.8, 0.9 in three folds: variance 0.01 times 1/3 + 1/2, Student with 2 df."""
    half = student.ppf(0.975, 2) * np.sqrt(0.01 * (1 / 3 + 1 / 2))
    found = intervals.corrected_interval([0.7, 0.8, 0.9], folds=3)
    assert found == pytest.approx((0.8, 0.8 - half, 0.8 + half))
    wider, narrower = (intervals.corrected_interval([0.7, 0.8, 0.9], f) for f in (2, 10))
    assert wider.low < found.low < narrower.low
    surer = intervals.corrected_interval([0.7, 0.8, 0.9], folds=3, level=0.99)
    assert 0.8 - surer.low == pytest.approx(half * student.ppf(0.995, 2) / student.ppf(0.975, 2))
    of_r2 = intervals.corrected_interval([0.7, 0.8, 0.9], folds=3, task="regression")
    assert 0.8 - of_r2.low == pytest.approx(student.ppf(0.975, 2) * np.sqrt(0.01 / 2))


def test_corrected_interval_holds_where_the_plain_one_fails():
    """A true R² of 0.5 known by formula lies in at least 90 % of 95 % intervals of 60 data sets."""
    inside = []
    for seed in range(60):
        generator = np.random.default_rng(seed)
        x = generator.normal(size=(100, 1))
        y = x[:, 0] + generator.normal(size=100)
        cv = evaluation.splits("regression", 5, 4, seed)
        _, low, high = intervals.corrected_interval(
            cross_val_score(Ridge(alpha=1e-6), x, y, cv=cv, scoring="r2"), 5, task="regression"
        )
        inside.append(low <= 0.5 <= high)
    assert np.mean(inside) >= 0.9


def test_thinning_keeps_rare_classes():
    """About as many rows as asked for, at least `folds` of each class, drawn by seed."""
    target = pd.Series(["a"] * 960 + ["b"] * 40)
    rows = evaluation.thin(target, 100, folds=8)
    assert target.iloc[rows].value_counts().to_dict() == {"a": 96, "b": 8}
    assert (np.diff(rows) > 0).all()
    assert not np.array_equal(rows, evaluation.thin(target, 100, folds=8, seed=1))
    numbers = pd.Series(np.arange(1000) / 3)
    assert len(evaluation.thin(numbers, 100, folds=5)) == 100


@pytest.mark.parametrize("also", [["received"], ["received", "number"]])
def test_copies_differ_in_the_time_they_were_received(also):
    """Each thing was written four times: equal but for columns of which no value comes twice."""
    rng = np.random.default_rng(0)
    once = pd.DataFrame({"age": rng.normal(40, 9, 150), "x": rng.random(150)})
    frame = pd.concat([once] * 4, ignore_index=True)
    frame["received"], frame["number"] = rng.random(600), np.arange(600)
    target = pd.Series(np.tile(rng.choice(["yes", "no"], 150), 4))
    copies = evaluation.twins(frame[["age", "x", *also]], target)
    assert copies.nunique() == 150
    assert (copies == np.tile(np.arange(150), 4)).all()


def test_people_who_share_an_age_are_no_copies():
    """Though nothing else but a measure of their own tells them apart."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"age": rng.integers(18, 90, 400), "sex": rng.choice(["f", "m"], 400)})
    frame["weight"] = rng.normal(70, 10, 400)
    for target in (rng.choice(["yes", "no"], 400), np.where(frame["age"] > 50, "yes", "no")):
        assert evaluation.twins(frame, pd.Series(target)).nunique() == 400
