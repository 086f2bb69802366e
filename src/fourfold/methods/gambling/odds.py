"""What arithmetic says of many rounds: sums, who is ahead, ruin, and how many rounds tell."""

from fractions import Fraction
from math import ceil, lcm

import numpy as np
from numpy.typing import NDArray

from fourfold.errors import DataError
from fourfold.methods.gambling.games import Game
from fourfold.methods.intervals import Array, Z

#: Fewer rounds or players than these cannot carry an interval, where the others hardly count.
FEW = 20
#: The most values that a sum may take to be listed: 160 MB while they are computed.
LARGEST = 4_000_000
#: The most steps of a chain of fortunes: about a second of work.
STEPS = 2e8


def can_list_sums(game: Game, rounds: int) -> bool:
    """Say whether `sums` can list what so many rounds bring."""
    _, steps = _grid(game.pays)
    return rounds * int(steps.max()) < LARGEST


def sums(game: Game, rounds: int) -> tuple[Array, Array]:
    """Return the exact distribution of what `rounds` flat bets of 1 bring in all.

    Returns
    -------
    totals, chances : arrays of float
        Ascending; chances sum to 1. Those below 1e-13 are left out: they are rounding errors.

    Raises
    ------
    DataError
        If the payouts lie on no common grid, or there are more values than can be listed.

    Notes
    -----
    The characteristic function of a sum is that of one round, to the power of the rounds.

    Examples
    --------
    >>> from fourfold.methods.gambling.games import game
    >>> totals, chances = sums(game("coin"), 2)
    >>> totals.tolist(), chances.round(2).tolist()
    ([-2.0, 0.0, 2.0], [0.25, 0.5, 0.25])
    """
    step, steps = _grid(game.pays)
    size = rounds * int(steps.max()) + 1
    if size > LARGEST:
        got = f"{size:,} values of the sum of {rounds:,} rounds"
        raise DataError(f"{game.name}: expected at most {LARGEST:,} values, got {got}")
    # An even length whose transform is fast.
    length = max(2, 1 << (size - 1).bit_length())
    once = np.fft.rfft(np.bincount(steps, weights=game.chances), length)
    chances: Array = np.fft.irfft(once**rounds, length)[:size]
    kept = chances > 1e-13
    totals: Array = rounds * game.pays.min() + step * np.arange(size, dtype=float)
    return totals[kept], chances[kept] / float(chances[kept].sum())


def _grid(pays: Array) -> tuple[float, NDArray[np.int64]]:
    """Return a step, and by how many steps each payout is above the lowest."""
    above = [Fraction(float(pay)).limit_denominator(1000) for pay in pays - pays.min()]
    parts = lcm(*(pay.denominator for pay in above))
    if parts > LARGEST or np.abs(np.array(above, float) - (pays - pays.min())).max() > 1e-6:
        raise DataError(
            "payouts: expected multiples of a common part of a stake, such as 0.01, got "
            f"{', '.join(f'{pay:g}' for pay in pays)}; round them to two digits"
        )
    steps = np.array([int(pay * parts) for pay in above])
    whole = int(np.gcd.reduce(steps)) or 1
    return whole / parts, steps // whole


def ahead(game: Game, rounds: int) -> float:
    """Return the exact chance to be ahead after so many flat bets.

    Raises
    ------
    DataError
        As `sums`.
    """
    totals, chances = sums(game, rounds)
    return float(chances[totals > 1e-9].sum())


def can_follow(game: Game, bankroll: float, rounds: int) -> bool:
    """Say whether `ruin` can follow each fortune of these flat bets.

    Parameters
    ----------
    game : Game
    bankroll : float
        What a player has, in stakes.
    rounds : int
        Bets of each player.
    """
    whole = bool(np.abs(game.pays - game.pays.round()).max() < 1e-9)
    return whole and rounds * (bankroll + rounds) * len(game.pays) < STEPS


def ruin(game: Game, bankroll: float, rounds: int) -> float:
    """Return the exact chance that flat bets end a bankroll within so many rounds.

    Parameters
    ----------
    game : Game
        With whole payouts.
    bankroll : float
        What a player has, in stakes; it ends where it does not cover a stake of 1.
    rounds : int
        Bets of each player.

    Raises
    ------
    DataError
        If a payout is not whole, or the fortunes are too many to follow.
    """
    if not can_follow(game, bankroll, rounds):
        got = f"got {game.pays.tolist()}, {bankroll:g} and {rounds}"
        raise DataError(f"ruin: expected whole payouts, few rounds and a small bankroll; {got}")
    # Who has so much cannot be ruined in the rounds that are left.
    cap = int(bankroll) + rounds
    moves = [np.clip(np.arange(cap + 1) + int(pay), 0, cap) for pay in np.round(game.pays)]
    alive, ended = np.zeros(cap + 1), 0.0
    alive[int(bankroll)] = 1.0
    for _ in range(rounds):
        moved = (np.bincount(move, alive, cap + 1) for move in moves)
        alive = sum(c * after for c, after in zip(game.chances, moved, strict=True))
        ended += float(alive[0])
        alive[0] = 0.0
    return ended


def rounds_needed(game: Game, half_width: float) -> int:
    """Return the rounds after which the mean payout is known to within `half_width`, at 95 %.

    Examples
    --------
    >>> from fourfold.methods.gambling.games import game
    >>> rounds_needed(game("coin"), 0.01)
    38415
    """
    return ceil((Z * game.spread / half_width) ** 2)


def weight(game: Game, rounds: int) -> float:
    """Return the kurtosis of what `rounds` flat bets bring: 3 where it is normal.

    The long shots of a game make it large: so many players, a third of it each, count for one
    of a normal sum.
    """
    scatter = game.pays - game.mean
    fourth = float((game.chances * scatter**4).sum())
    return 3 + (fourth / game.spread**4 - 3) / rounds if game.spread else 3.0


def enough_rounds(game: Game) -> bool:
    """Say whether enough rounds were counted to know how far off the chances are.

    As many as `FEW` of a normal figure; a game that follows from arithmetic needs none.

    Examples
    --------
    >>> from fourfold.methods.gambling.games import from_rounds
    >>> pays = {"win": 1.0, "lose": -1.0}
    >>> [enough_rounds(from_rounds(["win", "lose"] * n, pays, "bet")) for n in (5, 50)]
    [False, True]
    """
    return not game.seen or (game.spread > 0 and game.seen / weight(game, 1) >= FEW)
