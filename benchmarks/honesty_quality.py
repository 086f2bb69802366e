"""How often the quality template is right where the truth is known.

``python benchmarks/honesty_quality.py`` draws batches of rows whose true share of valid rows, trend
and distributions are known, asks the functions that the template calls, and prints with 95 %
intervals (Wilson 1927): how often each interval holds the truth, and how often a change, a bad
batch or a yes is claimed where there is none. Figures are kept in ``outputs/benchmarks``. Seeds are
fixed: two runs print the same.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from fourfold.methods.intervals import wilson
from fourfold.methods.quality import drift, validity
from fourfold.records.evidence import Criterion, Metric, judge

ROOT = Path(__file__).parents[1]
KEPT = ROOT / "outputs" / "benchmarks" / "honesty_quality.json"
COVERAGE, ERROR, AT_LEAST = (0.93, 0.97), (0.0, 0.05), (0.95, 1.0)
Draw = Callable[[np.random.Generator], bool]


@dataclass(frozen=True)
class Case:
    """One question with a known answer, and the range in which the share of yes must lie."""

    name: str
    bar: tuple[float, float]
    draw: Draw
    required: bool = True


def table(rng: np.random.Generator, true: np.ndarray, size: int, spread: float) -> pd.DataFrame:
    """Batches of about `size` rows; `spread` is the correlation of failures within a batch."""
    rows = rng.poisson(size, len(true)) + 1
    invalid = 1 - true
    if spread:
        invalid = rng.beta(invalid * (1 / spread - 1), true * (1 / spread - 1))
    failed = rng.binomial(rows, invalid)
    frame = pd.DataFrame({"position": range(len(true)), "rows": rows, "failed": failed})
    return frame.assign(valid=100 * (1 - frame["failed"] / frame["rows"]))


def share_held(valid: float, batches: int, size: int, spread: float = 0.0) -> Draw:
    def draw(rng: np.random.Generator) -> bool:
        found = validity.valid_share(table(rng, np.full(batches, valid), size, spread))
        return found.low <= 100 * valid <= found.high

    return draw


def share_supported(valid: float, batches: int, size: int, spread: float = 0.0) -> Draw:
    """Is `valid >= bound` called supported, where the truth lies just below the bound?"""

    def draw(rng: np.random.Generator) -> bool:
        found = validity.valid_share(table(rng, np.full(batches, valid), size, spread))
        metric = Metric(found.value, found[1:]).plain("valid")
        wanted = Criterion.parse("valid", f">= {100 * valid + 1e-6}")
        return judge(wanted, metric).verdict == "supported"

    return draw


def slope_held(first: float, last: float, batches: int, size: int, spread: float = 0.0) -> Draw:
    true = np.linspace(first, last, batches)

    def draw(rng: np.random.Generator) -> bool:
        found = validity.trend(table(rng, true, size, spread))
        return found.low <= 100 * (true[1] - true[0]) <= found.high

    return draw


def batch_marked(valid: float, batches: int, size: int, spread: float = 0.0) -> Draw:
    def draw(rng: np.random.Generator) -> bool:
        drawn = table(rng, np.full(batches, valid), size, spread)
        names = np.repeat([f"{n:03}" for n in range(batches)], drawn["rows"])
        bad = np.concatenate([np.arange(r) < f for r, f in drawn[["rows", "failed"]].to_numpy()])
        found = validity.batches(pd.DataFrame({"batch": names}), "batch")
        marked = validity.shares(pd.Series(np.where(bad, "x: bad", "")), found)
        return bool((marked["p"] < 0.05).any())

    return draw


def columns(rng: np.random.Generator, rows: int) -> pd.DataFrame:
    """Twelve columns of the kinds that tables have, three of them saying the same."""
    normal = rng.normal(size=rows)
    frame = pd.DataFrame(
        {
            "normal": normal,
            "copy": normal + rng.normal(0, 0.1, rows),
            "rounded": normal.round(1),
            "long tail": rng.lognormal(0, 2, rows),
            "many zeros": rng.poisson(0.3, rows),
            "count": rng.poisson(20, rows),
            "with gaps": np.where(rng.random(rows) < 0.1, np.nan, rng.random(rows)),
            "yes or no": rng.random(rows) < 0.02,
            "rare words": rng.choice(list("abcdefghijklmnopqrstuvwxyz"), rows),
            "identifier": rng.integers(0, 10**6, rows).astype(str),
        }
    )
    skewed = rng.choice(["x", "y", "z"], rows, p=[0.9, 0.09, 0.01])
    return frame.assign(skewed=skewed, constant=1)


def drift_claimed(before: int, now: int, limit: float) -> Draw:
    def draw(rng: np.random.Generator) -> bool:
        profile = drift.profile(columns(rng, before))
        moved = drift.compare_profiles(profile, columns(rng, now), limit)
        return bool((moved["change"] != "").any())

    return draw


def index_held(before: np.ndarray, now: np.ndarray, rows: int) -> Draw:
    """Does the interval hold the stability index of the true shares?"""
    true = float(((now - before) * np.log(now / before)).sum())

    def draw(rng: np.random.Generator) -> bool:
        found, _ = drift.difference(rng.multinomial(rows, before), rng.multinomial(rows, now))
        return found.low <= true <= found.high

    return draw


def count_held(rows: int, supported: bool) -> Draw:
    """Six columns, the true index of two of which is twice, or just over, the limit.

    Either: does the interval of the count hold 2? Or: is "none changed" called supported, where
    two columns changed by just the limit?
    """
    step = 0.1577 if supported else 0.2235  # moved up by so much, 0.5 against 0.5: index 0.1, 0.2

    def draw(rng: np.random.Generator) -> bool:
        old = pd.DataFrame({f"c{n}": rng.random(rows) < 0.5 for n in range(6)})
        shares = [0.5 + step * (n < 2) for n in range(6)]
        new = pd.DataFrame({f"c{n}": rng.random(rows) < p for n, p in enumerate(shares)})
        found = drift.changed_columns(drift.compare_profiles(drift.profile(old), new))
        if supported:
            metric = Metric(found.value, found[1:]).plain("changed")
            return judge(Criterion.parse("changed", "== 0"), metric).verdict == "supported"
        return found.low <= 2 <= found.high

    return draw


def cases() -> Iterator[Case]:
    for valid, batches, size in [
        (0.5, 12, 100),
        (0.95, 12, 300),
        (0.99, 6, 500),
        (0.999, 30, 5000),
    ]:
        told = f"share valid {valid:.1%}, {batches} batches of {size}"
        yield Case(f"{told}: interval holds it", COVERAGE, share_held(valid, batches, size))
        yield Case(f"{told}: yes just below", ERROR, share_supported(valid, batches, size))
    for valid, batches, spread in [(0.9, 12, 0.02), (0.95, 30, 0.01), (0.98, 12, 0.005)]:
        told = f"share valid {valid:.1%}, {batches} batches that differ ({spread})"
        yield Case(f"{told}: interval holds it", COVERAGE, share_held(valid, batches, 1000, spread))
        yield Case(f"{told}: yes just below", ERROR, share_supported(valid, batches, 1000, spread))
    told = "share valid 99.5%, 6 batches, most failures in one (0.02)"
    yield Case(f"{told}: interval holds it", COVERAGE, share_held(0.995, 6, 1000, 0.02), False)
    for first, last, batches, size, spread in [
        (0.95, 0.95, 12, 300, 0.0),
        (0.99, 0.95, 12, 300, 0.0),
        (0.99, 0.90, 30, 1000, 0.0),
        (0.95, 0.95, 12, 1000, 0.01),
        (0.97, 0.93, 12, 1000, 0.01),
        (0.999, 0.999, 12, 5000, 0.0),
    ]:
        told = f"trend {first:.1%} to {last:.1%}, {batches} batches of {size}, differ {spread}"
        yield Case(
            f"{told}: interval holds it", COVERAGE, slope_held(first, last, batches, size, spread)
        )
    for valid, batches, size, spread in [
        (0.95, 12, 300, 0),
        (0.998, 12, 300, 0),
        (0.95, 12, 300, 0.01),
    ]:
        told = f"no bad batch of {batches}, {valid:.1%} valid, differ {spread}"
        yield Case(f"{told}: one is marked", ERROR, batch_marked(valid, batches, size, spread))
    for before, now in [(100, 100), (1000, 1000), (5000, 300)]:
        told = f"no drift in 12 columns, {before} rows and {now}"
        yield Case(f"{told}: by chance alone", ERROR, drift_claimed(before, now, 0.0))
        yield Case(f"{told}: change claimed", ERROR, drift_claimed(before, now, 0.1))
    even, tenth = np.full(10, 0.1), np.linspace(0.055, 0.145, 10)
    for now, rows in [(np.linspace(0.08, 0.12, 10), 1000), (tenth, 500), (tenth, 5000)]:
        true = ((now - even) * np.log(now / even)).sum()
        told = f"index {true:.3f} of ten bins, {rows} rows"
        yield Case(f"{told}: interval holds it", COVERAGE, index_held(even, now, rows))
    yield Case(
        "2 of 6 columns changed: interval of the count holds it", AT_LEAST, count_held(2000, False)
    )
    yield Case("2 of 6 changed by the limit: 'none' supported", ERROR, count_held(2000, True))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--draws", type=int, default=2000, help="simulations of each case")
    parser.add_argument("--only", default="", help="cases whose name holds this")
    options = parser.parse_args()
    found, short = [], []
    for number, case in enumerate(cases()):
        if options.only not in case.name:
            continue
        seeds = np.random.SeedSequence(number).spawn(options.draws)
        yes = sum(case.draw(np.random.default_rng(seed)) for seed in seeds)
        share, (low, high) = yes / options.draws, map(float, wilson(yes, options.draws))
        met = bool(case.bar[0] <= share <= case.bar[1])
        mark = "" if met else ("  MISSED" if case.required else "  (nothing required)")
        print(f"{case.name:78} {share:6.1%} ({low:.1%} to {high:.1%}){mark}", flush=True)
        line = {"case": case.name, "share": share, "low": low, "high": high, "draws": options.draws}
        found.append(line | {"bar": case.bar, "required": case.required, "met": met})
        short += [case.name] if case.required and not met else []
    if not options.only:
        KEPT.parent.mkdir(parents=True, exist_ok=True)
        KEPT.write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    print(f"missed: {', '.join(short)}" if short else "all bars met")
    return 1 if short else 0


if __name__ == "__main__":
    sys.exit(main())
