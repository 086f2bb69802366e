"""Candidates on the same folds, beside a dummy, and when one has won."""

from __future__ import annotations

import time

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
from fourfold.methods.supervised.budget import Budget
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
    cv = splits("regression", 4, 2)
    found = candidates.cross_validate(models, FRAME, GOAL, cv, "regression").scores
    assert found.shape == (8, 2)
    assert list(found) == ["dummy", "ridge"]
    assert found["ridge"].mean() > 0.8
    assert found["dummy"].mean() == pytest.approx(0, abs=0.1)
    labels = (GOAL > 0).astype(int)
    models = candidates.pipelines({"logistic": LogisticRegression()}, FRAME, "classification")
    cv = splits("classification", 4, 1)
    found = candidates.cross_validate(models, FRAME, labels, cv, "classification").scores
    assert (found["dummy"] == 0.5).all()
    assert found["logistic"].mean() > 0.9


def test_the_ranking_by_hand():
    """Means, corrected intervals, and gains over the dummy; best first."""
    found = pd.DataFrame({"dummy": [0.0, 0.1], "a": [0.5, 0.7], "b": [0.9, 0.9]})
    lost = pd.DataFrame({"dummy": [2.0, 2.1], "a": [2.5, 2.6], "b": [1.0, 3.0]})
    table = candidates.rank(candidates.Validation(found, lost, "classification"), folds=2)
    words = {"a": "loses to the baseline", "b": "not shown to beat the baseline", "dummy": ""}
    assert table["by loss"].to_dict() == words
    assert table["loss"].to_dict() == pytest.approx({"a": 2.55, "b": 2.0, "dummy": 2.05})
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
                ).scores[name]
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


def test_the_dummy_is_the_best_constant_for_the_loss():
    """By absolute error the median: of mostly zeros it is 0, which a linear model does not beat."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=2000)
    goal = pd.Series(np.where(rng.random(2000) < 0.25 + 0.2 * np.tanh(2 * x), 30.0, 0.0))
    frame = pd.DataFrame({"x": x})
    models = candidates.pipelines({"ridge": Ridge()}, frame, "regression")
    cv = splits("regression", 5, 2)
    tried = candidates.cross_validate(models, frame, goal, cv, "regression")
    assert tried.losses["dummy"].mean() == pytest.approx(goal.abs().mean(), rel=1e-3)
    table = candidates.rank(tried, 5)
    assert table.loc["ridge", "gain low"] > 0  # and yet R² is better than that of the mean
    assert table.loc["ridge", "by loss"] == "loses to the baseline"


@pytest.mark.parametrize(("prices", "loss"), [((1, 10), 0.9), ((10, 1), 0.1), ((1, 1), 0.1)])
def test_the_dummy_answers_the_cheapest_class(prices, loss):
    """One of ten is positive: flag all if misses are dear, else none."""
    goal = pd.Series([1, *[0] * 9] * 20)
    frame = pd.DataFrame({"x": np.arange(200) % 7.0})
    models = candidates.pipelines({"m": LogisticRegression()}, frame, "classification")
    cv = splits("classification", 5, 1)
    tried = candidates.cross_validate(models, frame, goal, cv, "classification", prices)
    assert tried.losses["dummy"].mean() == pytest.approx(loss)
    assert candidates.rank(tried, 5).loc["m", "by loss"] == "not shown to beat the baseline"


class Slow(Ridge):
    """A model that takes its time."""

    pace = 0.4

    def fit(self, X, y):
        end = time.monotonic() + self.pace
        while time.monotonic() < end:
            pass
        return super().fit(X, y)


class Slower(Slow):
    """A model that takes more time than there is."""

    pace = 20


def test_a_budget_is_kept_and_says_what_it_left_out():
    """The slow model is no candidate, or some splits are left out; without any there is an error."""
    frame = FRAME[["x"]]
    both = candidates.pipelines({"slow": Slower(), "ridge": Ridge()}, frame, "regression")
    budget = Budget(30)
    cv = splits("regression", 5, 10)
    tried = candidates.cross_validate(both, frame, GOAL, cv, "regression", budget=budget)
    assert list(tried.scores) == ["dummy", "ridge"]
    assert len(tried.scores) >= 3
    assert "slow as a candidate" in budget.left_out[0]
    slow = candidates.pipelines({"slow": Slow()}, frame, "regression")
    budget = Budget(24)
    tried = candidates.cross_validate(slow, frame, GOAL, cv, "regression", budget=budget)
    assert 3 <= len(tried.scores) < 50
    assert budget.left_out == [f"{50 - len(tried.scores)} of 50 splits"]
    with pytest.raises(DataError, match="seconds: expected time for 3 fits of a model"):
        candidates.cross_validate(slow, frame, GOAL, cv, "regression", budget=Budget(0.5))
