"""Draws against closed forms, ties, tipping weights, and honesty on equal platforms."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import beta, norm

from fourfold.methods.platform.acceptability import (
    Decision,
    Draws,
    dominated,
    doubts,
    draw,
    tipping,
)


def card(points, weights=None, error=0.0):
    points = np.asarray(points, dtype=float)
    weights = (
        np.full(points.shape[1], 1 / points.shape[1]) if weights is None else np.array(weights)
    )
    names = [
        tuple(f"{kind}{n}" for n in range(size))
        for kind, size in zip("pc", points.shape, strict=True)
    ]
    return Decision(*names, weights / weights.sum(), points, np.full(points.shape, error))


def test_drawn_scores_against_the_normal_distribution():
    """Two platforms, fixed weights: the share of wins is that of a normal difference."""
    found = card([[60, 50], [50, 50]], [3, 1], error=10)
    sd = 10 * np.sqrt(2 * (0.75**2 + 0.25**2))
    drawn = draw(found, 20_000, np.inf)
    share, low, high = drawn.wins(0)
    assert low <= norm.cdf(7.5 / sd) <= high
    assert high - low < 0.02
    assert share == pytest.approx((drawn.totals[:, 0] > drawn.totals[:, 1]).mean())
    assert drawn.totals.mean(axis=0) == pytest.approx([57.5, 50], abs=0.3)


def test_drawn_weights_against_the_beta_distribution():
    """Two criteria, exact scores: the first wins where its weight is above one half."""
    found = card([[100, 0], [0, 100]], [0.6, 0.4])
    _, low, high = draw(found, 20_000, 30).wins(0)
    assert low <= 1 - beta.cdf(0.5, 18, 12) <= high


def test_weights_vary_as_firmly_as_they_are_told():
    """Mean and deviation of a Dirichlet weight; a weight of 0 stays 0."""
    found = card([[100, 0, 0], [0, 0, 100]], [0.2, 0.8, 0])
    totals = draw(found, 40_000, 15).totals
    assert totals[:, 0].mean() == pytest.approx(20, abs=0.3)
    assert totals[:, 0].std() == pytest.approx(100 * np.sqrt(0.2 * 0.8 / 16), rel=0.03)
    assert (totals[:, 1] == 0).all()


def test_draws_firmness_and_seed_change_the_result():
    """And the same seed gives the same draws."""
    found = card([[60, 40], [50, 50]], error=5)
    first = draw(found, 500, 50)
    assert np.array_equal(first.totals, draw(found, 500, 50).totals)
    assert not np.array_equal(first.totals, draw(found, 500, 50, seed=1).totals)
    assert draw(found, 500, 5).totals.std() > draw(found, 500, 5000).totals.std()
    assert np.ptp(draw(found, 5000, 50).wins(0)[1:]) < np.ptp(first.wins(0)[1:])


def test_ranks_by_hand():
    """Three draws of three platforms; ties share the ranks that they take."""
    drawn = Draws(np.array([[3.0, 2, 1], [3, 3, 1], [1, 1, 1]]))
    expected = np.array([[1 + 1 / 2 + 1 / 3, 1 / 2 + 1 / 3, 1 / 3], [1 / 2 + 1 / 3, 1 + 1 / 2 + 1 / 3, 1 / 3], [1 / 3, 1 / 3, 2 + 1 / 3]])  # fmt: skip
    assert drawn.acceptability == pytest.approx(expected / 3)
    assert drawn.without(0).acceptability[:, 0] == pytest.approx([5 / 6, 1 / 6])


def test_the_same_platform_twice_wins_half():
    """Without doubt about scores, neither is ever first alone: the order in the file is no merit."""
    found = card([[61.3, 47.7, 12.1]] * 2, [0.31, 0.27, 0.42])
    assert draw(found, 1000, 20).wins(0)[0] == draw(found, 1000, 20).wins(1)[0] == 0.5


def test_lead_is_the_range_of_the_difference():
    """95 % of the draws; the other way round it changes sign."""
    drawn = draw(card([[60, 50], [50, 50]], error=10), 4000, np.inf)
    low, high = drawn.lead(0, 1)
    gap = drawn.totals[:, 0] - drawn.totals[:, 1]
    assert ((low <= gap) & (gap <= high)).mean() == pytest.approx(0.95, abs=0.001)
    assert drawn.lead(1, 0) == pytest.approx((-high, -low))


def test_tipping_weights_by_hand():
    """a 80/20 against b 20/90 at weights 60/40: level where 60 t = 70 (1 - t), at t = 7/13."""
    table = tipping(card([[80, 20], [20, 90]], [0.6, 0.4]))
    assert table["tips at"].to_dict() == pytest.approx({"c0": 7 / 13, "c1": 6 / 13})
    assert table["change"].to_dict() == pytest.approx({"c0": 7 / 13 - 0.6, "c1": 6 / 13 - 0.4})
    assert table["winner then"].tolist() == ["p1", "p1"]


def test_the_nearest_of_several_rivals_tips():
    """The third platform overtakes before the second."""
    table = tipping(card([[80, 20], [20, 90], [70, 40]], [0.8, 0.2])).loc["c0"]
    assert (table["winner then"], table["tips at"]) == ("p2", pytest.approx(20 / 30))


def test_a_weight_that_changes_nothing_says_so():
    """Of a platform that is best throughout, or level with a rival only at a weight of all."""
    table = tipping(card([[80, 70], [80, 50]]))
    assert table["tips at"].isna().all()
    assert table["winner then"].tolist() == ["nobody else"] * 2
    assert tipping(card([[80], [50]])).loc["c0", "winner then"] == "nobody else"


def test_platforms_that_are_level_need_no_change():
    """The first place is shared already, so the smallest change is none."""
    table = tipping(card([[60, 40], [40, 60], [10, 10]]))
    assert table["change"].tolist() == [0, 0]
    assert table["winner then"].tolist() == ["p1", "p1"]


def winner_at(found, place, weight):
    others = np.delete(found.weights, place)
    rest = others / others.sum() * (1 - weight)
    return int(replace(found, weights=np.insert(rest, place, weight)).order[0])


@settings(max_examples=80)
@given(st.integers(0, 10_000), st.integers(2, 5), st.integers(2, 5))
def test_the_winner_changes_at_the_tipping_weight_and_not_before(seed, platforms, criteria):
    """For any scorecard, checked by reweighting it: just before, just after, and on a grid."""
    rng = np.random.default_rng(seed)
    found = card(rng.uniform(0, 100, (platforms, criteria)), rng.uniform(0.1, 1, criteria))
    first = int(found.order[0])
    for name, row in tipping(found).iterrows():
        place = found.criteria.index(name)
        grid = np.linspace(0, 1, 21)
        if np.isnan(row["tips at"]):
            assert {winner_at(found, place, weight) for weight in grid[1:-1]} == {first}
            continue
        step = 1e-7 * np.sign(row["change"])
        assert winner_at(found, place, row["tips at"] - step) == first
        beyond = row["tips at"] + step
        if 0 < beyond < 1:
            assert found.platforms[winner_at(found, place, beyond)] == row["winner then"]
        near = grid[np.abs(grid - row["weight"]) < abs(row["change"])]
        assert {winner_at(found, place, weight) for weight in near} <= {first}


def test_the_smallest_change_stands_first():
    """By its size, whichever way it goes."""
    changes = tipping(card([[80, 20, 50], [20, 90, 60]], [0.5, 0.3, 0.2]))["change"].abs()
    assert changes.dropna().is_monotonic_increasing


def test_the_score_that_adds_most_doubt_stands_first():
    """By hand: weights 3 to 1 and errors 2, 4 and 0, 2 give variances 36, 16, 0 and 4."""
    found = replace(
        card([[1, 2], [3, 4], [5, 6]], [3, 1]), error=np.array([[2, 4], [0, 2], [9, 9]])
    )
    table = doubts(found, 0, 1)
    assert list(zip(table.index, table["criterion"], strict=True)) == [
        ("p0", "c0"),
        ("p0", "c1"),
        ("p1", "c1"),
        ("p1", "c0"),
    ]
    assert table["share"].tolist() == pytest.approx([36 / 56, 16 / 56, 4 / 56, 0])
    assert doubts(found, 2, 1)["share"].iloc[0] > 0.8
    assert (doubts(card([[1], [2]]), 0, 1)["share"] == 0).all()


def test_who_is_dominated():
    """Matched everywhere and beaten somewhere; equal ones dominate nobody."""
    assert dominated(card([[1, 2], [1, 3], [5, 0], [1, 3]])) == {"p0": "p1"}


def test_equal_platforms_seldom_have_a_clear_winner():
    """Of 400 scorecards of two equal platforms, about 5 % at most are told apart, never 50 %."""
    declared = 0
    for seed in range(400):
        rng = np.random.default_rng([seed, 3])
        found = card(50 + 10 * rng.standard_normal((2, 4)), error=10)
        first = int(found.order[0])
        declared += draw(found, 2000, 50, seed).wins(first)[1] >= 0.975
    assert declared / 400 < 0.09


def test_the_share_of_wins_is_covered():
    """Of 300 series of draws, about 95 % of the intervals hold the closed form."""
    found = card([[56, 50], [50, 50]], error=10)
    truth = norm.cdf(3 / (10 * np.sqrt(2 * 0.5)))
    hits = 0
    for seed in range(300):
        _, low, high = draw(found, 1000, np.inf, seed).wins(0)
        hits += low <= truth <= high
    assert 0.90 <= hits / 300 <= 0.99
