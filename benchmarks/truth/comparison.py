"""How often the comparison template is right where the truth is known.

``python benchmarks/truth/comparison.py`` draws sweeps whose settings have known effects, or none,
asks the functions that the template calls, and prints with 95 % intervals (Wilson 1927): how often
a setting that does nothing is called important, how often one of equal runs is called the winner,
and how often each interval holds the truth. Figures are kept in ``outputs/benchmarks``. Seeds are
fixed: two runs print the same.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
from simulation import AT_LEAST, COVERAGE, ERROR, Bar, asked, judge

from fourfold.methods.comparison import anova, ranking
from fourfold.methods.comparison.runs import Runs, read_runs

Answer = Callable[[np.random.Generator], bool]
Noise = Callable[[np.random.Generator, int], np.ndarray]


def normal(rng: np.random.Generator, count: int) -> np.ndarray:
    return rng.normal(size=count)


def skewed(rng: np.random.Generator, count: int) -> np.ndarray:
    """Exponential: a long tail, as of running times."""
    return rng.exponential(size=count) - 1


def sweep(levels: tuple[int, ...], seeds: int) -> Runs:
    """All combinations of levels, each repeated by so many seeds, without results."""
    names = [f"param.{letter}" for letter in "abcdef"[: len(levels)]]
    rows = [(*each, seed) for each in product(*map(range, levels)) for seed in range(seeds)]
    frame = pd.DataFrame(rows, columns=[*names, "param.seed"])
    frame = frame.astype(dict.fromkeys(names, "string"))
    score = np.arange(len(frame), dtype=float)
    return read_runs(frame.assign(status="ok", **{"metric.score": score})).of("score")


def drawn(
    runs: Runs, mean: np.ndarray, rng: np.random.Generator, noise: Noise, blocks: float = 0
) -> Runs:
    """The runs with results; those of one seed share a part of their noise if `blocks` > 0."""
    seeds = runs.table["seed"].to_numpy() if runs.repeats else np.zeros(len(mean), int)
    shared = blocks * rng.normal(size=seeds.max() + 1)
    score = mean + noise(rng, len(mean)) + shared[seeds]
    return replace(runs, table=runs.table.assign(score=score))


def important(runs: Runs) -> bool:
    return bool((anova.explained(runs, "score", 999, 0)["p"] < 0.05).any())


def any_important(levels: tuple[int, ...], seeds: int, noise: Noise, blocks: float = 0) -> Answer:
    design = sweep(levels, seeds)
    zero = np.zeros(len(design.table))
    return lambda rng: important(drawn(design, zero, rng, noise, blocks))


def random_search(rng: np.random.Generator) -> bool:
    """Forty runs of a random search over five settings that do nothing: is one important?"""
    count = 40
    frame = pd.DataFrame(
        {
            "param.rate": 10 ** rng.uniform(-4, 0, count),
            "param.depth": rng.integers(2, 12, count),
            "param.share": rng.random(count),
            "param.kind": rng.choice(list("abc"), count),
            "param.flag": rng.random(count) < 0.5,
        }
    )
    return important(
        read_runs(frame.assign(status="ok", **{"metric.score": rng.normal(size=count)})).of("score")
    )


def inert_important(
    levels: tuple[int, ...], seeds: int, failed: float, kind: str = "product", corner: bool = False
) -> Answer:
    """Some runs failed, and only a and b together do anything: is any other effect important?

    Levels of `a` and `b` multiply, or one cell of them stands out; runs fail anywhere, or mostly
    in the corner of the highest a and c.
    """
    design = sweep(levels, seeds)
    a, b, c = (design.table[name].astype(int).to_numpy() for name in "abc")
    product_ = 3 * (a - a.max() / 2) * (b - b.max() / 2)
    mean = product_ if kind == "product" else 3.0 * ((a == 0) & (b == 1))
    mean = mean + 2 * a if kind == "both" else mean
    fails = np.where((a == a.max()) & (c == c.max()), 3, 0.6) * failed if corner else failed

    def draw(rng: np.random.Generator) -> bool:
        kept = rng.random(len(mean)) >= fails
        runs = drawn(design, mean, rng, normal)
        effects = anova.explained(replace(runs, table=runs.table[kept]), "score", 299, 0)
        return any(
            effects.loc[name, "p"] < 0.05
            for name in effects.index.drop("noise")
            if not {*name.split(" × ")} <= {"a", "b"}
        )

    return draw


def share_held(
    levels: tuple[int, ...], seeds: int, sizes: tuple[float, ...], effect: str
) -> Answer:
    """Does the interval hold the true share? `sizes` are standard deviations, noise being 1."""
    design = sweep(levels, seeds)
    place = {name: design.table[name].astype(int).to_numpy() for name in design.settings}
    parts, mean = {}, np.zeros(len(design.table))
    for name, count, size in zip("abcdef", levels, sizes, strict=False):
        steps = np.linspace(-1, 1, count)
        part = (steps / steps.std() * size)[place[name]]
        parts[name], mean = part.var(), mean + part
    if len(sizes) > len(levels):  # a and c together, both of an even number of levels
        part = sizes[-1] * (-1.0) ** (place["a"] + place["c"])
        parts["a × c"], mean = part.var(), mean + part
    true = 100 * parts[effect] / (sum(parts.values()) + 1)

    def draw(rng: np.random.Generator) -> bool:
        runs = drawn(design, mean, rng, normal)
        found = anova.explained(runs, "score", 999, 0).loc[effect]
        return bool(found["low"] <= true <= found["high"])

    return draw


def ranked(
    means: tuple[float, ...], seeds: int, asked: str, noise: Noise = normal, told: str = "repeats"
) -> Answer:
    """One setting with the given means: is a winner declared, or does an interval hold it?"""
    design = sweep((len(means),), seeds)
    true = np.array(means)[design.table["a"].astype(int)]

    def draw(rng: np.random.Generator) -> bool:
        runs = drawn(design, true, rng, noise, blocks=float(told == "repeats"))
        score = runs.table["score"]
        ends = pd.DataFrame({"score.low": score - 1.96, "score.high": score + 1.96})
        found = ranking.rank(replace(runs, intervals=ends), "score", noise=told)
        first, *others = (means[int(level)] for level in found.table["a"])
        if asked == "winner":
            return found.wins
        interval, truth = (
            (found.lead, first - max(others)) if asked == "lead" else (found.best, first)
        )
        return interval.low <= truth <= interval.high

    return draw


def cases() -> Iterator[tuple[str, Bar, Answer]]:
    told = "no setting matters"
    yield f"{told}, 2 × 3 × 4 and 2 seeds: one is", ERROR, any_important((2, 3, 4), 2, normal)
    yield f"{told}, seeds differ: one is", ERROR, any_important((2, 3, 4), 2, normal, 2)
    yield f"{told}, 2 × 2 × 2 × 3, one seed", ERROR, any_important((2, 2, 2, 3), 1, normal)
    yield f"{told}, long tail of noise: one is", ERROR, any_important((2, 3, 4), 2, skewed)
    yield f"{told}, random search of 40: one is", ERROR, random_search
    for levels, seeds, failed, kind, corner in [
        ((3, 3, 3), 2, 0.15, "product", False),
        ((3, 3, 3), 2, 0.33, "product", False),
        ((3, 3, 3), 2, 0.2, "one cell", True),
        ((2, 3, 4), 2, 0.33, "both", False),
        ((2, 2, 2, 3), 2, 0.33, "both", False),
        ((3, 3, 3), 3, 0.5, "product", False),
        ((3, 3, 3), 1, 0.2, "product", False),  # pairs are left to noise
    ]:
        name = f"{' × '.join(map(str, levels))}, {seeds} seeds, {failed:.0%} failed"
        name += " in a corner" if corner else ""
        draw = inert_important(levels, seeds, failed, kind, corner)
        yield f"{name}, a × b by {kind}: an inert one is", ERROR, draw
    for effect, seeds, sizes in [
        ("a", 2, (0.5, 0.5, 0.0)),
        ("b", 2, (1.0, 2.0, 0.0)),
        ("a", 2, (0.3, 0.0, 0.0)),
        ("a × c", 2, (1.0, 1.0, 0.0, 0.7)),
        ("a", 5, (0.5, 1.0, 0.5)),
    ]:
        name = f"share of {effect}, {seeds} seeds, effects {', '.join(map(str, sizes))}"
        yield f"{name}: held", COVERAGE, share_held((2, 3, 4), seeds, sizes, effect)
    for count, seeds in [(2, 5), (3, 3), (10, 3)]:
        equal = (0.0,) * count
        yield f"{count} equal, {seeds} seeds: a winner", ERROR, ranked(equal, seeds, "winner")
    two = (0.0, 0.0, *[-5.0] * 8)
    yield "2 equal and 8 worse, 3 seeds: a winner", ERROR, ranked(two, 3, "winner")
    yield "2 equal, long tail: a winner", ERROR, ranked((0, 0), 5, "winner", skewed)
    draw = ranked((0, 0), 1, "winner", told="intervals")
    yield "2 equal, noise by intervals: a winner", ERROR, draw
    for name, means in [
        ("2 equal", (0.0, 0.0)),
        ("2 half a noise apart", (0.0, 0.5)),
        ("10 in steps", tuple(np.arange(10) * 0.8)),
        ("1 far ahead of 9", (5.0, *[0.0] * 9)),
        ("10 equal", (0.0,) * 10),
    ]:
        # Where runs are equal, to pick the best can only make these hold the truth more often.
        yield f"{name}: interval of lead holds it", AT_LEAST, ranked(means, 4, "lead")
        draw = ranked(means, 1, "best", told="intervals")
        yield f"{name}: interval of best holds it", AT_LEAST, draw


if __name__ == "__main__":
    sys.exit(judge("comparison", __doc__, [(asked(*case), 2000) for case in cases()]))
