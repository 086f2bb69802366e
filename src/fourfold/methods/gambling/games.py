"""Games as data: what can happen, how likely it is, and what it pays."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from math import sqrt

import numpy as np
import pandas as pd

from fourfold.errors import DataError, did_you_mean
from fourfold.methods.intervals import Array

Chance = Fraction | float


@dataclass(frozen=True)
class Outcome:
    """One thing that can happen: its name, its chance, and what it pays for a stake of 1."""

    name: str
    chance: Chance
    pays: Chance


@dataclass(frozen=True)
class Game:
    """A game of independent rounds.

    Attributes
    ----------
    outcomes : tuple of Outcome
        Chances sum to 1; `pays` is net, -1 for a lost stake.
    seen : int
        Rounds that the chances were counted in; 0 where they follow from arithmetic.
    """

    name: str
    outcomes: tuple[Outcome, ...]
    seen: int = 0

    @property
    def chances(self) -> Array:
        """Return the chance of each outcome."""
        return np.array([float(outcome.chance) for outcome in self.outcomes])

    @property
    def pays(self) -> Array:
        """Return the net payout of each outcome for a stake of 1."""
        return np.array([float(outcome.pays) for outcome in self.outcomes])

    @property
    def mean(self) -> float:
        """Return the expected net payout of a round, for a stake of 1."""
        return float(sum(outcome.chance * outcome.pays for outcome in self.outcomes))

    @property
    def edge(self) -> float:
        """Return the house edge: what is lost of each stake in the long run."""
        return 0.0 - self.mean

    @property
    def spread(self) -> float:
        """Return the standard deviation of the net payout of a round."""
        return sqrt(max(0.0, float((self.chances * self.pays**2).sum()) - self.mean**2))

    @property
    def doubt(self) -> float:
        """Return the standard error of `mean`: 0 where the chances follow from arithmetic."""
        return self.spread / sqrt(self.seen) if self.seen else 0.0

    def table(self) -> pd.DataFrame:
        """Return the outcomes as a table: chance and payout."""
        rows = {o.name: {"chance": float(o.chance), "pays": float(o.pays)} for o in self.outcomes}
        return pd.DataFrame.from_dict(rows, orient="index")


def _bet(name: str, chance: Fraction, pays: Chance = 1) -> Game:
    """Return a game with one way to win, which pays a stake of 1 as much."""
    return Game(name, (Outcome("win", chance, pays), Outcome("lose", 1 - chance, -1)))


def _craps() -> Game:
    """Return the pass line: 7 or 11 win at once, 2, 3 and 12 lose, else the point before a 7."""
    ways = {total: 6 - abs(total - 7) for total in range(2, 13)}
    chance = Fraction(ways[7] + ways[11], 36)
    for point in (4, 5, 6, 8, 9, 10):
        chance += Fraction(ways[point], 36) * Fraction(ways[point], ways[point] + ways[7])
    return _bet("craps_pass", chance)


#: A pay table made up for the lesson: symbols of each of three reels, and what three alike pay.
REELS = {"seven": 1, "bell": 3, "cherry": 6, "blank": 10}
PAY_TABLE = {"seven": 1000, "bell": 100, "cherry": 16}


def slot(reels: Mapping[str, int], pay_table: Mapping[str, int], count: int = 3) -> Game:
    """Return a slot machine that pays where all reels show the same symbol.

    Parameters
    ----------
    reels : mapping of symbol to count
        Stops of each reel.
    pay_table : mapping of symbol to payout
        For a stake of 1, which is not returned.
    count : int
        Number of reels.

    Examples
    --------
    >>> game = slot({"a": 1, "b": 1}, {"a": 8}, count=2)
    >>> game.table()["chance"].tolist(), game.mean
    ([0.25, 0.75], 1.0)
    """
    stops = sum(reels.values())
    wins = [
        Outcome(f"{count} x {symbol}", Fraction(places, stops) ** count, pay_table[symbol] - 1)
        for symbol, places in reels.items()
        if symbol in pay_table
    ]
    rest = 1 - sum(outcome.chance for outcome in wins)
    return Game("slot", (*wins, Outcome("nothing", rest, -1)))


#: Weldon's dice: throws of twelve dice by how many showed a five or a six (Pearson, Philosophical
#: Magazine 50 (1900), p. 167, where the fit of fair dice is rejected).
WELDON = (185, 1149, 3265, 5475, 6114, 5194, 3067, 1331, 403, 105, 14, 4, 0)


def _weldon() -> Game:
    """Return a bet at fair odds that one of Weldon's dice shows a five or a six."""
    dice = 12 * sum(WELDON)
    hits = sum(number * throws for number, throws in enumerate(WELDON))
    return replace(_bet("weldon", Fraction(hits, dice), 2), seen=dice)


GAMES: Mapping[str, Game] = {
    game.name: game
    for game in (
        _bet("coin", Fraction(1, 2)),
        _bet("die_six", Fraction(1, 6), 5),
        _bet("roulette_red_38", Fraction(18, 38)),
        _bet("roulette_red_37", Fraction(18, 37)),
        _bet("roulette_number_38", Fraction(1, 38), 35),
        _bet("roulette_number_37", Fraction(1, 37), 35),
        _craps(),
        slot(REELS, PAY_TABLE),
        _weldon(),
    )
}


def game(name: str) -> Game:
    """Return a built-in game.

    Raises
    ------
    DataError
        If there is none of this name.

    Examples
    --------
    >>> round(game("roulette_red_38").mean, 4)
    -0.0526
    """
    if name not in GAMES:
        known = f"expected one of {', '.join(GAMES)}"
        raise DataError(f"game: {known}, got {name!r}." + did_you_mean(name, GAMES))
    return GAMES[name]


def from_table(frame: pd.DataFrame, outcome: str, pays: Mapping[str, float], name: str) -> Game:
    """Return the game of a table: of rounds that were played, or of chances where `pays` is empty.

    Parameters
    ----------
    frame : DataFrame
        A row for each round; or for each outcome, with the columns `chance` and `pays`, and
        `outcome` for their names if they have some.
    outcome : str
        Column of rounds: how each ended.
    pays : mapping of outcome to net payout
        For a stake of 1; empty for a table of chances.
    name : str
        Of the game.

    Raises
    ------
    DataError
        As `from_rounds`; or if a column is missing or holds no numbers, a chance is not between 0
        and 1, or they do not sum to 1.
    """
    known = list(map(str, frame.columns))
    if not pays:
        return _from_chances(frame, known, name)
    if outcome not in frame:
        raise DataError(
            f"outcome: expected a column of the data ({', '.join(known)}), got {outcome!r}."
            + did_you_mean(outcome, known)
        )
    return from_rounds(frame[outcome], pays, name)


def from_rounds(outcomes: Sequence[str] | pd.Series, pays: Mapping[str, float], name: str) -> Game:
    """Return a game whose chances are counted in rounds that were played.

    Parameters
    ----------
    outcomes : sequence of str
        What happened in each round; missing ones are left out.
    pays : mapping of outcome to net payout
        For a stake of 1.
    name : str
        Of the game.

    Raises
    ------
    DataError
        If a round ended in an outcome that `pays` does not name, or there is no round.

    Examples
    --------
    >>> from_rounds(["home", "home", "away"], {"home": 1.0, "away": -1.0}, "bet").mean.__round__(3)
    0.333
    """
    counts = pd.Series(outcomes).dropna().astype(str).value_counts()
    for outcome in counts.index:
        if outcome not in pays:
            known = f"pays: expected a payout for each outcome, got none for {outcome!r}."
            raise DataError(known + did_you_mean(outcome, pays))
    if counts.empty:
        raise DataError(f"{name}: expected rounds that were played, got none")
    seen = int(counts.sum())
    chances = {outcome: Fraction(int(counts.get(outcome, 0)), seen) for outcome in pays}
    return Game(name, tuple(Outcome(o, chances[o], float(p)) for o, p in pays.items()), seen)


def _from_chances(table: pd.DataFrame, known: Sequence[str], name: str) -> Game:
    for column in ("chance", "pays"):
        if column not in table:
            raise DataError(
                f"{name}: expected a column {column!r}, got {', '.join(known)}."
                + did_you_mean(column, known)
            )
    chances, pays = (pd.to_numeric(table[key], "coerce") for key in ("chance", "pays"))
    if (wrong := table[chances.isna() | pays.isna()]).size:
        got = f"{wrong['chance'].iloc[0]} and {wrong['pays'].iloc[0]}"
        raise DataError(f"{name}: expected numbers in the columns chance and pays, got {got}")
    if not chances.between(0, 1).all() or abs(chances.sum() - 1) > 1e-6:
        got = ", ".join(f"{chance:g}" for chance in chances)
        raise DataError(f"{name}: expected chances in 0..1 that sum to 1, got {got}")
    names = table["outcome"].astype(str) if "outcome" in table else table.index.map(str)
    rows = zip(names, chances / chances.sum(), pays.astype(float), strict=True)
    return Game(name, tuple(Outcome(*row) for row in rows))
