"""Players who bet: flat, doubling after a loss, or a fraction of what they have."""

from collections.abc import Mapping
from dataclasses import dataclass
from math import inf, sqrt
from typing import Any

import numba
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from fourfold.errors import DataError, did_you_mean
from fourfold.methods.gambling.games import Game
from fourfold.methods.gambling.odds import FEW, enough_rounds, weight
from fourfold.methods.intervals import Array, Interval, Z, wilson

STAKES = ("flat", "martingale", "fraction")
#: Points in time at which fortunes are kept.
POINTS = 60
#: Players who tell how skew a plan of stakes is.
PILOTS = 2000


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
    bankroll: float = inf
    limit: float = 500.0
    share: float = 0.02

    def __post_init__(self) -> None:
        if self.plan not in STAKES:
            known = f"stakes: expected one of {', '.join(STAKES)}, got {self.plan!r}."
            raise DataError(known + did_you_mean(self.plan, STAKES))
        if not (self.bankroll >= 1 and self.limit >= 1 and 0 < self.share <= 1):
            got = f"{self.bankroll:g}, {self.limit:g} and {self.share:g}"
            raise DataError(
                f"expected bankroll and table limit of at least 1 and a share in 0..1, got {got}"
            )
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
    weight : float
        Kurtosis of what one player adds to the error of the house edge: 3 where it is normal.
    """

    rounds: NDArray[np.int64]
    profits: Array
    staked: Array
    ruined: NDArray[np.int64]
    weight: float


@dataclass(frozen=True)
class Estimate:
    """What a simulation says: a value with its 95 % interval, and its Monte-Carlo standard error.

    Attributes
    ----------
    interval : Interval
        Its ends are not a number where the run is too small to say.
    error : float
        Of the simulation alone: Morris, White & Crowther, Statistics in Medicine 38 (2019),
        p. 2086.
    count : int
        Players of a share; 0 if the value is none.
    """

    interval: Interval
    error: float
    count: int = 0

    def apart(self, exact: float) -> float:
        """Return by how many standard errors the estimate is off the exact value.

        The error of a share is the one that arithmetic expects: its own is 0 for a share of 0.
        """
        error = sqrt(exact * (1 - exact) / self.count) if self.count else self.error
        away = self.interval.value - exact
        return 0.0 if abs(away) < 1e-12 else away / error if error else inf


def play(game: Game, players: int, rounds: int, stakes: Stakes = Stakes(), seed: int = 0) -> Play:
    """Return what happens to players who each bet for so many rounds.

    Each player has a stream of random numbers of his own, so that the first hundred of a thousand
    players fare as a hundred would.

    Parameters
    ----------
    game : Game
    players, rounds : int
        How many there are, and how often each bets.
    stakes : Stakes
        How they bet.
    seed : int
        Of all draws.

    Raises
    ------
    DataError
        If there are no players or rounds.

    Examples
    --------
    >>> from fourfold.methods.gambling.games import game
    >>> play(game("coin"), players=3, rounds=100, seed=1).staked.tolist()
    [100.0, 100.0, 100.0]
    """
    if players < 1 or rounds < 1:
        raise DataError(f"expected players and rounds, got {players} and {rounds}")
    # Odd, but for the last: an even number of even bets can end in a draw, an odd one cannot.
    odd = np.geomspace(1, rounds, POINTS).astype(np.int64) | 1
    points = np.unique(np.append(odd[odd < rounds], rounds))
    states = np.random.SeedSequence(seed).generate_state(players, np.uint64)
    outcome = _played(game, points, stakes, states)
    return Play(points, *outcome, _weight(game, rounds, stakes))


def _played(
    game: Game, points: NDArray[np.int64], stakes: Stakes, states: NDArray[Any]
) -> tuple[Array, Array, NDArray[np.int64]]:
    # All floats, so that one compiled function serves every call.
    numbers = map(float, (stakes.bankroll, stakes.limit, stakes.share))
    bounds, plan = np.cumsum(game.chances)[:-1], STAKES.index(stakes.plan)
    profits, staked, ruined = played(states, bounds, game.pays, points, plan, *numbers)
    return profits, staked, ruined


def _weight(game: Game, rounds: int, stakes: Stakes) -> float:
    """Return the kurtosis of a player's part in the error, known before anybody plays.

    Of flat bets on credit by arithmetic, else of players of its own: asked of the players
    themselves, those who were spared the long shots would pass for many.
    """
    if stakes.plan == "flat" and not np.isfinite(stakes.bankroll):
        return weight(game, rounds)
    states = np.random.SeedSequence([PILOTS, rounds]).generate_state(PILOTS, np.uint64)
    profits, staked, _ = _played(game, np.array([rounds]), stakes, states)
    squares = _rests(-profits[:, -1], staked) ** 2
    return float((squares**2).mean() / (squares.mean() ** 2 or 1.0))


def _rests(lost: Array, staked: Array) -> Array:
    """Return what each player adds to the error of the ratio of losses to stakes."""
    rests: Array = (lost - lost.sum() / staked.sum() * staked) / staked.mean()
    return rests


def edge(game: Game, outcome: Play) -> Estimate:
    """Return what the house keeps of each unit staked.

    The ratio of all losses to all stakes; players are independent, their rounds need not be.
    Chances that were counted in real rounds are in doubt, and the interval holds that too. It is
    undefined where a few long shots decide the estimate, or few rounds were counted: then nobody
    can say how far it is off.

    Notes
    -----
    Cochran, "Sampling Techniques" (1977), p. 155: the variance of a ratio estimate; moved for the
    skew of rare wins as in Johnson, JASA 73 (1978), p. 536.
    """
    lost, staked = -outcome.profits[:, -1], outcome.staked
    value = float(lost.sum() / staked.sum())
    rest = _rests(lost, staked)
    error = float(rest.std(ddof=1)) / np.sqrt(len(rest)) if len(rest) > 1 else np.nan
    if not enough_rounds(game) or len(rest) < max(2.0, FEW * outcome.weight):
        return Estimate(Interval(value, np.nan, np.nan), error)
    half = Z * float(np.hypot(error, game.doubt))
    middle = value + float((rest**3).mean()) / (float(rest.var()) or 1.0) / (6 * len(rest))
    return Estimate(Interval(value, min(value, middle - half), max(value, middle + half)), error)


def share_ahead(outcome: Play) -> Array:
    """Return the share of players who are ahead over time, with its 95 % interval.

    Returns
    -------
    array of float, shape (points, 3)
        Share, low and high (Wilson), each for its own point.
    """
    counts, players = (outcome.profits > 1e-9).sum(axis=0), len(outcome.profits)
    return np.column_stack([counts / players, *_wilson(counts, players)])


def _wilson(hits: Any, count: int) -> Array:
    # Without the rounding errors that make 1e-18 of a limit of 0.
    return np.round(wilson(hits, count), 12)


def share_ruined(outcome: Play) -> Estimate:
    """Return the share of players who could not go on (interval: Wilson)."""
    return share(int((outcome.ruined > 0).sum()), len(outcome.ruined))


def share(hits: int, count: int) -> Estimate:
    """Return a share with its Wilson interval and its Monte-Carlo standard error.

    Examples
    --------
    >>> share(50, 100).error
    0.05
    """
    value, (low, high) = hits / count, map(float, _wilson(hits, count))
    return Estimate(Interval(value, low, high), sqrt(value * (1 - value) / count), count)


def checks(estimates: Mapping[str, Estimate], exact: Mapping[str, float]) -> pd.DataFrame:
    """Return estimates beside what arithmetic says, and how many standard errors they are apart.

    Estimates that `exact` does not name are left out.

    Examples
    --------
    >>> checks({"heads": share(60, 100)}, {"heads": 0.5}).loc["heads", "errors apart"].round(2)
    np.float64(2.0)
    """
    rows = {
        name: (each.interval.value, each.error, exact[name], each.apart(exact[name]))
        for name, each in estimates.items()
        if name in exact
    }
    columns = ["estimate", "Monte-Carlo error", "exact", "errors apart"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def bins(results: Array, most: int = 40) -> Array:
    """Return edges of at most so many bins, each with as many of the results that can happen.

    Results of whole stakes, drawn in bins of broken width, would show a comb that is not there.

    Examples
    --------
    >>> bins(np.array([-4.0, -2.0, 0.0, 2.0]), most=2).tolist()
    [-5.0, -1.0, 3.0]
    """
    values = np.unique(np.round(results, 6))
    step = float(np.diff(values).min()) if len(values) > 1 else 1.0
    width = step * np.ceil((values[-1] - values[0] + step) / step / most)
    count = int(np.ceil((values[-1] - values[0] + step) / width - 1e-9))
    edges: Array = values[0] - step / 2 + width * np.arange(count + 1)
    return edges


@numba.njit(cache=True)
def played(
    states: Any, bounds: Any, pays: Any, points: Any, plan: int,
    bankroll: float, limit: float, share: float,
) -> Any:  # fmt: skip
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
        Position in `STAKES`.
    bankroll, limit, share : float
        As in `Stakes`.

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
