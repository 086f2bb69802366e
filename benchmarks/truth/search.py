"""How good the winner of a ``search`` is, and how true what is said of it.

``python benchmarks/truth/search.py`` searches three real configs (groups of wines, progression of
diabetes, bets at roulette) by the functions that their templates call, and a function whose truth
is known, 200 times each, and tells: how often the interval of the confirmation holds the truth of
the winner; how often that of the search itself does, which is of the best of many; by how much the
search saw its winner better than it is; how good the winners are beside those of a grid and of
settings drawn at random in as many runs; and how many runs are saved by stopping settings early.

Each setting of a real config is evaluated with a pool of seeds first, from which all searches draw
with replacement: the truth of a winner is its mean over the pool.
``--notebooks`` searches the same configs by ``fourfold run``, once each, and then again. Takes ten
minutes on two cores; ``--times 0.1`` a tenth of the searches.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterable, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import product
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import numpy as np
from simulation import AT_LEAST, keep
from sklearn.cluster import KMeans
from sklearn.linear_model import Ridge
from sklearn.model_selection import train_test_split
from sklearn.neighbors import KNeighborsRegressor
from threadpoolctl import threadpool_limits

from fourfold.data import sources
from fourfold.methods import clustering, supervised
from fourfold.methods.gambling import games
from fourfold.methods.gambling import players as wagers
from fourfold.methods.intervals import mean_interval, share
from fourfold.plan.search import Search
from fourfold.plan.spec import canonical
from fourfold.run.drawing import at_random
from fourfold.run.search import Race, carry_out, interval

ROOT = Path(__file__).parents[2]
Values = Mapping[str, Any]
COUNT, TRIALS, REPEATS, CONFIRM, POOL = 200, 24, 5, 20, 120


@cache
def table(name: str) -> Any:
    return sources.load(name, root=ROOT).frame


def wines(values: Values, seed: int) -> float:
    """Agreement of clusters of a random 80 wines with their cultivars, as clustering.ipynb."""
    frame = table("wine").sample(80, random_state=seed)
    known = frame.pop("cultivar").astype(str)
    measured = clustering.select_features(frame, values["features"], leave_out=[])
    points = clustering.scaler(values["scaler"]).fit_transform(measured)
    model = KMeans(values["k"], n_init=2, random_state=seed).fit(points)
    return float(clustering.agreement(model.labels_, known, seed, resamples=2).value)


def diabetes(values: Values, seed: int) -> float:
    """R² on a quarter of the rows that were held out, as regression.ipynb."""
    rows = table("diabetes")
    rows = rows.sample(min(len(rows), values["sample_rows"]), random_state=seed)
    goal = rows["progression"].astype(float)
    known = rows.drop(columns=["progression", *values["leave_out"]])
    estimators = {
        "ridge": Ridge(alpha=1.0),
        "neighbours": KNeighborsRegressor(n_neighbors=15),
    }
    picked = supervised.choose(values["models"], estimators)
    model = supervised.pipelines(picked, known, "regression")[values["models"][0]]
    train, test, learnt, asked = train_test_split(known, goal, random_state=seed)
    predicted = model.fit(train, learnt).predict(test)
    return float(supervised.r2(asked.to_numpy(), predicted).value)


def roulette(values: Values, seed: int) -> float:
    """Share of 200 players that are ahead after 100 rounds, as gambling.ipynb."""
    plan = wagers.Stakes(values["stakes"], values["bankroll"], values["table_limit"], 0.02)
    ended = wagers.play(games.game("roulette_red_38"), 200, 100, plan, seed)
    return float((ended.profits[:, -1] > 1e-9).mean())


def known_truth(values: Values) -> float:
    """Return the mean of a function of two lists and two ranges; at most 1."""
    bend = (values["x"] - 0.3) ** 2 + 0.3 * math.log10(values["rate"] / 0.01) ** 2
    return 1 - bend - 0.2 * (values["mode"] != "b") - 0.05 * abs(values["depth"] - 3)


def simulated(values: Values, seed: int, shape: float = 4.0) -> float:
    """Add noise of mean 0 and spread 0.2 to the known truth; its skew is 2 / sqrt(shape)."""
    own = [ord(each) for each in canonical(values)]
    noise = np.random.default_rng([seed, *own]).gamma(shape)
    return known_truth(values) + 0.2 * (noise - shape) / math.sqrt(shape)


@dataclass(frozen=True)
class Case:
    """A search, how a run of it is evaluated, how many seeds its pool has, whether it has a bar."""

    name: str
    template: str
    fixed: Values
    search: Search
    evaluate: Callable[[Values, int], float]
    pool: int = 0
    bar: bool = True


def searched(metric: str, over: Values) -> Search:
    limits = {"trials": TRIALS, "repeat": "seed", "repeats": REPEATS, "confirm": CONFIRM}
    return Search(metric, "maximize", over, **limits)


WINE = [
    ["flavanoids", "proline", "hue"],
    ["alcohol", "proline", "color_intensity", "flavanoids", "hue"],
    [],
]
KNOWN = {
    "x": {"low": 0.0, "high": 1.0},
    "rate": {"low": 1e-4, "high": 1.0, "log": True},
    "mode": ["a", "b", "c"],
    "depth": [1, 2, 3, 4, 5, 6],
}
LEFT_OUT = [
    [],
    ["bmi_kg_m2"],
    ["log_triglycerides"],
    ["total_cholesterol", "ldl_cholesterol", "hdl_cholesterol", "total_to_hdl_ratio"],
]
CASES = [
    Case(
        "wines",
        "clustering",
        {"data": "wine", "contract": "", "label": "cultivar", "resamples": 10, "references": 10},
        searched(
            "agreement",
            {
                "k": [2, 3, 4, 5, 6],
                "scaler": ["standard", "robust", "minmax", "none"],
                "features": WINE,
            },
        ),
        wines,
        POOL,
    ),
    Case(
        "diabetes",
        "regression",
        {"data": "diabetes", "target": "progression", "repeats": 1},
        searched(
            "r2",
            {
                "models": [["ridge"], ["neighbours"]],
                "leave_out": LEFT_OUT,
                "sample_rows": [100, 150, 200, 300, 442],
            },
        ),
        diabetes,
        POOL,
    ),
    Case(
        "roulette",
        "gambling",
        {"game": "roulette_red_38", "players": 200, "rounds": 100},
        searched(
            "share ahead",
            {
                "stakes": ["flat", "martingale", "fraction"],
                "bankroll": [10.0, 20.0, 50.0, 100.0, 200.0, 500.0],
                "table_limit": [2.0, 5.0, 10.0, 20.0, 50.0, 100.0, 200.0, 500.0],
            },
        ),
        roulette,
        POOL,
    ),
    Case("known truth", "", {}, searched("m", KNOWN), simulated),
    # No interval of twenty runs is right where a few of them decide: told.
    Case(
        "known, exponential", "", {}, searched("m", KNOWN), partial(simulated, shape=1), bar=False
    ),
]


def whole(over: Values) -> list[Values]:
    """Return all settings of lists."""
    return [dict(zip(over, each, strict=True)) for each in product(*over.values())]


def _pooled(place: int, setting: Values) -> tuple[str, list[float]]:
    case = CASES[place]
    return canonical(setting), [case.evaluate(setting, seed) for seed in range(case.pool)]


_POOLS: dict[int, dict[str, list[float]]] = {}


def levels(values: Any, most: int) -> list[Any]:
    """Return so many values of a list or a range, evenly apart."""
    if isinstance(values, dict):
        ends, log = [values["low"], values["high"]], values.get("log")
        ends = np.log(ends) if log else ends
        inner = np.linspace(*ends, most + 2)[1:-1]
        values = [float(f"{each:.6g}") for each in (np.exp(inner) if log else inner)]
    return [values[round(each)] for each in np.linspace(0, len(values) - 1, most)]


def grid(over: Values, most: int) -> list[Values]:
    """Return the finest grid of so many settings, with about as many levels of each number.

    What is no number has all its values, as long as there are two levels of each number.
    """
    sizes = {n: 50 if isinstance(v, dict) else len(v) for n, v in over.items()}
    numbers = [
        n for n, v in over.items() if isinstance(v, dict) or not isinstance(v[0], str | list)
    ]
    while math.prod(sizes.values()) > most:
        names = [name for name in numbers if sizes[name] > 2] or list(sizes)
        largest = max(names, key=lambda name: sizes[name])
        sizes[largest] -= 1
    return whole({name: levels(values, sizes[name]) for name, values in over.items()})


def once(job: tuple[int, int]) -> dict[str, Any]:
    """Search once, and by a grid and at random in as many runs; return the truth of each winner."""
    place, number = job
    case, rng = CASES[place], np.random.default_rng([place, number])
    pool = _POOLS.get(place)
    search = replace(case.search, seed=number, first=int(rng.integers(10**9)))
    drawn_seeds = rng.integers(case.pool or 1, size=REPEATS + CONFIRM)

    def score(values: Values) -> float:
        own = {name: value for name, value in values.items() if name != "seed"}
        if pool is None:
            return case.evaluate(own, values["seed"])
        return pool[canonical(own)][drawn_seeds[values["seed"] - search.first]]

    def truth(values: Values) -> float:
        return known_truth(values) if pool is None else float(np.mean(pool[canonical(values)]))

    def winner(settings: list[Values]) -> float:
        repeats = range(search.first, search.first + REPEATS)
        means = [np.mean([score({**each, "seed": seed}) for seed in repeats]) for each in settings]
        return truth(settings[int(np.argmax(means))])

    race = carry_out(Race(search), score)
    best, runs = race.best, len(race.tries) - CONFIRM
    drawn = Race(
        replace(search, trials=runs // REPEATS, confirm=0),
        propose=partial(at_random, search),
    )
    carry_out(drawn, lambda values: 0.0)
    real = truth(best.values)
    fresh, naive = interval(best.fresh), interval(best.scores)
    return {
        "confirmed": fresh.low <= real <= fresh.high,
        "naive": naive.low <= real <= naive.high,
        "optimism": best.mean - real,
        "optimism as printed": race.optimism,
        "saved": 1 - runs / (len(race.settings) * REPEATS),
        "stopped settings": sum(each.state == "stopped" for each in race.settings),
        "stopped and better": sum(
            each.state == "stopped" and truth(each.values) > real for each in race.settings
        ),
        "search": real,
        "random": winner([each.values for each in drawn.settings]),
        "grid": winner(grid(case.search.over, runs // REPEATS)),
    }


def workers() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(os.cpu_count(), get_context("fork"), threadpool_limits, (1,))


def report(place: int, rows: list[dict[str, Any]]) -> tuple[dict[str, Any], bool]:
    """Print and return the figures of a case, and whether the bar is met."""
    lines: dict[str, Any] = {"case": CASES[place].name, "searches": len(rows)}

    def say(name: str, figures: Iterable[float], form: str = ".4f", mark: str = "") -> None:
        lines[name] = list(figures)
        value, low, high = (f"{each:{form}}" for each in lines[name])
        print(f"  {name:48} {value} ({low} to {high}) {mark}")

    held = share(sum(row["confirmed"] for row in rows), len(rows))
    missed = CASES[place].bar and held.high < AT_LEAST[0]
    near = "near" if CASES[place].bar and held.value < AT_LEAST[0] else ""
    told = "" if CASES[place].bar else "told"
    say("confirmation holds the truth", held, ".1%", "MISSED" if missed else near or told)
    say(
        "interval of the search holds the truth",
        share(sum(r["naive"] for r in rows), len(rows)),
        ".1%",
    )
    for name in ("optimism", "optimism as printed", "stopped settings", "stopped and better"):
        say(name, mean_interval(np.array([row[name] for row in rows], float)))
    say("runs saved by stopping", mean_interval(np.array([row["saved"] for row in rows])), ".1%")
    truths = [float(np.mean(scores)) for scores in _POOLS.get(place, {"": [1.0]}).values()]
    print(f"  {'truth of the best setting there is':48} {max(truths):.4f}")
    lines["best there is"] = max(truths)
    for name in ("search", "random", "grid"):
        say(f"truth of the winner: {name}", mean_interval(np.array([row[name] for row in rows])))
    for name in ("random", "grid"):
        ahead = np.array([row["search"] - row[name] for row in rows])
        say(f"search ahead of {name}", mean_interval(ahead))
    return lines, not missed


def notebooks(only: str) -> int:
    """Search the real configs by their notebooks; return 1 if the second command executes any."""
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        (root / "params").mkdir()
        (root / "templates").mkdir()
        for case in (case for case in CASES if case.template and only in case.name):
            block = {
                "metric": case.search.metric,
                "direction": "maximize",
                "over": case.search.over,
            }
            block |= {"trials": 6, "repeat": {"seed": 3}, "confirm": 5}
            content = {"template": case.template, "parameters": dict(case.fixed), "search": block}
            (root / "params" / f"{case.name}.yaml").write_text(json.dumps(content))
        for turn in ("first", "second"):
            start = time.time()
            command = [sys.executable, "-m", "fourfold", "run", "--root", folder]
            done = subprocess.run(command, capture_output=True, text=True, check=False)
            print(f"{turn} command: exit code {done.returncode}, {time.time() - start:.0f} s")
            heads = ("nothing", "search:", "best:", "estimate:", "confirmed:", "optimism:")
            print("\n".join(each for each in done.stdout.splitlines() if each.startswith(heads)))
            print(done.stderr, end="")
            failed |= done.returncode or (turn == "second" and "nothing to do" not in done.stdout)
    return int(failed)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--times", type=float, default=1.0, help="more or fewer searches")
    parser.add_argument("--only", default="", help="cases whose name holds this")
    parser.add_argument("--notebooks", action="store_true", help="by notebooks, once each")
    options = parser.parse_args()
    if options.notebooks:
        return notebooks(options.only)
    kept, all_met = [], True
    for place, case in enumerate(CASES):
        if options.only not in case.name:
            continue
        start = time.time()
        if case.pool:
            settings = whole(case.search.over)
            with workers() as pool:
                _POOLS[place] = dict(pool.map(partial(_pooled, place), settings, chunksize=4))
            print(f"{case.name}: {len(settings)} settings × {case.pool} seeds")
        count = max(3, round(options.times * COUNT))
        with workers() as pool:
            rows = list(pool.map(once, [(place, number) for number in range(count)]))
        taken = f"{time.time() - start:.0f} s"
        print(f"{case.name}: {count} searches of {TRIALS} settings × {REPEATS}, {taken}")
        figures, met = report(place, rows)
        kept.append(figures)
        all_met &= met
        sys.stdout.flush()
    if options.times >= 1 and not options.only:
        keep("search", kept)
    print("all bars met" if all_met else "a bar is missed")
    return 0 if all_met else 1


if __name__ == "__main__":
    sys.exit(main())
