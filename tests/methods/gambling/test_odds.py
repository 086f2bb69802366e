"""Arithmetic of many rounds against the binomial distribution and cases by hand."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import binom

from fourfold.errors import DataError
from fourfold.methods.gambling import games, odds

LOSE = games.Game("lose", (games.Outcome("lose", 1.0, -1.0),))


def test_the_sum_of_red_bets_is_binomial():
    """Won less lost after 25 rounds, and the known chances to be ahead."""
    game = games.game("roulette_red_38")
    totals, chances = odds.sums(game, 25)
    wins = (totals + 25) / 2
    assert chances == pytest.approx(binom.pmf(wins, 25, 18 / 38), abs=1e-12)
    known = {10: 31.4, 100: 26.5, 1000: 4.5}
    assert {n: round(100 * odds.ahead(game, n), 1) for n in known} == known


@settings(max_examples=30)
@given(st.sampled_from(sorted(games.GAMES)), st.integers(1, 60))
def test_the_sum_has_the_mean_and_spread_of_its_rounds(name, rounds):
    """Whatever the game: means add, variances add."""
    game = games.game(name)
    totals, chances = odds.sums(game, rounds)
    mean = (totals * chances).sum()
    assert chances.sum() == pytest.approx(1)
    assert mean == pytest.approx(rounds * game.mean, abs=1e-6)
    variance = ((totals - mean) ** 2 * chances).sum()
    assert variance == pytest.approx(rounds * game.spread**2, rel=1e-6)


def test_payouts_off_any_grid_are_told():
    """Sums of them are too many to list; a third of a stake is a grid."""
    pays = (np.pi, np.e, np.sqrt(2), -1)
    odd = games.Game("odd", tuple(games.Outcome(f"{pay}", 0.25, pay) for pay in pays))
    with pytest.raises(DataError, match=r"common part of a stake, such as 0\.01, got 3\.14"):
        odds.sums(odd, 5)
    third = games.Game("third", (games.Outcome("a", 0.5, 1 / 3), games.Outcome("b", 0.5, -1)))
    assert odds.sums(third, 2)[0] == pytest.approx([-2, -2 / 3, 2 / 3])


def test_what_is_too_much_to_list_is_told():
    """Not computed until the memory is full; even money goes far."""
    slot = games.game("slot")
    assert odds.can_list_sums(slot, 1000)
    assert not odds.can_list_sums(slot, 1_000_000)
    assert odds.can_list_sums(games.game("coin"), 1_000_000)
    with pytest.raises(DataError, match=r"at most 4,000,000 values, got 250,000,001"):
        odds.sums(slot, 1_000_000)


def test_a_tenth_of_the_width_needs_a_hundred_times_the_rounds():
    """The square root of the law of large numbers."""
    few, many = (odds.rounds_needed(games.game("coin"), width) for width in (0.1, 0.01))
    assert few == 385
    assert many == pytest.approx(100 * few, rel=0.01)


def test_ruin_by_hand():
    """A coin and one unit: lost at once, or by the third toss; a game that must be lost."""
    coin = games.game("coin")
    assert odds.ruin(coin, 1, 1) == 0.5
    assert odds.ruin(coin, 1, 3) == 0.625
    assert odds.ruin(LOSE, 4, 3) == 0
    assert odds.ruin(LOSE, 4, 4) == 1
    double = games.Game("double", (games.Outcome("a", 0.5, 0), games.Outcome("b", 0.5, -2)))
    assert odds.ruin(double, 3, 1) == 0
    assert odds.ruin(double, 3, 2) == 0.25
    assert odds.ruin(double, 1, 1) == 0.5


def test_ruin_after_very_many_rounds_is_the_gamblers():
    """A player of even money with an edge is ruined at (q/p) to the power of the bankroll."""
    chance = Fraction(6, 10)
    game = games.Game("good", (games.Outcome("a", chance, 1), games.Outcome("b", 1 - chance, -1)))
    assert odds.ruin(game, 3, 2000) == pytest.approx((0.4 / 0.6) ** 3, abs=1e-9)


def test_ruin_that_cannot_be_followed_is_told():
    """Payouts in parts of a stake, or too many fortunes."""
    third = games.Game("third", (games.Outcome("a", 0.5, 0.5), games.Outcome("b", 0.5, -1)))
    assert not odds.can_follow(third, 3, 3)
    assert not odds.can_follow(games.game("coin"), 3, 1_000_000)
    with pytest.raises(DataError, match="whole payouts"):
        odds.ruin(third, 3, 3)


def test_long_shots_weigh_much():
    """A coin has the kurtosis 1; a sum of rounds tends to 3; a single number is far above."""
    assert odds.weight(games.game("coin"), 1) == pytest.approx(1)
    assert odds.weight(games.game("coin"), 1000) == pytest.approx(3, abs=0.01)
    chance = 1 / 38
    known = (1 - 6 * chance * (1 - chance)) / (chance * (1 - chance))
    assert odds.weight(games.game("roulette_number_38"), 10) == pytest.approx(3 + known / 10)
    assert odds.weight(LOSE, 10) == 3
