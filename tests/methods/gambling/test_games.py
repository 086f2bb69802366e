"""Games as data: chances by arithmetic and by counting."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pandas as pd
import pytest
from scipy.stats import binom, chisquare

from fourfold.errors import DataError
from fourfold.methods.gambling import games

EDGES = {
    "coin": 0,
    "die_six": 0,
    "roulette_red_38": Fraction(2, 38),
    "roulette_red_37": Fraction(1, 37),
    "roulette_number_38": Fraction(2, 38),
    "roulette_number_37": Fraction(1, 37),
    "craps_pass": Fraction(7, 495),
}


@pytest.mark.parametrize("name", EDGES)
def test_the_house_edge_is_the_known_one(name):
    """2/38, 1/37, and 7/495 for the pass line."""
    assert games.game(name).edge == pytest.approx(float(EDGES[name]))
    assert str(games.game(name).edge) != "-0.0"


@pytest.mark.parametrize("game", games.GAMES.values(), ids=lambda game: game.name)
def test_chances_sum_to_one(game):
    """Exactly, for they are fractions."""
    assert sum(outcome.chance for outcome in game.outcomes) == 1
    assert game.table().shape == (len(game.outcomes), 2)


def test_weldons_dice_are_not_fair():
    """26,306 throws of twelve dice; 106,602 fives and sixes; fair dice do not throw so."""
    game = games.game("weldon")
    assert sum(games.WELDON) == 26_306
    assert game.seen == 315_672
    assert game.outcomes[0].chance == Fraction(106_602, 315_672)
    fair = binom.pmf(range(13), 12, 1 / 3) * sum(games.WELDON)
    tail = 10
    seen, expected = (
        np.append(np.array(counts)[:tail], np.array(counts)[tail:].sum())
        for counts in (games.WELDON, fair)
    )
    assert chisquare(seen, expected * seen.sum() / expected.sum()).pvalue < 1e-3
    assert game.mean > 3 * game.doubt


def test_a_slot_machine_from_its_pay_table():
    """Two reels of two symbols, by hand; more reels pay less often."""
    game = games.slot({"a": 1, "b": 3}, {"a": 10}, count=2)
    assert game.outcomes[0] == games.Outcome("2 x a", Fraction(1, 16), 9)
    assert game.mean == pytest.approx(10 / 16 - 1)
    assert games.slot({"a": 1, "b": 3}, {"a": 10}).outcomes[0].chance == Fraction(1, 64)


def test_chances_are_counted_in_rounds():
    """Missing rounds are left out; an outcome without a payout is told with the nearest one."""
    rounds = pd.Series(["home", "away", "home", None, "draw"])
    pays = {"home": 1.0, "away": -1.0, "draw": 0.0, "rain": 0.0}
    game = games.from_rounds(rounds, pays, "bet")
    assert game.seen == 4
    assert game.mean == 0.25
    assert game.doubt == pytest.approx(game.spread / 2)
    with pytest.raises(DataError, match=r"none for 'home'.* Did you mean 'hom'"):
        games.from_rounds(rounds, {"hom": 1}, "bet")
    with pytest.raises(DataError, match="bet: expected rounds that were played, got none"):
        games.from_rounds([], pays, "bet")


def test_a_game_of_ones_own():
    """A table of chances; what is wrong with it is told."""
    table = pd.DataFrame({"chance": [0.25, 0.75], "pays": [2, -1], "outcome": ["a", "b"]})
    assert games.from_table(table, "", {}, "mine").mean == -0.25
    with pytest.raises(DataError, match=r"mine: expected chances .* sum to 1, got 0\.25, 0\.25"):
        games.from_table(table.assign(chance=0.25), "", {}, "mine")
    with pytest.raises(DataError, match=r"expected numbers in .* got 0\.25 and two"):
        games.from_table(table.assign(pays=["two", "-1"]), "", {}, "mine")
    with pytest.raises(DataError, match=r"in 0\.\.1 that sum to 1, got 1\.5, -0\.5"):
        games.from_table(table.assign(chance=[1.5, -0.5]), "", {}, "mine")
    with pytest.raises(DataError, match=r"a column 'pays', got chance, pay\. Did you mean 'pay'"):
        games.from_table(table[["chance"]].assign(pay=1), "", {}, "mine")
    with pytest.raises(DataError, match=r"outcome: expected a column .*got 'end'"):
        games.from_table(table, "end", {"a": 1}, "mine")
    with pytest.raises(DataError, match="Did you mean 'coin'"):
        games.game("coim")
