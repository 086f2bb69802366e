"""Players against arithmetic."""

from __future__ import annotations

import numpy as np
import pytest

from fourfold import games, wagers
from fourfold.errors import DataError

RED = games.named("roulette_red_38")
WIN = games.Game("win", (games.Outcome("win", 1.0, 1.0),))
LOSE = games.Game("lose", (games.Outcome("lose", 1.0, -1.0),))


def test_flat_bets_by_hand():
    """Who always wins has won each round; who always loses ends when the bankroll has."""
    found = wagers.play(WIN, 2, 10)
    assert found.profits[:, -1].tolist() == [10, 10]
    assert found.rounds[-1] == 10
    lost = wagers.play(LOSE, 2, 10, wagers.Stakes(bankroll=4))
    assert lost.profits[:, -1].tolist() == [-4, -4]
    assert lost.staked.tolist() == [4, 4]
    assert lost.ruined.tolist() == [5, 5]


def test_a_martingale_by_hand():
    """1, 2, 4, 8, then back to 1 at the limit of the table; the next stake may be too much."""
    found = wagers.play(LOSE, 1, 5, wagers.Stakes("martingale", limit=8))
    assert found.staked.tolist() == [1 + 2 + 4 + 8 + 1]
    short = wagers.play(LOSE, 1, 5, wagers.Stakes("martingale", bankroll=6, limit=8))
    assert (short.profits[0, -1], short.ruined[0]) == (-3, 3)
    assert wagers.play(WIN, 1, 5, wagers.Stakes("martingale")).staked.tolist() == [5]


def test_a_fraction_by_hand():
    """A tenth of 100, then of 110; never less than the smallest stake."""
    found = wagers.play(WIN, 1, 2, wagers.Stakes("fraction", bankroll=100, share=0.1))
    assert found.profits[0, -1] == pytest.approx(10 + 11)
    small = wagers.play(WIN, 1, 1, wagers.Stakes("fraction", bankroll=5, share=0.1))
    assert small.staked.tolist() == [1]


def test_players_have_streams_of_their_own():
    """More players change nothing for the first; a seed repeats, another does not."""
    few, many, other = (
        wagers.play(RED, n, 50, seed=s).profits for n, s in ((5, 1), (9, 1), (5, 2))
    )
    assert np.array_equal(few, many[:5])
    assert not np.array_equal(few, other)
    assert len({tuple(row) for row in few}) == 5


@pytest.mark.parametrize("name", ["roulette_red_38", "roulette_number_38", "craps_pass", "slot"])
def test_the_edge_agrees_with_arithmetic(name):
    """Within four standard errors; half a million rounds."""
    game = games.named(name)
    value, low, high = wagers.edge(wagers.play(game, 5000, 100, seed=3))
    assert abs(value + game.mean) < 4 * (high - low) / (2 * wagers.Z)
    wider = wagers.edge(wagers.play(game, 5000, 100, seed=3), doubt=0.1)
    assert wider[2] - wider[1] > high - low + 0.2


def test_no_system_beats_the_edge():
    """Flat, doubled or fractional: what is lost of what is staked is the same."""
    for plan in wagers.STAKES:
        found = wagers.play(RED, 4000, 200, wagers.Stakes(plan, bankroll=2000), seed=1)
        value, low, high = wagers.edge(found)
        assert abs(value - 2 / 38) < 4 * (high - low) / (2 * wagers.Z), plan


def test_shares_agree_with_closed_forms():
    """Ahead by the exact sum, ruined by the exact chain; both within their intervals' reach."""
    found = wagers.play(RED, 20_000, 101, seed=2)
    shares = wagers.share_ahead(found)
    for place in (0, 10, len(found.rounds) - 1):
        exact = games.ahead(RED, int(found.rounds[place]))
        assert shares[place, 0] == pytest.approx(exact, abs=0.014)
    poor = wagers.play(RED, 20_000, 100, wagers.Stakes(bankroll=8), seed=2)
    value, low, high = wagers.share_ruined(poor)
    assert low < value < high
    assert value == pytest.approx(wagers.ruin(RED, 8, 99), abs=0.014)


def test_ruin_by_hand():
    """A coin and one unit: lost at once, or by the third toss; a game that must be lost."""
    coin = games.named("coin")
    assert wagers.ruin(coin, 1, 1) == 0.5
    assert wagers.ruin(coin, 1, 3) == 0.625
    assert wagers.ruin(LOSE, 4, 3) == 0
    assert wagers.ruin(LOSE, 4, 4) == 1
    third = games.Game("third", (games.Outcome("a", 0.5, 0.5), games.Outcome("b", 0.5, -1)))
    with pytest.raises(DataError, match="whole payouts"):
        wagers.ruin(third, 3, 3)


def test_mistakes_are_told():
    """With the nearest name, or what is needed."""
    with pytest.raises(DataError, match="Did you mean 'martingale'"):
        wagers.Stakes("martingal")
    with pytest.raises(DataError, match="bankroll: expected a number"):
        wagers.Stakes("fraction")
    with pytest.raises(DataError, match="got 0 and 5"):
        wagers.play(RED, 0, 5)
