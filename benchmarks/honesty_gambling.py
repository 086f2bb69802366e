"""How honest the template ``gambling`` is: each game has a closed form, so that truth is known.

``python benchmarks/honesty_gambling.py`` plays each game again and again, in small runs and in
larger ones, and prints with 95 % intervals (Wilson 1927, JASA 22, p. 209) how often the interval
of the house edge, of the share ahead and of the share ruined holds the truth; in how many runs
too few long shots came for an interval to be given; how often a game counted in few rounds says
the true edge; and how often a criterion that is on the edge of truth is called supported. Every
figure is kept in ``outputs/benchmarks/honesty_gambling.json``. Takes a few minutes.
"""

from __future__ import annotations

import argparse
import json
import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from fourfold import games, odds, wagers
from fourfold.evidence import Criterion, Metric, judge

KEPT = Path(__file__).parents[1] / "outputs" / "benchmarks" / "honesty_gambling.json"
SMALL, LARGE = (100, 10), (1000, 201)
#: As the template plays by default: every second draw only, since these take longest.
DEFAULT = (5000, 1000)
BANKROLL = 10
RED = games.named("roulette_red_38")
SURE_RUIN = odds.ruin(RED, BANKROLL, LARGE[1])
AHEAD = {(g, n): odds.ahead(games.named(g), n) for g in games.GAMES for n in (SMALL[1], LARGE[1])}


def held(name: str, found: wagers.Estimate, truth: float) -> Iterator[tuple[str, bool]]:
    if math.isnan(found.low):
        yield f"no interval: {name}", True
    else:
        yield f"no interval: {name}", False
        yield f"holds the truth: {name}", found.low <= truth <= found.high


def supported(name: str, found: wagers.Estimate, condition: str) -> Iterator[tuple[str, bool]]:
    claim = judge(Criterion.parse("house edge", condition), Metric.of("e", found.value, found.ci))
    yield f"called supported: {name} {condition}", claim.verdict == "supported"


def played(seed: int) -> Iterator[tuple[str, bool]]:
    """Each game, in small and larger runs."""
    for name, game in games.GAMES.items():
        # The chances of Weldon's dice are taken for exact here: what is simulated is the play.
        sure = games.Game(name, game.outcomes)
        for players, rounds in (SMALL, LARGE):
            found = wagers.play(sure, players, rounds, seed=seed)
            size = f"{name}, {players} x {rounds}"
            edge = wagers.edge(sure, found)
            yield from held(f"house edge, {size}", edge, sure.edge)
            _, low, high = wagers.share_ahead(found)[-1]
            yield f"holds the truth: share ahead, {size}", low <= AHEAD[name, rounds] <= high
            for sign in "<>":
                yield from supported(f"house edge of {size}", edge, f"{sign} {sure.edge:.9f}")


def staked(seed: int) -> Iterator[tuple[str, bool]]:
    """Systems of stakes on red; and the ruin of flat bets."""
    for plan in ("martingale", "fraction"):
        for players, rounds in (SMALL, LARGE):
            stakes = wagers.Stakes(plan, bankroll=1000)
            found = wagers.edge(RED, wagers.play(RED, players, rounds, stakes, seed))
            yield from held(f"house edge by {plan}, {players} x {rounds}", found, 2 / 38)
            yield from supported(f"by {plan}, {players} x {rounds}", found, f"< {2 / 38:.9f}")
    poor = wagers.play(RED, *LARGE, wagers.Stakes(bankroll=BANKROLL), seed)
    yield from held("share ruined, 1000 x 201", wagers.share_ruined(poor), SURE_RUIN)


def whole(seed: int) -> Iterator[tuple[str, bool]]:
    """The skewest game, a single number, and doubled stakes, at the size of the template."""
    doubled = wagers.Stakes("martingale", bankroll=1000)
    ways = (("slot", wagers.Stakes()), ("roulette_number_38", wagers.Stakes()), (RED.name, doubled))
    for name, stakes in ways if seed % 2 == 0 else ():
        game = games.named(name)
        found = wagers.edge(game, wagers.play(game, *DEFAULT, stakes, seed))
        yield from held(f"house edge by {stakes.plan}, {name}, 5000 x 1000", found, game.edge)
        yield from supported(f"{name} by {stakes.plan}, 5000 x 1000", found, f"< {game.edge:.9f}")


def counted(seed: int) -> Iterator[tuple[str, bool]]:
    """Games whose chances are counted in 500 rounds of fair odds, then played on."""
    rng = np.random.default_rng(seed)
    for name, chance, pays in (("even money", 0.5, 1.0), ("one in ten", 0.1, 9.0)):
        rounds = np.where(rng.random(500) < chance, "win", "lose")
        game = games.counted(list(rounds), {"win": pays, "lose": -1.0}, name)
        found = wagers.edge(game, wagers.play(game, *LARGE, seed=seed))
        yield from held(f"house edge, {name} counted in 500 rounds", found, 0.0)
        for condition in ("> 0", "< 0"):
            yield from supported(f"fair {name} counted in 500 rounds", found, condition)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=2000)
    options = parser.parse_args()
    table: dict[str, list[bool]] = {}
    for seed in range(options.draws):
        for draw in (played, staked, whole, counted):
            for name, hit in draw(seed):
                table.setdefault(name, []).append(bool(hit))
    kept = {}
    for name, hits in sorted(table.items()):
        found = wagers.share(sum(hits), len(hits))
        kept[name] = {"share": found.value, "low": found.low, "high": found.high, "of": len(hits)}
        low, high = 100 * found.low, 100 * found.high
        print(f"{name:75} {100 * found.value:5.1f} % ({low:.1f} to {high:.1f}) of {len(hits)}")
    KEPT.parent.mkdir(parents=True, exist_ok=True)
    KEPT.write_text(json.dumps(kept, indent=1))


if __name__ == "__main__":
    main()
