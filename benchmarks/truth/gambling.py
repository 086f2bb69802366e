"""How honest the template ``gambling`` is: each game has a closed form, so that truth is known.

``python benchmarks/truth/gambling.py`` plays each game again and again, in small runs, in larger
ones and, where a few wins decide, in runs as large as the template's own, and tells how often the
interval of the house edge, of the share ahead and of the share ruined holds the truth; in how many
runs too few long shots came for an interval to be given; how often a game counted in few rounds
says the true edge; and how often a criterion that is on the edge of truth is called supported.
Takes a quarter of an hour on two cores.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Iterator

import numpy as np
from simulation import COVERAGE, ERROR, TOLD, Bar
from simulation import judge as judged

from fourfold.methods.gambling import games, odds
from fourfold.methods.gambling import players as wagers
from fourfold.records.evidence import Criterion, Metric, judge

Answers = Iterator[tuple[str, Bar, bool]]
SMALL, LARGE, DEFAULT = (100, 10), (1000, 201), (5000, 1000)
BANKROLL = 10
RED = games.game("roulette_red_38")
SURE_RUIN = odds.ruin(RED, BANKROLL, LARGE[1])
AHEAD = {(g, n): odds.ahead(games.game(g), n) for g in games.GAMES for n in (SMALL[1], LARGE[1])}


def seed_of(rng: np.random.Generator) -> int:
    return int(rng.integers(2**31))


def held(name: str, found: wagers.Estimate, truth: float) -> Answers:
    _, low, high = found.interval
    if math.isnan(low):
        yield f"no interval: {name}", TOLD, True
    else:
        yield f"no interval: {name}", TOLD, False
        yield f"holds the truth: {name}", COVERAGE, low <= truth <= high


def supported(name: str, found: wagers.Estimate, condition: str) -> Answers:
    claim = judge(
        Criterion.parse("house edge", condition),
        Metric(found.interval.value, found.interval[1:]).plain("e"),
    )
    yield f"called supported: {name} {condition}", ERROR, claim.verdict == "supported"


def played(rng: np.random.Generator) -> Answers:
    """Each game, in small and larger runs."""
    for name, game in games.GAMES.items():
        # The chances of Weldon's dice are taken for exact here: what is simulated is the play.
        sure = games.Game(name, game.outcomes)
        for players, rounds in (SMALL, LARGE):
            found = wagers.play(sure, players, rounds, seed=seed_of(rng))
            size = f"{name}, {players} x {rounds}"
            edge = wagers.edge(sure, found)
            yield from held(f"house edge, {size}", edge, sure.edge)
            _, low, high = wagers.share_ahead(found)[-1]
            truth = AHEAD[name, rounds]
            yield f"holds the truth: share ahead, {size}", COVERAGE, low <= truth <= high
            for sign in "<>":
                yield from supported(f"house edge of {size}", edge, f"{sign} {sure.edge:.9f}")


def staked(rng: np.random.Generator) -> Answers:
    """Systems of stakes on red; and the ruin of flat bets."""
    for plan in ("martingale", "fraction"):
        for players, rounds in (SMALL, LARGE):
            stakes = wagers.Stakes(plan, bankroll=1000)
            found = wagers.edge(RED, wagers.play(RED, players, rounds, stakes, seed_of(rng)))
            yield from held(f"house edge by {plan}, {players} x {rounds}", found, 2 / 38)
            yield from supported(f"by {plan}, {players} x {rounds}", found, f"< {2 / 38:.9f}")
    poor = wagers.play(RED, *LARGE, wagers.Stakes(bankroll=BANKROLL), seed_of(rng))
    yield from held("share ruined, 1000 x 201", wagers.share_ruined(poor), SURE_RUIN)


def whole(rng: np.random.Generator) -> Answers:
    """The skewest game, a single number, and doubled stakes, at the size of the template."""
    doubled = wagers.Stakes("martingale", bankroll=1000)
    ways = (("slot", wagers.Stakes()), ("roulette_number_38", wagers.Stakes()), (RED.name, doubled))
    for name, stakes in ways:
        game = games.game(name)
        found = wagers.edge(game, wagers.play(game, *DEFAULT, stakes, seed_of(rng)))
        yield from held(f"house edge by {stakes.plan}, {name}, 5000 x 1000", found, game.edge)
        yield from supported(f"{name} by {stakes.plan}, 5000 x 1000", found, f"< {game.edge:.9f}")


def counted(rng: np.random.Generator) -> Answers:
    """Games whose chances are counted in 500 rounds of fair odds, then played on."""
    for name, chance, pays in (("even money", 0.5, 1.0), ("one in ten", 0.1, 9.0)):
        rounds = np.where(rng.random(500) < chance, "win", "lose")
        game = games.from_rounds(list(rounds), {"win": pays, "lose": -1.0}, name)
        found = wagers.edge(game, wagers.play(game, *LARGE, seed=seed_of(rng)))
        yield from held(f"house edge, {name} counted in 500 rounds", found, 0.0)
        for condition in ("> 0", "< 0"):
            yield from supported(f"fair {name} counted in 500 rounds", found, condition)


DRAWS = [(played, 2000), (staked, 2000), (counted, 2000), (whole, 1000)]

if __name__ == "__main__":
    sys.exit(judged("gambling", __doc__, DRAWS))
