"""How well one feature predicts, whatever its distribution and however rare a class."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from fourfold.errors import DataError
from fourfold.methods.supervised.alone import score_alone
from fourfold.methods.supervised.sides import sides

ROWS = 400


@pytest.mark.parametrize(
    "clothes",
    [
        lambda y: 100 * y,
        lambda y: np.log(y),
        lambda y: -np.exp(y / y.max()),
        lambda y: y.rank(),
        lambda y: 1 / y,
        lambda y: (y - y.median()) ** 2 * np.sign(y - y.median()),
        lambda y: y.where(np.arange(len(y)) % 3 > 0),
        lambda y: y.rank().astype(int).astype(str),
    ],
    ids=["cents", "log", "falling", "rank", "inverse", "signed square", "a third missing", "words"],
)
@pytest.mark.parametrize("tail", [0.5, 3.0])
def test_the_target_in_other_clothes_scores_one(clothes, tail):
    """A rising or falling function of a quantity, short or long of tail; not words of one row."""
    rng = np.random.default_rng(0)
    goal = pd.Series(rng.lognormal(3, tail, ROWS), name="price")
    frame = pd.DataFrame({"noise": rng.normal(size=ROWS), "clothes": clothes(goal)})
    score = score_alone(frame, goal)
    assert score.name == "R² alone"
    assert score["noise"] < 0.1
    if frame["clothes"].dtype == float:
        assert score["clothes"] > 0.995


@pytest.mark.parametrize("classes", [2, 5, 30])
def test_a_code_of_the_classes_scores_one(classes):
    """Numbers in no order, and words; the classes may be many."""
    rng = np.random.default_rng(1)
    goal = pd.Series(rng.integers(0, classes, 600).astype(str), name="kind")
    codes = rng.permutation(classes)
    frame = pd.DataFrame(
        {"code": codes[goal.astype(int)], "word": "x" + goal, "no": rng.random(600)}
    )
    score = score_alone(frame, goal)
    assert score.name == "AUC alone"
    assert score[["code", "word"]].min() > 0.995
    assert score["no"] < 0.62


def test_a_rare_class_hides_nothing():
    """Of a class of 2 %, a strong feature has a high area, in either direction, and noise has none."""
    rng = np.random.default_rng(2)
    goal = pd.Series(np.where(rng.random(3000) < 0.02, "yes", "no"), name="churn")
    yes = goal == "yes"
    frame = pd.DataFrame(
        {
            "up": rng.normal(size=3000) + 2 * yes,
            "down": rng.normal(size=3000) - 2 * yes,
            "between": np.where(yes, rng.normal(0, 0.3, 3000), rng.normal(0, 2, 3000)),
            "noise": rng.normal(size=3000),
        }
    )
    score = score_alone(frame, goal)
    assert score[["up", "down"]].min() > 0.88
    assert score["between"] > 0.75
    assert 0.5 <= score["noise"] < 0.6


def test_a_feature_that_few_rows_have_is_seen():
    """The reason of a cancellation is known for the cancelled; a copy is known for one in four."""
    rng = np.random.default_rng(3)
    goal = pd.Series(rng.choice(["left", "stays"], 400), name="state")
    reason = pd.Series(rng.choice(["price", "moved"], 400)).where(goal == "left")
    copy = pd.Series((goal == "left").astype(float)).where(rng.random(400) < 0.25)
    score = score_alone(pd.DataFrame({"reason": reason, "copy": copy}), goal)
    assert score.min() > 0.995


def test_many_even_levels_count():
    """Three hundred shops of ten rows that explain nine tenths."""
    rng = np.random.default_rng(4)
    shop = np.repeat(np.arange(300), 10)
    goal = pd.Series(3 * rng.normal(size=300)[shop] + rng.normal(size=3000), name="sales")
    assert 0.8 < score_alone(pd.DataFrame({"shop": [f"s{n}" for n in shop]}), goal)["shop"] < 0.97


def test_groups_are_whole_in_folds():
    """A fingerprint of patients says much by rows, and nothing by patients."""
    rng = np.random.default_rng(5)
    patient = np.repeat(np.arange(40), 10)
    ill = rng.permutation(np.arange(40) % 2)[patient]
    mark = rng.normal(size=40)[patient] + rng.normal(0, 0.01, 400)
    frame = pd.DataFrame({"mark": mark, "patient": patient})
    goal = pd.Series(ill.astype(str), name="ill")
    by_rows = score_alone(frame[["mark"]], goal)["mark"]
    by_patient = score_alone(frame[["mark"]], goal, sides=sides(frame, groups="patient"))["mark"]
    assert by_rows > 0.85
    assert by_patient < 0.7


def test_draws_and_rows_are_those_asked_for():
    """Seed, folds and the number of rows change the score."""
    rng = np.random.default_rng(6)
    goal = pd.Series(rng.choice(["no", "yes"], 300), name="y")
    frame = pd.DataFrame({"x": (goal == "yes") * 0.5 + rng.normal(size=300).round(1) ** 2})
    whole = score_alone(frame, goal)
    for options in ({"seed": 1}, {"most": 60}, {"folds": 3}):
        assert not score_alone(frame, goal, **options).equals(whole)


def test_without_a_feature_there_is_nothing_to_compare():
    """The error names the target."""
    with pytest.raises(DataError, match="can predict 'y', got none"):
        score_alone(pd.DataFrame(index=range(4)), pd.Series([1, 2, 1, 2], name="y"))
