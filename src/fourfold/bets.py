"""The bets of many players, one after the other, compiled."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np


@numba.njit(cache=True)
def played(
    states: Any,
    bounds: Any,
    pays: Any,
    points: Any,
    plan: int,
    bankroll: float,
    limit: float,
    share: float,
) -> Any:
    """Return what players have won less lost at points in time, staked in all, and their ruin.

    Parameters
    ----------
    states : array of uint64, shape (players,)
        Of the random numbers of each.
    bounds, pays : array of float, shape (outcomes - 1,) and (outcomes,)
        Cumulated chances but the last, and what a stake of 1 brings, net.
    points : array of int
        Rounds after which profits are kept.
    plan : int
        0 flat, 1 doubled after a loss, 2 a share of what is left.

    Returns
    -------
    profits, staked, ruined
        Arrays of shape (players, points), (players,) and (players,).
    """
    players = len(states)
    profits = np.empty((players, len(points)))
    staked, ruined = np.zeros(players), np.zeros(players, np.int64)
    for player in range(players):
        state, profit, total, place = states[player], 0.0, 0.0, 0
        stake = max(1.0, share * bankroll) if plan == 2 else 1.0
        for number in range(1, points[-1] + 1):
            if ruined[player] == 0:
                # SplitMix64: Steele, Lea & Flood, OOPSLA 2014, p. 459.
                state = state + np.uint64(0x9E3779B97F4A7C15)
                mixed = (state ^ (state >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
                mixed = (mixed ^ (mixed >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
                drawn = (mixed ^ (mixed >> np.uint64(31))) >> np.uint64(11)
                chance = drawn * (1.0 / 9007199254740992.0)
                outcome = 0
                while outcome < len(bounds) and chance >= bounds[outcome]:
                    outcome += 1
                total += stake
                profit += stake * pays[outcome]
                if plan == 1 and pays[outcome] != 0:
                    stake = 2 * stake if pays[outcome] < 0 and 2 * stake <= limit else 1.0
                if plan == 2:
                    stake = max(1.0, share * (bankroll + profit))
                if stake > bankroll + profit:
                    ruined[player] = number
            if number == points[place]:
                profits[player, place] = profit
                place += 1
        staked[player] = total
    return profits, staked, ruined
