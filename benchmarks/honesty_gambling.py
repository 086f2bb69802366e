"""How honest the template ``gambling`` is: each game has a closed form, so that truth is known.

``python benchmarks/honesty_gambling.py`` plays each game again and again and prints with 95 %
intervals (Wilson 1927, JASA 22, p. 209) how often the interval of the house edge, of the share
ahead and of the share ruined holds the truth; how often a game counted in few rounds says the
true edge; and how often a fair game is declared to have an edge. Every figure is kept in
``outputs/benchmarks/honesty_gambling.json``. Takes a minute.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from fourfold import games, wagers
from fourfold.discrimination import wilson

KEPT = Path(__file__).parents[1] / "outputs" / "benchmarks" / "honesty_gambling.json"
PLAYERS, ROUNDS = 400, 101
BANKROLL = 10
RUIN = wagers.ruin(games.named("roulette_red_38"), BANKROLL, ROUNDS - 1)


def played(seed: int) -> Iterator[tuple[str, bool]]:
    for name, game in games.GAMES.items():
        found = wagers.play(game, PLAYERS, ROUNDS, seed=seed)
        _, low, high = wagers.edge(found)
        yield f"house edge, {name}", low <= -game.mean <= high
        truth = games.ahead(game, ROUNDS)
        _, low, high = wagers.share_ahead(found)[-1]
        yield f"share ahead, {name}", low <= truth <= high
    for plan in ("martingale", "fraction"):
        stakes = wagers.Stakes(plan, bankroll=1000)
        found = wagers.play(games.named("roulette_red_38"), PLAYERS, ROUNDS, stakes, seed)
        _, low, high = wagers.edge(found)
        yield f"house edge by {plan}, roulette_red_38", low <= 2 / 38 <= high


def ruined(seed: int) -> Iterator[tuple[str, bool]]:
    stakes = wagers.Stakes(bankroll=BANKROLL)
    found = wagers.play(games.named("roulette_red_38"), PLAYERS, ROUNDS, stakes, seed)
    _, low, high = wagers.share_ruined(found)
    yield "share ruined, roulette_red_38", low <= RUIN <= high


def counted(seed: int) -> Iterator[tuple[str, bool]]:
    """A game whose chances are counted in 500 rounds of a fair coin, then played on."""
    rng = np.random.default_rng(seed)
    rounds = rng.choice(["win", "lose"], 500)
    game = games.counted(rounds, {"win": 1.0, "lose": -1.0}, "coin")
    found = wagers.play(game, PLAYERS, ROUNDS, seed=seed)
    _, low, high = wagers.edge(found, game.doubt)
    yield "house edge, counted in 500 rounds", low <= 0 <= high
    yield "a fair game declared to have an edge", low > 0
    yield "a fair game declared to have none, or a player's", high < 0


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--draws", type=int, default=2000)
    options = parser.parse_args()
    table: dict[str, list[bool]] = {}
    for seed in range(options.draws):
        for draw in (played, ruined, counted):
            for name, hit in draw(seed):
                table.setdefault(name, []).append(bool(hit))
    kept = {}
    for name, hits in table.items():
        share, low, high = wilson(sum(hits), len(hits))
        kept[name] = {"share": share, "low": low, "high": high, "draws": len(hits)}
        print(f"{name:50} {100 * share:5.1f} % ({100 * low:.1f} to {100 * high:.1f})")
    KEPT.parent.mkdir(parents=True, exist_ok=True)
    KEPT.write_text(json.dumps(kept, indent=1))


if __name__ == "__main__":
    main()
