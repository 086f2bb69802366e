"""Players who bet: flat, doubling after a loss, or a fraction of what they have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numba
import numpy as np
from numpy.typing import NDArray
from scipy.stats import norm

from fourfold.discrimination import wilson
from fourfold.errors import DataError, did_you_mean
from fourfold.games import Game

Array = NDArray[np.float64]
Interval = tuple[float, float, float]

STAKES = ("flat", "martingale", "fraction")
Z = float(norm.ppf(0.975))
#: Points in time at which fortunes are kept.
POINTS = 60


@dataclass(frozen=True)
class Stakes:
    """How a player bets.

    Attributes
    ----------
    plan : str
        ``flat``: 1 each round. ``martingale``: doubled after each loss, back to 1 after a win or
        where the next stake would pass the limit of the table. ``fraction``: a share of what is
        left.
    bankroll : float
        What a player has, in units of the smallest stake; infinite: a player with credit.
    limit : float
        Highest stake that the table takes.
    share : float
        Of the bankroll, for ``fraction``.
    """

    plan: str = "flat"
    bankroll: float = float("inf")
    limit: float = 500.0
    share: float = 0.02

    def __post_init__(self) -> None:
        if self.plan not in STAKES:
            told = f"stakes: expected one of {', '.join(STAKES)}, got {self.plan!r}."
            raise DataError(told + did_you_mean(self.plan, STAKES))
        if self.plan == "fraction" and not np.isfinite(self.bankroll):
            raise DataError("bankroll: expected a number for stakes 'fraction', got none")


@dataclass(frozen=True)
class Play:
    """What happened to all players.

    Attributes
    ----------
    rounds : array of int, shape (points,)
        When fortunes were kept, from 1 to the last round.
    profits : array of float, shape (players, points)
        Won less lost by then, in units of the smallest stake.
    staked : array of float, shape (players,)
        Sum of all stakes.
    ruined : array of int, shape (players,)
        Round after which a player could not pay the next stake; 0 for those who always could.
    """

    rounds: NDArray[np.int64]
    profits: Array
    staked: Array
    ruined: NDArray[np.int64]


def play(game: Game, players: int, rounds: int, stakes: Stakes = Stakes(), seed: int = 0) -> Play:
    """Return what happens to players who each bet for so many rounds.

    Each player has a stream of random numbers of his own, so that the first hundred of a thousand
    players fare as a hundred would.

    Raises
    ------
    DataError
        If there are no players or rounds.

    Examples
    --------
    >>> from fourfold.games import named
    >>> found = play(named("coin"), players=3, rounds=100, seed=1)
    >>> found.profits.shape[0], found.staked.tolist()
    (3, [100.0, 100.0, 100.0])
    """
    if players < 1 or rounds < 1:
        raise DataError(f"expected players and rounds, got {players} and {rounds}")
    # Odd, but for the last: an even number of even bets can end in a draw, an odd one cannot.
    odd = np.geomspace(1, rounds, POINTS).astype(np.int64) | 1
    points = np.unique(np.append(odd[odd < rounds], rounds))
    states = np.random.SeedSequence(seed).generate_state(players, np.uint64)
    found = _play(
        *(states, np.cumsum(game.chances)[:-1], game.pays, points),
        *(STAKES.index(stakes.plan), stakes.bankroll, stakes.limit, stakes.share),
    )
    return Play(points, *found)


@numba.njit(cache=True)
def _play(
    states: Any,
    bounds: Any,
    pays: Any,
    points: Any,
    plan: int,
    bankroll: float,
    limit: float,
    share: float,
) -> Any:
    players = len(states)
    profits = np.empty((players, len(points)))
    staked, ruined = np.zeros(players), np.zeros(players, np.int64)
    for player in range(players):
        state, profit, stake, total, over, place = states[player], 0.0, 1.0, 0.0, False, 0
        for number in range(1, points[-1] + 1):
            if plan == 2:
                stake = max(1.0, share * (bankroll + profit))
            if not over and stake > bankroll + profit:
                over = True
                ruined[player] = number
            if not over:
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
            if number == points[place]:
                profits[player, place] = profit
                place += 1
        staked[player] = total
    return profits, staked, ruined


def edge(found: Play, doubt: float = 0.0) -> Interval:
    """Return what the house keeps of each unit staked, with its 95 % interval.

    The ratio of all losses to all stakes; players are independent, their rounds need not be.

    Parameters
    ----------
    doubt : float
        Standard error of the game's own mean, as `Game.doubt` gives it.

    Notes
    -----
    Cochran, "Sampling Techniques" (1977), p. 155: the variance of a ratio estimate.
    """
    lost, staked = -found.profits[:, -1], found.staked
    value = float(lost.sum() / staked.sum())
    rest = lost - value * staked
    error = float(rest.std(ddof=1)) / np.sqrt(len(lost)) / float(staked.mean())
    half = Z * float(np.hypot(error, doubt))
    return value, value - half, value + half


def share_ahead(found: Play) -> Array:
    """Return the share of players who are ahead, with its 95 % interval, over time.

    Returns
    -------
    array of float, shape (points, 3)
        Share, low and high (Wilson).
    """
    counts = (found.profits > 1e-9).sum(axis=0)
    return np.array([wilson(int(count), len(found.profits)) for count in counts])


def share_ruined(found: Play) -> Interval:
    """Return the share of players who could not go on, with its 95 % interval (Wilson)."""
    return wilson(int((found.ruined > 0).sum()), len(found.ruined))


def ruin(game: Game, bankroll: int, rounds: int) -> float:
    """Return the exact chance that flat bets end a bankroll within so many rounds.

    A bankroll ends where it does not cover a stake of 1. Payouts must be whole.

    Raises
    ------
    DataError
        If a payout is not whole.

    Examples
    --------
    >>> from fourfold.games import named
    >>> round(ruin(named("coin"), bankroll=1, rounds=3), 3)
    0.625
    """
    pays = np.round(game.pays).astype(int)
    if np.abs(pays - game.pays).max() > 1e-9:
        raise DataError(f"ruin: expected whole payouts, got {game.pays.tolist()}")
    # Who has so much cannot be ruined in the rounds that are left.
    cap = bankroll + rounds
    alive, ended = np.zeros(cap + 1), 0.0
    alive[bankroll] = 1.0
    for _ in range(rounds):
        following = np.zeros(cap + 1)
        for chance, pay in zip(game.chances, pays, strict=True):
            if pay >= 0:
                following[pay:] += chance * alive[: cap + 1 - pay]
                following[cap] += chance * alive[cap + 1 - pay :].sum() if pay else 0.0
            else:
                following[:pay] += chance * alive[-pay:]
        ended += following[0]
        following[0] = 0.0
        alive = following
    return float(ended)
