"""How often the clustering template is right where the truth is known.

``python benchmarks/truth/clustering.py`` draws data sets without structure and with three separated
groups, asks the template's own rule (its scaler and `choose_k`, with the template's defaults) and
prints the share of right answers with its 95 % interval (Wilson 1927). ``--more`` adds harder
cases, of which nothing is required. Seeds are fixed: two runs print the same shares.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.stats import binomtest
from simulation import ROOT
from threadpoolctl import threadpool_limits

from fourfold.methods.clustering import choose_k, scaler
from fourfold.plan.template import read_template

ROWS = 300
NEEDED = 0.95
Draw = Callable[[np.random.Generator], np.ndarray]


@dataclass(frozen=True)
class Case:
    """One kind of data with a known answer: the number of clusters, 1 for none."""

    name: str
    truth: int
    draw: Draw
    required: bool = True


def box(dimensions: int) -> Draw:
    return lambda rng: rng.uniform(size=(ROWS, dimensions))


def gaussian(dimensions: int, correlation: float) -> Draw:
    covariance = np.full((dimensions, dimensions), correlation)
    np.fill_diagonal(covariance, 1)
    return lambda rng: rng.multivariate_normal(np.zeros(dimensions), covariance, ROWS)


def groups(sizes: tuple[int, ...], apart: float, dimensions: int) -> Draw:
    """Round groups whose centres are `apart` standard deviations from each other."""
    centres = apart / np.sqrt(2) * np.eye(max(dimensions, len(sizes)))[: len(sizes), :dimensions]
    if dimensions < len(sizes):
        angle = 2 * np.pi * np.arange(len(sizes)) / len(sizes)
        centres = apart / np.sqrt(3) * np.column_stack([np.cos(angle), np.sin(angle)])
    return lambda rng: np.concatenate(
        [rng.normal(centre, 1, (n, dimensions)) for centre, n in zip(centres, sizes, strict=True)]
    )


def moons(rng: np.random.Generator) -> np.ndarray:
    angle = rng.uniform(0, np.pi, ROWS)
    upper = np.arange(ROWS) < ROWS // 2
    x = np.where(upper, np.cos(angle), 1 - np.cos(angle))
    y = np.where(upper, np.sin(angle), 0.5 - np.sin(angle))
    return np.column_stack([x, y]) + rng.normal(0, 0.05, (ROWS, 2))


CASES = (
    Case("uniform, 2 features", 1, box(2)),
    Case("uniform, 6 features", 1, box(6)),
    Case("one Gaussian, 2 features", 1, gaussian(2, 0.0)),
    Case("one Gaussian, 6 correlated features", 1, gaussian(6, 0.5)),
    Case("three groups of 100, 6 sd apart, 2 features", 3, groups((100, 100, 100), 6, 2)),
    Case(
        "three groups of 150, 100 and 50, 6 sd apart, 4 features", 3, groups((150, 100, 50), 6, 4)
    ),
    Case("one log-normal, 3 features", 1, lambda rng: rng.lognormal(size=(ROWS, 3)), False),
    Case("one Student t with 3 df, 3 features", 1, lambda rng: rng.standard_t(3, (ROWS, 3)), False),
    Case("three groups of 250, 25 and 25, 6 sd apart", 3, groups((250, 25, 25), 6, 4), False),
    Case("three groups of 100, 4 sd apart, 2 features", 3, groups((100, 100, 100), 4, 2), False),
    Case("three groups of 100, 3 sd apart, 2 features", 3, groups((100, 100, 100), 3, 2), False),
    Case("two interleaved moons (not round)", 2, moons, False),
)


def clusters_found(case: int, seed: int) -> int:
    """Return how many clear clusters the template finds in one draw; 1 for none."""
    defaults = {p.name: p.default for p in TEMPLATE.parameters.values()}
    points = scaler(defaults["scaler"]).fit_transform(CASES[case].draw(np.random.default_rng(seed)))
    choice = choose_k(
        points,
        defaults["k_max"],
        defaults["k"],
        defaults["references"],
        defaults["resamples"],
        defaults["seed"],
    )
    return choice.k if choice.clear else 1


TEMPLATE = read_template(ROOT / "templates" / "clustering.ipynb")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--draws", type=int, default=200, help="data sets of each kind")
    parser.add_argument("--workers", type=int, default=2, help="processes")
    parser.add_argument(
        "--more", action="store_true", help="also cases of which nothing is required"
    )
    parser.add_argument("--raw", type=Path, help="write each draw's answer to this CSV")
    options = parser.parse_args()
    answers, short = [], []
    print(f"{options.draws} draws of {ROWS} rows each; right answers and their 95 % interval")
    with ProcessPoolExecutor(options.workers, initializer=threadpool_limits, initargs=(1,)) as pool:
        for number, case in enumerate(CASES):
            if not (case.required or options.more):
                continue
            started = time.perf_counter()
            seeds = range(options.draws)
            found = list(pool.map(clusters_found, [number] * len(seeds), seeds, chunksize=5))
            right = sum(each == case.truth for each in found)
            interval = binomtest(right, len(found)).proportion_ci(method="wilson")
            wanted = "no clear clusters" if case.truth == 1 else f"k = {case.truth}"
            seconds = (time.perf_counter() - started) * options.workers / len(found)
            print(
                f"{case.name:56} {wanted:18} {right / len(found):6.1%} "
                f"({interval.low:.1%} to {interval.high:.1%}), {seconds:.1f} s each",
                flush=True,
            )
            answers += [
                (case.name, case.truth, seed, k) for seed, k in zip(seeds, found, strict=True)
            ]
            if case.required and right / len(found) < NEEDED:
                short.append(case.name)
    if options.raw:
        columns = ["case", "truth", "seed", "found"]
        pd.DataFrame(answers, columns=columns).to_csv(options.raw, index=False)
    print(
        f"below {NEEDED:.0%}: {', '.join(short)}"
        if short
        else f"all required at least {NEEDED:.0%}"
    )
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main())
