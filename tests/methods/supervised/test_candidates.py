"""Candidates on the same folds, beside a dummy, and when one has won."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.base import clone
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.tree import DecisionTreeRegressor
from threadpoolctl import threadpool_info, threadpool_limits

from fourfold.errors import DataError
from fourfold.methods.intervals import corrected_interval
from fourfold.methods.supervised import candidates
from fourfold.methods.supervised.evaluation import splits

RNG = np.random.default_rng(0)
FRAME = pd.DataFrame({"x": RNG.normal(size=120), "w": RNG.choice(["a", "b"], 120)})
GOAL = 2 * FRAME["x"] + (FRAME["w"] == "a") + RNG.normal(0, 0.5, 120)


def test_names_choose_and_a_wrong_one_is_told():
    """In the order asked for, once each; with the nearest name."""
    known = {"ridge": 1, "forest": 2}
    assert list(candidates.choose(["forest", "ridge", "forest"], known)) == ["forest", "ridge"]
    with pytest.raises(DataError, match=r"got 'rigde'.* Did you mean 'ridge'"):
        candidates.choose(["rigde"], known)
    with pytest.raises(DataError, match="at least one of ridge, forest, got none"):
        candidates.choose([], known)


def test_a_model_beats_the_dummy_on_the_same_folds():
    """The dummy scores about 0 in regression and one half in classification."""
    models = candidates.pipelines({"ridge": Ridge()}, FRAME, "regression")
    found = candidates.cross_validate(models, FRAME, GOAL, splits("regression", 4, 2), "regression")
    assert found.shape == (8, 2)
    assert list(found) == ["dummy", "ridge"]
    assert found["ridge"].mean() > 0.8
    assert found["dummy"].mean() == pytest.approx(0, abs=0.1)
    labels = (GOAL > 0).astype(int)
    models = candidates.pipelines({"logistic": LogisticRegression()}, FRAME, "classification")
    cv = splits("classification", 4, 1)
    found = candidates.cross_validate(models, FRAME, labels, cv, "classification")
    assert (found["dummy"] == 0.5).all()
    assert found["logistic"].mean() > 0.9


def test_the_ranking_by_hand():
    """Means, corrected intervals, and gains over the dummy; best first."""
    found = pd.DataFrame({"dummy": [0.0, 0.1], "a": [0.5, 0.7], "b": [0.9, 0.9]})
    table = candidates.rank(found, folds=2)
    assert table.index.tolist() == ["b", "a", "dummy"]
    assert table.loc["a", "score"] == pytest.approx(0.6)
    assert table.loc["a", "gain"] == pytest.approx(0.55)
    _, low, high = corrected_interval([0.5, 0.6], 2)
    assert table.loc["a", ["gain low", "gain high"]].tolist() == pytest.approx([low, high])


def test_more_competitors_need_a_clearer_lead():
    """The same two scores have won alone, but not against eight others: the interval is wider."""
    a = np.array([0.80, 0.86, 0.83, 0.85])
    two = pd.DataFrame({"dummy": 0.9, "a": a, "b": a - [0.03, 0.05, 0.04, 0.06]})
    many = two.assign(**{f"m{n}": 0.1 for n in range(8)})
    alone, crowd = candidates.winner(two, folds=5), candidates.winner(many, folds=5)
    assert (alone.name, alone.runner_up) == (crowd.name, crowd.runner_up) == ("a", "b")
    assert alone.clear
    assert not crowd.clear
    assert candidates.winner(two[["dummy", "a"]], 5).runner_up == ""


def test_one_model_under_two_names_has_no_winner():
    """No difference at all is no lead."""
    a = [0.8, 0.9, 0.7]
    assert not candidates.winner(pd.DataFrame({"a": a, "b": a}), folds=3).clear


def test_the_better_of_two_equal_models_seldom_wins():
    """Two trees that each see one of two equal features: a lead in at most 5 % (here of 60)."""
    won = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        both = rng.normal(size=(80, 2))
        goal = pd.Series(both.sum(axis=1) + rng.normal(size=80))
        cv = splits("regression", 5, 2, seed)
        tree = DecisionTreeRegressor(max_depth=2, random_state=0)
        found = pd.DataFrame(
            {
                name: candidates.cross_validate(
                    {name: tree}, pd.DataFrame(both[:, [column]]), goal, cv, "regression"
                )[name]
                for column, name in enumerate("ab")
            }
        )
        won += candidates.winner(found, 5).clear
    assert won <= 6


class Counting(LogisticRegression):
    """A model that notes with how many threads it is fitted and asked."""

    def fit(self, X, y):
        self.threads_ = {each["num_threads"] for each in threadpool_info()}
        return super().fit(X, y)

    def predict(self, X):
        self.threads_ |= {each["num_threads"] for each in threadpool_info()}
        return super().predict(X)


@pytest.mark.parametrize(("rows", "one"), [(40, True), (10_001, False)])
def test_small_tables_are_spared_of_threads(rows, one):
    """Boosting waits for a second thread twenty times as long as it computes, on a busy machine."""
    frame = pd.DataFrame({"x": np.arange(rows) % 7.0})
    goal = pd.Series(np.arange(rows) % 2, name="y")
    model = candidates.pipelines({"counting": Counting()}, frame, "classification")["counting"]
    with threadpool_limits(3):
        clone(model).fit(frame, goal)
        model.fit(frame, goal).predict(frame)
        assert (model.steps[-1][1].threads_ == {1}) is one
    assert hasattr(model, "predict_proba")
    assert not hasattr(candidates.Pipeline([("model", DecisionTreeRegressor())]), "predict_proba")
