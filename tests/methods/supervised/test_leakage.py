"""Leaks: features that know, perfect models, the same row, thing or time on both sides."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression, Ridge

from fourfold.errors import DataError
from fourfold.methods.supervised import leakage
from fourfold.methods.supervised.alone import score_alone
from fourfold.methods.supervised.candidates import pipelines
from fourfold.methods.supervised.sides import RANDOM, sides


def test_a_feature_that_knows_the_answer_is_named():
    """A copy of the target with other words; not one that is only good."""
    rng = np.random.default_rng(0)
    goal = pd.Series(rng.choice(["no", "yes"], 200))
    good = (goal == "yes") + rng.normal(0, 0.5, 200)
    clear = leakage.single_feature(score_alone(pd.DataFrame({"good": good}), goal))
    assert (clear.verdict, clear.result[:23]) == (leakage.CLEAR, "good alone has an AUC o")
    copies = pd.DataFrame({"good": good, "copy": goal.map({"no": 3, "yes": 4}), "twin": goal})
    leak = leakage.single_feature(score_alone(copies, goal))
    assert leak.verdict == leakage.LEAK
    assert leak.result == "copy and twin alone have an AUC of 1.00"
    assert leak.about == ("copy", "twin")


def test_a_feature_that_is_only_strong_is_worth_a_look():
    """Means that lie 3.3 standard deviations apart are an AUC of 0.99; by R² it is a leak."""
    strong = pd.Series({"use": 0.993, "age": 0.6}, name="AUC alone")
    look = leakage.single_feature(strong)
    assert (look.verdict, look.about) == (leakage.LOOK, ("use",))
    assert leakage.single_feature(strong.rename("R² alone")).verdict == leakage.LEAK
    assert leakage.single_feature(strong + 0.0065).verdict == leakage.LEAK


def test_features_that_know_the_answer_together_are_named():
    """Two kinds of riders; one that knows alone is not combined."""
    rng = np.random.default_rng(0)
    frame = pd.DataFrame(rng.integers(1, 200, (300, 3)), columns=["casual", "registered", "temp"])
    goal = (frame["casual"] + frame["registered"]).rename("riders").astype(float)
    for table in (frame, frame.assign(copy=goal * 100)):
        alone = score_alone(table, goal)
        check = leakage.several_features(table, goal, alone, "regression")
        assert check.result == "registered + casual gives riders"
        assert (check.verdict, check.about) == (leakage.LEAK, ("registered", "casual"))
    rest = frame[["temp", "casual"]]
    clear = leakage.several_features(rest, goal, score_alone(rest, goal), "regression")
    assert clear.verdict == leakage.CLEAR


def perfect(legitimate: dict[str, str], other: float) -> leakage.Check:
    """Return the check of a model on an odour that knows, and something else that may."""
    rng = np.random.default_rng(0)
    goal = pd.Series(rng.integers(0, 2, 400), name="edible")
    frame = pd.DataFrame(
        {"odour": goal + rng.normal(0, 0.05, 400), "cap": goal + rng.normal(0, other, 400)}
    )
    model = pipelines({"m": LogisticRegression()}, frame, "classification")["m"]
    parts = RANDOM.hold_out("classification", frame, goal, 0.25, 0)
    check = leakage.perfect_model(1.0, model, parts, legitimate)
    return leakage.explained([check], legitimate, list(frame))[0]


def test_a_perfect_model_needs_a_reason():
    """And the reason must be for what makes it perfect: without that, the rest is judged."""
    reason = {"odour": "smelt before it is eaten"}
    assert perfect({}, 0.8).verdict == leakage.LEAK
    explained = perfect(reason, 0.8)
    assert explained.verdict == leakage.STATED
    assert explained.result.startswith("AUC 1.00 on 100 rows held out, without odour 0.")
    assert explained.result.endswith("; legitimate, because: smelt before it is eaten")
    assert perfect(reason, 0.05).verdict == leakage.LEAK
    assert perfect({"all": "mushrooms differ"}, 0.05).verdict == leakage.STATED
    assert perfect({"cap": "seen", **reason}, 0.05).verdict == leakage.STATED
    frame = pd.DataFrame({"x": [1.0]})
    imperfect = leakage.perfect_model(0.99, Ridge(), (frame, frame), {})
    assert imperfect[1:4] == ("R² 0.990 on 1 rows held out", leakage.CLEAR, ())


@pytest.mark.parametrize(
    ("legitimate", "message"),
    [
        ({"odor": "x"}, "legitimate: expected columns of the data, or all, got 'odor'. Did you"),
        ({"odour": " "}, "legitimate: expected a reason for 'odour', got an empty text"),
    ],
)
def test_reasons_must_be_for_something_and_say_something(legitimate, message):
    """A misspelt column would explain nothing without a word."""
    with pytest.raises(DataError, match=message):
        leakage.explained([], legitimate, ["odour"])


def test_a_reason_explains_only_its_own_columns():
    """A sum needs a reason for each of its parts; what is clear stays as it is."""
    leak = leakage.Check("several", "a + b gives y", leakage.LEAK, ("a", "b"))
    clear = leakage.Check("one", "nothing", leakage.CLEAR, ("a",))
    half, same = leakage.explained([leak, clear], {"a": "known"}, ["a", "b"])
    assert (half, same) == (leak, clear)
    whole = leakage.explained([leak], {"a": "known", "b": "known"}, ["a", "b"])[0]
    assert whole.result == "a + b gives y; legitimate, because: known"


def test_rows_on_both_sides_are_counted():
    """Exact repeats, whatever their index; missing values are equal."""
    train = pd.DataFrame({"x": [1.0, None, 3.0] * 40, "w": ["a", "b", "c"] * 40})
    same = pd.DataFrame({"x": [None, 5.0], "w": ["b", "b"]}, index=[7, 8])
    found = leakage.duplicates(train, same)
    assert found.result == "1 of 2 rows held out (50 %) are training rows as well"
    assert found.verdict == leakage.LOOK
    assert leakage.duplicates(train, same.iloc[1:]).verdict == leakage.CLEAR


def patients(marked: bool) -> tuple[pd.DataFrame, pd.Series]:
    """Return rows of 40 patients, who have a fingerprint or not, and whether they are ill."""
    rng = np.random.default_rng(1)
    patient = np.repeat(np.arange(40), 10)
    ill = (np.arange(40) % 2)[patient]
    marks = rng.normal(size=(40, 4))[patient] if marked else rng.normal(size=(400, 4))
    frame = pd.DataFrame(marks + rng.normal(0, 0.1, (400, 4)), columns=list("abcd"))
    frame["a"] += 0.7 * ill
    return frame.assign(patient=[f"p{n}" for n in patient]), pd.Series(ill, name="ill")


def test_patients_on_both_sides_are_a_leak_if_the_model_knows_them_again():
    """Not if it does not, and not if the split is by patient."""
    forest = RandomForestClassifier(50, random_state=0)
    verdicts = {}
    for marked in (True, False):
        frame, goal = patients(marked)
        known = frame.drop(columns="patient")
        model = pipelines({"m": forest}, known, "classification")["m"]
        check = leakage.group_split(model, known, goal, frame, RANDOM, 0)
        verdicts[marked] = check.verdict
        if marked:
            assert check.result.startswith("by patient 0.")
            assert check.remedy.startswith("Set groups: patient, or state in legitimate")
            by = sides(frame, groups="patient")
            split = leakage.group_split(model, known, goal, frame, by, 0)
            assert (split.verdict, split.result) == (leakage.CLEAR, by.words)
            bare = leakage.group_split(model, known, goal, known, RANDOM, 0)
            assert bare.result == "no column repeats a thing"
    assert verdicts == {True: leakage.LEAK, False: leakage.CLEAR}


def test_a_drift_over_time_is_seen():
    """A relation that turns round is a leak; a steady one, or one that fades by time, is clear."""
    rng = np.random.default_rng(0)
    rows = 400
    days = pd.date_range("2024-01-01", periods=rows)
    features = pd.DataFrame({"x": rng.normal(size=rows), "day": np.arange(rows) % 7.0})
    steady = 2 * features["x"] + rng.normal(0, 0.3, rows)
    turned = steady * np.where(np.arange(rows) < 0.75 * rows, 1, -1)
    faded = steady * np.where(np.arange(rows) < 0.75 * rows, 1, 0.6)
    frame = pd.DataFrame({"when": days, "x": features["x"]})
    checks = [
        leakage.time_split(Ridge(), features, goal, table, by, seed=0)
        for goal, table, by in (
            (turned, frame, RANDOM),
            (faded, frame, RANDOM),
            (steady, frame, RANDOM),
            (turned, frame[["x"]], RANDOM),
            (faded, frame, sides(frame, time="when")),
            (turned, frame, sides(frame, time="when")),
        )
    ]
    clear = leakage.CLEAR
    expected = [leakage.LEAK, leakage.LOOK, clear, clear, clear, leakage.LEAK]
    assert [check.verdict for check in checks] == expected
    assert checks[0].result.startswith("by when: the last 25 % score -")
    assert checks[0].remedy.startswith("Set time: when, or state")
    assert checks[3].result == "no column orders the rows in time"
    assert checks[5].remedy.startswith("Find the change")
    other = leakage.time_split(Ridge(), features, turned, frame, RANDOM, seed=5)
    assert other.result != checks[0].result


def test_a_class_that_is_only_late_is_no_score():
    """Then it is said, instead of an error of the score."""
    frame = pd.DataFrame({"when": pd.date_range("2024-01-01", periods=80), "x": np.arange(80.0)})
    goal = pd.Series([0] * 70 + [1] * 10, name="y")
    model = pipelines({"m": LogisticRegression()}, frame[["x"]], "classification")["m"]
    check = leakage.time_split(model, frame[["x"]], goal, frame, RANDOM, 0)
    assert check.result == "by when: not each class early and late"
